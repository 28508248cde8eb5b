"""Import a municipality's people, and list them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import click

from sidecar.cli.output import REFUSED, clean, json_option, show, show_one, with_sidecar
from sidecar.connectors.hr_csv import HrCsv
from sidecar.connectors.hr_csv_problems import PeopleFileRefusedError
from sidecar.core import access_log
from sidecar.core.access import operator_at_the_console
from sidecar.core.municipalities import find_municipality
from sidecar.core.people_lists import list_people
from sidecar.runtime import Sidecar
from sidecar.sync.people_import import import_people

COLUMNS = ("employee_number", "last_name", "first_name", "unit", "completed")


@click.group()
def people() -> None:
    """Keep the employees of the municipalities."""


@people.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--municipality", required=True, help="Organisation number or slug.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@json_option
@with_sidecar
def import_file(sidecar: Sidecar, file: Path, municipality: str, dry_run: bool, as_json: bool) -> None:
    """Import the people of a municipality from a CSV file.

    Columns: employee_number, first_name, last_name, email, unit, position (Norwegian headings too). Who is not in
    the file is kept. A file with anything wrong in it changes nothing.
    """
    with sidecar.reading() as db:
        municipality_id = find_municipality(db, municipality).id
    try:
        records = HrCsv(file=file).read()
    except PeopleFileRefusedError as refused:
        _tell_problems(refused, as_json)
    viewer = operator_at_the_console()
    done = import_people(sidecar, viewer, municipality_id, records, dry_run=dry_run)
    facts = asdict(done)
    show_one(as_json, facts | {"dry_run": dry_run} if as_json else _in_words(facts, dry_run))


def _in_words(facts: dict[str, int], dry_run: bool) -> dict[str, int | str]:
    words: dict[str, int | str] = {
        "people_in_the_file": facts["rows"],
        "added": facts["added"],
        "changed": facts["changed"],
        "renamed": facts["renamed"],
        "moved": facts["moved"],
        "unchanged": facts["unchanged"],
        "kept_by_a_source": facts["elsewhere"],
        "not_in_the_file": facts["missing"],
        "placed": facts["placed"],
    }
    return words | ({"dry_run": "nothing was changed"} if dry_run else {})


def _tell_problems(refused: PeopleFileRefusedError, as_json: bool) -> NoReturn:
    if as_json:
        problems = [{"code": one.code, "facts": one.facts, "message": str(one)} for one in refused.problems]
        error = {"code": refused.code, "facts": refused.facts, "message": str(refused), "problems": problems}
        click.echo(json.dumps({"error": error}, ensure_ascii=False), err=True)
    else:
        click.echo(clean("\n".join([f"Error: {refused}", *(f"- {one}" for one in refused.problems)])), err=True)
    raise SystemExit(REFUSED)


@people.command("list")
@click.option("--municipality", required=True, help="Organisation number or slug.")
@click.option("--page", type=click.IntRange(min=1), default=1, show_default=True, help="Page of the list.")
@json_option
@with_sidecar
def list_page(sidecar: Sidecar, municipality: str, page: int, as_json: bool) -> None:
    """List the people of a municipality, a hundred a page."""
    with sidecar.reading() as db:
        municipality_id = find_municipality(db, municipality).id
        found = list_people(db, operator_at_the_console(), municipality_id, sidecar.today(), number=page)
    seen, viewer = [line.person_id for line in found.lines], operator_at_the_console()
    with sidecar.transaction() as db:
        access_log.record(db, viewer, "people-list", seen, municipality_id=municipality_id, now=sidecar.now())
    show(as_json, COLUMNS, [[getattr(line, column) for column in COLUMNS] for line in found.lines])
