"""Check every package of the accept and reject lists by name."""

import random
import tracemalloc
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from scorm_packages.archive import Limits
from scorm_packages.check import check_package
from scorm_packages.finding import TEXTS
from tests.data.scorm.accept import ACCEPT
from tests.data.scorm.make import FOLDER, LARGE, LISTS, find_case, write_case
from tests.data.scorm.manifests import manifest_12
from tests.data.scorm.parts import course
from tests.data.scorm.reject import REJECT


def marked(names: Iterable[str]) -> list[ParameterSet]:
    return [pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else []) for name in names]


@pytest.mark.parametrize("name", marked(ACCEPT))
def test_accepts(name: str, tmp_path: Path) -> None:
    case = ACCEPT[name]
    report = check_package(find_case("accept", name, tmp_path))
    codes = [finding.code for finding in report.findings]
    assert report.verdict == "accept", report.to_json()
    assert report.version == case.version
    assert case.code is None or case.code in codes
    assert report.manifest is not None
    assert report.version == "cmi5" or any(report.manifest.launchable)


@pytest.mark.parametrize("name", marked(REJECT))
def test_rejects(name: str, tmp_path: Path) -> None:
    case = REJECT[name]
    report = check_package(find_case("reject", name, tmp_path))
    errors = [finding.code for finding in report.findings if finding.level == "error"]
    assert report.verdict == "reject"
    assert case.code in errors
    assert [path.name for path in tmp_path.iterdir()] == ([f"{name}.zip"] if name in LARGE else [])


@pytest.mark.parametrize("list_name", LISTS)
def test_every_package_of_the_lists_lies_in_its_folder(list_name: str) -> None:
    found = {path.stem for path in (FOLDER / list_name).iterdir()}
    assert found == LISTS[list_name].keys() - LARGE  # else: python -m tests.data.scorm.make
    for name in found:
        made = LISTS[list_name][name].make()
        assert len(made) == pytest.approx((FOLDER / list_name / f"{name}.zip").stat().st_size, rel=0.2), name


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("parent-path", "../evil.html"),
        ("symlink", "link"),
        ("bad-crc", "a.txt"),
        ("bidi-in-name", "a\\u202egpj.exe"),
        ("duplicate-by-case", "a.TXT"),
        ("javascript-href", "javascript:alert(1)"),
        ("xxe", "imsmanifest.xml"),
    ],
)
def test_names_the_place(name: str, where: str, tmp_path: Path) -> None:
    first = check_package(write_case(tmp_path, name, REJECT[name])).findings[0]
    assert first.where == where


@pytest.mark.slow
def test_every_finding_has_its_words(tmp_path: Path) -> None:
    seen: set[str] = set()
    for name, case in {**ACCEPT, **REJECT}.items():
        for finding in check_package(write_case(tmp_path, name, case)).findings:
            seen.add(finding.code)
            assert finding.message == TEXTS[finding.code].format_map(finding.facts)
            assert {"where"} <= set(finding.facts)
            assert all(line.isprintable() for line in (finding.where, finding.message))
    unseen = set(TEXTS) - seen
    assert unseen == {
        "package-too-large",  # wants gigabytes: tested with small limits
        "entry-missing",  # said to callers of Archive only
        "entry-too-large",
    }


def test_a_good_package_has_no_findings(tmp_path: Path) -> None:
    report = check_package(write_case(tmp_path, "plain-12", ACCEPT["plain-12"]))
    assert report.to_json() == {
        "file": str(tmp_path / "plain-12.zip"),
        "verdict": "accept",
        "version": "scorm-1.2",
        "title": "Brannvern på jobb",
        "findings": [],
        "accessibility": {"static": report.to_json()["accessibility"]["static"], "browser": "not run"},
    }
    assert [entry.path for entry in report.entries] == ["imsmanifest.xml", "index.html"]


def test_a_missing_file_is_not_a_verdict(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check_package(tmp_path / "gone.zip")


def test_every_damaged_entry_is_named_up_to_a_bound(tmp_path: Path) -> None:
    package = bytearray(course(**{f"{n}.bin": bytes([n]) * 40 for n in range(3)}))
    path = tmp_path / "damaged.zip"
    at = 0
    for n in range(3):
        at = package.index(b"%d.bin" % n, at) + 5
        package[at] ^= 0xFF
    path.write_bytes(package)
    wheres = {finding.where for finding in check_package(path).findings if finding.level == "error"}
    assert wheres == {"0.bin", "1.bin", "2.bin"}


@pytest.mark.slow
def test_memory_stays_flat(tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    noise = random.Random(1).randbytes(1_000_000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.writestr("imsmanifest.xml", manifest_12())
        package.writestr("index.html", "<p>")
        with package.open("big.html", "w") as file:
            for _ in range(40):
                file.write(noise)
    tracemalloc.start()
    try:
        assert check_package(path).verdict == "accept"
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_a_package_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = write_case(tmp_path, "plain-12", ACCEPT["plain-12"])
    findings = check_package(path, Limits(total_bytes=100)).findings
    assert [finding.code for finding in findings] == ["package-too-large"]
