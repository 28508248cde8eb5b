"""Test that staff give out and erase what is kept of an employee, each as far as they may."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from sidecar.core.people import Employment, Person
from sidecar.core.periods import month
from sidecar.reports import asking, deliver
from sidecar.runtime import Sidecar
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.town import Town

BASE = "/staff/municipalities/kongsberg/people"


@pytest.fixture
def person_id(sidecar: Sidecar, town: Town) -> str:
    """Kari, with a report delivered."""
    delivery = asking.request(sidecar, town.kongsberg.id, month(2026, 8))[0]
    deliver.hand_over(sidecar, delivery.id)
    with sidecar.reading() as db:
        return db.get_one(Employment, town.kari).person_id


def _last_name(sidecar: Sidecar, person_id: str) -> str | None:
    with sidecar.reading() as db:
        return db.scalar(select(Person.last_name).where(Person.id == person_id))


def test_a_contact_gives_out_what_is_kept(sign_in: SignIn, town: Town, person_id: str) -> None:
    contact = sign_in("contact", municipality="kongsberg")
    found = json.loads(contact.get(f"{BASE}/{town.kari}/export"))
    assert [one["employee_number"] for one in found["employments"]] == ["1001"]
    assert [one["what"] for one in found["seen_by"]] == ["export"]
    contact.get(f"{BASE}/{town.rolf}/export", 404)
    sign_in("contact", name="Other", municipality="rollag").get(f"{BASE}/{town.kari}/export", 404)


def test_an_erasure_wants_the_employee_number(sign_in: SignIn, town: Town, sidecar: Sidecar, person_id: str) -> None:
    operator, path = sign_in("operator"), f"{BASE}/{town.kari}/erase"
    assert "Kari Nordmann" in operator.get(path)
    for number in ("", "1002"):
        assert "1001" in operator.post(path, {"number": number}, 400)
    assert _last_name(sidecar, person_id) == "Nordmann"
    assert operator.post(path, {"number": " 1001 "}) == f"/staff/erasures/{person_id}"
    assert _last_name(sidecar, person_id) == ""


def test_the_receipt_lists_what_the_municipality_has(sign_in: SignIn, town: Town, person_id: str) -> None:
    operator = sign_in("operator")
    operator.post(f"{BASE}/{town.kari}/erase", {"number": "1001"})
    page = operator.get(f"/staff/erasures/{person_id}")
    assert "2026-08" in page
    assert "Nordmann" not in page
    operator.get(f"{BASE}/{town.kari}", 404)
    assert "Nordmann" not in operator.get(BASE)


def test_the_rkk_erases_its_own_people_only(sign_in: SignIn, town: Town, sidecar: Sidecar, person_id: str) -> None:
    rkk = sign_in("rkk", region="kongsbergregionen")
    contact = sign_in("contact", name="Contact", municipality="kongsberg")
    contact.get(f"{BASE}/{town.kari}/erase", 403)
    contact.post(f"{BASE}/{town.kari}/erase", {"number": "1001"}, 403)
    assert _last_name(sidecar, person_id) == "Nordmann"
    rkk.post(f"{BASE}/{town.kari}/erase", {"number": "1001"})
    assert _last_name(sidecar, person_id) == ""
    rkk.get(f"/staff/erasures/{person_id}")
    contact.get(f"/staff/erasures/{person_id}", 403)


def test_who_is_not_erased_has_no_receipt(sign_in: SignIn, town: Town, person_id: str) -> None:
    sign_in("operator").get(f"/staff/erasures/{person_id}", 404)
