"""Invite LMSs to register themselves."""

from __future__ import annotations

import click

from sidecar.cli.output import json_option, show, show_line, show_one, with_sidecar
from sidecar.cli.platform_options import find_region_id
from sidecar.core import invitations as kept
from sidecar.core.platforms import find_platform
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar

COLUMNS = ("id", "state", "note", "region", "created_at", "expires_at", "used_at", "platform_id", "renews_id")


@click.command()
@click.option("--region", metavar="SLUG", help="Whose office will look after the LMS; operators only if left out.")
@click.option("--platform", "name", metavar="NAME", help="The LMS that is to register again.")
@click.option("--note", default="", help="What it is for.")
@click.option("--days", type=int, default=kept.DAYS, show_default=True, help="How long it holds.")
@json_option
@with_sidecar
def invite(sidecar: Sidecar, region: str | None, name: str | None, note: str, days: int, as_json: bool) -> None:
    """Print an address with which one LMS may register itself, once."""
    region_id = find_region_id(sidecar, region)
    with sidecar.transaction() as db:
        renews_id = find_platform(db, name).id if name else None
        made, secret = kept.invite(
            db, note=note, region_id=region_id, renews_id=renews_id, by=None, now=sidecar.now(), days=days
        )
        facts = {"id": made.id, "expires_at": made.expires_at}
    show_one(as_json, {"url": f"{sidecar.settings.public_url}/lti/register/{secret}", **facts})


@click.command()
@json_option
@with_sidecar
def invitations(sidecar: Sidecar, as_json: bool) -> None:
    """List the invitations, the newest first."""
    now = sidecar.now()
    with sidecar.reading() as db:
        slugs = {region.id: region.slug for region in db.query(Region)}
        rows = [
            {column: getattr(each, column, None) for column in COLUMNS}
            | {"state": each.state_at(now), "region": slugs.get(each.region_id or "")}
            for each in kept.list_invitations(db)
        ]
    show(as_json, COLUMNS, rows)


@click.command("revoke-invitation")
@click.argument("invitation_id")
@json_option
@with_sidecar
def revoke_invitation(sidecar: Sidecar, invitation_id: str, as_json: bool) -> None:
    """Take an invitation back."""
    with sidecar.transaction() as db:
        state = kept.revoke(db, invitation_id, now=sidecar.now(), by=None).state_at(sidecar.now())
    show_line(as_json, {"id": invitation_id, "state": state}, f"The invitation is {state}.")


COMMANDS = (invite, invitations, revoke_invitation)
"""What `sidecar platform` offers of this module."""
