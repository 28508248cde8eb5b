"""Register the LMSs that launch us, and look after their deployments and learners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from sidecar import tool
from sidecar.cli.output import json_option, show, show_line, show_one, with_sidecar
from sidecar.core import audit, launches, placing, platforms
from sidecar.core.municipalities import list_municipalities
from sidecar.core.people import Identity
from sidecar.errors import InvalidInputError, NotFoundError
from sidecar.runtime import Sidecar

PLATFORM_COLUMNS = ("name", "issuer", "client_id", "deployments", "pending_deployments", "municipalities", "held")
FAILURE_COLUMNS = ("reference", "failed_at", "platform", "code", "facts")
HELD_COLUMNS = ("identity_id", "person_sourcedid", "last_seen_at")
AMBIGUOUS = (
    "Several municipalities share this platform without a pattern: an employee number that two of them use places "
    "nobody. Let the LMS send e.g. rollag-1001, or give each a --pattern."
)


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
@click.option(
    "--municipality",
    "municipalities",
    multiple=True,
    required=True,
    help="Organisation number or slug of a municipality the LMS speaks for; repeatable.",
)
@click.option(
    "--pattern",
    "patterns",
    multiple=True,
    metavar="MUNICIPALITY=REGEX",
    help="How person_sourcedid holds the number, e.g. 'rollag=r-(?P<employee_number>[0-9]+)'; repeatable.",
)
@click.option("--name", default="", help="What to call it here; the host of the issuer if left out.")
@json_option
@with_sidecar
def add(
    sidecar: Sidecar,
    /,
    patterns: Sequence[str],
    as_json: bool,
    **facts: Any,  # noqa: ANN401 (click's options, by the names of `PlatformRequest`)
) -> None:
    """Register an LMS, and print what to paste there."""
    request = tool.PlatformRequest(patterns=_read_patterns(patterns), **facts)
    registered = tool.register_platform(sidecar, request)
    warnings = [AMBIGUOUS] if registered.ambiguous else []
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
            deployments = platforms.list_deployments(db, each.id)
            rows.append(
                {
                    "name": each.name,
                    "issuer": each.issuer,
                    "client_id": each.client_id,
                    "deployments": [d.deployment_id for d in deployments if d.state == "active"],
                    "pending_deployments": [d.deployment_id for d in deployments if d.state == "pending"],
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
        platforms.approve_deployment(db, found.id, deployment_id, sidecar.now())
        audit.record(db, "deployment.approved", found.id, at=sidecar.now(), deployment_id=deployment_id)
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


@platform.command()
@click.argument("reference", required=False)
@json_option
@with_sidecar
def failures(sidecar: Sidecar, reference: str | None, as_json: bool) -> None:
    """List the newest refused launches, or the one whose REFERENCE stood on the page."""
    with sidecar.reading() as db:
        names = {each.id: each.name for each in platforms.list_platforms(db)}
        rows = [
            (f.reference, f.failed_at, names.get(f.platform_id or ""), f.code, f.facts)
            for f in launches.list_failures(db, reference=reference)
        ]
    show(as_json, FAILURE_COLUMNS, rows)


def _read_patterns(patterns: Sequence[str]) -> dict[str, str]:
    """Split each `MUNICIPALITY=REGEX`.

    Raises:
        InvalidInputError: one has no "=".
    """
    pairs = [pattern.partition("=") for pattern in patterns]
    if not all(separator for _, separator, _ in pairs):
        raise InvalidInputError(field="pattern", reason="write MUNICIPALITY=REGEX.")
    return {key: regex for key, _, regex in pairs}
