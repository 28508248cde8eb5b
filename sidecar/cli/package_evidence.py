"""Write the evidence for the accessibility statement."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from sidecar.accessibility import write_evidence_of
from sidecar.cli.output import json_option, show_line
from sidecar.core.periods import day_of
from sidecar.language import DEFAULT, LANGUAGES


@click.command("evidence")
@click.argument("file", metavar="FILE_OR_SOURCE", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The file (HTML) to write.")
@click.option(
    "--language", type=click.Choice(LANGUAGES), default=DEFAULT, show_default=True, help="Language of the file."
)
@click.option("--browser", is_flag=True, help="Look at every page and state in Chromium too (needs sidecar[browser]).")
@json_option
def write_file(file: Path, output: Path, language: str, browser: bool, as_json: bool) -> None:
    """Set what machines find in a course against the 47 criteria of WCAG 2.1 that bind the public sector in Norway.

    It is for the municipality's accessibility statement. Each criterion says how it was judged; what a machine can't
    judge is left open for a person.
    """
    look = write_evidence_of(file, output, day_of(datetime.now(UTC)), language, in_browser=browser)
    found = len(look.barriers) + len(look.browser.barriers)
    facts = {"file": str(output), "findings": found, "browser": look.browser.states or "not run"}
    not_run = f" Browser: not run: {look.browser.not_run}." if look.browser.not_run else ""
    show_line(as_json, facts, f"Wrote {output}. Findings: {found}.{not_run}")
