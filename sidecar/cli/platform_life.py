"""Approve, change, disable and remove the LMSs that launch us; what can't be undone first tells what it affects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import click
from sqlalchemy.orm import Session

from sidecar import tool
from sidecar.cli.output import Value, clean, json_option, show_line, show_one, with_sidecar
from sidecar.cli.platform_options import (
    AMBIGUOUS,
    NONE,
    SHARED_CLIENT_ID,
    find_municipalities,
    find_region_id,
    municipality_options,
    yes_option,
)
from sidecar.core import platform_life, platform_settings, platform_trust
from sidecar.core.deployments import active_deployments, list_deployments
from sidecar.core.placing import are_ambiguous
from sidecar.core.platform_lists import list_spoken_for
from sidecar.core.platforms import Platform, find_platform
from sidecar.core.proposals import Change, changes, cuts_off, read_proposal
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar

COMES_BACK = (
    "This LMS was here before: it speaks again for {learners} learners and {staff} people with a role here. Make sure "
    "that its address still belongs to the same owner."
)

CUTS_OFF = (
    "The client ID becomes another: activities that were added before keep the old one in the LMS and stop opening at "
    "once. Most often the LMS added another tool instead of updating the one it has: then decline, delete the new tool "
    "there, and register again with a new invitation."
)

Act = Callable[[Session, str, datetime], object]


@click.command()
@click.argument("name")
@json_option
@with_sidecar
def show(sidecar: Sidecar, name: str, as_json: bool) -> None:
    """Show all about the LMS NAME: how it stands, its addresses, whom it speaks for, what a new registration says."""
    with sidecar.reading() as db:
        found = find_platform(db, name)
        told = _describe(db, found)
        told["affects"] = vars(platform_life.impact_of(db, found.id, sidecar.now()))
    show_one(as_json, told if as_json else {key: _in_words(value) for key, value in told.items()})


@click.command()
@click.argument("name")
@municipality_options()
@click.option("--name", "new_name", help="What to call it from now on.")
@json_option
@with_sidecar
def approve(
    sidecar: Sidecar,
    name: str,
    municipalities: Sequence[str],
    patterns: Sequence[str],
    new_name: str | None,
    as_json: bool,
) -> None:
    """Let the LMS NAME, which registered itself, launch courses for these municipalities."""
    chosen = find_municipalities(sidecar, municipalities, patterns)
    with sidecar.transaction() as db:
        platform_id = find_platform(db, name).id
        for address in platform_trust.ADDRESSES:
            click.echo(clean(f"{address}: {getattr(find_platform(db, platform_id), address)}"), err=True)
        found = platform_life.approve(db, platform_id, chosen, now=sidecar.now(), by=None, name=new_name)
        impact = platform_life.impact_of(db, platform_id, sidecar.now())
        told = {"platform": found.name, "state": found.state}
        warnings = [AMBIGUOUS] if are_ambiguous(chosen.values()) else []
        warnings += [SHARED_CLIENT_ID] if platform_trust.shares_client_id(db, found) else []
    if impact.learners + impact.staff:
        warnings.append(COMES_BACK.format(learners=impact.learners, staff=impact.staff))
    show_one(as_json, told | ({"warnings": warnings} if warnings or as_json else {}))


@click.command()
@click.argument("name")
@yes_option
@json_option
@with_sidecar
def refuse(sidecar: Sidecar, name: str, yes: bool, as_json: bool) -> None:
    """Refuse the LMS NAME, which registered itself; another invitation lets it register again."""
    _do(
        sidecar,
        name,
        as_json,
        "Refuse",
        yes,
        lambda db, key, now: platform_life.refuse_registration(db, key, now=now, by=None),
    )


@click.command()
@click.argument("name")
@yes_option
@json_option
@with_sidecar
def disable(sidecar: Sidecar, name: str, yes: bool, as_json: bool) -> None:
    """Let the LMS NAME launch nothing till it is enabled again; who is signed in through it is signed out."""
    _do(sidecar, name, as_json, "Disable", yes, lambda db, key, now: platform_life.disable(db, key, now=now, by=None))


@click.command()
@click.argument("name")
@json_option
@with_sidecar
def enable(sidecar: Sidecar, name: str, as_json: bool) -> None:
    """Let the disabled LMS NAME go on; grades that it missed are sent."""
    _do(sidecar, name, as_json, "Enable", True, lambda db, key, now: platform_life.enable(db, key, now=now, by=None))


@click.command()
@click.argument("name")
@yes_option
@json_option
@with_sidecar
def remove(sidecar: Sidecar, name: str, yes: bool, as_json: bool) -> None:
    """Take everything from the LMS NAME; who came through it and what they completed stays known."""
    _do(sidecar, name, as_json, "Remove", yes, lambda db, key, now: platform_life.remove(db, key, now=now, by=None))


@click.command("remove-deployment")
@click.argument("name")
@click.argument("deployment_id")
@yes_option
@json_option
@with_sidecar
def remove_deployment(sidecar: Sidecar, name: str, deployment_id: str, yes: bool, as_json: bool) -> None:
    """Let a deployment of the LMS NAME launch no more, and forget its links."""

    def act(db: Session, platform_id: str, now: datetime) -> None:
        platform_life.remove_deployment(db, platform_id, deployment_id, now=now, by=None)

    _do(sidecar, name, as_json, "Remove deployment of", yes, act, deployment_id=deployment_id)


@click.command("accept-update")
@click.argument("name")
@yes_option
@json_option
@with_sidecar
def accept_update(sidecar: Sidecar, name: str, yes: bool, as_json: bool) -> None:
    """Take over what the LMS NAME said when it registered again."""
    with sidecar.reading() as db:
        found = find_platform(db, name)
        proposed = _changes(db, found)
        proposal = read_proposal(found)
        stops = proposal is not None and cuts_off(found, proposal)
        shares = platform_trust.shares_client_id(db, found, proposal)
        shown = platform_trust.fingerprint(db, found)
    for change in proposed:
        click.echo(clean(f"{change.field}: {change.before or '–'} → {change.after or '–'}"), err=True)
    if stops:
        click.echo(CUTS_OFF, err=True)
    if shares:
        click.echo(SHARED_CLIENT_ID, err=True)
    _do(
        sidecar,
        name,
        as_json,
        "Take this over for",
        yes or not proposed,
        lambda db, key, now: platform_life.accept_proposal(db, key, now=now, by=None, shown=shown),
    )


@click.command("decline-update")
@click.argument("name")
@json_option
@with_sidecar
def decline_update(sidecar: Sidecar, name: str, as_json: bool) -> None:
    """Forget what the LMS NAME said when it registered again."""
    _do(
        sidecar,
        name,
        as_json,
        "Decline",
        True,
        lambda db, key, now: platform_life.decline_proposal(db, key, now=now, by=None),
    )


@click.command("set")
@click.argument("name")
@click.option("--name", "new_name", help="What to call it from now on.")
@click.option("--region", metavar="SLUG", help=f"Whose office looks after it; '{NONE}': operators only.")
@click.option("--line-items", type=click.Choice(["make", "leave"]), help="Columns for activities that have none.")
@click.option(
    "--framed-by",
    multiple=True,
    metavar="ORIGIN",
    help=f"Where its pages stand, if not at its issuer, e.g. https://school.example.no; repeatable; '{NONE}' clears.",
)
@municipality_options(required=False)
@json_option
@with_sidecar
def set_(
    sidecar: Sidecar,
    name: str,
    new_name: str | None,
    region: str | None,
    line_items: str | None,
    framed_by: tuple[str, ...],
    municipalities: Sequence[str],
    patterns: Sequence[str],
    as_json: bool,
) -> None:
    """Change what is kept of the LMS NAME; --municipality and --framed-by take the place of all there were."""
    chosen = find_municipalities(sidecar, municipalities, patterns)
    named = () if framed_by == (NONE,) else framed_by
    origins = tool.read_frame_origins(named, sidecar.settings.allowed_private)
    region_id, now = find_region_id(sidecar, region), sidecar.now()
    with sidecar.transaction() as db:
        found = find_platform(db, name)
        if chosen:
            platform_life.set_municipalities(db, found.id, chosen, now=now, by=None)
        if region is not None:
            platform_settings.set_region(db, found.id, region_id, now=now, by=None)
        if line_items is not None:
            platform_settings.set_line_items(db, found.id, make=line_items == "make", now=now, by=None)
        if framed_by:
            platform_settings.set_frame_origins(db, found.id, origins, now=now, by=None)
        if new_name is not None:
            platform_settings.rename(db, found.id, new_name, now=now, by=None)
        told = _describe(db, found)
    show_one(as_json, told if as_json else {key: _in_words(value) for key, value in told.items()})


COMMANDS = (
    show,
    approve,
    refuse,
    disable,
    enable,
    remove,
    remove_deployment,
    accept_update,
    decline_update,
    set_,
)
"""What `sidecar platform` offers of this module."""


def _do(
    sidecar: Sidecar,
    name: str,
    as_json: bool,
    what: str,
    yes: bool,
    act: Act,
    *,
    deployment_id: str | None = None,
) -> None:
    """Tell what an act affects, ask, and do it."""
    with sidecar.reading() as db:
        found = find_platform(db, name)
        impact = platform_life.impact_of(db, found.id, sidecar.now(), deployment_id=deployment_id)
    if not yes:
        for noun, count in vars(impact).items():
            click.echo(f"{noun.replace('_', ' ')}: {count}", err=True)
        click.confirm(f"{what} {found.name}?", abort=True, err=True)
    with sidecar.transaction() as db:
        act(db, found.id, sidecar.now())
        state = find_platform(db, found.id).state
    told = {"platform": found.name, "state": state, "affected": vars(impact)}
    show_line(as_json, told, f"{found.name} is {state}.")


def _describe(db: Session, found: Platform) -> dict[str, Value]:
    region = db.get_one(Region, found.region_id).slug if found.region_id else None
    deployments = list_deployments(db, found.id)
    return {
        "name": found.name,
        "state": found.state,
        "issuer": found.issuer,
        "client_id": found.client_id,
        "auth_url": found.auth_url,
        "token_url": found.token_url,
        "jwks_url": found.jwks_url,
        "product": found.product,
        "region": region,
        "makes_line_items": found.makes_line_items,
        "frame_origins": list(found.frame_origins),
        "deployments": [each.deployment_id for each in deployments if each.state == "active"],
        "pending_deployments": [each.deployment_id for each in deployments if each.state == "pending"],
        "municipalities": {each.municipality.slug: each.pattern for each in list_spoken_for(db, found.id)},
        "update": [vars(change) for change in _changes(db, found)],
    }


def _changes(db: Session, found: Platform) -> list[Change]:
    proposal = read_proposal(found)
    return changes(found, proposal, active_deployments(db, found.id)) if proposal else []


def _in_words(value: Value) -> Value:
    """Write what a table can't hold as lines."""
    if isinstance(value, dict):
        return [f"{key}: {'–' if inner is None else inner}" for key, inner in value.items()] or None
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [f"{each['field']}: {each['before'] or '–'} → {each['after'] or '–'}" for each in value]
    return value or None if isinstance(value, list) else value
