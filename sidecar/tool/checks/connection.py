"""Read what is set here of an LMS, and say what of it stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from lti.login import Registration
from sidecar.core.access import operator_at_the_console
from sidecar.core.deployments import list_deployments
from sidecar.core.failed_launches import Wanted, list_failures
from sidecar.core.launches import FailedLaunch, find_newest
from sidecar.core.periods import OSLO
from sidecar.core.placing import are_ambiguous
from sidecar.core.platform_lists import SpokenFor, list_spoken_for
from sidecar.core.platforms import Platform
from sidecar.tool.checks.steps import Step, step
from sidecar.tool.service import registration_of

CODES_TOLD = 3


@dataclass(frozen=True)
class Connection:
    """What is known here of an LMS at the time of a test.

    Attributes:
        state: active, pending, disabled or removed.
        lineitems_url: where the last launch said that columns of the gradebook are made; None where none did.
        announced: the scopes that this launch gave us there.
    """

    registration: Registration
    state: str
    deployments: Sequence[str]
    waiting: Sequence[str]
    spoken_for: Sequence[SpokenFor]
    launched_at: datetime | None
    failed: Sequence[FailedLaunch]
    failed_count: int
    lineitems_url: str | None
    announced: Sequence[str]


def read_connection(db: Session, platform: Platform, now: datetime) -> Connection:
    """Read all that a test needs, so that no transaction is open while the LMS is asked."""
    deployments = list_deployments(db, platform.id)
    last, placed = find_newest(db, platform.id), find_newest(db, platform.id, has_columns=True)
    lately = Wanted(platform.id, since=now - timedelta(days=1))
    failures = list_failures(db, operator_at_the_console(), lately)
    return Connection(
        registration=registration_of(db, platform),
        state=platform.state,
        deployments=[each.deployment_id for each in deployments if each.state == "active"],
        waiting=[each.deployment_id for each in deployments if each.state == "pending"],
        spoken_for=list_spoken_for(db, platform.id),
        launched_at=last.launched_at if last else None,
        failed=[each.row for each in failures.lines],
        failed_count=failures.total,
        lineitems_url=placed.lineitems_url if placed else None,
        announced=placed.ags_scopes if placed else (),
    )


def check_registration(connection: Connection) -> list[Step]:
    """Say whether anybody can get in, and whether they are found among the employees."""
    found = [step(f"registration-{connection.state}", client_id=connection.registration.client_id)]
    if connection.deployments:
        found.append(step("deployments-active", deployments=", ".join(connection.deployments)))
    else:
        found.append(step("deployments-none"))
    if connection.waiting:
        found.append(step("deployments-waiting", deployments=", ".join(connection.waiting)))
    if not connection.spoken_for:
        return [*found, step("municipalities-none")]
    names = ", ".join(each.municipality.name for each in connection.spoken_for)
    is_ambiguous = are_ambiguous(each.pattern for each in connection.spoken_for)
    found.append(step("municipalities-listed", municipalities=names))
    return [*found, step("municipalities-ambiguous")] if is_ambiguous else found


def check_launches(connection: Connection) -> list[Step]:
    """Say when somebody last came, and what was refused in the last day."""
    at = connection.launched_at
    last = step("launch-seen", when=f"{at.astimezone(OSLO):%Y-%m-%d %H:%M}") if at else step("launch-never")
    if not connection.failed:
        return [last, step("failures-none")]
    codes = list(dict.fromkeys(each.code for each in connection.failed))
    told = ", ".join(codes[:CODES_TOLD]) + (", …" if len(codes) > CODES_TOLD else "")
    newest = connection.failed[0].reference
    return [last, step("failures-some", count=connection.failed_count, codes=told, reference=newest)]
