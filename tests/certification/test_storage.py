"""Launch in a browser that keeps no cookies in the LMS's frame: the LMS's window keeps our secret, and hands it back.

Source: 1EdTech LTI OIDC Login with LTI Client Side postMessages; LTI postMessage Storage.
"""

from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sidecar.core.launches import LoginRecord
from tests.fakes.clock import FakeClock
from tests.fakes.lms import HOST, Browser, RegisteredLms, read_redirect

FRAMED = {"Sec-Fetch-Dest": "iframe"}
OWN_PAGE = {"Origin": HOST, "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def client(lms: RegisteredLms) -> FlaskClient:
    """A browser without cookies."""
    return lms.app.test_client(use_cookies=False)


def log_in(lms: RegisteredLms, client: FlaskClient, target: str = "_parent") -> TestResponse:
    """Start a launch in a frame, up to the page that speaks to the LMS's window."""
    params = lms.login_params() | {"lti_storage_target": target}
    first = client.post("/lti/login", base_url=HOST, data=params, headers=FRAMED)
    return client.get(first.headers["Location"], base_url=HOST, headers=FRAMED)


def attribute(page: TestResponse, name: str) -> str:
    """Return the value of an attribute or of a hidden field of a page."""
    start = f'name="{name}" value="' if f'name="{name}" value="' in page.text else f'{name}="'
    return unescape(page.text.split(start, 1)[1].split('"', 1)[0])


def come_back(lms: RegisteredLms, client: FlaskClient, page: TestResponse, **more: str) -> dict[str, str]:
    """Come back from the LMS to the page that asks for the secret; return the form that it sends."""
    query = parse_qs(urlsplit(attribute(page, "data-platform")).query)
    token = lms.platform.id_token(nonce=query["nonce"][0])
    form = {"state": query["state"][0]} | (more or {"id_token": token})
    asking = client.post("/lti/launch", base_url=HOST, data=form, headers={"Origin": lms.platform.issuer})
    assert (asking.status_code, asking.headers.getlist("Set-Cookie")) == (200, [])
    assert attribute(asking, "data-key") == attribute(page, "data-key")
    assert "data-value" not in asking.text
    return {name: attribute(asking, name) for name in form}


def hand_back(client: FlaskClient, form: dict[str, str], secret: str, **headers: str) -> TestResponse:
    return client.post("/lti/launch/stored", base_url=HOST, data=form | {"kept": secret}, headers=headers or OWN_PAGE)


def enter(lms: RegisteredLms, client: FlaskClient) -> tuple[str, dict[str, str]]:
    """Launch; return the player's address and the form that opens it."""
    page = log_in(lms, client)
    onward = hand_back(client, come_back(lms, client, page), attribute(page, "data-value"))
    assert onward.status_code == 200
    return attribute(onward, "action"), {name: attribute(onward, name) for name in ("csrf_token", "launch_secret")}


def test_a_launch_is_let_in_with_what_the_lms_kept(lms: RegisteredLms, client: FlaskClient) -> None:
    page = log_in(lms, client)
    assert (page.status_code, page.headers.getlist("Set-Cookie")) == (200, [])
    assert attribute(page, "data-target") == "_parent"
    assert attribute(page, "data-platform").startswith(f"{lms.platform.issuer}/auth?")
    secret = attribute(page, "data-value")
    assert secret not in attribute(page, "data-platform")
    form = come_back(lms, client, page)
    assert lms.launches() == []
    onward = hand_back(client, form, secret)
    assert len(lms.launches()) == 1
    assert attribute(onward, "action") == f"/play/{lms.launches()[0].id}"


def test_the_secret_is_no_part_of_the_log(
    lms: RegisteredLms, client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    page = log_in(lms, client)
    form = come_back(lms, client, page)
    carried = attribute(hand_back(client, form, attribute(page, "data-value")), "launch_secret")
    logged = capsys.readouterr().out
    assert "launch.admitted" in logged
    for secret in (attribute(page, "data-value"), carried, form["state"], form["id_token"]):
        assert secret not in logged


def test_the_platform_is_asked_on_the_origin_of_its_registration(lms: RegisteredLms, client: FlaskClient) -> None:
    page = log_in(lms, client, target="lti_storage_frame")
    query = parse_qs(urlsplit(attribute(page, "data-platform")).query)
    asking = client.post("/lti/launch", base_url=HOST, data={"state": query["state"][0], "id_token": "x"})
    assert attribute(asking, "data-platform") == lms.platform.registration().auth_url
    assert attribute(asking, "data-target") == "lti_storage_frame"


@pytest.mark.parametrize("secret", ["", "wrong", "A" * 43, "A" * 100_000])
def test_a_launch_with_another_secret_is_refused_and_used_up(
    lms: RegisteredLms, client: FlaskClient, secret: str
) -> None:
    page = log_in(lms, client)
    form = come_back(lms, client, page)
    assert hand_back(client, form, secret).status_code == 400
    assert hand_back(client, form, attribute(page, "data-value")).status_code == 400
    assert sorted(failure.code for failure in lms.failures()) == ["browser-unknown", "state-spent"]
    assert lms.launches() == []


def test_the_secret_of_another_login_opens_nothing(lms: RegisteredLms, client: FlaskClient) -> None:
    mine, other = log_in(lms, client), log_in(lms, client)
    assert hand_back(client, come_back(lms, client, mine), attribute(other, "data-value")).status_code == 400
    assert [failure.code for failure in lms.failures()] == ["browser-unknown"]


def test_a_replay_is_refused(lms: RegisteredLms, client: FlaskClient) -> None:
    page = log_in(lms, client)
    form = come_back(lms, client, page)
    assert hand_back(client, form, attribute(page, "data-value")).status_code == 200
    assert hand_back(client, form, attribute(page, "data-value")).status_code == 400
    assert [failure.code for failure in lms.failures()] == ["state-spent"]
    assert len(lms.launches()) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://lms.example", "Sec-Fetch-Site": "cross-site"},
        {"X-Nothing": "said"},
    ],
)
def test_another_site_can_not_log_a_browser_in_as_somebody_else(
    lms: RegisteredLms, client: FlaskClient, headers: dict[str, str]
) -> None:
    page = log_in(lms, client)
    form = come_back(lms, client, page)
    assert hand_back(client, form, attribute(page, "data-value"), **headers).status_code == 403
    assert lms.launches() == []


def test_the_launch_address_takes_no_secret_from_a_form(lms: RegisteredLms, client: FlaskClient) -> None:
    page = log_in(lms, client)
    form = come_back(lms, client, page) | {"kept": attribute(page, "data-value")}
    asking = client.post("/lti/launch", base_url=HOST, data=form, headers={"Origin": "https://evil.example"})
    assert attribute(asking, "data-key") == attribute(page, "data-key")
    assert lms.launches() == []


def test_a_login_that_took_too_long_is_refused(lms: RegisteredLms, client: FlaskClient, clock: FakeClock) -> None:
    page = log_in(lms, client)
    form = come_back(lms, client, page)
    clock.advance(minutes=11)
    assert hand_back(client, form, attribute(page, "data-value")).status_code == 400
    assert client.post("/lti/launch", base_url=HOST, data=form).status_code == 400
    assert {failure.code for failure in lms.failures()} == {"state-spent"}


def test_an_lms_that_declines_is_understood(lms: RegisteredLms, client: FlaskClient) -> None:
    page = log_in(lms, client)
    form = come_back(lms, client, page, error="access_denied")
    assert hand_back(client, form, attribute(page, "data-value")).status_code == 403
    assert lms.failures()[0].facts == {"reason": "access_denied"}


def test_a_browser_with_cookies_is_asked_nothing_more(lms: RegisteredLms, browser: Browser) -> None:
    browser.client.set_cookie("lti-embedded", "1", domain="sidecar.example.no", path="/lti", secure=True)
    params = lms.login_params() | {"lti_storage_target": "_parent"}
    asked = read_redirect(browser.client.post("/lti/login", base_url=HOST, data=params, headers=FRAMED))
    assert "lti_storage_target" not in asked
    answer = browser.post_launch(asked["state"], lms.platform.id_token(nonce=asked["nonce"]))
    assert answer.status_code == 303
    with lms.sidecar.reading() as db:
        assert db.query(LoginRecord).one().storage_target is None


def test_a_login_kept_in_a_cookie_is_not_asked_for_from_the_lms(lms: RegisteredLms, browser: Browser) -> None:
    asked = read_redirect(browser.login(lti_storage_target="_parent"))
    token = lms.platform.id_token(nonce=asked["nonce"])
    answer = lms.browser().post_launch(asked["state"], token)
    assert answer.status_code == 400
    assert lms.failures()[0].code == "browser-unknown"


@pytest.mark.parametrize("target", ["x" * 256, "a\nb", "\x00"])
def test_a_storage_target_that_is_junk_is_refused(lms: RegisteredLms, client: FlaskClient, target: str) -> None:
    assert log_in(lms, client, target).status_code == 400


@pytest.mark.parametrize("target", ['"><script>alert(1)</script>', "__proto__", "location", "0"])
def test_a_hostile_storage_target_stays_text(lms: RegisteredLms, client: FlaskClient, target: str) -> None:
    page = log_in(lms, client, target)
    assert attribute(page, "data-target") == target
    assert "<script>alert" not in page.text


def test_the_player_without_cookies_renews_its_token(lms: RegisteredLms, client: FlaskClient) -> None:
    url, form = enter(lms, client)
    token = client.post(f"{url}/token", base_url=HOST, data=form, headers=OWN_PAGE)
    assert token.json
    assert token.json["expires_in"] == 1800


def test_the_secret_of_a_launch_opens_nothing_from_a_url(lms: RegisteredLms, client: FlaskClient) -> None:
    url, form = enter(lms, client)
    assert client.get(f"{url}/end", base_url=HOST, query_string=form).status_code == 401
    assert client.post(f"{url}/end", base_url=HOST, query_string=form, headers=OWN_PAGE).status_code == 401


def test_the_secret_of_a_launch_opens_no_other_launch(lms: RegisteredLms, client: FlaskClient) -> None:
    (url, _own), (_other, form) = enter(lms, client), enter(lms, client)
    assert client.post(f"{url}/end", base_url=HOST, data=form, headers=OWN_PAGE).status_code == 401


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_no_other_site_can_open_a_page_with_its_own_secret(
    lms: RegisteredLms, client: FlaskClient, headers: dict[str, str]
) -> None:
    url, form = enter(lms, client)
    assert client.post(f"{url}/end", base_url=HOST, data=form, headers=headers).status_code == 403
    no_token = {"launch_secret": form["launch_secret"]}
    assert client.post(f"{url}/end", base_url=HOST, data=no_token, headers=OWN_PAGE).status_code == 403


def test_a_window_of_its_own_goes_on_with_the_same_launch(lms: RegisteredLms, client: FlaskClient) -> None:
    url, form = enter(lms, client)
    launch = lms.launches()[0]
    window = lms.app.test_client()
    answer = window.post(f"/launch/{launch.id}/window", base_url=HOST, data=form, headers=OWN_PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, url)
    assert form["launch_secret"] not in answer.headers["Location"]
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-play-")
    assert {"Secure", "HttpOnly", "SameSite=None", "Partitioned"} <= set(cookie.split("; "))
    assert window.get(f"{url}/me", base_url=HOST).status_code == 200
    assert len(lms.launches()) == 1
