"""Say which sources of people and completions need somebody, and who that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.connections import Connection
from sidecar.core.mails import Recipient
from sidecar.core.notices import OF_SOURCES, Observation
from sidecar.core.people import Identity
from sidecar.core.people_sources import COMPLETIONS, QUARANTINED, Source
from sidecar.core.platforms import Platform
from sidecar.core.regions import RegionMembership, is_member_on
from sidecar.core.sources import SourceLine, list_sources
from sidecar.core.staff import Grant, holds
from sidecar.errors import SidecarError

MOST_FAILURES: Final = 3
"""After how many runs in a row that failed somebody is told."""


class SourceFailingError(SidecarError):
    """What {owner} tells by itself has not come in, {count} times in a row. Open the source: it says what to do."""

    code = f"{OF_SOURCES}failing"


class SourceHeldError(SidecarError):
    """A source would end or move unusually many employees of {owner}. Look at the list, then approve or reject it."""

    code = f"{OF_SOURCES}held"


class WithdrawalHeldError(SidecarError):
    """{owner} does not tell of unusually many completions any more. Look at the courses, then approve or reject it."""

    code = f"{OF_SOURCES}held-completions"


HELD: Final = frozenset({SourceHeldError.code, WithdrawalHeldError.code})


def observe(db: Session) -> Iterator[Observation]:
    """Yield the sources that have failed too often, and those of which somebody is asked to decide."""
    for line in list_sources(db, operator_at_the_console()):
        facts: dict[str, str | int] = {"owner": line.owner, "key": line.source.id}
        if line.last_run and line.last_run.state == QUARANTINED:
            yield _observation(line, _held_error(line), facts)
        if line.source.failures >= MOST_FAILURES and not line.source.paused_at:
            yield _observation(line, SourceFailingError, facts | {"count": line.source.failures})


def list_held_sources(db: Session, viewer: Viewer) -> list[tuple[SourceLine, SidecarError]]:
    """Return the sources of a viewer that wait for somebody's word at this moment, and what is asked.

    Notices of them are a minute late, and stay for some minutes after the answer.
    """
    held = [one for one in list_sources(db, viewer) if one.last_run and one.last_run.state == QUARANTINED]
    return [(line, _held_error(line)(owner=line.owner)) for line in held]


def _held_error(line: SourceLine) -> type[SidecarError]:
    return WithdrawalHeldError if line.source.kind == COMPLETIONS else SourceHeldError


def _observation(line: SourceLine, problem: type[SidecarError], facts: dict[str, str | int]) -> Observation:
    return Observation(problem.code, problem.text(), facts, line.source.id, line.source.municipality_id)


def list_keepers(db: Session, source_id: str, now: datetime, today: date, language: str) -> Sequence[Recipient]:
    """Return the RKK that looks after whom a source tells of, each with an address.

    Args:
        language: for those who never chose one.
    """
    of_source = select(Source.municipality_id).where(Source.id == source_id).scalar_subquery()
    member = select(RegionMembership.region_id)
    regions = member.where(RegionMembership.municipality_id == of_source, is_member_on(today))
    lms = select(Platform.region_id).join(Connection, Connection.platform_id == Platform.id)
    of_lms = lms.join(Source, Source.connection_id == Connection.id).where(Source.id == source_id)
    query = (
        select(Identity.email, func.coalesce(Identity.language, language))
        .join(Grant, Grant.identity_id == Identity.id)
        .where(Grant.role == "rkk", or_(Grant.region_id.in_(regions), Grant.region_id.in_(of_lms)))
        .where(holds(now), Identity.email.is_not(None))
        .order_by(Identity.first_seen_at, Identity.id)
    )
    return [Recipient(address, spoken) for address, spoken in db.execute(query) if address]
