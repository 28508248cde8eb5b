"""People see their own learning and nobody else's, print a proof, and decide who else may see it."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from sidecar.core import merging
from sidecar.core.access_log import Look
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.evidence import REFUSED, WAITING, Evidence
from sidecar.core.municipalities import Municipality, add_municipality
from sidecar.core.own_wishes import ErasureRequest, SharingConsent
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.periods import month
from sidecar.core.proofs import reference_of
from sidecar.reports import asking, deliver
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.own_browser import Own, launched
from tests.sidecar.web.town import COMPLETED_AT, Town

PEOPLE = "/staff/municipalities/kongsberg/people"


@pytest.fixture
def kari(app: Flask, sidecar: Sidecar, town: Town) -> Own:
    return launched(app, sidecar, "u1")


@pytest.fixture
def stranger(app: Flask, sidecar: Sidecar, town: Town) -> Own:
    return launched(app, sidecar, "u2")


def completion(sidecar: Sidecar) -> Completion:
    with sidecar.reading() as db:
        found = db.scalars(select(Completion)).one()
        db.expunge(found)
        return found


def move_to_rollag(sidecar: Sidecar, town: Town) -> None:
    """Let Kari have begun at Rollag after the course."""
    with sidecar.transaction() as db:
        kari = db.get_one(Employment, town.kari)
        here = Employment(
            person_id=kari.person_id, municipality_id=town.rollag.id, employee_number="77", imported_at=sidecar.now()
        )
        here.started_on = sidecar.today() - timedelta(days=5)
        db.add(here)


def test_a_learner_sees_what_they_completed_who_was_told_and_who_looked(
    kari: Own, sidecar: Sidecar, town: Town, sign_in: SignIn
) -> None:
    delivery = asking.request(sidecar, town.kongsberg.id, month(2026, 8))[0]
    assert "Not delivered" in kari.get()
    deliver.hand_over(sidecar, delivery.id)
    sign_in("contact", name="Kontakt Kontaktsen", municipality="kongsberg").get(f"{PEOPLE}/{town.kari}")
    page = kari.get()
    for part in (
        "Brannvern på arbeidsplassen",
        "20 August 2026",
        "90%",
        "Taken here, from Felles Moodle",
        "Kongsberg kommune sees it.",
        "2026-08",
        "Kontakt Kontaktsen",
        "The page about you",
    ):
        assert part in page, part
    assert "Not delivered" not in page
    for other in ("Hansen", "Rollheim", "Ukjent"):
        assert other not in page


def test_what_expires_is_told_with_the_day_of_renewal(kari: Own, sidecar: Sidecar) -> None:
    one, today = completion(sidecar), sidecar.today()
    for days, state in ((200, "Valid"), (10, "Expires soon"), (-1, "Expired")):
        with sidecar.transaction() as db:
            row = db.get_one(Completion, one.id)
            row.validity_months, row.completed_on, row.renewal_days = 12, today + timedelta(days=days - 365), 90
            row.valid_until = today + timedelta(days=days)
        page = kari.get()
        table = page[page.index('id="expires"') : page.index('id="completed"')]
        assert f">{state}<" in table, days


def test_waiting_and_refused_records_are_shown_with_the_reason(kari: Own, sidecar: Sidecar, town: Town) -> None:
    one = completion(sidecar)
    for state, reason in ((WAITING, None), (REFUSED, "Beviset <b>kan ikke</b> leses")):
        with sidecar.transaction() as db:
            piece = Evidence(
                person_id=one.person_id, course_id=one.course_id, completed_at=COMPLETED_AT, recorded_at=COMPLETED_AT
            )
            piece.origin, piece.state, piece.reason, piece.municipality_id = "manual", state, reason, town.kongsberg.id
            db.add(piece)
    page = kari.get()
    assert "Waits for a second person" in page
    assert "Beviset &lt;b&gt;kan ikke&lt;/b&gt; leses" in page
    assert page.count("Entered by Kongsberg kommune") == 2


@pytest.mark.parametrize(
    ("subject", "why"), [("u2", "is not in the list of employees"), ("u3", "does not tell us your employee number")]
)
def test_who_is_not_placed_reads_why_and_what_to_do(
    app: Flask, sidecar: Sidecar, town: Town, subject: str, why: str
) -> None:
    page = launched(app, sidecar, subject).get()
    assert why in page
    assert "Tell your manager" in page


def test_a_held_account_sees_nothing_of_the_person_it_was_taken_from(kari: Own, sidecar: Sidecar, town: Town) -> None:
    one = completion(sidecar)
    with sidecar.transaction() as db:
        db.get_one(Identity, kari.identity_id).person_id = None
    page = kari.get()
    assert "waits for an operator" in page
    assert "Brannvern" not in page
    kari.get(f"/proof/{one.id}", 404)
    assert "nothing to prove yet" in kari.get("/proof")
    kari.get(f"/sharing/{town.rollag.id}/{one.course_id}", 404)


def test_a_merged_person_is_found_by_the_account(kari: Own, sidecar: Sidecar, town: Town) -> None:
    with sidecar.transaction() as db:
        ola = db.scalars(select(Employment.person_id).where(Employment.employee_number == "1002")).first()
        mine = db.get_one(Employment, town.kari).person_id
        assert ola
        merging.merge(db, ola, mine, rule="manual", by=None, now=sidecar.now())
    assert "Brannvern på arbeidsplassen" in kari.get()
    assert "Ola Hansen" in kari.get("/proof")


def test_another_s_page_proof_and_decisions_are_shut(kari: Own, stranger: Own, sidecar: Sidecar, town: Town) -> None:
    one = completion(sidecar)
    kari.get(f"/proof/{one.id}")
    for path in (f"/proof/{one.id}", f"/proof/{'0' * 32}", "/proof/..%2f", "/proof/' OR 1=1"):
        assert "Nordmann" not in stranger.get(path, 404)
    for more in ("", "/proof", f"/proof/{one.id}", "/erasure"):
        assert stranger.client.get(kari.path + more).status_code == 401
    move_to_rollag(sidecar, town)
    with sidecar.transaction() as db:
        db.scalars(select(Course)).one().is_transferable = False
    where = f"/sharing/{town.rollag.id}/{one.course_id}"
    stranger.get(where, 404)
    stranger.post(where, 404, answer="agree")
    with sidecar.reading() as db:
        assert db.scalars(select(SharingConsent)).all() == []


def test_a_learner_decides_what_a_later_employer_sees(kari: Own, sidecar: Sidecar, town: Town, sign_in: SignIn) -> None:
    move_to_rollag(sidecar, town)
    with sidecar.transaction() as db:
        db.scalars(select(Course)).one().is_transferable = False
    where = f"/sharing/{town.rollag.id}/{completion(sidecar).course_id}"
    assert "does not see it: you completed it before you worked there" in kari.get()
    assert "Let Rollag kommune see Brannvern" in kari.get(where)
    kari.post(where, 403, token="wrong", answer="agree")
    kari.post(where, 400, answer="perhaps")
    assert "does not see it" in kari.get()
    assert kari.post(where, answer="agree").startswith(kari.path)
    assert "You agreed to that." in kari.get()
    contact = sign_in("contact", municipality="rollag")
    with sidecar.reading() as db:
        there = db.scalars(select(Employment.id).where(Employment.employee_number == "77")).one()
    person = f"/staff/municipalities/rollag/people/{there}"
    assert "Brannvern" in contact.get(person)
    assert "Take back that Rollag kommune sees" in kari.get(where)
    kari.post(where, answer="take-back")
    assert "does not see it: you completed it before you worked there" in kari.get()
    assert "Brannvern" not in contact.get(person)


def test_a_proof_stands_in_each_language_and_asks_nobody_else(app: Flask, sidecar: Sidecar, town: Town) -> None:
    one = completion(sidecar)
    words = {"nb": "Utstedt av", "nn": "Utferda av", "en": "Issued by"}
    for language, word in words.items():
        own = launched(app, sidecar, "u1", language=language)
        page = own.get(f"/proof/{one.id}")
        for part in (word, "Kari Nordmann", "Brannvern på arbeidsplassen", "Kongsberg kommune", reference_of(one.id)):
            assert part in page, part
        loaded = re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="([^"]+)"', page)
        assert loaded
        assert all(url.startswith("/") for url in loaded)


def test_staff_check_a_proof_and_the_look_is_told(kari: Own, sidecar: Sidecar, town: Town, sign_in: SignIn) -> None:
    one = completion(sidecar)
    reference = reference_of(one.id)
    for role, scope in (("contact", {"municipality": "kongsberg"}), ("rkk", {"region": "kongsbergregionen"})):
        staff = sign_in(role, name=f"{role} Kontrollør", **scope)
        staff.client.set_cookie("sidecar-language", "en")
        page = staff.post("/staff/proofs", {"reference": reference.lower()}, 200)
        assert "It holds<" in page
        assert "Kari Nordmann" in page
    assert "A proof that you had printed" in kari.get()
    other = sign_in("contact", municipality="rollag")
    for typed, status in (
        (reference, 404),
        (reference_of("e" * 32), 404),
        ("tull", 400),
        ("", 400),
        ("\u0660" * 16, 400),
    ):
        assert "Nordmann" not in other.post("/staff/proofs", {"reference": typed}, status)
    with sidecar.reading() as db:
        assert {look.viewer_id for look in db.scalars(select(Look).where(Look.what == "proof"))}.isdisjoint(
            {other.identity_id}
        )


def test_a_withdrawn_proof_is_told_as_such(kari: Own, sidecar: Sidecar, sign_in: SignIn) -> None:
    one = completion(sidecar)
    with sidecar.transaction() as db:
        db.get_one(Completion, one.id).withdrawn_at = sidecar.now()
    operator = sign_in("operator")
    operator.client.set_cookie("sidecar-language", "en")
    page = operator.post("/staff/proofs", {"reference": reference_of(one.id)}, 200)
    assert "It holds no more" in page
    kari.get(f"/proof/{one.id}", 404)


def test_a_wish_to_be_erased_goes_its_way(
    kari: Own, sidecar: Sidecar, town: Town, sign_in: SignIn, clock: FakeClock
) -> None:
    assert "1 completed course no longer counts as yours" in kari.get("/erasure")
    kari.post("/erasure", 403, token="wrong", answer="ask")
    kari.post("/erasure", 400)
    kari.post("/erasure", answer="ask")
    kari.post("/erasure", answer="take-back")
    assert "You took your wish back" in kari.get("/erasure")
    clock.advance(minutes=1)
    kari.post("/erasure", answer="ask")
    rkk = sign_in("rkk", name="Ragna RKK", region="kongsbergregionen")
    rkk.client.set_cookie("sidecar-language", "en")
    assert "1 learner asks to be erased" in rkk.get("/staff/")
    page = rkk.get("/staff/erasure-requests")
    assert "Kari Nordmann" in page
    erase = re.findall(r'href="([^"]+/erase)"', page)
    assert erase == [f"{PEOPLE}/{town.kari}/erase"]
    rkk.get(erase[0])
    refuse = re.findall(r'href="([^"]+/refuse)"', page)[0]
    rkk.get(refuse)
    rkk.post(refuse, {"reason": ""}, 400)
    rkk.post(refuse, {"reason": "Opplæringen må dokumenteres <i>i fem år</i>"})
    rkk.post(refuse, {"reason": "igjen"}, 400)
    assert "Opplæringen må dokumenteres &lt;i&gt;i fem år&lt;/i&gt;" in kari.get("/erasure")
    assert "refused" in kari.get()
    assert "Nobody waits" in rkk.get("/staff/erasure-requests")
    kari.post("/erasure", answer="ask")
    rkk.post(erase[0], {"number": "1001"})
    with sidecar.reading() as db:
        assert sorted(map(str, db.scalars(select(ErasureRequest.outcome)))) == ["done", "refused", "taken-back"]
        assert set(db.scalars(select(ErasureRequest.reason))) == {None}
    assert "Nobody waits" in rkk.get("/staff/erasure-requests")


def test_others_see_no_wish(kari: Own, sidecar: Sidecar, sign_in: SignIn) -> None:
    kari.post("/erasure", answer="ask")
    with sidecar.reading() as db:
        request_id = db.scalars(select(ErasureRequest.id)).one()
    contact = sign_in("contact", municipality="kongsberg")
    contact.get("/staff/erasure-requests", 403)
    assert "erasure-requests" not in contact.get("/staff/")
    elsewhere, municipality_id = sign_in("rkk", region="kongsbergregionen"), _outside(sidecar)
    with sidecar.transaction() as db:
        person_id = db.get_one(Identity, kari.identity_id).person_id
        now = sidecar.now()
        works = Employment(
            person_id=str(person_id), municipality_id=municipality_id, employee_number="5", imported_at=now
        )
        db.add(works)
    assert "Nordmann" not in elsewhere.get("/staff/erasure-requests")
    elsewhere.get(f"/staff/erasure-requests/{request_id}/refuse", 404)
    elsewhere.post(f"/staff/erasure-requests/{request_id}/refuse", {"reason": "nei"}, 404)


def _outside(sidecar: Sidecar) -> str:
    """Return a municipality of no region."""
    with sidecar.transaction() as db:
        new = Municipality(
            org_number="976820479", slug="andoy", name="Andøy kommune", number="1871", created_at=sidecar.now()
        )
        return add_municipality(db, new).id


def test_staff_see_their_own_and_the_account_of_a_link_is_told_so(sign_in: SignIn, town: Town) -> None:
    contact = sign_in("contact", name="Kontakt Kontaktsen", municipality="kongsberg")
    contact.client.set_cookie("sidecar-language", "en")
    page = contact.get("/staff/my-learning")
    assert "You came here by a sign-in link" in page
    assert "Nordmann" not in page
    contact.get("/staff/my-learning/proof")
    contact.post("/staff/my-learning/erasure", {"answer": "ask"})
    assert "nobody has answered yet" in contact.get("/staff/my-learning")


def test_every_page_of_a_launch_leads_to_my_learning(app: Flask, sidecar: Sidecar, town: Town) -> None:
    with sidecar.reading() as db:
        course_id = db.scalars(select(Course.id)).one()
    own = launched(app, sidecar, "u1", course_id)
    played = f"/play/{own.launch_id}"
    for page in (own.get(f"{played}/me"), own.get(played), own.get(f"{played}/end")):
        assert f'href="{own.path}"' in page
    assert f'href="{played}"' in own.get()
    without = launched(app, sidecar, "u1")
    assert f'href="/play/{without.launch_id}"' not in without.get()


def test_a_name_is_never_in_an_address(kari: Own) -> None:
    for link in re.findall(r'(?:href|action)="([^"]+)"', kari.get() + kari.get("/proof") + kari.get("/erasure")):
        assert "Nordmann" not in link
        assert "1001" not in link


def test_an_erased_person_s_browser_is_signed_out(kari: Own, sidecar: Sidecar, town: Town, sign_in: SignIn) -> None:
    operator = sign_in("operator")
    operator.post(f"{PEOPLE}/{town.kari}/erase", {"number": "1001"})
    with sidecar.reading() as db:
        assert db.scalars(select(Person.id).where(Person.erased_at.is_not(None))).one()
    kari.get(status=401)
