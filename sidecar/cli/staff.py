"""Grant, list and revoke staff roles, and make one-time sign-in links."""

from __future__ import annotations

from datetime import datetime, timedelta

import click
from sqlalchemy.orm import Session

from sidecar.cli.output import json_option, show, show_line, show_one, with_sidecar
from sidecar.core import audit, sign_ins
from sidecar.core.access import operator_at_the_console
from sidecar.core.granting import NotByLinkError, give, list_grants, take_back
from sidecar.core.left_behind import find_left_behind
from sidecar.core.people import Identity
from sidecar.core.periods import end_of, last_day
from sidecar.core.staff import ROLES, Scope, first_operator, identity_named, identity_of, note_address
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar

COLUMNS = ("id", "role", "identity", "name", "municipality", "region", "unit", "until", "given_by")


@click.group()
def staff() -> None:
    """Say who may see and do more than a learner. No LMS role gives any of it."""


@staff.command("grant")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What they may see and do.")
@click.option("--identity", "identity_id", help="Id of an identity.")
@click.option("--platform", help="Name of the LMS the person signs in from; with --subject.")
@click.option("--subject", help="The person's id in that LMS.")
@click.option("--name", help="A person that signs in by links only: their name.")
@click.option("--municipality", help="Organisation number or slug.")
@click.option("--region", help="Slug.")
@click.option("--unit", help="The unit a manager leads, spelt as in the people file.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day it holds.")
@json_option
@with_sidecar
def grant_role(
    sidecar: Sidecar,
    role: str,
    identity_id: str | None,
    platform: str | None,
    subject: str | None,
    name: str | None,
    municipality: str | None,
    region: str | None,
    unit: str | None,
    until: datetime | None,
    as_json: bool,
) -> None:
    """Give a person a role."""
    with sidecar.transaction() as db:
        if identity_id is None and platform and subject:
            identity_id = identity_of(db, platform, subject, now=sidecar.now()).id
        elif identity_id is None and name:
            identity_id = identity_named(db, name, now=sidecar.now()).id
        if identity_id is None:
            raise click.UsageError("Say who: --identity ID, or --platform NAME --subject SUB, or --name NAME.")
        scope = Scope(municipality, region, unit)
        ends_at = end_of(until.date()) if until else None
        new = give(db, operator_at_the_console(), identity_id, role, scope, now=sidecar.now(), ends_at=ends_at)
    show_one(as_json, {"id": new.id, "role": role, "identity": identity_id, "until": last_day(new.ends_at)})


@staff.command("list")
@json_option
@with_sidecar
def list_roles(sidecar: Sidecar, as_json: bool) -> None:
    """List the roles that hold now."""
    with sidecar.reading() as db:
        rows = [
            (
                line.grant.id,
                line.grant.role,
                line.grant.identity_id,
                line.holder.name,
                line.municipality,
                line.region,
                line.grant.unit,
                last_day(line.grant.ends_at),
                line.given_by.name if line.given_by else None,
            )
            for line in list_grants(db, operator_at_the_console(), sidecar.now())
        ]
    show(as_json, COLUMNS, rows)


@staff.command("revoke")
@click.argument("grant_id")
@json_option
@with_sidecar
def revoke_role(sidecar: Sidecar, grant_id: str, as_json: bool) -> None:
    """Take a role back from now on; tell what its holder made by it, which goes on until somebody ends it."""
    viewer = operator_at_the_console()
    with sidecar.transaction() as db:
        gone = take_back(db, viewer, grant_id, now=sidecar.now())
        left = find_left_behind(db, viewer, gone, sidecar.now(), sidecar.today())
        made = {"tokens": [one.id for one, _ in left.tokens], "contacts": [one.id for one, _ in left.contacts]}
    show_one(as_json, {"id": gone.id, "role": gone.role, "revoked_at": gone.revoked_at, **made})


def _identity(db: Session, identity_id: str) -> Identity:
    found = db.get(Identity, identity_id)
    if found is None:
        raise NotFoundError(what="identity", key=identity_id)
    return found


def _note_address(db: Session, identity: Identity, address: str, now: datetime) -> None:
    """Keep an address; of an LMS account it is the LMS's to say."""
    if identity.platform_id is not None:
        raise NotByLinkError
    note_address(db, identity, address, by=None, now=now)


@click.command("sign-in-link")
@click.option("--identity", "identity_id", help="Whose link; the first operator's when nobody is named.")
@click.option("--name", help="A person that signs in by links only: their name.")
@click.option("--email", help="Their e-mail address, which is kept; they confirm nothing without one.")
@json_option
@with_sidecar
def sign_in_link(sidecar: Sidecar, identity_id: str | None, name: str | None, email: str | None, as_json: bool) -> None:
    """Make a link that signs a person in: once, within 15 minutes."""
    now = sidecar.now()
    with sidecar.transaction() as db:
        if identity_id is None:
            found = identity_named(db, name, now=now) if name else first_operator(db, now=now)
        else:
            found = _identity(db, identity_id)
        identity_id = found.id
        if email:
            _note_address(db, found, email, now)
        secret = sign_ins.make_link(db, identity_id, now)
        audit.record(db, "sign_in_link.made", identity_id, at=now)
    url = f"{sidecar.settings.public_url}/sign-in#{secret}"
    expires_at = now + timedelta(minutes=sign_ins.LINK_MINUTES)
    show_line(as_json, {"url": url, "identity": identity_id, "expires_at": expires_at}, url)
