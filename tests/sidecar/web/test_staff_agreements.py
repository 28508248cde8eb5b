"""RKK and operators record what is agreed with other regions, and match what waits for an employee."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from sidecar.core.completions import Completion
from sidecar.core.crossing_agreements import ExchangeAgreement
from sidecar.core.crossing_received import CrossingReceived
from sidecar.core.peers import TRUSTED, Peer
from sidecar.core.people import Employment
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import Staff
from tests.sidecar.web.town import Town

AGREEMENTS = "/staff/agreements"
CROSSINGS = "/staff/crossings"
THEIRS = "https://vesteralen.example.no/exchange/vesteralen"
TYPED = {"org_number": "847 737 492", "employer": "Sortland kommune", "said": "Møte 3. mars, sak 26/117"}


@pytest.fixture
def peer_id(sidecar: Sidecar, town: Town) -> str:
    with sidecar.transaction() as db:
        region_id = db.scalars(select(Region.id)).one()
        peer = Peer(
            region_id=region_id, address=THEIRS, name="Vesterålen", known_by="fingerprint", added_at=sidecar.now()
        )
        peer.state = TRUSTED
        db.add(peer)
        db.flush()
        return peer.id


@pytest.fixture
def office(town: Town, sign_in: SignIn) -> Staff:
    return sign_in("rkk", region="kongsbergregionen")


@pytest.fixture
def waiting(sidecar: Sidecar, town: Town, peer_id: str) -> str:
    """Let Vesterålen have told of an employee of Kongsberg whom nobody knows."""
    course = {"origin": f"{THEIRS}/courses/brann", "title": "Brannvern på Andøya", "language": "nb"}
    document = {"completed_at": "2026-09-03T10:00:00+00:00", "score": 0.5, "kind": "e-learning", "course": course}
    with sidecar.transaction() as db:
        one = CrossingReceived(
            peer_id=peer_id,
            record_id="a" * 32,
            revision=1,
            digest="0" * 64,
            state="waiting",
            municipality_id=town.kongsberg.id,
            employee_ref="77-ukjent",
            completed_on=date(2026, 9, 3),
            document=document | {"minutes": None, "rule": [None, None, 90]},
            received_at=sidecar.now(),
            waits_until=sidecar.now(),
        )
        db.add(one)
        db.flush()
        return one.id


def only(sidecar: Sidecar) -> ExchangeAgreement:
    with sidecar.reading() as db:
        return db.scalars(select(ExchangeAgreement)).one()


def received(sidecar: Sidecar) -> CrossingReceived:
    with sidecar.reading() as db:
        return db.scalars(select(CrossingReceived)).one()


def test_an_agreement_is_recorded_shown_and_ended(office: Staff, sidecar: Sidecar, peer_id: str) -> None:
    office.client.set_cookie("sidecar-language", "en")
    assert "nothing crosses over" in office.get(AGREEMENTS)
    assert office.post(AGREEMENTS, TYPED | {"peer": peer_id}) == AGREEMENTS
    made = only(sidecar)
    assert (made.org_number, made.to, made.recorded_by) == ("847737492", "them", office.identity_id)
    page = office.get(AGREEMENTS)
    assert "Sortland kommune (847737492)" in page
    assert "sak 26/117" in page
    office.post(f"{AGREEMENTS}/{made.id}/end")
    assert str(only(sidecar).ends_on) == "2026-09-14"
    office.post(f"{AGREEMENTS}/{made.id}/end", status=400)
    office.post(f"{AGREEMENTS}/{'0' * 32}/end", status=404)


def test_about_an_employer_of_ours_they_tell_us(office: Staff, sidecar: Sidecar, peer_id: str) -> None:
    office.post(AGREEMENTS, {"peer": peer_id, "org_number": "942402465", "employer": "Kongsberg kommune"})
    assert only(sidecar).to == "us"


@pytest.mark.parametrize(
    "changed",
    [
        {"org_number": "847737493"},
        {"employer": " "},
        {"starts_on": "2026-05-01", "ends_on": "2026-04-01"},
        {"starts_on": "in May"},
        {"to": "us"},
    ],
)
def test_what_can_t_be_kept_is_told_and_stays_in_the_form(
    office: Staff, sidecar: Sidecar, peer_id: str, changed: dict[str, str]
) -> None:
    page = office.post(AGREEMENTS, TYPED | {"peer": peer_id} | changed, status=400)
    assert "sak 26/117" in page
    with sidecar.reading() as db:
        assert db.scalars(select(ExchangeAgreement)).all() == []


def test_of_one_employer_one_region_is_told_at_a_time(office: Staff, sidecar: Sidecar, peer_id: str) -> None:
    office.post(AGREEMENTS, TYPED | {"peer": peer_id, "starts_on": "2026-01-01"})
    office.post(AGREEMENTS, TYPED | {"peer": peer_id}, status=400)
    office.post(f"{AGREEMENTS}/{only(sidecar).id}/end")
    office.post(AGREEMENTS, TYPED | {"peer": peer_id})


def test_another_office_sees_none_of_it(
    office: Staff, sidecar: Sidecar, peer_id: str, waiting: str, sign_in: SignIn
) -> None:
    office.post(AGREEMENTS, TYPED | {"peer": peer_id})
    with sidecar.transaction() as db:
        db.add(Region(slug="ostfold", name="Østfold"))
    stranger = sign_in("rkk", name="Per Østfold", region="ostfold")
    assert "Sortland" not in stranger.get(AGREEMENTS)
    assert "77-ukjent" not in stranger.get(CROSSINGS)
    stranger.post(f"{AGREEMENTS}/{only(sidecar).id}/end", status=404)
    stranger.post(AGREEMENTS, TYPED | {"peer": peer_id}, status=404)
    stranger.post(f"{CROSSINGS}/{waiting}/match", {"number": "1001"}, status=404)
    stranger.post(f"{CROSSINGS}/{waiting}/refuse", status=404)


def test_staff_say_which_employee_it_is(office: Staff, sidecar: Sidecar, town: Town, waiting: str) -> None:
    with sidecar.reading() as db:
        kari = db.get_one(Employment, town.kari)
    page = office.get(CROSSINGS)
    assert "77-ukjent" in page
    assert "Brannvern på Andøya" in page
    office.post(f"{CROSSINGS}/{waiting}/match", {"number": "finnes-ikke"}, status=400)
    office.post(f"{CROSSINGS}/{waiting}/match", {"number": f" {kari.employee_number} "})
    one = received(sidecar)
    assert (one.state, one.tells, one.decided_by) == ("counted", True, office.identity_id)
    with sidecar.reading() as db:
        done = db.scalars(select(Completion).where(Completion.origin == "region")).one()
    assert done.person_id == kari.person_id
    assert "Brannvern på Andøya" not in office.get(CROSSINGS)
    assert "Brannvern på Andøya" in office.get(f"{CROSSINGS}?state=counted")


def test_what_counts_is_said_not_to_be_theirs(office: Staff, sidecar: Sidecar, town: Town, waiting: str) -> None:
    with sidecar.reading() as db:
        number = db.get_one(Employment, town.kari).employee_number
    office.post(f"{CROSSINGS}/{waiting}/match", {"number": number})
    leads = office.post(f"{CROSSINGS}/{waiting}/refuse?state=counted")
    assert leads == f"{CROSSINGS}?state=counted"
    assert (received(sidecar).state, received(sidecar).evidence_id) == ("refused", None)
    with sidecar.reading() as db:
        done = db.scalars(select(Completion).where(Completion.origin == "region")).one()
    assert done.withdrawn_at == sidecar.now()
    office.post(f"{CROSSINGS}/{waiting}/refuse", status=404)


def test_staff_say_that_it_is_nobody_s(office: Staff, sidecar: Sidecar, waiting: str) -> None:
    office.post(f"{CROSSINGS}/{waiting}/refuse")
    one = received(sidecar)
    assert (one.state, one.code, one.employee_ref) == ("refused", "crossing-turned-down", None)
    assert list(one.document or {}) == ["turned_down"]
    assert one.tells
