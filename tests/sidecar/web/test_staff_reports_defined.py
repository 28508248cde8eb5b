"""Test the pages on which reports are defined, previewed, run and retired."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from sidecar.core.access import operator_at_the_console
from sidecar.core.access_log import Look
from sidecar.core.municipalities import Municipality
from sidecar.core.report_runs import ReportRun
from sidecar.core.report_specs import Spec
from sidecar.core.staff import Scope
from sidecar.reports import defining, running
from sidecar.reports.scheduling import start_due
from sidecar.runtime import Sidecar
from sidecar.web.app import create_app
from tests.sidecar.core.test_report_definitions import rkk_of
from tests.sidecar.web.signed_in import Staff, sign_in_as
from tests.sidecar.web.town import Town, fill

OPERATOR = operator_at_the_console()
FORM = {
    "title": "Brann",
    "kind": "completions",
    "period": "month",
    "layout": "people",
    "days": "60",
    "language": "",
    "formats": ["csv"],
    "schedule": "weekly",
    "cron": "",
    "act": "preview",
}


@pytest.fixture
def app(sidecar: Sidecar) -> Flask:
    return create_app(sidecar)


@pytest.fixture
def town(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, tmp_path: Path) -> Town:
    found = fill(sidecar, kongsberg, rollag, tmp_path)
    start_due(sidecar)
    return found


@pytest.fixture
def rkk(app: Flask, sidecar: Sidecar, town: Town) -> Staff:
    return sign_in_as(app, sidecar, "rkk", Scope(region="kongsbergregionen"))


def test_a_report_is_previewed_saved_changed_retired_and_brought_back(sidecar: Sidecar, rkk: Staff) -> None:
    assert "monthly list" not in rkk.get("/staff/reports")
    page = rkk.post("/staff/reports/new", FORM | {"order-course": "1", "order-last_name": "2"}, 200)
    assert page.index("<caption>Brann</caption>") > 0
    headings = re.findall(r'<th scope="col">([^<]+)</th>', page)
    assert headings[:2] == ["kurs", "etternavn"]
    assert 'value="save"' in page
    with sidecar.reading() as db:
        assert {look.what for look in db.scalars(select(Look))} <= {"report-preview"}
    assert 'value="save"' not in rkk.get("/staff/reports/new")
    address = rkk.post("/staff/reports/new", FORM | {"act": "save"})
    assert "Brann" in rkk.get("/staff/reports")
    assert "Brann" in rkk.get(address)
    assert 'value="Brann"' in rkk.get(f"{address}/edit")
    changed = FORM | {"act": "save", "title": "Fire", "based_on": "1", "units": "Skole\nSkole\n\nHelse"}
    assert rkk.post(f"{address}/edit", changed) == address
    page = rkk.get(address)
    assert "<del>Brann</del> <ins>Fire</ins>" in page
    assert "<ins>Skole, Helse</ins>" in page
    assert rkk.post(f"{address}/edit", changed | {"title": "Late"}, 400)
    rkk.get(f"{address}/retire")
    rkk.post(f"{address}/retire")
    assert f"{address}/bring-back" in rkk.get(address)
    rkk.get(f"{address}/bring-back")
    rkk.post(f"{address}/bring-back")
    assert f"{address}/retire" in rkk.get(address)


def test_whoever_is_shown_is_noted(sidecar: Sidecar, rkk: Staff, town: Town) -> None:
    page = rkk.post("/staff/reports/new", FORM | {"kind": "status", "look_at": "kongsberg"}, 200)
    with sidecar.reading() as db:
        seen = db.scalars(select(Look.subject_id).where(Look.what == "report-preview")).all()
    assert ("Kari" in page) is bool(seen)


def test_a_report_that_nobody_is_in_is_saved_with_a_warning(rkk: Staff) -> None:
    page = rkk.post("/staff/reports/new", FORM | {"units": "Nowhere"}, 200)
    assert 'data-color="warning"' in page
    rkk.post("/staff/reports/new", FORM | {"units": "Nowhere", "act": "save"})


@pytest.mark.parametrize(
    "typed",
    [
        {"schedule": "cron", "cron": "* * * * *"},
        {"schedule": "cron", "cron": "garbage"},
        {"schedule": "sometimes"},
        {"title": ""},
        {"title": "x" * 121},
        {"kind": "people"},
        {"days": "-1"},
        {"days": "9" * 400},
        {"formats": []},
        {"formats": ["exe"]},
        {"order-course": "first"},
        {"municipalities": ["vinje"]},
        {"courses": ["no-such"]},
        {"connectors": ["pigeon"]},
        {"language": "xx"},
    ],
)
@pytest.mark.parametrize("act", ["preview", "save"])
def test_what_it_cannot_be_is_told_and_what_was_typed_stays(rkk: Staff, typed: dict[str, object], act: str) -> None:
    page = rkk.post("/staff/reports/new", FORM | {"positions": "lærer"} | typed | {"act": act}, 400)
    assert 'role="alert"' in page
    assert "lærer" in page


def test_another_regions_report_is_none(app: Flask, sidecar: Sidecar, rkk: Staff) -> None:
    other = sign_in_as(app, sidecar, "operator", Scope(), "Odd Operator")
    theirs = defining.define(sidecar, OPERATOR, "Shared", Spec()).id
    address = f"/staff/reports/{theirs}"
    assert "/edit" not in rkk.get(address)
    for path in ("edit", "retire", "bring-back"):
        rkk.get(f"{address}/{path}", 403)
        rkk.post(f"{address}/{path}", FORM, 403)
    for path in ("", "/edit", "/retire", "/bring-back", "/run"):
        rkk.get(f"/staff/reports/{'0' * 32}{path}", 404)
    other.get(f"{address}/edit")


def test_a_run_is_asked_for_followed_and_cancelled(sidecar: Sidecar, rkk: Staff, town: Town) -> None:
    assert "2026-08" in rkk.get("/staff/reports/completions/run")
    for period in ("2027", "last week"):
        rkk.post("/staff/reports/completions/run", {"period": period}, 400)
    rkk.post("/staff/reports/completions/run", {"period": "2026-08", "municipalities": ["0" * 32]}, 404)
    run = rkk.post("/staff/reports/completions/run", {"period": "2026-08", "municipalities": [town.kongsberg.id]})
    assert f'hx-get="{run}"' in rkk.get(run)
    running.run_part(sidecar, run.rsplit("/", 1)[1])
    page = rkk.get(run)
    assert "hx-get" not in page.split('id="run"')[1]
    rkk.post(f"{run}/cancel", status=400)
    second = rkk.post("/staff/reports/completions/run", {"period": ""})
    assert rkk.post(f"{second}/cancel") == second
    with sidecar.reading() as db:
        assert sorted(db.scalars(select(ReportRun.state))) == ["cancelled", "done"]
    rkk.get(f"/staff/report-runs/{'0' * 32}", 404)


def test_a_run_can_be_chosen_for_those_whom_the_report_is_for(app: Flask, sidecar: Sidecar, town: Town) -> None:
    operator = sign_in_as(app, sidecar, "operator", Scope(), "Odd Operator")
    theirs = defining.define(sidecar, rkk_of(sidecar, "numedal", town.kongsberg), "Theirs", Spec()).id
    for one, both in ((theirs, False), ("completions", True)):
        page = operator.get(f"/staff/reports/{one}/run")
        assert (town.kongsberg.id in page, town.rollag.id in page) == (True, both)
    stale = {"period": "2026-08", "municipalities": [town.rollag.id]}
    assert "Rollag" in operator.post(f"/staff/reports/{theirs}/run", stale, 400)


def test_the_calendar_tells_what_comes(rkk: Staff) -> None:
    page = rkk.get("/staff/reports/calendar")
    assert page.count('href="/staff/reports/completions"') == 2
