"""An LMS that is known but may not launch just now: its people are told why, in its frame; staff find the refusal."""

from collections.abc import Callable
from datetime import datetime

import pytest

from sidecar.core.access import Viewer
from sidecar.core.failed_launches import ReferenceUnknownError, find_failure
from sidecar.core.platforms import Platform
from sidecar.core.regions import Region
from sidecar.web import headers
from tests.fakes.lms import HOST, Browser, RegisteredLms, read_redirect

FRAMED = {"Sec-Fetch-Dest": "iframe"}


def _await_approval(platform: Platform, _now: datetime) -> None:
    platform.is_pending = True


def _disable(platform: Platform, now: datetime) -> None:
    platform.disabled_at = now


def _remove(platform: Platform, now: datetime) -> None:
    platform.removed_at = now


STATES: dict[str, Callable[[Platform, datetime], None]] = {
    "platform-pending": _await_approval,
    "platform-disabled": _disable,
    "platform-removed": _remove,
}


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look the platforms up at each answer."""
    monkeypatch.setattr(headers, "KNOWN_FOR_S", 0.0)


@pytest.fixture(params=STATES)
def code(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def stop(lms: RegisteredLms, code: str) -> None:
    with lms.sidecar.transaction() as db:
        STATES[code](db.get_one(Platform, lms.platform_id), lms.sidecar.now())


def ancestors(policy: str) -> list[str]:
    return policy.partition("frame-ancestors ")[2].split()


@pytest.mark.parametrize("client_id", ["client-1", None])
def test_a_login_says_why_and_is_kept_for_those_who_look_after_the_lms(
    lms: RegisteredLms, browser: Browser, code: str, client_id: str | None
) -> None:
    stop(lms, code)
    answer = browser.login(client_id=client_id)
    assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (400, [])
    assert code in answer.text
    (failure,) = lms.failures()
    assert (failure.code, failure.platform_id, failure.facts, failure.claims) == (code, lms.platform_id, {}, None)
    assert failure.reference in answer.text


def test_the_office_that_looks_after_the_lms_finds_the_refusal(lms: RegisteredLms, browser: Browser, code: str) -> None:
    region = Region(slug="kongsbergregionen", name="Kongsbergregionen")
    with lms.sidecar.transaction() as db:
        db.add(region)
        db.flush()
        db.get_one(Platform, lms.platform_id).region_id = region.id
    stop(lms, code)
    browser.login()
    rkk = Viewer(roles=frozenset({"rkk"}), regions=frozenset({region.id}))
    with lms.sidecar.reading() as db:
        found = find_failure(db, rkk, lms.failures()[0].reference)
        assert found.row.code == code
        with pytest.raises(ReferenceUnknownError):
            find_failure(db, Viewer(roles=frozenset({"rkk"})), lms.failures()[0].reference)


def test_a_login_by_get_is_kept_as_one_by_post_is(lms: RegisteredLms, browser: Browser, code: str) -> None:
    stop(lms, code)
    page = browser.login(method="GET").text
    (failure,) = lms.failures()
    assert (failure.code, failure.platform_id) == (code, lms.platform_id)
    assert failure.reference in page


def test_the_lms_may_show_the_refusal_in_its_frame_and_nothing_else(
    lms: RegisteredLms, browser: Browser, code: str
) -> None:
    stop(lms, code)
    refusal = browser.login().headers["Content-Security-Policy"]
    assert ancestors(refusal) == ["'self'", lms.platform.issuer]
    assert ancestors(browser.get("/").headers["Content-Security-Policy"]) == ["'self'"]


def test_no_stranger_may_show_a_refusal(lms: RegisteredLms, browser: Browser) -> None:
    answer = browser.login(iss="https://unknown.example")
    assert ancestors(answer.headers["Content-Security-Policy"]) == ["'self'", lms.platform.issuer]


@pytest.mark.parametrize("target", [{}, {"lti_storage_target": "_parent"}])
def test_a_browser_without_cookies_in_the_frame_is_told_too(
    lms: RegisteredLms, code: str, target: dict[str, str]
) -> None:
    stop(lms, code)
    client = lms.app.test_client(use_cookies=False)
    first = client.post("/lti/login", base_url=HOST, data=lms.login_params() | target, headers=FRAMED)
    answer = client.get(first.headers["Location"], base_url=HOST, headers=FRAMED)
    assert code in answer.text
    assert lms.platform.issuer in ancestors(answer.headers["Content-Security-Policy"])


def test_a_launch_that_was_under_way_is_told_too(lms: RegisteredLms, browser: Browser, code: str) -> None:
    asked = read_redirect(browser.login())
    stop(lms, code)
    answer = browser.post_launch(asked["state"], lms.platform.id_token(nonce=asked["nonce"]))
    assert code in answer.text
    assert lms.platform.issuer in ancestors(answer.headers["Content-Security-Policy"])
    assert [(failure.code, failure.platform_id) for failure in lms.failures()] == [(code, lms.platform_id)]
    assert lms.launches() == []


def test_a_launch_whose_secret_the_lms_keeps_is_told_too(lms: RegisteredLms, code: str) -> None:
    client = lms.app.test_client(use_cookies=False)
    params = lms.login_params() | {"lti_storage_target": "_parent"}
    first = client.post("/lti/login", base_url=HOST, data=params, headers=FRAMED)
    page = client.get(first.headers["Location"], base_url=HOST, headers=FRAMED).text
    state = page.split("state=", 1)[1].split("&amp;", 1)[0]
    stop(lms, code)
    answer = client.post("/lti/launch", base_url=HOST, data={"state": state}, headers={"Origin": lms.platform.issuer})
    assert answer.status_code == 400
    assert code in answer.text
    assert [failure.code for failure in lms.failures()] == [code]


def test_of_two_clients_one_must_be_named(lms: RegisteredLms, browser: Browser, code: str) -> None:
    with lms.sidecar.transaction() as db:
        first = db.get_one(Platform, lms.platform_id)
        urls = {name: getattr(first, name) for name in ("issuer", "auth_url", "token_url", "jwks_url", "created_at")}
        db.add(Platform(name="Another", client_id="client-2", is_pending=True, **urls))
    stop(lms, code)
    assert "unknown-platform" in browser.login(client_id=None).text
    assert "platform-pending" in browser.login(client_id="client-2").text
