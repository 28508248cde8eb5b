r"""Keep the lines of a report per person in a file while it is built and written, so that memory stays flat.

A line tells whether it is late, its employment, person and completion, and then the values of its columns, each as
JSON; tabs part them, and no value holds a tab or `\n`. They are written and read by blocks of many lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from sidecar.core.report_specs import Spec
from sidecar.reports.columns import columns_of, eraser_of, keys_of, readers_of
from sidecar.reports.document import Line
from sidecar.reports.sorted_rows import ROWS_A_TIME, canonical

LATE: Final = "1"
IN_TIME: Final = "0"
_HEAD: Final = 4
"""How many fields of a line come before its values."""

_BLOCK_BYTES: Final = 1 << 18


@dataclass(frozen=True)
class LineFile:
    """Lines in their order, read from a file each time.

    Attributes:
        width: how many fields a line has.
        digest: SHA-256 of what they say, whoever they are about.
        erased_count: how many employees they are of who are erased.
    """

    path: Path
    width: int
    count: int
    late_count: int
    erased_count: int
    digest: str

    def lines(self, spec: Spec, language: str) -> Iterator[Line]:
        """Yield the lines as a document has them."""
        columns = columns_of(spec, language)
        read, erase = readers_of(columns, language), eraser_of(columns, language)
        for _, employments, people, _, *texts in self._fields():
            rows = zip(*(map(one, column) for one, column in zip(read, texts, strict=True)), strict=True)
            if "" in people:
                abouts = zip(rows, employments, people, strict=True)
                yield from (Line(row, about) if person else Line(erase(row)) for row, about, person in abouts)
            else:
                yield from map(Line, rows, employments)

    def items(self) -> Iterator[tuple[str, str]]:
        """Yield the completion and the employment of each line that is of a completion."""
        for _, employments, _, completions, *_ in self._fields():
            yield from (pair for pair in zip(completions, employments, strict=True) if pair[0])

    def people(self) -> Iterator[tuple[str, str]]:
        """Yield the employment and the person of each line; the person is "" where they are erased."""
        for _, employments, people, *_ in self._fields():
            yield from zip(employments, people, strict=True)

    def _fields(self) -> Iterator[list[list[str]]]:
        """Yield the lines of each block as columns."""
        with self.path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES) + file.readline():
                fields = block.decode().replace("\n", "\t").split("\t")
                yield [fields[at : -1 : self.width] for at in range(self.width)]


def about(employment_id: str, person_id: str, completion_id: str, values: Iterable[str]) -> str:
    """Return a line as the file has it, without its end.

    Args:
        person_id: "" where the employee is erased. `completion_id`: "" where the line is of none.
        values: of its columns, as JSON.
    """
    return "\t".join((IN_TIME, employment_id, person_id, completion_id, *values))


def in_blocks(lines: Iterator[str]) -> Iterator[bytes]:
    """Yield lines that `about` made as blocks."""
    while some := list(islice(lines, ROWS_A_TIME)):
        yield ("\n".join(some) + "\n").encode()


def write_lines(path: Path, spec: Spec, blocks: Iterable[bytes]) -> LineFile:
    """Write blocks of whole lines, in the order they come."""
    keys = keys_of(spec)
    digest, count, late_count, erased = hashlib.sha256(canonical([spec.kind, *keys]).encode()), 0, 0, set[bytes]()
    with path.open("wb") as file:
        for block in blocks:
            file.write(block)
            rows = [line.split(b"\t", _HEAD) for line in block.split(b"\n")[:-1]]
            digest.update(_said(rows))
            count += len(rows)
            late_count += [row[0] for row in rows].count(LATE.encode())
            erased.update(row[1] for row in rows if not row[2])
    return LineFile(path, _HEAD + len(keys), count, late_count, len(erased), digest.hexdigest())


def _said(rows: Sequence[Sequence[bytes]]) -> bytes:
    """Return what lines say as lines of JSON, each a list of its values."""
    return b"\n[" + b"]\n[".join([row[_HEAD] for row in rows]).replace(b"\t", b",") + b"]"
