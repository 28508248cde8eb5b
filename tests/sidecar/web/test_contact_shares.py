"""Codes can't be had without end; a stranger uses up their own share, and leaves the owner of an address theirs."""

import pytest
from flask import Flask

from sidecar.core.municipalities import Municipality
from sidecar.core.periods import read_period
from sidecar.reports import asking
from sidecar.runtime import Sidecar
from sidecar.web import contact_shares, limits
from tests.fakes.clock import FakeClock
from tests.sidecar.web.contact_browser import ADDRESS, Browser, Post, make_contact, open_post, sign_in_contact
from tests.sidecar.web.signed_in import SAME_ORIGIN
from tests.sidecar.web.town import Town

KNOWN = "__Host-sidecar-known"
NOBODY = "stranger@example.no"


@pytest.fixture
def post(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> Post:
    return open_post(sidecar, monkeypatch)


@pytest.fixture
def contact(sidecar: Sidecar, kongsberg: Municipality) -> str:
    return make_contact(sidecar, kongsberg.id)


@pytest.fixture
def report(sidecar: Sidecar, town: Town) -> str:
    return asking.request(sidecar, town.kongsberg.id, read_period("2026-08"))[0].id


def ask(browser: Browser, address: str, *, client: str = "203.0.113.9", to: str = "") -> int:
    return browser.client.post(
        "/reports/sign-in",
        data={"email": address, "to": to},
        headers=SAME_ORIGIN,
        environ_base={"REMOTE_ADDR": client},
    ).status_code


def use_up(app: Flask, address: str) -> None:
    """Ask from many places, till no stranger gets a code for this address any more."""
    said = [
        ask(Browser(app.test_client()), address, client=f"203.0.113.{number % 200}")
        for number in range(contact_shares.OF_STRANGERS.amount + 1)
    ]
    assert set(said[:-2]) == {303}
    assert said[-1] == 429


@pytest.mark.parametrize("address", [ADDRESS, NOBODY])
def test_a_stranger_uses_up_their_own_share(app: Flask, contact: str, address: str) -> None:
    stranger, most = Browser(app.test_client()), contact_shares.OF_CLIENT[0].amount
    assert [ask(stranger, address) for _ in range(most + 1)] == [303] * most + [429]
    assert ask(stranger, "other@example.no") == 303
    assert ask(Browser(app.test_client()), address, client="203.0.113.10") == 303


@pytest.mark.parametrize("address", [ADDRESS, NOBODY])
def test_many_strangers_leave_who_comes_by_a_report_s_link_a_share(
    app: Flask, contact: str, report: str, address: str
) -> None:
    use_up(app, address)
    by_link = Browser(app.test_client())
    assert ask(by_link, address, to="0" * 32) == 429
    most = contact_shares.OF_LINKS.amount
    assert [ask(by_link, address, to=report) for _ in range(most + 1)] == [303] * most + [429]


def test_many_strangers_leave_the_owner_s_browser_a_share(app: Flask, post: Post, contact: str) -> None:
    owner = sign_in_contact(app, post)
    use_up(app, ADDRESS)
    post.deliver()
    assert ask(owner, ADDRESS) == 303
    code = post.read_code()
    assert ask(Browser(app.test_client()), ADDRESS) == 429
    owner.post("/reports/sign-in/code", {"code": code})
    most = contact_shares.OF_BROWSER[0].amount  # the sign-in gave the browser a share of its own anew
    assert [ask(owner, ADDRESS) for _ in range(most + 1)] == [303] * most + [429]


def test_a_stranger_who_asks_meanwhile_does_not_end_the_owner_s_code(app: Flask, post: Post, contact: str) -> None:
    owner = sign_in_contact(app, post)
    ask(owner, ADDRESS)
    code = post.read_code()
    ask(Browser(app.test_client()), ADDRESS)
    post.deliver()
    owner.post("/reports/sign-in/code", {"code": code})


def test_a_browser_has_a_share_of_the_address_it_was_signed_in_with_alone(
    app: Flask, post: Post, contact: str, clock: FakeClock
) -> None:
    owner = sign_in_contact(app, post)
    use_up(app, NOBODY)
    assert ask(owner, NOBODY) == 429
    use_up(app, ADDRESS)
    token = owner.client.get_cookie(KNOWN)
    assert token
    thief = Browser(app.test_client())
    thief.client.set_cookie(KNOWN, f"{token.value[:-4]}AAAA")
    assert ask(thief, ADDRESS) == 429
    clock.advance(seconds=contact_shares.LASTS.total_seconds() + 1)
    assert ask(owner, ADDRESS) == 429


def test_what_the_browser_keeps_names_nobody_and_stays_on_our_pages(app: Flask, post: Post, contact: str) -> None:
    browser = Browser(app.test_client())
    browser.post("/reports/sign-in", {"email": ADDRESS})
    response = browser.send("/reports/sign-in/code", {"code": post.read_code()})
    (cookie,) = [one for one in response.headers.getlist("Set-Cookie") if one.startswith(KNOWN)]
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"))
    assert "inger" not in cookie.lower()
    browser.post("/reports/sign-out")
    assert browser.client.get_cookie(KNOWN)
    browser.get("/reports", 401)


def test_limits_count_hashes_only(
    app: Flask, report: str, post: Post, contact: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, counted = sign_in_contact(app, post), list[str]()
    monkeypatch.setattr(limits, "refuse_beyond", lambda _item, who: counted.append(who))
    ask(owner, ADDRESS, to=report)
    ask(Browser(app.test_client()), ADDRESS)
    assert len(counted) == len(contact_shares.OF_BROWSER) + 1
    assert all(ADDRESS not in who and len(who) >= 64 for who in counted)
