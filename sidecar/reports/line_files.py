"""Keep the lines of a report per person in a file while it is built and written, so that memory stays flat."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sidecar.core.report_specs import Spec
from sidecar.reports.columns import Value, cells_in, columns_of, keys_of
from sidecar.reports.document import Line

canonical = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Write values as one line of JSON, the same in every language."""


def about(employment_id: str, person_id: str, completion_id: str, values: Sequence[Value]) -> str:
    """Return a line as the file has it.

    Args:
        person_id: "" where the employee is erased. `completion_id`: "" where the line is of none.
    """
    return "\t".join((employment_id, person_id, completion_id, canonical(values)))


@dataclass(frozen=True)
class LineFile:
    """Lines in their order, read from a file each time; `digest`: SHA-256 of what they say, whoever they are about."""

    path: Path
    count: int
    digest: str

    def lines(self, spec: Spec, language: str) -> Iterator[Line]:
        """Yield the lines as a document has them."""
        cells = cells_in(columns_of(spec, language), language)
        read = json.JSONDecoder().decode
        for employment_id, person_id, _, values in self._rows():
            yield Line(cells(read(values), not person_id), employment_id if person_id else "")

    def items(self) -> Iterator[tuple[str, str]]:
        """Yield the completion and the employment of each line that is of a completion."""
        return ((completion_id, employment_id) for employment_id, _, completion_id, _ in self._rows() if completion_id)

    def people(self) -> Iterator[tuple[str, str]]:
        """Yield the employment and the person of each line; the person is "" where they are erased."""
        return ((employment_id, person_id) for employment_id, person_id, _, _ in self._rows())

    def _rows(self) -> Iterator[list[str]]:
        with self.path.open(encoding="utf-8", newline="\n") as file:
            for text in file:
                yield text.rstrip("\n").split("\t", 3)


def write_lines(path: Path, spec: Spec, lines: Iterable[str]) -> LineFile:
    """Write lines that `about` made, in the order they come."""
    digest, count = hashlib.sha256(canonical([spec.kind, *keys_of(spec)]).encode()), 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for text in lines:
            file.write(text + "\n")
            digest.update(b"\n" + text.split("\t", 3)[3].encode())
            count += 1
    return LineFile(path, count, digest.hexdigest())
