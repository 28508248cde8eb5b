"""Read the audit trail: page by page, the newest first, bounded by what the viewer may see.

An operator reads all of it. An RKK reads what it did itself, and what anybody did with the municipalities, LMSs,
courses, reports, channels and roles of its region. What its people did elsewhere is not shown: who holds a role in
one region may hold one in another, and acts there are the other's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, or_, select, true
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.audit import AuditEntry
from sidecar.core.audit_subjects import Named, names_of, theirs
from sidecar.core.identity_lists import IdentityLine, list_identities, may_see_grant
from sidecar.core.periods import end_of, first_moment
from sidecar.core.staff import Grant

PAGE_SIZE: Final = 50
ENTRIES_A_PIECE: Final = 500
COMMAND_LINE: Final = "cli"
LMS: Final = "lms"
CONTACT: Final = "contact"
"""A municipality's contact, who has no account."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ID: Final = re.compile(r"[0-9a-f]{32}")
_CURSOR: Final = re.compile(r"(\d{1,17})-([0-9a-f]{32})", re.ASCII)
"""Microseconds since 1970, and the id of the last entry of the page before."""


@dataclass(frozen=True)
class Wanted:
    """Which entries are asked for; what is empty asks for all.

    Attributes:
        since: the first day, in Norway.
        until: the last day, in Norway.
        actor: id of an identity, or `COMMAND_LINE`, or `LMS`.
        subject: the id of what it was done with.
    """

    since: date | None = None
    until: date | None = None
    actor: str = ""
    action: str = ""
    subject: str = ""

    def facts(self) -> dict[str, str]:
        """Return what the audit trail says of an export of these entries."""
        said = {
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            "by": self.actor,
            "kind": self.action,
            "about": self.subject,
        }
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True)
class Line:
    """One entry with the names a person reads.

    Attributes:
        who: of them what the viewer may know, an LMS among them: None for the command line, and for who is not
            theirs to know; `actor` tells these apart.
        actor: `named`, `erased`, `command-line`, `lms`, `operator` or `elsewhere`.
        subject: what it was done with; None where that is gone or has no name.
        facts: as recorded; ids are replaced by names.
    """

    entry: AuditEntry
    actor: str
    who: Named | None
    subject: Named | None
    facts: Mapping[str, str | int]

    @property
    def seen_as(self) -> Iterator[str]:
        """The ids under which looks at the people in it stand in the access log."""
        return (one.seen_as for one in (self.who, self.subject) if one and one.seen_as)


@dataclass(frozen=True)
class AuditPage:
    """A page of the trail; `older` is the cursor of the next one, "" on the last."""

    lines: Sequence[Line]
    older: str


def list_entries(db: Session, viewer: Viewer, wanted: Wanted, *, cursor: str = "", limit: int = PAGE_SIZE) -> AuditPage:
    """Return a page of the entries that the viewer may see, the newest first.

    Args:
        cursor: `older` of the page before; one that can't be read begins anew.
    """
    rows = db.scalars(_query(viewer, wanted, cursor).limit(limit + 1)).all()
    older = _cursor_of(rows[limit - 1]) if len(rows) > limit else ""
    return AuditPage(_lines(db, viewer, rows[:limit]), older)


def all_entries(db: Session, viewer: Viewer, wanted: Wanted) -> Iterator[Line]:
    """Yield every entry that the viewer may see, the newest first, read a piece at a time."""
    page = AuditPage((), "")
    while page.older or not page.lines:
        page = list_entries(db, viewer, wanted, cursor=page.older, limit=ENTRIES_A_PIECE)
        yield from page.lines
        db.expunge_all()
        if not page.older:
            return


def list_actors(db: Session, viewer: Viewer) -> Sequence[IdentityLine]:
    """Return who may have acted: everybody who holds or held a role that the viewer may see, by name."""
    holders = db.scalars(select(Grant.identity_id).where(may_see_grant(viewer)).distinct()).all()
    found = list_identities(db, viewer, [*holders, *filter(None, [viewer.identity_id])]).values()
    return sorted((line for line in found if not line.is_erased), key=lambda line: line.name.casefold())


def _query(viewer: Viewer, wanted: Wanted, cursor: str) -> Select[AuditEntry]:
    newest_first = AuditEntry.at.desc(), AuditEntry.id.desc()
    conditions = and_(true(), _may_see(viewer), *_fits(wanted), *_is_older(cursor))
    return select(AuditEntry).where(conditions).order_by(*newest_first)


def _may_see(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.everything:
        return true()
    about = AuditEntry.subject.in_(select(theirs(viewer).c[0]))
    return or_(AuditEntry.identity_id == viewer.identity_id, about)


def _fits(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.since:
        yield AuditEntry.at >= first_moment(wanted.since)
    if wanted.until:
        yield AuditEntry.at < end_of(wanted.until)
    if wanted.actor:
        by_nobody = wanted.actor in (COMMAND_LINE, LMS, CONTACT)
        yield AuditEntry.actor == wanted.actor if by_nobody else AuditEntry.identity_id == wanted.actor
    if wanted.action:
        yield AuditEntry.action == wanted.action
    if wanted.subject:
        yield AuditEntry.subject == wanted.subject


def _is_older(cursor: str) -> Iterator[ColumnElement[bool]]:
    match = _CURSOR.fullmatch(cursor)
    if match:
        at = _EPOCH + timedelta(microseconds=int(match[1]))
        yield AuditEntry.at <= at
        yield or_(AuditEntry.at < at, AuditEntry.id < match[2])


def _cursor_of(entry: AuditEntry) -> str:
    return f"{(entry.at - _EPOCH) // timedelta(microseconds=1)}-{entry.id}"


def _lines(db: Session, viewer: Viewer, entries: Sequence[AuditEntry]) -> Sequence[Line]:
    names = names_of(db, viewer, _ids_in(entries))
    operators = _operators(db, viewer, entries)
    return [_line(entry, names, operators) for entry in entries]


def _line(entry: AuditEntry, names: Mapping[str, Named], operators: set[str]) -> Line:
    who = names.get(entry.identity_id or "")
    actor = "elsewhere"
    if entry.identity_id is None:
        actor = entry.actor if entry.actor in (LMS, CONTACT) else "command-line"
        who = names.get(entry.subject) if actor == LMS else None  # what an LMS does, it does with itself
    elif who is not None:
        actor = "named" if who.name else "erased"
    elif entry.identity_id in operators:
        actor = "operator"
    facts = {name: _said(value, names) for name, value in entry.facts.items() if value != ""}
    return Line(entry, actor, who, names.get(entry.subject), facts)


def _said(value: str | int, names: Mapping[str, Named]) -> str | int:
    return names[value].name if isinstance(value, str) and value in names else value


def _ids_in(entries: Iterable[AuditEntry]) -> Iterator[str]:
    for entry in entries:
        for value in (entry.identity_id, entry.subject, *entry.facts.values()):
            if isinstance(value, str) and _ID.fullmatch(value):
                yield value


def _operators(db: Session, viewer: Viewer, entries: Sequence[AuditEntry]) -> set[str]:
    """Return which of those who acted are or were operators: an RKK is told that, but not who."""
    if viewer.everything:
        return set()
    acted = {entry.identity_id for entry in entries if entry.identity_id}
    return set(db.scalars(select(Grant.identity_id).where(Grant.role == "operator", Grant.identity_id.in_(acted))))
