"""Read what a package says of its course; what is hostile, huge or of another kind counts as not said."""

import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scorm_packages.building.package import build_package
from scorm_packages.building.standards import Standard
from scorm_packages.check import Report, check_package
from scorm_packages.learning_resource import CourseFacts
from tests.fakes.course import make_course
from tests.fakes.package import make_package

SAID: dict[str, Any] = {
    "@context": ["https://schema.org", {"@language": "nb"}],
    "@type": "LearningResource",
    "identifier": ["urn:x", {"@type": "PropertyValue", "propertyID": "course-key", "value": "brann"}],
    "about": [{"name": "brann"}, {"name": "hms"}],
    "audience": {"audienceType": [{"@value": "Alle", "@language": "nb"}, {"@value": "All", "@language": "en"}]},
    "license": "https://spdx.org/licenses/CC-BY-4.0.html",
    "publisher": {"name": "Kongsberg"},
    "timeRequired": "PT15M",
    "expires": "2031-05-17",
    "isBasedOn": [{"name": {"@value": "lova", "@language": "nn"}}, {"name": {"@value": "loven", "@language": "nb"}}],
}
READ = CourseFacts(
    key="brann",
    subjects=("brann", "hms"),
    audience="Alle",
    licence="CC-BY-4.0",
    owner="Kongsberg",
    duration_minutes=15,
    review_by=date(2031, 5, 17),
    laws=("loven",),
)


def checked(folder: Path, metadata: bytes) -> Report:
    package = make_package(folder / "a.zip", pages={"a": "<!doctype html><title>A</title>"})
    with zipfile.ZipFile(package, "a", zipfile.ZIP_STORED) as archive:  # what packs too well is refused as a whole
        archive.writestr("metadata.jsonld", metadata)
    report = check_package(package)
    assert report.verdict == "accept"
    return report


def told(report: Report) -> bool:
    return "metadata-unreadable" in {finding.code for finding in report.findings}


@pytest.mark.parametrize("standard", ["scorm-1.2", "scorm-2004"])
def test_what_an_author_wrote_is_read_back(tmp_path: Path, standard: Standard) -> None:
    course = make_course(tmp_path)
    report = check_package(build_package(course, tmp_path / "a.zip", standard=standard).path)
    assert report.facts == CourseFacts(
        key="brannvern",
        subjects=("brann",),
        audience="Alle",
        licence="CC-BY-4.0",
        owner="Kongsbergregionen",
        duration_minutes=15,
        laws=("arbeidsmiljøloven § 3-2",),
    )
    alone = build_package(course, tmp_path / "nn.zip", standard=standard, languages=["nn"])
    assert check_package(alone.path).facts.key == "brannvern-nn"


def test_all_that_is_written_well_is_read(tmp_path: Path) -> None:
    report = checked(tmp_path, json.dumps(SAID).encode())
    assert (report.facts, told(report)) == (READ, False)


@pytest.mark.parametrize(
    "metadata",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b'{"@type": "LearningResource", "x": "' + bytes(range(35, 90)) * 6_000 + b'"}',
        b'{"@type": "LearningResource", "timeRequired": ' + b"9" * 5_000 + b"}",
    ],
    ids=["empty", "broken", "no text", "deep", "deep objects", "huge", "huge number"],
)
def test_what_can_t_be_read_costs_no_course_and_is_told(tmp_path: Path, metadata: bytes) -> None:
    report = checked(tmp_path, metadata)
    assert (report.facts, told(report)) == (CourseFacts(), True)


@pytest.mark.parametrize("said", [[], 7, None, "LearningResource", {}, {**SAID, "@type": "Person"}])
def test_what_describes_something_else_is_passed_over(tmp_path: Path, said: object) -> None:
    report = checked(tmp_path, json.dumps(said).encode())
    assert (report.facts, told(report)) == (CourseFacts(), False)


@pytest.mark.parametrize("value", [None, True, 7, -1.5, "", [], {}, [[["x"]]], {"name": {"name": 1}}, {"@value": "x"}])
def test_values_of_another_kind_count_as_not_said(tmp_path: Path, value: object) -> None:
    said = {name: value for name in SAID if not name.startswith("@")}
    report = checked(tmp_path, json.dumps({**said, "@type": "LearningResource", "@context": value}).encode())
    assert (report.facts, told(report)) == (CourseFacts(), False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("identifier", {"propertyID": "course-key", "value": "../../x"}),
        ("identifier", {"propertyID": "course-key", "value": "a" * 81}),
        ("identifier", "brann"),
        ("license", "javascript:alert(1)"),
        ("license", "https://spdx.org/licenses/<script>.html"),
        ("timeRequired", "PT0M"),
        ("timeRequired", "PT999999M"),
        ("timeRequired", "PT١M"),
        ("expires", "0001-01-01"),
        ("expires", "2031-02-30"),
    ],
)
def test_a_value_that_can_t_be_is_left_out(tmp_path: Path, name: str, value: object) -> None:
    said = {"@type": "LearningResource", name: value}
    assert checked(tmp_path, json.dumps(said).encode()).facts == CourseFacts()


def test_texts_are_few_short_and_visible(tmp_path: Path) -> None:
    long = {
        "@type": "LearningResource",
        "about": [{"name": "x" * 900}] * 90,
        "publisher": {"name": "A\u0000\ud800\u202e\nB"},
    }
    facts = checked(tmp_path, json.dumps(long).encode()).facts
    assert (len(facts.subjects), len(facts.subjects[0]), facts.owner) == (50, 500, "A B")
