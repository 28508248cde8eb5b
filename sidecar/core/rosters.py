"""Keep who takes part in the LMS courses that launch us, as their LMS says it (Names and Roles)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Executable,
    ForeignKey,
    Select,
    String,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from sidecar.core import outbox
from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.deployments import Deployment
from sidecar.core.outbox import OutboxItem
from sidecar.core.platforms import Platform, is_active
from sidecar.core.statements import run, upsert

KIND: Final = "roster"
EVERY: Final = timedelta(hours=6)
"""How often a roster is looked at."""

SELDOM: Final = timedelta(days=7)
"""How often that of a course which nobody has opened for `QUIET`."""

QUIET: Final = timedelta(days=60)
AFTER_FAILURE: Final = timedelta(days=1)
"""When a look is tried anew that the outbox has given up."""

WHOLE_EVERY: Final = timedelta(days=7)
"""After how long differences are not enough: what an LMS forgot to tell is found by a whole look."""

LOOK_ENDS: Final = timedelta(minutes=10)
"""By when a look that began has ended, whatever happened."""

MOST_OF_A_PLATFORM: Final = 2000
"""How many rosters of one LMS are looked at by themselves, those that launches came from last."""

CODE_CHARACTERS: Final = 60
TITLE_CHARACTERS: Final = 500
NOTED_ANEW_AFTER: Final = timedelta(days=1)
"""How old `noted_at` may be: to the day is enough, and spares every launch a write."""


class Roster(Base, kw_only=True):
    """A course in an LMS (a context), and when its members were last read.

    `differences_url`: where the LMS said that the next look finds only changes. `whole_at`: the last look at all.
    `tried_at`: when the last look began, `synced_at`: the last that went well. `error_code`: why the last failed.

    Source: Names and Role Provisioning Services 2.0 §2; §2.4.1 (differences).
    """

    __tablename__ = "roster"
    __table_args__ = (UniqueConstraint("platform_id", "deployment_id", "context_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    platform_id: Mapped[Id] = mapped_column(ForeignKey("platform.id"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    context_id: Mapped[str] = mapped_column(String(255))
    title: Mapped[str | None] = mapped_column(String(500), default=None)
    memberships_url: Mapped[str] = mapped_column(Text)
    differences_url: Mapped[str | None] = mapped_column(Text, default=None)
    noted_at: Mapped[datetime]
    tried_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    synced_at: Mapped[datetime | None] = mapped_column(default=None)
    whole_at: Mapped[datetime | None] = mapped_column(default=None)
    error_code: Mapped[str | None] = mapped_column(String(60), default=None)


class RosterMember(Base, kw_only=True):
    """Somebody who takes part, or did: `left_at` says since when they don't any more."""

    __tablename__ = "roster_member"

    roster_id: Mapped[Key] = mapped_column(ForeignKey("roster.id"))
    identity_id: Mapped[Key] = mapped_column(ForeignKey("identity.id"), index=True)
    roles: Mapped[JsonValue] = mapped_column(default_factory=list)
    joined_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    left_at: Mapped[datetime | None] = mapped_column(default=None)


def note(
    db: Session,
    platform_id: str,
    deployment_id: str,
    *,
    context_id: str,
    title: str | None,
    memberships_url: str,
    now: datetime,
) -> None:
    """Note that a launch came from a course whose members we may ask for; costs one statement where that is known.

    A new address makes the next look a whole one.
    """
    course = {"platform_id": platform_id, "deployment_id": deployment_id, "context_id": context_id}
    title = title[:TITLE_CHARACTERS] if title else None
    told = {"title": title, "memberships_url": memberships_url, "noted_at": now}
    row = run(db, _noted(), **course).one_or_none()
    if row is None:
        new = upsert(db, Roster).values(id=new_id(), **course, **told)
        db.execute(new.on_conflict_do_nothing(index_elements=list(course)))
        return
    roster_id, known_title, known_url, noted_at = row
    if known_url != memberships_url:
        told |= {"differences_url": None, "whole_at": None, "error_code": None}
    elif (title or known_title) == known_title and now - noted_at < NOTED_ANEW_AFTER:
        return
    db.execute(update(Roster).where(Roster.id == roster_id).values(told | {"title": title or known_title}))


@cache
def _noted() -> Executable:
    columns = Roster.id, Roster.title, Roster.memberships_url, Roster.noted_at
    same = (getattr(Roster, name) == bindparam(name) for name in ("platform_id", "deployment_id", "context_id"))
    return select(*columns).where(*same)


def is_open() -> ColumnElement[bool]:
    """Return the condition on `Roster`, joined with its `Platform`, that we may look: nobody has turned that off."""
    deployed = exists().where(
        Deployment.platform_id == Roster.platform_id,
        Deployment.deployment_id == Roster.deployment_id,
        Deployment.state == "active",
    )
    return and_(is_active(), deployed)


def find_open(db: Session, roster_id: str) -> tuple[Roster, Platform] | None:
    """Return a roster that we may look at, with its platform; else None."""
    query = select(Roster, Platform).join(Platform, Platform.id == Roster.platform_id)
    row = db.execute(query.where(Roster.id == roster_id, is_open())).one_or_none()
    return (row[0], row[1]) if row else None


def list_due(db: Session, now: datetime, limit: int = 100) -> Sequence[str]:
    """Return the ids of the rosters that are to be looked at now: one of each LMS, those never seen first."""
    order = Roster.tried_at.is_not(None), Roster.tried_at, Roster.id
    place = func.row_number().over(partition_by=Roster.platform_id, order_by=order).label("place")
    due = _due(now).add_columns(place, Roster.tried_at).subquery()
    first = select(due.c.id).where(due.c.place == 1)
    return db.scalars(first.order_by(due.c.tried_at.is_not(None), due.c.tried_at, due.c.id).limit(limit)).all()


def _due(now: datetime) -> Select[str]:
    is_lively = Roster.noted_at > now - QUIET
    fresh = and_(is_lively, Roster.error_code.is_(None), Roster.tried_at <= now - EVERY)
    failed = and_(is_lively, Roster.error_code.is_not(None), Roster.tried_at <= now - AFTER_FAILURE)
    due = or_(Roster.tried_at.is_(None), fresh, failed, Roster.tried_at <= now - SELDOM)
    query = select(Roster.id).join(Platform, Platform.id == Roster.platform_id)
    return query.where(is_open(), due, ~is_under_way(), _is_among_newest(), Roster.platform_id.not_in(_busy(now)))


def is_under_way() -> ColumnElement[bool]:
    """Return the condition on `Roster` that a look at it waits or is being made."""
    alive = OutboxItem.state.in_(("waiting", "claimed"))
    return exists().where(OutboxItem.kind == KIND, OutboxItem.subject == Roster.id, alive).correlate(Roster)


def _is_among_newest() -> ColumnElement[bool]:
    """Return the condition that a roster is one of those that its LMS named last: it could invent any number."""
    newest = func.row_number().over(partition_by=Roster.platform_id, order_by=(Roster.noted_at.desc(), Roster.id))
    ranked = select(Roster.id, newest.label("place")).subquery()
    return Roster.id.in_(select(ranked.c.id).where(ranked.c.place <= MOST_OF_A_PLATFORM))


def _busy(now: datetime) -> Select[str]:
    """Return the ids of the platforms of which a look is being made, or could be at once."""
    at_once = or_(OutboxItem.state == "claimed", and_(OutboxItem.state == "waiting", OutboxItem.next_try_at <= now))
    other = aliased(Roster)
    looks = select(other.platform_id).join(OutboxItem, OutboxItem.subject == other.id)
    return looks.where(OutboxItem.kind == KIND, at_once)


def is_another_looked_at(db: Session, roster: Roster, now: datetime) -> bool:
    """Tell whether another roster of the same LMS is being looked at; locks, so that of two at once one goes on."""
    db.execute(select(Platform.id).where(Platform.id == roster.platform_id).with_for_update(key_share=True))
    looks = select(Roster.id).join(OutboxItem, OutboxItem.subject == Roster.id)
    others = looks.where(Roster.platform_id == roster.platform_id, Roster.id != roster.id)
    claimed = OutboxItem.kind == KIND, OutboxItem.state == "claimed", OutboxItem.claimed_until > now
    return db.scalar(others.where(*claimed, Roster.tried_at > now - LOOK_ENDS).limit(1)) is not None


def next_look_at(roster: Roster, now: datetime) -> datetime | None:
    """Return when a roster is due by itself; None where it is now."""
    if roster.tried_at is None:
        return None
    wait = AFTER_FAILURE if roster.error_code else EVERY
    due = roster.tried_at + (wait if roster.noted_at > now - QUIET else SELDOM)
    return due if due > now else None


def ask(db: Session, roster_id: str, now: datetime) -> None:
    """Ask for a look at a roster; one that waits for its next try happens now, one under way is enough."""
    _lock(db, roster_id)
    if outbox.is_under_way(db, KIND, roster_id):
        outbox.hasten(db, KIND, roster_id, now=now)
    else:
        _put(db, roster_id, now)


def ask_if_due(db: Session, roster_id: str, now: datetime) -> None:
    """Ask for a look at a roster unless somebody else has done so meanwhile."""
    _lock(db, roster_id)
    if db.scalar(_due(now).where(Roster.id == roster_id)):
        _put(db, roster_id, now)


def _lock(db: Session, roster_id: str) -> None:
    db.scalar(select(Roster.id).where(Roster.id == roster_id).with_for_update())


def _put(db: Session, roster_id: str, now: datetime) -> None:
    outbox.put(db, KIND, roster_id, key=f"{KIND}:{roster_id}:{now.isoformat()}", now=now)


def begin(db: Session, roster_id: str, now: datetime) -> None:
    """Write down that a look has begun."""
    db.execute(update(Roster).where(Roster.id == roster_id).values(tried_at=now))


def finish(db: Session, roster_id: str, *, began_at: datetime, is_whole: bool, differences_url: str | None) -> None:
    """Write down that a look went well."""
    found = {"synced_at": began_at, "error_code": None, "differences_url": differences_url}
    values = found | ({"whole_at": began_at} if is_whole else {})
    db.execute(update(Roster).where(Roster.id == roster_id).values(values))


def forget_differences(db: Session, roster_id: str) -> None:
    """Let the next look be a whole one."""
    db.execute(update(Roster).where(Roster.id == roster_id).values(differences_url=None))


def fail(db: Session, roster_id: str, code: str) -> None:
    """Write down why a look failed."""
    db.execute(update(Roster).where(Roster.id == roster_id).values(error_code=code[:CODE_CHARACTERS]))
