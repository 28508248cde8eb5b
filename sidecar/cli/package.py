"""Add, check and list courses."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from sidecar.catalogue import AddedVersion, PackageRejectedError, add_package
from sidecar.cli.output import json_option, show, show_line, with_sidecar
from sidecar.cli.package_build import build_source
from sidecar.cli.package_check import check_files, show_findings
from sidecar.cli.package_evidence import write_file
from sidecar.cli.package_life import publish, retire, rollback
from sidecar.cli.package_new import new_source
from sidecar.cli.package_preview import preview_source
from sidecar.core.access import operator_at_the_console
from sidecar.core.municipalities import find_municipality
from sidecar.core.staff_courses import CourseLine, describe, list_courses_of, remove_version
from sidecar.runtime import Sidecar

COLUMNS = ("key", "title", "status", "version", "newest", "standard", "files", "size_bytes", "uploaded_at", "reviewed")


@click.group()
def package() -> None:
    """Add, check and list courses (SCORM packages)."""


@package.command("add")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--key",
    help="Course key, the value of the LMS's custom parameter; the package's own, or made from the title, if left out.",
)
@click.option("--title", help="Title of the course, instead of the package's own.")
@click.option("--municipality", help="Organisation number or slug of the municipality that owns the course.")
@click.option("--draft", is_flag=True, help="Publish it later, on its page or by `sidecar package publish`.")
@json_option
@with_sidecar
def add(
    sidecar: Sidecar,
    file: Path,
    key: str | None,
    title: str | None,
    municipality: str | None,
    draft: bool,
    as_json: bool,
) -> None:
    """Check FILE and publish it as the newest version of its course.

    The same file again changes nothing. A course that exists gets a new version; learners finish the one they began.
    """
    municipality_id = _municipality_id(sidecar, municipality)
    try:
        added = add_package(
            sidecar, file, key=key, title=title, municipality_id=municipality_id, is_published=not draft
        )
    except PackageRejectedError as error:
        show_findings(error.report, as_json=as_json)
        raise
    facts = {
        "course": added.key,
        "title": added.title,
        "version": added.number,
        "version_id": added.version_id,
        "added": added.is_new,
    }
    show_line(as_json, facts, _sentence(added, is_draft=draft))


@package.command("list")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, as_json: bool) -> None:
    """List the courses: how each stands, the version that learners get, and the newest one, which may be a draft."""
    with sidecar.reading() as db:
        rows = [_row(line, sidecar.today()) for line in list_courses_of(db, operator_at_the_console())]
    show(as_json, COLUMNS, rows)


@package.command("describe")
@click.argument("key")
@click.option("--summary", help='What teachers read who choose among courses; "" takes it away.')
@click.option("--language", metavar="CODE", help='Its language, e.g. nb, nn, en or se; "" takes it away.')
@json_option
@with_sidecar
def describe_course(sidecar: Sidecar, key: str, summary: str | None, language: str | None, as_json: bool) -> None:
    """Say in a sentence or two what the course KEY is about, and in which language it is.

    The first package of a course brings it along where its metadata describe it; later ones leave it as it is.
    """
    if summary is None and language is None:
        raise click.UsageError("Give --summary, --language or both.")
    with sidecar.transaction() as db:
        who = operator_at_the_console()
        course = describe(db, who, key, sidecar.now(), summary=summary, language=language)
        facts = {"course": course.key, "summary": course.summary or "", "language": course.language or ""}
    show_line(as_json, facts, f"Described {facts['course']}.")


@package.command("remove")
@click.argument("key")
@click.argument("number", type=click.IntRange(min=1))
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@with_sidecar
def remove(sidecar: Sidecar, key: str, number: int, yes: bool, as_json: bool) -> None:
    """Remove version NUMBER of the course KEY, if no learner has begun it."""
    if not yes:
        click.confirm(
            f"Remove version {number} of {key}? New learners get the newest that is left.", abort=True, err=True
        )
    with sidecar.transaction() as db:
        remove_version(db, operator_at_the_console(), key, number, sidecar.now())
    show_line(as_json, {"course": key, "version": number, "removed": True}, f"Removed version {number} of {key}.")


def _municipality_id(sidecar: Sidecar, key: str | None) -> str | None:
    if key is None:
        return None
    with sidecar.reading() as db:
        return find_municipality(db, key).id


def _sentence(added: AddedVersion, *, is_draft: bool) -> str:
    what = f'version {added.number} of the course "{added.title}" (key {added.key})'
    if not added.is_new:
        return f"Nothing changed: this very package is {what} already."
    if is_draft:
        return f"Added {what} as a draft. Publish it by: sidecar package publish {added.key} {added.number}"
    return f"Added {what}. In your LMS, set the custom parameter course={added.key}."


def _row(line: CourseLine, today: date) -> dict[str, Any]:
    playing = line.playing
    return {
        "key": line.course.key,
        "title": line.course.title,
        "status": line.status(today),
        "version": playing.number if playing else None,
        "newest": line.newest.number if line.newest else None,
        "standard": playing.standard if playing else None,
        "files": playing.file_count if playing else 0,
        "size_bytes": playing.size_bytes if playing else 0,
        "uploaded_at": playing.uploaded_at if playing else None,
        "reviewed": bool(playing and playing.reviewed_at),
    }


for command in (check_files, write_file, new_source, build_source, preview_source, publish, rollback, retire):
    package.add_command(command)
