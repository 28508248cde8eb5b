"""Write the audit trail as CSV: `;`, UTF-8 with byte order mark, CRLF, no cell a spreadsheet would run."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Final

from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.audit_actions import ACTORS, FACTS, N_, text_of
from sidecar.core.audit_lists import Line, Wanted, all_entries
from sidecar.core.cells import row_writer
from sidecar.core.periods import OSLO

HEADINGS: Final = (
    N_("When"),
    N_("Who"),
    N_("Id of who"),
    N_("What was done"),
    N_("Action"),
    N_("With what"),
    N_("Id of what"),
    N_("Facts"),
)
LINES_A_PIECE: Final = 500


def write_trail(
    db: Session, viewer: Viewer, wanted: Wanted, say: Callable[[str], str], seen: set[str]
) -> Iterator[str]:
    """Yield the entries that the viewer may see as CSV, the newest first, a piece at a time.

    Args:
        say: puts a text of ours into the reader's language.
        seen: is filled with the ids of the people that stand in it, for the access log.
    """
    yield "\ufeff"
    yield from _pieces(db, viewer, wanted, say, seen)


def _pieces(db: Session, viewer: Viewer, wanted: Wanted, say: Callable[[str], str], seen: set[str]) -> Iterator[str]:
    text = io.StringIO(newline="")
    write = row_writer(text)
    write(say(heading) for heading in HEADINGS)
    for number, line in enumerate(all_entries(db, viewer, wanted), start=1):
        write(_cells(line, say))
        seen.update(line.seen_as)
        if number % LINES_A_PIECE == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _cells(line: Line, say: Callable[[str], str]) -> tuple[str, ...]:
    entry = line.entry
    return (
        entry.at.astimezone(OSLO).isoformat(timespec="seconds"),
        say_who(line, say),
        "" if line.actor in ("operator", "elsewhere") else entry.identity_id or "",
        say(text_of(entry.action)),
        entry.action,
        say_what(line, say),
        entry.subject,
        "; ".join(f"{say(FACTS.get(name, name))}: {value}" for name, value in line.facts.items()),
    )


def say_who(line: Line, say: Callable[[str], str]) -> str:
    """Return who did it, as far as the reader may know."""
    return line.who.name if line.who and line.who.name else say(ACTORS[line.actor])


def say_what(line: Line, say: Callable[[str], str]) -> str:
    """Return what it was done with; "" where that is gone."""
    if line.subject is None:
        return ""
    return line.subject.name or say(ACTORS["erased"])
