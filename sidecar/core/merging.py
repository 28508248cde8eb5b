"""Make two people one, and take them apart again: nothing is lost either way, and no employer is told a row twice.

What was delivered stays delivered: completions go over with their ids, `settling` joins the cycles that overlap, and a
merge remembers which evidence stood in which cycle. Taking apart gives each their own back. What came in between goes
by what it rests on: an LMS account with the employment that placed it, what was earned with the account; anything else
that is new stays with the person who was kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, exists, insert, literal, or_, select, update
from sqlalchemy.orm import Session, aliased

from sidecar.core import audit, settling
from sidecar.core.completions import Completion
from sidecar.core.deliveries import DeliveryItem
from sidecar.core.evidence import Evidence
from sidecar.core.gatherings import GatheringAttendance
from sidecar.core.municipalities import Municipality
from sidecar.core.named_employers import NamedEmployer
from sidecar.core.own_wishes import SharingConsent
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.periods import day_of
from sidecar.core.person_matches import DIFFERENT, MERGED, WAITING, PersonIdentifier, PersonMatch
from sidecar.core.sign_off_requests import SignOffRequest
from sidecar.errors import SidecarError

Movable = (
    type[Employment]
    | type[Identity]
    | type[PersonIdentifier]
    | type[Completion]
    | type[GatheringAttendance]
    | type[SignOffRequest]
    | type[NamedEmployer]
)
Moved = Mapping[str, Any]

TABLES: Final[tuple[Movable, ...]] = (
    Employment,
    Identity,
    PersonIdentifier,
    Completion,
    GatheringAttendance,
    SignOffRequest,
    NamedEmployer,
)
"""What goes over row by row; evidence and consents go by rules of their own, matches and merged people too."""

ONCE: Final[Mapping[Movable, tuple[str, ...]]] = {
    PersonIdentifier: ("kind", "scope", "value"),
    GatheringAttendance: ("gathering_id",),
    SignOffRequest: ("course_id",),
    NamedEmployer: ("org_number",),
}
"""By which columns a person has a row once."""


class SamePersonError(SidecarError):
    """That is one person already. Choose two different people."""

    code = "same-person"


class PersonErasedError(SidecarError):
    """One of the two is erased, so there is nothing left to compare or to move."""

    code = "person-erased"


class PersonMergedError(SidecarError):
    """One of the two is part of another person already. Choose that other person instead."""

    code = "person-merged"


class NotMergedError(SidecarError):
    """These two are not one person now, so there is nothing to take apart."""

    code = "not-merged"


def merge(db: Session, keep_id: str, other_id: str, *, rule: str, by: str | None, now: datetime) -> PersonMatch:
    """Let a person have all that was another's, in the caller's transaction; return what remembers it.

    Args:
        rule: what made them alike.
        by: the identity that says so; None for a rule that joins, and at the command line.

    Raises:
        SamePersonError, PersonErasedError, PersonMergedError: these two can't be made one.
    """
    lock(db, (keep_id, other_id))
    refuse_unmergeable(db, keep_id, other_id)
    match = find_pair(db, keep_id, other_id) or PersonMatch(
        person_id=keep_id, other_id=other_id, rule=rule, found_at=now
    )
    db.add(match)
    match.person_id, match.other_id, match.rule = keep_id, other_id, rule
    match.state, match.decided_at, match.decided_by = MERGED, now, by
    match.moved = _remember(db, keep_id, other_id) | _move(db, keep_id, other_id)
    about_other = or_(PersonMatch.person_id == other_id, PersonMatch.other_id == other_id)
    db.flush()
    db.execute(delete(PersonMatch).where(about_other, PersonMatch.state == WAITING))
    settling.settle(db, [(keep_id, course_id) for course_id in _courses(db, keep_id)], now)
    audit.record(db, "person.merged", keep_id, at=now, identity_id=by, rule=rule, other=other_id)
    db.flush()
    return match


def unmerge(db: Session, match: PersonMatch, *, by: str | None, now: datetime) -> PersonMatch:
    """Give a merged person back what was theirs, and never propose the two again.

    Raises:
        NotMergedError: they are not merged (any more).
        PersonErasedError: they were erased meanwhile.
    """
    other, holder_id = _merged(db, match)
    before = _cycles(db, [holder_id])
    moved: Moved = match.moved or {}
    _move_back(db, moved, holder_id, other.id)
    _part_consents(db, match, holder_id, other.id, now)
    other.merged_into_id = None
    _restore_cycles(db, moved, (holder_id, other.id))
    match.state, match.moved, match.decided_at, match.decided_by = DIFFERENT, None, now, by
    if find_pair(db, holder_id, other.id) is None:
        apart = PersonMatch(person_id=holder_id, other_id=other.id, rule=match.rule, state=DIFFERENT, found_at=now)
        apart.decided_at, apart.decided_by = now, by
        db.add(apart)
    db.flush()
    pairs = [(person, course) for person in (holder_id, other.id) for course in _courses(db, person)]
    settling.settle(db, pairs, now)
    _hand_items_back(db, before, _cycles(db, [holder_id, other.id]))
    audit.record(db, "person.taken_apart", holder_id, at=now, identity_id=by, other=other.id)
    db.flush()
    return match


def lock(db: Session, person_ids: Collection[str], *, patiently: bool = True) -> bool:
    """Let no import, launch, commit or other merge touch these people till the end of the transaction.

    Municipalities come first, as imports take them; accounts come before people, as a learner's commit takes them.

    Args:
        patiently: wait for who holds them; else give up where somebody does, which can never end in a deadlock.

    Returns:
        Whether all are locked.
    """
    db.flush()
    employers = select(Employment.municipality_id).where(Employment.person_id.in_(person_ids))
    rows: list[tuple[type[Municipality] | type[Identity] | type[Person], ColumnElement[bool]]] = [
        (Municipality, Municipality.id.in_(employers)),
        (Identity, Identity.person_id.in_(person_ids)),
        (Person, Person.id.in_(person_ids)),
    ]
    for table, theirs in rows:
        query = select(table.id).where(theirs).order_by(table.id)
        locked = db.scalars(query.with_for_update(skip_locked=not patiently)).all()
        if not patiently and set(locked) != set(db.scalars(query)):
            return False
    db.expire_all()  # what others wrote while we waited
    return True


def find_pair(db: Session, one_id: str, other_id: str) -> PersonMatch | None:
    """Return what is kept of two people, whichever of them comes first."""
    these = one_id, other_id
    return db.scalar(
        select(PersonMatch)
        .where(PersonMatch.person_id.in_(these), PersonMatch.other_id.in_(these))
        .order_by(PersonMatch.found_at.desc())
        .limit(1)
    )


def refuse_unmergeable(db: Session, keep_id: str, other_id: str) -> None:
    """Refuse two who can't be made one.

    Raises:
        SamePersonError, PersonErasedError, PersonMergedError: as their texts say.
    """
    if keep_id == other_id:
        raise SamePersonError
    people = db.get_one(Person, keep_id), db.get_one(Person, other_id)
    if any(one.merged_into_id for one in people):
        raise PersonMergedError
    if any(one.erased_at for one in people):
        raise PersonErasedError


def _merged(db: Session, match: PersonMatch) -> tuple[Person, str]:
    """Return who was merged, and who has what is theirs now: perhaps the kept one was merged further."""
    holder_id = db.scalar(select(Person.merged_into_id).where(Person.id == match.other_id))
    lock(db, [one for one in (match.other_id, holder_id) if one])
    other = db.get_one(Person, match.other_id)
    if match.state != MERGED or other.merged_into_id is None or other.merged_into_id != holder_id:
        raise NotMergedError
    if other.erased_at is not None:
        raise PersonErasedError
    return other, other.merged_into_id


def _move(db: Session, keep_id: str, other_id: str) -> dict[str, Any]:
    """Give the kept person all rows of the other; return their ids by table."""
    moved: dict[str, Any] = {}
    for table in TABLES:
        movable = [table.person_id == other_id, *_no_twin(table, keep_id)]
        ids = list(db.scalars(select(table.id).where(*movable).order_by(table.id)))
        db.execute(update(table).where(table.id.in_(ids)).values(person_id=keep_id))
        moved[table.__tablename__] = ids
    moved["evidence"] = list(db.scalars(select(Evidence.id).where(Evidence.person_id == other_id)))
    db.execute(update(Evidence).where(Evidence.person_id == other_id).values(person_id=keep_id))
    moved |= _move_consents(db, keep_id, other_id)
    before = list(db.scalars(select(Person.id).where(Person.merged_into_id == other_id)))
    db.execute(update(Person).where(Person.id.in_([other_id, *before])).values(merged_into_id=keep_id))
    return moved | {"person": before}


def _no_twin(table: Movable, keep_id: str) -> Sequence[ColumnElement[bool]]:
    """Leave a row where it is that the kept person has as well."""
    if table not in ONCE:
        return ()
    twin = aliased(table)
    same = (getattr(twin, name) == getattr(table, name) for name in ONCE[table])
    return (~exists().where(twin.person_id == keep_id, *same),)


def _move_consents(db: Session, keep_id: str, other_id: str) -> dict[str, list[str]]:
    """Move consents; where both have given the same one, the last word counts: who took it back has taken it back."""
    query = select(SharingConsent).where(SharingConsent.person_id.in_((keep_id, other_id)))
    given = db.scalars(query.order_by(SharingConsent.id)).all()
    kept = {(one.municipality_id, one.course_id): one for one in given if one.person_id == keep_id}
    moved, ended = [], []
    for one in given:
        twin = kept.get((one.municipality_id, one.course_id))
        if one.person_id == other_id and twin is None:
            one.person_id = keep_id
            moved.append(one.id)
        elif twin is not None and twin.withdrawn_at is None and _is_later(one.withdrawn_at, twin.given_at):
            twin.withdrawn_at = one.withdrawn_at
            ended.append(twin.id)
    db.flush()
    return {"sharing_consent": moved, "consents_ended": ended}


def _is_later(moment: datetime | None, than: datetime) -> bool:
    return moment is not None and moment > than


def _remember(db: Session, keep_id: str, other_id: str) -> dict[str, Any]:
    """Return which cycle each piece of evidence stands in, and how long each is valid, of the courses both have."""
    shared = _courses(db, keep_id) & _courses(db, other_id)
    both = keep_id, other_id
    pieces = select(Evidence.id, Evidence.completion_id).where(
        Evidence.person_id.in_(both), Evidence.course_id.in_(shared), Evidence.completion_id.is_not(None)
    )
    rows = select(Completion).where(Completion.person_id.in_(both), Completion.course_id.in_(shared))
    return {
        "cycles": {key: cycle for key, cycle in db.execute(pieces) if cycle},
        "valid_until": {
            one.id: [one.completed_at.isoformat(), one.valid_until.isoformat() if one.valid_until else None]
            for one in db.scalars(rows)
        },
    }


def _courses(db: Session, person_id: str) -> set[str]:
    return set(db.scalars(select(Evidence.course_id).where(Evidence.person_id == person_id).distinct()))


def _cycles(db: Session, person_ids: Sequence[str]) -> dict[str, str]:
    """Return the completion that each piece of evidence of these people stands in."""
    query = select(Evidence.id, Evidence.completion_id).where(Evidence.person_id.in_(person_ids))
    return {key: completion_id for key, completion_id in db.execute(query) if completion_id}


def _move_back(db: Session, moved: Moved, holder_id: str, other_id: str) -> None:
    """Give back what was the other's and is still with the holder, and what came in by their employments since."""
    back = {"person_id": other_id}
    for table in (one for one in TABLES if one is not Identity):
        still = table.id.in_(moved.get(table.__tablename__, [])), table.person_id == holder_id
        db.execute(update(table).where(*still).values(back))
    theirs = select(Employment.id).where(Employment.person_id == other_id)
    unplaced = and_(Identity.employment_id.is_(None), Identity.id.in_(moved.get("identity", [])))
    accounts = Identity.person_id == holder_id, or_(unplaced, Identity.employment_id.in_(theirs))
    db.execute(update(Identity).where(*accounts).values(back).execution_options(synchronize_session="fetch"))
    by_account = Evidence.identity_id.in_(select(Identity.id).where(Identity.person_id == other_id))
    alone = and_(Evidence.identity_id.is_(None), Evidence.id.in_(moved.get("evidence", [])))
    earned = update(Evidence).where(Evidence.person_id == holder_id, or_(by_account, alone)).values(back)
    db.execute(earned.execution_options(synchronize_session="fetch"))
    before = Person.id.in_(moved.get("person", [])), Person.merged_into_id == holder_id
    db.execute(update(Person).where(*before).values(merged_into_id=other_id))
    db.expire_all()


def _part_consents(db: Session, match: PersonMatch, holder_id: str, other_id: str, now: datetime) -> None:
    """Give each their own consents; what was given since the merge goes by the account, and ends where that is neither.

    What was taken back since stays taken back, whoever did: see `sidecar.core.consents`.
    """
    moved: Moved = match.moved or {}
    both = select(SharingConsent).where(SharingConsent.person_id.in_((holder_id, other_id)))
    rows = db.scalars(both.order_by(SharingConsent.id)).all()
    twins = {(one.municipality_id, one.course_id): one for one in rows if one.person_id == other_id}
    accounts = select(Identity.id, Identity.person_id).where(Identity.id.in_([one.identity_id for one in rows]))
    owners: dict[str | None, str | None] = {row.id: row.person_id for row in db.execute(accounts)}
    for one in (each for each in rows if each.person_id == holder_id):
        is_since = match.decided_at is not None and one.given_at > match.decided_at
        owner = owners.get(one.identity_id)
        if owner == other_id if is_since else one.id in moved.get("sharing_consent", []):
            _give_consent(one, twins.get((one.municipality_id, one.course_id)), other_id, now)
        elif is_since and owner != holder_id:
            one.withdrawn_at = one.withdrawn_at or now
        elif not is_since and one.id in moved.get("consents_ended", []):
            one.withdrawn_at = None
    db.flush()


def _give_consent(one: SharingConsent, twin: SharingConsent | None, other_id: str, now: datetime) -> None:
    """Let a consent be the other's; where they have one of their own already, let that say what this says."""
    if twin is None:
        one.person_id = other_id
        return
    twin.given_at, twin.withdrawn_at, twin.identity_id = one.given_at, one.withdrawn_at, one.identity_id
    one.withdrawn_at = one.withdrawn_at or now


def _restore_cycles(db: Session, moved: Moved, both: tuple[str, str]) -> None:
    """Let each piece of evidence stand in its own cycle again, and each cycle that the merge changed be as it was."""
    cycles: Mapping[str, str] = moved.get("cycles", {})
    pieces = select(Evidence).where(Evidence.id.in_(list(cycles)), Evidence.person_id.in_(both))
    for piece in db.scalars(pieces).all():
        piece.completion_id = cycles[piece.id]
    kept: Mapping[str, tuple[str, str | None]] = moved.get("valid_until", {})
    rows = select(Completion).where(Completion.id.in_(list(kept)), Completion.person_id.in_(both))
    for one in db.scalars(rows).all():
        completed_at, valid_until = datetime.fromisoformat(kept[one.id][0]), kept[one.id][1]
        if one.completed_at != completed_at:
            one.completed_at, one.completed_on = completed_at, day_of(completed_at)
            one.valid_until = datetime.fromisoformat(valid_until).date() if valid_until else None
    db.flush()


def _hand_items_back(db: Session, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Let what an employer was told of a cycle that was both people's count as told of each one's own."""
    other = aliased(DeliveryItem)
    for old_id, new_id in sorted({(old, after[key]) for key, old in before.items() if after.get(key, old) != old}):
        owner = select(Completion.person_id).where(Completion.id == new_id).scalar_subquery()
        there = exists().where(
            other.delivery_id == DeliveryItem.delivery_id,
            other.employment_id == DeliveryItem.employment_id,
            other.completion_id == new_id,
        )
        told = (
            select(DeliveryItem.delivery_id, literal(new_id), DeliveryItem.employment_id)
            .join(Employment, Employment.id == DeliveryItem.employment_id)
            .where(DeliveryItem.completion_id == old_id, Employment.person_id == owner, ~there)
        )
        db.execute(insert(DeliveryItem).from_select(["delivery_id", "completion_id", "employment_id"], told))
