"""Say who is expected to take a course."""

from __future__ import annotations

from datetime import datetime

import click

from sidecar.cli.output import json_option, show, show_line, with_sidecar
from sidecar.core import course_audiences
from sidecar.core.access import operator_at_the_console
from sidecar.core.course_audiences import Audience
from sidecar.runtime import Sidecar

COLUMNS = ("id", "place", "unit", "position", "from", "to", "holds", "employees")
EVERYWHERE = "everywhere"
DAY = click.DateTime(["%Y-%m-%d"])


@click.group("audience")
def course_audience() -> None:
    """Say who is expected to take a course; reports tell who of them is missing."""


@course_audience.command("list")
@click.argument("key", metavar="COURSE")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, key: str, as_json: bool) -> None:
    """List who is expected to take COURSE, and how many employees that is today."""
    who, today = operator_at_the_console(), sidecar.today()
    with sidecar.reading() as db:
        lines = course_audiences.list_audiences(db, who, key)
        _, counts = course_audiences.count_named(db, who, key, today)
    rows = [
        [
            line.row.id,
            line.place or EVERYWHERE,
            line.unit or None,
            line.row.word,
            line.row.starts_on,
            line.row.ends_on,
            line.holds_on(today),
            counts.get(line.row.id, 0),
        ]
        for line in lines
    ]
    show(as_json, COLUMNS, rows)


@course_audience.command("add")
@click.argument("key", metavar="COURSE")
@click.option("--municipality", default="", help="Organisation number or short name of a municipality.")
@click.option("--region", default="", help="Short name of a region: its members on the day one looks.")
@click.option("--everywhere", is_flag=True, help="Every municipality of this installation.")
@click.option("--unit", default="", help="Key or name of a unit of the municipality; all below it belong to it.")
@click.option("--position", "word", default="", help="A word in the title of the main position, such as kokk.")
@click.option("--from", "starts_on", type=DAY, help="First day; today where it is not said.")
@click.option("--to", "ends_on", type=DAY, help="Last day; till it is ended where it is not said.")
@json_option
@with_sidecar
def add(
    sidecar: Sidecar,
    key: str,
    municipality: str,
    region: str,
    everywhere: bool,
    unit: str,
    word: str,
    starts_on: datetime | None,
    ends_on: datetime | None,
    as_json: bool,
) -> None:
    """Expect a municipality, a region or everybody to take COURSE, or a unit or kind of position there."""
    if [bool(municipality), bool(region), everywhere].count(True) != 1:
        raise click.UsageError("Name one of --municipality, --region and --everywhere.")
    first = starts_on.date() if starts_on else sidecar.today()
    wanted = Audience(first, ends_on.date() if ends_on else None, municipality, region, unit, word)
    with sidecar.transaction() as db:
        added = course_audiences.add(db, operator_at_the_console(), key, wanted, sidecar.now())
        audience_id = added.id
    show_line(as_json, {"id": audience_id, "course": key}, f"They are expected to take {key} ({audience_id}).")


@course_audience.command("end")
@click.argument("key", metavar="COURSE")
@click.argument("audience_id", metavar="ID")
@click.option("--on", "last_day", type=DAY, help="Last day on which they are expected to have it; today if not said.")
@json_option
@with_sidecar
def end(sidecar: Sidecar, key: str, audience_id: str, last_day: datetime | None, as_json: bool) -> None:
    """Expect it of them no longer after a day; ID as `course audience list` tells."""
    day = last_day.date() if last_day else sidecar.today()
    with sidecar.transaction() as db:
        course_audiences.end(db, operator_at_the_console(), key, audience_id, day, sidecar.now())
    show_line(as_json, {"id": audience_id, "course": key, "to": day}, f"Nobody is expected to by it after {day}.")


@course_audience.command("remove")
@click.argument("key", metavar="COURSE")
@click.argument("audience_id", metavar="ID")
@json_option
@with_sidecar
def remove(sidecar: Sidecar, key: str, audience_id: str, as_json: bool) -> None:
    """Forget one that was entered by mistake, as if it had never been."""
    with sidecar.transaction() as db:
        course_audiences.remove(db, operator_at_the_console(), key, audience_id, sidecar.now())
    show_line(as_json, {"id": audience_id, "course": key}, f"Removed {audience_id}.")
