"""Take in completions from files and by hand, and let a second person's word be recorded."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click
from sqlalchemy.orm import Session

from sidecar.cli.output import REFUSED, clean, json_option, show, show_line, show_one, with_sidecar
from sidecar.core import access_log, manual_evidence
from sidecar.core.access import operator_at_the_console
from sidecar.core.data_subjects import of_key
from sidecar.core.evidence import Evidence
from sidecar.core.manual_evidence import BASES, Entry, EvidenceLine
from sidecar.core.municipalities import find_municipality
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from sidecar.sync.completion_file_problems import CompletionFileRefusedError
from sidecar.sync.completion_import import import_completions
from sidecar.sync.entered_completions import Document, enter

COLUMNS = ("id", "municipality", "employee", "course", "completed_on", "basis", "state", "document")


@click.group()
def completion() -> None:
    """Keep completions that neither our player nor an LMS tells of."""


@completion.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--municipality", required=True, help="Organisation number or slug.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@json_option
@with_sidecar
def import_file(sidecar: Sidecar, file: Path, municipality: str, dry_run: bool, as_json: bool) -> None:
    """Import completions of a municipality's employees from a CSV or XLSX file.

    Columns: employee_number, course (its key), completed (day, or day and time), score (per cent), note; Norwegian
    headings too. A file with anything wrong in it changes nothing, and the same file again changes nothing.
    """
    with sidecar.reading() as db:
        municipality_id = find_municipality(db, municipality).id
    try:
        done = import_completions(sidecar, operator_at_the_console(), municipality_id, file, dry_run=dry_run)
    except CompletionFileRefusedError as refused:
        _tell_problems(refused, as_json)
    show_one(as_json, asdict(done) | {"dry_run": dry_run})


def _tell_problems(refused: CompletionFileRefusedError, as_json: bool) -> NoReturn:
    if as_json:
        problems = [{"code": one.code, "facts": one.facts, "message": str(one)} for one in refused.problems]
        error = {"code": refused.code, "facts": refused.facts, "message": str(refused), "problems": problems}
        click.echo(json.dumps({"error": error}, ensure_ascii=False), err=True)
    else:
        click.echo(clean("\n".join([f"Error: {refused}", *(f"- {one}" for one in refused.problems)])), err=True)
    raise SystemExit(REFUSED)


@completion.command("add")
@click.argument("employee", metavar="MUNICIPALITY/NUMBER")
@click.option("--course", required=True, help="The course's key.")
@click.option("--day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The day of completion.")
@click.option("--basis", required=True, type=click.Choice(BASES), help="What shows it.")
@click.option("--place", default="", help="Who held the course, or issued the certificate.")
@click.option("--note", default="", help="What else there is to say; the employee can read it.")
@click.option("--document", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="PDF, PNG or JPEG.")
@json_option
@with_sidecar
def add(
    sidecar: Sidecar,
    employee: str,
    course: str,
    day: datetime,
    basis: str,
    place: str,
    note: str,
    document: Path | None,
    as_json: bool,
) -> None:
    """Enter what an employee completed elsewhere; it waits till somebody signed in confirms it."""
    viewer = operator_at_the_console()
    with sidecar.reading() as db:
        municipality_id, employment_id = _find_employment(db, employee)
    entry = Entry(course, day.date(), basis, place, note)
    chosen = Document(document.name, document.read_bytes()) if document else None
    evidence_id = enter(sidecar, viewer, municipality_id, employment_id, entry, chosen)
    told = {"id": evidence_id, "state": "waiting"}
    show_line(as_json, told, f"Entered as {evidence_id}. It counts once somebody who signs in has confirmed it.")


def _find_employment(db: Session, key: str) -> tuple[str, str]:
    municipality, slash, number = key.partition("/")
    subject = of_key(db, operator_at_the_console(), key)
    municipality_id = find_municipality(db, municipality).id
    if not slash:
        raise NotFoundError(what="person", key=key)
    return municipality_id, manual_evidence.employment_of(
        db, operator_at_the_console(), municipality_id, subject, number
    )


@completion.command("confirm")
@click.argument("evidence_id", metavar="ID")
@json_option
@with_sidecar
def confirm(sidecar: Sidecar, evidence_id: str, as_json: bool) -> None:
    """Confirm what somebody entered on the staff pages, so that it counts."""
    with sidecar.transaction() as db:
        found = manual_evidence.confirm(db, operator_at_the_console(), evidence_id, sidecar.now())
        _tell_state(found, as_json)


@completion.command("refuse")
@click.argument("evidence_id", metavar="ID")
@click.option("--reason", required=True, help="Why; the employee can read it.")
@json_option
@with_sidecar
def refuse(sidecar: Sidecar, evidence_id: str, reason: str, as_json: bool) -> None:
    """Turn down what somebody entered on the staff pages."""
    with sidecar.transaction() as db:
        found = manual_evidence.refuse(db, operator_at_the_console(), evidence_id, reason, sidecar.now())
        _tell_state(found, as_json)


@completion.command("withdraw")
@click.argument("evidence_id", metavar="ID")
@click.option("--reason", required=True, help="Why; the employee can read it.")
@json_option
@with_sidecar
def withdraw(sidecar: Sidecar, evidence_id: str, reason: str, as_json: bool) -> None:
    """Take back what was entered by hand or from a file; other evidence of the same completion stays."""
    with sidecar.transaction() as db:
        found = manual_evidence.withdraw(db, operator_at_the_console(), evidence_id, reason, sidecar.now())
        _tell_state(found, as_json)


def _tell_state(found: Evidence, as_json: bool) -> None:
    show_line(as_json, {"id": found.id, "state": found.state}, f"{found.id} is {found.state} now.")


@completion.command("list")
@click.option("--page", type=click.IntRange(min=1), default=1, show_default=True, help="Page of the list.")
@json_option
@with_sidecar
def list_page(sidecar: Sidecar, page: int, as_json: bool) -> None:
    """List what waits for a second person, the oldest first, fifty a page."""
    viewer = operator_at_the_console()
    with sidecar.transaction() as db:
        lines = manual_evidence.list_waiting(db, viewer, page).lines
        for line in lines:
            seen, place = [line.person.id], line.municipality.id
            access_log.record(db, viewer, "completions-entered", seen, municipality_id=place, now=sidecar.now())
        rows = [_row(line) for line in lines]
    show(as_json, COLUMNS, rows)


def _row(line: EvidenceLine) -> list[str | None]:
    one, name = line.evidence, f"{line.person.first_name} {line.person.last_name}"
    day = one.completed_at.date().isoformat()
    return [one.id, line.municipality.slug, name, line.course.key, day, one.basis, one.state, one.file_name]
