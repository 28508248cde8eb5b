"""Remove what has been kept long enough, and say how long that is."""

from __future__ import annotations

from dataclasses import asdict, fields, replace

import click

from sidecar import housekeeping
from sidecar.cli.output import json_option, show, show_one, with_sidecar
from sidecar.core.access import operator_at_the_console
from sidecar.core.municipalities import find_municipality, list_municipalities
from sidecar.core.retention import LONGEST_DAYS, SHORTEST_DAYS, Periods, keep, periods_of
from sidecar.runtime import Sidecar

NAMES = tuple(one.name for one in fields(Periods))
DAYS = click.IntRange(SHORTEST_DAYS, LONGEST_DAYS)


@click.group()
def retention() -> None:
    """How long things are kept, by municipality."""


@retention.command("list")
@json_option
@with_sidecar
def list_periods(sidecar: Sidecar, as_json: bool) -> None:
    """List how long each municipality keeps what packages said, and the files of reports."""
    with sidecar.reading() as db:
        rows = [{"municipality": one.slug} | asdict(periods_of(db, one.id)) for one in list_municipalities(db)]
    show(as_json, ("municipality", *NAMES), rows)


@retention.command("set")
@click.argument("municipality")
@click.option("--attempts-days", type=DAYS, help="What packages said, from the end of an attempt.")
@click.option("--report-files-days", type=DAYS, help="The files of reports; their rows in the ledger stay.")
@json_option
@with_sidecar
def set_periods(
    sidecar: Sidecar, municipality: str, attempts_days: int | None, report_files_days: int | None, as_json: bool
) -> None:
    """Set how long a municipality, by organisation number or slug, keeps things; what is left out stays."""
    chosen = {"attempts_days": attempts_days, "report_files_days": report_files_days}
    given = {name: days for name, days in chosen.items() if days is not None}
    with sidecar.transaction() as db:
        found = find_municipality(db, municipality)
        wanted = replace(periods_of(db, found.id), **given)
        if given:
            keep(db, operator_at_the_console(), found.id, wanted, now=sidecar.now())
    show_one(as_json, {"municipality": found.slug} | asdict(wanted))


@retention.command()
@click.option("--dry-run", is_flag=True, help="Only count.")
@json_option
@with_sidecar
def run(sidecar: Sidecar, dry_run: bool, as_json: bool) -> None:
    """Remove now what the scheduler would remove tonight; may be cut off and repeated at any time."""
    removed = housekeeping.count_due(sidecar) if dry_run else housekeeping.run(sidecar)[0]
    show_one(as_json, removed)
