"""Build packages from course sources."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sidecar.cli.output import REFUSED, clean, json_option, show_line
from sidecar.course_building import (
    DEFAULT_STANDARD,
    STANDARDS,
    Built,
    Order,
    SourceRefusedError,
    Standard,
    build,
    plain,
)


@click.command("build")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The package (zip) to write.")
@click.option(
    "--standard",
    type=click.Choice(STANDARDS),
    default=DEFAULT_STANDARD,
    show_default=True,
    help="What it is for; web: the same pages without an LMS, to be unpacked and opened.",
)
@click.option(
    "--language",
    "languages",
    metavar="CODE",
    multiple=True,
    help="Only this language, e.g. nb; may be repeated. Without it all go in, with a switch.",
)
@click.option("--each-language", is_flag=True, help="A package for each language: course.nb.zip, course.nn.zip.")
@json_option
def build_source(
    source: Path, output: Path, standard: Standard, languages: tuple[str, ...], each_language: bool, as_json: bool
) -> None:
    """Build a package from the course source in the folder SOURCE.

    The same source gives the same bytes. If anything is wrong, every problem is told with its file and line, and the
    package that was there before stays as it was.
    """
    try:
        made = build(source, output, Order(standard, languages, each_language))
    except SourceRefusedError as error:
        _tell(error, as_json=as_json)
        raise SystemExit(REFUSED) from None
    for one in made:
        show_line(as_json, _facts(one), _sentence(one))


def _tell(error: SourceRefusedError, *, as_json: bool) -> None:
    """Print the problems as compilers do, a line each, so that editors can jump to them."""
    if as_json:
        told = {"code": error.code, "facts": error.facts, "message": str(error)}
        problems = [plain(problem) for problem in error.problems]
        click.echo(clean(json.dumps({"error": told | {"problems": problems}}, ensure_ascii=False)), err=True)
        return
    for problem in error.problems:
        click.echo(clean(f"{problem.place}: {problem.message}" if problem.place else problem.message), err=True)


def _facts(built: Built) -> dict[str, object]:
    return {
        "file": str(built.path),
        "standard": built.standard,
        "languages": list(built.languages),
        "files": built.file_count,
        "size_bytes": built.size_bytes,
        "sha256": built.digest,
    }


def _sentence(built: Built) -> str:
    languages = ", ".join(built.languages)
    return f"Built {built.path} ({built.standard}, {languages}): {built.file_count} files, {built.size_bytes} bytes."
