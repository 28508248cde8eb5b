"""`sidecar path export|verify|import`: a file leaves one region and comes to another, or is refused by its code."""

import json
from pathlib import Path

import pytest

from sidecar.core.regions import Region
from sidecar.runtime import Sidecar
from sidecar.sharing.region_signing import active_region_key
from sidecar.sharing.signatures import fingerprint_of
from tests.sidecar.cli.console import run, run_json
from tests.sidecar.sharing.bundles import KEY, share_path


@pytest.fixture(autouse=True)
def _path(sidecar: Sidecar, environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sidecar.transaction() as db:
        kongsbergregionen = Region(slug="kongsbergregionen", name="Kongsbergregionen")
        db.add_all([kongsbergregionen, Region(slug="vesteralen", name="Vesterålen")])
    share_path(sidecar, kongsbergregionen, tmp_path)
    monkeypatch.chdir(tmp_path)


def fingerprint(sidecar: Sidecar) -> str:
    with sidecar.reading() as db:
        region = db.query(Region).filter_by(slug="kongsbergregionen").one()
    return fingerprint_of(active_region_key(sidecar, region.id).public)


def test_a_path_goes_from_region_to_region(sidecar: Sidecar, tmp_path: Path) -> None:
    told = run_json("path", "export", KEY)
    assert (told["file"], told["version"]) == ("hms-lop-1.bundle.zip", 1)
    assert (tmp_path / told["file"]).stat().st_size == told["size_bytes"]
    seen = run_json("path", "verify", told["file"])
    assert (seen["title"], seen["region"], seen["fingerprint"]) == (
        "HMS for nye",
        "Kongsbergregionen",
        fingerprint(sidecar),
    )
    first = run_json("path", "import", told["file"], "--region", "vesteralen")
    assert first == {**seen, "id": first["id"], "received": True}
    assert run_json("path", "import", told["file"], "--region", "vesteralen") == {**first, "received": False}


def test_people_read_whose_it_is(sidecar: Sidecar) -> None:
    run("path", "export", KEY, "--version", "1", "--output", "min.zip")
    text = run("path", "verify", "min.zip").stdout
    assert 'version 1 of "HMS for nye" of Kongsbergregionen' in text
    assert fingerprint(sidecar) in text


def test_what_is_refused_says_why_by_a_code(tmp_path: Path) -> None:
    run("path", "export", KEY, "--output", "min.zip")
    whole = (tmp_path / "min.zip").read_bytes()
    (tmp_path / "min.zip").write_bytes(whole[:-1])
    for command in (("verify", "min.zip"), ("import", "min.zip", "--region", "vesteralen")):
        result = run("path", *command, "--json")
        assert (result.exit_code, json.loads(result.stderr)["error"]["code"]) == (1, "bundle-cut-off")


def test_who_receives_is_named_where_there_are_several() -> None:
    run("path", "export", KEY, "--output", "min.zip")
    refused = run("path", "import", "min.zip", "--json")
    assert (refused.exit_code, json.loads(refused.stderr)["error"]["code"]) == (1, "invalid-input")
    assert run("path", "import", "min.zip", "--region", "nobody").exit_code == 1


@pytest.mark.parametrize("arguments", [("nobody",), (KEY, "--version", "7")])
def test_what_is_not_there_is_not_exported(arguments: tuple[str, ...], tmp_path: Path) -> None:
    result = run("path", "export", *arguments, "--json")
    assert (result.exit_code, json.loads(result.stderr)["error"]["code"]) == (1, "not-found")
    assert list(tmp_path.glob("*.bundle.zip*")) == []


def test_a_place_where_nothing_can_be_written_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for place in ("folder", "none/min.zip"):
        result = run("path", "export", KEY, "--output", place, "--json")
        assert (result.exit_code, json.loads(result.stderr)["error"]["code"]) == (1, "bundle-not-written")
    assert list(tmp_path.rglob("*.unfinished")) == []
