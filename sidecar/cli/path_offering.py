"""Offer learning paths to other regions, and fetch what they offer, from the command line."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import click

from sidecar.cli.output import json_option, show, show_line, with_sidecar
from sidecar.cli.region_option import ANY_REGION, region_id_of
from sidecar.core import offered_paths
from sidecar.core.access import operator_at_the_console
from sidecar.runtime import Sidecar
from sidecar.sharing import following, offering

CONSOLE: Final = operator_at_the_console()
COLUMNS = ("origin", "title", "version", "maker", "licence", "size_bytes", "until", "state", "error_code")


@click.command("offer")
@click.argument("key")
@click.option("--to", multiple=True, required=True, help="all, ring:NAME, or a peer's id or address; may be repeated.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day of the offer; till it is withdrawn.")
@json_option
@with_sidecar
def offer_path(sidecar: Sidecar, key: str, to: tuple[str, ...], until: datetime | None, as_json: bool) -> None:
    """Offer the published learning path KEY to other regions, or say anew to whom; its later versions follow."""
    made = offering.offer(sidecar, CONSOLE, key, to, until=until.date() if until else None)
    show_line(as_json, {"path": key, "audience": made.audience, "until": made.until}, f"{key} is offered.")


@click.command("withdraw")
@click.argument("key")
@json_option
@with_sidecar
def withdraw_path(sidecar: Sidecar, key: str, as_json: bool) -> None:
    """Offer the learning path KEY no more; what other regions have received stays theirs."""
    offering.withdraw(sidecar, CONSOLE, key)
    show_line(as_json, {"path": key, "state": "withdrawn"}, f"{key} is offered no more.")


@click.command("offers")
@ANY_REGION
@json_option
@with_sidecar
def list_offers(sidecar: Sidecar, region: str | None, as_json: bool) -> None:
    """List what other regions offer to yours, also what they have withdrawn."""
    region_id = region_id_of(sidecar, region)
    with sidecar.reading() as db:
        rows = [
            {column: getattr(one, column, None) for column in COLUMNS}
            | {"maker": by.name, "state": one.state_on(sidecar.today())}
            for one, by in offered_paths.list_offered(db, CONSOLE, region_id)
        ]
    show(as_json, COLUMNS, rows)


@click.command("fetch")
@click.argument("origin")
@ANY_REGION
@json_option
@with_sidecar
def fetch_path(sidecar: Sidecar, origin: str, region: str | None, as_json: bool) -> None:
    """Let a worker fetch what is offered under ORIGIN, now and whenever there is a newer version. It adopts nothing."""
    wanted = following.fetch(sidecar, CONSOLE, origin, region_id_of(sidecar, region))
    facts = {"origin": wanted.origin, "version": wanted.version, "state": wanted.state_on(sidecar.today())}
    show_line(as_json, facts, f"Version {wanted.version} is {facts['state']}.")


COMMANDS: Final = (offer_path, withdraw_path, list_offers, fetch_path)
"""The commands of `sidecar path` that are about other regions' sidecars."""
