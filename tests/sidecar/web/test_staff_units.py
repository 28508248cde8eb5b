"""The tree of units on a day, the regions of a municipality, and the page of a person."""

from datetime import date

import pytest
from sqlalchemy import select

from sidecar.core.audit import AuditEntry
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Position
from sidecar.core.regions import Region, RegionMembership
from sidecar.runtime import Sidecar
from tests.sidecar.core.folk import Folk
from tests.sidecar.core.test_units import add_unit
from tests.sidecar.web.conftest import SignIn

KONGSBERG = "/staff/municipalities/kongsberg"


@pytest.fixture
def kari(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> str:
    """Somebody with a position in two units of Kongsberg, and a job in Rollag; the id of the first employment."""
    folk = Folk(sidecar)
    person_id = folk.person(kongsberg.id, "1001", email="kari@example.no", national="f00d")
    folk.account(person_id, "kari")
    with sidecar.transaction() as db:
        helse = add_unit(db, kongsberg.id, "Helse", None)
        hjem = add_unit(db, kongsberg.id, "Hjemmetjenesten", helse, since=date(2026, 9, 10))
        one = db.scalars(select(Employment)).one()
        one.unit, one.unit_id = "Helse", helse
        db.add(Position(employment_id=one.id, unit_id=helse, key="1", title="Sykepleier"))
        db.add(
            Position(
                employment_id=one.id, unit_id=hjem, key="2", title="Vikar", is_main=False, started_on=date(2026, 9, 10)
            )
        )
        folk.employ(db, person_id, rollag.id, "7")
        return one.id


def test_a_day_of_the_tree_is_chosen(sign_in: SignIn, kari: str) -> None:
    staff = sign_in("contact", municipality="kongsberg")
    assert "Hjemmetjenesten" in staff.get(f"{KONGSBERG}/units")
    before = staff.get(f"{KONGSBERG}/units?day=2026-09-01")
    assert "Helse" in before
    assert "Hjemmetjenesten" not in before
    assert "1001" not in before
    staff.get(f"{KONGSBERG}/units?day=yesterday", 400)
    other = sign_in("contact", name="Other", municipality="rollag")
    for path in ("units", "regions"):
        other.get(f"{KONGSBERG}/{path}", 404)
    sign_in("manager", name="M", municipality="kongsberg", unit="Helse").get(f"{KONGSBERG}/units", 403)


def test_who_has_no_place_in_the_tree_is_counted(
    sidecar: Sidecar, sign_in: SignIn, kari: str, kongsberg: Municipality
) -> None:
    staff = sign_in("contact", municipality="kongsberg")
    assert "uten enhet i treet" not in staff.get(f"{KONGSBERG}/units")
    folk = Folk(sidecar)
    folk.person(kongsberg.id, "1002")
    folk.person(kongsberg.id, "1003")
    assert "2 ansatte uten enhet i treet" in staff.get(f"{KONGSBERG}/units")
    with sidecar.transaction() as db:
        db.scalars(select(Employment).where(Employment.employee_number == "1002")).one().ended_on = date(2020, 1, 1)
    assert "1 ansatt uten enhet i treet" in staff.get(f"{KONGSBERG}/units")


def test_the_page_of_a_person_shows_what_the_viewer_may_see(sign_in: SignIn, kari: str) -> None:
    whole = sign_in("operator").get(f"{KONGSBERG}/people/{kari}")
    for word in ("Kongsberg kommune", "Rollag kommune", "Sykepleier", "Vikar", "Hjemmetjenesten", "10. september 2026"):
        assert word in whole
    assert "f00d" not in whole
    contact = sign_in("contact", name="C", municipality="kongsberg").get(f"{KONGSBERG}/people/{kari}")
    assert "Vikar" in contact
    assert "Rollag kommune" not in contact
    manager = sign_in("manager", name="M", municipality="kongsberg", unit="Hjemmetjenesten")
    below = manager.get(f"{KONGSBERG}/people/{kari}")
    assert "Vikar" in below
    assert "Hvordan de kommer inn" not in below


def test_a_region_is_joined_and_left_on_a_day(sidecar: Sidecar, sign_in: SignIn, kongsberg: Municipality) -> None:
    with sidecar.transaction() as db:
        db.add(Region(slug="vest", name="Vest"))
    staff, path = sign_in("operator"), f"{KONGSBERG}/regions"
    staff.post(path, {"region": "vest", "day": "2026-01-01", "act": "join"})
    staff.post(path, {"region": "vest", "day": "2026-12-31", "act": "leave"})
    office = sign_in("rkk", name="Office", region="vest")
    assert "31. desember 2026" in office.get(path)
    office.post(path, {"region": "vest", "day": "2027-01-01", "act": "join"}, 403)
    for wrong in (
        {"region": "vest", "day": "2025-06-01", "act": "join"},
        {"region": "vest", "day": "2027-06-01", "act": "leave"},
        {"region": "vest", "day": "", "act": "join"},
        {"region": "vest", "day": "2027-06-01", "act": "stay"},
    ):
        staff.post(path, wrong, 400)
    staff.post(path, {"region": "aust", "day": "2027-06-01", "act": "join"}, 404)
    staff.post(path, {"region": "vest", "day": "2027-06-01", "act": "join"})
    staff.post(path, {"region": "vest", "day": "2027-06-01", "act": "leave"})
    with sidecar.reading() as db:
        (kept,) = db.scalars(select(RegionMembership)).all()
        assert (kept.joined_on, kept.left_on) == (date(2026, 1, 1), date(2026, 12, 31))
        acts = [one.action for one in db.scalars(select(AuditEntry).where(AuditEntry.subject == kongsberg.id))]
        assert sorted(acts) == ["municipality.joined_region"] * 2 + ["municipality.left_region"] * 2
