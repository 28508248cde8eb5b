"""People see their learning paths, do their steps there, sign up for gatherings, and act for nobody else."""

import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select

from sidecar.core import gathering_holding
from sidecar.core.attempts import Attempt
from sidecar.core.courses import Course
from sidecar.core.grades import Grade
from sidecar.core.launches import Launch
from sidecar.core.municipalities import Municipality
from sidecar.core.path_contents import Content, Part, Step
from sidecar.core.people import Identity
from sidecar.core.regions import Region
from sidecar.core.sign_off_requests import SignOffRequest
from sidecar.runtime import Sidecar
from sidecar.web.access import launch_cookie
from sidecar.web.calendar_file import CalendarEvent, write_calendar
from tests.sidecar.walking import KEY, OPERATOR, Walk, make_walk, publish_path
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.own_browser import Own, launched
from tests.sidecar.web.town import Town

PATH = f"/paths/{KEY}"


@pytest.fixture
def walk(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Walk:
    return make_walk(sidecar, kongsberg, rollag)


@pytest.fixture
def kari(app: Flask, sidecar: Sidecar, walk: Walk) -> Own:
    return launched(app, sidecar, "u-kari")


@pytest.fixture
def rolf(app: Flask, sidecar: Sidecar, walk: Walk) -> Own:
    return launched(app, sidecar, "u-rolf")


def read_event(written: str) -> dict[str, str]:
    """Read a calendar file of one event as RFC 5545 §3.1 and §3.3.11 say."""
    assert all(len(line.encode()) <= 75 for line in written.split("\r\n"))
    lines = written.replace("\r\n ", "").removesuffix("\r\n").split("\r\n")
    assert (lines[0], lines[-1], lines.count("END:VEVENT")) == ("BEGIN:VCALENDAR", "END:VCALENDAR", 1)
    said = {"\\n": "\n", "\\N": "\n"}
    fields = (line.partition(":") for line in lines)
    return {name: re.sub(r"\\.", lambda found: said.get(found[0], found[0][1]), value) for name, _, value in fields}


def next_of(page: str) -> str:
    """Return the part of a page that says what comes next."""
    return page[page.index('id="next"') : page.index('id="part-start"')]


def test_a_learner_is_led_from_step_to_step(kari: Own, walk: Walk) -> None:
    front = kari.get()
    assert f'href="{kari.path}{PATH}">Ny i omsorg</a>' in front
    assert "Next: Les retningslinjene" in front
    page = kari.get(PATH)
    assert 'href="https://www.example.no/retningslinjer" target="_blank" rel="noopener noreferrer"' in next_of(page)
    assert page.count("Opens later") == 2
    assert kari.post(f"{PATH}/steps/lenke/done", answer="done") == f"{kari.path}{PATH}#step-lenke"
    assert "Next: Vis håndvask" in kari.get(PATH)
    kari.post(f"{PATH}/steps/oppgave/sign-off", answer="ask")
    assert "You asked on" in next_of(kari.get(PATH))
    walk.finish("oppgave")
    assert "No date is set yet" in kari.get(PATH)
    one = walk.gather(seats=3)
    assert 'href="#step-samling">' in next_of(kari.get(PATH))
    assert kari.post(f"{PATH}/dates/{one}", answer="sign-up") == f"{kari.path}{PATH}#date-{one}"
    page = kari.get(PATH)
    for part in ("You are signed up", "Rådhuset, møterom 2", "Instructor: Inger Instruktør", "Ta med innesko."):
        assert part in page, part
    walk.finish("samling")
    page = kari.get(PATH)
    assert "You finished it on" in page
    assert 'id="next"' not in page
    proof = re.findall(r'href="([^"]+)">See and print the proof', page)
    assert proof == [f"{kari.path}#course-{walk.course_id(KEY)}"]
    assert f'id="course-{walk.course_id(KEY)}"' in kari.get()


def test_what_was_said_is_taken_back(kari: Own, walk: Walk) -> None:
    kari.post(f"{PATH}/steps/lenke/done", answer="done")
    kari.post(f"{PATH}/steps/oppgave/sign-off", answer="ask")
    kari.post(f"{PATH}/steps/oppgave/sign-off", answer="take-back")
    kari.post(f"{PATH}/steps/lenke/done", answer="take-back")
    assert walk.states() == {"lenke": "open", "oppgave": "locked", "samling": "locked"}
    one = walk.gather()
    kari.post(f"{PATH}/dates/{one}", answer="sign-up")
    kari.post(f"{PATH}/dates/{one}", answer="leave")
    assert walk.parts(one) == {walk.kari: "withdrawn"}
    with walk.sidecar.reading() as db:
        assert db.scalars(select(SignOffRequest)).all() == []


def test_forms_are_nobody_else_s_and_say_what_they_want(kari: Own, rolf: Own, walk: Walk) -> None:
    done = f"{PATH}/steps/lenke/done"
    kari.post(done, 403, token="wrong", answer="done")
    for answer in ("", "sign-up", "perhaps"):
        kari.post(done, 400, answer=answer)
    kari.post(f"{PATH}/steps/samling/done", 404, answer="done")
    kari.post(f"{PATH}/steps/lenke/sign-off", 404, answer="ask")
    kari.post("/paths/finnes-ikke/steps/lenke/done", 404, answer="done")
    assert "opens once you have done" in kari.post(f"{PATH}/steps/oppgave/sign-off", 400, answer="ask")
    assert rolf.client.get(kari.path + PATH).status_code == 401
    assert walk.states(walk.account_of_rolf) == walk.states()
    assert walk.states()["lenke"] == "open"


def test_another_municipality_s_gathering_is_shut(kari: Own, rolf: Own, walk: Walk) -> None:
    one = walk.gather(municipality_id=walk.kongsberg.id)
    assert f'id="date-{one}"' not in rolf.get(PATH)
    rolf.post(f"{PATH}/dates/{one}", 404, answer="sign-up")
    rolf.get(f"{PATH}/dates/{one}/calendar", 404)
    assert walk.parts(one) == {}


def test_who_waits_reads_so_and_a_cancelled_date_is_told(kari: Own, rolf: Own, walk: Walk) -> None:
    for step in ("lenke", "oppgave"):
        walk.finish(step)
        walk.finish(step, walk.rolf)
    one = walk.gather(seats=1)
    kari.post(f"{PATH}/dates/{one}", answer="sign-up")
    assert "Wait for a seat" in rolf.get(PATH)
    rolf.post(f"{PATH}/dates/{one}", answer="sign-up")
    assert "You wait for a seat, 0 before you" in rolf.get(PATH)
    with walk.sidecar.transaction() as db:
        gathering_holding.cancel_gathering(db, OPERATOR, one, walk.sidecar.now())
    assert "It will not be held" in kari.get(PATH)
    assert "is cancelled" in kari.post(f"{PATH}/dates/{one}", 400, answer="leave")


def test_a_date_goes_into_a_calendar(kari: Own, walk: Walk) -> None:
    one = walk.gather()
    response = kari.client.get(f"{kari.path}{PATH}/dates/{one}/calendar")
    assert response.mimetype == "text/calendar"
    event = read_event(response.text)
    assert event["SUMMARY"] == "Dag 1: møt hverandre"
    assert event["LOCATION"] == "Rådhuset, møterom 2"
    assert "Ta med innesko.\nInstructor: Inger" in event["DESCRIPTION"]
    assert (event["UID"], event["STATUS"]) == (f"{one}@sidecar.example.no", "CONFIRMED")
    assert event["DTSTART"] == f"{walk.meeting().starts_at:%Y%m%dT%H%M%SZ}"


def test_a_calendar_keeps_whatever_stands_in_a_text() -> None:
    moment = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    text = "Møt, sitt; lær\\ær\nEND:VEVENT\r\n" + "ø" * 200
    event = CalendarEvent("1", 3, moment, moment, moment, text, text, text, "https://x.no", is_cancelled=True)
    written = write_calendar(event)
    read = read_event(written)
    plain = "Møt, sitt; lær\\ær\nEND:VEVENT\n" + "ø" * 200
    assert (read["SUMMARY"], read["LOCATION"], read["DESCRIPTION"]) == (plain, plain, plain)
    assert (read["STATUS"], read["SEQUENCE"], read["METHOD"]) == ("CANCELLED", "3", "CANCEL")
    assert read["DTSTART"] == "20261025T013000Z"


def test_who_is_not_matched_reads_so(kari: Own, walk: Walk) -> None:
    with walk.sidecar.transaction() as db:
        db.get_one(Identity, walk.account).person_id = None
    page = kari.get(PATH)
    assert "matched with no employee yet" in page
    kari.post(f"{PATH}/steps/lenke/done", answer="done")
    page = kari.get(PATH)
    assert "Ask for sign-off" not in page
    assert "matched with no employee" in kari.post(f"{PATH}/steps/oppgave/sign-off", 400, answer="ask")


def test_staff_walk_their_own_path_too(sign_in: SignIn, walk: Walk) -> None:
    staff = sign_in("contact", municipality="kongsberg")
    staff.client.set_cookie("sidecar-language", "en")
    with walk.sidecar.transaction() as db:
        db.get_one(Identity, staff.identity_id).person_id = walk.kari
    assert "Ny i omsorg" in staff.get("/staff/my-learning")
    here = f"/staff/my-learning{PATH}"
    assert staff.post(f"{here}/steps/lenke/done", {"answer": "done"}) == f"{here}#step-lenke"
    assert walk.states()["lenke"] == "done"
    one = walk.gather()
    staff.post(f"{here}/dates/{one}", {"answer": "sign-up"})
    staff.get(f"{here}/dates/{one}/calendar")
    assert walk.parts(one) == {walk.kari: "signed-up"}
    staff.post(f"{here}/steps/oppgave/sign-off", {"answer": "ask"})


def test_a_course_is_opened_from_the_path(app: Flask, sidecar: Sidecar, town: Town) -> None:
    with sidecar.transaction() as db:
        region_id = db.scalars(select(Region.id)).one()
        steps = Step("kurs", "course", "brannvern"), Step("lms", "course", "moodlekurs"), Step("ny", "course", "tomt")
        db.add(Course(key="moodlekurs", title="I Moodle", kind="lms", created_at=sidecar.now()))
        db.add(Course(key="tomt", title="Tomt", created_at=sidecar.now()))
        db.flush()
        publish_path(db, sidecar, region_id, Content("Brann", parts=(Part("start", steps=steps),)), "brann")
    own = launched(app, sidecar, "u3")
    assert 'action="' in (page := own.get("/paths/brann"))
    assert f'{own.path}/paths/brann/steps/kurs/open"' in page
    where = own.post("/paths/brann/steps/kurs/open")
    launch_id = where.removeprefix("/play/")
    assert own.client.get(where).status_code == 200
    assert own.client.get_cookie(launch_cookie_of(app, launch_id))
    with sidecar.reading() as db:
        launch = db.get_one(Launch, launch_id)
        assert (launch.identity_id, launch.lineitem_url) == (own.identity_id, None)
        assert db.scalars(select(Attempt).where(Attempt.identity_id == own.identity_id)).one().state == "open"
        assert db.scalar(select(func.count(Grade.id)).where(Grade.identity_id == own.identity_id)) == 0
    for step, status in (("lms", 404), ("finnes-ikke", 404), ("ny", 400)):
        own.post(f"/paths/brann/steps/{step}/open", status)
    own.post("/paths/brann/steps/kurs/open", 403, token="wrong")


def launch_cookie_of(app: Flask, launch_id: str) -> str:
    with app.app_context():
        return launch_cookie(launch_id)
