"""List who is signed in on the staff pages, and end it."""

from __future__ import annotations

import click

from sidecar.cli.output import json_option, show, show_line, with_sidecar
from sidecar.core import audit, sign_ins
from sidecar.core.access import operator_at_the_console
from sidecar.core.sign_in_lists import find_sign_in, list_sign_ins
from sidecar.runtime import Sidecar

COLUMNS = ("id", "identity", "name", "through", "created_at", "last_seen_at", "expires_at")


@click.group("sign-in")
def sign_in() -> None:
    """Who is signed in on the staff pages."""


@sign_in.command("list")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, as_json: bool) -> None:
    """List the sign-ins that hold now: whose, through which LMS or a link, and when they were last used."""
    with sidecar.reading() as db:
        rows = [
            (
                line.row.id,
                line.row.identity_id,
                line.identity_name,
                line.platform or "link",
                line.row.created_at,
                line.last_seen_at,
                line.row.expires_at,
            )
            for line in list_sign_ins(db, operator_at_the_console(), sidecar.now())
        ]
    show(as_json, COLUMNS, rows)


@sign_in.command()
@click.argument("sign_in_id")
@json_option
@with_sidecar
def end(sidecar: Sidecar, sign_in_id: str, as_json: bool) -> None:
    """End a sign-in: its next request is refused."""
    now = sidecar.now()
    with sidecar.transaction() as db:
        line = find_sign_in(db, operator_at_the_console(), sign_in_id, now)
        sign_ins.end_by_id(db, sign_in_id, now)
        audit.record(db, "sign_in.ended", line.row.identity_id, at=now)
    show_line(as_json, {"id": sign_in_id, "ended": True}, "The sign-in has ended.")
