"""Set dates for the gatherings of learning paths, list them, and say who came."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from sqlalchemy.orm import Session

from sidecar.cli.output import json_option, show, show_line, with_sidecar
from sidecar.core import attendances, gathering_holding
from sidecar.core.access import operator_at_the_console
from sidecar.core.data_subjects import of_key
from sidecar.core.gathering_holding import Meeting
from sidecar.core.gatherings import ABSENT, ATTENDED, list_gatherings
from sidecar.core.manual_evidence import employment_of
from sidecar.core.municipalities import find_municipality
from sidecar.core.periods import OSLO
from sidecar.core.regions import find_region
from sidecar.runtime import Sidecar

COLUMNS = (
    *("id", "course", "for", "begins", "ends", "place", "link"),
    *("seats", "signed_up", "waiting", "came", "cancelled"),
)
EVERYWHERE = "everywhere"
MOMENT = click.DateTime(["%Y-%m-%dT%H:%M"])


@click.group("gathering")
def gathering() -> None:
    """Set dates for the gatherings of learning paths, and say who came."""


@gathering.command("list")
@click.option("--past", is_flag=True, help="Those that are over, the last first.")
@click.option("--page", "number", type=click.IntRange(1), default=1, help="50 stand on a page.")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, past: bool, number: int, as_json: bool) -> None:
    """List the gatherings to come, the next first; or the past ones."""
    with sidecar.reading() as db:
        page = list_gatherings(db, operator_at_the_console(), sidecar.now(), is_past=past, number=number)
    rows = [
        [
            line.gathering.id,
            line.course.key,
            line.owner or EVERYWHERE,
            line.gathering.starts_at,
            line.gathering.ends_at,
            line.gathering.place,
            line.gathering.meeting_url,
            line.gathering.seats,
            line.taken,
            line.waiting,
            line.attended,
            line.gathering.cancelled_at,
        ]
        for line in page.lines
    ]
    show(as_json, COLUMNS, rows)


@gathering.command("add")
@click.argument("course", metavar="COURSE")
@click.option("--begins", type=MOMENT, required=True, help="Day and time in Norway, like 2026-10-01T09:00.")
@click.option("--ends", type=MOMENT, required=True, help="Likewise.")
@click.option("--region", default="", help="Short name of the region for whose municipalities it is.")
@click.option("--municipality", default="", help="Organisation number or short name, where it is for one alone.")
@click.option("--place", default="", help="Where people meet on the spot.")
@click.option("--link", "meeting_url", default="", help="Meeting link, whole.")
@click.option("--instructor", default="", help="Who leads it.")
@click.option("--seats", type=int, help="How many can come; as many as want where it is not said.")
@click.option("--note", default="", help="What those who come should know.")
@json_option
@with_sidecar
def add(
    sidecar: Sidecar,
    course: str,
    begins: datetime,
    ends: datetime,
    region: str,
    municipality: str,
    place: str,
    meeting_url: str,
    instructor: str,
    seats: int | None,
    note: str,
    as_json: bool,
) -> None:
    """Set a date for the gathering COURSE, a step of a learning path; for everybody where no place is named."""
    if region and municipality:
        raise click.UsageError("Name --region or --municipality, not both.")
    meeting = Meeting(course, _moment(begins), _moment(ends), place, meeting_url, instructor, seats, note)
    with sidecar.transaction() as db:
        made = gathering_holding.add_gathering(
            db,
            operator_at_the_console(),
            meeting,
            sidecar.now(),
            region_id=find_region(db, region).id if region else None,
            municipality_id=find_municipality(db, municipality).id if municipality else None,
        )
        gathering_id = made.id
    show_line(as_json, {"id": gathering_id, "course": course}, f"Made the gathering {gathering_id}.")


@gathering.command("attend")
@click.argument("gathering_id", metavar="GATHERING")
@click.argument("people", metavar="PERSON...", nargs=-1, required=True)
@click.option("--absent", is_flag=True, help="They did not come; what the gathering gave them is withdrawn.")
@json_option
@with_sidecar
def attend(sidecar: Sidecar, gathering_id: str, people: tuple[str, ...], absent: bool, as_json: bool) -> None:
    """Say that people came to GATHERING; who was not in its list is added.

    PERSON is a municipality, a slash and the employee number.
    """
    who, now = operator_at_the_console(), sidecar.now()
    with sidecar.transaction() as db:
        employments = [_find_employment(db, key) for key in people]
        added = attendances.add_people(db, who, gathering_id, employments, now)
        state = ABSENT if absent else ATTENDED
        changed = attendances.mark(db, who, gathering_id, {one.id: state for one in added}, now)
    show_line(as_json, {"id": gathering_id, "changed": changed}, f"Changed for {changed} of {len(people)}.")


def _find_employment(db: Session, key: str) -> str:
    who, (municipality, _slash, number) = operator_at_the_console(), key.partition("/")
    place = find_municipality(db, municipality)
    return employment_of(db, who, place.id, of_key(db, who, f"{municipality}/{number}"), number)


def _moment(local: datetime) -> datetime:
    return local.replace(tzinfo=OSLO).astimezone(UTC)
