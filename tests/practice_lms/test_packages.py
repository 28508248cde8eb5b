"""Test that the packages are whole, the same on every build, and free of other people's addresses."""

import re
import zipfile
from pathlib import Path

import pytest
from lxml import etree, html

from practice_lms.packages import COURSE_KEYS, Standard, build_all, build_package, read_course

NCNAME = re.compile(r"[A-Za-z_][\w.-]*")
CASES: list[tuple[str, Standard]] = [(key, standard) for key in COURSE_KEYS for standard in ("scorm-1.2", "scorm-2004")]
each_package = pytest.mark.parametrize(("key", "standard"), CASES)


def read(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def test_built_twice_is_byte_identical(tmp_path: Path) -> None:
    first, second = build_all(tmp_path / "a"), build_all(tmp_path / "b")
    assert len(first) == len(COURSE_KEYS) * 2
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


@each_package
def test_manifest_declares_every_file(tmp_path: Path, key: str, standard: Standard) -> None:
    files = read(build_package(key, standard, tmp_path))
    manifest = etree.fromstring(files["imsmanifest.xml"])
    declared = {str(file.get("href")) for file in manifest.iterfind(".//{*}file")}
    assert declared == set(files) - {"imsmanifest.xml"}
    assert [str(resource.get("href")) for resource in manifest.iterfind(".//{*}resource")] == ["index.html"]
    assert manifest.findtext(".//{*}location") in files


@each_package
def test_manifest_is_clean(tmp_path: Path, key: str, standard: Standard) -> None:
    files = read(build_package(key, standard, tmp_path))
    manifest = etree.fromstring(files["imsmanifest.xml"])
    version = {"scorm-1.2": "1.2", "scorm-2004": "2004 4th Edition"}[standard]
    assert not any(data.startswith(b"\xef\xbb\xbf") for data in files.values())
    assert manifest.findtext(".//{*}schemaversion") == version
    identifiers = [str(element.get("identifier")) for element in manifest.iter() if element.get("identifier")]
    assert len(set(identifiers)) == len(identifiers) == 4
    assert all(NCNAME.fullmatch(one) for one in identifiers)
    assert manifest.findtext(".//{*}item/{*}title") == read_course(key).title
    limit = manifest.findtext(".//{*}masteryscore") or manifest.findtext(".//{*}minNormalizedMeasure")
    assert limit == {"scorm-1.2": "80", "scorm-2004": "0.8"}[standard]
    etree.fromstring(files["metadata.xml"])


def find(page: html.HtmlElement, path: str) -> list[object]:
    found = page.xpath(path)
    assert isinstance(found, list)
    return list(found)


@each_package
def test_page_is_accessible_and_keeps_to_itself(tmp_path: Path, key: str, standard: Standard) -> None:
    files = read(build_package(key, standard, tmp_path))
    page = html.fromstring(files["index.html"].decode("utf-8"))
    assert isinstance(page, html.HtmlElement)
    assert page.get("lang") == "nb"
    assert find(page, "//script[not(@src)] | //@style | //@onclick") == []
    assert find(page, "//@src[contains(., ':')] | //@href[contains(., ':')]") == []
    assert len(find(page, "//section")) >= 10
    assert find(page, "//section[count(h1[@tabindex='-1']) != 1]") == []
    assert find(page, "//fieldset[not(legend)]") == []
    assert find(page, "//input[not(ancestor::label)]") == []
    assert len(find(page, "//*[@role='status']")) == 1
    for name in ("course.css", "course.js", "scorm.js"):
        assert b"http" not in files[name]


@pytest.mark.parametrize("key", COURSE_KEYS)
def test_questions_have_answers_and_feedback(key: str) -> None:
    course = read_course(key)
    assert len(course.questions) >= 5
    for question in course.questions:
        assert set(question.right) <= set(range(1, len(question.options) + 1))
        assert 0 < len(question.right) < len(question.options)
        assert question.good
        assert question.bad
