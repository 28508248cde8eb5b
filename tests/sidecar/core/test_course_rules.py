"""What all regions live by is not one region's to change, and whoever may not say it says it by no other way either."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from scorm_packages.building.package import build_package
from sidecar.catalogue import add_package
from sidecar.core import course_rules
from sidecar.core.access import Viewer
from sidecar.core.course_facts import Facts, change_facts
from sidecar.core.course_rules import CourseRule
from sidecar.core.courses import Course
from sidecar.core.employer_sight import is_transferable
from sidecar.core.municipalities import Municipality
from sidecar.core.regions import Region
from sidecar.core.validity import Rule
from sidecar.errors import NotAllowedError
from sidecar.runtime import Sidecar
from tests.fakes.course import make_course
from tests.fakes.lms import add_course

OPERATOR = Viewer(roles=frozenset({"operator"}), everything=True)
COUNTS = CourseRule(Rule(), is_transferable=True)
LAWS = Facts(laws=("arbeidsmiljøloven § 3-2",))


def office(municipality: Municipality) -> Viewer:
    ours = frozenset({municipality.id})
    return Viewer(roles=frozenset({"rkk"}), municipality_ids=ours, rkk_for=ours, authored_for=frozenset({None, *ours}))


def developer(municipality: Municipality) -> Viewer:
    return Viewer(roles=frozenset({"content-developer"}), authored_for=frozenset({municipality.id}))


def regions(sidecar: Sidecar, count: int) -> None:
    with sidecar.transaction() as db:
        db.add_all(Region(slug=f"r{number}", name=f"Region {number}") for number in range(count))


def counts(sidecar: Sidecar, key: str) -> bool:
    with sidecar.reading() as db:
        return bool(db.scalar(select(is_transferable()).where(Course.key == key)))


def own(sidecar: Sidecar, municipality: Municipality) -> str:
    with sidecar.transaction() as db:
        at = datetime(2026, 9, 1, tzinfo=UTC)
        db.add(Course(key="vart", title="Vårt", municipality_id=municipality.id, created_at=at))
    return "vart"


def rule(sidecar: Sidecar, viewer: Viewer, key: str, wanted: CourseRule = COUNTS) -> None:
    with sidecar.transaction() as db:
        course_rules.change(db, viewer, key, wanted, sidecar.now())


def say(sidecar: Sidecar, viewer: Viewer, key: str, facts: Facts = LAWS) -> None:
    with sidecar.transaction() as db:
        change_facts(db, viewer, key, facts, sidecar.now())


def test_one_region_of_several_does_not_change_a_shared_course(sidecar: Sidecar, kongsberg: Municipality) -> None:
    add_course(sidecar, "felles", "Felles")
    regions(sidecar, 2)
    with pytest.raises(NotAllowedError):
        rule(sidecar, office(kongsberg), "felles")
    say(sidecar, office(kongsberg), "felles")
    assert not counts(sidecar, "felles")
    rule(sidecar, OPERATOR, "felles")
    assert counts(sidecar, "felles")
    rule(sidecar, office(kongsberg), own(sidecar, kongsberg))


def test_the_only_region_does(sidecar: Sidecar, kongsberg: Municipality) -> None:
    add_course(sidecar, "felles", "Felles")
    regions(sidecar, 1)
    rule(sidecar, office(kongsberg), "felles")
    assert counts(sidecar, "felles")


def test_who_may_not_publish_makes_no_course_count_by_naming_a_law(sidecar: Sidecar, kongsberg: Municipality) -> None:
    key = own(sidecar, kongsberg)
    say(sidecar, developer(kongsberg), key)
    assert not counts(sidecar, key)
    say(sidecar, developer(kongsberg), key, Facts())
    say(sidecar, developer(kongsberg), key)
    assert not counts(sidecar, key)
    rule(sidecar, office(kongsberg), key, CourseRule(Rule()))
    assert counts(sidecar, key), "as the statutory basis says"
    say(sidecar, developer(kongsberg), key, Facts(subject="brann", laws=LAWS.laws))
    assert counts(sidecar, key), "what somebody said who may stays"


def test_who_may_publish_does_by_naming_a_law(sidecar: Sidecar, kongsberg: Municipality) -> None:
    key = own(sidecar, kongsberg)
    say(sidecar, office(kongsberg), key)
    assert counts(sidecar, key)


@pytest.mark.parametrize("may", [False, True])
def test_a_package_names_laws_as_who_brings_it_may(
    sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path, may: bool
) -> None:
    viewer = office(kongsberg) if may else developer(kongsberg)
    package = build_package(make_course(tmp_path), tmp_path / "kurs.zip", standard="scorm-2004").path
    own(sidecar, kongsberg)
    add_package(sidecar, package, key="vart", municipality_id=kongsberg.id, viewer=viewer, is_published=False)
    with sidecar.reading() as db:
        assert db.scalars(select(Course.is_statutory).where(Course.key == "vart")).one()
    assert counts(sidecar, "vart") is may
