"""Make, list and take back the tokens by which other systems speak for a municipality."""

from __future__ import annotations

import click

from sidecar.cli.output import json_option, show, show_line, show_one, with_sidecar
from sidecar.core import api_tokens
from sidecar.core.access import operator_at_the_console
from sidecar.core.municipalities import find_municipality
from sidecar.runtime import Sidecar

COLUMNS = (
    "id",
    "municipality",
    "scope",
    "name",
    "hint",
    "state",
    "created_at",
    "expires_at",
    "last_used_at",
    "maker_may",
)


@click.group()
def token() -> None:
    """Keep the tokens of other systems: a SCIM client such as Entra ID, or who fetches changes."""


@token.command("add")
@click.option("--municipality", required=True, metavar="KEY", help="For which it speaks: organisation number or slug.")
@click.option("--scope", type=click.Choice(api_tokens.SCOPES), required=True, help="What it opens.")
@click.option("--name", required=True, help="What it is for.")
@click.option("--days", type=int, default=api_tokens.DAYS, show_default=True, help="How long it holds.")
@json_option
@with_sidecar
def add(sidecar: Sidecar, municipality: str, scope: str, name: str, days: int, as_json: bool) -> None:
    """Print a new token, which is shown this once, and the address that goes with it."""
    viewer = operator_at_the_console()
    with sidecar.transaction() as db:
        found = find_municipality(db, municipality)
        made, secret = api_tokens.add_token(db, viewer, found.id, scope=scope, name=name, days=days, now=sidecar.now())
        facts = {"id": made.id, "expires_at": made.expires_at}
    show_one(as_json, {"token": secret, "url": f"{sidecar.settings.public_url}{api_tokens.PATHS[scope]}", **facts})


@token.command("list")
@click.option("--municipality", metavar="KEY", help="Of this municipality only.")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, municipality: str | None, as_json: bool) -> None:
    """List the tokens, the newest first; none of them can be shown again.

    `maker_may` tells whether who made it may make tokens there still; what they made holds all the same.
    """
    with sidecar.reading() as db:
        found = find_municipality(db, municipality).id if municipality else None
        lines = api_tokens.list_tokens(db, operator_at_the_console(), sidecar.now(), found)
        rows = [
            {column: getattr(line.row, column, None) for column in COLUMNS}
            | {"state": line.state, "municipality": line.municipality.slug, "maker_may": line.maker_may}
            for line in lines
        ]
    show(as_json, COLUMNS, rows)


@token.command("revoke")
@click.argument("token_id")
@json_option
@with_sidecar
def revoke(sidecar: Sidecar, token_id: str, as_json: bool) -> None:
    """Take a token back: the system that uses it is refused at once."""
    with sidecar.transaction() as db:
        state = api_tokens.revoke(db, operator_at_the_console(), token_id, sidecar.now()).state_at(sidecar.now())
    show_line(as_json, {"id": token_id, "state": state}, f"The token is {state}.")
