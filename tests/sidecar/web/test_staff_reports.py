"""The page of a municipality's reports: which one, of which days, what it holds, and deliver it now."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from sidecar.core.access import for_municipality
from sidecar.core.access_log import Look
from sidecar.core.deliveries import Delivery
from sidecar.core.periods import read_period
from sidecar.core.report_specs import BASIC, Spec
from sidecar.errors import NotFoundError
from sidecar.reports import build, running
from sidecar.reports.defining import define
from sidecar.reports.document import Figure, Series
from sidecar.reports.municipal_runs import run_for
from sidecar.runtime import Sidecar
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.town import EVERYTHING, Town

PAGE = "/staff/municipalities/kongsberg/reports"


def _deliveries(sidecar: Sidecar) -> list[tuple[str, str]]:
    with sidecar.reading() as db:
        return [(one.definition, one.period) for one in db.scalars(select(Delivery).order_by(Delivery.created_at))]


def test_the_list_of_last_month_is_shown_first_and_delivered_now(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    contact = sign_in("contact", municipality="kongsberg")
    page = contact.get(PAGE)
    assert "Nordmann" in page
    assert "Fullført" in page
    assert 'name="report" value="completions"' in page
    run = contact.post(PAGE, {"period": "2026-08", "report": "completions"})
    assert _deliveries(sidecar) == []
    assert "hx-trigger" in contact.get(run)
    running.run_part(sidecar, run.rsplit("/", 1)[1])
    assert _deliveries(sidecar) == [("completions", "2026-08")]
    ended = contact.get(run)
    assert "/staff/ledger?municipality=kongsberg" in ended
    assert "hx-trigger" not in ended
    assert "/staff/admin" not in ended
    sign_in("contact", name="Other", municipality="rollag").get(run, 404)
    with sidecar.reading() as db:
        looks = select(func.count()).select_from(Look).where(Look.what == "report-preview")
        assert db.scalar(looks) == 1


def test_a_contact_stops_their_own_run_and_no_other(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    contact = sign_in("contact", municipality="kongsberg")
    own = contact.post(PAGE, {"period": "2026-08"})
    others = sign_in("operator", name="Other").post(PAGE, {"period": "2026-08"})
    contact.post(f"{others}/cancel", {}, 404)
    contact.post(f"{own}/cancel")
    running.run_part(sidecar, own.rsplit("/", 1)[1])
    assert _deliveries(sidecar) == []


def test_nobody_asks_for_a_month_to_come_or_for_others(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    contact = sign_in("contact", municipality="kongsberg")
    contact.post(PAGE, {"period": "2026-10"}, 400)
    contact.post("/staff/municipalities/rollag/reports", {"period": "2026-08"}, 404)
    with pytest.raises(NotFoundError):
        run_for(sidecar, for_municipality(town.kongsberg.id), town.rollag.id, read_period("2026-08"), BASIC)


def test_a_month_that_has_not_ended_can_be_looked_at_and_says_so(sign_in: SignIn, town: Town) -> None:
    page = sign_in("rkk", region="kongsbergregionen").get(f"{PAGE}?period=2026-09")
    assert "Perioden er ikke over" in page
    assert '<option value="2026-09" selected>' in page


def test_another_report_is_chosen_and_delivered(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    spec = Spec(kind="status", formats=("csv",), columns=("course", "last_name", "status"))
    made = define(sidecar, EVERYTHING, "Status på alt", spec)
    other = define(sidecar, EVERYTHING, "Bare Rollag", replace(spec, municipalities=("rollag",)))
    rkk = sign_in("rkk", region="kongsbergregionen")
    page = rkk.get(f"{PAGE}?report={made.id}&period=2026-08")
    assert f'<option value="{made.id}" selected>Status på alt' in page
    assert "Bare Rollag" not in page
    assert "Skal ta kurset" in page
    rkk.get(f"{PAGE}?report={other.id}", 404)
    run = rkk.post(PAGE, {"period": "2026-08", "report": made.id})
    assert _deliveries(sidecar) == []
    rkk.get(run)
    running.run_part(sidecar, run.rsplit("/", 1)[1])
    assert _deliveries(sidecar) == [(made.id, "2026-08")]
    sign_in("contact", name="Other", municipality="kongsberg").get(f"{PAGE}?report={made.id}", 404)


def test_figures_are_tables_and_what_is_not_told_is_a_dash(
    sign_in: SignIn, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = Figure("Andel", "Enhet", ("Alle", "Skolen"), (Series("Fullført", (7, None)),), (0, 1))
    monkeypatch.setattr(build, "summary_figure", lambda *_: figure)
    page = sign_in("operator").get(PAGE)
    assert "<caption>Andel</caption>" in page
    assert '<th scope="row">– Skolen</th><td class="number">–</td>' in page


def test_a_report_that_nobody_matches_can_be_delivered_too(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    operator = sign_in("operator")
    page = operator.get(f"{PAGE}?period=2026-01")
    assert "Ingen ansatte eller kurs i Kongsberg" in page
    run = operator.post(PAGE, {"period": "2026-01"})
    running.run_part(sidecar, run.rsplit("/", 1)[1])
    assert _deliveries(sidecar) == [("completions", "2026-01")]
