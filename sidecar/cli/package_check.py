"""Check packages and course sources."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from sidecar.accessibility import look_at
from sidecar.catalogue import Report
from sidecar.cli.output import NOT_RUN, REFUSED, clean, json_option, tell_error
from sidecar.errors import NotFoundError


@dataclass(frozen=True)
class _Told:
    """What is to be told of a file: `plain` is its JSON."""

    plain: Mapping[str, Any]

    @property
    def is_accepted(self) -> bool:
        return bool(self.plain["verdict"] == "accept")

    @property
    def barriers(self) -> Sequence[Mapping[str, Any]]:
        browser = self.plain["accessibility"]["browser"]
        return [*self.plain["accessibility"]["static"], *([] if isinstance(browser, str) else browser["findings"])]


@click.command("check")
@click.argument("files", metavar="FILE_OR_SOURCE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--accessibility", is_flag=True, help="List also what keeps people out of packages that others built.")
@click.option("--browser", is_flag=True, help="Look at every page and state in Chromium too (needs sidecar[browser]).")
@json_option
def check_files(files: tuple[Path, ...], accessibility: bool, browser: bool, as_json: bool) -> None:
    """Check each package, or course source in a folder, and change nothing.

    Exit code: 0 all accepted, 1 any rejected, 2 a file could not be read. What keeps people out of a course is told
    and changes no verdict. The browser reaches no network, and may take five minutes and 1.5 GB for each.
    """
    code = 0
    for file in files:
        try:
            told = _Told(look_at(file, in_browser=browser).plain)
        except NotFoundError as error:
            code = NOT_RUN
            tell_error(error, as_json=as_json)
            continue
        if not told.is_accepted:
            code = max(code, REFUSED)
        _show(told, as_json=as_json, lists_all=accessibility or browser)
    raise SystemExit(code)


def show_findings(report: Report, *, as_json: bool) -> None:
    """Print the findings for people, to stderr what was rejected; scripts read them from `package check --json`."""
    if not as_json:
        _show_findings(_Told(report.to_json()))


def _show(told: _Told, *, as_json: bool, lists_all: bool) -> None:
    if as_json:
        click.echo(clean(json.dumps(told.plain, ensure_ascii=False)))
        return
    verdict = "accepted" if told.is_accepted else "REJECTED"
    plain = told.plain
    click.echo(clean(f"{plain['file']}: {verdict} ({plain['version']}) {plain['title']}".rstrip()))
    _show_findings(told)
    _show_barriers(told.barriers, lists_all=lists_all)
    _show_browser(plain["accessibility"])


def _show_findings(told: _Told) -> None:
    for finding in told.plain["findings"]:
        place = f" [{finding['where']}]" if finding["where"] else ""
        click.echo(clean(f"  {finding['level']}: {finding['message']}{place}"), err=not told.is_accepted)


def _show_barriers(barriers: Sequence[Mapping[str, Any]], *, lists_all: bool) -> None:
    """List what the one who asks can mend; of what others built say how much there is."""
    listed = [each for each in barriers if lists_all or each["level"] == "warning"]
    for each in listed:
        click.echo(clean(f"  {each['level']}: {_place(each)}{each['message']} {each['mend']}"))
        if each["element"]:
            click.echo(clean(f"    {each['element']}"))
    if left := len(barriers) - len(listed):
        click.echo(f"  Remarks about accessibility: {left}. List them by --accessibility.")


def _show_browser(told: Mapping[str, Any]) -> None:
    """Say what a browser saw, where one was asked for: never that a course passed."""
    browser = told["browser"]
    if why := told.get("not_run"):
        click.echo(f"  Browser: not run: {why}.")
    elif not isinstance(browser, str):
        stopped = " It was stopped before it had seen all." if browser["stopped"] else ""
        click.echo(f"  Browser: looked at {browser['states']} pages and states.{stopped}")


def _place(barrier: Mapping[str, Any]) -> str:
    criterion = f"WCAG {barrier['criterion']}: " if barrier["criterion"] else ""
    return f"{barrier['page']}: {criterion}" if barrier["page"] else criterion
