"""List who may be one person and who was made one, and let who may decide it: they see all of both people.

An operator decides everything; an RKK what concerns employees of its own municipalities alone. Others don't learn that
there is anything to decide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from sidecar.core import access_log, audit, merging
from sidecar.core.access import Viewer
from sidecar.core.data_subjects import of_key
from sidecar.core.matching import alike_by
from sidecar.core.matching_rules import BY_HAND
from sidecar.core.municipalities import Municipality
from sidecar.core.paging import count_pages
from sidecar.core.people import Employment, Person
from sidecar.core.person_matches import DIFFERENT, MERGED, WAITING, PersonMatch
from sidecar.errors import NotFoundError, SidecarError

PAGE_SIZE: Final = 25


class MatchDecidedError(SidecarError):
    """Somebody has decided this already. Look at what was decided, and undo it there if it was wrong."""

    code = "match-decided"


@dataclass(frozen=True)
class Work:
    """One employment of one of the two, in words."""

    municipality: str
    municipality_id: str
    slug: str
    employment_id: str
    employee_number: str
    unit: str
    position: str
    started_on: date | None
    ended_on: date | None


@dataclass(frozen=True)
class Side:
    """One of two people; of who was merged the employments that came from them."""

    person_id: str
    name: str
    email: str | None
    works: Sequence[Work]


@dataclass(frozen=True)
class MatchLine:
    """Two people; `kept` is who stays; `alike`: the rules that find them alike, "" where none does any more."""

    match: PersonMatch
    kept: Side
    other: Side
    alike: tuple[str, ...]


@dataclass(frozen=True)
class MatchPage:
    """A page of them; `total` counts all."""

    lines: Sequence[MatchLine]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return count_pages(self.total, PAGE_SIZE)


def may_decide(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `PersonMatch`: the viewer sees every municipality that either person works or worked in.

    After a merge it is who has both's employments now that counts.
    """
    if viewer.everything:
        return true()
    work, other = aliased(Employment), aliased(Person)
    holder = select(other.merged_into_id).where(other.id == PersonMatch.other_id).scalar_subquery()
    of_either = or_(work.person_id.in_([PersonMatch.person_id, PersonMatch.other_id]), work.person_id == holder)
    elsewhere = exists().where(of_either, work.municipality_id.not_in(viewer.rkk_for))
    both = [exists().where(work.person_id == one) for one in (PersonMatch.person_id, PersonMatch.other_id)]
    are_known = or_(and_(*both), and_(PersonMatch.state == MERGED, exists().where(of_either)))
    return and_(~elsewhere, are_known)


def page_waiting(db: Session, viewer: Viewer, number: int = 1) -> MatchPage:
    """Return a page of those that wait for a decision, the oldest first."""
    query = select(PersonMatch).where(PersonMatch.state == WAITING, may_decide(viewer))
    return _page(db, viewer, query.order_by(PersonMatch.found_at, PersonMatch.id), number)


def page_decided(db: Session, viewer: Viewer, number: int = 1) -> MatchPage:
    """Return a page of what was decided, by somebody or by a rule, the newest first."""
    query = select(PersonMatch).where(PersonMatch.state != WAITING, may_decide(viewer))
    return _page(db, viewer, query.order_by(PersonMatch.decided_at.desc(), PersonMatch.id), number)


def count_waiting(db: Session, viewer: Viewer) -> int:
    """Return how many decisions wait for the viewer."""
    query = select(func.count()).select_from(PersonMatch).where(PersonMatch.state == WAITING, may_decide(viewer))
    return db.scalar(query) or 0


def find_match(db: Session, viewer: Viewer, match_id: str) -> MatchLine:
    """Return two people to decide about.

    Raises:
        NotFoundError: there are none that the viewer may see.
    """
    return _lines(db, viewer, [_find(db, viewer, match_id)])[0]


def say_same(db: Session, viewer: Viewer, match_id: str, now: datetime) -> PersonMatch:
    """Make the two one person.

    Raises:
        NotFoundError: they are not the viewer's to decide about.
        MatchDecidedError: somebody else was first.
        SidecarError: see `merging.merge`.
    """
    match = _claim(db, viewer, match_id, WAITING)
    return merging.merge(db, match.person_id, match.other_id, rule=match.rule, by=viewer.identity_id, now=now)


def say_different(db: Session, viewer: Viewer, match_id: str, now: datetime) -> PersonMatch:
    """Never ask about these two again.

    Raises:
        NotFoundError, MatchDecidedError: as above.
    """
    match = _claim(db, viewer, match_id, WAITING)
    match.state, match.decided_at, match.decided_by = DIFFERENT, now, viewer.identity_id
    _record(db, viewer, "person_match.set_different", match, now)
    return match


def ask_again(db: Session, viewer: Viewer, match_id: str, now: datetime) -> PersonMatch:
    """Let two who were said to be different people wait for a decision again.

    Raises:
        NotFoundError, MatchDecidedError: as above.
        PersonMergedError, PersonErasedError: one of them is no person of their own any more.
    """
    match = _claim(db, viewer, match_id, DIFFERENT)
    merging.refuse_unmergeable(db, match.person_id, match.other_id)
    match.state, match.decided_at, match.decided_by = WAITING, None, None
    _record(db, viewer, "person_match.reopened", match, now)
    return match


def take_apart(db: Session, viewer: Viewer, match_id: str, now: datetime) -> PersonMatch:
    """Make two people of one again.

    Raises:
        NotFoundError: they are not the viewer's to decide about.
        SidecarError: see `merging.unmerge`.
    """
    return merging.unmerge(db, _find(db, viewer, match_id), by=viewer.identity_id, now=now)


def merge_by_hand(db: Session, viewer: Viewer, keep: str, other: str, now: datetime) -> PersonMatch:
    """Make two people one whom no rule found.

    Args:
        keep, other: see `data_subjects.of_key`.

    Raises:
        NotFoundError: the viewer does not see all of both.
        SidecarError: see `merging.merge`.
    """
    found = [of_key(db, viewer, key) for key in (keep, other)]
    for key, one in zip((keep, other), found, strict=True):
        is_theirs = viewer.everything or (one.is_whole and set(one.municipality_ids) <= viewer.rkk_for)
        if one.person_id is None or not is_theirs:
            raise NotFoundError(what="person", key=key)
    kept_id, other_id = (one.person_id or "" for one in found)
    return merging.merge(db, kept_id, other_id, rule=BY_HAND, by=viewer.identity_id, now=now)


def note_look(db: Session, viewer: Viewer, lines: Sequence[MatchLine], now: datetime) -> None:
    """Write into the access log that somebody has seen these people side by side, in each of their municipalities."""
    seen: dict[str, set[str]] = defaultdict(set)
    for side in (side for line in lines for side in (line.kept, line.other)):
        for municipality_id in {one.municipality_id for one in side.works} or {""}:
            seen[municipality_id].add(side.person_id)
    for municipality_id in sorted(seen):
        access_log.record(db, viewer, "matching", seen[municipality_id], municipality_id=municipality_id, now=now)


def _find(db: Session, viewer: Viewer, match_id: str) -> PersonMatch:
    found = db.scalar(select(PersonMatch).where(PersonMatch.id == match_id, may_decide(viewer)))
    if found is None:
        raise NotFoundError(what="match", key=match_id[:80])
    return found


def _claim(db: Session, viewer: Viewer, match_id: str, state: str) -> PersonMatch:
    """Return a match that is in this state still, once whoever decides it at the same time has done so."""
    found = _find(db, viewer, match_id)
    merging.lock(db, (found.person_id, found.other_id))
    fresh = db.scalar(select(PersonMatch).where(PersonMatch.id == match_id))
    if fresh is None or fresh.state != state:
        raise MatchDecidedError
    return fresh


def _record(db: Session, viewer: Viewer, action: str, match: PersonMatch, now: datetime) -> None:
    by = viewer.identity_id
    audit.record(db, action, match.person_id, at=now, identity_id=by, rule=match.rule, other=match.other_id)
    db.flush()


def _page(db: Session, viewer: Viewer, query: Select[PersonMatch], number: int) -> MatchPage:
    total = db.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    number = max(1, min(number, count_pages(total, PAGE_SIZE)))
    found = db.scalars(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).all()
    return MatchPage(_lines(db, viewer, found), total, number)


def _lines(db: Session, viewer: Viewer, matches: Sequence[PersonMatch]) -> Sequence[MatchLine]:
    """Return the matches in words; the caller has bounded them to what the viewer may decide."""
    ids = {one for match in matches for one in (match.person_id, match.other_id)}
    people = {one.id: one for one in db.scalars(select(Person).where(Person.id.in_(ids)))}
    came = {match.id: frozenset((match.moved or {}).get("employment", ())) for match in matches}
    by_person, by_id = _works(db, viewer, ids, frozenset().union(*came.values()))
    alike = alike_by(db, [(one.person_id, one.other_id) for one in matches])
    return [
        MatchLine(
            match,
            _side(
                people[match.person_id],
                [w for w in by_person[match.person_id] if w.employment_id not in came[match.id]],
            ),
            _side(
                people[match.other_id],
                [by_id[key] for key in sorted(came[match.id]) if key in by_id] or by_person[match.other_id],
            ),
            alike[match.person_id, match.other_id],
        )
        for match in matches
    ]


def _side(person: Person, works: Sequence[Work]) -> Side:
    return Side(person.id, f"{person.first_name} {person.last_name}".strip(), person.email, works)


def _works(
    db: Session, viewer: Viewer, person_ids: Collection[str], employment_ids: Collection[str]
) -> tuple[Mapping[str, list[Work]], Mapping[str, Work]]:
    """Return employments by person and by their own id, as far as the viewer sees their municipality."""
    query = (
        select(Employment, Municipality.name, Municipality.slug)
        .join(Municipality, Municipality.id == Employment.municipality_id)
        .where(or_(Employment.person_id.in_(person_ids), Employment.id.in_(employment_ids)))
        .where(Employment.erased_at.is_(None))
        .order_by(Municipality.name, Employment.employee_number)
    )
    by_person: dict[str, list[Work]] = defaultdict(list)
    by_id: dict[str, Work] = {}
    for one, name, slug in db.execute(query):
        if viewer.sees_municipality(one.municipality_id):
            days = one.started_on, one.ended_on
            by_id[one.id] = Work(
                name, one.municipality_id, slug, one.id, one.employee_number, one.unit, one.position, *days
            )
            by_person[one.person_id].append(by_id[one.id])
    return by_person, by_id
