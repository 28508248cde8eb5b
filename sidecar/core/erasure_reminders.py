"""Say which wishes to be erased wait for an answer, and who is told of them by mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sidecar.core.access import operator_at_the_console
from sidecar.core.erasure_requests import list_waiting
from sidecar.core.mails import Recipient
from sidecar.core.notices import Observation
from sidecar.core.own_wishes import ErasureRequest
from sidecar.core.people import Employment, Identity
from sidecar.core.regions import RegionMembership, is_member_on
from sidecar.core.staff import Grant, holds
from sidecar.errors import SidecarError

OF_ERASURES: Final = "erasure-"
"""How the codes begin of what concerns somebody who wants to be erased; the subject is the request."""


class ErasureWaitingError(SidecarError):
    """A learner ({employers}) asks to be erased. Ask the municipality; then erase them, or refuse and say why."""

    code = f"{OF_ERASURES}asked"


def observe(db: Session) -> Iterator[Observation]:
    """Yield the wishes that wait; a notice names nobody."""
    for line in list_waiting(db, operator_at_the_console()):
        employers = ", ".join(sorted({one.municipality for one in line.workplaces})) or line.platform or "-"
        yield Observation(
            ErasureWaitingError.code, ErasureWaitingError.text(), {"employers": employers}, line.request.id
        )


def list_keepers(db: Session, request_id: str, now: datetime, today: date, language: str) -> Sequence[Recipient]:
    """Return the RKK that looks after every employer of who asks, each with an address; operators are told anyway.

    Args:
        language: for those who never chose one.
    """
    of_person = select(Employment.municipality_id).join(Identity, Identity.person_id == Employment.person_id)
    asked = of_person.join(ErasureRequest, ErasureRequest.identity_id == Identity.id)
    employers = set(db.scalars(asked.where(ErasureRequest.id == request_id)))
    member = select(RegionMembership.region_id, RegionMembership.municipality_id).where(is_member_on(today))
    served: dict[str, set[str]] = {}
    for region_id, municipality_id in db.execute(member):
        served.setdefault(region_id, set()).add(municipality_id)
    offices = [region_id for region_id, members in served.items() if employers and employers <= members]
    query = (
        select(Identity.email, func.coalesce(Identity.language, language))
        .join(Grant, Grant.identity_id == Identity.id)
        .where(Grant.role == "rkk", Grant.region_id.in_(offices), holds(now), Identity.email.is_not(None))
        .order_by(Identity.first_seen_at, Identity.id)
    )
    return [Recipient(address, spoken) for address, spoken in db.execute(query) if address]
