"""What a trusted region may sign and yet not say is refused: lies, ambiguous JSON, names that leave, hostile files."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.path_contents import canonical
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar
from sidecar.sharing import bundle_check
from tests.data.scorm.make import find_case
from tests.data.scorm.reject import REJECT
from tests.sidecar.sharing.bundles import ADDRESS, KEY, Opened, forge, refusal, with_package, write_signed


def own(said: dict[str, Any]) -> dict[str, Any]:
    course: dict[str, Any] = next(one for one in said["courses"] if one["kind"] == "own")
    return course


def add_step(said: dict[str, Any], key: str) -> None:
    step = {"key": "mer", "kind": "course", "course": key, "title": "", "note": "", "url": "", "is_optional": False}
    said["content"]["parts"][0]["steps"].append(step)


def path_in_path(said: dict[str, Any]) -> None:
    add_step(said, "annet-lop")
    said["courses"].append({**said["courses"][1], "key": "annet-lop", "kind": "path"})


LIES = {
    "itself": ("bundle-path-in-path", lambda said: add_step(said, KEY)),
    "another path": ("bundle-path-in-path", path_in_path),
    "format to come": ("bundle-format", lambda said: said.update(format=2)),
    "format no number": ("bundle-content", lambda said: said.update(format=True)),
    "no format": ("bundle-content", lambda said: said.pop("format")),
    "no content": ("bundle-content", lambda said: said.pop("content")),
    "unknown field": ("bundle-content", lambda said: said.update(more=1)),
    "unknown field of a course": ("bundle-content", lambda said: own(said).update(more=1)),
    "a source": ("bundle-content", lambda said: own(said).update(source={"digest": "0" * 64, "size": 1})),
    "a course twice": ("bundle-content", lambda said: said["courses"].append(own(said))),
    "a course that no step names": (
        "bundle-content",
        lambda said: said["courses"].append({**said["courses"][1], "key": "mer"}),
    ),
    "a step without its course": ("bundle-content", lambda said: add_step(said, "mangler")),
    "another kind than the step": ("bundle-content", lambda said: said["courses"][1].update(kind="lms")),
    "no package": ("bundle-content", lambda said: (own(said).update(files=[]), said.update(parts=[]))),
    "no version of the package": ("bundle-content", lambda said: own(said).update(version=None)),
    "a file twice": ("bundle-content", lambda said: own(said)["files"].append(own(said)["files"][0])),
    "a size that lies": ("bundle-content", lambda said: own(said)["files"][0].update(size=1)),
    "two sizes of a part": ("bundle-content", lambda said: own(said)["files"][-1].update(size=1)),
    "a size below nothing": ("bundle-content", lambda said: own(said)["files"][0].update(size=-1)),
    "a digest that is none": ("bundle-content", lambda said: own(said)["files"][0].update(digest="../../etc/passwd")),
    "a part that no file names": (
        "bundle-content",
        lambda said: said["parts"].append({"digest": "f" * 64, "size": 1}),
    ),
    "parts out of order": ("bundle-content", lambda said: said["parts"].reverse()),
    "version nought": ("bundle-content", lambda said: said.update(version=0)),
    "changes of another version": ("bundle-content", lambda said: said["changes"][0].update(version=2)),
    "no changes": ("bundle-content", lambda said: said.update(changes=[])),
    "a naive time": ("bundle-content", lambda said: said.update(published_at="2026-11-23T10:00:00")),
    "a time before all time": (
        "bundle-content",
        lambda said: said.update(published_at="0001-01-01T00:00:00+14:00"),
    ),
    "valid for a window of no length": (
        "bundle-content",
        lambda said: said["facts"].update(validity_window="01-01"),
    ),
    "valid for ages": ("bundle-content", lambda said: said["facts"].update(validity_months=10**6)),
    "unseen letters": ("bundle-content", lambda said: own(said).update(title="A\u202eB")),
    "an address that is none": ("bundle-content", lambda said: said["region"].update(address="file:///etc")),
    "an origin elsewhere": ("bundle-origin", lambda said: said.update(origin="https://x.no/exchange/x/paths/y")),
    "an origin below its path": ("bundle-origin", lambda said: said.update(origin=f"{ADDRESS}/paths/../{KEY}")),
    "a hostile link": (
        "path-step-link",
        lambda said: said["content"]["parts"][0]["steps"][-1].update(url="javascript:alert(1)"),
    ),
    "no steps": (
        "path-no-steps",
        lambda said: (said["content"].update(parts=[]), said.update(courses=[], parts=[])),
    ),
}
"""What `bundle.json` may say that it must not, and the code of the refusal."""


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_refused_though_it_is_signed(
    sidecar: Sidecar, bundle: Path, kongsbergregionen: Region, vesteralen: Region, bad: Path, name: str
) -> None:
    code, change = LIES[name]
    forge(sidecar, kongsbergregionen, bundle, bad, change)
    assert refusal(sidecar, vesteralen, bad).code == code


def texts(manifest: bytes) -> Iterator[tuple[str, bytes]]:
    said = json.loads(manifest)
    yield "spaces", json.dumps(said, sort_keys=True, ensure_ascii=False).encode()
    yield (
        "another order",
        json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()[::1].replace(b"{", b"{ ", 1),
    )
    yield "a key twice", manifest.replace(b'"version":1}', b'"version":1,"version":1}')
    yield "a float", manifest.replace(b'"format":1', b'"format":1.0')
    yield "NaN", manifest.replace(b'"format":1', b'"format":NaN')
    yield "infinity", manifest.replace(b'"format":1', b'"format":1e999')
    yield "a number without end", manifest.replace(b'"format":1', b'"format":' + b"9" * 5000)
    yield "deep nesting", b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    yield "a list", b"[]"
    yield "nothing", b""
    yield "no UTF-8", manifest.replace(b"Kongsbergregionen", b"\xff\xfe")
    yield "half a letter", manifest.replace(b"Kongsbergregionen", b"\\ud800")
    yield "a mark before", b"\xef\xbb\xbf" + manifest


def test_json_has_one_form(
    sidecar: Sidecar, bundle: Path, kongsbergregionen: Region, vesteralen: Region, bad: Path
) -> None:
    good = Opened(bundle)
    for name, text in texts(good.manifest):
        assert text != good.manifest, name
        write_signed(sidecar, kongsbergregionen, bad, text, good.parts)
        assert refusal(sidecar, vesteralen, bad).code == "bundle-content", name


HTML = b"<!doctype html><title>A</title>"
NAMES = [
    "../evil.html",
    "/etc/passwd",
    "C:evil.html",
    "a\\..\\evil",
    "a\u202egpj.exe",
    "./x",
    "a//b",
    "x" * 300,
    "A.HTML",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leaves_or_misleads_is_refused(
    sidecar: Sidecar, bundle: Path, kongsbergregionen: Region, vesteralen: Region, bad: Path, name: str
) -> None:
    good = Opened(bundle)
    said = json.loads(good.manifest)
    files = {one["path"]: good.parts[one["digest"]] for one in own(said)["files"]}
    parts = with_package(said, {**files, name: HTML})
    write_signed(sidecar, kongsbergregionen, bad, canonical(said), parts)
    assert refusal(sidecar, vesteralen, bad).code == "bundle-package"


HIDDEN = [
    "xxe",
    "billion-laughs",
    "external-dtd",
    "javascript-href",
    "drive-href",
    "data-href",
    "aicc",
    "empty-manifest",
]


@pytest.mark.parametrize("name", HIDDEN)
def test_a_hidden_hostile_package_is_refused(
    sidecar: Sidecar, bundle: Path, kongsbergregionen: Region, vesteralen: Region, bad: Path, name: str
) -> None:
    with zipfile.ZipFile(find_case("reject", name, bad.parent)) as package:
        files = {one: package.read(one) for one in package.namelist() if not one.endswith("/")}
    said = json.loads(Opened(bundle).manifest)
    parts = with_package(said, files)
    write_signed(sidecar, kongsbergregionen, bad, canonical(said), parts)
    assert name in REJECT
    error = refusal(sidecar, vesteralen, bad)
    assert (error.code, error.facts["course"]) == ("bundle-package", "brannvern")


def test_a_package_that_is_too_large_is_refused(sidecar: Sidecar, bundle: Path, vesteralen: Region) -> None:
    sidecar.settings = replace(sidecar.settings, package_bytes=1000)
    assert refusal(sidecar, vesteralen, bundle).code == "bundle-package"


def test_a_bundle_that_is_too_large_is_refused_before_its_parts_are_read(
    sidecar: Sidecar, bundle: Path, vesteralen: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_check, "MOST_TOTAL_BYTES", 1000)
    assert refusal(sidecar, vesteralen, bundle).code == "bundle-too-large"
