"""Add packages through the one door, and find it shut for what can't be played."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sidecar import catalogue
from sidecar.catalogue import PackageRejectedError, add_package, check
from sidecar.core.access import Viewer
from sidecar.core.allowances import refuse_over
from sidecar.core.audit import AuditEntry
from sidecar.core.courses import (
    Course,
    CourseVersion,
    PackageFile,
    list_versions,
    suggest_key,
)
from sidecar.core.municipalities import Municipality
from sidecar.core.staff_courses import CourseKeyTakenError
from sidecar.errors import ConflictError, InvalidInputError, NotFoundError
from sidecar.runtime import Sidecar
from tests.fakes.package import make_package

PAGE = {"a": "<!doctype html><title>A</title>"}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return make_package(tmp_path / "brann.zip", pages=PAGE, title="Brannvern på Ørland", files={"b/c.css": b"a{}"})


def count(sidecar: Sidecar) -> tuple[int, int, int]:
    with sidecar.reading() as db:
        tables = (Course, CourseVersion, PackageFile)
        first, second, third = (db.scalar(select(func.count()).select_from(table)) or 0 for table in tables)
        return first, second, third


def test_a_package_becomes_a_course_with_a_version_and_files(sidecar: Sidecar, package: Path) -> None:
    added = add_package(sidecar, package, is_published=True)
    assert (added.key, added.title, added.number, added.is_new) == (
        "brannvern-pa-orland",
        "Brannvern på Ørland",
        1,
        True,
    )
    with sidecar.reading() as db:
        version = db.get_one(CourseVersion, added.version_id)
        assert (version.standard, version.file_count, version.reviewed_at) == ("scorm-1.2", 3, sidecar.now())
        file = db.get_one(PackageFile, (added.version_id, "b/c.css"))
        assert b"".join(sidecar.storage.stream(file.digest)) == b"a{}"


def test_the_same_package_again_changes_nothing_and_says_so(sidecar: Sidecar, package: Path) -> None:
    first = add_package(sidecar, package, key="brann", is_published=True)
    before = count(sidecar)
    again = add_package(sidecar, package, key="brann", is_published=True)
    assert (again.is_new, again.version_id, again.number) == (False, first.version_id, 1)
    assert count(sidecar) == before


def test_an_operator_publishes_the_draft_that_a_package_is_already(sidecar: Sidecar, package: Path) -> None:
    draft = add_package(sidecar, package, key="brann", is_published=False)
    before = count(sidecar)
    published = add_package(sidecar, package, key="brann", is_published=True)
    assert (published.is_new, published.version_id) == (True, draft.version_id)
    assert not add_package(sidecar, package, key="brann", is_published=False).is_new
    assert count(sidecar) == before
    with sidecar.reading() as db:
        assert db.get_one(CourseVersion, draft.version_id).state == "published"


def test_what_learners_get_at_once_is_told_to_be_published(sidecar: Sidecar, package: Path, tmp_path: Path) -> None:
    added = add_package(sidecar, package, key="brann", is_published=True)
    newer = make_package(tmp_path / "ny.zip", pages=PAGE, title="Ny")
    add_package(sidecar, newer, key="brann", is_published=False)
    with sidecar.reading() as db:
        entries = select(AuditEntry.subject).where(AuditEntry.action == "course_version.published")
        assert db.scalars(entries).all() == [added.version_id]


def test_a_package_is_as_large_as_the_settings_let_it(sidecar: Sidecar, package: Path) -> None:
    sidecar.settings = replace(sidecar.settings, package_bytes=100)
    with pytest.raises(PackageRejectedError) as error:
        add_package(sidecar, package, is_published=True)
    assert [each.code for each in error.value.report.findings] == ["package-too-large"]
    assert check(package, 100).verdict == "reject"
    assert count(sidecar) == (0, 0, 0)


def test_a_check_without_an_installation_asks_the_environment(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidecar.settings.GIGABYTE", 100)
    assert check(package).verdict == "accept"
    monkeypatch.setenv("SIDECAR_PACKAGE_GB", "1")
    assert check(package).verdict == "reject"


def test_a_course_that_another_made_meanwhile_is_not_taken_over(sidecar: Sidecar, package: Path) -> None:
    theirs = add_package(sidecar, package, key="brann", is_published=True)
    other = make_package(package.with_name("other.zip"), pages=PAGE, title="Mitt")
    stranger = Viewer(roles=frozenset({"content-developer"}), authored_for=frozenset({"another"}))
    before = count(sidecar)
    with pytest.raises(CourseKeyTakenError):
        add_package(sidecar, other, key="brann", viewer=stranger, is_published=False)
    assert count(sidecar) == before
    with sidecar.reading() as db:
        assert db.query(Course).filter_by(key="brann").one().title == theirs.title


def test_of_two_new_courses_with_one_key_at_once_one_is_made(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = [make_package(tmp_path / f"{n}.zip", pages=PAGE, title=f"Kurs {n}") for n in (1, 2)]

    is_one_after_the_other = sidecar.engine.dialect.name == "sqlite"
    both, calls = Barrier(2), Counter[str | None]()

    def refuse_when_both_are_here(db: Session, owner: str | None, size_bytes: int) -> None:
        calls[owner] += 1  # once before the transaction, and once in it, where SQLite lets one in at a time
        if calls[owner] == 1 or not is_one_after_the_other:
            both.wait(timeout=20)
        refuse_over(db, owner, size_bytes)

    def add(package: Path, owner: Municipality) -> int | str:
        try:
            return add_package(sidecar, package, key="brann", municipality_id=owner.id, is_published=True).number
        except ConflictError as error:
            return error.code

    monkeypatch.setattr(catalogue, "refuse_over", refuse_when_both_are_here)
    with ThreadPoolExecutor(2) as pool:
        numbers = set(pool.map(add, packages, (kongsberg, rollag)))
    assert numbers == ({1, 2} if is_one_after_the_other else {1, "conflict"})


def test_another_package_becomes_a_draft_of_the_next_version(sidecar: Sidecar, package: Path, tmp_path: Path) -> None:
    add_package(sidecar, package, key="brann", is_published=True)
    changed = make_package(tmp_path / "new.zip", pages={"a": "<!doctype html><title>Ny</title>"}, title="Ny tittel")
    assert add_package(sidecar, changed, key="brann", is_published=False).number == 2
    with sidecar.reading() as db:
        course = db.query(Course).filter_by(key="brann").one()
        assert course.title == "Brannvern på Ørland"
        versions = [(each.number, each.title, each.state) for each in list_versions(db, course.id)]
        assert versions == [(2, "Ny tittel", "draft"), (1, "Brannvern på Ørland", "published")]


def test_what_is_rejected_leaves_nothing(sidecar: Sidecar, tmp_path: Path) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"not a zip")
    with pytest.raises(PackageRejectedError) as error:
        add_package(sidecar, bad, is_published=True)
    assert error.value.report.verdict == "reject"
    assert error.value.facts["file"] == "bad.zip"
    assert count(sidecar) == (0, 0, 0)
    assert not [path for path in (sidecar.settings.data / "files").rglob("*") if path.is_file()]


@pytest.mark.parametrize("key", ["", "Brann", "brann vern", "-brann", "brann-", "æ", "a" * 81, "a/b", "a\n", "new"])
def test_a_key_is_a_slug(sidecar: Sidecar, package: Path, key: str) -> None:
    with pytest.raises(InvalidInputError):
        add_package(sidecar, package, key=key, is_published=True)


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("  Førstehjelp & HLR (2026) ", "forstehjelp-hlr-2026"),
        ("Čáhppes", "cahppes"),
        ("!!!", "course"),
        ("a" * 99, "a" * 80),
        ("New!", "course"),
    ],
)
def test_a_key_is_made_from_the_title(title: str, key: str) -> None:
    assert suggest_key(title) == key


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        check(tmp_path / "none.zip")


def test_a_report_is_what_the_command_line_prints(package: Path) -> None:
    report = json.loads(json.dumps(check(package).to_json()))
    assert set(report) == {"file", "verdict", "version", "title", "findings", "accessibility"}
