"""Look through what another region offers, adopt it and answer its versions by forms; each office its own region's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core.regions import Region
from sidecar.core.staff import Scope
from sidecar.sharing import offering
from tests.fakes.two_regions import TwoRegions
from tests.sidecar.sharing.adopted import change, line, path, receive_path, send_next, take
from tests.sidecar.sharing.bundles import KEY
from tests.sidecar.sharing.exchanged import offer_there, offered, publish_there, pull
from tests.sidecar.web.signed_in import Staff, sign_in_as

OFFERED = "/staff/paths/offered"


@pytest.fixture
def office(two_regions: TwoRegions) -> Staff:
    """Somebody of the office of our region."""
    return sign_in_as(two_regions.here.app, two_regions.here.sidecar, "rkk", Scope(region="kongsbergregionen"))


@pytest.fixture
def two(two_regions: TwoRegions, tmp_path: Path) -> TwoRegions:
    receive_path(two_regions, tmp_path)
    return two_regions


def page(two: TwoRegions) -> str:
    return f"/staff/paths/received/{line(two).received.id}"


def test_what_is_offered_is_fetched_by_a_button(office: Staff, two_regions: TwoRegions, tmp_path: Path) -> None:
    assert "HMS" not in office.get(OFFERED)
    two_regions.trust_each_other()
    publish_there(two_regions, tmp_path / "made")
    offer_there(two_regions)
    pull(two_regions.here, two_regions.there)
    [row] = offered(two_regions.here)
    assert "HMS for nye" in office.get(OFFERED)
    office.post(f"{OFFERED}/{row.id}/fetch")
    two_regions.here.work("path-fetch")
    assert page(two_regions) in office.get(OFFERED)


def test_the_review_tells_what_it_holds(office: Staff, two: TwoRegions) -> None:
    shown = office.get(page(two))
    for text in ("Gå en runde med verneombudet", "CC BY 4.0", "Vesterålen", "Det første løpet", "SCORM"):
        assert text in shown
    assert "data-findings" not in shown
    assert office.get(f"{page(two)}?findings=1") != shown


def test_a_path_is_adopted_once_by_the_form(office: Staff, two: TwoRegions) -> None:
    form = {"number": "1", "how": "as-is", "reports_use": "yes"}
    assert office.post(f"{page(two)}/adopt", form).startswith(f"/staff/paths/{KEY}")
    adoption = line(two).adoption
    assert adoption
    assert adoption.reports_use
    assert 'role="alert"' in office.post(f"{page(two)}/adopt", form, 400)
    office.post(f"{page(two)}/use", {})
    taken_back = line(two).adoption
    assert taken_back
    assert not taken_back.reports_use


def test_a_draft_leads_to_the_editor(office: Staff, two: TwoRegions) -> None:
    assert office.post(f"{page(two)}/adopt", {"number": "1", "how": "draft"}) == f"/staff/paths/{KEY}/edit"
    office.get(f"/staff/paths/{KEY}/edit")


def test_a_new_version_is_shown_and_accepted(office: Staff, two: TwoRegions) -> None:
    take(two)
    send_next(two)
    assert OFFERED in office.get("/staff/")
    shown = office.get(f"{page(two)}/update")
    assert "HMS for alle" in shown
    draft_number = path(two.here).path.draft_number
    form = {"number": "2", "draft_number": str(draft_number)}
    assert office.post(f"{page(two)}/accept", form).startswith(f"/staff/paths/{KEY}")
    assert path(two.here).content.title == "HMS for alle"
    assert OFFERED not in office.get("/staff/")
    office.get(f"{page(two)}/update", 400)


def test_a_conflict_is_chosen_of(office: Staff, two: TwoRegions) -> None:
    take(two)
    change(two.here, replace(path(two.here).draft, title="Vår HMS"), note="Vårt")
    send_next(two)
    assert "choice:path::title" in office.get(f"{page(two)}/update")
    stale = {"number": "2", "draft_number": "1", "choice:path::title": "theirs"}
    assert 'role="alert"' in office.post(f"{page(two)}/accept", stale, 400)
    form = stale | {"draft_number": str(path(two.here).path.draft_number)}
    assert office.post(f"{page(two)}/accept", form) == f"/staff/paths/{KEY}/publish"
    assert path(two.here).draft.title == "HMS for alle"


def test_a_version_is_postponed_or_refused(office: Staff, two: TwoRegions) -> None:
    take(two)
    send_next(two)
    for wrong in ("", "i morgen", "2020-01-01"):
        assert 'role="alert"' in office.post(f"{page(two)}/postpone", {"until": wrong}, 400)
    day = two.here.sidecar.today() + timedelta(days=7)
    office.post(f"{page(two)}/postpone", {"until": day.isoformat()})
    assert OFFERED not in office.get("/staff/")
    office.post(f"{page(two)}/refuse", {"number": "2"})
    assert not line(two).has_newer


def test_what_is_withdrawn_is_shown_and_kept(office: Staff, two: TwoRegions) -> None:
    take(two)
    offering.withdraw(two.there.sidecar, two.there.viewer, KEY)
    pull(two.here, two.there)
    assert OFFERED in office.get("/staff/")
    assert f"{page(two)}/keep" in office.get(page(two))
    office.post(f"{page(two)}/keep")
    assert OFFERED not in office.get("/staff/")


def test_another_office_sees_nothing_of_it(two: TwoRegions) -> None:
    take(two)
    send_next(two)
    here = two.here
    with here.sidecar.transaction() as db:
        db.add(Region(slug="nordland", name="Nordland"))
    other = sign_in_as(here.app, here.sidecar, "rkk", Scope(region="nordland"), "Nina")
    assert "HMS" not in other.get(OFFERED)
    for action in ("", "/update"):
        other.get(f"{page(two)}{action}", 404)
    for action in ("adopt", "accept", "refuse", "keep", "use"):
        other.post(f"{page(two)}/{action}", {"number": "2", "draft_number": "1"}, 404)
    assert line(two).taken == 1


def test_the_page_of_a_path_leads_to_its_origin(office: Staff, two: TwoRegions) -> None:
    take(two)
    assert page(two) in office.get(f"/staff/paths/{KEY}")
    send_next(two)
    assert f"{page(two)}/update" in office.get(f"/staff/paths/{KEY}")
