"""Keep what regions have agreed: completions of which employer's people cross over to whom, from a day to a day.

Both sides record it. Where the employer is the other region's, we tell them; where it is ours, they tell us. Nothing
crosses without one that holds on the day, and of one employer we tell one region at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, Index, String, and_, exists, or_, select, true, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit
from sidecar.core.access import Viewer
from sidecar.core.crossing_sent import CrossingSent, is_to_tell
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.municipalities import Municipality
from sidecar.core.org_numbers import check_org_number
from sidecar.core.peers import BLOCKED, Peer, find_peer
from sidecar.core.regions import Region, is_of_another, members_of
from sidecar.core.short_texts import tidy
from sidecar.errors import InvalidInputError, NotFoundError, SidecarError

KIND: Final = "crossing"
"""The kind of an outbox item that tells what an agreement lets cross over; its subject is the agreement's id."""

EVERY: Final = timedelta(minutes=15)
"""How often what is told is compared with what was told."""

EMPLOYER_CHARACTERS: Final = 200
SAID_CHARACTERS: Final = 2000

TO_THEM: Final = "them"
TO_US: Final = "us"


class AgreementOrgNumberError(SidecarError):
    """That is no organisation number. It has nine digits, the last of which checks the others."""

    code = "agreement-org-number"


class AgreementTextsError(SidecarError):
    """Write what the employer is called ({name} characters at most) and what was agreed ({said} at most)."""

    code = "agreement-texts"


class AgreementDaysError(SidecarError):
    """The last day lies before the first. Correct one of them."""

    code = "agreement-days"


class AgreementOverlapsError(SidecarError):
    """There is an agreement about this employer already, from {starts_on}. End that one first."""

    code = "agreement-overlaps"


class AgreementNotOursError(SidecarError):
    """Completions can only be told to us of a municipality that is a member of your own region."""

    code = "agreement-not-ours"


class AgreementOtherRegionError(SidecarError):
    """That municipality is a member of another region on this server. Only that region can agree to tell of it."""

    code = "agreement-other-region"


class AgreementOverError(SidecarError):
    """This agreement is over already."""

    code = "agreement-is-over"


class ExchangeAgreement(Base, kw_only=True):
    """What a region of ours has agreed with a peer about the employees of one employer.

    Attributes:
        to: them, who are told by us; or us, who are told by them.
        employer: what the employer is called; `ends_on`: the last day.
        said: what was agreed, or where it can be read.
        compared_at: when what we tell was last compared with what was told; `error_code`: why the last try to tell it
            failed, None where it went well.
    """

    __tablename__ = "exchange_agreement"
    __table_args__ = (Index("ix_exchange_agreement_region_id_org_number", "region_id", "org_number"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    region_id: Mapped[Id] = mapped_column(ForeignKey("region.id"))
    peer_id: Mapped[Id] = mapped_column(ForeignKey("peer.id"), index=True)
    org_number: Mapped[str] = mapped_column(String(9))
    employer: Mapped[str] = mapped_column(String(EMPLOYER_CHARACTERS))
    to: Mapped[str] = mapped_column(String(4))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None] = mapped_column(default=None)
    said: Mapped[str] = mapped_column(String(SAID_CHARACTERS), default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    compared_at: Mapped[datetime | None] = mapped_column(default=None)
    error_code: Mapped[str | None] = mapped_column(String(60), default=None)


@dataclass(frozen=True)
class WantedAgreement:
    """What an agreement shall be, as somebody typed it; `to` "": whose employer it is says it."""

    org_number: str
    employer: str
    starts_on: date
    ends_on: date | None = None
    said: str = ""
    to: str = ""


class AgreementLine(NamedTuple):
    """An agreement as lists show it."""

    agreement: ExchangeAgreement
    peer: Peer
    region: str


def holds_on(day: date) -> ColumnElement[bool]:
    """Return the condition that an agreement holds on a day (Europe/Oslo)."""
    lasts = or_(ExchangeAgreement.ends_on.is_(None), ExchangeAgreement.ends_on >= day)
    return and_(ExchangeAgreement.starts_on <= day, lasts)


def may_see_agreement(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `ExchangeAgreement` that bounds a query to those of the viewer's regions."""
    return true() if viewer.everything else ExchangeAgreement.region_id.in_(viewer.regions)


def list_agreements(db: Session, viewer: Viewer) -> Sequence[AgreementLine]:
    """Return the agreements of the viewer's regions, also those that are over, by employer and first day."""
    query = (
        select(ExchangeAgreement, Peer, Region.name)
        .join(Peer, Peer.id == ExchangeAgreement.peer_id)
        .join(Region, Region.id == ExchangeAgreement.region_id)
        .where(may_see_agreement(viewer))
        .order_by(ExchangeAgreement.employer, ExchangeAgreement.starts_on, ExchangeAgreement.id)
    )
    return [AgreementLine(*row) for row in db.execute(query)]


def find_agreement(db: Session, viewer: Viewer, agreement_id: str) -> ExchangeAgreement:
    """Return an agreement.

    Raises:
        NotFoundError: there is none that the viewer looks after.
    """
    found = db.scalar(select(ExchangeAgreement).where(ExchangeAgreement.id == agreement_id, may_see_agreement(viewer)))
    if found is None:
        raise NotFoundError(what="agreement", key=agreement_id[:80])
    return found


def find_in_force(db: Session, peer_id: str, org_number: str, to: str, day: date) -> ExchangeAgreement | None:
    """Return what was agreed with a peer about an employer and holds on a day; None where nothing does."""
    about = ExchangeAgreement.peer_id == peer_id, ExchangeAgreement.org_number == org_number
    return db.scalar(select(ExchangeAgreement).where(*about, ExchangeAgreement.to == to, holds_on(day)).limit(1))


def list_due(db: Session, now: datetime, today: date) -> list[str]:
    """Return the agreements by which something is, or was, told and has not been compared for `EVERY`."""
    told = exists().where(
        CrossingSent.peer_id == ExchangeAgreement.peer_id,
        CrossingSent.org_number == ExchangeAgreement.org_number,
        or_(CrossingSent.digest.is_not(None), is_to_tell()),
    )
    stale = or_(ExchangeAgreement.compared_at.is_(None), ExchangeAgreement.compared_at <= now - EVERY)
    query = select(ExchangeAgreement.id).where(ExchangeAgreement.to == TO_THEM, stale, or_(holds_on(today), told))
    return list(db.scalars(query.order_by(ExchangeAgreement.id)))


def hasten(db: Session, org_number: str) -> None:
    """Let what is told of an employer's people be compared at the next tick."""
    db.execute(update(ExchangeAgreement).where(ExchangeAgreement.org_number == org_number).values(compared_at=None))


def is_over(db: Session, peer_id: str, org_number: str, to: str, day: date) -> bool:
    """Tell whether something was agreed with a peer about an employer that has ended."""
    about = ExchangeAgreement.peer_id == peer_id, ExchangeAgreement.org_number == org_number
    ended = ExchangeAgreement.to == to, ExchangeAgreement.ends_on < day
    return db.scalar(select(ExchangeAgreement.id).where(*about, *ended).limit(1)) is not None


def record_agreement(
    db: Session, viewer: Viewer, peer_key: str, wanted: WantedAgreement, *, now: datetime, today: date
) -> ExchangeAgreement:
    """Record what was agreed with a peer.

    Args:
        peer_key: its id or address.

    Raises:
        NotFoundError: there is no such peer of the viewer's regions, or it is blocked.
        AgreementOverlapsError: there is one about this employer on some of these days.
        SidecarError: something of it can't be kept; the class says what.
    """
    peer = find_peer(db, viewer, peer_key)
    if peer.state == BLOCKED:
        raise NotFoundError(what="region", key=peer.address)
    db.execute(select(Region.id).where(Region.id == peer.region_id).with_for_update()).all()
    made = ExchangeAgreement(
        region_id=peer.region_id,
        peer_id=peer.id,
        org_number=_check(wanted),
        employer=tidy(wanted.employer, EMPLOYER_CHARACTERS),
        to=wanted.to,
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        said=tidy(wanted.said, SAID_CHARACTERS),
        recorded_at=now,
        recorded_by=viewer.identity_id,
    )
    is_ours = _is_ours(db, made, today)
    made.to = wanted.to or (TO_US if is_ours else TO_THEM)
    if made.to == TO_US and not is_ours:
        raise AgreementNotOursError
    if made.to == TO_THEM and _is_of_another(db, made, today):
        raise AgreementOtherRegionError
    _refuse_overlap(db, made)
    db.add(made)
    by = viewer.identity_id
    audit.record(
        db, "agreement.recorded", peer.id, at=now, identity_id=by, org_number=made.org_number, address=peer.address
    )
    db.flush()
    return made


def end_agreement(db: Session, viewer: Viewer, agreement_id: str, *, now: datetime, today: date) -> ExchangeAgreement:
    """End an agreement: yesterday was the last day. What was told stays told, and is still corrected and withdrawn.

    Raises:
        NotFoundError: there is none that the viewer looks after.
        AgreementOverError: it is over.
    """
    found = find_agreement(db, viewer, agreement_id)
    yesterday = today - timedelta(days=1)
    if found.ends_on is not None and found.ends_on <= yesterday:
        raise AgreementOverError
    found.ends_on, found.starts_on = yesterday, min(found.starts_on, yesterday)
    found.ended_at, found.ended_by = now, viewer.identity_id
    by = viewer.identity_id
    audit.record(db, "agreement.ended", found.peer_id, at=now, identity_id=by, org_number=found.org_number)
    db.flush()
    return found


def _check(wanted: WantedAgreement) -> str:
    """Return the organisation number, where all of it can be kept."""
    if wanted.ends_on is not None and wanted.ends_on < wanted.starts_on:
        raise AgreementDaysError
    if not 0 < len(wanted.employer.strip()) <= EMPLOYER_CHARACTERS or len(wanted.said) > SAID_CHARACTERS:
        raise AgreementTextsError(name=EMPLOYER_CHARACTERS, said=SAID_CHARACTERS)
    try:
        return check_org_number(wanted.org_number)
    except InvalidInputError:
        raise AgreementOrgNumberError from None


def _is_ours(db: Session, agreement: ExchangeAgreement, today: date) -> bool:
    """Tell whether the employer is a member of our region."""
    municipality_id = db.scalar(select(Municipality.id).where(Municipality.org_number == agreement.org_number))
    return municipality_id in members_of(db, agreement.region_id, today)


def _is_of_another(db: Session, agreement: ExchangeAgreement, today: date) -> bool:
    """Tell whether the employer is another region's of this installation."""
    theirs = Municipality.org_number == agreement.org_number, is_of_another(Municipality.id, agreement.region_id, today)
    return db.scalar(select(Municipality.id).where(*theirs)) is not None


def _refuse_overlap(db: Session, made: ExchangeAgreement) -> None:
    """Refuse a second agreement on the same days: of whom we tell, with anybody; who tells us, with the same peer."""
    same = [
        ExchangeAgreement.region_id == made.region_id,
        ExchangeAgreement.org_number == made.org_number,
        ExchangeAgreement.to == made.to,
        or_(ExchangeAgreement.ends_on.is_(None), ExchangeAgreement.ends_on >= made.starts_on),
    ]
    if made.to == TO_US:
        same.append(ExchangeAgreement.peer_id == made.peer_id)
    if made.ends_on is not None:
        same.append(ExchangeAgreement.starts_on <= made.ends_on)
    other = db.scalar(select(ExchangeAgreement).where(*same).limit(1))
    if other is not None:
        raise AgreementOverlapsError(starts_on=str(other.starts_on))
