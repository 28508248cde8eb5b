"""Look after our own signing keys, which the LMSs fetch."""

from __future__ import annotations

import click

from sidecar import tool
from sidecar.cli.output import json_option, show, show_line, with_sidecar
from sidecar.core import signing_keys
from sidecar.runtime import Sidecar

COLUMNS = ("kid", "state", "created_at", "activated_at", "retired_at", "revoked_at")


@click.group()
def keys() -> None:
    """Our own signing keys, which the LMSs fetch."""


@keys.command("list")
@json_option
@with_sidecar
def list_keys(sidecar: Sidecar, as_json: bool) -> None:
    """List the keys: next (published before use), active (signs), retired (published a while longer)."""
    with sidecar.reading() as db:
        rows = [[getattr(key, column) for column in COLUMNS] for key in signing_keys.list_keys(db)]
    show(as_json, COLUMNS, rows)


@keys.command()
@click.option(
    "--now", "reason", metavar="REASON", default="", help="Don't wait till every LMS knows the next key; why."
)
@json_option
@with_sidecar
def rotate(sidecar: Sidecar, reason: str, as_json: bool) -> None:
    """Let the next key sign from now on, and retire the active one.

    The next key must have been published for two days, so that every LMS has fetched it. The retired one stays
    published for seven days: what it signed just before is still good.
    """
    active = tool.rotate_keys(sidecar, hurry=reason)
    show_line(as_json, {"active": active.kid}, f"{active.kid} signs from now on.")


@keys.command()
@click.argument("kid")
@click.option("--reason", required=True, help="What happened; stands in the audit trail.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@json_option
@with_sidecar
def revoke(sidecar: Sidecar, kid: str, reason: str, yes: bool, as_json: bool) -> None:
    """Publish the key KID no longer, from this moment: somebody else may have it.

    The active key is replaced at once by the next one. An LMS trusts the revoked key until it fetches our keys again:
    Moodle does at the first grade that the new key signs, any other within its own cache's time.
    """
    if not yes:
        click.confirm("Requests that this key signed will be refused. Revoke it?", abort=True, err=True)
    active = tool.revoke_key(sidecar, kid, reason=reason)
    show_line(as_json, {"revoked": kid, "active": active.kid}, f"{kid} is revoked; {active.kid} signs.")
