"""Write a report's rows as a tree of units to open, each with a table of its own rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from sidecar.reports.document import Cell, Document, Line
from sidecar.reports.formats.cell_texts import shown_texts
from sidecar.reports.formats.format_words import word
from sidecar.reports.formats.row_groups import Branch, Choices, Layout


@dataclass(frozen=True)
class _Shown:
    """A column as the tables show it: where it stands in a row, and what says a cell of it as text."""

    at: int
    say: Callable[[Cell], str]
    heading: str
    is_number: bool

    @property
    def tag(self) -> str:
        return ' class="number"' if self.is_number else ""


@dataclass(frozen=True)
class RowWriter:
    """Writes the rows of a report.

    Attributes:
        shown: the columns of each table, without the unit that it is of.
        employees: which column tells how many work in a unit and below it; None where none does.
        is_open: all units are open from the start.
    """

    language: str
    choices: Sequence[Choices]
    shown: Sequence[_Shown]
    employees: _Shown | None
    is_open: bool

    @classmethod
    def of(cls, document: Document, choices: Sequence[Choices], *, is_open: bool) -> RowWriter:
        """Return the writer of a document's rows."""
        says = zip(document.columns, shown_texts(document.columns, document.language), strict=True)
        shown = [
            _Shown(at, say, column.heading, column.kind in ("integer", "percent"))
            for at, (column, say) in enumerate(says)
            if column.key != "unit" or len(document.columns) == 1
        ]
        employees = next((one for one in shown if document.columns[one.at].key == "employees"), None)
        return cls(document.language, choices, shown, employees, is_open)

    def write(self, layout: Layout) -> Iterator[str]:
        """Yield the tree; of a report that counts, with the words for what its numbers include."""
        if any(branch.below for branch in layout.branches) and self.employees is not None:
            yield f"<p>{escape(word('and-below', self.language))}</p>\n"
        yield '<div id="all">\n'
        yield from self._branches(layout.branches, is_open=True)
        yield "</div>\n"

    def _branches(self, branches: Sequence[Branch], *, is_open: bool) -> Iterator[str]:
        """Yield branches beside each other; one that is alone in an open one is open too, as there is no choice."""
        is_open = self.is_open or (is_open and len(branches) == 1)
        for branch in branches:
            name = branch.unit or word("no-unit" if len(branches) > 1 else "rows", self.language)
            summary = f"{escape(name)} <span>· {escape(self._measure(branch))}</span>"
            yield f"<details{' open' if is_open else ''}><summary>{summary}</summary>\n"
            if branch.is_shared:
                yield f"<p>{escape(word('shared-name', self.language))}</p>\n"
            if branch.lines:
                yield from self._table(branch, name)
            yield from self._branches(branch.below, is_open=is_open)
            yield "</details>\n"

    def _measure(self, branch: Branch) -> str:
        """Return how large a branch is: how many work in it, where that is told, or how many rows it has."""
        if self.employees is not None and branch.lines:
            return f"{self.employees.heading}: {branch.lines[0].cells[self.employees.at]}"
        return word("row-of" if branch.count == 1 else "rows-of", self.language, count=branch.count)

    def _table(self, branch: Branch, name: str) -> Iterator[str]:
        yield f'<div class="scroll" role="group" tabindex="0" aria-label="{escape(name)}"><table>\n'
        headings = "".join(f'<th scope="col"{one.tag}>{escape(one.heading)}</th>' for one in self.shown)
        yield f"<caption>{escape(name)}</caption>\n<thead><tr>{headings}</tr></thead>\n<tbody>\n"
        for line in branch.lines:
            yield self._row(line)
        yield "</tbody>\n</table></div>\n"

    def _row(self, line: Line) -> str:
        names = " ".join(f"c{one.column}-{one.words[str(line.cells[one.column] or '')]}" for one in self.choices)
        cells = "".join(f"<td{one.tag}>{escape(one.say(line.cells[one.at]))}</td>" for one in self.shown)
        return f'<tr class="{names}">{cells}</tr>\n' if names else f"<tr>{cells}</tr>\n"
