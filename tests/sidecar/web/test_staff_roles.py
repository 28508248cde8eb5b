"""Roles are listed, given and taken within one's own reach; a sign-in link is shown once."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from sidecar.core.access import operator_at_the_console
from sidecar.core.access_log import Look
from sidecar.core.api_tokens import ApiToken
from sidecar.core.audit import AuditEntry
from sidecar.core.contacts import Contact
from sidecar.core.granting import PAGE_SIZE, list_grants
from sidecar.core.people import Identity
from sidecar.core.platforms import Platform
from sidecar.core.regions import Region
from sidecar.core.staff import Grant, Scope, grant
from sidecar.runtime import Sidecar
from tests.fakes.statements import counting
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import SAME_ORIGIN, Staff
from tests.sidecar.web.town import Town


@pytest.fixture
def operator(sign_in: SignIn, town: Town) -> Staff:
    return sign_in("operator", name="Olav Operatør")


@pytest.fixture
def rkk(sign_in: SignIn, town: Town) -> Staff:
    return sign_in("rkk", name="Ragna RKK", region="kongsbergregionen")


def grants(sidecar: Sidecar, role: str) -> list[Grant]:
    with sidecar.reading() as db:
        return list(db.scalars(select(Grant).where(Grant.role == role)))


def identity(sidecar: Sidecar, subject: str) -> Identity:
    with sidecar.reading() as db:
        return db.scalars(select(Identity).where(Identity.subject == subject)).one()


def english(staff: Staff) -> Staff:
    staff.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return staff


def test_an_operator_finds_somebody_and_makes_them_contact(sidecar: Sidecar, operator: Staff) -> None:
    page = operator.post("/staff/roles/new", {"search": "kari nordm"}, 200)
    kari = identity(sidecar, "u1")
    assert kari.id in page
    assert "Ukjent" not in page
    assert "Kari Nordmann" in operator.post("/staff/roles/new", {"identity": kari.id}, 200)
    form = {"identity": kari.id, "role": "contact", "municipality": "kongsberg", "until": "2027-06-30"}
    assert operator.post("/staff/roles", form) == "/staff/roles"
    (given,) = grants(sidecar, "contact")
    assert given.identity_id == kari.id
    assert given.ends_at is not None
    page = english(operator).get("/staff/roles")
    assert "30 June 2027" in page
    assert "Olav Operatør" in page.split("Kari Nordmann", 1)[1]
    with sidecar.reading() as db:
        looks = db.scalars(select(Look.subject_id).where(Look.what == "roles")).all()
        entry = db.scalars(select(AuditEntry).where(AuditEntry.subject == given.id)).one()
    assert kari.person_id in looks
    assert entry.identity_id == operator.identity_id


def test_who_has_not_come_yet_is_named_by_lms_or_by_name(sidecar: Sidecar, operator: Staff) -> None:
    for who in ({"platform": "Felles Moodle", "subject": "77"}, {"name": "Gro Gjest"}):
        operator.post("/staff/roles/new", who, 200)
        with sidecar.reading() as db:
            assert not db.scalars(select(Identity).where(Identity.subject.in_(["77", "local:Gro Gjest"]))).all()[1:]
        operator.post("/staff/roles", {**who, "role": "content-developer"})
    held = {one.identity_id for one in grants(sidecar, "content-developer")}
    assert held == {identity(sidecar, "77").id, identity(sidecar, "local:Gro Gjest").id}
    page = english(operator).post("/staff/roles", {"name": "Gro Gjest", "role": "content-developer"}, 400)
    assert "already" in page
    assert len(grants(sidecar, "content-developer")) == 2


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"role": "contact"}, "Something is missing"),
        ({"role": "manager", "municipality": "kongsberg"}, "Something is missing"),
        ({"role": "rkk", "municipality": "kongsberg"}, "Something is missing"),
        ({"role": "contact", "municipality": "kongsberg", "until": "2026-01-01"}, "past already"),
        ({"role": "contact", "municipality": "kongsberg", "until": "tomorrow"}, "no day"),
        ({"role": "contact", "municipality": "kongsberg", "until": "0001-01-01"}, "no day"),
        ({"role": "contact", "municipality": "kongsberg", "until": "9999-12-31"}, "no day"),
    ],
)
def test_what_is_missing_is_said_and_the_rest_kept(
    sidecar: Sidecar, operator: Staff, form: dict[str, str], said: str
) -> None:
    page = english(operator).post("/staff/roles", {"identity": identity(sidecar, "u1").id, **form}, 400)
    assert said in page
    assert re.search(rf'value="{form["role"]}"[^>]*checked', page)
    assert grants(sidecar, form["role"]) == []


@pytest.mark.parametrize("role", ["king", "", "operator "])
def test_a_role_that_there_is_not_is_refused(sidecar: Sidecar, operator: Staff, role: str) -> None:
    operator.post("/staff/roles", {"identity": identity(sidecar, "u1").id, "role": role}, 403)


def test_nobody_named_is_said(operator: Staff) -> None:
    assert "Say who" in english(operator).post("/staff/roles/new", {"platform": "Felles Moodle", "subject": " "}, 400)
    operator.post("/staff/roles/new", {"identity": "0" * 32}, 404)
    operator.post("/staff/roles", {"role": "operator"}, 400)


def test_a_unit_that_nobody_works_in_is_flagged(sidecar: Sidecar, operator: Staff) -> None:
    form = {"identity": identity(sidecar, "u1").id, "role": "manager", "municipality": "kongsberg"}
    operator.post("/staff/roles", {**form, "unit": "Sykehjemmet"})
    assert "Nobody works" not in english(operator).get("/staff/roles")
    operator.post("/staff/roles", {**form, "unit": "sykehjemmet"})
    assert operator.get("/staff/roles").count("Nobody works") == 1


def test_an_rkk_gives_and_takes_within_its_region_only(sidecar: Sidecar, rkk: Staff, sign_in: SignIn) -> None:
    kari = identity(sidecar, "u1").id
    rkk.post("/staff/roles", {"identity": kari, "role": "contact", "municipality": "kongsberg"})
    rkk.post("/staff/roles", {"identity": kari, "role": "manager", "municipality": "rollag", "unit": "Skolen"})
    rkk.post("/staff/roles", {"identity": kari, "role": "content-developer", "municipality": "kongsberg"})
    for form in (
        {"role": "operator"},
        {"role": "rkk", "region": "kongsbergregionen"},
        {"role": "content-developer"},
    ):
        rkk.post("/staff/roles", {"identity": kari, **form}, 403)
    rkk.post("/staff/roles", {"identity": kari, "role": "contact", "municipality": "nowhere"}, 404)
    (contact,) = grants(sidecar, "contact")
    rkk.get(f"/staff/roles/{contact.id}/revoke")
    rkk.post(f"/staff/roles/{contact.id}/revoke")
    assert grants(sidecar, "contact")[0].revoked_at is not None
    (own,) = grants(sidecar, "rkk")
    rkk.get(f"/staff/roles/{own.id}/revoke", 403)
    rkk.post(f"/staff/roles/{own.id}/revoke", status=403)
    rkk.post(f"/staff/roles/{own.id}/link", status=403)


def test_another_region_s_roles_and_people_are_not_there(sidecar: Sidecar, town: Town, sign_in: SignIn) -> None:
    contact = sign_in("contact", name="Kari Kontakt", municipality="kongsberg")
    sign_in("operator", name="Olav Operatør")
    with sidecar.transaction() as db:
        db.add(Region(slug="vesteralen", name="Vesterålen"))
    stranger = sign_in("rkk", name="Vera", region="vesteralen")
    (given,) = grants(sidecar, "contact")
    page = stranger.get("/staff/roles")
    assert "Kari" not in page
    assert "Olav" not in page
    stranger.get(f"/staff/roles/{given.id}/revoke", 404)
    stranger.post(f"/staff/roles/{given.id}/revoke", status=404)
    for words in ("Kari", "Kontakt", "Olav", "u1", "Ukjent", "Uten", "%", "_"):
        assert 'name="identity"' not in stranger.post("/staff/roles/new", {"search": words}, 200)
    stranger.post("/staff/roles/new", {"identity": contact.identity_id}, 404)
    form = {"identity": identity(sidecar, "u1").id, "role": "contact", "municipality": "kongsberg"}
    stranger.post("/staff/roles", form, 404)
    stranger.post("/staff/roles", {**form, "identity": "", "platform": "Felles Moodle", "subject": "9"}, 404)


def test_an_rkk_names_users_of_its_own_lmss_only(sidecar: Sidecar, rkk: Staff) -> None:
    form = {"platform": "Felles Moodle", "subject": "u2", "role": "contact", "municipality": "kongsberg"}
    rkk.post("/staff/roles", form, 404)
    with sidecar.transaction() as db:
        region_id = db.scalars(select(Region.id)).one()
        db.scalars(select(Platform)).one().region_id = region_id
    rkk.post("/staff/roles", form)


def test_with_a_role_ends_what_was_chosen_of_what_its_holder_made(
    sidecar: Sidecar, operator: Staff, rkk: Staff, town: Town
) -> None:
    for name in ("Entra ID", "Statistikk"):
        rkk.post("/staff/tokens", {"municipality": town.kongsberg.id, "name": name, "days": "365"}, 200)
    contact = {"name": "Inger Rådgiver", "email": "inger@example.no", "language": "nb"}
    rkk.post("/staff/municipalities/kongsberg/contacts", contact)
    (given,) = grants(sidecar, "rkk")
    page = english(operator).get(f"/staff/roles/{given.id}/revoke")
    assert "Token: Entra ID, Kongsberg kommune" in page
    assert "Contact: Inger Rådgiver, Kongsberg kommune" in page
    (chosen,) = re.findall(r'value="([0-9a-f]{32})"><label[^>]*>Token: Entra ID', page)
    operator.post(f"/staff/roles/{given.id}/revoke", {"end": chosen})
    with sidecar.reading() as db:
        states = {one.name: one.state_at(sidecar.now()) for one in db.scalars(select(ApiToken))}
        assert db.scalars(select(Contact.ends_on)).one() is None
    assert states == {"Entra ID": "revoked", "Statistikk": "valid"}
    assert operator.get("/staff/tokens").count("Made by somebody who may not any more") == 1


def test_the_last_operator_stays(sidecar: Sidecar, operator: Staff, sign_in: SignIn) -> None:
    (own,) = grants(sidecar, "operator")
    assert "Nobody would be operator" in english(operator).post(f"/staff/roles/{own.id}/revoke", status=400)
    sign_in("operator", name="Oda Operatør")
    operator.post(f"/staff/roles/{own.id}/revoke")
    operator.get("/staff/roles", 401)


def test_a_sign_in_link_is_shown_once_and_works(app: Flask, sidecar: Sidecar, operator: Staff) -> None:
    operator.post("/staff/roles", {"name": "Gro Gjest", "role": "contact", "municipality": "kongsberg"})
    (given,) = grants(sidecar, "contact")
    page = operator.post(f"/staff/roles/{given.id}/link", status=200)
    (secret,) = set(re.findall(r"/sign-in#([\w-]+)", page))
    assert secret not in operator.get("/staff/roles")
    client = app.test_client()
    assert client.post("/sign-in", data={"secret": secret}, headers=SAME_ORIGIN).status_code == 303
    assert client.get("/staff/municipalities/kongsberg").status_code == 200
    with sidecar.reading() as db:
        made = db.scalars(select(AuditEntry).where(AuditEntry.action == "sign_in_link.made")).one()
    assert (made.identity_id, made.subject) == (operator.identity_id, given.identity_id)


def test_an_address_is_asked_for_with_the_link_and_kept(sidecar: Sidecar, operator: Staff) -> None:
    operator.post("/staff/roles", {"name": "Gro Gjest", "role": "contact", "municipality": "kongsberg"})
    (given,) = grants(sidecar, "contact")
    assert f"address-{given.id}" in operator.get("/staff/roles")
    for wrong in ("gro", "gro@x no", "a@b.no,c@d.no", f"{'g' * 320}@x.no"):
        operator.post(f"/staff/roles/{given.id}/link", {"address": wrong}, 400)
    operator.post(f"/staff/roles/{given.id}/link", {"address": " gro@example.no "}, 200)
    operator.post(f"/staff/roles/{given.id}/link", status=200)
    with sidecar.reading() as db:
        assert db.get_one(Identity, given.identity_id).email == "gro@example.no"
        db.scalars(select(AuditEntry).where(AuditEntry.action == "identity.address_noted")).one()
    assert f"address-{given.id}" not in operator.get("/staff/roles")


def test_no_link_is_made_for_who_signs_in_from_an_lms(sidecar: Sidecar, operator: Staff) -> None:
    form = {"identity": identity(sidecar, "u1").id, "role": "contact", "municipality": "kongsberg"}
    operator.post("/staff/roles", form)
    (given,) = grants(sidecar, "contact")
    operator.post(f"/staff/roles/{given.id}/link", status=400)
    operator.post(f"/staff/roles/{'0' * 32}/link", status=404)


def test_a_name_that_is_markup_stays_text(operator: Staff) -> None:
    name = '<script>alert(1)</script>"'
    operator.post("/staff/roles", {"name": name, "role": "content-developer"})
    assert "<script>alert" not in operator.get("/staff/roles")
    assert "<script>alert" not in operator.post("/staff/roles/new", {"name": name}, 200)


def test_many_roles_come_on_several_pages_by_their_kind(sidecar: Sidecar, operator: Staff, rkk: Staff) -> None:
    with sidecar.transaction() as db:
        for number in range(PAGE_SIZE + 2):
            grant(db, rkk.identity_id, "content-developer", Scope(), now=sidecar.now() + timedelta(seconds=number))
    url = "/staff/roles?role=content-developer"
    with counting(sidecar) as said:
        first = operator.get(url)
    assert len([each for each in said if each.startswith("SELECT")]) < 20
    assert [operator.get(f"{url}&page={page}").count('class="ds-card"') for page in (2, 9)] == [2, 2]
    assert first.count('class="ds-card"') == PAGE_SIZE
    assert "page=2" in first
    assert operator.get("/staff/roles?role=rkk").count('class="ds-card"') == 1


def test_who_loses_a_role_keeps_their_others_which_are_theirs_alone(
    sidecar: Sidecar, operator: Staff, rkk: Staff, sign_in: SignIn
) -> None:
    sign_in("content-developer", name="Didrik Developer")
    with sidecar.transaction() as db:
        given = grant(db, rkk.identity_id, "contact", Scope(municipality="rollag"), now=sidecar.now())
        found = list_grants(db, operator_at_the_console(), sidecar.now(), identity_id=rkk.identity_id)
    assert {line.grant.role for line in found} == {"rkk", "contact"}
    assert "They keep 1 other role." in english(operator).get(f"/staff/roles/{given.id}/revoke")
