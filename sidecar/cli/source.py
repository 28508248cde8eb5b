"""Keep the sources of people and completions: what comes in by itself, how it went, and what waits for approval."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from sidecar.cli.output import REFUSED, json_option, show, show_line, show_one, with_sidecar
from sidecar.cli.source_words import columns_in_words, in_words, remarks_in_words
from sidecar.core import access_log
from sidecar.core.access import operator_at_the_console
from sidecar.core.lms_evidence import list_missing
from sidecar.core.municipalities import find_municipality
from sidecar.core.people_sources import (
    COMPLETIONS,
    FAILED,
    INTERVAL_MINUTES,
    LIVE,
    PEOPLE,
    QUARANTINE_PERCENT,
    SyncRun,
)
from sidecar.core.quarantine import NothingWaitsError, list_changes
from sidecar.core.sources import SourceLine, find_held_run, find_source, list_runs, list_sources
from sidecar.runtime import Sidecar
from sidecar.sync import intakes, sources
from sidecar.sync.people_previews import preview

COLUMNS = ("id", "kind", "of", "connector", "state", "last_success_at", "next_run_at", "counts", "error")
RUN_COLUMNS = ("id", "mode", "state", "asked_at", "ended_at", "rows_done", "rows_total", "counts", "remarks", "error")
MISSING_COLUMNS = ("title", "key", "count")
CHANGE_COLUMNS = ("kind", "employee_number", "last_name", "first_name", "before", "after")


@click.group()
def source() -> None:
    """Keep what brings people and completions in by itself."""


@source.command("add")
@click.argument("connection_id")
@click.option("--kind", type=click.Choice([PEOPLE, COMPLETIONS]), help="Where the connector tells both.")
@click.option("--municipality", help="Whose people they are, where the connection is an LMS's.")
@click.option("--every", type=int, default=INTERVAL_MINUTES, show_default=True, help="Minutes; 0: by hand only.")
@click.option(
    "--quarantine", type=int, default=QUARANTINE_PERCENT, show_default=True, help="Percent; see docs/people.md."
)
@click.option("--column", "pairs", multiple=True, metavar="HEADING=MEANING", help="What a column of a file means.")
@json_option
@with_sidecar
def add(
    sidecar: Sidecar,
    connection_id: str,
    kind: str | None,
    municipality: str | None,
    every: int,
    quarantine: int,
    pairs: tuple[str, ...],
    as_json: bool,
) -> None:
    """Bring in people or completions over a connection; a source of files runs first when you say so."""
    with sidecar.reading() as db:
        municipality_id = find_municipality(db, municipality).id if municipality else None
    added = sources.add_source(
        sidecar,
        operator_at_the_console(),
        connection_id,
        kind=kind,
        municipality_id=municipality_id,
        interval_minutes=every,
        quarantine_percent=quarantine,
        mapping=sources.read_columns(_pairs(pairs)) if pairs else None,
    )
    show_one(as_json, {"id": added.id, "kind": added.kind, "next_run_at": added.next_run_at})


def _pairs(pairs: tuple[str, ...]) -> list[tuple[str, str]]:
    for pair in pairs:
        if "=" not in pair:
            raise click.UsageError("--column needs HEADING=MEANING; a meaning left out leaves the column out.")
    return [(heading, meaning) for heading, _, meaning in (pair.rpartition("=") for pair in pairs)]


@source.command("set")
@click.argument("source_id")
@click.option("--every", type=int, help="Minutes from one run to the next; 0: by hand only.")
@click.option("--quarantine", type=int, help="From which percent of ended and moved people on you are asked.")
@click.option("--column", "pairs", multiple=True, metavar="HEADING=MEANING", help="What the columns mean, all of them.")
@json_option
@with_sidecar
def change(
    sidecar: Sidecar,
    source_id: str,
    every: int | None,
    quarantine: int | None,
    pairs: tuple[str, ...],
    as_json: bool,
) -> None:
    """Change how a source runs."""
    mapping = sources.read_columns(_pairs(pairs)) if pairs else None
    viewer = operator_at_the_console()
    sources.configure(
        sidecar, viewer, source_id, interval_minutes=every, quarantine_percent=quarantine, mapping=mapping
    )
    show_line(as_json, {"id": source_id, "changed": True}, "The source was changed.")


@source.command("list")
@click.option("--municipality", help="Organisation number or slug; all when left out.")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, municipality: str | None, as_json: bool) -> None:
    """List the sources, with their last success and next run."""
    with sidecar.reading() as db:
        municipality_id = find_municipality(db, municipality).id if municipality else None
        lines = list_sources(db, operator_at_the_console(), municipality_id)
    show(as_json, COLUMNS, [_facts(line) if as_json else in_words(_facts(line), line.last_run) for line in lines])


def _facts(line: SourceLine) -> dict[str, object]:
    run = line.last_run
    return {
        "id": line.source.id,
        "kind": line.source.kind,
        "of": line.owner,
        "connector": line.connection.connector,
        "state": line.state,
        "last_success_at": line.source.last_success_at,
        "next_run_at": None if line.source.paused_at else line.source.next_run_at,
        "counts": run.counts if run else {},
        "error": run.error_code if run else None,
    }


@source.command("show")
@click.argument("source_id")
@json_option
@with_sidecar
def show_source(sidecar: Sidecar, source_id: str, as_json: bool) -> None:
    """Show a source: how it stands, how it runs, what its columns mean."""
    with sidecar.reading() as db:
        line = find_source(db, operator_at_the_console(), source_id)
    kept = line.source
    columns: dict[str, str] = (kept.mapping or {}).get("columns", {})
    facts = _facts(line) if as_json else in_words(_facts(line), line.last_run)
    more = {"every_minutes": kept.interval_minutes, "quarantine_percent": kept.quarantine_percent}
    show_one(as_json, facts | more | {"columns": columns if as_json else columns_in_words(columns)})


@source.command("runs")
@click.argument("source_id")
@json_option
@with_sidecar
def runs(sidecar: Sidecar, source_id: str, as_json: bool) -> None:
    """List the last runs of a source, the newest first."""
    with sidecar.reading() as db:
        find_source(db, operator_at_the_console(), source_id)
        found = list_runs(db, source_id)
    show(as_json, RUN_COLUMNS, [_run_facts(run) if as_json else in_words(_run_facts(run), run) for run in found])


def _run_facts(run: SyncRun) -> dict[str, object]:
    return {name: getattr(run, name) for name in RUN_COLUMNS[:-1]} | {"error": run.error_code}


@source.command("preview")
@click.argument("source_id")
@json_option
@with_sidecar
def show_preview(sidecar: Sidecar, source_id: str, as_json: bool) -> None:
    """Say what a run would change; nothing is changed."""
    found = asdict(preview(sidecar, operator_at_the_console(), source_id))
    columns = found.pop("columns")
    meant = dict(zip(columns["headings"], columns["meanings"], strict=False)) if columns else {}
    lines = [{"line": one["line"], "code": one["code"]} for one in found.pop("set_aside")]
    found.pop("sample")
    told = {"columns": meant, "set_aside": lines}
    words = {"columns": columns_in_words(meant), "set_aside": remarks_in_words(lines)}
    show_one(as_json, found | (told if as_json else words))


@source.command("run")
@click.argument("source_id")
@click.option("--full", is_flag=True, help="Read all, though the source can tell what changed.")
@click.option("--wait", is_flag=True, help="Do it here and now, instead of by a worker.")
@click.option(
    "--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="For uploaded files."
)
@json_option
@with_sidecar
def run(sidecar: Sidecar, source_id: str, full: bool, wait: bool, path: Path | None, as_json: bool) -> None:
    """Run a source now; with --wait, exit code 1 where the run failed."""
    viewer = operator_at_the_console()
    if path:
        with path.open("rb") as file:
            stored = sidecar.storage.put(iter(lambda: file.read(1 << 20), b""))
        run_id = sources.run_file(sidecar, viewer, source_id, stored.digest)
    else:
        run_id = sources.run_now(sidecar, viewer, source_id, full=full)
    while wait:
        intakes.run_part(sidecar, run_id)
        with sidecar.reading() as db:
            wait = db.get_one(SyncRun, run_id).state in LIVE
    with sidecar.reading() as db:
        done = db.get_one(SyncRun, run_id)
        facts = _run_facts(done) if as_json else in_words(_run_facts(done), done)
    show_one(as_json, facts)
    if done.state == FAILED:
        raise SystemExit(REFUSED)


@source.command("pause")
@click.argument("source_id")
@json_option
@with_sidecar
def pause(sidecar: Sidecar, source_id: str, as_json: bool) -> None:
    """Let a source run by hand only, until it is resumed."""
    sources.pause(sidecar, operator_at_the_console(), source_id)
    show_line(as_json, {"id": source_id, "paused": True}, "The source is paused.")


@source.command("resume")
@click.argument("source_id")
@json_option
@with_sidecar
def resume(sidecar: Sidecar, source_id: str, as_json: bool) -> None:
    """Let a source run by itself again."""
    sources.resume(sidecar, operator_at_the_console(), source_id)
    show_line(as_json, {"id": source_id, "paused": False}, "The source runs by itself again.")


@source.command("remove")
@click.argument("source_id")
@click.option("--yes", is_flag=True, help="Don't ask.")
@json_option
@with_sidecar
def remove(sidecar: Sidecar, source_id: str, yes: bool, as_json: bool) -> None:
    """Take a source out of use; whom it brought stays."""
    if not yes:
        click.confirm("Remove this source? The people it brought stay.", abort=True, err=True)
    sources.remove(sidecar, operator_at_the_console(), source_id)
    show_line(as_json, {"id": source_id, "removed": True}, "The source was removed.")


@source.command("changes")
@click.argument("source_id")
@click.option("--page", type=click.IntRange(min=1), default=1, show_default=True, help="Page of the list.")
@json_option
@with_sidecar
def changes(sidecar: Sidecar, source_id: str, page: int, as_json: bool) -> None:
    """List what a run in quarantine would do to whom; of completions, how many of which course it would withdraw."""
    viewer, held = operator_at_the_console(), _held(sidecar, source_id)
    with sidecar.reading() as db:
        line = find_source(db, viewer, source_id)
        if line.source.kind == COMPLETIONS:
            missing = list_missing(db, source_id, held, number=page)
            show(as_json, MISSING_COLUMNS, [[getattr(one, name) for name in MISSING_COLUMNS] for one in missing.lines])
            return
        municipality = line.municipality
        found = list_changes(db, viewer, held, number=page)
    with sidecar.transaction() as db:
        seen = [line.person_id for line in found.lines]
        here = municipality.id if municipality else ""
        access_log.record(db, viewer, "source-changes", seen, municipality_id=here, now=sidecar.now())
    show(as_json, CHANGE_COLUMNS, [[getattr(line, name) for name in CHANGE_COLUMNS] for line in found.lines])


@source.command("approve")
@click.argument("source_id")
@json_option
@with_sidecar
def approve(sidecar: Sidecar, source_id: str, as_json: bool) -> None:
    """Let what a run in quarantine would change be taken in."""
    sources.decide(sidecar, operator_at_the_console(), _held(sidecar, source_id), is_approved=True)
    show_line(as_json, {"id": source_id, "approved": True}, "Approved. The source runs again now.")


@source.command("reject")
@click.argument("source_id")
@json_option
@with_sidecar
def reject(sidecar: Sidecar, source_id: str, as_json: bool) -> None:
    """Turn down what a run in quarantine would change; nothing is taken in until the source tells something else."""
    sources.decide(sidecar, operator_at_the_console(), _held(sidecar, source_id), is_approved=False)
    show_line(as_json, {"id": source_id, "approved": False}, "Rejected. Nothing was changed.")


@source.command("reconsider")
@click.argument("source_id")
@json_option
@with_sidecar
def reconsider(sidecar: Sidecar, source_id: str, as_json: bool) -> None:
    """Take back that what a source tells was rejected; it runs again, and asks again."""
    sources.reconsider(sidecar, operator_at_the_console(), source_id)
    show_line(as_json, {"id": source_id, "reconsidered": True}, "Not rejected any more. The next run asks again.")


def _held(sidecar: Sidecar, source_id: str) -> str:
    with sidecar.reading() as db:
        held = find_held_run(db, find_source(db, operator_at_the_console(), source_id).source.id)
    if held is None:
        raise NothingWaitsError
    return held.id
