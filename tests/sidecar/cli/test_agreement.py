"""Record and end agreements with other regions from the command line."""

from __future__ import annotations

import json

import pytest

from sidecar.core.municipalities import Municipality
from sidecar.core.peers import TRUSTED, Peer
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.sidecar.cli.shell import Shell

THEIRS = "https://vesteralen.example.no/exchange/vesteralen"
SORTLAND = (THEIRS, "847737492", "--name", "Sortland kommune")


@pytest.fixture
def shell(settings: Settings, sidecar: Sidecar) -> Shell:
    with sidecar.transaction() as db:
        region = Region(slug="kongsbergregionen", name="Kongsbergregionen")
        db.add(region)
        db.flush()
        peer = Peer(
            region_id=region.id, address=THEIRS, name="Vesterålen", known_by="fingerprint", added_at=sidecar.now()
        )
        peer.state = TRUSTED
        db.add(peer)
    return Shell(settings)


def test_an_agreement_is_added_listed_and_ended(shell: Shell) -> None:
    added = shell.run("agreement", "add", *SORTLAND, "--from", "2026-01-01", "--text", "Sak 26/117", "--json")
    assert added.exit_code == 0, added.output
    told = json.loads(added.stdout)
    assert told["to"] == "them"
    (listed,) = json.loads(shell.run("agreement", "list", "--json").stdout)
    assert (listed["peer"], listed["org_number"], listed["said"]) == (THEIRS, "847737492", "Sak 26/117")
    assert (listed["told"], listed["region"]) == ({}, "Kongsbergregionen")
    assert shell.run("agreement", "end", told["id"]).exit_code == 0
    assert shell.run("agreement", "end", told["id"]).exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "https://nobody.example.no/exchange/nobody", *SORTLAND[1:]),
        ("add", *SORTLAND[:1], "847737493", *SORTLAND[2:]),
        ("add", *SORTLAND, "--from", "2026-02-01", "--until", "2026-01-01"),
        ("add", *SORTLAND, "--to", "us"),
        ("end", "0" * 32),
    ],
)
def test_what_can_t_be_done_is_told(shell: Shell, kongsberg: Municipality, arguments: tuple[str, ...]) -> None:
    result = shell.run("agreement", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
