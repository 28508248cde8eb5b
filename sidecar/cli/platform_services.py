"""Look at what an LMS keeps for us: the columns of its gradebook, and who takes part in its courses."""

from __future__ import annotations

import click

from sidecar import tool
from sidecar.cli.output import json_option, show, with_sidecar
from sidecar.core import audit, rosters
from sidecar.core.platforms import find_platform
from sidecar.core.roster_lists import list_rosters
from sidecar.runtime import Sidecar

LINE_ITEM_COLUMNS = ("course_in_lms", "label", "maximum", "course_key", "link", "tag", "address")
ROSTER_COLUMNS = (
    "id",
    "course_in_lms",
    "title",
    "members",
    "read_at",
    "tried_at",
    "next_at",
    "under_way",
    "problem",
)


@click.command("line-items")
@click.argument("name")
@json_option
@with_sidecar
def line_items(sidecar: Sidecar, name: str, as_json: bool) -> None:
    """List the columns that the LMS NAME holds for us in its gradebooks, as it tells just now."""
    with sidecar.reading() as db:
        platform_id = find_platform(db, name).id
    rows = [
        (
            held.context_id,
            held.item.label,
            held.item.score_maximum,
            held.item.resource_id,
            held.item.resource_link_id,
            held.item.tag,
            held.item.id,
        )
        for held in tool.list_held(sidecar, platform_id)
    ]
    show(as_json, LINE_ITEM_COLUMNS, rows)


@click.command("rosters")
@click.argument("name")
@click.option("--refresh", is_flag=True, help="Ask for a look at each of them now; the worker does it.")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, name: str, refresh: bool, as_json: bool) -> None:
    """List the courses of the LMS NAME that lead here: how many take part, when we looked, what went wrong."""
    now = sidecar.now()
    if refresh:
        _ask(sidecar, name)
    with sidecar.reading() as db:
        rows = [
            (
                line.roster.id,
                line.roster.context_id,
                line.roster.title,
                line.members,
                line.roster.synced_at,
                line.roster.tried_at,
                line.next_at,
                line.is_under_way,
                line.roster.error_code,
            )
            for line in list_rosters(db, find_platform(db, name), now)
        ]
    show(as_json, ROSTER_COLUMNS, rows)


def _ask(sidecar: Sidecar, name: str) -> None:
    now = sidecar.now()
    with sidecar.transaction() as db:
        platform = find_platform(db, name)
        for line in list(list_rosters(db, platform, now)):
            rosters.ask(db, line.roster.id, now)
        audit.record(db, "platform.roster_asked", platform.id, at=now)


COMMANDS = (line_items, list_all)
