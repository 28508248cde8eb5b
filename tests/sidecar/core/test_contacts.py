"""Who is a contact of whom, when, and which address is told of reports."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from sidecar.core import contact_mails, contact_sign_ins, contacts, retention
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.audit import AuditEntry
from sidecar.core.contact_mails import ConfirmLinkError, ContactMail
from sidecar.core.contact_sign_ins import ContactNotSignedInError, ContactSignIn
from sidecar.core.contacts import (
    Contact,
    ContactAddressError,
    ContactDaysError,
    ContactFormError,
    ContactThereError,
    Wanted,
    read_address,
)
from sidecar.core.municipalities import Municipality
from sidecar.errors import NotFoundError, SidecarError
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock

OPERATOR = operator_at_the_console()
INGER = Wanted("Inger Rådgiver", "Inger@Kongsberg.example.no", "HR-rådgiver", "nn", date(2026, 9, 15))


def add(sidecar: Sidecar, municipality: Municipality, wanted: Wanted = INGER, viewer: Viewer = OPERATOR) -> str:
    with sidecar.transaction() as db:
        return contacts.add_contact(db, viewer, municipality.id, wanted, sidecar.now()).id


def ask(sidecar: Sidecar, contact_id: str) -> str:
    """Return the secret of a new mail to confirm."""
    with sidecar.transaction() as db:
        mail = contact_mails.put_again(db, OPERATOR, contact_id, sidecar.now())
        return contact_mails.draw(db, mail.id, sidecar.now()) or ""


def confirm(sidecar: Sidecar, secret: str) -> str:
    with sidecar.transaction() as db:
        return contact_mails.confirm(db, secret, sidecar.now())


def told(sidecar: Sidecar, municipality: Municipality) -> list[tuple[str, str]]:
    with sidecar.reading() as db:
        return contacts.list_addresses(db, municipality.id, sidecar.today())


def change(sidecar: Sidecar, contact_id: str, wanted: Wanted) -> bool:
    with sidecar.transaction() as db:
        return contacts.change_contact(db, OPERATOR, contact_id, wanted, sidecar.now())


def test_who_has_confirmed_is_told_in_their_days(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, clock: FakeClock
) -> None:
    later = replace(INGER, starts_on=date(2026, 9, 16), ends_on=date(2026, 9, 17))
    secret = ask(sidecar, add(sidecar, kongsberg, later))
    assert told(sidecar, kongsberg) == []
    assert confirm(sidecar, secret) == "Kongsberg kommune"
    days = []
    for _ in range(4):
        days.append(told(sidecar, kongsberg))
        clock.advance(days=1)
    inger = [("inger@kongsberg.example.no", "nn")]
    assert days == [[], inger, inger, []]
    assert told(sidecar, rollag) == []


def test_who_wants_no_mail_is_not_told(sidecar: Sidecar, kongsberg: Municipality) -> None:
    confirm(sidecar, ask(sidecar, add(sidecar, kongsberg)))
    with sidecar.transaction() as db:
        contacts.set_own_wishes(db, "inger@kongsberg.example.no", language="en", wants_mail=False)
    assert told(sidecar, kongsberg) == []
    with sidecar.transaction() as db:
        contacts.set_own_wishes(db, "inger@kongsberg.example.no", language="en", wants_mail=True)
    assert told(sidecar, kongsberg) == [("inger@kongsberg.example.no", "en")]
    with sidecar.transaction() as db, pytest.raises(ContactFormError):
        contacts.set_own_wishes(db, "inger@kongsberg.example.no", language="klingon", wants_mail=True)


def test_an_address_is_there_once_for_each_municipality(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    add(sidecar, kongsberg)
    add(sidecar, rollag)
    with pytest.raises(ContactThereError):
        add(sidecar, kongsberg, replace(INGER, email="INGER@kongsberg.example.no "))
    other = add(sidecar, kongsberg, replace(INGER, email="per@kongsberg.example.no"))
    with pytest.raises(ContactThereError):
        change(sidecar, other, INGER)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (replace(INGER, name="  "), ContactFormError),
        (replace(INGER, name="x" * 201), ContactFormError),
        (replace(INGER, role="x" * 101), ContactFormError),
        (replace(INGER, language="nb-NO"), ContactFormError),
        (replace(INGER, ends_on=date(2026, 9, 14)), ContactDaysError),
        (replace(INGER, email="inger"), ContactAddressError),
    ],
)
def test_what_can_t_be_kept_is_told(
    sidecar: Sidecar, kongsberg: Municipality, wanted: Wanted, error: type[SidecarError]
) -> None:
    with pytest.raises(error):
        add(sidecar, kongsberg, wanted)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a@b",
        "a b@c.no",
        "a@c.no,b@c.no",
        "a@c.no\nBcc: x@y.no",
        "<a@c.no>",
        "a@c.no>",
        "a@c..no",
        "x" * 250 + "@c.no",
    ],
)
def test_what_is_not_one_address_is_refused(text: str) -> None:
    with pytest.raises(ContactAddressError):
        read_address(text)


def test_only_who_looks_after_a_municipality_keeps_its_contacts(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    ours = frozenset({kongsberg.id})
    rkk = Viewer(roles=frozenset({"rkk"}), municipality_ids=ours, rkk_for=ours)
    contact = Viewer(roles=frozenset({"contact"}), municipality_ids=ours)
    theirs, others = add(sidecar, kongsberg, viewer=rkk), add(sidecar, rollag)
    with sidecar.transaction() as db:
        assert [one.id for one, _ in contacts.list_contacts(db, rkk)] == [theirs]
        assert contacts.list_contacts(db, contact) == []
        for viewer, contact_id in ((rkk, others), (contact, theirs)):
            for act in (
                lambda viewer=viewer, key=contact_id: contacts.find_contact(db, viewer, key),
                lambda viewer=viewer, key=contact_id: contacts.change_contact(db, viewer, key, INGER, sidecar.now()),
                lambda viewer=viewer, key=contact_id: contacts.remove_contact(db, viewer, key, sidecar.now()),
                lambda viewer=viewer, key=contact_id: contact_mails.put_again(db, viewer, key, sidecar.now()),
            ):
                with pytest.raises(NotFoundError):
                    act()
            assert contact_mails.list_newest(db, contact, [theirs, others]) == {}
    with pytest.raises(NotFoundError):
        add(sidecar, kongsberg, replace(INGER, email="x@y.no"), contact)


def test_a_link_confirms_for_fourteen_days_and_again_changes_nothing(
    sidecar: Sidecar, kongsberg: Municipality, clock: FakeClock
) -> None:
    contact_id = add(sidecar, kongsberg)
    secret, confirmed_at = ask(sidecar, contact_id), clock.advance(days=14, seconds=-1)
    confirm(sidecar, secret)
    clock.advance(seconds=0.5)
    confirm(sidecar, secret)
    with sidecar.reading() as db:
        assert db.get_one(Contact, contact_id).confirmed_at == confirmed_at
        assert secret not in repr(db.execute(select(ContactMail.__table__)).all())
    clock.advance(seconds=1)
    with pytest.raises(ConfirmLinkError):
        confirm(sidecar, secret)


def test_only_the_newest_link_confirms(sidecar: Sidecar, kongsberg: Municipality) -> None:
    contact_id = add(sidecar, kongsberg)
    old, new = ask(sidecar, contact_id), ask(sidecar, contact_id)
    for secret in (old, "", "x" * 43):
        with pytest.raises(ConfirmLinkError):
            confirm(sidecar, secret)
    confirm(sidecar, new)


def test_another_address_must_be_confirmed_anew(sidecar: Sidecar, kongsberg: Municipality, clock: FakeClock) -> None:
    contact_id = add(sidecar, kongsberg)
    old = ask(sidecar, contact_id)
    confirm(sidecar, old)
    assert change(sidecar, contact_id, replace(INGER, role="Personalsjef")) is False
    assert told(sidecar, kongsberg) == [("inger@kongsberg.example.no", "nn")]
    clock.advance(minutes=1)
    assert change(sidecar, contact_id, replace(INGER, email="per@kongsberg.example.no")) is True
    assert told(sidecar, kongsberg) == []
    new = ask(sidecar, contact_id)
    with pytest.raises(ConfirmLinkError):
        confirm(sidecar, old)
    confirm(sidecar, new)
    assert told(sidecar, kongsberg) == [("per@kongsberg.example.no", "nn")]


def test_who_had_the_old_address_stays_out_after_the_new_one_is_confirmed(
    sidecar: Sidecar, kongsberg: Municipality, clock: FakeClock
) -> None:
    contact_id = add(sidecar, kongsberg)
    confirm(sidecar, ask(sidecar, contact_id))
    with sidecar.transaction() as db:
        secret = contact_sign_ins.start(db, contact_id, sidecar.now())
    clock.advance(minutes=1)
    change(sidecar, contact_id, replace(INGER, email="per@kongsberg.example.no"))
    confirm(sidecar, ask(sidecar, contact_id))
    with sidecar.reading() as db, pytest.raises(ContactNotSignedInError):
        contact_sign_ins.find(db, secret, sidecar.now(), sidecar.today())


def test_an_ended_contact_is_out_and_gone_a_year_later(
    sidecar: Sidecar, kongsberg: Municipality, clock: FakeClock
) -> None:
    contact_id = add(sidecar, kongsberg)
    link = ask(sidecar, contact_id)
    confirm(sidecar, link)
    with sidecar.transaction() as db:
        secret = contact_sign_ins.start(db, contact_id, sidecar.now())
        contacts.end_contact(db, OPERATOR, contact_id, sidecar.now(), sidecar.today())
        contacts.end_contact(db, OPERATOR, contact_id, sidecar.now(), sidecar.today())
    assert told(sidecar, kongsberg) == []
    with sidecar.reading() as db:
        with pytest.raises(ContactNotSignedInError):
            contact_sign_ins.find(db, secret, sidecar.now(), sidecar.today())
        said = [one for one in db.scalars(select(AuditEntry.action)) if one.startswith("contact.")]
    assert said == ["contact.added", "contact.asked_again", "contact.confirmed", "contact.ended"]
    with pytest.raises(ConfirmLinkError):
        confirm(sidecar, link)
    (sweep,) = [one for one in retention.SWEEPS if one.name == "contacts"]
    for gone in (0, 1):
        clock.advance(days=1 if gone else 364)
        with sidecar.transaction() as db:
            assert retention.sweep(db, sweep, sidecar.now(), 10) == gone
    with sidecar.reading() as db:
        assert not db.scalars(select(ContactMail)).all()
        assert not db.scalars(select(ContactSignIn)).all()


def test_a_sign_in_lasts_eight_hours_and_opens_all_of_an_address(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, clock: FakeClock
) -> None:
    here, there = add(sidecar, kongsberg), add(sidecar, rollag)
    confirm(sidecar, ask(sidecar, here))
    with sidecar.transaction() as db:
        secret = contact_sign_ins.start(db, here, sidecar.now())

    def seen() -> frozenset[str]:
        with sidecar.reading() as db:
            found = contact_sign_ins.find(db, secret, sidecar.now(), sidecar.today())
        assert found.viewer.rkk_for == frozenset()
        assert not found.viewer.everything
        return found.viewer.municipality_ids

    assert seen() == {kongsberg.id}
    confirm(sidecar, ask(sidecar, there))
    assert seen() == {kongsberg.id, rollag.id}
    clock.advance(hours=8, seconds=-1)
    seen()
    clock.advance(seconds=1)
    with pytest.raises(ContactNotSignedInError):
        seen()
    clock.advance(days=31)
    (sweep,) = [one for one in retention.SWEEPS if one.name == "contact_sign_ins"]
    with sidecar.transaction() as db:
        assert retention.sweep(db, sweep, sidecar.now(), 10) == 1


def test_removing_leaves_nothing(sidecar: Sidecar, kongsberg: Municipality) -> None:
    contact_id = add(sidecar, kongsberg)
    confirm(sidecar, ask(sidecar, contact_id))
    with sidecar.transaction() as db:
        contact_sign_ins.start(db, contact_id, sidecar.now())
        contacts.remove_contact(db, OPERATOR, contact_id, sidecar.now())
    with sidecar.reading() as db:
        for table in (Contact, ContactMail, ContactSignIn):
            assert db.scalars(select(table)).all() == []


def test_a_day_is_one_of_oslo(sidecar: Sidecar, kongsberg: Municipality, clock: FakeClock) -> None:
    confirm(sidecar, ask(sidecar, add(sidecar, kongsberg, replace(INGER, ends_on=date(2026, 9, 15)))))
    clock.set(clock().replace(hour=21, minute=59))
    assert len(told(sidecar, kongsberg)) == 1
    clock.set(clock() + timedelta(minutes=1))
    assert told(sidecar, kongsberg) == []
