"""A package brings along what its course says of itself: into facts that nobody has given, and over none."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from scorm_packages.building.package import build_package
from sidecar.catalogue import add_package, key_in
from sidecar.core.access import operator_at_the_console
from sidecar.core.audit import AuditEntry
from sidecar.core.course_facts import LAW_CHARACTERS, MOST_LAWS, Facts, change_facts, facts_of
from sidecar.core.courses import AUDIENCE_CHARACTERS, OWNER_CHARACTERS, SUBJECT_CHARACTERS, Course
from sidecar.runtime import Sidecar
from tests.fakes.course import make_course
from tests.fakes.package import make_package

BROUGHT = Facts(
    subject="brann",
    audience="Alle",
    licence="CC-BY-4.0",
    owner="Kongsbergregionen",
    duration_minutes=15,
    laws=("arbeidsmiljøloven § 3-2",),
)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    return build_package(make_course(tmp_path), tmp_path / "Kurs 7.zip", standard="scorm-2004").path


def saying(folder: Path, **said: object) -> Path:
    metadata = json.dumps({"@type": "LearningResource", **said}).encode()
    return make_package(folder / "b.zip", pages={"a": "<title>A</title>"}, files={"metadata.jsonld": metadata})


def known(sidecar: Sidecar, key: str) -> Facts:
    with sidecar.reading() as db:
        return facts_of(db.scalars(select(Course).where(Course.key == key)).one())


def times_changed(sidecar: Sidecar) -> int:
    with sidecar.reading() as db:
        return len(db.scalars(select(AuditEntry).where(AuditEntry.action == "course.facts_changed")).all())


def test_a_new_course_has_the_key_and_facts_that_its_author_wrote(sidecar: Sidecar, built: Path) -> None:
    added = add_package(sidecar, built, title="Noe annet", is_published=False)
    assert (added.key, key_in(sidecar, built), known(sidecar, "brannvern")) == ("brannvern", "brannvern", BROUGHT)
    assert times_changed(sidecar) == 0
    assert add_package(sidecar, built, key="brann-2", is_published=False).key == "brann-2"


def test_what_staff_have_written_stays(sidecar: Sidecar, built: Path, tmp_path: Path) -> None:
    first = make_package(tmp_path / "a.zip", pages={"a": "<title>A</title>"})
    add_package(sidecar, first, key="kurs", is_published=True)
    written = Facts(owner="Etaten", review_by=date(2031, 5, 17), laws=("loven",))
    with sidecar.transaction() as db:
        change_facts(db, operator_at_the_console(), "kurs", written, sidecar.now())
    assert add_package(sidecar, built, key="kurs", is_published=False).number == 2
    told = known(sidecar, "kurs")
    assert (told.owner, told.review_by, told.laws) == (written.owner, written.review_by, written.laws)
    assert (told.subject, told.duration_minutes) == (BROUGHT.subject, BROUGHT.duration_minutes)
    assert times_changed(sidecar) == 2  # what an upload adds to a course that is there can be traced


def test_what_staff_have_emptied_stays_empty(sidecar: Sidecar, built: Path, tmp_path: Path) -> None:
    add_package(sidecar, built, key="kurs", is_published=True)
    with sidecar.transaction() as db:
        change_facts(db, operator_at_the_console(), "kurs", Facts(subject="brann"), sidecar.now())
    said = {"publisher": {"name": "En annen"}, "timeRequired": "PT20M", "isBasedOn": [{"name": "en lov"}]}
    newer = saying(tmp_path, **said, audience={"audienceType": "Alle"}, license="CC0-1.0", expires="2031-05-17")
    assert add_package(sidecar, newer, key="kurs", is_published=False).number == 2
    assert known(sidecar, "kurs") == Facts(subject="brann", review_by=date(2031, 5, 17))


def test_what_is_too_long_is_cut(sidecar: Sidecar, tmp_path: Path) -> None:
    names = [{"name": f"{n} {chr(65 + n % 26) * 400}"} for n in range(45)]
    said: dict[str, Any] = {"about": names[:9], "isBasedOn": names, "publisher": names[0], "timeRequired": "PT9999M"}
    package = saying(tmp_path, **said, audience={"audienceType": names[0]["name"]}, expires="2031-05-17")
    add_package(sidecar, package, key="kurs", is_published=False)
    told = known(sidecar, "kurs")
    assert len(told.subject) <= SUBJECT_CHARACTERS
    assert (len(told.audience), len(told.owner)) == (AUDIENCE_CHARACTERS, OWNER_CHARACTERS)
    assert (len(told.laws), {len(law) for law in told.laws}) == (MOST_LAWS, {LAW_CHARACTERS})
    assert (told.duration_minutes, told.review_by) == (None, date(2031, 5, 17))


@pytest.mark.parametrize("key", ["new", "../x", "A B", 7])
def test_a_key_that_can_t_be_used_is_passed_over(sidecar: Sidecar, tmp_path: Path, key: object) -> None:
    package = saying(tmp_path, identifier=[{"propertyID": "course-key", "value": key}])
    assert key_in(sidecar, package) == ""
    assert add_package(sidecar, package, title="Mitt kurs", is_published=False).key == "mitt-kurs"


def test_no_package_has_no_key(sidecar: Sidecar, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip")
    assert (key_in(sidecar, tmp_path / "a.zip"), key_in(sidecar, tmp_path / "b.zip")) == ("", "")
