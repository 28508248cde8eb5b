"""People name an employer in another region, see first what is sent, and take it back."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from sidecar.core import named_employers
from sidecar.core.access import operator_at_the_console
from sidecar.core.completions import Completion
from sidecar.core.crossing_agreements import WantedAgreement, record_agreement
from sidecar.core.crossing_sent import CrossingSent
from sidecar.core.named_employers import NamedEmployer
from sidecar.core.peers import TRUSTED, Peer
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.own_browser import Own, launched
from tests.sidecar.web.town import Town

THEIRS = "https://vesteralen.example.no/exchange/vesteralen"
SORTLAND = "847737492"


@pytest.fixture
def kari(app: Flask, sidecar: Sidecar, town: Town) -> Own:
    return launched(app, sidecar, "u1")


@pytest.fixture
def agreed(sidecar: Sidecar, town: Town) -> str:
    """Let the region have agreed with Vesterålen about Sortland; return the id of the peer."""
    now, today = sidecar.now(), sidecar.today()
    with sidecar.transaction() as db:
        region_id = db.scalars(select(Region.id)).one()
        peer = Peer(region_id=region_id, address=THEIRS, name="Vesterålen", known_by="fingerprint", added_at=now)
        peer.state = TRUSTED
        db.add(peer)
        db.flush()
        wanted = WantedAgreement(SORTLAND, "Sortland kommune", date(2026, 1, 1))
        record_agreement(db, operator_at_the_console(), THEIRS, wanted, now=now, today=today)
        return peer.id


def named(sidecar: Sidecar) -> NamedEmployer:
    with sidecar.reading() as db:
        return db.scalars(select(NamedEmployer)).one()


def test_an_employer_is_named_after_what_is_sent_was_shown(kari: Own, sidecar: Sidecar, agreed: str) -> None:
    page = kari.get("/employers")
    assert "Sortland kommune (Vesterålen)" in page
    assert "Brannvern" in page.split("What is sent")[1]
    kari.post("/employers", answer="name", org_number=SORTLAND, employee_ref=" 77 ")
    one = named(sidecar)
    assert (one.employee_ref, one.identity_id, one.withdrawn_at) == ("77", kari.identity_id, None)
    assert "employee number 77" in kari.get("/employers")


def test_it_can_be_taken_back_and_named_anew(kari: Own, sidecar: Sidecar, agreed: str) -> None:
    kari.post("/employers", answer="name", org_number=SORTLAND, employee_ref="77")
    kari.post("/employers", answer="take-back", org_number=SORTLAND)
    kari.post("/employers", answer="take-back", org_number=SORTLAND)
    assert named(sidecar).withdrawn_at == sidecar.now()
    assert "Take it back" not in kari.get("/employers")
    kari.post("/employers", answer="name", org_number=SORTLAND, employee_ref="78")
    assert (named(sidecar).employee_ref, named(sidecar).withdrawn_at) == ("78", None)


def test_no_more_than_the_most_can_be_named_but_a_number_corrected(
    kari: Own, sidecar: Sidecar, agreed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(named_employers, "MOST_NAMED", 1)
    kari.post("/employers", answer="name", org_number=SORTLAND, employee_ref="77")
    kari.post("/employers", answer="name", org_number=SORTLAND, employee_ref="78")
    assert named(sidecar).employee_ref == "78"
    kari.post("/employers", answer="take-back", org_number=SORTLAND)
    monkeypatch.setattr(named_employers, "MOST_NAMED", 0)
    assert "which is the most" in kari.post("/employers", 400, answer="name", org_number=SORTLAND, employee_ref="78")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"answer": "name", "org_number": SORTLAND, "employee_ref": " "}, 400),
        ({"answer": "name", "org_number": SORTLAND, "employee_ref": "7" * 101}, 400),
        ({"answer": "name", "org_number": "958501420", "employee_ref": "7"}, 400),
        ({"answer": "take-back", "org_number": "958501420"}, 404),
        ({"answer": "perhaps", "org_number": SORTLAND}, 400),
    ],
)
def test_what_can_t_be_named_is_told(
    kari: Own, sidecar: Sidecar, agreed: str, fields: dict[str, str], status: int
) -> None:
    kari.post("/employers", status, **fields)
    with sidecar.reading() as db:
        assert db.scalars(select(NamedEmployer)).all() == []


def test_where_nothing_is_agreed_nothing_can_be_named(kari: Own, town: Town) -> None:
    page = kari.get("/employers")
    assert "no agreement" in page
    assert "<select" not in page


def test_who_is_not_placed_names_nobody(app: Flask, sidecar: Sidecar, town: Town, agreed: str) -> None:
    stranger = launched(app, sidecar, "u2")
    assert "no agreement" in stranger.get("/employers")
    stranger.post("/employers", 400, answer="name", org_number=SORTLAND, employee_ref="7")


def test_staff_have_the_same_page(app: Flask, sidecar: Sidecar, sign_in: SignIn, town: Town, agreed: str) -> None:
    def shown(page: str) -> str:
        return page.partition("<h1")[2].partition('<p class="actions">')[0]

    office, learner = sign_in("rkk", region="kongsbergregionen"), launched(app, sidecar, "u2", language="nb")
    said = shown(office.get("/staff/my-learning/employers"))
    assert said == shown(learner.get("/employers"))
    assert "avtale" in said
    office.post("/staff/my-learning/employers", {"answer": "name", "org_number": SORTLAND, "employee_ref": "7"}, 400)


def test_my_learning_tells_what_was_sent_where(kari: Own, sidecar: Sidecar, agreed: str) -> None:
    assert "Nothing was sent to another region" in kari.get()
    with sidecar.transaction() as db:
        done = db.scalars(select(Completion)).one()
        sent = CrossingSent(
            peer_id=agreed,
            org_number=SORTLAND,
            completion_id=done.id,
            employee_ref="77-hos-dem",
            state="waiting",
            written_at=sidecar.now(),
            answered_at=sidecar.now(),
        )
        sent.record = {"status": "completed"}
        db.add(sent)
    page = kari.get()
    assert "77-hos-dem" in page
    assert "It waits there" in page
    assert "A change is on its way" in page
