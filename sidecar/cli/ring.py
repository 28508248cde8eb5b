"""Keep the rings of regions within which learning paths are offered, from the command line."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import click

from sidecar.cli.output import json_option, show, show_line, with_sidecar
from sidecar.cli.region_option import OWN_REGION, own_region
from sidecar.core import peers, rings
from sidecar.core.access import operator_at_the_console
from sidecar.core.regions import list_regions
from sidecar.runtime import Sidecar
from sidecar.sharing import offering

CONSOLE: Final = operator_at_the_console()
COLUMNS = ("id", "region", "name", "agreed_on", "agreement", "members")


@click.group()
def ring() -> None:
    """Keep rings: regions that have agreed to share learning paths with each other."""


@ring.command("list")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, as_json: bool) -> None:
    """List the rings with their agreements and members."""
    with sidecar.reading() as db:
        slugs = {one.id: one.slug for one in list_regions(db)}
        rows = [
            {column: getattr(one, column, None) for column in COLUMNS}
            | {"region": slugs[one.region_id], "members": [each.address for each in rings.members_of_ring(db, one.id)]}
            for one in rings.list_rings(db, CONSOLE)
        ]
    show(as_json, COLUMNS, rows)


@ring.command("add")
@click.argument("name")
@click.option("--agreement", required=True, help="What the regions have agreed, or where it is written.")
@click.option("--agreed-on", type=click.DateTime(["%Y-%m-%d"]), help="Since when; today, if left out.")
@OWN_REGION
@json_option
@with_sidecar
def add(
    sidecar: Sidecar, name: str, agreement: str, agreed_on: datetime | None, region: str | None, as_json: bool
) -> None:
    """Put the ring NAME and its agreement on record; it has no members yet."""
    day = agreed_on.date() if agreed_on else sidecar.today()
    region_id = own_region(sidecar, region).id
    with sidecar.transaction() as db:
        made = rings.add_ring(db, CONSOLE, region_id, name=name, agreement=agreement, agreed_on=day, now=sidecar.now())
    show_line(as_json, {"id": made.id, "name": made.name}, f"The ring {made.name} is on record.")


@ring.command("members")
@click.argument("key", metavar="RING")
@click.argument("members", nargs=-1, metavar="PEER...")
@json_option
@with_sidecar
def set_members(sidecar: Sidecar, key: str, members: tuple[str, ...], as_json: bool) -> None:
    """Say which regions are in RING (id or name): all of them, by id or address; what is offered in it follows."""
    with sidecar.reading() as db:
        found = rings.find_ring(db, CONSOLE, key)
        ids = {peers.find_peer(db, CONSOLE, one, found.region_id).id for one in members}
        ring_id, name = found.id, found.name
    count = offering.change_ring(sidecar, CONSOLE, ring_id, ids)
    show_line(as_json, {"id": ring_id, "members": len(ids), "offers": count}, f"{name} has {len(ids)} members.")
