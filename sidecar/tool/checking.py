"""Test the connection to an LMS both ways, within a minute whatever the LMS does."""

from __future__ import annotations

from typing import Final

from sidecar.core import audit, platform_checks
from sidecar.core.platforms import Platform
from sidecar.runtime import Sidecar
from sidecar.tool.checks.addresses import check_clock, check_key_set, check_own_keys, check_sign_in
from sidecar.tool.checks.bounded import BoundedFetch
from sidecar.tool.checks.columns import check_columns
from sidecar.tool.checks.connection import Connection, check_launches, check_registration, read_connection
from sidecar.tool.checks.services import ask_leave
from sidecar.tool.checks.steps import Step, step
from sidecar.tool.signing import active_tool_key, published_key_set

KIND: Final = platform_checks.KIND
"""What the outbox calls a test that somebody asked for on a page."""


def check_platform(sidecar: Sidecar, platform_id: str) -> list[Step]:
    """Test the connection to an LMS; nothing stays there, and nothing is changed here."""
    with sidecar.reading() as db:
        connection = read_connection(db, db.get_one(Platform, platform_id), sidecar.now())
    return [*check_registration(connection), *_ask(sidecar, connection), *check_launches(connection)]


def check_and_keep(sidecar: Sidecar, platform_id: str, by: str | None = None) -> list[Step]:
    """Test the connection and keep what was found, for the pages to show.

    Args:
        by: the identity of who asked; None means the command line.
    """
    steps = check_platform(sidecar, platform_id)
    with sidecar.transaction() as db:
        platform_checks.keep(db, platform_id, [each.as_json() for each in steps], by=by, now=sidecar.now())
        failed = sum(each.outcome == "failed" for each in steps)
        audit.record(db, "platform.checked", platform_id, at=sidecar.now(), identity_id=by, failed_steps=failed)
    return steps


def check_asked(sidecar: Sidecar, platform_id: str) -> None:
    """Do the test that somebody asked for on a page (the outbox calls this)."""
    with sidecar.reading() as db:
        if db.get(Platform, platform_id) is None:
            return
        by = platform_checks.asked_by(db, platform_id)
    check_and_keep(sidecar, platform_id, by)


def _ask(sidecar: Sidecar, connection: Connection) -> list[Step]:
    """Go out to the LMS, and to our own public address."""
    fetch, registration = BoundedFetch(sidecar.fetch, sidecar.now), connection.registration
    found = [check_sign_in(fetch, registration.auth_url), *check_key_set(fetch, registration.jwks_url)]
    public_url = sidecar.settings.public_url
    key = active_tool_key(sidecar)
    services, leave = ask_leave(fetch, registration, key, sidecar.now, f"{public_url}/lti/jwks")
    found += services
    clock = check_clock(fetch, sidecar.now())
    kids = {str(each["kid"]) for each in published_key_set(sidecar)["keys"]}
    found += [*check_own_keys(fetch, public_url, kids, has_token=leave is not None), clock]
    if leave is None:
        return [*found, step("services-skipped")]
    return found + check_columns(fetch, leave, connection.lineitems_url, connection.announced)
