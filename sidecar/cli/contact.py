"""Keep the contacts of municipalities: who is told of reports, and gets them by a code sent to their address."""

from __future__ import annotations

from datetime import datetime

import click

from sidecar.cli.output import json_option, show, show_line, with_sidecar
from sidecar.core import contact_mails, contact_sign_ins, contacts
from sidecar.core.access import operator_at_the_console
from sidecar.core.contacts import Wanted
from sidecar.core.municipalities import find_municipality
from sidecar.language import LANGUAGES
from sidecar.runtime import Sidecar

COLUMNS = (
    "id",
    "municipality",
    "name",
    "email",
    "role",
    "language",
    "starts_on",
    "ends_on",
    "confirmed_at",
    "mail",
    "maker_may",
)
DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def contact() -> None:
    """Keep the contacts of municipalities, who get the reports."""


@contact.command("list")
@click.option("--municipality", metavar="KEY", help="Of this municipality only: organisation number or slug.")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, municipality: str | None, as_json: bool) -> None:
    """List the contacts; `mail` tells how the newest mail to confirm the address went.

    `maker_may` tells whether who added them may keep contacts there still; what they added goes on all the same.
    """
    viewer = operator_at_the_console()
    with sidecar.reading() as db:
        found = find_municipality(db, municipality).id if municipality else None
        lines = contacts.list_contacts(db, viewer, found)
        mails = contact_mails.list_newest(db, viewer, [one.id for one, _ in lines])
        left = contacts.list_left(db, viewer, sidecar.now())
        rows = [
            {column: getattr(one, column, None) for column in COLUMNS}
            | {"municipality": of.slug, "mail": mails[one.id].state if one.id in mails else None}
            | {"maker_may": one.id not in left}
            for one, of in lines
        ]
    show(as_json, COLUMNS, rows)


@contact.command("add")
@click.option("--municipality", required=True, metavar="KEY", help="Organisation number or slug.")
@click.option("--name", required=True, help="Who it is.")
@click.option("--email", required=True, metavar="ADDRESS", help="Where mails go, once they have confirmed it.")
@click.option("--role", default="", help="In the municipality's own words.")
@click.option("--language", type=click.Choice(LANGUAGES), default="nb", show_default=True, help="Of mails and pages.")
@click.option("--from", "starts", type=DAY, help="The first day; today by default.")
@click.option("--to", "ends", type=DAY, help="The last day; none by default.")
@json_option
@with_sidecar
def add(
    sidecar: Sidecar,
    municipality: str,
    name: str,
    email: str,
    role: str,
    language: str,
    starts: datetime | None,
    ends: datetime | None,
    as_json: bool,
) -> None:
    """Add a contact, and send them a mail to confirm the address."""
    starts_on = starts.date() if starts else sidecar.today()
    wanted = Wanted(name, email, role, language, starts_on, ends.date() if ends else None)
    with sidecar.transaction() as db:
        found = find_municipality(db, municipality)
        made = contacts.add_contact(db, operator_at_the_console(), found.id, wanted, sidecar.now())
        contact_mails.put(db, made, sidecar.now())
        contact_id = made.id
    show_line(as_json, {"id": contact_id}, "Added. A mail to confirm the address is on its way.")


@contact.command("end")
@click.argument("contact_id")
@json_option
@with_sidecar
def end(sidecar: Sidecar, contact_id: str, as_json: bool) -> None:
    """End a contact: no more mails, and no more signing in."""
    with sidecar.transaction() as db:
        contacts.end_contact(db, operator_at_the_console(), contact_id, sidecar.now(), sidecar.today())
        contact_sign_ins.end_all(db, contact_id, sidecar.now())
    show_line(as_json, {"id": contact_id, "state": "ended"}, "The contact is ended.")


@contact.command("came-back")
@click.argument("contact_id")
@json_option
@with_sidecar
def came_back(sidecar: Sidecar, contact_id: str, as_json: bool) -> None:
    """Note that mail to a contact came back: no more mails, no signing in, till they have confirmed anew."""
    with sidecar.transaction() as db:
        contact_mails.note_returned(db, operator_at_the_console(), contact_id, sidecar.now())
        contact_sign_ins.end_all(db, contact_id, sidecar.now())
    show_line(as_json, {"id": contact_id, "state": "came back"}, "Noted. The contact must confirm an address anew.")


@contact.command("confirm-again")
@click.argument("contact_id")
@json_option
@with_sidecar
def confirm_again(sidecar: Sidecar, contact_id: str, as_json: bool) -> None:
    """Send a contact another mail to confirm the address; links of earlier ones lead nowhere then."""
    with sidecar.transaction() as db:
        contact_mails.put_again(db, operator_at_the_console(), contact_id, sidecar.now())
    show_line(as_json, {"id": contact_id, "state": "waiting"}, "The mail is on its way.")
