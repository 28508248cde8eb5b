"""Keep the regions that yours share with, from the command line."""

from __future__ import annotations

from typing import Any, Final

import click

from sidecar.cli.output import json_option, show, show_line, show_one, with_sidecar
from sidecar.cli.region_option import OWN_REGION, own_region
from sidecar.core import offered_paths, peers
from sidecar.core.access import operator_at_the_console
from sidecar.core.peers import Peer
from sidecar.core.regions import list_regions
from sidecar.runtime import Sidecar
from sidecar.sharing import following, introducing, invitations
from sidecar.sharing.addresses import address_of
from sidecar.sharing.region_signing import active_region_key
from sidecar.sharing.signatures import fingerprint_of, fingerprint_of_kid

CONSOLE: Final = operator_at_the_console()
COLUMNS = ("id", "region", "name", "address", "state", "known_by", "pulled_at", "failures", "error_code")
KEYS = ("fingerprint", "first_seen_at", "revoked_at")


@click.group()
def peer() -> None:
    """Keep the regions that yours share with: whom you trust, and how reading their offers goes.

    PEER is the id or the exchange address of one.
    """


@peer.command("me")
@OWN_REGION
@json_option
@with_sidecar
def show_own(sidecar: Sidecar, region: str | None, as_json: bool) -> None:
    """Show what another region needs to trust yours: its exchange address, and the fingerprint of its key."""
    found = own_region(sidecar, region)
    fingerprint = fingerprint_of(active_region_key(sidecar, found.id).public)
    show_one(as_json, {"region": found.slug, "address": address_of(sidecar, found), "fingerprint": fingerprint})


@peer.command("add")
@click.argument("address")
@click.option("--fingerprint", required=True, help="Of the other region's key, as they read it to you.")
@OWN_REGION
@json_option
@with_sidecar
def add(sidecar: Sidecar, address: str, fingerprint: str, region: str | None, as_json: bool) -> None:
    """Trust the region at ADDRESS, whose fingerprint you have compared by telephone. They do the same with yours."""
    ours = own_region(sidecar, region)
    made = introducing.add_by_fingerprint(sidecar, CONSOLE, ours.id, address, fingerprint)
    facts = {"id": made.id, "address": made.address, "name": made.name, "state": made.state}
    show_line(as_json, facts, f"{ours.name} trusts {made.name}.")


@peer.command("list")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, as_json: bool) -> None:
    """List the regions that yours share with, and how reading their offers went."""
    with sidecar.reading() as db:
        slugs = {one.id: one.slug for one in list_regions(db)}
        rows = [_row(one, slugs[one.region_id]) for one in peers.list_peers(db, CONSOLE)]
    show(as_json, COLUMNS, rows)


@peer.command("show")
@click.argument("key", metavar="PEER")
@json_option
@with_sidecar
def show_peer(sidecar: Sidecar, key: str, as_json: bool) -> None:
    """Show one region: its keys, how its feed stands, and how much it offers."""
    with sidecar.reading() as db:
        found = peers.find_peer(db, CONSOLE, key)
        keys = [
            {
                "fingerprint": fingerprint_of_kid(one.kid),
                "first_seen_at": one.first_seen_at,
                "revoked_at": one.revoked_at,
            }
            for one in peers.list_keys(db, found.id)
        ]
        slug = next(one.slug for one in list_regions(db) if one.id == found.region_id)
        offers = [offered for offered, by in offered_paths.list_offered(db, CONSOLE) if by.id == found.id]
        facts = _row(found, slug) | {"feed_after": found.feed_after, "next_pull_at": found.next_pull_at}
    count = len([one for one in offers if one.is_offered_on(sidecar.today())])
    if as_json:
        show_one(as_json, {**facts, "offers": count, "keys": keys})
    else:
        show_one(as_json, {**facts, "offers": count})
        show(as_json, KEYS, keys)


@peer.command("block")
@click.argument("key", metavar="PEER")
@json_option
@with_sidecar
def block(sidecar: Sidecar, key: str, as_json: bool) -> None:
    """Neither ask nor answer a region any more; what was received from it stays."""
    with sidecar.transaction() as db:
        found = peers.find_peer(db, CONSOLE, key)
        peers.block(db, CONSOLE, found, sidecar.now())
        name = found.name
    show_line(as_json, {"id": found.id, "state": found.state}, f"{name} is blocked.")


@peer.command("trust")
@click.argument("key", metavar="PEER")
@click.option("--fingerprint", default="", help="Of its new key, where it signs with one that nobody vouches for.")
@click.option("--anew", is_flag=True, help="Read its feed from the beginning, as after it restored a backup.")
@json_option
@with_sidecar
def trust(sidecar: Sidecar, key: str, fingerprint: str, anew: bool, as_json: bool) -> None:
    """Share again with a region that was blocked, whose feed was cut off, or that lost its key."""
    with sidecar.reading() as db:
        peer_id = peers.find_peer(db, CONSOLE, key).id
    if fingerprint:
        introducing.compare_again(sidecar, CONSOLE, peer_id, fingerprint)
    if anew:
        following.begin_anew(sidecar, CONSOLE, peer_id)
    with sidecar.transaction() as db:
        found = peers.find_peer(db, CONSOLE, peer_id)
        if not anew:
            peers.trust_again(db, CONSOLE, found, sidecar.now())
    show_line(as_json, {"id": found.id, "state": found.state}, f"{found.name} is asked again.")


@peer.command("pull")
@click.argument("key", metavar="PEER")
@json_option
@with_sidecar
def pull(sidecar: Sidecar, key: str, as_json: bool) -> None:
    """Read what a region offers now, not only when it is due."""
    with sidecar.reading() as db:
        peer_id = peers.find_peer(db, CONSOLE, key).id
    following.pull(sidecar, peer_id)
    with sidecar.reading() as db:
        found = peers.find_peer(db, CONSOLE, peer_id)
        facts = {"id": peer_id, "state": found.state, "feed_after": found.feed_after, "error_code": found.error_code}
    show_line(as_json, facts, f"Read up to {facts['feed_after']}. {facts['error_code'] or 'It went well.'}")


@peer.command("invite")
@click.option("--note", default="", help="For whom it is; only your staff see it.")
@OWN_REGION
@json_option
@with_sidecar
def invite(sidecar: Sidecar, note: str, region: str | None, as_json: bool) -> None:
    """Print an invitation, which is shown this once; another region opens it, and both trust each other."""
    token = invitations.invite(sidecar, CONSOLE, own_region(sidecar, region).id, note)
    show_line(as_json, {"invitation": token}, token)


@peer.command("accept")
@click.argument("invitation")
@OWN_REGION
@json_option
@with_sidecar
def accept(sidecar: Sidecar, invitation: str, region: str | None, as_json: bool) -> None:
    """Open the INVITATION of another region: both trust each other from then on."""
    made = invitations.accept(sidecar, CONSOLE, own_region(sidecar, region).id, invitation)
    facts = {"id": made.id, "address": made.address, "name": made.name, "state": made.state}
    show_line(as_json, facts, f"You and {made.name} trust each other.")


def _row(one: Peer, region: str) -> dict[str, Any]:
    return {column: getattr(one, column, None) for column in COLUMNS} | {"region": region}
