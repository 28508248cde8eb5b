"""Adopt learning paths of other regions, and answer their new versions, from the command line."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import click

from sidecar.cli.output import json_option, show, show_line, with_sidecar
from sidecar.cli.region_option import ANY_REGION, region_id_of
from sidecar.core import adoption_answers, adoptions
from sidecar.core.access import operator_at_the_console
from sidecar.core.adoptions import AdoptedLine
from sidecar.runtime import Sidecar
from sidecar.sharing import adopting, updating

CONSOLE: Final = operator_at_the_console()
COLUMNS = ("origin", "title", "path", "taken", "newest", "state", "postponed_until", "ends_on")


@click.command("adopt")
@click.argument("origin")
@click.option("--as-draft", is_flag=True, help="Make a draft to adapt, which nobody sees before it is published.")
@click.option("--report-use", is_flag=True, help="Let the owner know how many begin and finish it.")
@ANY_REGION
@json_option
@with_sidecar
def adopt_path(
    sidecar: Sidecar, origin: str, as_draft: bool, report_use: bool, region: str | None, as_json: bool
) -> None:
    """Make the received learning path ORIGIN one of yours: published as it is, or as a draft to adapt."""
    region_id = region_id_of(sidecar, region)
    how = {"is_draft": as_draft, "reports_use": report_use}
    key = adopting.adopt(sidecar, CONSOLE, origin, region_id=region_id, **how)
    show_line(as_json, {"path": key, "published": not as_draft}, f"Adopted as {key}.")


@click.command("updates")
@ANY_REGION
@json_option
@with_sidecar
def list_updates(sidecar: Sidecar, region: str | None, as_json: bool) -> None:
    """List the learning paths that you have received, and what waits for an answer."""
    region_id, today = region_id_of(sidecar, region), sidecar.today()
    with sidecar.reading() as db:
        lines = adoptions.list_adopted(db, CONSOLE)
        rows = [
            {
                "origin": one.received.origin,
                "title": one.newest.title,
                "path": one.course.key if one.course else None,
                "taken": one.taken or None,
                "newest": one.newest.number,
                "state": one.state_on(today),
                "postponed_until": one.adoption.postponed_until if one.adoption else None,
                "ends_on": one.ends_on(today),
            }
            for one in lines
            if region_id in (None, one.received.region_id)
        ]
    show(as_json, COLUMNS, rows)


@click.command("accept")
@click.argument("origin")
@ANY_REGION
@json_option
@with_sidecar
def accept_update(sidecar: Sidecar, origin: str, region: str | None, as_json: bool) -> None:
    """Take the new version of the adopted learning path ORIGIN over. What you have adapted stays, and is a draft."""
    is_published = updating.accept(sidecar, CONSOLE, _find(sidecar, origin, region).received.id).is_published
    line = _find(sidecar, origin, region)
    facts = {**_facts(line), "published": is_published}
    told = "and published" if is_published else "into the draft, which you publish"
    show_line(as_json, facts, f"Version {line.taken} is taken over, {told}.")


@click.command("postpone")
@click.argument("origin")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day on which it is shown again.")
@ANY_REGION
@json_option
@with_sidecar
def postpone_update(sidecar: Sidecar, origin: str, until: datetime, region: str | None, as_json: bool) -> None:
    """Answer the new version of the adopted learning path ORIGIN later."""
    key = _find(sidecar, origin, region).received.id
    with sidecar.transaction() as db:
        line = adoption_answers.postpone(db, CONSOLE, key, until.date(), sidecar.now())
        facts = {**_facts(line), "postponed_until": until.date()}
    show_line(as_json, facts, f"Version {line.newest.number} is shown again on {until.date()}.")


@click.command("refuse")
@click.argument("origin")
@ANY_REGION
@json_option
@with_sidecar
def refuse_update(sidecar: Sidecar, origin: str, region: str | None, as_json: bool) -> None:
    """Leave the adopted learning path ORIGIN as it is; the version after this one is offered again."""
    key = _find(sidecar, origin, region).received.id
    with sidecar.transaction() as db:
        line = adoption_answers.refuse(db, CONSOLE, key, None, sidecar.now())
        facts = _facts(line)
    show_line(as_json, facts, f"Version {line.newest.number} is refused.")


@click.command("keep")
@click.argument("origin")
@ANY_REGION
@json_option
@with_sidecar
def keep_path(sidecar: Sidecar, origin: str, region: str | None, as_json: bool) -> None:
    """Go on with the learning path ORIGIN, which its owner withdrew, as a copy of your own, if its licence allows."""
    key = _find(sidecar, origin, region).received.id
    with sidecar.transaction() as db:
        facts = _facts(adoption_answers.keep(db, CONSOLE, key, sidecar.now(), sidecar.today()))
    show_line(as_json, facts, f"{facts['path']} is a copy of your own.")


def _find(sidecar: Sidecar, origin: str, region: str | None) -> AdoptedLine:
    region_id = region_id_of(sidecar, region)
    with sidecar.reading() as db:
        return adoptions.find_adopted(db, CONSOLE, origin, region_id)


def _facts(line: AdoptedLine) -> dict[str, object]:
    path = line.course.key if line.course else None
    return {"origin": line.received.origin, "path": path, "taken": line.taken, "newest": line.newest.number}


COMMANDS: Final = (adopt_path, list_updates, accept_update, postpone_update, refuse_update, keep_path)
"""The commands of `sidecar path` that are about what other regions made."""
