"""`sidecar path adopt|updates|accept|postpone|refuse|keep`: what other regions made becomes ours by commands too."""

import json
from pathlib import Path

import pytest

from tests.fakes.two_regions import TwoRegions
from tests.sidecar.cli.console import run, run_json
from tests.sidecar.sharing.adopted import origin, path, receive_path, send_next
from tests.sidecar.sharing.bundles import KEY


@pytest.fixture
def two(two_regions: TwoRegions, environment: None, tmp_path: Path) -> TwoRegions:
    receive_path(two_regions, tmp_path)
    return two_regions


def state(two: TwoRegions) -> str:
    [row] = run_json("path", "updates", "--region", "kongsbergregionen")
    assert row["origin"] == origin(two)
    return str(row["state"])


def test_a_path_is_adopted_and_its_versions_are_answered(two: TwoRegions) -> None:
    assert state(two) == "received"
    assert run_json("path", "adopt", origin(two)) == {"path": KEY, "published": True}
    assert state(two) == "adopted"
    send_next(two)
    assert state(two) == "update"
    day = str(two.here.sidecar.today().replace(year=two.here.sidecar.today().year + 1))
    assert run_json("path", "postpone", origin(two), "--until", day)["postponed_until"] == day
    assert run_json("path", "refuse", origin(two))["taken"] == 1
    assert state(two) == "refused"


def test_a_version_is_accepted(two: TwoRegions) -> None:
    run_json("path", "adopt", origin(two), "--report-use")
    send_next(two)
    told = run_json("path", "accept", origin(two))
    assert (told["taken"], told["published"], told["path"]) == (2, True, KEY)


def test_a_draft_is_seen_by_nobody(two: TwoRegions) -> None:
    assert run_json("path", "adopt", origin(two), "--as-draft") == {"path": KEY, "published": False}
    assert path(two.here).status() == "draft"


@pytest.mark.parametrize(
    ("command", "code"),
    [("adopt", "path-adopted"), ("accept", "path-no-update"), ("refuse", "path-no-update"), ("keep", "not-found")],
)
def test_what_can_not_be_is_refused_by_its_code(two: TwoRegions, command: str, code: str) -> None:
    run_json("path", "adopt", origin(two))
    result = run("path", command, origin(two), "--json")
    assert (result.exit_code, json.loads(result.stderr)["error"]["code"]) == (1, code)
