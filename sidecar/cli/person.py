"""Show, export and erase a person, as the law lets people ask for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import click

from sidecar import privacy
from sidecar.cli.output import json_option, show, show_line, show_one, with_sidecar
from sidecar.core import access_log, erasure_requests, erasures
from sidecar.core.access import operator_at_the_console
from sidecar.core.data_subjects import DataSubject, of_key
from sidecar.core.personal_data import list_section
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar

PERSON = "Id of a person or identity, or <municipality>/<employee number>."
DELIVERED_COLUMNS = ("municipality", "period", "delivered_at", "delivery_id", "reference")
REQUEST_COLUMNS = ("person", "asked_at", "employee")
REGISTER_COLUMNS = ("erased", "at", "by")


@click.group()
def person() -> None:
    """See to a person's rights: what is kept of them, and its erasure.

    PERSON is the id of a person or an identity, or a municipality, a slash and the employee number there.
    """


@person.command("show")
@click.argument("key", metavar="PERSON")
@json_option
@with_sidecar
def show_person(sidecar: Sidecar, key: str, as_json: bool) -> None:
    """Tell who PERSON (an id, or such as rollag/1001) is and how much is kept; the access log remembers your look."""
    subject = _find(sidecar, key)
    with sidecar.reading() as db:
        kept = {name: list(list_section(db, subject, name)) for name in ("person", "employments", "identities")}
        holding = asdict(erasures.count_holding(db, subject))
    with sidecar.transaction() as db:
        privacy.note_look(db, operator_at_the_console(), "person-page", subject, sidecar.now())
    named = {name: kept["person"][0][name] if kept["person"] else None for name in ("first_name", "last_name", "email")}
    places = [f"{one['municipality']} {one['employee_number']} {one['unit']}".strip() for one in kept["employments"]]
    accounts = [f"{one['platform'] or 'sign-in link'} {one['name'] or one['subject']}" for one in kept["identities"]]
    erased_at = kept["person"][0]["erased_at"] if kept["person"] else None
    told = {"id": subject.id, **named, "employments": places, "accounts": accounts}
    show_one(as_json, told | {f"number_of_{name}": count for name, count in holding.items()} | {"erased_at": erased_at})


@person.command("export")
@click.argument("key", metavar="PERSON")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write.")
@json_option
@with_sidecar
def export(sidecar: Sidecar, key: str, output: Path, as_json: bool) -> None:
    """Write everything that is kept of PERSON (an id, or such as rollag/1001) as JSON; the access log remembers it."""
    subject = _find(sidecar, key)
    output.touch(mode=0o600)
    with output.open("w", encoding="utf-8") as file:
        file.writelines(privacy.export(sidecar, operator_at_the_console(), subject))
    size_bytes = output.stat().st_size
    told = {"person": subject.id, "file": str(output), "size_bytes": size_bytes}
    show_line(as_json, told, f"Everything that is kept of {subject.id} is in {output} ({size_bytes} bytes).")


@person.command("erase")
@click.argument("key", metavar="PERSON", required=False)
@click.option("--from-register", "register", type=click.Path(exists=True, path_type=Path), help="Repeat its erasures.")
@click.option("--dry-run", is_flag=True, help="Only say what it would be about.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@json_option
@with_sidecar
def erase(sidecar: Sidecar, key: str | None, register: Path | None, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Erase PERSON: all that says who they are goes, counts stay true. It can't be undone.

    PERSON is an id, or municipality and employee number, such as rollag/1001.

    Lists the reports with the person in them that municipalities have, so that they can be told. A person who still
    works there is added as somebody new by the next import of people. --from-register repeats, after a backup was
    restored, the erasures in a file of `sidecar person erasures`, or in a log.
    """
    if bool(key) == bool(register):
        raise click.UsageError("Give either PERSON or --from-register.")
    subjects = [_find(sidecar, key)] if key else list(_in_register(sidecar, register))
    with sidecar.reading() as db:
        holdings = [{"person": one.id} | asdict(erasures.count_holding(db, one)) for one in subjects]
    if dry_run:
        columns = ("person", *erasures.Holding.__dataclass_fields__)
        return show(as_json, columns, holdings)
    if not yes:
        click.confirm(f"Erase {len(subjects)} for good?", abort=True, err=True)
    receipts = [privacy.erase(sidecar, operator_at_the_console(), one) for one in subjects]
    if as_json:
        return show(as_json, (), [asdict(one) | {"delivered": list(map(asdict, one.delivered))} for one in receipts])
    for one in receipts:
        click.echo(f"Erased {one.subject_id}. Reports with them in, which the municipalities have:")
        show(as_json, DELIVERED_COLUMNS, [asdict(each) for each in one.delivered])
    return None


@person.command("erasures")
@json_option
@with_sidecar
def list_erasures(sidecar: Sidecar, as_json: bool) -> None:
    """List the register of erasures, ids and times only; keep a copy of --json beside the backups."""
    rows = [(one.subject_id, one.erased_at, one.erased_by) for one in privacy.list_register(sidecar)]
    show(as_json, REGISTER_COLUMNS, rows)


@person.command("requests")
@json_option
@with_sidecar
def list_requests(sidecar: Sidecar, as_json: bool) -> None:
    """List who asks to be erased and waits for an answer, by id; the staff pages say who they are."""
    with sidecar.reading() as db:
        found = erasure_requests.list_waiting(db, operator_at_the_console())
    rows = [
        (
            line.subject_id,
            line.request.asked_at,
            ", ".join(f"{one.slug}/{one.employee_number}" for one in line.workplaces),
        )
        for line in found
    ]
    with sidecar.transaction() as db:
        seen = [line.subject_id for line in found]
        viewer = operator_at_the_console()
        access_log.record(db, viewer, "erasure-requests", seen, municipality_id="", now=sidecar.now())
    show(as_json, REQUEST_COLUMNS, rows)


def _find(sidecar: Sidecar, key: str) -> DataSubject:
    with sidecar.reading() as db:
        return of_key(db, operator_at_the_console(), key)


def _in_register(sidecar: Sidecar, register: Path | None) -> Iterator[DataSubject]:
    """Yield those of a register who are here and not erased."""
    text = register.read_text("utf-8") if register else ""
    with sidecar.reading() as db:
        for subject_id in dict.fromkeys(_ids(text)):
            if erasures.find_erasure(db, subject_id) is None:
                try:
                    yield of_key(db, operator_at_the_console(), subject_id)
                except NotFoundError:
                    click.echo(f"{subject_id} is not here, so there is nothing to erase.", err=True)


def _ids(text: str) -> Iterable[str]:
    """Return the ids in a register, or in a log with one JSON object a line."""
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except json.JSONDecodeError:
            continue
        yield from (one["erased"] for one in (found if isinstance(found, list) else [found]) if "erased" in one)
