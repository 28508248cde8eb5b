"""Sign-ins are listed, and end on the next request: one's own, and for an operator everybody's."""

import pytest
from flask import Flask
from sqlalchemy import select

from sidecar.core import sign_ins
from sidecar.core.audit import AuditEntry
from sidecar.core.one_way import hash_secret
from sidecar.core.platforms import Platform
from sidecar.core.sign_ins import SignIn as SignInRow
from sidecar.core.sign_ins import SignInLink
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import Staff
from tests.sidecar.web.town import Town


def again(app: Flask, sidecar: Sidecar, staff: Staff, platform_id: str | None = None) -> Staff:
    """Sign the same person in on another browser."""
    with sidecar.transaction() as db:
        secret = sign_ins.start(db, staff.identity_id, None, sidecar.now(), platform_id=platform_id)
    client = app.test_client()
    client.set_cookie("__Host-sidecar-staff", secret)
    return Staff(client, secret, staff.identity_id)


def id_of(sidecar: Sidecar, staff: Staff) -> str:
    with sidecar.reading() as db:
        return db.scalars(select(SignInRow.id).where(SignInRow.secret_hash == hash_secret(staff.secret))).one()


def entries(sidecar: Sidecar, action: str) -> list[AuditEntry]:
    with sidecar.reading() as db:
        return list(db.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def test_everybody_sees_their_own_and_which_is_this_one(
    app: Flask, sidecar: Sidecar, sign_in: SignIn, town: Town
) -> None:
    me = sign_in("contact", municipality="kongsberg")
    with sidecar.reading() as db:
        platform_id = db.scalars(select(Platform.id)).one()
    other = again(app, sidecar, me, platform_id)
    sign_in("operator", name="Olav Operatør")
    page = me.get("/staff/sign-ins")
    assert page.count("/end") - page.count("/end-others") == 2
    assert "Felles Moodle" in page
    assert "Olav" not in page
    assert page.index(id_of(sidecar, me)) < len(page)
    assert other.get("/staff/sign-ins").count("Felles Moodle") == 1


def test_one_that_has_ended_opens_nothing_more(app: Flask, sidecar: Sidecar, sign_in: SignIn) -> None:
    me = sign_in("operator")
    stolen = again(app, sidecar, me)
    stolen.get("/staff/")
    assert me.post(f"/staff/sign-ins/{id_of(sidecar, stolen)}/end") == "/staff/sign-ins"
    stolen.get("/staff/", 401)
    me.get("/staff/")
    (entry,) = entries(sidecar, "sign_in.ended")
    assert (entry.identity_id, entry.subject) == (me.identity_id, me.identity_id)


def test_ending_this_one_signs_out(sidecar: Sidecar, sign_in: SignIn) -> None:
    me = sign_in("operator")
    assert me.post(f"/staff/sign-ins/{id_of(sidecar, me)}/end") == "/"
    me.client.set_cookie("__Host-sidecar-staff", me.secret)
    me.get("/staff/", 401)


def test_all_others_of_mine_end_with_the_links_not_used_yet(app: Flask, sidecar: Sidecar, sign_in: SignIn) -> None:
    me, somebody = sign_in("operator"), sign_in("operator", name="Olav Operatør")
    others = [again(app, sidecar, me) for _ in range(3)]
    with sidecar.transaction() as db:
        sign_ins.make_link(db, me.identity_id, sidecar.now())
    assert me.post("/staff/sign-ins/end-others") == "/staff/sign-ins"
    for other in others:
        other.get("/staff/", 401)
    me.get("/staff/")
    somebody.get("/staff/")
    with sidecar.reading() as db:
        assert db.scalars(select(SignInLink.used_at)).one() is not None
    assert entries(sidecar, "sign_ins.ended")[0].facts == {"count": 3}


def test_an_operator_sees_and_ends_everybodys(sidecar: Sidecar, sign_in: SignIn, town: Town) -> None:
    operator, contact = sign_in("operator"), sign_in("contact", name="Kari Kontakt", municipality="kongsberg")
    assert "Kari Kontakt" in operator.get("/staff/sign-ins")
    operator.post(f"/staff/sign-ins/{id_of(sidecar, contact)}/end")
    contact.get("/staff/", 401)
    (entry,) = entries(sidecar, "sign_in.ended")
    assert (entry.identity_id, entry.subject) == (operator.identity_id, contact.identity_id)


@pytest.mark.parametrize("role", ["contact", "rkk", "manager", "content-developer"])
def test_nobody_else_ends_somebody_elses(sidecar: Sidecar, sign_in: SignIn, town: Town, role: str) -> None:
    scope = {
        "contact": {"municipality": "kongsberg"},
        "rkk": {"region": "kongsbergregionen"},
        "manager": {"municipality": "kongsberg", "unit": "Sykehjemmet"},
        "content-developer": {},
    }[role]
    me, operator = sign_in(role, **scope), sign_in("operator", name="Olav Operatør")
    assert "Olav" not in me.get("/staff/sign-ins")
    me.post(f"/staff/sign-ins/{id_of(sidecar, operator)}/end", status=404)
    operator.get("/staff/")


def test_a_disabled_lms_ends_what_came_through_it(app: Flask, sidecar: Sidecar, sign_in: SignIn, town: Town) -> None:
    by_link = sign_in("operator")
    with sidecar.transaction() as db:
        platform = db.scalars(select(Platform)).one()
    through = again(app, sidecar, by_link, platform.id)
    through.get("/staff/")
    with sidecar.transaction() as db:
        db.get_one(Platform, platform.id).disabled_at = sidecar.now()
    through.get("/staff/", 401)
    assert "Felles Moodle" not in by_link.get("/staff/sign-ins")


def test_one_that_was_idle_or_is_over_is_not_listed(
    app: Flask, sidecar: Sidecar, sign_in: SignIn, clock: FakeClock
) -> None:
    me = sign_in("operator")
    idle = again(app, sidecar, me)
    clock.advance(minutes=40)
    me.get("/staff/")
    clock.advance(minutes=20)
    page = me.get("/staff/sign-ins")
    assert id_of(sidecar, me) in page
    assert id_of(sidecar, idle) not in page


def test_an_operator_finds_somebody_among_many_by_name(sidecar: Sidecar, sign_in: SignIn, town: Town) -> None:
    operator = sign_in("operator")
    for number in range(9):
        sign_in("contact", name=f"Kontakt {number}", municipality="kongsberg")
    assert 'id="search"' in operator.get("/staff/sign-ins")
    page = operator.post("/staff/sign-ins", {"search": "kontakt 7"}, 200)
    assert "Kontakt 7" in page
    assert "Kontakt 8" not in page
    assert "Kontakt" not in operator.post("/staff/sign-ins", {"search": "<b>%_"}, 200)
    sign_in("contact", name="Another", municipality="rollag").post("/staff/sign-ins", {"search": "k"}, 403)
