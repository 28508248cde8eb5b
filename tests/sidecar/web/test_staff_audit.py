"""The audit trail on its page: filtered, paged, bounded by region, and downloaded."""

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from sidecar.core import audit
from sidecar.core.access_log import Look
from sidecar.core.audit import AuditEntry
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import Staff
from tests.sidecar.web.town import Town


@pytest.fixture
def operator(sign_in: SignIn, town: Town) -> Staff:
    staff = sign_in("operator", name="Olav Operatør")
    staff.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return staff


def record(sidecar: Sidecar, action: str, subject: str, by: str | None, days: int = 0) -> None:
    with sidecar.transaction() as db:
        audit.record(db, action, subject, at=sidecar.now() - timedelta(days=days), identity_id=by, role="contact")


def test_what_was_done_stands_in_plain_words(sidecar: Sidecar, operator: Staff, town: Town) -> None:
    record(sidecar, "retention.changed", town.kongsberg.id, operator.identity_id)
    page = operator.get("/staff/audit")
    for told in ("Changed how long a municipality keeps things", "Olav Operatør", "Kongsberg kommune", "kept for 5"):
        assert told in page
    assert "retention.changed</" not in page
    assert "contact" in page
    with sidecar.reading() as db:
        seen = db.scalars(select(Look.subject_id).where(Look.what == "audit")).all()
    assert operator.identity_id not in seen


@pytest.mark.parametrize("lang", ["nb", "nn"])
def test_every_action_is_said_in_the_reader_s_language(sidecar: Sidecar, operator: Staff, lang: str) -> None:
    record(sidecar, "staff.granted", "0" * 32, operator.identity_id)
    operator.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = lang
    assert {"nb": "Ga en rolle", "nn": "Gav ei rolle"}[lang] in operator.get("/staff/audit")


def test_filters_and_pages(sidecar: Sidecar, operator: Staff, town: Town) -> None:
    for number in range(120):
        record(sidecar, "report.requested", town.kongsberg.id, operator.identity_id, days=number)
    page = operator.get("/staff/audit?action=report.requested")
    assert page.count("Ordered a report</strong>") == 50
    older = page.split('href="/staff/audit?')[-1].split('"')[0].replace("&amp;", "&")
    assert "before=" in older
    second = operator.get(f"/staff/audit?{older}")
    assert second.count("Ordered a report</strong>") == 50
    assert "Back to the newest" in second
    day = (sidecar.today() - timedelta(days=3)).isoformat()
    assert operator.get(f"/staff/audit?since={day}&until={day}").count("Ordered a report</strong>") == 1
    assert "Nothing fits" in operator.get("/staff/audit?since=2020-01-01&until=2020-01-02")
    assert "no day" in operator.get("/staff/audit?since=yesterday", 400)
    operator.get(f"/staff/audit?actor={operator.identity_id}&subject={town.kongsberg.id}")
    operator.get("/staff/audit?actor='%20OR%201=1&action=%27&before=x&subject=%3Cscript%3E")


def test_the_download_holds_what_the_filter_shows_and_is_recorded(
    sidecar: Sidecar, operator: Staff, town: Town
) -> None:
    for number in range(60):
        record(sidecar, "report.requested", town.kongsberg.id, operator.identity_id, days=number)
    text = operator.post("/staff/audit/export", {"action": "report.requested"}, 200)
    heading, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";")
    assert len(rows) == 60
    assert heading[0] == "When"
    with sidecar.reading() as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.action == "audit.exported")).one()
    assert (entry.identity_id, entry.facts) == (operator.identity_id, {"kind": "report.requested"})
    assert "Exported the audit trail" in operator.get("/staff/audit")


def test_an_rkk_is_told_what_it_sees_and_sees_no_more(
    sidecar: Sidecar, operator: Staff, town: Town, sign_in: SignIn
) -> None:
    with sidecar.transaction() as db:
        db.add(Region(slug="vesteralen", name="Vesterålen"))
    contact = sign_in("contact", name="Kari Kontakt", municipality="kongsberg")
    record(sidecar, "retention.changed", town.kongsberg.id, contact.identity_id)
    record(sidecar, "retention.changed", town.rollag.id, operator.identity_id)
    record(sidecar, "secrets.rotated", "secrets", None)
    rkk = sign_in("rkk", name="Ragna", region="kongsbergregionen")
    rkk.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    page = rkk.get("/staff/audit")
    assert "Kari Kontakt" in page
    assert "An operator" in page
    assert "Olav" not in page
    assert "Encrypted everything with a new key</strong>" not in page
    assert "What your people did elsewhere is not shown" in page
    assert "Olav" not in rkk.post("/staff/audit/export", status=200)
    stranger = sign_in("rkk", name="Vera", region="vesteralen")
    for text in (stranger.get("/staff/audit"), stranger.post("/staff/audit/export", status=200)):
        assert "Kari" not in text
        assert "Kongsberg" not in text
    assert "Kari" not in stranger.get(f"/staff/audit?subject={town.kongsberg.id}&actor={contact.identity_id}")
