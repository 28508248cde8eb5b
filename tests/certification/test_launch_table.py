"""Every line of the launch table: signature, time, nonce, state, issuer, audience, deployment, target, keys."""

import base64
import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from sidecar.core.courses import Course
from sidecar.core.deployments import Deployment
from tests.certification.verdicts import assert_let_in, assert_refused
from tests.fakes.clock import FakeClock
from tests.fakes.lms import HOST, Browser, RegisteredLms, add_course, read_redirect
from tests.fakes.platform import ABSENT, FakePlatform, make_key

DAY_S = 86400

REJECTS: dict[str, tuple[dict[str, Any], str]] = {
    "signed by another key": ({"key": make_key(99)}, "signature-invalid"),
    "unknown crit": ({"header": {"crit": ["exp"], "exp": 1}}, "critical-header-unknown"),
    "no exp": ({"exp": ABSENT}, "claim-missing"),
    "no iat": ({"iat": ABSENT}, "claim-missing"),
    "no nonce": ({"nonce": ABSENT}, "claim-missing"),
    "a nonce never issued": ({"nonce": "invented"}, "nonce-mismatch"),
    "wrong iss": ({"iss": "https://other.example"}, "wrong-issuer"),
    "wrong aud": ({"aud": "client-2"}, "wrong-audience"),
    "two auds without azp": ({"aud": ["client-1", "client-2"]}, "claim-missing"),
    "azp of another client": ({"azp": "client-2"}, "wrong-audience"),
    "two auds with azp of another client": (
        {"aud": ["client-1", "client-2"], "azp": "client-2"},
        "wrong-audience",
    ),
    "deployment differs from login's hint": ({"deployment_id": "2"}, "deployment-mismatch"),
    "unknown message type": ({"message_type": "LtiSomethingElse"}, "message-unsupported"),
    "target_link_uri differs from login's": ({"target_link_uri": f"{HOST}/other"}, "target-mismatch"),
    "target_link_uri not on our origin": (
        {"target_link_uri": "https://evil.example/lti/launch"},
        "target-mismatch",
    ),
}


@pytest.mark.parametrize(("changes", "code"), REJECTS.values(), ids=REJECTS)
def test_rejects(lms: RegisteredLms, browser: Browser, changes: dict[str, Any], code: str) -> None:
    assert_refused(lms, browser.launch(**changes), code)


ACCEPTS: dict[str, dict[str, Any]] = {
    "aud as one-element list": {"aud": ["client-1"]},
    "two auds with azp = us": {"aud": ["client-2", "client-1"], "azp": "client-1"},
}


@pytest.mark.parametrize("changes", ACCEPTS.values(), ids=ACCEPTS)
def test_accepts(lms: RegisteredLms, browser: Browser, changes: dict[str, Any]) -> None:
    assert_let_in(lms, browser.launch(**changes))


TIMES: dict[str, tuple[dict[str, int], str | None]] = {
    "expired": ({"iat": -3660, "exp": -3600}, "token-expired"),
    "iat a day ahead": ({"iat": DAY_S, "exp": DAY_S + 60}, "token-from-future"),
    "platform clock 20 s ahead": ({"iat": 20, "exp": 80}, None),
    "expired 5 s ago": ({"iat": -65, "exp": -5}, None),
}


@pytest.mark.parametrize(("offsets_s", "code"), TIMES.values(), ids=TIMES)
def test_time(lms: RegisteredLms, browser: Browser, offsets_s: dict[str, int], code: str | None) -> None:
    now = int(lms.sidecar.now().timestamp())
    times: dict[str, Any] = {name: now + offset for name, offset in offsets_s.items()}
    answer = browser.launch(**times)
    if code is None:
        assert_let_in(lms, answer)
    else:
        assert_refused(lms, answer, code)


def test_rejects_alg_none(lms: RegisteredLms, browser: Browser) -> None:
    asked = read_redirect(browser.login())
    payload = lms.platform.id_token(nonce=asked["nonce"]).split(".")[1]
    token = f"{_encode({'alg': 'none', 'kid': 'key-1'})}.{payload}."
    assert_refused(lms, browser.post_launch(asked["state"], token), "algorithm-refused")


def test_rejects_hs256_with_the_public_key_as_secret(lms: RegisteredLms, browser: Browser) -> None:
    asked = read_redirect(browser.login())
    payload = lms.platform.id_token(nonce=asked["nonce"]).split(".")[1]
    signed = f"{_encode({'alg': 'HS256', 'kid': 'key-1'})}.{payload}"
    mac = hmac.digest(make_key(1).as_pem(private=False), signed.encode(), hashlib.sha256)
    token = f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
    assert_refused(lms, browser.post_launch(asked["state"], token), "algorithm-refused")


def test_rejects_a_nonce_of_another_login(lms: RegisteredLms, browser: Browser) -> None:
    other, mine = read_redirect(browser.login()), read_redirect(browser.login())
    token = lms.platform.id_token(nonce=other["nonce"])
    assert_refused(lms, browser.post_launch(mine["state"], token), "nonce-mismatch")


@pytest.mark.parametrize("same_browser", [True, False], ids=["same browser", "another browser"])
def test_rejects_a_replay(lms: RegisteredLms, browser: Browser, same_browser: bool) -> None:
    asked = read_redirect(browser.login())
    token = lms.platform.id_token(nonce=asked["nonce"])
    assert_let_in(lms, browser.post_launch(asked["state"], token))
    again = (browser if same_browser else lms.browser()).post_launch(asked["state"], token)
    assert again.status_code == 400
    assert [failure.code for failure in lms.failures()] == ["state-spent"]
    assert (len(lms.launches()), lms.sign_in_count()) == (1, 1)


def test_rejects_a_replay_by_a_browser_that_kept_the_cookie(lms: RegisteredLms, browser: Browser) -> None:
    login = browser.login()
    asked, kept = read_redirect(login), login.headers["Set-Cookie"].split(";")[0]
    token = lms.platform.id_token(nonce=asked["nonce"])
    browser.post_launch(asked["state"], token)
    browser.client.set_cookie(*kept.split("=", 1), path="/lti/launch", domain="sidecar.example.no")
    assert browser.post_launch(asked["state"], token).status_code == 400
    assert len(lms.launches()) == 1


def test_rejects_a_missing_state(lms: RegisteredLms, browser: Browser) -> None:
    asked = read_redirect(browser.login())
    token = lms.platform.id_token(nonce=asked["nonce"])
    assert_refused(lms, browser.post_launch(None, token), "state-missing")


def test_rejects_an_unknown_state(lms: RegisteredLms, browser: Browser) -> None:
    asked = read_redirect(browser.login())
    token = lms.platform.id_token(nonce=asked["nonce"])
    assert_refused(lms, browser.post_launch("invented", token), "state-unknown")


def test_rejects_the_state_of_another_browser(lms: RegisteredLms, browser: Browser) -> None:
    asked = read_redirect(lms.browser().login())
    token = lms.platform.id_token(nonce=asked["nonce"])
    assert_refused(lms, browser.post_launch(asked["state"], token), "browser-unknown")


def test_rejects_the_state_of_another_browser_that_has_a_login_of_its_own(lms: RegisteredLms, browser: Browser) -> None:
    asked = read_redirect(lms.browser().login())
    browser.login()
    token = lms.platform.id_token(nonce=asked["nonce"])
    assert_refused(lms, browser.post_launch(asked["state"], token), "browser-unknown")


def test_rejects_a_login_that_took_too_long(lms: RegisteredLms, browser: Browser, clock: FakeClock) -> None:
    asked = read_redirect(browser.login())
    clock.advance(minutes=10)
    token = lms.platform.id_token(nonce=asked["nonce"])
    assert_refused(lms, browser.post_launch(asked["state"], token), "state-spent")


@pytest.mark.parametrize("hint", ["42", None])
def test_an_unknown_deployment_awaits_approval(lms: RegisteredLms, browser: Browser, hint: str | None) -> None:
    asked = read_redirect(browser.login(lti_deployment_id=hint))
    token = lms.platform.id_token(nonce=asked["nonce"], deployment_id="42")
    assert_refused(lms, browser.post_launch(asked["state"], token), "unknown-deployment")
    with lms.sidecar.reading() as db:
        states = {d.deployment_id: d.state for d in db.scalars(select(Deployment))}
    assert states == {"1": "active", "42": "pending"}


def test_pending_deployments_are_bounded(lms: RegisteredLms, browser: Browser) -> None:
    for number in range(25):
        asked = read_redirect(browser.login(lti_deployment_id=None))
        token = lms.platform.id_token(nonce=asked["nonce"], deployment_id=f"d{number}")
        assert browser.post_launch(asked["state"], token).status_code == 403
    with lms.sidecar.reading() as db:
        assert len(db.scalars(select(Deployment).where(Deployment.state == "pending")).all()) == 20


def test_accepts_after_the_platform_rotated_its_key(
    lms: RegisteredLms, browser: Browser, platform: FakePlatform, clock: FakeClock
) -> None:
    browser.launch()
    clock.advance(seconds=20)
    platform.rotate_key()
    assert_let_in(lms, browser.launch(), count=2)


def test_accepts_a_jwk_without_alg(lms: RegisteredLms, browser: Browser, platform: FakePlatform) -> None:
    platform.jwk_has_alg = False
    assert_let_in(lms, browser.launch())


def test_twenty_junk_kids_cost_at_most_three_fetches(
    lms: RegisteredLms, browser: Browser, platform: FakePlatform, clock: FakeClock
) -> None:
    browser.launch()
    for number in range(20):
        clock.advance(seconds=1)
        assert browser.launch(header={"kid": f"junk-{number}"}).status_code == 400
    assert platform.count("/jwks") <= 3


def test_keys_that_cannot_be_fetched(lms: RegisteredLms, browser: Browser, platform: FakePlatform) -> None:
    platform.down = True
    assert_refused(lms, browser.launch(), "keys-unavailable")


def test_parallel_launches_in_iframes_of_one_browser(lms: RegisteredLms, browser: Browser) -> None:
    first, second = read_redirect(browser.login()), read_redirect(browser.login())
    tokens = [lms.platform.id_token(nonce=asked["nonce"]) for asked in (first, second)]
    late = browser.post_launch(second["state"], tokens[1])
    early = browser.post_launch(first["state"], tokens[0])
    assert (late.status_code, early.status_code) == (303, 303)
    assert late.headers["Location"] != early.headers["Location"]
    assert lms.sign_in_count() == 2


def test_of_two_posts_of_one_launch_at_once_one_is_let_in(lms: RegisteredLms, browser: Browser) -> None:
    login = browser.login()
    asked, cookie = read_redirect(login), login.headers["Set-Cookie"].split(";")[0]
    form = {"state": asked["state"], "id_token": lms.platform.id_token(nonce=asked["nonce"])}

    def post(_: int) -> int:
        client = lms.app.test_client(use_cookies=False)
        return client.post("/lti/launch", base_url=HOST, data=form, headers={"Cookie": cookie}).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(post, range(4))) == [303, 400, 400, 400]
    assert len(lms.launches()) == 1


def test_first_launches_of_one_learner_at_once_are_one_learner(lms: RegisteredLms) -> None:
    logins = [lms.browser().login() for _ in range(4)]

    def post(login: TestResponse) -> int:
        asked, cookie = read_redirect(login), login.headers["Set-Cookie"].split(";")[0]
        form = {"state": asked["state"], "id_token": lms.platform.id_token(nonce=asked["nonce"])}
        client = lms.app.test_client(use_cookies=False)
        return client.post("/lti/launch", base_url=HOST, data=form, headers={"Cookie": cookie}).status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(post, logins)) == [303] * 4
    assert len({launch.identity_id for launch in lms.launches()}) == 1


def test_a_flood_of_junk_fills_no_table(lms: RegisteredLms, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.core.launches.FAILURES_AN_HOUR", 3)
    for number in range(6):
        assert browser.post_launch(f"junk-{number}", "junk").status_code == 400
    assert len(lms.failures()) == 3


def test_a_course_with_nothing_to_play_gets_a_clear_page(lms: RegisteredLms, browser: Browser) -> None:
    with lms.sidecar.transaction() as db:
        db.add(Course(key="empty", title="Tomt", created_at=lms.sidecar.now()))
    assert_refused(lms, browser.launch(custom={"course": "empty"}), "nothing-to-play")


def test_a_token_is_never_logged(lms: RegisteredLms, browser: Browser, capsys: pytest.CaptureFixture[str]) -> None:
    asked = read_redirect(browser.login())
    token = lms.platform.id_token(nonce=asked["nonce"], version="1.2.0")
    with capture_logs() as logs:
        browser.post_launch(asked["state"], token)
    told = json.dumps(logs, default=str) + capsys.readouterr().out
    assert "launch.refused" in told
    assert not [secret for secret in (token, asked["state"], asked["nonce"], "Bråten", "geir@") if secret in told]


def _encode(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def test_a_retired_course_says_so_to_who_would_begin_it(lms: RegisteredLms, browser: Browser) -> None:
    course_id = add_course(lms.sidecar, "gammelt", "Gammelt")
    with lms.sidecar.transaction() as db:
        db.get_one(Course, course_id).retired_at = lms.sidecar.now()
    assert_refused(lms, browser.launch(custom={"course": "gammelt"}), "course-retired")
