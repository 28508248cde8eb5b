"""Contacts get the reports of their municipalities, confirm them, report errors, and keep their settings."""

from collections.abc import Sequence

import pytest
from flask import Flask
from sqlalchemy import select

from sidecar.core import access_log, contacts, erasures
from sidecar.core.access import operator_at_the_console
from sidecar.core.access_log import Look
from sidecar.core.data_subjects import of_employment
from sidecar.core.deliveries import Delivery
from sidecar.core.delivery_receipts import DeliveryReceipt
from sidecar.core.people import Employment
from sidecar.core.periods import read_period
from sidecar.core.personal_data import list_section
from sidecar.core.regions import Region
from sidecar.core.row_errors import RowError
from sidecar.reports import asking
from sidecar.runtime import Sidecar
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.contact_browser import (
    ADDRESS,
    Browser,
    Post,
    contact_of,
    make_contact,
    open_post,
    sign_in_contact,
)
from tests.sidecar.web.town import Town

OPERATOR = operator_at_the_console()


@pytest.fixture
def post(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> Post:
    return open_post(sidecar, monkeypatch)


@pytest.fixture
def delivery(sidecar: Sidecar, town: Town) -> Delivery:
    (made,) = asking.request(sidecar, town.kongsberg.id, read_period("2026-08"))
    return made


@pytest.fixture
def contact(sidecar: Sidecar, town: Town) -> str:
    return make_contact(sidecar, town.kongsberg.id)


@pytest.fixture
def browser(app: Flask, post: Post, contact: str) -> Browser:
    return sign_in_contact(app, post)


@pytest.fixture
def stranger(app: Flask, post: Post, sidecar: Sidecar, town: Town, browser: Browser) -> Browser:
    """A contact of another municipality."""
    make_contact(sidecar, town.rollag.id, "per@rollag.example.no")
    return sign_in_contact(app, post, "per@rollag.example.no")


def looks(sidecar: Sidecar) -> Sequence[Look]:
    with sidecar.reading() as db:
        return db.scalars(select(Look)).all()


def test_the_list_tells_of_their_reports_alone(browser: Browser, stranger: Browser, delivery: Delivery) -> None:
    page = browser.get("/reports")
    assert f"/reports/{delivery.id}" in page
    assert "2026-08" in page
    assert "Not confirmed" in page
    assert delivery.id not in stranger.get("/reports")
    for number in ("0", "-1", "999999999999", "x"):
        browser.get(f"/reports?page={number}")


def test_another_municipality_s_report_is_none(stranger: Browser, delivery: Delivery, sidecar: Sidecar) -> None:
    own = f"/reports/{delivery.id}"
    stranger.get(own, 404)
    stranger.get(f"{own}/files/{delivery.files[0]['name']}", 404)
    stranger.post(f"{own}/receipt", status=404)
    stranger.post(f"{own}/errors", {"kind": "other", "words": "x"}, 404)
    with sidecar.reading() as db:
        for table in (DeliveryReceipt, RowError):
            assert db.scalars(select(table)).all() == []
    assert looks(sidecar) == []


def test_who_is_of_two_municipalities_sees_both(
    app: Flask, post: Post, sidecar: Sidecar, town: Town, delivery: Delivery, contact: str
) -> None:
    make_contact(sidecar, town.rollag.id)
    page = sign_in_contact(app, post).get("/reports/me")
    assert "Kongsberg kommune" in page
    assert "Rollag kommune" in page


def test_a_download_is_noted_for_whom_it_tells_of(
    browser: Browser, delivery: Delivery, contact: str, sidecar: Sidecar, town: Town
) -> None:
    response = browser.client.get(f"/reports/{delivery.id}/files/{delivery.files[0]['name']}")
    assert response.status_code == 200
    assert len(response.data) == delivery.files[0]["size_bytes"] == response.content_length
    assert b"Nordmann" in response.data or delivery.files[0]["name"].endswith("xlsx")
    (look,) = looks(sidecar)
    assert (look.viewer_id, look.role, look.what) == (contact, "contact", "report-file")
    with sidecar.reading() as db:
        person_id = db.get_one(Employment, town.kari).person_id
        (told,) = list_section(db, of_employment(db, OPERATOR, town.kari), "seen_by")
    assert look.subject_id == person_id
    assert (told["viewer"], told["municipality"], told["role"]) == (None, "Kongsberg kommune", "contact")
    browser.get(f"/reports/{delivery.id}/files/nothing.csv", 404)


def test_a_look_that_can_t_be_written_sends_nothing(
    app: Flask, browser: Browser, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise OSError

    monkeypatch.setattr(access_log, "record", broken)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert "Nordmann" not in browser.get(f"/reports/{delivery.id}/files/{delivery.files[0]['name']}", 500)


def test_files_that_are_kept_no_longer_are_gone(browser: Browser, delivery: Delivery, sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        db.get_one(Delivery, delivery.id).files_removed_at = sidecar.now()
    browser.get(f"/reports/{delivery.id}/files/{delivery.files[0]['name']}", 410)
    assert "Removed" in browser.get(f"/reports/{delivery.id}")
    assert "Removed" in browser.get("/reports")
    assert looks(sidecar) == []


def test_a_receipt_is_confirmed_by_a_button(browser: Browser, delivery: Delivery, sidecar: Sidecar) -> None:
    own = f"/reports/{delivery.id}"
    assert "I have received it" in browser.get(own)
    browser.get(f"{own}/receipt", 405)
    for _ in range(2):
        assert browser.post(f"{own}/receipt") == own
    page = browser.get(own)
    assert "Inger Rådgiver" in page
    assert "I have received it" not in page
    assert "Confirmed" in browser.get("/reports")
    with sidecar.reading() as db:
        assert len(db.scalars(select(DeliveryReceipt)).all()) == 1
        assert db.get_one(Delivery, delivery.id).read_at == sidecar.now()


def test_an_error_is_reported_and_answered(browser: Browser, delivery: Delivery, sign_in: SignIn) -> None:
    own = f"/reports/{delivery.id}"
    words = "<b>Kari</b> sluttet i juni"
    assert browser.post(f"{own}/errors", {"kind": "not-ours", "row": "3", "words": words}) == f"{own}#errors"
    page = browser.get(own)
    assert "&lt;b&gt;Kari&lt;/b&gt; sluttet i juni" in page
    assert "row 3" in page
    assert "Waits for an answer" in page
    office = sign_in("rkk", name="Office", region="kongsbergregionen")
    listed = office.get("/staff/row-errors?state=open")
    assert "sluttet i juni" in listed
    assert "Kongsberg kommune" in listed
    address = listed.split('action="/staff/row-errors/')[1].split('"')[0]
    for text in ("", "x" * 2001):
        office.post(f"/staff/row-errors/{address}", {"answer": text}, 400)
    assert office.post(f"/staff/row-errors/{address}", {"answer": "Rettet i HR"}) == "/staff/row-errors"
    office.post(f"/staff/row-errors/{address}", {"answer": "Igjen"}, 409)
    assert "Rettet i HR" in browser.get(own)
    assert "sluttet i juni" not in office.get("/staff/row-errors?state=open")
    assert "Rettet i HR" in office.get("/staff/row-errors")


def test_another_region_s_office_reads_no_errors(
    browser: Browser, delivery: Delivery, sign_in: SignIn, sidecar: Sidecar
) -> None:
    browser.post(f"/reports/{delivery.id}/errors", {"kind": "other", "words": "Kari sluttet"})
    office = sign_in("operator").get("/staff/row-errors")
    error_id = office.split('action="/staff/row-errors/')[1].split("/")[0]
    with sidecar.transaction() as db:
        db.add(Region(slug="vesteralen", name="Vesterålen"))
    other = sign_in("rkk", name="Another office", region="vesteralen")
    assert "Kari" not in other.get("/staff/row-errors")
    other.post(f"/staff/row-errors/{error_id}/answer", {"answer": "x"}, 404)


@pytest.mark.parametrize(
    "typed",
    [{"kind": "other"}, {"kind": "x", "words": "y"}, {"kind": "other", "row": "tre"}, {"kind": "other", "row": "0"}],
)
def test_what_says_nothing_stands_on_the_page_again(
    browser: Browser, delivery: Delivery, typed: dict[str, str]
) -> None:
    page = browser.post(f"/reports/{delivery.id}/errors", typed, 400)
    assert "It was not sent" in page


def test_a_null_character_is_refused(browser: Browser, delivery: Delivery) -> None:
    browser.post(f"/reports/{delivery.id}/errors", {"kind": "other", "words": "a\0b"}, 400)
    browser.get("/reports/a%00b", 404)


def test_settings_are_their_own(browser: Browser, contact: str, sidecar: Sidecar) -> None:
    page = browser.get("/reports/me")
    assert ADDRESS in page
    assert "Folder on this server" in page
    assert browser.post("/reports/me", {"language": "nn"}) == "/reports/me?kept=1"
    kept = contact_of(sidecar, contact)
    assert (kept.language, kept.wants_mail) == ("nn", False)
    assert '<html lang="nn"' in browser.get("/reports/me")
    browser.post("/reports/me", {"language": "de", "wants_mail": "yes"}, 400)
    with sidecar.reading() as db:
        assert contacts.list_addresses(db, kept.municipality_id, sidecar.today()) == []


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_every_page_can_be_said(browser: Browser, delivery: Delivery, language: str, sign_in: SignIn) -> None:
    browser.post(f"/reports/{delivery.id}/errors", {"kind": "other", "words": "x"})
    browser.client.set_cookie("sidecar-language", language)
    for path in ("/reports", f"/reports/{delivery.id}", "/reports/me"):
        assert f'<html lang="{language}"' in browser.get(path)
    staff = sign_in("operator")
    staff.client.set_cookie("sidecar-language", language)
    for path in ("/staff/row-errors", "/staff/municipalities/kongsberg/contacts"):
        assert f'<html lang="{language}"' in staff.get(path)


def test_the_words_go_with_whom_they_may_name(
    browser: Browser, delivery: Delivery, sidecar: Sidecar, town: Town
) -> None:
    browser.post(f"/reports/{delivery.id}/errors", {"kind": "other", "words": "Kari sluttet"})
    with sidecar.transaction() as db:
        erasures.erase(db, of_employment(db, OPERATOR, town.kari), now=sidecar.now(), by=None)
    page = browser.get(f"/reports/{delivery.id}")
    assert "Something else" in page
    assert "sluttet" not in page
