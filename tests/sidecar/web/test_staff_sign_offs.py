"""Staff see who asks, sign tasks off for several at once and take that back; they see nobody but their own people."""

import re

import pytest
from sqlalchemy import select

from sidecar.core.access_log import Look
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.sign_off_requests import SignOffRequest
from sidecar.runtime import Sidecar
from tests.sidecar.walking import TASK_KEY, Walk, make_walk
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import Staff

HERE = f"/staff/sign-offs/kongsberg/{TASK_KEY}"


@pytest.fixture
def walk(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Walk:
    walk = make_walk(sidecar, kongsberg, rollag)
    for person_id in (walk.kari, walk.rolf):
        walk.finish("lenke", person_id)
    with sidecar.transaction() as db:
        db.add(SignOffRequest(person_id=walk.kari, course_id=walk.course_id(TASK_KEY), asked_at=sidecar.now()))
    return walk


@pytest.fixture
def manager(sign_in: SignIn, walk: Walk) -> Staff:
    staff = sign_in("manager", name="Mari Leder", municipality="kongsberg", unit="Skolen")
    staff.client.set_cookie("sidecar-language", "en")
    return staff


def evidence(walk: Walk) -> Evidence:
    with walk.sidecar.reading() as db:
        return db.scalars(select(Evidence).where(Evidence.origin == "sign-off")).one()


def test_a_manager_signs_off_from_the_start_page(manager: Staff, walk: Walk) -> None:
    other = walk.folk.person(walk.kongsberg.id, "2", "Ola Nordmann")
    walk.finish("lenke", other)
    assert "1 employee asks you to sign off a task." in manager.get("/staff/")
    listed = manager.get("/staff/sign-offs")
    assert listed.count(f'href="{HERE}"') == 2
    page = manager.get(HERE)
    assert page.index("Kari Nordmann") < page.index("Ola Nordmann")
    assert page.count("Asked ") == 1
    both = re.findall(r'name="employment" value="([0-9a-f]{32})"', page)
    said = {"employment": both, "day": walk.sidecar.today().isoformat(), "note": "Sett <b>selv</b>"}
    assert manager.post(HERE, said) == f"{HERE}?signed=2"
    assert "Signed off for 2 employees." in manager.get(f"{HERE}?signed=2")
    page = manager.get(HERE)
    assert "Nobody right now" in page
    assert page.count("Sett &lt;b&gt;selv&lt;/b&gt;") == 2
    assert "asks you to sign off" not in manager.get("/staff/")
    assert walk.states()["oppgave"] == "done"


def test_what_is_wrong_is_told_and_what_was_ticked_stays(manager: Staff, walk: Walk) -> None:
    assert "Nobody is chosen" in manager.post(HERE, {"day": "2026-09-01"}, 400)
    kari = walk.employment(walk.kari)
    for day in ("", "i går", "2199-01-01"):
        page = manager.post(HERE, {"employment": kari, "day": day}, 400)
        assert re.search(rf'value="{kari}" checked', page)
    manager.post(HERE, {"employment": walk.employment(walk.rolf), "day": "2026-09-01"}, 404)
    assert walk.states()["oppgave"] == "open"


def test_a_sign_off_is_taken_back_with_a_reason(manager: Staff, walk: Walk) -> None:
    manager.post(HERE, {"employment": walk.employment(walk.kari), "day": "2026-09-01"})
    back = f"/staff/sign-offs/signed/{evidence(walk).id}/take-back"
    assert f'href="{back}"' in manager.get(HERE)
    assert "Take the sign-off of Kari Nordmann back?" in manager.get(back)
    assert "Write a reason" in manager.post(back, {"reason": " "}, 400)
    assert manager.post(back, {"reason": "Det var en annen"}) == f"{HERE}?done=taken-back"
    assert evidence(walk).reason == "Det var en annen"
    assert walk.states()["oppgave"] == "open"
    manager.post(back, {"reason": "igjen"}, 404)


@pytest.mark.parametrize(
    ("role", "scope"),
    [("manager", {"municipality": "rollag", "unit": "Skolen"}), ("contact", {"municipality": "rollag"})],
)
def test_others_see_and_sign_off_nobody_here(
    manager: Staff, walk: Walk, sign_in: SignIn, role: str, scope: dict[str, str]
) -> None:
    stranger = sign_in(role, name="En annen", **scope)
    assert "asks you" not in stranger.get("/staff/")
    stranger.get(HERE, 404)
    stranger.post(HERE, {"employment": walk.employment(walk.kari), "day": "2026-09-01"}, 404)
    assert "Kari" not in stranger.get(HERE.replace("kongsberg", "rollag"))
    manager.post(HERE, {"employment": walk.employment(walk.kari), "day": "2026-09-01"})
    back = f"/staff/sign-offs/signed/{evidence(walk).id}/take-back"
    stranger.get(back, 404)
    stranger.post(back, {"reason": "Fordi"}, 404)
    assert walk.states()["oppgave"] == "done"


def test_one_s_own_task_is_shown_and_left_to_somebody_else(manager: Staff, walk: Walk) -> None:
    with walk.sidecar.transaction() as db:
        db.get_one(Identity, manager.identity_id).person_id = walk.kari
    page = manager.get(HERE)
    assert "Somebody else signs off yours" in page
    assert 'name="employment"' not in page
    assert "Somebody else signs off" in manager.post(
        HERE, {"employment": walk.employment(walk.kari), "day": "2026-09-01"}, 400
    )


def test_the_office_chooses_a_municipality(walk: Walk, sign_in: SignIn) -> None:
    office = sign_in("rkk", region="kongsbergregionen")
    page = office.get("/staff/sign-offs?municipality=rollag")
    assert f'href="/staff/sign-offs/rollag/{TASK_KEY}"' in page
    assert f'href="{HERE}"' in page
    assert "Rolf Rollheim" in office.get(f"/staff/sign-offs/rollag/{TASK_KEY}")
    office.get("/staff/sign-offs?municipality=finnes-ikke", 404)
    office.get("/staff/sign-offs/rollag/finnes-ikke", 404)


def test_a_look_is_noted(manager: Staff, walk: Walk) -> None:
    manager.get(HERE)
    with walk.sidecar.reading() as db:
        looks = db.scalars(select(Look).where(Look.what == "sign-offs")).all()
    assert [(one.subject_id, one.role, one.municipality_id) for one in looks] == [
        (walk.kari, "manager", walk.kongsberg.id)
    ]


def test_who_has_no_such_path_reads_so(sign_in: SignIn, kongsberg: Municipality) -> None:
    contact = sign_in("contact", municipality="kongsberg")
    contact.client.set_cookie("sidecar-language", "en")
    assert "None of your people is on a learning path with a task." in contact.get("/staff/sign-offs")
