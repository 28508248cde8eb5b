"""Third-party-initiated login: what it sends on, and what it refuses."""

from html import unescape
from urllib.parse import urlsplit

import pytest

from sidecar import schedule
from sidecar.core.launches import LoginRecord
from sidecar.core.platforms import Platform
from tests.fakes.clock import FakeClock
from tests.fakes.lms import HOST, Browser, RegisteredLms, read_redirect


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_sends_the_browser_to_the_registered_address(lms: RegisteredLms, browser: Browser, method: str) -> None:
    answer = browser.login(method=method)
    asked = read_redirect(answer)
    assert answer.headers["Location"].startswith("https://lms.example/auth?")
    assert {name: asked[name] for name in ("scope", "response_type", "response_mode", "prompt")} == {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
    }
    assert (asked["redirect_uri"], asked["client_id"]) == (f"{HOST}/lti/launch", "client-1")
    assert (asked["login_hint"], asked["lti_message_hint"]) == ("7", '{"cmid":1,"launchid":"abc"}')
    assert len(asked["state"]) >= 22
    assert len(asked["nonce"]) >= 22


def test_gives_each_state_a_cookie_of_its_own(lms: RegisteredLms, browser: Browser) -> None:
    cookies = [browser.login().headers["Set-Cookie"].split("; ") for _ in range(2)]
    names = {cookie[0].split("=")[0] for cookie in cookies}
    assert len(names) == 2
    for cookie in cookies:
        assert cookie[0].startswith("__Host-lti-")
        assert {"Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"} <= set(cookie)
        assert "Max-Age=600" in cookie


def test_the_database_holds_no_state_and_no_browser_secret(lms: RegisteredLms, browser: Browser) -> None:
    answer = browser.login()
    secret = answer.headers["Set-Cookie"].split(";")[0].split("=", 1)[1]
    with lms.sidecar.reading() as db:
        record = db.query(LoginRecord).one()
    assert record.state_hash != read_redirect(answer)["state"]
    assert record.browser_secret_hash != secret


def test_the_client_id_may_be_left_out(lms: RegisteredLms, browser: Browser) -> None:
    assert read_redirect(browser.login(client_id=None))["client_id"] == "client-1"


REFUSED: dict[str, tuple[dict[str, str | None], str]] = {
    "unknown iss": ({"iss": "https://unknown.example"}, "unknown-platform"),
    "unknown client": ({"client_id": "client-9"}, "unknown-platform"),
    "no iss": ({"iss": None}, "login-parameter-missing"),
    "no login_hint": ({"login_hint": None}, "login-parameter-missing"),
    "no target_link_uri": ({"target_link_uri": None}, "login-parameter-missing"),
    "foreign target_link_uri": ({"target_link_uri": "https://evil.example/lti/launch"}, "foreign-target"),
    "another path": ({"target_link_uri": f"{HOST}/staff/"}, "foreign-target"),
    "our host as a prefix": ({"target_link_uri": f"{HOST}.evil.example/lti/launch"}, "foreign-target"),
    "control characters": ({"login_hint": "7\r\nX: y"}, "login-parameter-invalid"),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("changes", "code"), REFUSED.values(), ids=REFUSED)
def test_refuses(lms: RegisteredLms, browser: Browser, changes: dict[str, str | None], code: str, method: str) -> None:
    answer = browser.login(method=method, **changes)
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert code in answer.text
    assert answer.headers.getlist("Set-Cookie") == []
    with lms.sidecar.reading() as db:
        assert db.query(LoginRecord).count() == 0
    (failure,) = lms.failures()
    assert failure.reference in answer.text
    known = lms.platform_id if code == "foreign-target" else None
    assert (failure.code, failure.platform_id, failure.claims) == (code, known, None)


def test_the_launch_address_opened_by_hand_leaves_no_record(lms: RegisteredLms, browser: Browser) -> None:
    answer = browser.get("/lti/launch")
    assert (answer.status_code, lms.failures()) == (405, [])


def test_a_token_sent_to_the_login_address_leaves_no_claims(lms: RegisteredLms, browser: Browser) -> None:
    browser.login(target_link_uri="https://evil.example/", id_token=lms.platform.id_token(nonce="n"))
    (failure,) = lms.failures()
    assert (failure.platform_id, failure.claims) == (lms.platform_id, None)


def test_refuses_a_disabled_platform(lms: RegisteredLms, browser: Browser) -> None:
    with lms.sidecar.transaction() as db:
        db.get_one(Platform, lms.platform_id).disabled_at = lms.sidecar.now()
    assert browser.login().status_code == 400


def test_an_issuer_with_two_clients_must_say_which(lms: RegisteredLms, browser: Browser) -> None:
    with lms.sidecar.transaction() as db:
        first = db.get_one(Platform, lms.platform_id)
        db.add(
            Platform(
                name="Another",
                issuer=first.issuer,
                client_id="client-2",
                auth_url="https://lms.example/auth2",
                token_url=first.token_url,
                jwks_url=first.jwks_url,
                created_at=first.created_at,
            )
        )
    assert browser.login(client_id=None).status_code == 400
    assert urlsplit(browser.login(client_id="client-2").headers["Location"]).path == "/auth2"


def test_old_logins_are_forgotten(lms: RegisteredLms, browser: Browser, clock: FakeClock) -> None:
    browser.login()
    clock.advance(hours=2)
    browser.login()
    schedule.bound_logins(lms.sidecar)
    with lms.sidecar.reading() as db:
        assert db.query(LoginRecord).count() == 1


def test_a_launch_address_opened_by_hand_says_where_to_go(lms: RegisteredLms, browser: Browser) -> None:
    answer = browser.get("/lti/launch")
    assert (answer.status_code, answer.mimetype) == (405, "text/html")
    assert lms.failures() == []


def test_an_error_of_the_platform_gets_a_clear_page(lms: RegisteredLms, browser: Browser) -> None:
    asked = read_redirect(browser.login())
    answer = browser.post_launch(
        asked["state"], None, error="access_denied", error_description="Geir <b>Bråten</b> has no access"
    )
    assert answer.status_code == 403
    assert "access_denied" in answer.text
    assert "Bråten" not in answer.text
    assert lms.failures()[0].facts == {"reason": "access_denied"}


@pytest.mark.parametrize("error", ["<script>", "invented"])
def test_an_unknown_error_of_the_platform_is_not_repeated(lms: RegisteredLms, browser: Browser, error: str) -> None:
    asked = read_redirect(browser.login())
    answer = browser.post_launch(asked["state"], None, error=error)
    assert answer.status_code == 403
    assert error not in answer.text


def test_the_page_speaks_the_browsers_language(lms: RegisteredLms, browser: Browser) -> None:
    answer = browser.client.post("/lti/launch", base_url=HOST, headers={"Accept-Language": "en-GB"})
    assert '<html lang="en">' in answer.text
    answer = browser.client.post("/lti/launch", base_url=HOST)
    assert '<html lang="nb">' in answer.text


def test_the_key_set_is_published_and_may_be_kept(lms: RegisteredLms, browser: Browser) -> None:
    answer = browser.get("/lti/jwks")
    assert answer.json is not None
    assert [sorted(key) for key in answer.json["keys"]] == [["alg", "e", "kid", "kty", "n", "use"]] * 2
    assert answer.headers["Cache-Control"] == "public, max-age=3600"


def test_a_framed_login_without_cookies_is_offered_in_a_new_window(lms: RegisteredLms) -> None:
    framed = {"Sec-Fetch-Dest": "iframe"}
    client = lms.app.test_client(use_cookies=False)
    first = client.post("/lti/login", base_url=HOST, data=lms.login_params(), headers=framed)
    assert first.status_code == 303
    page = client.get(first.headers["Location"], base_url=HOST, headers=framed)
    assert (page.status_code, page.headers.getlist("Set-Cookie")) == (200, [])
    url = page.text.split('<a class="button" href="', 1)[1].split('"', 1)[0]
    again = lms.browser().client.get(unescape(url), base_url=HOST, headers={"Sec-Fetch-Dest": "document"})
    assert read_redirect(again)["lti_message_hint"] == '{"cmid":1,"launchid":"abc"}'


def test_a_framed_login_with_cookies_goes_round_once(lms: RegisteredLms, browser: Browser) -> None:
    framed = {"Sec-Fetch-Dest": "iframe"}
    first = browser.client.post("/lti/login", base_url=HOST, data=lms.login_params(), headers=framed)
    cookie = first.headers["Set-Cookie"].split("; ")
    assert {"Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/lti"} <= set(cookie)
    second = browser.client.get(first.headers["Location"], base_url=HOST, headers=framed)
    assert read_redirect(second)["login_hint"] == "7"
    third = browser.client.post("/lti/login", base_url=HOST, data=lms.login_params(), headers=framed)
    assert third.status_code == 302
    with lms.sidecar.reading() as db:
        assert db.query(LoginRecord).count() == 2


def test_a_framed_login_too_long_for_a_url_goes_on_at_once(lms: RegisteredLms, browser: Browser) -> None:
    params = lms.login_params() | {"lti_message_hint": "x" * 5000}
    headers = {"Sec-Fetch-Dest": "iframe"}
    answer = browser.client.post("/lti/login", base_url=HOST, data=params, headers=headers)
    assert answer.status_code == 302
