"""Pick a whole learning path: which ones an LMS is offered, and that each step stands there as far as it takes it."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from sidecar.core import course_life, lms_courses, regions
from sidecar.core.access import operator_at_the_console
from sidecar.core.connections import Connection
from sidecar.core.courses import LMS_ONLY, Course
from sidecar.core.municipalities import Municipality
from sidecar.core.path_contents import Content, Part, Step
from sidecar.core.path_publishing import publish
from sidecar.core.paths import add_path
from sidecar.core.people_sources import Source
from sidecar.runtime import Sidecar
from tests.fakes.lms import Browser, RegisteredLms, add_course
from tests.fakes.picker import SAME_ORIGIN, Picker, items_of, open_picker, review_all

CONSOLE = operator_at_the_console()
KEY = "path:ny-hos-oss"
GUIDE = "https://www.example.no/veileder"
STEPS = (
    Step("arkiv", "course", course="arkiv", title="Arkiv, først"),
    Step("veileder", "link", title="Les veilederen", note="Kapittel 2.", url=GUIDE),
    Step("vis", "task", title="Vis det for lederen"),
    Step("moodle", "course", course="brannvern"),
    Step("dag", "gathering", title="Samling"),
    Step("brann", "course", course="brannvern"),
)
CONTENT = Content("Ny hos oss", "Det alle skal gjennom.", parts=(Part("alt", steps=STEPS),))
ALL = ["-page", *(step.key for step in STEPS)]


@pytest.fixture
def region_id(sidecar: Sidecar, kongsberg: Municipality) -> str:
    with sidecar.transaction() as db:
        return regions.join(db, "kongsbergregionen", kongsberg.id, sidecar.today()).id


@pytest.fixture
def pathway(sidecar: Sidecar, offering: RegisteredLms, region_id: str) -> RegisteredLms:
    """The LMS of Kongsberg, whose region has a learning path with a step of every kind."""
    key = add_moodle_course(sidecar, offering)
    add_published(sidecar, "ny-hos-oss", region_id, replace(CONTENT, parts=(Part("alt", steps=steps_with(key)),)))
    return offering


def steps_with(moodle_course: str) -> tuple[Step, ...]:
    return tuple(replace(one, course=moodle_course) if one.key == "moodle" else one for one in STEPS)


def add_moodle_course(sidecar: Sidecar, lms: RegisteredLms) -> str:
    """Let the LMS tell of a course that only it has; return the key by which it is known here."""
    with sidecar.transaction() as db:
        at = sidecar.now()
        connection = Connection(connector="moodle", settings=b"", created_at=at, platform_id=lms.platform_id)
        db.add(connection)
        db.flush()
        source = Source(connection_id=connection.id, kind="completions", created_at=at)
        db.add(source)
        db.flush()
        lms_courses.take_in(db, source, {"KURS-1": "Bare i Moodle"}, sidecar.now())
        return db.scalars(select(Course.key).where(Course.kind == LMS_ONLY)).one()


def add_published(sidecar: Sidecar, key: str, region_id: str | None, content: Content = CONTENT) -> None:
    with sidecar.transaction() as db:
        add_path(db, CONSOLE, content, sidecar.now(), region_id=region_id, key=key)
        publish(db, CONSOLE, key, "", sidecar.now())


def bring(picker: Picker, *steps: str, **fields: str) -> list[dict[str, Any]]:
    """Send the options with these steps ticked, and every column."""
    graded = {f"grade-{KEY}/{step}": "1" for step in steps}
    return items_of(picker.answer(KEY, **{f"bring-{KEY}": list(steps)}, **graded, **fields))


def test_paths_are_found_among_courses_and_told_apart(pathway: RegisteredLms) -> None:
    picker = open_picker(pathway.browser())
    page = picker.get(q="alle").text
    assert f'value="{KEY}"' in page
    assert 'value="arkiv"' in page
    assert 'value="brannvern"' not in page
    assert page.count('<span class="ds-tag" data-color="info">') == 1
    closer = picker.get("/course", look=KEY, chosen="arkiv").text
    for words in ("Arkiv, først", "Les veilederen", "Bare i Moodle", "Brannvern", 'value="arkiv"'):
        assert words in closer


def test_one_choice_brings_what_moodle_takes_in_the_order_of_the_path(pathway: RegisteredLms) -> None:
    picker = open_picker(pathway.browser())
    options = picker.get("/options", chosen=KEY).text
    assert 'value="arkiv" checked' in options
    for page_only in ("veileder", "vis", "moodle", "dag"):
        assert f'id="bring-{KEY}/{page_only}"' not in options
    page, archive, fire = bring(picker, *ALL)
    assert page["custom"] == {"page": KEY}
    assert page["title"] == "Ny hos oss"
    assert "lineItem" not in page
    assert (archive["custom"], archive["title"]) == ({"course": "arkiv"}, "Arkiv, først")
    assert (archive["lineItem"]["resourceId"], archive["lineItem"]["label"]) == ("arkiv", "Arkiv, først")
    assert fire["custom"] == {"course": "brannvern"}


def test_where_links_are_taken_they_come_along(pathway: RegisteredLms) -> None:
    picker = open_picker(pathway.browser(), accept_types=["link", "ltiResourceLink"])
    found = bring(picker, *ALL)
    assert [one["type"] for one in found] == ["ltiResourceLink", "ltiResourceLink", "link", "link", "ltiResourceLink"]
    assert found[2] == {
        "type": "link",
        "title": "Les veilederen",
        "url": GUIDE,
        "text": "Kapittel 2.",
        "window": {"targetName": "_blank"},
    }
    assert found[3]["url"] == "https://lms.example/course/view.php?name=KURS-1"


def test_steps_are_left_out_renamed_and_not_graded(pathway: RegisteredLms) -> None:
    picker = open_picker(pathway.browser())
    fields = {f"title-{KEY}/brann": "Brannvernkurset", f"target-{KEY}": "window"}
    (only,) = items_of(picker.answer(KEY, **{f"bring-{KEY}": "brann"}, **fields))
    assert (only["title"], "lineItem" in only, "window" in only) == ("Brannvernkurset", False, True)


def test_nothing_ticked_and_too_much_lead_back_to_what_was_typed(
    sidecar: Sidecar, pathway: RegisteredLms, region_id: str
) -> None:
    picker = open_picker(pathway.browser())
    page = picker.post("answer", KEY, headers=SAME_ORIGIN, **{f"title-{KEY}/brann": "Skrevet"})
    assert page.status_code == 400
    assert 'value="Skrevet"' in page.text
    assert "checked" not in page.text.split("bring-", 1)[1].split(">", 1)[0]
    for number in range(31):
        add_course(sidecar, f"kurs-{number}", f"Kurs {number}")
    review_all(sidecar)
    steps = tuple(Step(f"s-{number}", "course", course=f"kurs-{number}") for number in range(31))
    add_published(sidecar, "lang", region_id, Content("Lang", parts=(Part("alt", steps=steps),)))
    long = [step.key for step in steps]
    refused = picker.post("answer", "path:lang", headers=SAME_ORIGIN, **{"bring-path:lang": long})
    assert (refused.status_code, 'name="bring-path:lang"' in refused.text) == (400, True)
    most = items_of(picker.answer("path:lang", **{"bring-path:lang": long[:30]}))
    assert [one["custom"]["course"] for one in most] == [f"kurs-{number}" for number in range(30)]


def test_an_lms_that_takes_one_item_gets_the_page(pathway: RegisteredLms) -> None:
    picker = open_picker(pathway.browser(), accept_multiple=False)
    assert "bring-" not in picker.get("/options", chosen=KEY).text
    (page,) = bring(picker, **{f"title-{KEY}": "Vårt løp"})
    assert (page["custom"], page["title"]) == ({"page": KEY}, "Vårt løp")


def test_a_course_that_was_picked_too_comes_once(pathway: RegisteredLms) -> None:
    picker = open_picker(pathway.browser())
    found = items_of(picker.answer(KEY, "arkiv", "forstehjelp", **{f"bring-{KEY}": "arkiv"}))
    assert [one["custom"]["course"] for one in found] == ["forstehjelp", "arkiv"]


def test_what_it_brings_opens(pathway: RegisteredLms, browser: Browser) -> None:
    response = browser.launch(custom={"page": KEY})
    assert browser.get(response.headers["Location"]).status_code == 200


def test_paths_that_are_not_for_an_lms_are_neither_shown_nor_given(
    sidecar: Sidecar, pathway: RegisteredLms, rollag: Municipality, region_id: str
) -> None:
    with sidecar.transaction() as db:
        elsewhere = regions.join(db, "hallingdal", rollag.id, sidecar.today()).id
        add_path(db, CONSOLE, replace(CONTENT, title="Utkast"), sidecar.now(), region_id=region_id, key="utkast")
    add_published(sidecar, "fremmed", elsewhere, replace(CONTENT, title="Fremmed"))
    add_published(sidecar, "trukket", region_id, replace(CONTENT, title="Trukket"))
    add_published(sidecar, "felles", None, replace(CONTENT, title="Felles"))
    with sidecar.transaction() as db:
        course_life.retire(db, CONSOLE, "trukket", sidecar.now())
    picker = open_picker(pathway.browser())
    page = picker.get().text
    assert "Felles" in page
    for key in ("fremmed", "trukket", "utkast", "finnes-ikke"):
        assert f"path:{key}" not in page
        for refused in (
            picker.get("/course", look=f"path:{key}"),
            picker.get("/options", chosen=f"path:{key}"),
            picker.post("answer", f"path:{key}", headers=SAME_ORIGIN, **{f"bring-path:{key}": "-page"}),
        ):
            assert refused.status_code == 404
