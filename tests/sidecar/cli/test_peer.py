"""`sidecar peer`, `sidecar ring` and `sidecar path offer|withdraw|offers|fetch`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sidecar import runtime
from sidecar.core.audit import AuditEntry
from sidecar.core.regions import Region
from sidecar.sharing import invitations
from tests.fakes.two_regions import TwoRegions
from tests.sidecar.cli.console import run, run_json
from tests.sidecar.sharing.bundles import KEY
from tests.sidecar.sharing.exchanged import offer_there, publish_there, pull


@pytest.fixture
def two(environment: None, two_regions: TwoRegions, monkeypatch: pytest.MonkeyPatch) -> TwoRegions:
    """Two regions; commands run at ours, on the wire between the two."""
    two_regions.clock.set(datetime.now(UTC))  # commands go by the real one
    monkeypatch.setattr(runtime, "GuardedFetch", lambda *_, **__: two_regions.wire)
    return two_regions


def test_a_region_is_added_shown_blocked_and_trusted_again(two: TwoRegions) -> None:
    own = run_json("peer", "me")
    assert own == {
        "region": "kongsbergregionen",
        "address": two.here.address,
        "fingerprint": two.here.fingerprint,
    }
    assert run("peer", "add", two.there.address, "--fingerprint", two.here.fingerprint).exit_code == 1
    made = run_json("peer", "add", two.there.address, "--fingerprint", two.there.fingerprint)
    assert (made["name"], made["state"]) == ("Vesterålen", "trusted")
    [row] = run_json("peer", "list")
    assert (row["region"], row["address"], row["known_by"]) == ("kongsbergregionen", two.there.address, "fingerprint")
    shown = run_json("peer", "show", two.there.address)
    assert [key["fingerprint"] for key in shown["keys"]] == [two.there.fingerprint]
    assert run_json("peer", "block", made["id"])["state"] == "blocked"
    assert run_json("peer", "trust", made["id"])["state"] == "proving"
    assert run_json("peer", "trust", made["id"], "--fingerprint", two.there.fingerprint)["state"] == "trusted"
    assert run("peer", "show", "https://x.example.no/exchange/x").exit_code == 1


def test_a_region_is_invited_and_another_opens_it(two: TwoRegions) -> None:
    token = run_json("peer", "invite", "--note", "Vesterålen")["invitation"]
    invitations.accept(two.there.sidecar, two.there.viewer, two.there.region_id, token)
    assert run_json("peer", "list")[0]["state"] == "proving"
    theirs = invitations.invite(two.there.sidecar, two.there.viewer, two.there.region_id, "")
    assert run("peer", "accept", theirs).exit_code == 1
    assert run("peer", "accept", "x").exit_code == 1


def test_a_feed_is_read_and_a_path_wanted(two: TwoRegions, tmp_path: Path) -> None:
    two.trust_each_other()
    publish_there(two, tmp_path / "made")
    offer_there(two)
    told = run_json("peer", "pull", two.there.address)
    assert (told["feed_after"], told["error_code"]) == (1, "")
    [row] = run_json("path", "offers")
    assert (row["title"], row["maker"], row["state"]) == ("HMS for nye", "Vesterålen", "offered")
    assert run_json("path", "fetch", row["origin"])["state"] == "fetching"
    assert run("path", "fetch", "https://x.example.no/exchange/x/paths/x").exit_code == 1
    assert run_json("path", "offers", "--region", "kongsbergregionen") == [row | {"state": "fetching"}]
    assert run_json("peer", "trust", two.there.address, "--anew")["state"] == "trusted"


def test_beginning_anew_stands_in_the_trail_once(two: TwoRegions) -> None:
    def count() -> int:
        with two.here.sidecar.reading() as db:
            trusted = select(func.count(AuditEntry.id)).where(AuditEntry.action == "peer.trusted")
            return db.scalars(trusted).one()

    two.trust_each_other()
    before = count()
    run("peer", "trust", two.there.address, "--anew")
    assert count() == before + 1


def test_a_ring_is_kept_and_a_path_offered_within_it(two: TwoRegions, tmp_path: Path) -> None:
    two.trust_each_other()
    made = run_json("ring", "add", "Nord", "--agreement", "Vi deler læringsløp.", "--agreed-on", "2026-01-01")
    assert run_json("ring", "members", "Nord", two.there.address)["members"] == 1
    [ring] = run_json("ring", "list")
    assert (ring["id"], ring["members"], ring["agreed_on"]) == (made["id"], [two.there.address], "2026-01-01")
    assert run("ring", "add", "Nord", "--agreement", "x").exit_code == 1
    here = TwoRegions(two.there, two.here, two.wire, two.clock)  # ours is the one that offers
    publish_there(here, tmp_path / "made")
    assert run_json("path", "offer", KEY, "--to", "ring:Nord")["audience"] == "ring"
    two.here.work("path-offer")
    assert pull(two.there, two.here) == ""
    assert run_json("path", "withdraw", KEY)["state"] == "withdrawn"
    assert run("path", "withdraw", KEY).exit_code == 1
    assert run("path", "offer", KEY, "--to", "all", "--to", "ring:Nord").exit_code == 1


def test_our_region_is_named_where_there_are_several(two: TwoRegions) -> None:
    with two.here.sidecar.transaction() as db:
        db.add(Region(slug="nordland", name="Nordland"))
    assert run("peer", "me").exit_code == 1
    assert run_json("peer", "me", "--region", "nordland")["address"].endswith("/exchange/nordland")
