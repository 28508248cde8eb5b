"""Begin learning paths, show them, and change their drafts, as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import click

from sidecar.cli.output import json_option, show, show_line, show_one, with_sidecar
from sidecar.core import path_people, paths
from sidecar.core.access import operator_at_the_console
from sidecar.core.path_contents import Content, Part, Step, content_of, document_of, read_content
from sidecar.core.path_courses import titles_of
from sidecar.core.paths import PathLine
from sidecar.core.regions import find_region
from sidecar.runtime import Sidecar

COLUMNS: Final = ("key", "title", "state", "region", "version", "draft", "expected", "finished")
EXAMPLE: Final = Content(
    "Ny på sykehjemmet",
    summary="Det alle som begynner hos oss, skal ha vært gjennom.",
    language="nb",
    in_order=True,
    parts=(
        Part(
            "forste-dag",
            "Første dag",
            steps=(
                Step("brannvern", "course", course="brannvern"),
                Step("slokkere", "task", title="Vis hvor slokkerne henger", note="Gå runden med den som er ny."),
            ),
        ),
        Part(
            "forste-maned",
            "Første måned",
            needs=2,
            steps=(
                Step("samling", "gathering", title="Samling for nye"),
                Step("smittevern", "course", course="smittevern", title="Hendene dine"),
                Step("rutiner", "link", title="Les rutinene", url="https://www.example.no/rutiner"),
            ),
        ),
        Part("mer", "Mer", steps=(Step("bok", "link", title="En god bok", url="https://www.example.no/bok"),)),
    ),
)
"""What a file of a path may hold, every field of it."""

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("list")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, as_json: bool) -> None:
    """List the learning paths, with how many are expected to take each and have finished."""
    viewer, today = operator_at_the_console(), sidecar.today()
    with sidecar.reading() as db:
        lines = paths.list_paths(db, viewer)
        course_ids = [line.course.id for line in lines]
        expected = path_people.count_expected(db, viewer, course_ids, today)
        finished = path_people.count_finished(db, viewer, course_ids, today)
        rows = [
            _facts(line) | {"expected": expected.get(line.course.id, 0), "finished": finished.get(line.course.id, 0)}
            for line in lines
        ]
    show(as_json, COLUMNS, rows)


def _facts(line: PathLine) -> dict[str, Any]:
    return {
        "key": line.course.key,
        "title": line.course.title,
        "state": line.status(),
        "region": line.region or None,
        "version": line.newest.number if line.newest else None,
        "draft": line.path.draft_number,
    }


@click.command("show")
@click.argument("key")
@click.option("--version", "number", type=click.IntRange(1), help="A version; the draft when left out.")
@json_option
@with_sidecar
def show_path(sidecar: Sidecar, key: str, number: int | None, as_json: bool) -> None:
    """Show what the learning path KEY holds; with --json, as `path new` and `path edit` read it."""
    with sidecar.reading() as db:
        line = paths.find_path(db, operator_at_the_console(), key)
        content = line.draft
        if number:
            content = content_of(paths.find_path_version(db, line.path.id, number).content)
        titles = titles_of(db, key, content)
    if as_json:
        click.echo(json.dumps(document_of(content), ensure_ascii=False, indent=2))
        return
    places = [(part.title or part.key, step) for part in content.parts for step in part.steps]
    steps = [f"{part}: {titles[step.key]} ({step.kind})" for part, step in places]
    show_one(False, _facts(line) | {"title": content.title, "in_order": content.in_order, "steps": steps or None})


@click.command("new")
@click.option("--file", "file", type=FILE, help="What it holds, as JSON; see --example.")
@click.option("--title", default="", help="A title, and nothing more for now.")
@click.option("--key", default="", help="What it is called in addresses; made of the title when left out.")
@click.option("--region", help="Slug of the region whose office looks after it; the operators' when left out.")
@click.option("--example", is_flag=True, help="Print a complete example of a file, and make nothing.")
@json_option
@with_sidecar
def new(
    sidecar: Sidecar, file: Path | None, title: str, key: str, region: str | None, example: bool, as_json: bool
) -> None:
    """Begin a learning path as a draft."""
    if example:
        click.echo(json.dumps(document_of(EXAMPLE), ensure_ascii=False, indent=2))
        return
    if bool(file) == bool(title):
        raise click.UsageError("Give either --file or --title.")
    content = _read(file) if file else Content(title, parts=(Part("part-1"),))
    with sidecar.transaction() as db:
        region_id = find_region(db, region).id if region else None
        line = paths.add_path(db, operator_at_the_console(), content, sidecar.now(), region_id=region_id, key=key)
    show_line(
        as_json,
        _facts(line),
        f"The path {line.course.key} is begun. Publish it: sidecar path publish {line.course.key}",
    )


@click.command("edit")
@click.argument("key")
@click.option(
    "--file", "file", type=FILE, required=True, help="What it shall hold, as `path show KEY --json` prints it."
)
@click.option("--draft", "number", type=int, help="Refuse if the draft is not this one any more; see `path list`.")
@json_option
@with_sidecar
def edit(sidecar: Sidecar, key: str, file: Path, number: int | None, as_json: bool) -> None:
    """Give the draft of the learning path KEY another content."""
    viewer, content = operator_at_the_console(), _read(file)
    with sidecar.transaction() as db:
        present = paths.find_path(db, viewer, key, to_change=True).path.draft_number
        line = paths.save_draft(db, viewer, key, content, present if number is None else number, sidecar.now())
    show_line(as_json, _facts(line), f"The draft of {key} is changed. Publish it: sidecar path publish {key}")


def _read(file: Path) -> Content:
    return read_content(file.read_text("utf-8", errors="replace"))


COMMANDS: Final = (list_all, show_path, new, edit)
"""What stands in the group `path` of drafts."""
