"""Read what a package says of itself from the file that its manifest names; no such file ever costs the course."""

import zipfile
from pathlib import Path

import pytest

from scorm_packages.check import Report, check_package
from tests.data.scorm import manifests as m

ABOUT = "<description><langstring>Om brann</langstring></description>"
LOM = f"<lom><general><language>nn</language>{ABOUT}</general></lom>"


def checked(tmp_path: Path, location: str, metadata: bytes | None, inline: str = "") -> Report:
    said = f"<schemaversion>1.2</schemaversion><adlcp:location>{location}</adlcp:location>{inline}"
    xml = m.manifest_12(items=m.ONE_ITEM).replace("<schemaversion>1.2</schemaversion>", said)
    assert location in xml
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as package:
        package.writestr("imsmanifest.xml", xml)
        package.writestr("index.html", "<p>A</p>")
        if metadata is not None:
            package.writestr("about/metadata.xml", metadata)
    return check_package(tmp_path / "a.zip")


def facts(report: Report) -> tuple[str, str, str | None]:
    assert report.manifest is not None
    return report.verdict, report.manifest.description, report.manifest.language


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings}


def test_description_and_language_stand_in_a_file_beside(tmp_path: Path) -> None:
    report = checked(tmp_path, "about/metadata.xml", LOM.encode())
    assert facts(report) == ("accept", "Om brann", "nn")
    assert "metadata-unreadable" not in codes(report)


def test_the_manifest_s_own_metadata_come_first(tmp_path: Path) -> None:
    report = checked(tmp_path, "about/metadata.xml", LOM.encode(), LOM.replace("brann", "ild"))
    assert facts(report) == ("accept", "Om ild", "nn")


@pytest.mark.parametrize(
    ("location", "metadata"),
    [
        ("about/metadata.xml", None),
        ("about/metadata.xml", b""),
        ("about/metadata.xml", b"<lom><general>"),
        ("about/metadata.xml", b'<!DOCTYPE lom [<!ENTITY a SYSTEM "file:///etc/passwd">]><lom>&a;</lom>'),
        ("about/metadata.xml", b"<a>" * 5000 + b"</a>" * 5000),
        ("about/metadata.xml", b"<lom><!--" + bytes(range(32, 120)) * 4000 + b"--></lom>"),
        ("../../etc/passwd", None),
        ("/etc/passwd", None),
        ("file:///etc/passwd", None),
        ("javascript:alert(1)", None),
    ],
    ids=["missing", "empty", "broken", "entity", "deep", "large", "outside", "absolute", "file", "script"],
)
def test_metadata_that_cannot_be_read_are_a_finding_and_no_refusal(
    tmp_path: Path, location: str, metadata: bytes | None
) -> None:
    report = checked(tmp_path, location, metadata)
    assert report.verdict == "accept"
    assert report.manifest is not None
    assert report.manifest.description == ""
    assert [finding.level for finding in report.findings if finding.code == "metadata-unreadable"] == ["advice"]


@pytest.mark.parametrize("location", ["", "https://lms.example/metadata.xml"])
def test_nothing_is_fetched_and_nothing_is_said_of_an_outside_address(tmp_path: Path, location: str) -> None:
    report = checked(tmp_path, location, LOM.encode())
    assert report.verdict == "accept"
    assert "metadata-unreadable" not in codes(report)
