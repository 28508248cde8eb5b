"""Where people stand on a learning path: who is listed, how they stand, and who may see it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from sidecar.core import course_audiences, path_people, path_publishing
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.course_audiences import Audience
from sidecar.core.courses import Course
from sidecar.core.held_paths import find_held_path, held_path_of
from sidecar.core.municipalities import Municipality
from sidecar.core.path_contents import Content, Part, Step
from sidecar.core.path_people import PathPeoplePage, Standing, list_path_people
from sidecar.core.paths import add_path, find_path
from sidecar.core.people import Employment
from sidecar.runtime import Sidecar
from tests.fakes.lms import add_course
from tests.sidecar.core.folk import Folk

CONSOLE = operator_at_the_console()
FIRST = date(2026, 1, 1)
CONTENT = Content(
    "Ny hos oss",
    parts=(Part("a", steps=(Step("brann", "course", course="brannvern"), Step("vis", "task", title="Vis"))),),
)


@pytest.fixture
def folk(sidecar: Sidecar) -> Folk:
    return Folk(sidecar)


@pytest.fixture
def steps(sidecar: Sidecar) -> dict[str, str]:
    """The courses of a published path's steps, by the key of the step, and its own as ""."""
    add_course(sidecar, "brannvern", "Brannvern")
    with sidecar.transaction() as db:
        add_path(db, CONSOLE, CONTENT, sidecar.now())
        path_publishing.publish(db, CONSOLE, "ny-hos-oss", "", sidecar.now())
    with sidecar.reading() as db:
        path = find_held_path(db, "ny-hos-oss")
        return {"": path.course.id, **{key: course.id for key, course in path.courses.items()}}


def listed(sidecar: Sidecar, viewer: Viewer = CONSOLE, **asked: object) -> PathPeoplePage:
    with sidecar.reading() as db:
        path = held_path_of(db, find_path(db, CONSOLE, "ny-hos-oss"))
        return list_path_people(db, viewer, path, sidecar.today(), **asked)  # type: ignore[arg-type]


def expect(sidecar: Sidecar, **said: str) -> None:
    with sidecar.transaction() as db:
        course_audiences.add(db, CONSOLE, "ny-hos-oss", Audience(FIRST, **said), sidecar.now())  # type: ignore[arg-type]


def names(page: PathPeoplePage) -> list[str]:
    return [one.first_name for one in page.lines]


def test_each_stands_where_their_completions_put_them(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality, steps: dict[str, str]
) -> None:
    day = sidecar.today() - timedelta(days=10)
    expect(sidecar, municipality="kongsberg")
    folk.person(kongsberg.id, "1", "Ada Aas")
    begun, done = folk.person(kongsberg.id, "2", "Bo Berg"), folk.person(kongsberg.id, "3", "Cy Cole")
    volunteer = folk.person(rollag.id, "4", "Di Dahl")
    folk.person(rollag.id, "5", "Ed Eie")
    folk.earn(begun, steps["brann"], day)
    folk.earn(volunteer, steps["vis"], day)
    for step in ("brann", "vis"):
        folk.earn(done, steps[step], day)
    found = listed(sidecar)
    assert [(one.first_name, one.standing_on(sidecar.today()), one.progress.count) for one in found.lines] == [
        ("Ada", "not-begun", 0),
        ("Bo", "under-way", 1),
        ("Cy", "finished", 2),
        ("Di", "under-way", 1),
    ]
    assert [one.is_expected for one in found.lines] == [True, True, True, False]
    by_standing: dict[Standing, list[str]] = {
        "not-begun": ["Ada"],
        "under-way": ["Bo", "Di"],
        "finished": ["Cy"],
    }
    assert {one: names(listed(sidecar, standing=one)) for one in by_standing} == by_standing
    with sidecar.reading() as db:
        path, ours = find_held_path(db, "ny-hos-oss"), [steps[""]]
        assert path_people.count_expected(db, CONSOLE, ours, sidecar.today()) == {steps[""]: 3}
        assert path_people.count_finished(db, CONSOLE, ours, sidecar.today()) == {steps[""]: 1}
        assert path_people.count_under_way(db, CONSOLE, path.course, path.step_ids, sidecar.today()) == 2


def test_a_finished_path_that_has_expired_is_under_way_again(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, steps: dict[str, str]
) -> None:
    with sidecar.transaction() as db:
        for course in db.scalars(select(Course)):
            course.validity_months = 12
    person = folk.person(kongsberg.id, "1", "Ada Aas")
    for step in ("brann", "vis"):
        folk.earn(person, steps[step], sidecar.today() - timedelta(days=500))
    (one,) = listed(sidecar).lines
    assert one.finished is not None
    assert (one.standing_on(sidecar.today()), one.progress.count) == ("under-way", 0)
    assert names(listed(sidecar, standing="finished")) == []


def test_what_was_finished_for_good_stands_whatever_the_path_is_valid_now(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, steps: dict[str, str]
) -> None:
    person = folk.person(kongsberg.id, "1", "Ada Aas")
    for step in ("brann", "vis"):
        folk.earn(person, steps[step], sidecar.today() - timedelta(days=500))
    with sidecar.transaction() as db:
        db.get_one(Course, steps[""]).validity_months = 12
    (one,) = listed(sidecar).lines
    assert (one.standing_on(sidecar.today()), one.progress.count) == ("finished", 2)


def test_what_an_employer_is_not_told_does_not_count_there(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, steps: dict[str, str]
) -> None:
    person = folk.person(kongsberg.id, "1", "Ada Aas")
    folk.earn(person, steps["brann"], sidecar.today() - timedelta(days=100))
    with sidecar.transaction() as db:
        db.scalars(select(Employment)).one().started_on = sidecar.today() - timedelta(days=50)
    assert listed(sidecar).total == 0
    expect(sidecar, municipality="kongsberg")
    (one,) = listed(sidecar).lines
    assert (one.standing_on(sidecar.today()), one.progress.count) == ("not-begun", 0)


def test_a_viewer_sees_their_own_people_only(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality, steps: dict[str, str]
) -> None:
    expect(sidecar)
    folk.person(kongsberg.id, "1", "Ada Aas")
    folk.person(rollag.id, "1", "Bo Berg")
    viewer = Viewer(roles=frozenset({"rkk"}), municipality_ids=frozenset({rollag.id}))
    assert names(listed(sidecar, viewer)) == ["Bo"]
    with sidecar.reading() as db:
        assert path_people.count_expected(db, viewer, [steps[""]], sidecar.today()) == {steps[""]: 1}
        assert path_people.count_expected(db, Viewer(), [steps[""]], sidecar.today()) == {}
    assert listed(sidecar, Viewer()).total == 0


def test_people_are_found_by_name_and_number_and_paged(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, steps: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expect(sidecar)
    for number, name in enumerate(("Ada Aas", "Åse Ås", "Bo 100%_Berg"), 1):
        folk.person(kongsberg.id, str(number), name)
    assert names(listed(sidecar, search="ÅS åse")) == ["Åse"]
    assert names(listed(sidecar, search="3")) == ["Bo"]
    assert names(listed(sidecar, search="%_")) == ["Bo"]
    monkeypatch.setattr(path_people, "PAGE_SIZE", 2)
    first, second = (listed(sidecar, number=number) for number in (1, 2))
    assert (len(first.lines), len(second.lines), first.total, first.pages) == (2, 1, 3, 2)


def test_of_a_path_that_is_not_published_only_the_audience_is_there(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality
) -> None:
    with sidecar.transaction() as db:
        add_path(db, CONSOLE, Content("Ny hos oss"), sidecar.now())
    expect(sidecar, municipality="kongsberg")
    folk.person(kongsberg.id, "1", "Ada Aas")
    assert names(listed(sidecar)) == ["Ada"]
