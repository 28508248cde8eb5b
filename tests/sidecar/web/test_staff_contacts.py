"""RKK and operators keep the contacts of a municipality on the staff pages."""

import pytest
from sqlalchemy import select

from sidecar.core.audit import AuditEntry
from sidecar.core.contact_mails import ContactMail
from sidecar.core.contact_sign_ins import ContactSignIn, start
from sidecar.core.contacts import Contact, list_addresses
from sidecar.core.regions import Region
from sidecar.core.staff import Grant
from sidecar.runtime import Sidecar
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.contact_browser import ADDRESS, contact_of, make_contact
from tests.sidecar.web.signed_in import Staff
from tests.sidecar.web.town import Town

PAGE = "/staff/municipalities/kongsberg/contacts"
TYPED = {"name": "Inger Rådgiver", "email": ADDRESS, "role": "HR", "language": "nn", "wants_mail": "yes"}


@pytest.fixture
def office(town: Town, sign_in: SignIn) -> Staff:
    return sign_in("rkk", region="kongsbergregionen")


def only(sidecar: Sidecar) -> Contact:
    with sidecar.reading() as db:
        return db.scalars(select(Contact)).one()


def test_a_contact_is_added_changed_ended_and_removed(office: Staff, sidecar: Sidecar) -> None:
    assert office.post(PAGE, TYPED) == PAGE
    contact = only(sidecar)
    assert (contact.starts_on, contact.created_by, contact.language) == (sidecar.today(), office.identity_id, "nn")
    page = office.get(PAGE)
    assert ADDRESS in page
    own = f"{PAGE}/{contact.id}"
    assert ADDRESS in office.get(own)
    office.post(own, TYPED | {"role": "Personalsjef", "ends_on": "2027-01-31"})
    assert only(sidecar).role == "Personalsjef"
    office.post(f"{own}/end")
    assert str(only(sidecar).ends_on) == "2026-09-14"
    office.post(f"{own}/remove")
    with sidecar.reading() as db:
        assert db.scalars(select(Contact)).all() == []
        assert db.scalars(select(ContactMail)).all() == []
    office.get(own, 404)


def test_another_address_asks_anew_and_ends_the_sign_ins(office: Staff, sidecar: Sidecar, town: Town) -> None:
    contact_id = make_contact(sidecar, town.kongsberg.id)
    with sidecar.transaction() as db:
        start(db, contact_id, sidecar.now())
    office.post(f"{PAGE}/{contact_id}", TYPED | {"email": "per@kongsberg.example.no"})
    contact = contact_of(sidecar, contact_id)
    assert (contact.email, contact.confirmed_at) == ("per@kongsberg.example.no", None)
    with sidecar.reading() as db:
        assert db.scalars(select(ContactSignIn.ended_at)).one() == sidecar.now()
        assert len(db.scalars(select(ContactMail)).all()) == 1


def test_the_mail_can_be_sent_once_more(office: Staff, sidecar: Sidecar) -> None:
    office.post(PAGE, TYPED)
    office.post(f"{PAGE}/{only(sidecar).id}/confirm")
    with sidecar.reading() as db:
        states = db.execute(select(ContactMail.state, ContactMail.error_code)).all()
    assert sorted(map(tuple, states), key=str) == [("failed", "replaced"), ("waiting", None)]
    assert "blir sendt" in office.get(PAGE).lower() or "Is being sent" in office.get(PAGE)


def test_mail_that_came_back_must_be_confirmed_anew(office: Staff, sidecar: Sidecar, town: Town) -> None:
    contact_id = make_contact(sidecar, town.kongsberg.id)
    with sidecar.transaction() as db:
        start(db, contact_id, sidecar.now())
    own = f"{PAGE}/{contact_id}"
    assert f'action="{own}/came-back"' in office.get(own)
    assert office.post(f"{own}/came-back") == own
    assert contact_of(sidecar, contact_id).confirmed_at is None
    with sidecar.reading() as db:
        assert list_addresses(db, town.kongsberg.id, sidecar.today()) == []
        assert db.scalars(select(ContactSignIn.ended_at)).one() == sidecar.now()
        assert db.scalars(select(ContactMail.error_code)).all() == ["contact-mail-came-back"]
        entry = db.scalars(select(AuditEntry).where(AuditEntry.action == "contact.mail_came_back")).one()
    assert (entry.subject, entry.identity_id) == (town.kongsberg.id, office.identity_id)
    assert f'action="{own}/came-back"' not in office.get(own)

    office.post(f"{own}/confirm")
    office.post(f"{own}/came-back")  # the mail to confirm came back as well
    with sidecar.transaction() as db:
        mails = db.scalars(select(ContactMail)).all()
        assert {(one.state, one.secret_hash) for one in mails} == {("failed", None)}


def test_who_was_added_by_somebody_who_may_not_any_more_is_marked(
    office: Staff, sidecar: Sidecar, sign_in: SignIn
) -> None:
    office.post(PAGE, TYPED)
    mark = "Added by somebody who may not any more"
    operator = sign_in("operator", name="Olav Operatør")
    operator.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert mark not in operator.get(PAGE)
    with sidecar.transaction() as db:
        given = db.scalars(select(Grant).where(Grant.identity_id == office.identity_id)).one()
        given.revoked_at = sidecar.now()
    assert mark in operator.get(PAGE)


@pytest.mark.parametrize(
    "typed",
    [
        {"name": ""},
        {"email": "inger"},
        {"language": "de"},
        {"starts_on": "i går"},
        {"starts_on": "2026-12-01", "ends_on": "2026-11-01"},
    ],
)
def test_what_can_t_be_kept_stands_in_the_form_again(office: Staff, sidecar: Sidecar, typed: dict[str, str]) -> None:
    page = office.post(PAGE, TYPED | typed, 400)
    assert 'role="alert"' in page
    assert 'value="HR"' in page
    with sidecar.reading() as db:
        assert db.scalars(select(Contact)).all() == []


def test_the_same_address_twice_is_told(office: Staff) -> None:
    office.post(PAGE, TYPED)
    office.post(PAGE, TYPED | {"email": ADDRESS.upper()}, 400)


def test_another_municipality_s_contact_is_none(office: Staff, sidecar: Sidecar, town: Town, sign_in: SignIn) -> None:
    theirs = make_contact(sidecar, town.rollag.id)
    office.get(f"{PAGE}/{theirs}", 404)
    for act in ("", "/end", "/remove", "/confirm", "/came-back"):
        office.post(f"{PAGE}/{theirs}{act}", TYPED, 404)
    with sidecar.transaction() as db:
        db.add(Region(slug="vesteralen", name="Vesterålen"))
    other = sign_in("rkk", name="Another office", region="vesteralen")
    other.get(PAGE, 404)
    other.post(PAGE, TYPED, 404)
    contact = sign_in("contact", name="Contact with a role", municipality="kongsberg")
    contact.get(PAGE, 403)
    assert f"{PAGE}" not in contact.get("/staff/municipalities/kongsberg")
    assert f"{PAGE}" in office.get("/staff/municipalities/kongsberg")
