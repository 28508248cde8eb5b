"""Our signing keys: published before use, rotated by command and by schedule, revoked, and wiped."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from lti.login import Registration
from lti.services import make_assertion
from practice_lms.app import create_app, lms_of
from practice_lms.config import Config
from practice_lms.serving import serve
from sidecar import tool
from sidecar.core.audit import AuditEntry
from sidecar.core.signing_keys import SigningKey
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from sidecar.schedule import tick
from sidecar.settings import Settings
from sidecar.tool.signing import KeyTooYoungError
from sidecar.web.app import create_app as create_tool_app
from tests.fakes.clock import FakeClock
from tests.fakes.lms import tool_key_maker
from tests.practice_lms.conftest import SCORE_SCOPE, get_token


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())


def keys(sidecar: Sidecar) -> dict[str, SigningKey]:
    with sidecar.reading() as db:
        return {key.kid: key for key in db.query(SigningKey)}


def published(sidecar: Sidecar) -> set[str]:
    return {key["kid"] for key in tool.published_key_set(sidecar)["keys"]}


def actions(sidecar: Sidecar) -> list[str]:
    with sidecar.reading() as db:
        return list(db.scalars(select(AuditEntry.action)))


def active(sidecar: Sidecar) -> str:
    return tool.active_tool_key(sidecar).kid


def test_a_rotation_lets_the_published_key_sign(sidecar: Sidecar, clock: FakeClock) -> None:
    tool.ensure_keys(sidecar)
    old, before = active(sidecar), published(sidecar)
    clock.advance(days=2)
    new = tool.rotate_keys(sidecar).kid
    assert new in before - {old}
    assert active(sidecar) == new
    assert len(published(sidecar)) == 3
    clock.advance(days=6, hours=23)
    assert old in published(sidecar)
    clock.advance(hours=2)
    assert old not in published(sidecar)


def test_a_key_signs_only_after_every_platform_could_fetch_it(sidecar: Sidecar, clock: FakeClock) -> None:
    tool.ensure_keys(sidecar)
    old = active(sidecar)
    clock.advance(hours=47)
    with pytest.raises(KeyTooYoungError) as refused:
        tool.rotate_keys(sidecar)
    assert refused.value.facts == {"hours": 47, "wanted": 48}
    assert active(sidecar) == old
    assert tool.rotate_keys(sidecar, hurry="the disk was copied").kid != old


def test_a_retired_key_is_wiped(sidecar: Sidecar, clock: FakeClock) -> None:
    tool.ensure_keys(sidecar)
    old = active(sidecar)
    clock.advance(days=3)
    tool.rotate_keys(sidecar)
    assert keys(sidecar)[old].private == b""
    assert [key.state for key in keys(sidecar).values() if not key.private] == ["retired"]


def test_the_schedule_rotates_when_the_time_has_come(sidecar: Sidecar, clock: FakeClock) -> None:
    tool.ensure_keys(sidecar)
    old = active(sidecar)
    clock.advance(days=89, hours=23)
    assert tick(sidecar) == []
    assert active(sidecar) == old
    clock.advance(hours=1)
    assert tick(sidecar) == []
    assert tick(sidecar) == []
    assert active(sidecar) != old
    assert len(keys(sidecar)) == 3
    assert actions(sidecar).count("signing_key.rotated") == 1


def test_the_schedule_waits_till_the_next_key_is_known(sidecar: Sidecar, clock: FakeClock) -> None:
    tool.ensure_keys(sidecar)
    clock.advance(days=91)
    tool.rotate_keys(sidecar, hurry="a try")
    (fresh,) = [key.kid for key in keys(sidecar).values() if key.state == "next"]
    eager = Sidecar(replace(sidecar.settings, key_days=1), clock=clock)
    clock.advance(hours=47)
    tool.rotate_when_due(eager)
    assert active(sidecar) != fresh
    clock.advance(hours=1)
    tool.rotate_when_due(eager)
    assert active(sidecar) == fresh
    eager.close()


def test_no_days_means_never(sidecar: Sidecar, clock: FakeClock) -> None:
    never = Sidecar(replace(sidecar.settings, key_days=0), clock=clock)
    tool.ensure_keys(never)
    clock.advance(days=2000)
    tool.rotate_when_due(never)
    assert len(keys(never)) == 2
    never.close()


def race(*sides: Callable[[], object]) -> None:
    barrier = threading.Barrier(len(sides))
    failures: list[BaseException] = []

    def run(side: Callable[[], object]) -> None:
        barrier.wait()
        try:
            side()
        except BaseException as error:  # noqa: BLE001 (told below)
            failures.append(error)

    threads = [threading.Thread(target=run, args=(side,)) for side in sides]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert failures == []


def test_two_schedulers_rotate_once(settings: Settings, sidecar: Sidecar, clock: FakeClock) -> None:
    tool.ensure_keys(sidecar)
    other = Sidecar(settings, clock=clock)
    for _ in range(5):
        clock.advance(days=90)
        before = len(keys(sidecar))
        race(lambda: tool.rotate_when_due(sidecar), lambda: tool.rotate_when_due(other))
        assert len(keys(sidecar)) == before + 1
        assert sorted(key.state for key in keys(sidecar).values() if key.state != "retired") == ["active", "next"]
    other.close()


def test_a_revoked_key_is_published_no_longer(sidecar: Sidecar) -> None:
    tool.ensure_keys(sidecar)
    stolen = active(sidecar)
    (following,) = published(sidecar) - {stolen}
    assert tool.revoke_key(sidecar, stolen, reason="a copied disk").kid == following
    assert stolen not in published(sidecar)
    assert following in published(sidecar)
    assert len(published(sidecar)) == 2
    assert keys(sidecar)[stolen].private == b""
    assert "signing_key.revoked" in actions(sidecar)


def test_the_next_and_a_retired_key_can_be_revoked(sidecar: Sidecar, clock: FakeClock) -> None:
    tool.ensure_keys(sidecar)
    old = active(sidecar)
    clock.advance(days=3)
    current = tool.rotate_keys(sidecar).kid
    (following,) = published(sidecar) - {old, current}
    for kid in (old, following):
        assert tool.revoke_key(sidecar, kid, reason="a try").kid == current
        assert kid not in published(sidecar)
    assert len(published(sidecar)) == 2
    with pytest.raises(NotFoundError):
        tool.revoke_key(sidecar, "nobody", reason="a try")


def registration_in(config: Config) -> Registration:
    return Registration(
        issuer=config.issuer,
        client_id=config.client_id,
        auth_url="http://lms.example/auth",
        token_url=config.token_url,
        jwks_url="http://lms.example/certs",
        deployments=frozenset({"1"}),
    )


@pytest.mark.slow
def test_an_lms_that_keeps_our_keys_takes_what_was_signed_before_and_after(
    sidecar: Sidecar, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the LMS checks real signatures
    with serve(create_tool_app(sidecar)) as server:
        monkeypatch.setattr("practice_lms.keys.REFETCH_PAUSE_S", 0.0)
        config = Config(issuer="http://lms.example", tool_url=f"http://127.0.0.1:{server.port}")
        lms_app = create_app(config)
        lms, client = lms_of(lms_app), lms_app.test_client()

        def sign() -> str:
            return make_assertion(registration_in(config), tool.active_tool_key(sidecar), datetime.now(UTC))

        def ask(assertion: str) -> int:
            return get_token(client, assertion, scope=SCORE_SCOPE).status_code

        tool.ensure_keys(sidecar)
        assert ask(sign()) == 200  # the LMS has fetched both keys
        in_flight = sign()
        token = lms.issue_token(frozenset({SCORE_SCOPE}))
        clock.advance(days=3)
        tool.rotate_keys(sidecar)
        monkeypatch.setattr("practice_lms.keys.REFETCH_PAUSE_S", 1e9)  # it goes on with what it has kept
        assert ask(in_flight) == 200
        assert ask(sign()) == 200
        assert token in lms.tokens
        late = sign()
        monkeypatch.setattr("practice_lms.keys.REFETCH_PAUSE_S", 0.0)
        tool.revoke_key(sidecar, active(sidecar), reason="a try")
        clock.advance(days=3)
        assert ask(sign()) == 200
        lms.tool_keys._keys = {}  # it fetches again
        assert ask(late) == 400
