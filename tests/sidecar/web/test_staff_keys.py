"""Keys are shown, rotated and revoked by operators, by the same rules as on the command line."""

import pytest
from sqlalchemy import select

from sidecar import tool
from sidecar.core.audit import AuditEntry
from sidecar.core.signing_keys import SigningKey, active_key, list_keys, next_key
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import Staff


@pytest.fixture
def operator(sign_in: SignIn, sidecar: Sidecar) -> Staff:
    tool.ensure_keys(sidecar)
    staff = sign_in("operator")
    staff.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return staff


def kid(sidecar: Sidecar, state: str) -> str:
    with sidecar.reading() as db:
        found = active_key(db) if state == "active" else next_key(db)
    assert found is not None
    return found.kid


def entries(sidecar: Sidecar) -> list[tuple[str, str | None, object]]:
    with sidecar.reading() as db:
        query = select(AuditEntry).where(AuditEntry.action.startswith("signing_key"))
        return [(one.action, one.identity_id, one.facts["reason"]) for one in db.scalars(query)]


def test_an_installation_without_keys_says_so(sign_in: SignIn) -> None:
    assert "SIDECAR_KEY_DAYS" not in sign_in("operator").get("/staff/keys")


def test_states_and_the_next_rotation_are_shown(sidecar: Sidecar, operator: Staff) -> None:
    page = operator.get("/staff/keys")
    for told in ("Signs now", "Comes next", "0 days old", "a key signs for 90 days", "14 Dec 2026"):
        assert told in page
    due = tool.rotation_due(sidecar)
    assert due is not None
    assert due.date().isoformat() == "2026-12-14"
    with sidecar.reading() as db:
        assert not any(one.private.decode("latin-1") in page for one in list_keys(db))


def test_a_young_next_key_waits_or_is_hurried_with_a_reason(sidecar: Sidecar, operator: Staff) -> None:
    before = kid(sidecar, "active")
    page = operator.post("/staff/keys/rotate", status=400)
    assert "0 of 48 hours" in page
    assert "Rotate all the same" in page
    assert "Say why" in operator.post("/staff/keys/rotate", {"hurry": "1", "reason": "  "}, 400)
    assert kid(sidecar, "active") == before
    assert operator.post("/staff/keys/rotate", {"hurry": "1", "reason": "seen in a log"}) == "/staff/keys"
    assert kid(sidecar, "active") != before
    assert entries(sidecar) == [("signing_key.rotated", operator.identity_id, "seen in a log")]
    assert "Retired" in operator.get("/staff/keys")


def test_one_that_every_lms_knows_rotates_at_once(sidecar: Sidecar, clock: FakeClock, sign_in: SignIn) -> None:
    tool.ensure_keys(sidecar)
    clock.advance(minutes=60 * 49)
    following = kid(sidecar, "next")
    operator = sign_in("operator")
    operator.post("/staff/keys/rotate")
    assert kid(sidecar, "active") == following


@pytest.mark.parametrize("state", ["active", "next"])
def test_a_key_is_revoked_after_a_question_and_with_a_reason(sidecar: Sidecar, operator: Staff, state: str) -> None:
    gone = kid(sidecar, state)
    page = operator.get(f"/staff/keys/{gone}/revoke")
    assert ("The next key signs from this moment" in page) == (state == "active")
    operator.post(f"/staff/keys/{gone}/revoke", {"reason": ""}, 400)
    operator.post(f"/staff/keys/{gone}/revoke", {"reason": "laptop stolen"})
    with sidecar.reading() as db:
        key = db.get_one(SigningKey, gone)
    assert key.revoked_at is not None
    assert ("signing_key.revoked", operator.identity_id, "laptop stolen") in entries(sidecar)
    assert gone not in str(tool.published_key_set(sidecar))
    assert "nothing is left to do" in operator.get(f"/staff/keys/{gone}/revoke")


def test_a_key_that_there_is_not_is_not_there(operator: Staff) -> None:
    for path in ("nothing", "../roles", "%00", "x" * 300):
        operator.get(f"/staff/keys/{path}/revoke", 404)
        operator.post(f"/staff/keys/{path}/revoke", {"reason": "x"}, 404)
