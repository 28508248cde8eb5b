"""Trust, invite, block and offer by forms alone; each office sees and changes its own region's only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar.core import peers, rings
from sidecar.core.paths import LearningPath
from sidecar.core.peers import BLOCKED, TRUSTED
from sidecar.core.regions import Region
from sidecar.core.staff import Scope
from sidecar.sharing import invitations
from tests.fakes.two_regions import TwoRegions
from tests.sidecar.sharing.bundles import KEY
from tests.sidecar.sharing.exchanged import offered, publish_there, pull
from tests.sidecar.web.signed_in import Staff, sign_in_as

PAGE = "/staff/peers"


@pytest.fixture
def office(two_regions: TwoRegions) -> Staff:
    """Somebody of the office of our region."""
    return sign_in_as(two_regions.here.app, two_regions.here.sidecar, "rkk", Scope(region="kongsbergregionen"))


def add(office: Staff, two: TwoRegions, status: int = 303, **form: str) -> str:
    sent = {"region": two.here.region_id, "address": two.there.address, "fingerprint": two.there.fingerprint}
    return office.post(PAGE, sent | form, status)


def test_the_page_makes_no_key_and_shows_it_when_there_is_one(office: Staff, two_regions: TwoRegions) -> None:
    assert two_regions.here.address in office.get(PAGE)
    assert two_regions.here.app.test_client().get("/exchange/kongsbergregionen").status_code == 404
    office.post(f"{PAGE}/key", {"region": two_regions.here.region_id})
    assert two_regions.here.fingerprint in office.get(PAGE)
    office.post(f"{PAGE}/key", {"region": "0" * 32}, 404)


def test_a_region_is_trusted_blocked_and_trusted_again(office: Staff, two_regions: TwoRegions) -> None:
    place = add(office, two_regions)
    page = office.get(place)
    assert two_regions.there.fingerprint in page
    assert "Vesterålen" in office.get(PAGE)
    office.post(f"{place}/block")
    assert two_regions.here.peer(two_regions.there).state == BLOCKED
    office.post(f"{place}/trust")
    assert pull(two_regions.here, two_regions.there) != ""
    assert two_regions.here.peer(two_regions.there).state == TRUSTED
    assert 'data-color="warning"' in office.get(place)
    office.post(f"{place}/trust", {"anew": "1"})
    office.post(f"{place}/fingerprint", {"fingerprint": two_regions.there.fingerprint})
    assert 'role="alert"' in office.post(f"{place}/fingerprint", {"fingerprint": "x"}, 400)


@pytest.mark.parametrize("form", [{"fingerprint": "x"}, {"address": "x"}], ids=str)
def test_a_wrong_form_trusts_nobody(office: Staff, two_regions: TwoRegions, form: dict[str, str]) -> None:
    assert 'role="alert"' in add(office, two_regions, 400, **form)


def test_for_a_region_that_is_not_theirs_nobody_trusts_anybody(office: Staff, two_regions: TwoRegions) -> None:
    add(office, two_regions, 403, region="0" * 32)
    with two_regions.here.sidecar.reading() as db:
        assert peers.list_peers(db, two_regions.here.viewer) == []


def test_another_office_sees_nothing_of_it(office: Staff, two_regions: TwoRegions) -> None:
    place = add(office, two_regions)
    here = two_regions.here
    with here.sidecar.transaction() as db:
        db.add(Region(slug="nordland", name="Nordland"))
    other = sign_in_as(here.app, here.sidecar, "rkk", Scope(region="nordland"), "Nina")
    assert "Vesterålen" not in other.get(PAGE)
    other.get(place, 404)
    other.post(f"{place}/block", status=404)
    assert two_regions.here.peer(two_regions.there).state == TRUSTED


def test_an_invitation_is_shown_once_and_taken_back(office: Staff, two_regions: TwoRegions) -> None:
    form = {"region": two_regions.here.region_id, "note": "Vesterålen"}
    page = office.post(f"{PAGE}/invitations", form, 200)
    [token] = re.findall(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", page)[:1]
    again = office.get(PAGE)
    assert token not in again
    [place] = re.findall(r"/staff/peers/invitations/\w+/revoke", again)
    office.post(place)
    with pytest.raises(invitations.InvitationNotTakenError):
        invitations.accept(two_regions.there.sidecar, two_regions.there.viewer, two_regions.there.region_id, token)


def test_an_invitation_is_looked_at_before_it_is_opened(office: Staff, two_regions: TwoRegions) -> None:
    there = two_regions.there
    token = invitations.invite(there.sidecar, there.viewer, there.region_id, "")
    page = office.post(f"{PAGE}/accept", {"invitation": token}, 200)
    assert there.fingerprint in page
    form = {"invitation": token, "region": two_regions.here.region_id}
    office.get(office.post(f"{PAGE}/accept/confirm", form))
    assert two_regions.here.peer(there).state == TRUSTED
    office.post(f"{PAGE}/accept/confirm", form, 400)
    office.post(f"{PAGE}/accept", {"invitation": "x"}, 400)


def test_a_path_is_offered_within_a_ring_and_withdrawn(office: Staff, two_regions: TwoRegions, tmp_path: Path) -> None:
    two = two_regions
    two.trust_each_other()
    publish_there(TwoRegions(two.there, two.here, two.wire, two.clock), tmp_path / "made")
    ring = {"region": two.here.region_id, "name": "Nord", "agreement": "Vi deler.", "agreed_on": "2026-01-01"}
    place = office.post(f"{PAGE}/rings", ring)
    office.post(f"{PAGE}/rings", ring, 400)
    office.post(f"{PAGE}/rings", ring | {"agreed_on": "x"}, 400)
    assert "Vi deler." in office.get(place)
    office.post(f"{place}/members", {"member": two.here.peer(two.there).id})
    with two.here.sidecar.reading() as db:
        [made] = rings.list_rings(db, two.here.viewer)
    page = f"/staff/paths/{KEY}/offer"
    office.get(page)
    office.post(page, {"audience": "regions"}, 400)
    office.post(page, {"audience": "all", "until": "x"}, 400)
    office.post(page, {"audience": "ring", "ring": made.id})
    two.here.work("path-offer")
    assert "Nord" in office.get(page)
    pull(two.there, two.here)
    assert [one.title for one in offered(two.there)] == ["HMS for nye"]
    office.post(f"{page}/withdraw")
    pull(two.there, two.here)
    assert offered(two.there)[0].withdrawn_at
    office.post(f"{page}/withdraw", status=404)
    with two.here.sidecar.transaction() as db:
        db.scalars(select(LearningPath)).one().region_id = None
    office.get(page, 404)
