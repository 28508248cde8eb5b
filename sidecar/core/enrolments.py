"""Take over who takes part in an LMS course: identities as at a launch, but nobody is made to have come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from sidecar.core import erased_subjects, placing
from sidecar.core.launches import Learner, as_told
from sidecar.core.people import Identity
from sidecar.core.rosters import RosterMember
from sidecar.core.statements import insert_missing, upsert


@dataclass(frozen=True)
class Enrolled:
    """A learner of a course, and the roles that the LMS gives them there."""

    learner: Learner
    roles: tuple[str, ...]


def list_changed(db: Session, platform_id: str, learners: Sequence[Learner]) -> list[Learner]:
    """Return those of whom the LMS now says something else than we have; `launches.hear_of` takes it over."""
    told = {learner.subject: learner for learner in learners}
    query = select(Identity.subject, Identity.name, Identity.email, Identity.person_sourcedid)
    known = db.execute(query.where(_is_of(platform_id, told)).order_by(Identity.id))
    return [told[subject] for subject, *had in known if _says_something_new(told[subject], *had)]


def _says_something_new(learner: Learner, name: str | None, email: str | None, value: str | None) -> bool:
    return as_told(learner, name, email) != (name, email) or placing.is_news(learner.person_sourcedid, value)


def enrol(db: Session, roster_id: str, platform_id: str, enrolled: Sequence[Enrolled], now: datetime) -> int:
    """Let learners take part in a course; who is new gets an identity, placed like anybody's. Who left is back.

    Args:
        now: of the look that found them; `leave` knows by it who was not found.

    Returns:
        How many there are; who was erased and has not come back is left out.
    """
    told = {one.learner.subject: one for one in enrolled}
    for subject in erased_subjects.list_erased(db, platform_id, told):
        del told[subject]
    ids = _list_ids(db, platform_id, told)
    new = [told[subject].learner for subject in sorted(told.keys() - ids.keys())]
    if new:
        _add(db, platform_id, new, now)
        ids = _list_ids(db, platform_id, told)
    same = {"roster_id": roster_id, "joined_at": now, "seen_at": now, "left_at": None}
    rows = [{"identity_id": ids[subject], "roles": list(one.roles)} | same for subject, one in told.items()]
    if rows:
        here = upsert(db, RosterMember)
        again = {"roles": here.excluded.roles, "seen_at": here.excluded.seen_at, "left_at": None}
        rows.sort(key=lambda row: str(row["identity_id"]))  # in one order, as an erasure locks identities too
        db.execute(here.on_conflict_do_update(index_elements=["roster_id", "identity_id"], set_=again), rows)
    return len(rows)


def _add(db: Session, platform_id: str, learners: Sequence[Learner], now: datetime) -> None:
    """Make identities of who has never come; where a launch was faster, its own stands."""
    new = [_make(platform_id, learner, now) for learner in learners]
    placing.place_all(db, new, platform_id, now)
    insert_missing(db, new, unique=("platform_id", "subject"))


def _make(platform_id: str, learner: Learner, now: datetime) -> Identity:
    name, email = as_told(learner, None, None)
    value = learner.person_sourcedid
    return Identity(
        platform_id=platform_id,
        subject=learner.subject,
        name=name,
        email=email,
        person_sourcedid=value if placing.is_news(value, None) else None,
        first_seen_at=now,
        last_seen_at=now,
        is_only_listed=True,
    )


def _list_ids(db: Session, platform_id: str, subjects: Collection[str]) -> dict[str, str]:
    query = select(Identity.subject, Identity.id).where(_is_of(platform_id, subjects))
    return dict(db.execute(query).all())


def _is_of(platform_id: str, subjects: Collection[str]) -> ColumnElement[bool]:
    return and_(Identity.platform_id == platform_id, Identity.subject.in_(list(subjects)))


def leave(db: Session, roster_id: str, platform_id: str, subjects: Collection[str], now: datetime) -> None:
    """Let these LMS users take part no longer."""
    these = select(Identity.id).where(_is_of(platform_id, subjects))
    _leave(db, now, RosterMember.roster_id == roster_id, RosterMember.identity_id.in_(these))


def leave_unseen(db: Session, roster_id: str, look_at: datetime) -> None:
    """Let all take part no longer whom a whole look, begun at this moment, did not find."""
    _leave(db, look_at, RosterMember.roster_id == roster_id, RosterMember.seen_at < look_at)


def _leave(db: Session, now: datetime, *which: ColumnElement[bool]) -> None:
    left = update(RosterMember).where(*which, RosterMember.left_at.is_(None)).values(left_at=now)
    db.execute(left.execution_options(synchronize_session=False))
