"""The picker: what it offers to which LMS, how one searches, when it ends, and that nobody else answers."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import event, update

from sidecar.core import platforms
from sidecar.core.audit import AuditEntry
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.deep_links import DeepLinkRequest
from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.lms import HOST, Browser, RegisteredLms, add_course, register_in
from tests.fakes.picker import Picker, items_of, open_picker, review_all, token_of
from tests.fakes.platform import FakePlatform


def test_nothing_and_too_much_are_explained(picker: Picker, sidecar: Sidecar) -> None:
    for action in ("options", "answer"):
        page = picker.post(action) if action == "answer" else picker.get("/options")
        assert page.status_code == 400
        assert 'role="alert"' in page.text
    many = [f"kurs-{number}" for number in range(31)]
    for key in many:
        add_course(sidecar, key, key)
    review_all(sidecar)
    assert picker.post("answer", *many).status_code == 400
    assert len(items_of(picker.answer(*many[:30]))) == 30


def test_courses_of_other_municipalities_are_neither_shown_nor_given(
    sidecar: Sidecar, offering: RegisteredLms, browser: Browser, kongsberg: Municipality, rollag: Municipality
) -> None:
    for key, owner in (("eget", kongsberg), ("fremmed", rollag)):
        course_id = add_course(sidecar, key, f"Kurset {key}")
        with sidecar.transaction() as db:
            db.get_one(Course, course_id).municipality_id = owner.id
    review_all(sidecar)
    picker = open_picker(browser)
    shown = picker.get().text
    assert "Kurset eget" in shown
    assert "fremmed" not in shown + picker.get(q="fremmed", chosen="fremmed").text.replace('value="fremmed"', "")
    for refused in (
        picker.get("/course", look="fremmed"),
        picker.get("/options", chosen=["eget", "fremmed"]),
        picker.post("answer", "eget", "fremmed"),
    ):
        assert refused.status_code == 404
        assert "Kurset fremmed" not in refused.text
    assert items_of(picker.answer("eget"))[0]["title"] == "Kurset eget"


def test_courses_that_do_not_play_yet_are_not_offered(
    sidecar: Sidecar, offering: RegisteredLms, browser: Browser
) -> None:
    add_course(sidecar, "ny", "Ikke godkjent")
    with sidecar.transaction() as db:
        db.add(Course(key="tom", title="Uten versjon", created_at=sidecar.now()))
    picker = open_picker(browser)
    assert "Ikke godkjent" not in picker.get().text
    assert "Uten versjon" not in picker.get().text
    assert picker.post("answer", "ny").status_code == 404
    assert picker.post("answer", "tom").status_code == 404


def test_a_second_press_sends_the_first_answer_again(sidecar: Sidecar, picker: Picker, clock: FakeClock) -> None:
    first = picker.post("answer", "arkiv")
    assert token_of(picker.post("answer", "arkiv")) == token_of(first)
    other = picker.post("answer", "brannvern")
    assert other.status_code == 409
    assert "JWT" not in other.text
    assert picker.post("cancel").status_code == 409
    clock.advance(minutes=5)
    assert picker.post("answer", "arkiv").status_code == 409
    with sidecar.reading() as db:
        assert db.query(DeepLinkRequest).one().answered_at


def test_a_picker_ends_after_four_hours(picker: Picker, clock: FakeClock) -> None:
    clock.advance(hours=3, minutes=59)
    page = picker.get()
    assert page.status_code == 200
    clock.advance(minutes=2)
    assert picker.get().status_code == 410
    assert picker.post("answer", "arkiv").status_code == 410
    assert picker.get("/options", chosen="arkiv").status_code == 410


def test_a_picker_ends_when_its_lms_is_disabled(sidecar: Sidecar, picker: Picker) -> None:
    with sidecar.transaction() as db:
        db.execute(update(platforms.Platform).values(disabled_at=sidecar.now()))
    assert picker.get().status_code == 401
    assert picker.post("answer", "arkiv").status_code == 401


def test_a_picker_belongs_to_its_browser(offering: RegisteredLms, picker: Picker) -> None:
    assert Picker(offering.browser(), picker.path).get().status_code == 401
    other = open_picker(offering.browser())
    assert Picker(other.browser, picker.path).get().status_code == 401
    assert Picker(other.browser, picker.path).post("answer", "arkiv").status_code == 401


def test_the_cookie_goes_into_the_lms_s_frame_and_nowhere_else(offering: RegisteredLms, browser: Browser) -> None:
    response = browser.launch(**offering.platform.deep_linking())
    picker_id = response.headers["Location"].removeprefix("/pick/")
    sent = response.headers.getlist("Set-Cookie")
    cookie = next(each for each in sent if each.startswith(f"__Host-pick-{picker_id[:8]}="))
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=None", "Partitioned", "Max-Age=14400"} <= set(cookie.split("; "))


@pytest.mark.parametrize("action", ["answer", "cancel"])
def test_another_site_makes_nobody_answer(picker: Picker, action: str) -> None:
    for headers in ({}, {"Origin": "https://lms.example"}, {"Origin": HOST, "Sec-Fetch-Site": "cross-site"}):
        assert picker.post(action, "arkiv", headers=headers).status_code == 403
    form = {"chosen": "arkiv", "csrf_token": "0" * 64}
    url = f"{picker.path}/{action}"
    headers = {"Origin": HOST}
    assert picker.browser.client.post(url, base_url=HOST, data=form, headers=headers).status_code == 403


def test_the_answer_goes_to_the_lms_that_asked(sidecar: Sidecar, offering: RegisteredLms, clock: FakeClock) -> None:
    other = FakePlatform("https://annen.example", clock, launch_url=offering.platform.launch_url, key_number=2)
    register_in(sidecar, other, ("kongsberg",))
    assert open_picker(offering.browser()).answer("arkiv")["aud"] == "https://lms.example"


def test_who_picks_leaves_a_trace_without_what_was_typed(sidecar: Sidecar, picker: Picker) -> None:
    picker.answer("arkiv", **{"title-arkiv": "Noe hemmelig"})
    with sidecar.reading() as db:
        (entry,) = db.query(AuditEntry).filter_by(action="courses.picked")
        row = db.query(DeepLinkRequest).one()
        platform_name = db.get_one(platforms.Platform, row.platform_id).name
    assert (entry.identity_id, entry.subject, entry.facts) == (
        row.identity_id,
        row.id,
        {"courses": 1, "platform": platform_name},
    )


def test_who_closes_the_dialog_has_picked_nothing(sidecar: Sidecar, picker: Picker) -> None:
    assert picker.post("cancel").status_code == 200
    with sidecar.reading() as db:
        entries = db.query(AuditEntry).filter(AuditEntry.action.like("courses.%")).all()
        assert [(each.action, set(each.facts)) for each in entries] == [("courses.not_picked", {"platform"})]


def test_a_course_is_looked_at_before_it_is_chosen(sidecar: Sidecar, offering: RegisteredLms, browser: Browser) -> None:
    part = {"title": "Del <1>", "visible": True, "identifier": "a", "href": "a.html", "mastery_score": 80.0}
    manifest = {"items": [part | {"scaled_passing_score": None, "children": []}]}
    with sidecar.transaction() as db:
        db.execute(update(CourseVersion).values(manifest=manifest))
    page = open_picker(browser).get("/course", look="arkiv", q="ar", chosen="brannvern").text
    for words in ("Arkiv for alle", "Del &lt;1&gt;", "80", "SCORM 1.2", 'name="q" value="ar"', 'value="brannvern"'):
        assert words in page


def test_the_choice_is_kept_while_searching(picker: Picker) -> None:
    page = picker.get(q="førstehjelp ØYA", chosen=["arkiv", "forstehjelp"]).text
    rows = re.findall(r'id="pick-([a-z]+)"[^>]*?( checked)?(?: aria|>)', page)
    assert rows == [("arkiv", " checked"), ("forstehjelp", " checked")]
    assert "Brannvern" not in page


def test_hostile_searches_find_nothing_and_break_nothing(picker: Picker) -> None:
    for query in ("%", "_", "'", '"><script>', "\x00", "å" * 5000, "\\"):
        page = picker.get(q=query, language=query, of=query, page="-1")
        assert page.status_code == 200
        assert "<script>" not in page.text
    for number in ("0", "99999999999999999999", "x"):
        assert "Brannvern" in picker.get(page=number).text


def test_without_courses_the_picker_says_what_to_do(
    sidecar: Sidecar, offering: RegisteredLms, browser: Browser
) -> None:
    with sidecar.transaction() as db:
        db.execute(update(CourseVersion).values(reviewed_at=None))
    page = open_picker(browser).get()
    assert 'data-color="info"' in page.text
    assert 'form="cancel"' in page.text
    assert 'type="search"' not in page.text


def test_a_thousand_courses_take_pages_and_few_queries(
    sidecar: Sidecar, offering: RegisteredLms, browser: Browser, statements: list[str]
) -> None:
    for number in range(1000):
        add_course(sidecar, f"kurs-{number}", f"Kurs {number:04}")
    review_all(sidecar)
    picker = open_picker(browser)
    statements.clear()
    page = picker.get(page="2", chosen="kurs-999").text
    assert len([each for each in statements if each.startswith("SELECT")]) <= 6
    assert page.count('class="pick"') == 22
    assert 'name="page" value="3"' in page


@pytest.fixture
def statements(sidecar: Sidecar) -> list[str]:
    seen: list[str] = []
    with sidecar.reading() as db:
        engine = db.get_bind().engine
    event.listen(engine, "before_cursor_execute", lambda *facts: seen.append(facts[2]))
    return seen


def test_courses_are_found_by_subject_and_show_that_a_review_is_due(sidecar: Sidecar, picker: Picker) -> None:
    with sidecar.transaction() as db:
        course = db.query(Course).filter_by(key="arkiv").one()
        course.subject, course.review_by, course.duration_minutes = "Arkiv, Personvern", sidecar.today(), 20
    page = picker.get(subject="Personvern").text
    assert 'value="arkiv"' in page
    assert 'value="brannvern"' not in page
    assert page.count('data-color="warning"') == 1
    closer = picker.get("/course", look="arkiv", subject="Personvern").text
    assert "20 minutt" in closer
    assert 'name="subject" value="Personvern"' in closer  # the way back leads to the same list
    assert 'value="arkiv"' not in picker.get(subject="Ukjent").text
