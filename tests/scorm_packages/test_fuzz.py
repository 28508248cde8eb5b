"""Feed broken bytes: a package is judged, whatever it is; nothing else is ever raised."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorm_packages.check import check_package
from scorm_packages.errors import PackageError
from scorm_packages.manifest import read_manifest
from tests.data.scorm import manifests as m
from tests.data.scorm.parts import course, raw
from tests.data.scorm.zip_writer import Raw
from tests.hypothesis_profiles import EXAMPLES

MANIFESTS = [m.MULTI_2004_4TH, m.STORYLINE_12, m.EXELEARNING_12, m.CMI5, m.manifest_12()]
ZIPS = [course(), raw(Raw(b"a.txt", streamed=True), Raw(b"b.txt", zip64=True))]
SPLICES = st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 40), st.binary(max_size=12)), max_size=6)
FUZZ = settings(max_examples=5 * EXAMPLES)


pytestmark = pytest.mark.slow


def splice(data: bytes, splices: list[tuple[int, int, bytes]]) -> bytes:
    for at, length, inserted in splices:
        at %= len(data) + 1
        data = data[:at] + inserted + data[at + length :]
    return data


def judge(xml: bytes) -> None:
    try:
        manifest = read_manifest(xml, ["index.html"])
    except PackageError:
        return
    plain = manifest.to_json()
    assert json.loads(json.dumps(plain)) == plain


@FUZZ
@given(st.binary(max_size=300))
def test_any_bytes_as_manifest(data: bytes) -> None:
    judge(data)


@FUZZ
@given(st.sampled_from(MANIFESTS), SPLICES)
def test_broken_manifest(manifest: str, splices: list[tuple[int, int, bytes]]) -> None:
    judge(splice(manifest.encode(), splices))


@FUZZ
@given(st.text(), st.text())
def test_any_address(href: str, base: str) -> None:
    def quote(text: str) -> str:
        kept = "".join(c for c in text if c.isprintable() or c in "\t\n")
        return kept.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").replace("\n", "&#10;")

    xml = m.manifest_12(href=quote(href), attributes=f'xml:base="{quote(base)}"')
    manifest = read_manifest(xml.encode("utf-8", "replace"), ["index.html"])
    for item in manifest.launchable:
        assert item.href is not None
        assert item.href == "index.html" or item.href.startswith(("http://", "https://"))


@FUZZ
@given(st.sampled_from(ZIPS), SPLICES)
def test_broken_zip(tmp_path: Path, package: bytes, splices: list[tuple[int, int, bytes]]) -> None:
    path = tmp_path / "package.zip"
    path.write_bytes(splice(package, splices))
    assert check_package(path).verdict in {"accept", "reject"}


@pytest.mark.parametrize("package", ZIPS)
def test_every_flipped_byte(tmp_path: Path, package: bytes) -> None:
    path = tmp_path / "package.zip"
    for at in range(len(package)):
        path.write_bytes(package[:at] + bytes([package[at] ^ 0xFF]) + package[at + 1 :])
        assert check_package(path).to_json()["verdict"] in {"accept", "reject"}
