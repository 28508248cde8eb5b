"""Define, show, preview and retire reports, and tell when they come."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from sidecar.cli.output import json_option, show, show_line, show_one, with_sidecar
from sidecar.core import access_log, report_runs
from sidecar.core.access import operator_at_the_console
from sidecar.core.municipalities import find_municipality
from sidecar.core.periods import read_period
from sidecar.core.regions import find_region
from sidecar.core.report_definitions import Line, ensure_default, find_defined, find_line, list_lines, list_versions
from sidecar.core.report_runs import ReportRun
from sidecar.core.report_schedules import next_times
from sidecar.core.report_specs import FORMATS, KINDS, PERIODS, Defined, Spec
from sidecar.reports import defining, previewing, scheduling
from sidecar.runtime import Sidecar

COLUMNS = ("id", "title", "version", "kind", "region", "schedule", "next_run", "last_run", "state")
COMING = ("due_at", "id", "title", "region")
LINES_SHOWN = 20


@click.command("list")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, as_json: bool) -> None:
    """List the reports that are defined, with when each ran and will run."""
    viewer = operator_at_the_console()
    with sidecar.transaction() as db:
        ensure_default(db, sidecar.now())
        runs = report_runs.last_runs(db, viewer)
        rows = [_facts(sidecar, line, runs.get(line.definition.id)) for line in list_lines(db, viewer)]
    show(as_json, COLUMNS, rows)


def _facts(sidecar: Sidecar, line: Line, last: ReportRun | None) -> dict[str, Any]:
    spec, is_retired = line.defined.spec, line.definition.retired_at is not None
    coming = [] if is_retired else next_times(spec.schedule, sidecar.now(), 1)
    return {
        "id": line.definition.id,
        "title": line.defined.title,
        "version": line.defined.version,
        "kind": spec.kind,
        "region": line.region or None,
        "schedule": spec.schedule or None,
        "next_run": coming[0] if coming else None,
        "last_run": last.asked_at if last else None,
        "state": "retired" if is_retired else (last.state if last else "never run"),
    }


@click.command("show")
@click.argument("definition_id")
@click.option("--version", "number", type=int, help="An older version; the newest when left out.")
@json_option
@with_sidecar
def show_definition(sidecar: Sidecar, definition_id: str, number: int | None, as_json: bool) -> None:
    """Show what a report asks for; with --json, as `report define --file` reads it."""
    with sidecar.reading() as db:
        defined = find_defined(db, operator_at_the_console(), definition_id, number)
        numbers = [one.number for one in list_versions(db, definition_id)]
    facts = defining.as_file(defined)
    if as_json:
        show_one(True, facts | {"versions": numbers})
        return
    show_one(False, {"id": defined.id, "version": defined.version, "title": defined.title} | _short(defined.spec))


def _short(spec: Spec) -> dict[str, Any]:
    return {name: ", ".join(one) if isinstance(one, list) else one for name, one in spec.as_json().items()}


@click.command("define")
@click.option("--title", help="What the report is called.")
@click.option("--kind", type=click.Choice(KINDS), help="What it tells; completions by default.")
@click.option("--course", "courses", multiple=True, help="Key of a course, again for each; all when left out.")
@click.option("--municipality", "municipalities", multiple=True, help="Slug, again for each; all when left out.")
@click.option("--unit", "units", multiple=True, help="Name of a unit, with all below it; all when left out.")
@click.option("--position", "positions", multiple=True, help="A word of the position's title; all when left out.")
@click.option("--period", type=click.Choice(PERIODS), help="What each run is about; the month before by default.")
@click.option("--columns", help="In their order, separated by commas; all of the kind when left out.")
@click.option("--counted", is_flag=True, help="Numbers instead of a line for each person.")
@click.option("--days", type=int, help="How far renewals look back and ahead; 60 by default.")
@click.option("--language", type=click.Choice(["nb", "nn", "en"]), help="The municipality's own when left out.")
@click.option("--format", "formats", multiple=True, type=click.Choice(FORMATS), help="Again for each; csv and xlsx.")
@click.option("--schedule", help="monthly, weekly, each-term, yearly, by-hand, or cron in Oslo time.")
@click.option("--connector", "connectors", multiple=True, help="Over these channels only; all when left out.")
@click.option("--region", help="Slug of the region whose RKK it belongs to; the operators' when left out.")
@click.option("--id", "definition_id", help="Make a new version of this one; what is left out becomes the default.")
@click.option("--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Read it as JSON.")
@json_option
@with_sidecar
def define(
    sidecar: Sidecar,
    /,
    path: Path | None,
    definition_id: str | None,
    region: str | None,
    as_json: bool,
    **asked: Any,  # noqa: ANN401 (the options of a definition, as click hands them over)
) -> None:
    """Define a report, or with --id make a new version of one."""
    if definition_id and region:
        raise click.UsageError("Leave out --region with --id: a report stays with the region that it was made for.")
    title, spec = _asked(asked, path)
    viewer = operator_at_the_console()
    with sidecar.reading() as db:
        region_id = find_region(db, region).id if region else None
        if definition_id and not title:
            title = find_defined(db, viewer, definition_id).title
    if definition_id:
        made = defining.change(sidecar, viewer, definition_id, title, spec)
    else:
        made = defining.define(sidecar, viewer, title, spec, region_id)
    _warn(sidecar, made)
    text = f"{made.title or made.id} is defined, version {made.version}. Its id is {made.id}."
    show_line(as_json, defining.as_file(made), text)


def _asked(asked: dict[str, Any], path: Path | None) -> tuple[str, Spec]:
    """Return the title and what is asked for, of the options or a file."""
    title = asked.pop("title") or ""
    given = {name: one for name, one in asked.items() if one is not None and one is not False and one != ()}
    if path:
        if given:
            raise click.UsageError("Give either --file, with --title if you like, or the other options.")
        named, spec = defining.read_file(path.read_text("utf-8", errors="replace"))
        return title or named, spec
    if given.pop("counted", False) or given.get("kind") == "participation":
        given["per_person"] = False
    if "columns" in given:
        given["columns"] = [one.strip() for one in given["columns"].split(",")]
    return title, defining.read_asked(given)


def _warn(sidecar: Sidecar, made: Defined) -> None:
    with sidecar.reading() as db:
        line = find_line(db, operator_at_the_console(), made.id)
        try:
            defining.refuse_nobody(db, made.spec, line.definition.region_id, sidecar)
        except defining.NobodyInItError as warning:
            click.echo(str(warning), err=True)


@click.command("preview")
@click.argument("definition_id", required=False)
@click.option("--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="One not saved yet.")
@click.option("--municipality", required=True, help="Organisation number or slug.")
@click.option("--period", "period_text", help="2026-09, 2026-H2, 2026 or two days; what a run now tells when left out.")
@click.option("--lines", type=click.IntRange(1, 1000), default=LINES_SHOWN, show_default=True, help="How many.")
@json_option
@with_sidecar
def preview(
    sidecar: Sidecar,
    definition_id: str | None,
    path: Path | None,
    municipality: str,
    period_text: str | None,
    lines: int,
    as_json: bool,
) -> None:
    """Show the first lines that a report of a municipality would have; nothing is stored or sent."""
    if bool(definition_id) == bool(path):
        raise click.UsageError("Give either the id of a report or --file.")
    viewer = operator_at_the_console()
    with sidecar.reading() as db:
        defined = _to_preview(db, definition_id, path)
        owner = find_municipality(db, municipality)
        period = read_period(period_text) if period_text else previewing.next_period(db, sidecar, defined, owner.id)
        db.expunge_all()
    without_figures = replace(defined, spec=replace(defined.spec, formats=("csv",)))
    found = previewing.preview(sidecar, viewer, owner, without_figures, period, count=lines)
    with sidecar.transaction() as db:
        access_log.record(db, viewer, "report-preview", found.person_ids, municipality_id=owner.id, now=sidecar.now())
    columns = [one.key for one in found.document.columns]
    show(as_json, columns, [one.cells for one in found.lines])
    if not as_json:
        click.echo(f"{len(found.lines)} of {found.document.row_count} lines, {period.name}.", err=True)


def _to_preview(db: Session, definition_id: str | None, path: Path | None) -> Defined:
    if path is None:
        return find_defined(db, operator_at_the_console(), definition_id or "")
    return previewing.draft(*defining.read_file(path.read_text("utf-8", errors="replace")))


@click.command("retire")
@click.argument("definition_id")
@json_option
@with_sidecar
def retire(sidecar: Sidecar, definition_id: str, as_json: bool) -> None:
    """Take a report out of use: nothing runs any more; what was delivered stays in the ledger."""
    defining.retire(sidecar, operator_at_the_console(), definition_id)
    show_line(as_json, {"id": definition_id, "retired": True}, "The report is retired.")


@click.command("bring-back")
@click.argument("definition_id")
@json_option
@with_sidecar
def bring_back(sidecar: Sidecar, definition_id: str, as_json: bool) -> None:
    """Take a retired report into use again; what was due meanwhile is not made up for."""
    defining.bring_back(sidecar, operator_at_the_console(), definition_id)
    show_line(as_json, {"id": definition_id, "retired": False}, "The report is in use again.")


@click.command("calendar")
@click.option("--days", type=click.IntRange(1, 400), default=scheduling.DAYS_SHOWN, show_default=True, help="How far.")
@json_option
@with_sidecar
def show_calendar(sidecar: Sidecar, days: int, as_json: bool) -> None:
    """Tell which reports come in the coming days."""
    with sidecar.reading() as db:
        coming = scheduling.list_coming(db, operator_at_the_console(), sidecar.now(), days)
    show(as_json, COMING, [(one.due_at, one.defined.id, one.defined.title, one.region or None) for one in coming])


COMMANDS = (list_all, show_definition, define, preview, retire, bring_back, show_calendar)
"""What stands in the group `report` beside `run`."""
