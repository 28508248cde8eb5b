"""Contacts sign in by a code; whoever tries something else gets nowhere, and learns nothing."""

from io import StringIO

import pytest
from flask import Flask
from sqlalchemy import func, select

from sidecar.core import contact_mails, contacts
from sidecar.core.access import operator_at_the_console
from sidecar.core.contact_codes import ContactCode
from sidecar.core.contact_sign_ins import ContactSignIn
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.runtime import Sidecar
from sidecar.web import contact_sign_in
from tests.fakes.clock import FakeClock
from tests.sidecar.web.contact_browser import (
    ADDRESS,
    COOKIE,
    Browser,
    Post,
    contact_of,
    make_contact,
    open_post,
    sign_in_contact,
)
from tests.sidecar.web.signed_in import SAME_ORIGIN

OPERATOR = operator_at_the_console()


@pytest.fixture
def post(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> Post:
    return open_post(sidecar, monkeypatch)


@pytest.fixture
def contact(sidecar: Sidecar, kongsberg: Municipality) -> str:
    return make_contact(sidecar, kongsberg.id)


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


def other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_code_signs_in_and_out(app: Flask, post: Post, contact: str, sidecar: Sidecar) -> None:
    browser = sign_in_contact(app, post)
    assert "No report has been made" in browser.get("/reports")
    secret = browser.secret
    assert browser.post("/reports/sign-out") == "/reports/sign-in"
    browser.client.set_cookie(COOKIE, secret)
    assert "/reports/sign-in" in browser.get("/reports", 401)
    with sidecar.reading() as db:
        assert secret not in db.scalars(select(ContactSignIn.secret_hash)).all()


def test_the_letter_names_nobody_and_its_code_stands_in_no_log(
    browser: Browser, post: Post, contact: str, log_lines: StringIO
) -> None:
    browser.post("/reports/sign-in", {"email": f" {ADDRESS.upper()} "})
    code = post.read_code()
    (letter,) = post.letters
    assert letter.to == ADDRESS
    assert "Inger" not in letter.text + letter.subject
    assert code not in letter.subject
    browser.post("/reports/sign-in/code", {"code": code})
    told = log_lines.getvalue()
    assert "contact_code.sent" in told
    assert code not in told
    assert "kongsberg.example.no" not in told
    assert "inger" not in told.lower()


def test_a_stranger_is_answered_alike(app: Flask, post: Post, contact: str, sidecar: Sidecar) -> None:
    answers = []
    for address in (ADDRESS, "stranger@example.no"):
        browser = Browser(app.test_client())
        response = browser.send("/reports/sign-in", {"email": address})
        cookie = response.headers["Set-Cookie"]
        page = browser.get("/reports/sign-in/code")
        wrong = browser.post("/reports/sign-in/code", {"code": "12345"}, 403)
        answers.append((response.status_code, response.headers["Location"], len(cookie), response.text, page, wrong))
    assert answers[0] == answers[1]
    assert len(post.deliver()) == 1


def test_strangers_fill_nothing(app: Flask, post: Post, sidecar: Sidecar) -> None:
    browser = Browser(app.test_client())
    for number in range(300):
        browser.post("/reports/sign-in", {"email": f"stranger{number}@example.no"})
    with sidecar.reading() as db:
        for table in (ContactCode, OutboxItem):
            assert (db.scalar(select(func.count()).select_from(table)) or 0) <= 256
    assert post.deliver() == []


def test_the_queue_is_told_in_any_case(browser: Browser, contact: str, sidecar: Sidecar) -> None:
    told = []
    for address in (ADDRESS, "stranger@example.no", "stranger@example.no"):
        before = len(sidecar.queue.enqueued)  # type: ignore[attr-defined]  # the fake has them
        browser.post("/reports/sign-in", {"email": address})
        told.append(len(sidecar.queue.enqueued) - before)  # type: ignore[attr-defined]
    assert told[0] == told[1] == 1


@pytest.mark.parametrize("typed", ["", "nobody", "a@b.no, c@d.no", "a@b.no\r\nBcc: x@y.no", "x" * 5000, "a\0@b.no"])
def test_what_is_no_address_is_told(browser: Browser, typed: str) -> None:
    response = browser.send("/reports/sign-in", {"email": typed})
    assert response.status_code == 400
    assert "Set-Cookie" not in response.headers


def test_five_wrong_codes_are_the_end(browser: Browser, post: Post, contact: str) -> None:
    browser.post("/reports/sign-in", {"email": ADDRESS})
    code = post.read_code()
    pages = {browser.post("/reports/sign-in/code", {"code": other(code)}, 403) for _ in range(5)}
    pages.add(browser.post("/reports/sign-in/code", {"code": code}, 403))
    assert len(pages) == 1
    assert browser.secret == ""


def test_one_client_can_t_ask_for_many(app: Flask, sidecar: Sidecar) -> None:
    client = app.test_client()
    said = {
        client.post(
            "/reports/sign-in",
            data={"email": f"a{number}@example.no"},
            headers=SAME_ORIGIN,
            environ_base={"REMOTE_ADDR": "203.0.113.9"},
        ).status_code
        for number in range(contact_sign_in.ASKS.amount + 1)
    }
    assert said == {303, 429}


def test_one_client_can_t_try_many(app: Flask) -> None:
    client = app.test_client()
    said = [
        client.post(
            "/reports/sign-in/code",
            data={"code": f"{number:06d}"},
            headers=SAME_ORIGIN,
            environ_base={"REMOTE_ADDR": "203.0.113.9"},
        ).status_code
        for number in range(contact_sign_in.TRIES.amount + 1)
    ]
    assert said == [403] * contact_sign_in.TRIES.amount + [429]


def test_an_old_code_opens_nothing(browser: Browser, post: Post, contact: str, clock: FakeClock) -> None:
    browser.post("/reports/sign-in", {"email": ADDRESS})
    code = post.read_code()
    clock.advance(minutes=10)
    browser.post("/reports/sign-in/code", {"code": code}, 403)


def test_a_used_code_opens_nothing(app: Flask, browser: Browser, post: Post, contact: str) -> None:
    browser.post("/reports/sign-in", {"email": ADDRESS})
    asked = browser.client.get_cookie("__Host-sidecar-code")
    assert asked is not None
    code = post.read_code()
    browser.post("/reports/sign-in/code", {"code": code})
    assert browser.client.get_cookie("__Host-sidecar-code") is None
    again = Browser(app.test_client())
    again.client.set_cookie("__Host-sidecar-code", asked.value)
    again.post("/reports/sign-in/code", {"code": code}, 403)


def test_the_code_works_in_no_other_browser(app: Flask, browser: Browser, post: Post, contact: str) -> None:
    browser.post("/reports/sign-in", {"email": ADDRESS})
    code = post.read_code()
    Browser(app.test_client()).post("/reports/sign-in/code", {"code": code}, 403)
    browser.post("/reports/sign-in/code", {"code": code})


def test_a_session_that_was_planted_is_not_taken_over(app: Flask, browser: Browser, post: Post, contact: str) -> None:
    browser.client.set_cookie(COOKIE, "planted-by-somebody-else")
    browser.client.post("/reports/sign-in", data={"email": ADDRESS}, headers=SAME_ORIGIN)
    response = browser.client.post("/reports/sign-in/code", data={"code": post.read_code()}, headers=SAME_ORIGIN)
    assert response.status_code == 303
    assert browser.secret != "planted-by-somebody-else"
    thief = Browser(app.test_client())
    thief.client.set_cookie(COOKIE, "planted-by-somebody-else")
    thief.get("/reports", 401)


def test_signing_in_again_ends_the_sign_in_before(app: Flask, post: Post, contact: str) -> None:
    browser = sign_in_contact(app, post)
    before = browser.secret
    browser.client.post("/reports/sign-in", data={"email": ADDRESS}, headers=SAME_ORIGIN)
    browser.client.post("/reports/sign-in/code", data={"code": post.read_code()}, headers=SAME_ORIGIN)
    assert browser.secret not in ("", before)
    thief = Browser(app.test_client())
    thief.client.set_cookie(COOKIE, before)
    thief.get("/reports", 401)


def test_the_cookie_stays_on_our_own_pages(browser: Browser, post: Post, contact: str) -> None:
    browser.post("/reports/sign-in", {"email": ADDRESS})
    response = browser.send("/reports/sign-in/code", {"code": post.read_code()})
    (cookie,) = [one for one in response.headers.getlist("Set-Cookie") if one.startswith(COOKIE)]
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=28800"):
        assert part in cookie


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_no_other_site_posts_for_a_contact(app: Flask, post: Post, contact: str, headers: dict[str, str]) -> None:
    browser = sign_in_contact(app, post)
    for path in ("/reports/sign-in", "/reports/sign-in/code", "/reports/confirm", "/reports/sign-out", "/reports/me"):
        assert browser.client.post(path, data={"email": ADDRESS}, headers=headers).status_code == 403, path
    browser.get("/reports")


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_form_without_its_token_is_refused(app: Flask, post: Post, contact: str, token: str) -> None:
    browser = sign_in_contact(app, post)
    for path in ("/reports/sign-out", "/reports/me"):
        assert browser.client.post(path, data={"csrf_token": token}, headers=SAME_ORIGIN).status_code == 403
    browser.get("/reports")


def test_an_ended_contact_is_out_at_once(app: Flask, post: Post, contact: str, sidecar: Sidecar) -> None:
    browser = sign_in_contact(app, post)
    with sidecar.transaction() as db:
        contacts.end_contact(db, OPERATOR, contact, sidecar.now(), sidecar.today())
    browser.get("/reports", 401)


def test_a_contact_is_no_staff_and_staff_no_contact(app: Flask, post: Post, contact: str) -> None:
    browser = sign_in_contact(app, post)
    browser.get("/staff/ledger", 401)
    browser.client.set_cookie("__Host-sidecar-staff", browser.secret)
    browser.get("/staff/ledger", 401)


def test_one_leads_on_to_the_report_of_the_mail_and_nowhere_else(app: Flask, post: Post, contact: str) -> None:
    wanted = "0" * 32
    browser = Browser(app.test_client())
    assert f"/reports/sign-in?to={wanted}" in browser.get(f"/reports/{wanted}", 401)
    assert f'value="{wanted}"' in browser.get(f"/reports/sign-in?to={wanted}")
    assert "evil" not in browser.get("/reports/sign-in?to=//evil.example")
    assert browser.post("/reports/sign-in", {"email": ADDRESS, "to": wanted}) == f"/reports/sign-in/code?to={wanted}"
    code = post.read_code()
    assert browser.post("/reports/sign-in/code", {"code": code, "to": wanted}) == f"/reports/{wanted}"


def test_a_mail_scanner_confirms_nothing(
    browser: Browser, post: Post, sidecar: Sidecar, kongsberg: Municipality
) -> None:
    contact_id = make_contact(sidecar, kongsberg.id, confirmed=False)
    with sidecar.transaction() as db:
        from_db = contacts.find_contact(db, OPERATOR, contact_id)
        contact_mails.put(db, from_db, sidecar.now())
    (letter,) = post.deliver()
    link = next(word for word in letter.text.split() if word.startswith("https://"))
    assert link.startswith("https://sidecar.example.no/reports/confirm#")
    assert "Inger" not in letter.text + letter.subject
    assert "Kongsberg kommune" in letter.text
    path, _, secret = link.removeprefix("https://sidecar.example.no").partition("#")
    for _ in range(3):
        page = browser.get(path)
        browser.client.head(path)
    assert "Kongsberg" not in page
    assert contact_of(sidecar, contact_id).confirmed_at is None
    assert "Kongsberg kommune" in browser.post("/reports/confirm", {"secret": secret}, 200)
    assert contact_of(sidecar, contact_id).confirmed_at == sidecar.now()


def test_the_whole_link_may_be_pasted(browser: Browser, post: Post, sidecar: Sidecar, kongsberg: Municipality) -> None:
    contact_id = make_contact(sidecar, kongsberg.id, confirmed=False)
    with sidecar.transaction() as db:
        contact_mails.put(db, contacts.find_contact(db, OPERATOR, contact_id), sidecar.now())
    (letter,) = post.deliver()
    link = next(word for word in letter.text.split() if word.startswith("https://"))
    browser.post("/reports/confirm", {"secret": f" {link} "}, 200)
    assert contact_of(sidecar, contact_id).confirmed_at is not None


@pytest.mark.parametrize("secret", ["", "x", "ø" * 400, "0" * 43])
def test_a_made_up_link_confirms_nothing(browser: Browser, secret: str) -> None:
    browser.post("/reports/confirm", {"secret": secret}, 403)


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_every_public_page_can_be_said(browser: Browser, language: str) -> None:
    browser.client.set_cookie("sidecar-language", language)
    for path in ("/reports/sign-in", "/reports/sign-in/code", "/reports/confirm"):
        assert f'<html lang="{language}"' in browser.get(path)
