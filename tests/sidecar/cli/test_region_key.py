"""`sidecar region-key`: a fingerprint to read aloud, a new key, and one that somebody else may have."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from sidecar.core.periods import OSLO
from sidecar.core.region_keys import RegionKey
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar
from sidecar.sharing.signatures import kid_of_fingerprint
from tests.sidecar.cli.console import run, run_json

REGION = "kongsbergregionen"


@pytest.fixture(autouse=True)
def _regions(sidecar: Sidecar, environment: None) -> None:
    with sidecar.transaction() as db:
        db.add_all([Region(slug=REGION, name="Kongsbergregionen"), Region(slug="vesteralen", name="Vesterålen")])


def keys() -> dict[str, dict[str, Any]]:
    return {key["state"]: key for key in run_json("region-key", "list", "--region", REGION)}


def test_a_region_has_a_key_as_soon_as_somebody_asks() -> None:
    assert run_json("region-key", "list") == []
    key = keys()["active"]
    assert (key["region"], kid_of_fingerprint(key["fingerprint"])) == (REGION, key["kid"])
    assert run_json("region-key", "list") == [key]
    assert run("region-key", "list", "--region", "nobody").exit_code == 1


def test_a_rotation_tells_the_new_fingerprint() -> None:
    former = keys()["active"]["kid"]
    told = run_json("region-key", "rotate", REGION, "--reason", "a year has passed")
    assert (keys()["active"]["kid"], keys()["retired"]["kid"]) == (told["active"], former)
    assert keys()["active"]["fingerprint"] == told["fingerprint"]


def test_a_revocation_asks_first_and_names_its_moment(sidecar: Sidecar) -> None:
    stolen = keys()["active"]["kid"]
    with sidecar.transaction() as db:
        made = db.get_one(RegionKey, stolen).created_at - timedelta(days=9)
        db.execute(update(RegionKey).values(created_at=made))
    since = f"{(made + timedelta(days=2)).astimezone(OSLO):%Y-%m-%d %H:%M}"
    assert run("region-key", "revoke", stolen, "--reason", "x").exit_code == 1
    assert keys()["active"]["kid"] == stolen
    told = run_json("region-key", "revoke", stolen, "--reason", "a stolen laptop", "--since", since, "--yes")
    assert told["active"] == keys()["active"]["kid"] != stolen
    with sidecar.reading() as db:
        assert f"{db.get_one(RegionKey, stolen).revoked_at.astimezone(OSLO):%Y-%m-%d %H:%M}" == since  # type: ignore[union-attr]


def test_a_revocation_is_not_dated_before_the_key() -> None:
    kid = keys()["active"]["kid"]
    arguments = ("region-key", "revoke", kid, "--reason", "x", "--since", "2001-01-01 08:00", "--yes", "--json")
    assert json.loads(run(*arguments).stderr)["error"]["code"] == "region-key-moment"
    assert json.loads(run("region-key", "revoke", "nobody", "--reason", "x", "--yes", "--json").stderr)["error"][
        "code"
    ] == ("not-found")


def test_no_command_shows_a_private_key() -> None:
    keys()
    assert "PRIVATE" not in run("region-key", "list").stdout + run("region-key", "list", "--json").stdout
