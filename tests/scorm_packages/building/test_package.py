"""What is built is legal by every schema, the same each time, small, and calls nobody; what fails leaves nothing."""

import gzip
import json
import os
import re
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from scorm_packages.authoring.course_source import CourseSource
from scorm_packages.building.errors import (
    LanguageMissingError,
    MediaChangedError,
    TargetNotWritableError,
    TooManyPartsError,
)
from scorm_packages.building.package import build_package
from scorm_packages.building.runtime_files import write_script
from scorm_packages.building.standards import STANDARDS, Standard
from scorm_packages.check import check_package
from tests.scorm_packages.building.schemas import faults

SCORM: tuple[Standard, ...] = ("scorm-1.2", "scorm-2004")
OWN_BYTES = 100_000


def read(package: Path, name: str) -> str:
    with zipfile.ZipFile(package) as archive:
        return archive.read(name).decode()


@pytest.mark.parametrize("standard", STANDARDS)
def test_the_same_source_gives_the_same_bytes_and_stays_as_it_was(
    course: CourseSource, tmp_path: Path, standard: Standard
) -> None:
    before = {path: path.stat() for path in (tmp_path / "kilde").iterdir()}
    one = build_package(course, tmp_path / "en.zip", standard=standard)
    other = build_package(course, tmp_path / "to.zip", standard=standard)
    assert (tmp_path / "en.zip").read_bytes() == (tmp_path / "to.zip").read_bytes()
    assert one.digest == other.digest
    after = {path: path.stat() for path in (tmp_path / "kilde").iterdir()}
    assert {path: stat.st_mtime_ns for path, stat in after.items()} == {p: s.st_mtime_ns for p, s in before.items()}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["en.zip", "kilde", "to.zip"]


@pytest.mark.parametrize("standard", SCORM)
def test_a_manifest_is_legal_by_the_schemas_that_go_along(
    course: CourseSource, tmp_path: Path, standard: Standard
) -> None:
    built = build_package(course, tmp_path / "a.zip", standard=standard)
    assert faults(built.path, tmp_path / "ut") == []
    manifest = tmp_path / "ut" / "imsmanifest.xml"
    broken = manifest.read_text("utf-8").replace("<resources>", '<resources><file href="x"/>', 1)
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        for path in (tmp_path / "ut").glob("*.*"):
            archive.writestr(path.name, broken if path == manifest else path.read_bytes())
    assert faults(tmp_path / "b.zip", tmp_path / "ut2") != []


@pytest.mark.parametrize("standard", SCORM)
def test_the_check_finds_nothing_to_say(course: CourseSource, tmp_path: Path, standard: Standard) -> None:
    report = check_package(build_package(course, tmp_path / "a.zip", standard=standard).path)
    assert (report.verdict, report.findings) == ("accept", ())
    assert report.manifest is not None
    assert (report.manifest.title, report.manifest.description, report.manifest.language) == (
        "Brannvern & rømning",
        "Om brann.",
        "nb",
    )
    assert (report.manifest.declared) >= {"index.html", "media/dør.png", "metadata.xml"}


@pytest.mark.parametrize("mark", [80, 0])
@pytest.mark.parametrize("standard", SCORM)
def test_the_mark_to_pass_is_told_only_where_the_score_alone_decides(
    course: CourseSource, tmp_path: Path, standard: Standard, mark: int
) -> None:
    page = course.pages["nb"][2]
    own = replace(page, quizzes=(replace(page.quizzes[0], pass_percent=50),))
    marked = replace(course, facts=replace(course.facts, pass_percent=mark))
    manifest = read(build_package(marked, tmp_path / "a.zip", standard=standard).path, "imsmanifest.xml")
    score = "<adlcp:masteryscore>80<" if standard == "scorm-1.2" else "<imsss:minNormalizedMeasure>0.8<"
    assert (score in manifest) is (mark == 80)
    owned = replace(marked, pages={"nb": (*course.pages["nb"][:2], own)})
    own_manifest = read(
        build_package(owned, tmp_path / "b.zip", standard=standard, languages=["nb"]).path, "imsmanifest.xml"
    )
    assert not re.search("masteryscore|minNormalizedMeasure", own_manifest)


def test_cmi5_says_in_each_language_what_it_takes(course: CourseSource, tmp_path: Path) -> None:
    text = read(build_package(course, tmp_path / "a.zip", standard="cmi5").path, "cmi5.xml")
    root = etree.fromstring(text.encode())
    space = "{https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd}"
    assert [child.tag for child in root] == [f"{space}course", f"{space}au"]
    unit = root[1]
    assert [child.tag.removeprefix(space) for child in unit] == ["title", "description", "url"]
    assert (unit.get("moveOn"), unit.get("masteryScore"), unit[2].text) == ("CompletedAndPassed", "0.8", "index.html")
    assert [(one.get("lang"), one.text) for one in unit[0]] == [
        ("nb", "Brannvern & rømning"),
        ("nn", "Brannvern & rømning"),
    ]
    assert str(root[0].get("id")).startswith("urn:uuid:")
    assert root[0].get("id") != unit.get("id")


def test_the_description_for_catalogues_tells_who_can_use_it(course: CourseSource, tmp_path: Path) -> None:
    told = json.loads(read(build_package(course, tmp_path / "a.zip", standard="web").path, "metadata.jsonld"))
    assert (told["@type"], told["inLanguage"], told["timeRequired"]) == ("LearningResource", ["nob", "nno"], "PT15M")
    assert told["accessMode"] == ["textual", "visual"]
    assert "alternativeText" in told["accessibilityFeature"]
    assert told["accessibilityHazard"] == ["none"]
    assert {one["@language"] for one in told["accessibilitySummary"]} == {"nb", "nn"}
    assert "image" not in told


def test_the_description_for_catalogues_names_the_cover(course: CourseSource, tmp_path: Path) -> None:
    shown = replace(course, facts=replace(course.facts, cover="media/dør.png"))
    built = build_package(shown, tmp_path / "a.zip", standard="web")
    assert json.loads(read(built.path, "metadata.jsonld"))["image"] == "media/d%C3%B8r.png"


@pytest.mark.parametrize("standard", STANDARDS)
def test_a_package_is_small_and_holds_nothing_inline_and_no_address(
    course: CourseSource, tmp_path: Path, standard: Standard
) -> None:
    built = build_package(course, tmp_path / "a.zip", standard=standard)
    own = read(built.path, "course/course.css") + read(built.path, "course/course.js")
    assert len(gzip.compress(own.encode())) < OWN_BYTES / 4
    html = read(built.path, "index.html")
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=|https?://", html)
    assert re.findall(r'src="([^"]*)"', html)[:2] == ["course/data.js", "course/course.js"]
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    targets = {name[1:] for name in re.findall(r'href="(#[^"]+)"', html)}
    assert targets <= set(ids)


def test_one_language_leaves_the_other_and_its_media_out(course: CourseSource, tmp_path: Path) -> None:
    first = course.pages["nn"][0]
    spoken = replace(first, html=first.html.replace("d%C3%B8r", "d%C3%B8r2"))
    second = replace(course.media[0], path="media/dør2.png")
    both = replace(
        course,
        media=(*course.media, second),
        pages={**course.pages, "nn": (spoken, *course.pages["nn"][1:])},
    )
    built = build_package(both, tmp_path / "a.zip", standard="web", languages=["nn"])
    html = read(built.path, "index.html")
    assert 'lang="nn"' in html
    assert "Bokmål" not in html
    with zipfile.ZipFile(built.path) as archive:
        assert [name for name in archive.namelist() if name.startswith("media/")] == ["media/dør2.png"]


def test_what_fails_leaves_the_old_package_and_nothing_half_built(course: CourseSource, tmp_path: Path) -> None:
    target = tmp_path / "kurs.zip"
    target.write_bytes(b"old")
    with pytest.raises(LanguageMissingError, match="“se”, but in: nb, nn"):
        build_package(course, target, languages=["se"])
    course.media[0].source.unlink()
    with pytest.raises(MediaChangedError):
        build_package(course, target)
    with pytest.raises(TargetNotWritableError):
        build_package(course, tmp_path / "no" / "kurs.zip")
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kilde", "kurs.zip"]


def test_what_a_killed_build_left_goes_with_the_next_one(course: CourseSource, tmp_path: Path) -> None:
    old, new = tmp_path / ".0123456789abcdef.making", tmp_path / ".fedcba9876543210.making"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    build_package(course, tmp_path / "a.zip")
    assert new.exists(), "another build may be at it"
    assert not old.exists()


@pytest.mark.parametrize(
    "name", ["kilde/course.toml", "kilde/pages/01-a.nb.md", "kilde/media/../media/a.zip", "lenke/a.zip"]
)
def test_no_package_goes_where_the_author_writes(course: CourseSource, tmp_path: Path, name: str) -> None:
    (tmp_path / "kilde" / "media").mkdir()
    (tmp_path / "lenke").symlink_to(tmp_path / "kilde" / "media")
    with pytest.raises(TargetNotWritableError, match="its own files"):
        build_package(replace(course, folder=tmp_path / "kilde"), tmp_path / name)
    assert not list(tmp_path.rglob("a.zip"))


@pytest.mark.parametrize("name", ["kilde", "rør", ".", "..", "fil/a.zip", "a" * 300])
def test_no_package_takes_the_place_of_what_is_no_file(course: CourseSource, tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "rør")
    (tmp_path / "fil").write_bytes(b"old")
    with pytest.raises(TargetNotWritableError):
        build_package(course, tmp_path / name if name != "." else Path(name))
    assert stat.S_ISFIFO((tmp_path / "rør").stat().st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fil", "kilde", "rør"]


def test_a_question_with_more_options_than_letters_is_told_with_its_place(course: CourseSource, tmp_path: Path) -> None:
    page = course.pages["nb"][1]
    many = replace(page.questions[0], options=page.questions[0].options * 13)
    crowded = replace(page, questions=(many, *page.questions[1:]))
    pages = {"nb": (course.pages["nb"][0], crowded, course.pages["nb"][2])}
    with pytest.raises(TooManyPartsError, match=r"pages/02-test\.md:3 has more than 36"):
        build_package(replace(course, pages=pages), tmp_path / "a.zip", languages=["nb"])


@pytest.mark.parametrize("standard", STANDARDS)
def test_the_scripts_share_one_scope_without_a_name_twice(standard: Standard) -> None:
    script = write_script(standard).decode()
    names = re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", script, re.MULTILINE)
    assert len(names) == len(set(names))
    assert not re.search(r"^(?:import|export)\b", script, re.MULTILINE)
