"""Decide who is one person: bounded to who sees all of both, undone as easily, and seen in the access log."""

import re

import pytest
from sqlalchemy import select

from sidecar.core import match_lists
from sidecar.core.access import operator_at_the_console
from sidecar.core.access_log import Look
from sidecar.core.audit import AuditEntry
from sidecar.core.matching import look
from sidecar.core.matching_rules import list_rules
from sidecar.core.merging import merge
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Person
from sidecar.core.person_matches import DIFFERENT, MERGED, WAITING, PersonMatch
from sidecar.core.regions import Region, join
from sidecar.runtime import Sidecar
from tests.fakes.statements import counting
from tests.sidecar.core.folk import Folk
from tests.sidecar.web.conftest import SignIn

QUEUE, DECIDED, RULES = "/staff/matching", "/staff/matching/decided", "/staff/matching/rules"


@pytest.fixture
def match_id(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> str:
    """Two employees with one e-mail, in two municipalities of two regions; the RKK of `both` serves them both."""
    folk = Folk(sidecar)
    one = folk.person(kongsberg.id, "1001", "Kari Nordmann", email="kari@example.no")
    folk.person(rollag.id, "7", "Kari Hansen", email="kari@example.no")
    with sidecar.transaction() as db:
        for slug, municipality in (("vest", kongsberg), ("aust", rollag), ("both", kongsberg), ("both", rollag)):
            join(db, slug, municipality.id, sidecar.today())
        look(db, [one], sidecar.now())
        return db.scalars(select(PersonMatch.id)).one()


def state(sidecar: Sidecar, match_id: str) -> str:
    with sidecar.reading() as db:
        return db.get_one(PersonMatch, match_id).state


@pytest.mark.parametrize("who", ["operator", "rkk"])
def test_two_become_one_and_are_taken_apart(sidecar: Sidecar, sign_in: SignIn, match_id: str, who: str) -> None:
    staff = sign_in(who, **({"region": "both"} if who == "rkk" else {}))
    queue = staff.get(QUEUE)
    for word in ("Kari Nordmann", "Kari Hansen", "1001", "Kongsberg kommune", "Rollag kommune", "Skolen", "Lærer"):
        assert word in queue
    assert "Jobb-e-post" in queue
    confirm = staff.get(f"{QUEUE}/{match_id}")
    assert f'action="{QUEUE}/{match_id}/same"' in confirm
    assert staff.post(f"{QUEUE}/{match_id}/same") == f"{DECIDED}#match-{match_id}"
    assert state(sidecar, match_id) == MERGED
    assert "Kari Hansen" not in staff.get(QUEUE)
    decided = staff.get(DECIDED)
    assert "Kari Nordmann" in decided
    assert "Kari Hansen" in decided
    assert "action=" in staff.get(f"{QUEUE}/{match_id}")
    staff.post(f"{QUEUE}/{match_id}/apart")
    assert state(sidecar, match_id) == DIFFERENT
    assert "Kari Hansen" not in staff.get(QUEUE)
    with sidecar.reading() as db:
        acts = db.scalars(select(AuditEntry).where(AuditEntry.action.startswith("person."))).all()
        assert {(one.action, one.identity_id) for one in acts} == {
            ("person.merged", staff.identity_id),
            ("person.taken_apart", staff.identity_id),
        }
        assert "example.no" not in repr([one.facts for one in acts])


def test_different_is_undone(sidecar: Sidecar, sign_in: SignIn, match_id: str) -> None:
    staff = sign_in("operator")
    staff.post(f"{QUEUE}/{match_id}/different")
    assert state(sidecar, match_id) == DIFFERENT
    staff.post(f"{QUEUE}/{match_id}/different", status=409)
    staff.post(f"{QUEUE}/{match_id}/same", status=409)
    staff.post(f"{QUEUE}/{match_id}/again")
    assert state(sidecar, match_id) == WAITING
    staff.post(f"{QUEUE}/{match_id}/apart", status=409)
    assert state(sidecar, match_id) == WAITING


@pytest.mark.parametrize("region", ["vest", "aust"])
@pytest.mark.parametrize("before", [None, "same", "different"])
def test_the_office_of_one_of_two_regions_learns_nothing(
    sidecar: Sidecar, sign_in: SignIn, match_id: str, region: str, before: str | None
) -> None:
    if before:
        sign_in("operator", name="Operator").post(f"{QUEUE}/{match_id}/{before}")
    was = state(sidecar, match_id)
    office = sign_in("rkk", region=region)
    seen = office.get(QUEUE) + office.get(DECIDED)
    assert "Kari" not in seen
    assert match_id not in seen
    office.get(f"{QUEUE}/{match_id}", 404)
    for act in ("same", "different", "again", "apart"):
        office.post(f"{QUEUE}/{match_id}/{act}", status=404)
    assert state(sidecar, match_id) == was
    with sidecar.reading() as db:
        assert not list(db.scalars(select(Look).where(Look.viewer_id == office.identity_id)))


def test_contacts_and_managers_have_no_such_pages(sign_in: SignIn, match_id: str) -> None:
    for staff in (
        sign_in("contact", name="C", municipality="kongsberg"),
        sign_in("manager", name="M", municipality="kongsberg", unit="Skolen"),
    ):
        for path in (QUEUE, DECIDED, RULES, f"{QUEUE}/{match_id}"):
            staff.get(path, 403)
        staff.post(f"{QUEUE}/{match_id}/same", status=403)


def test_a_former_employer_counts_too(
    sidecar: Sidecar, sign_in: SignIn, match_id: str, kongsberg: Municipality, rollag: Municipality
) -> None:
    with sidecar.transaction() as db:
        db.scalars(select(Employment).where(Employment.employee_number == "7")).one().ended_on = sidecar.today()
    sign_in("rkk", region="vest").get(f"{QUEUE}/{match_id}", 404)


def test_who_is_shown_side_by_side_stands_in_the_access_log(sidecar: Sidecar, sign_in: SignIn, match_id: str) -> None:
    staff = sign_in("rkk", region="both")
    staff.get(QUEUE)
    with sidecar.reading() as db:
        looks = db.scalars(select(Look).where(Look.what == "matching")).all()
        assert {one.subject_id for one in looks} == set(db.scalars(select(Person.id)))
        assert {one.municipality_id for one in looks} == set(db.scalars(select(Municipality.id)))


def test_the_queue_is_paged(sidecar: Sidecar, sign_in: SignIn, kongsberg: Municipality, rollag: Municipality) -> None:
    folk = Folk(sidecar)
    people = []
    for number in range(30):
        people.append(folk.person(kongsberg.id, f"a{number}", email=f"{number}@example.no"))
        folk.person(rollag.id, f"b{number}", email=f"{number}@example.no")
    with sidecar.transaction() as db:
        look(db, people, sidecar.now())
    staff = sign_in("operator")
    pages = [staff.get(f"{QUEUE}?page={number}") for number in (1, 2, 99)]
    assert [len(set(re.findall(r'id="match-(\w+)"', page))) for page in pages] == [25, 5, 5]
    assert pages[1] == pages[2]


def test_a_page_notes_whom_it_shows_in_one_statement_for_each_municipality(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    folk, viewer, noted = Folk(sidecar), operator_at_the_console(), []
    for number in range(3):
        one = folk.person(kongsberg.id, f"{number}", "Kari Nordmann", email=f"kari{number}@example.no")
        other = folk.person(rollag.id, f"{number}", "Kari Hansen", email=f"kari{number}@example.no")
        with sidecar.transaction() as db:
            db.add(PersonMatch(person_id=one, other_id=other, rule="email", found_at=sidecar.now()))
        with counting(sidecar) as said, sidecar.transaction() as db:
            lines = match_lists.page_waiting(db, viewer).lines
            match_lists.note_look(db, viewer, lines, sidecar.now())
        noted.append(sum("INSERT INTO access_log" in statement for statement in said))
    assert noted == [2, 2, 2]
    with sidecar.reading() as db:
        looks = db.execute(select(Look.subject_id, Look.municipality_id)).all()
    assert len(looks) == 6, "each person in their own municipality"


def rules_now(sidecar: Sidecar) -> list[tuple[str, str]]:
    with sidecar.reading() as db:
        return [(one.name, one.action) for one in list_rules(db)]


def test_an_operator_orders_the_rules(sidecar: Sidecar, sign_in: SignIn) -> None:
    staff = sign_in("operator")
    page = staff.get(RULES)
    assert page.index("ID-nummer fra LMS-et") < page.index("Fødselsnummer") < page.index("Jobb-e-post")
    staff.post(f"{RULES}/email", {"move": "up"})
    staff.post(f"{RULES}/name", {"action": "ask"})
    assert rules_now(sidecar) == [("email", "ask"), ("national-id", "join"), ("name", "ask")]
    staff.post(f"{RULES}/email", {"move": "up"})
    staff.post(f"{RULES}/name", {"move": "down"})
    assert rules_now(sidecar)[0] == ("email", "ask")
    staff.post(f"{RULES}/name", {"action": "join"}, 400)
    staff.post(f"{RULES}/shoe-size", {"action": "ask"}, 404)
    with sidecar.transaction() as db:
        db.add(Region(slug="none", name="None"))
    office = sign_in("rkk", name="Office", region="none")
    assert "<select" not in office.get(RULES).split("<main")[1]
    office.post(f"{RULES}/name", {"action": "off"}, 403)
    assert rules_now(sidecar)[2] == ("name", "ask")


@pytest.mark.parametrize("decided", ["by staff", "by a rule"])
def test_the_office_of_one_region_learns_that_its_employee_is_one_with_another(
    sidecar: Sidecar, sign_in: SignIn, match_id: str, kongsberg: Municipality, decided: str
) -> None:
    if decided == "by staff":
        sign_in("operator").post(f"{QUEUE}/{match_id}/same")
    else:
        with sidecar.transaction() as db:
            match = db.get_one(PersonMatch, match_id)
            merge(db, match.person_id, match.other_id, rule="national-id", by=None, now=sidecar.now())
    with sidecar.reading() as db:
        here = Employment.municipality_id == kongsberg.id
        employment_id = db.scalars(select(Employment.id).where(here)).one()
    path = f"/staff/municipalities/kongsberg/people/{employment_id}"
    page = sign_in("rkk", name="Vera Vest", region="vest").get(path)
    assert "samme person som en ansatt i en annen kommune" in page
    assert ("en person med tilgang" in page) == (decided == "by staff")
    assert "Rollag" not in page
    assert "en annen kommune" not in sign_in("operator").get(path)
