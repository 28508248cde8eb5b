"""Whom the RKK expects to take a course: who is named on a day, and who may say so."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from sidecar.core import course_audiences
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.audit import AuditEntry
from sidecar.core.course_audiences import (
    Audience,
    AudienceDaysError,
    AudienceUnitError,
    AudienceUnitPlaceError,
    AudienceWordError,
    CourseAudience,
    pairs,
)
from sidecar.core.courses import Course
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Position
from sidecar.core.regions import Region, join, leave
from sidecar.core.staff_courses import find_course_of
from sidecar.core.units import Unit
from sidecar.errors import NotAllowedError, NotFoundError
from sidecar.runtime import Sidecar
from tests.fakes.lms import add_course
from tests.sidecar.core.folk import Folk
from tests.sidecar.core.test_units import add_unit

CONSOLE = operator_at_the_console()
FIRST = date(2026, 1, 1)
DAY = date(2026, 8, 1)


@pytest.fixture
def course(sidecar: Sidecar) -> str:
    add_course(sidecar, "brannvern", "Brannvern")
    return "brannvern"


@pytest.fixture
def units(sidecar: Sidecar, kongsberg: Municipality) -> dict[str, str]:
    """Oppvekst › Skolen › SFO, and Helse beside it."""
    with sidecar.transaction() as db:
        top = add_unit(db, kongsberg.id, "Oppvekst", None)
        school = add_unit(db, kongsberg.id, "Skolen", top)
        after = add_unit(db, kongsberg.id, "SFO", school)
        return {"Oppvekst": top, "Skolen": school, "SFO": after, "Helse": add_unit(db, kongsberg.id, "Helse", None)}


def employ(sidecar: Sidecar, owner: Municipality, number: str, unit_id: str | None = None, **facts: object) -> str:
    Folk(sidecar).person(owner.id, number)
    with sidecar.transaction() as db:
        own = Employment.municipality_id == owner.id, Employment.employee_number == number
        one = db.scalars(select(Employment).where(*own)).one()
        one.unit_id = unit_id
        for name, value in facts.items():
            setattr(one, name, value)
        return one.id


def expect(sidecar: Sidecar, course: str, viewer: Viewer = CONSOLE, **said: str) -> str:
    with sidecar.transaction() as db:
        return course_audiences.add(db, viewer, course, Audience(FIRST, **said), sidecar.now()).id  # type: ignore[arg-type]


def named(sidecar: Sidecar, day: date = DAY, municipality_id: str | None = None) -> Sequence[str]:
    with sidecar.reading() as db:
        return sorted(employment_id for employment_id, _ in db.execute(pairs(day, municipality_id)))


def test_a_unit_names_who_works_in_it_or_below_each_once(
    sidecar: Sidecar, kongsberg: Municipality, course: str, units: dict[str, str]
) -> None:
    teacher = employ(sidecar, kongsberg, "1", units["Skolen"])
    below = employ(sidecar, kongsberg, "2", units["SFO"])
    nurse = employ(sidecar, kongsberg, "3", units["Helse"])
    beside = employ(sidecar, kongsberg, "4", units["Helse"])
    with sidecar.transaction() as db:
        db.add(Position(employment_id=beside, unit_id=units["SFO"], key="1"))
        db.add(Position(employment_id=below, unit_id=units["SFO"], key="1"))
        db.add(Position(employment_id=nurse, unit_id=units["Skolen"], key="1", ended_on=DAY - timedelta(days=1)))
    expect(sidecar, course, municipality="kongsberg", unit="Skolen")
    expect(sidecar, course, municipality="kongsberg", unit="SFO")
    assert named(sidecar) == sorted([teacher, below, beside])
    assert named(sidecar, DAY - timedelta(days=1)) == sorted([teacher, below, beside, nurse])


def test_a_circle_of_units_ends_nothing(
    sidecar: Sidecar, kongsberg: Municipality, course: str, units: dict[str, str]
) -> None:
    from sidecar.core.units import UnitPlace

    teacher = employ(sidecar, kongsberg, "1", units["Skolen"])
    with sidecar.transaction() as db:
        db.add(UnitPlace(unit_id=units["Oppvekst"], parent_id=units["SFO"], placed_on=FIRST))
    expect(sidecar, course, municipality="kongsberg", unit="SFO")
    assert named(sidecar) == [teacher]


def test_a_word_stands_in_the_title_of_the_main_position_whatever_the_case(
    sidecar: Sidecar, kongsberg: Municipality, course: str
) -> None:
    cook = employ(sidecar, kongsberg, "1", position="ØKONOMISJEF og Čeahppi")
    employ(sidecar, kongsberg, "2", position="Lærer 100%")
    expect(sidecar, course, municipality="kongsberg", word="økonomi")
    assert named(sidecar) == [cook]
    expect(sidecar, course, municipality="kongsberg", word=" ČEAHPPI ")
    assert named(sidecar) == [cook]
    expect(sidecar, course, municipality="kongsberg", word="%_")
    assert named(sidecar) == [cook]
    expect(sidecar, course, municipality="kongsberg", word="100%")
    assert len(named(sidecar)) == 2


def test_a_word_for_everywhere_names_those_of_the_municipality_that_is_asked_for(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, course: str
) -> None:
    ours = [employ(sidecar, kongsberg, number, position="Kokk") for number in "12"]
    theirs = employ(sidecar, rollag, "1", position="KOKK")
    employ(sidecar, kongsberg, "3", position="Lærer")
    expect(sidecar, course, word="kokk")
    assert named(sidecar, municipality_id=kongsberg.id) == sorted(ours)
    assert named(sidecar, municipality_id=rollag.id) == [theirs]
    assert named(sidecar) == sorted([*ours, theirs])


def test_a_region_names_its_members_on_the_day(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, course: str
) -> None:
    here, there = employ(sidecar, kongsberg, "1"), employ(sidecar, rollag, "1")
    with sidecar.transaction() as db:
        for one in (kongsberg, rollag):
            join(db, "kongsbergregionen", one.id, FIRST)
        leave(db, "kongsbergregionen", rollag.id, DAY)
    expect(sidecar, course, region="kongsbergregionen")
    assert named(sidecar, DAY - timedelta(days=1)) == sorted([here, there])
    assert named(sidecar) == [here]
    expect(sidecar, course)
    assert named(sidecar) == sorted([here, there])
    assert named(sidecar, DAY, rollag.id) == [there]


def test_who_does_not_work_there_or_is_erased_is_not_expected(
    sidecar: Sidecar, kongsberg: Municipality, course: str
) -> None:
    employ(sidecar, kongsberg, "1", started_on=DAY + timedelta(days=1))
    employ(sidecar, kongsberg, "2", ended_on=DAY - timedelta(days=1))
    employ(sidecar, kongsberg, "3", erased_at=sidecar.now())
    last = employ(sidecar, kongsberg, "4", ended_on=DAY)
    row = expect(sidecar, course, municipality="kongsberg")
    assert named(sidecar) == [last]
    assert named(sidecar, FIRST - timedelta(days=1)) == []
    with sidecar.transaction() as db:
        course_audiences.end(db, CONSOLE, course, row, DAY - timedelta(days=1), sidecar.now())
    assert named(sidecar) == []


def test_nobody_is_expected_to_take_a_retired_course(sidecar: Sidecar, kongsberg: Municipality, course: str) -> None:
    employ(sidecar, kongsberg, "1")
    expect(sidecar, course)
    today = sidecar.today()
    assert len(named(sidecar, today)) == 1
    with sidecar.transaction() as db:
        find_course_of(db, CONSOLE, course).retired_at = sidecar.now()
    assert named(sidecar, today + timedelta(days=1)) == []


def office_of(sidecar: Sidecar, slug: str, *members: Municipality) -> Viewer:
    with sidecar.transaction() as db:
        for one in members:
            join(db, slug, one.id, FIRST)
        region_id = db.scalars(select(Region.id).where(Region.slug == slug)).one()
    ids = frozenset(one.id for one in members)
    return Viewer(
        roles=frozenset({"rkk"}),
        municipality_ids=ids,
        rkk_for=ids,
        regions=frozenset({region_id}),
        authored_for=frozenset({None, *ids}),
    )


def test_an_office_decides_for_its_own_places_only(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, course: str
) -> None:
    ours = office_of(sidecar, "kongsbergregionen", kongsberg)
    theirs = office_of(sidecar, "andre", rollag)
    employ(sidecar, kongsberg, "1")
    employ(sidecar, rollag, "1")
    own = expect(sidecar, course, ours, municipality="kongsberg")
    everywhere = expect(sidecar, course)
    for said in ({"municipality": "rollag"}, {"region": "andre"}, {}):
        with pytest.raises(NotFoundError):
            expect(sidecar, course, ours, **said)
    with sidecar.transaction() as db:
        assert [(one.row.id, one.is_theirs) for one in course_audiences.list_audiences(db, theirs, course)] == [
            (everywhere, False)
        ]
        assert course_audiences.count_named(db, theirs, course, DAY) == (1, {everywhere: 1})
        assert course_audiences.count_named(db, ours, course, DAY) == (1, {own: 1, everywhere: 1})
        for viewer, row in ((theirs, own), (ours, everywhere)):
            with pytest.raises(NotFoundError):
                course_audiences.end(db, viewer, course, row, DAY, sidecar.now())
            with pytest.raises(NotFoundError):
                course_audiences.remove(db, viewer, course, row, sidecar.now())
        course_audiences.remove(db, ours, course, own, sidecar.now())
        assert db.scalars(select(CourseAudience.id)).all() == [everywhere]
        actions = db.scalars(select(AuditEntry.action).where(AuditEntry.action.like("course_audience.%"))).all()
    assert sorted(actions) == ["course_audience.added"] * 2 + ["course_audience.removed"]


def test_the_course_of_another_municipality_is_not_there(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, course: str
) -> None:
    ours = office_of(sidecar, "kongsbergregionen", kongsberg)
    with sidecar.transaction() as db:
        db.scalars(select(Course)).one().municipality_id = rollag.id
    with sidecar.reading() as db, pytest.raises(NotFoundError):
        course_audiences.list_audiences(db, ours, course)
    with pytest.raises(NotFoundError):
        expect(sidecar, course, ours, municipality="kongsberg")


def test_what_can_not_be_kept_is_refused(
    sidecar: Sidecar, kongsberg: Municipality, course: str, units: dict[str, str]
) -> None:
    with sidecar.transaction() as db:
        db.add(Unit(municipality_id=kongsberg.id, key="k9", name="Helse"))
    for wanted, problem in (
        (Audience(DAY, FIRST, municipality="kongsberg"), AudienceDaysError),
        (Audience(DAY, municipality="kongsberg", unit="Brann"), AudienceUnitError),
        (Audience(DAY, unit="Skolen"), AudienceUnitPlaceError),
        (Audience(DAY, word="x" * 101), AudienceWordError),
    ):
        with sidecar.reading() as db, pytest.raises(problem):
            course_audiences.add(db, CONSOLE, course, wanted, sidecar.now())
    author = Viewer(roles=frozenset({"content-developer"}), authored_for=frozenset({None, kongsberg.id}))
    with pytest.raises(NotAllowedError):
        expect(sidecar, course, author, municipality="kongsberg")
    assert expect(sidecar, course, municipality="942402465", unit="k9")
    assert expect(sidecar, course, municipality="kongsberg", unit="Helse") == expect(
        sidecar, course, municipality="kongsberg", unit="Helse"
    )
