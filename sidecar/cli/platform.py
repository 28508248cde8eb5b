"""Register the LMSs that launch us, and look after their deployments and learners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from sidecar import tool
from sidecar.cli.output import json_option, show, show_line, show_one, with_sidecar
from sidecar.cli.platform_options import (
    AMBIGUOUS,
    SHARED_CLIENT_ID,
    find_region_id,
    municipality_options,
    read_patterns,
)
from sidecar.core import audit, deployments, placing, platform_life, platforms
from sidecar.core.municipalities import list_municipalities
from sidecar.core.people import Identity
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar

PLATFORM_COLUMNS = (
    "name",
    "state",
    "issuer",
    "client_id",
    "deployments",
    "pending_deployments",
    "municipalities",
    "held",
)
HELD_COLUMNS = ("identity_id", "person_sourcedid", "last_seen_at")


@click.group()
def platform() -> None:
    """LMSs that launch courses here over LTI 1.3."""


@platform.command()
@click.option("--issuer", required=True, help="Issuer (Moodle: Platform ID).")
@click.option("--client-id", required=True, help="Client ID that the LMS gave this tool.")
@click.option("--auth-url", required=True, help="Authentication request URL.")
@click.option("--token-url", required=True, help="Access token URL.")
@click.option("--jwks-url", required=True, help="Public keyset URL of the LMS.")
@click.option("--deployment-id", "deployment_ids", multiple=True, required=True, help="Deployment ID; repeatable.")
@municipality_options()
@click.option("--name", default="", help="What to call it here; the host of the issuer if left out.")
@click.option("--region", metavar="SLUG", help="Whose office looks after it; operators only if left out.")
@json_option
@with_sidecar
def add(
    sidecar: Sidecar,
    /,
    patterns: Sequence[str],
    region: str | None,
    as_json: bool,
    **facts: Any,  # noqa: ANN401 (click's options, by the names of `PlatformRequest`)
) -> None:
    """Register an LMS, and print what to paste there."""
    request = tool.PlatformRequest(patterns=read_patterns(patterns), region_id=find_region_id(sidecar, region), **facts)
    registered = tool.register_platform(sidecar, request)
    warnings = [AMBIGUOUS] if registered.ambiguous else []
    warnings += [SHARED_CLIENT_ID] if registered.shares_client_id else []
    told = {"platform": registered.name, **tool.addresses(sidecar.settings)}
    show_one(as_json, told | ({"warnings": warnings} if warnings or as_json else {}))


@platform.command("list")
@json_option
@with_sidecar
def list_(sidecar: Sidecar, as_json: bool) -> None:
    """List the registered LMSs, and which deployments await approval."""
    with sidecar.reading() as db:
        names = {municipality.id: municipality.slug for municipality in list_municipalities(db)}
        rows = []
        for each in platforms.list_platforms(db):
            found = deployments.list_deployments(db, each.id)
            rows.append(
                {
                    "name": each.name,
                    "state": each.state,
                    "issuer": each.issuer,
                    "client_id": each.client_id,
                    "deployments": [d.deployment_id for d in found if d.state == "active"],
                    "pending_deployments": [d.deployment_id for d in found if d.state == "pending"],
                    "municipalities": sorted(names[key] for key in platforms.municipalities_of(db, each.id)),
                    "held": len(placing.list_held(db, each.id)),
                }
            )
    show(as_json, PLATFORM_COLUMNS, rows)


@platform.command("add-deployment")
@click.argument("name")
@click.argument("deployment_id")
@json_option
@with_sidecar
def add_deployment(sidecar: Sidecar, name: str, deployment_id: str, as_json: bool) -> None:
    """Let a deployment of the LMS NAME launch: a pending one, or one that has not come yet."""
    tool.check_deployment_id(deployment_id)
    with sidecar.transaction() as db:
        found = platforms.find_platform(db, name)
        platform_life.add_deployment(db, found.id, deployment_id, now=sidecar.now(), by=None)
    told = {"platform": found.name, "deployment_id": deployment_id, "state": "active"}
    show_line(as_json, told, f"Deployment {deployment_id} of {found.name} may launch.")


@platform.command()
@click.argument("name")
@json_option
@with_sidecar
def held(sidecar: Sidecar, name: str, as_json: bool) -> None:
    """List who of the LMS NAME was taken from a person because the LMS now sends another number."""
    with sidecar.reading() as db:
        found = placing.list_held(db, platforms.find_platform(db, name).id)
        rows = [(identity.id, identity.person_sourcedid, identity.last_seen_at) for identity in found]
    show(as_json, HELD_COLUMNS, rows)


@platform.command()
@click.argument("identity_id")
@json_option
@with_sidecar
def release(sidecar: Sidecar, identity_id: str, as_json: bool) -> None:
    """Let a held identity be placed by its new number, with all that it has completed."""
    with sidecar.transaction() as db:
        identity = db.get(Identity, identity_id)
        if identity is None or not placing.is_held(identity):
            raise NotFoundError(what="held identity", key=identity_id)
        placed = placing.release(db, identity, sidecar.now())
        audit.record(db, "identity.released", identity_id, at=sidecar.now())
    text = "Placed." if placed else "Released; a later import of people may place it."
    show_line(as_json, {"identity_id": identity_id, "placed": placed}, text)
