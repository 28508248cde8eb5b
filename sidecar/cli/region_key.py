"""Look after the keys by which regions sign what they share."""

from __future__ import annotations

from datetime import datetime

import click

from sidecar.cli.output import json_option, show, show_line, with_sidecar
from sidecar.core import region_keys
from sidecar.core.periods import OSLO
from sidecar.core.region_keys import RegionKey
from sidecar.core.regions import find_region, list_regions
from sidecar.runtime import Sidecar
from sidecar.sharing.region_signing import active_region_key, revoke_key, rotate_keys
from sidecar.sharing.signatures import fingerprint_of

COLUMNS = ("region", "kid", "state", "fingerprint", "created_at", "retired_at", "revoked_at")


@click.group("region-key")
def region_key() -> None:
    """Look after the keys by which regions sign what they share."""


@region_key.command("list")
@click.option("--region", help="Slug of a region; its first key is made now if it has none yet.")
@json_option
@with_sidecar
def list_keys(sidecar: Sidecar, region: str | None, as_json: bool) -> None:
    """List the keys with their fingerprints: active (signs), retired (what it signed still counts), revoked."""
    if region is not None:
        active_region_key(sidecar, _region_id(sidecar, region))
    with sidecar.reading() as db:
        slugs = {one.id: one.slug for one in list_regions(db) if region in (None, one.slug)}
        rows = [_row(key, slugs[key.region_id]) for key in region_keys.list_keys(db) if key.region_id in slugs]
    show(as_json, COLUMNS, rows)


@region_key.command()
@click.argument("region")
@click.option("--reason", default="", help="Why; stands in the audit trail.")
@json_option
@with_sidecar
def rotate(sidecar: Sidecar, region: str, reason: str, as_json: bool) -> None:
    """Let a new key sign for REGION from now on.

    The former one vouches for it, so that the regions that trust yours learn of it by themselves.
    """
    key = rotate_keys(sidecar, _region_id(sidecar, region), reason=reason)
    fingerprint = fingerprint_of(key.public)
    facts = {"region": region, "active": key.kid, "fingerprint": fingerprint}
    show_line(as_json, facts, f"A new key signs for {region} from now on. Its fingerprint: {fingerprint}")


@region_key.command()
@click.argument("kid")
@click.option("--reason", required=True, help="What happened; stands in the audit trail.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]),
    help='Since when somebody else may have it, like "2026-11-20 08:00" (Norwegian time); now, if left out.',
)
@click.option("--yes", is_flag=True, help="Don't ask.")
@json_option
@with_sidecar
def revoke(sidecar: Sidecar, kid: str, reason: str, since: datetime | None, yes: bool, as_json: bool) -> None:
    """Say that somebody else may have the key KID.

    What other regions saw of it before that moment stays; what they first see after it they refuse. Where it was the
    one that signs, another takes its place. Nobody vouches for that: tell the regions you share with its fingerprint.
    """
    if not yes:
        click.confirm("Other regions will refuse what this key signs from then on. Revoke it?", abort=True, err=True)
    moment = since.replace(tzinfo=OSLO) if since else None
    active = revoke_key(sidecar, kid, reason=reason, since=moment)
    fingerprint = fingerprint_of(active.public)
    facts = {"revoked": kid, "active": active.kid, "fingerprint": fingerprint}
    show_line(as_json, facts, f"{kid} is revoked. The key that signs has the fingerprint {fingerprint}")


def _region_id(sidecar: Sidecar, slug: str) -> str:
    with sidecar.reading() as db:
        return find_region(db, slug).id


def _row(key: RegionKey, region: str) -> list[object]:
    times = (key.created_at, key.retired_at, key.revoked_at)
    return [region, key.kid, key.state, fingerprint_of(key.public), *times]
