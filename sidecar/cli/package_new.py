"""Begin a course: write a small one that works, to be changed into one's own."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from sidecar.cli.output import json_option, show_line
from sidecar.course_building import begin


@click.command("new")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--title", default="", help="Title of the course; course.toml holds it afterwards.")
@click.option(
    "--language",
    "languages",
    metavar="CODE",
    multiple=True,
    default=("nb", "nn"),
    show_default=True,
    help="Language of the course, e.g. nb, nn, en or se; may be repeated, the main one first.",
)
@json_option
def new_source(folder: Path, title: str, languages: tuple[str, ...], as_json: bool) -> None:
    """Write a small course with every kind of block and question into FOLDER.

    FOLDER must be new or empty. docs/authoring.md says what may stand in the files.
    """
    begin(folder, languages, title)
    facts = {"folder": str(folder), "languages": list(dict.fromkeys(languages))}
    next_step = f"Look at it: sidecar package preview {shlex.quote(str(folder))}"
    show_line(as_json, facts, f"Wrote a course in {', '.join(facts['languages'])} to {folder}. {next_step}")
