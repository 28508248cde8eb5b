"""Read the audit trail on the command line, and write it to a file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import TextIO

import click

from sidecar.cli.output import json_option, show, show_line, with_sidecar
from sidecar.core import access_log
from sidecar.core import audit as audit_trail
from sidecar.core.access import operator_at_the_console
from sidecar.core.audit_actions import text_of
from sidecar.core.audit_export import say_what, say_who, write_trail
from sidecar.core.audit_lists import Wanted, list_entries
from sidecar.runtime import Sidecar

COLUMNS = ("at", "who", "what", "action", "about", "subject", "facts", "identity")
MOST = 10_000

DAY = click.DateTime(["%Y-%m-%d"])
_OPTIONS = (
    click.option("--since", type=DAY, help="First day, in Norway."),
    click.option("--until", type=DAY, help="Last day, in Norway."),
    click.option("--action", default="", help="Of this kind alone, like staff.granted."),
    click.option(
        "--actor",
        default="",
        help='Id of who acted; "cli" for this command line and the service by itself, "lms" for LMSs that registered.',
    ),
    click.option("--subject", default="", help="Id of what it was done with."),
)


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which acts, which arrive as the argument `wanted`."""

    @wraps(command)
    def run(
        *, since: datetime | None, until: datetime | None, action: str, actor: str, subject: str, **others: object
    ) -> None:
        command(wanted=Wanted(_day(since), _day(until), actor, action, subject), **others)

    for give in reversed(_OPTIONS):
        run = give(run)
    return run


@click.group()
def audit() -> None:
    """Who did what when: on the staff pages, and on this command line."""


@audit.command("list")
@choosing
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, MOST), help="How many at most.")
@json_option
@with_sidecar
def list_acts(sidecar: Sidecar, wanted: Wanted, limit: int, as_json: bool) -> None:
    """List what was done, the newest first."""
    viewer = operator_at_the_console()
    with sidecar.reading() as db:
        lines = list_entries(db, viewer, wanted, limit=limit).lines
    rows = [
        {
            "at": line.entry.at,
            "who": say_who(line, str),
            "what": text_of(line.entry.action),
            "action": line.entry.action,
            "about": say_what(line, str) or None,
            "subject": line.entry.subject,
            "facts": dict(line.facts) if as_json else [f"{name}={value}" for name, value in line.facts.items()],
            "identity": line.entry.identity_id,
        }
        for line in lines
    ]
    _note(sidecar, {one for line in lines for one in line.seen_as})
    show(as_json, COLUMNS, rows)


@audit.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@choosing
@json_option
@with_sidecar
def export(sidecar: Sidecar, file: str, wanted: Wanted, as_json: bool) -> None:
    """Write what was done to FILE as CSV, or to standard output for "-"; the export itself is recorded."""
    seen: set[str] = set()
    if file == "-":
        _write(sidecar, wanted, sys.stdout, seen)
    else:
        with Path(file).open("w", encoding="utf-8", newline="") as target:
            _write(sidecar, wanted, target, seen)
    _note(sidecar, seen)
    with sidecar.transaction() as db:
        audit_trail.record(db, "audit.exported", "audit", at=sidecar.now(), **wanted.facts())
    if file != "-":
        show_line(as_json, {"file": file}, f"The audit trail stands in {file}.")


def _write(sidecar: Sidecar, wanted: Wanted, target: TextIO, seen: set[str]) -> None:
    with sidecar.reading() as db:
        target.writelines(write_trail(db, operator_at_the_console(), wanted, str, seen))


def _note(sidecar: Sidecar, seen: set[str]) -> None:
    with sidecar.transaction() as db:
        access_log.record(db, operator_at_the_console(), "audit", seen, municipality_id="", now=sidecar.now())


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
