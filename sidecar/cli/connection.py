"""Set up connections: the channels that reports go out by, and what people and completions are read from."""

from __future__ import annotations

from collections.abc import Sequence

import click

from sidecar.cli.output import REFUSED, clean, json_option, show, show_line, show_one, with_sidecar
from sidecar.connecting import (
    Outcome,
    Owner,
    add_connection,
    change_connection,
    describe_settings,
    examine_connection,
    remove_connection,
)
from sidecar.connectors.base import settings_of
from sidecar.connectors.registry import list_connectors
from sidecar.core.access import operator_at_the_console
from sidecar.core.connections import Connection, list_connections
from sidecar.core.municipalities import find_municipality, list_municipalities
from sidecar.core.platforms import find_platform, list_platforms
from sidecar.runtime import Sidecar

COLUMNS = ("id", "municipality", "platform", "connector", "settings", "tested_at", "test_error")
MARKS = {"ok": "✓", "warning": "!", "failed": "✕", "skipped": "–"}


@click.group()
def connection() -> None:
    """Set up the connections of municipalities and of LMSs."""


@connection.command("add", context_settings={"ignore_unknown_options": True})
@click.argument("connector")
@click.option("--municipality", help="Whose it is: organisation number or slug.")
@click.option("--platform", help="The LMS that completions are read from: its name or id.")
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A setting; --NAME VALUE does the same.")
@click.option("--ask", "asked", multiple=True, metavar="NAME", help="Ask for a secret setting, unseen; repeatable.")
@click.argument("settings", nargs=-1, type=click.UNPROCESSED, metavar="[--NAME VALUE]...")
@json_option
@with_sidecar
def add(
    sidecar: Sidecar,
    connector: str,
    municipality: str | None,
    platform: str | None,
    pairs: tuple[str, ...],
    asked: tuple[str, ...],
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Set up CONNECTOR for a municipality or an LMS, for example: folder --folder /srv/reports.

    A VALUE of @FILE is read from that file, @- from standard input, so that no secret stands in the list of processes;
    a value that begins with @ itself is written @@.

    What it needs (a folder) is made, and it is tested at once; it is kept even where the test fails. For moodle, the
    test says what to make there. `connection connectors` tells which there are.
    """
    values = _gather(pairs, asked, settings)
    with sidecar.reading() as db:
        owner = find_municipality(db, municipality) if municipality else None
        lms = find_platform(db, platform) if platform else None
        whose = Owner(owner.id if owner else None, lms.id if lms else None)
        shown = {"municipality": owner.slug if owner else None, "platform": lms.name if lms else None}
    added = add_connection(sidecar, operator_at_the_console(), whose, connector, values)
    outcome = examine_connection(sidecar, operator_at_the_console(), added.id)
    if outcome.problem:
        click.echo(clean(f"The connection was added, but its test failed: {outcome.problem}"), err=True)
    code = outcome.problem.code if outcome.problem else None
    _show_outcome(as_json, outcome, {"id": added.id, **shown, "connector": connector, "test_error": code})


def _gather(pairs: Sequence[str], asked: Sequence[str], settings: Sequence[str]) -> dict[str, str]:
    """Return the settings that were given, in whichever way."""
    given = _read_pairs(pairs) | _read_options(settings)
    values = {name: _read_value(value) for name, value in given.items()}
    return values | {name: click.prompt(name, hide_input=True, err=True) for name in asked}


@connection.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("connection_id")
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A setting; --NAME VALUE does the same.")
@click.option("--ask", "asked", multiple=True, metavar="NAME", help="Ask for a secret setting, unseen; repeatable.")
@click.argument("settings", nargs=-1, type=click.UNPROCESSED, metavar="[--NAME VALUE]...")
@json_option
@with_sidecar
def change(
    sidecar: Sidecar,
    connection_id: str,
    pairs: tuple[str, ...],
    asked: tuple[str, ...],
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Change settings of a connection in place, for example a token that was renewed: --ask token.

    Values are given as with `connection add`; an empty one takes a setting away, and what is not named stays. Its
    sources go on with it. It is tested at once, and changed even where the test fails.
    """
    values = _gather(pairs, asked, settings)
    if not values:
        raise click.UsageError("Name a setting to change.")
    changed = change_connection(sidecar, operator_at_the_console(), connection_id, values)
    outcome = examine_connection(sidecar, operator_at_the_console(), connection_id)
    if outcome.problem:
        click.echo(clean(f"The connection was changed, but its test failed: {outcome.problem}"), err=True)
    code = outcome.problem.code if outcome.problem else None
    _show_outcome(as_json, outcome, {"id": connection_id, "connector": changed.connector, "test_error": code})


def _show_outcome(as_json: bool, outcome: Outcome, facts: dict[str, object]) -> None:
    """Print how a test went; what was found thing by thing stands below, or in JSON as codes and facts."""
    if as_json and outcome.problem:
        facts["message"] = str(outcome.problem)
    if as_json and outcome.found:
        facts["found"] = [
            {"code": each.code, "outcome": each.outcome, "facts": dict(each.facts), "message": each.text}
            for each in outcome.found
        ]
    show_one(as_json, facts)
    if not as_json:
        for each in outcome.found:
            click.echo(clean(f"{MARKS[each.outcome]} {each.text}"))


def _read_pairs(pairs: Sequence[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise click.UsageError(f"--set needs NAME=VALUE, not {pair.split('=')[0]!r}.")
    return dict(pair.split("=", 1) for pair in pairs)


def _read_options(words: Sequence[str]) -> dict[str, str]:
    if len(words) % 2 or not all(word.startswith("--") and len(word) > 2 for word in words[::2]):
        raise click.UsageError("Give settings as --NAME VALUE or --set NAME=VALUE.")
    return {name[2:].replace("-", "_"): value for name, value in zip(words[::2], words[1::2], strict=True)}


def _read_value(value: str) -> str:
    """Return a value that is given as itself, or as the name of a file that holds it."""
    if not value.startswith("@") or value.startswith("@@"):
        return value.removeprefix("@")
    try:
        with click.open_file(value[1:], encoding="utf-8") as file:
            return str(file.read()).strip()
    except OSError as error:
        raise click.UsageError(f"{value[1:]} can't be read: {error.strerror}.") from None


@connection.command("list")
@click.option("--municipality", help="Organisation number or slug; all when left out.")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, municipality: str | None, as_json: bool) -> None:
    """List the connections; secret settings are hidden."""
    with sidecar.reading() as db:
        names = {one.id: one.slug for one in list_municipalities(db)} | {one.id: one.name for one in list_platforms(db)}
        owner_id = find_municipality(db, municipality).id if municipality else None
        rows = [
            _line(sidecar, one, names, as_json) for one in list_connections(db, operator_at_the_console(), owner_id)
        ]
    show(as_json, COLUMNS, rows)


def _line(sidecar: Sidecar, one: Connection, names: dict[str, str], as_json: bool) -> list[object]:
    settings = describe_settings(sidecar, one)
    shown = settings if as_json else [f"{name}={value}" for name, value in settings.items()]
    whose = names.get(one.municipality_id or ""), names.get(one.platform_id or "")
    return [one.id, *whose, one.connector, shown, one.tested_at, one.test_error_code]


@connection.command("connectors")
@json_option
def list_installed(as_json: bool) -> None:
    """List the connectors that are installed, with their settings; a broken one is shown with its error."""
    rows = [
        (
            one.name,
            one.kind.title if one.kind else None,
            [f"{entry.name}: {entry.help}" for entry in settings_of(one.kind)] if one.kind else [],
            one.error or None,
        )
        for one in list_connectors()
    ]
    show(as_json, ("name", "title", "settings", "error"), rows)


@connection.command("test")
@click.argument("connection_id")
@json_option
@with_sidecar
def test(sidecar: Sidecar, connection_id: str, as_json: bool) -> None:
    """Try a connection; exit code 1 where it does not work."""
    outcome = examine_connection(sidecar, operator_at_the_console(), connection_id)
    if not outcome.found:
        if outcome.problem:
            raise outcome.problem
        show_line(as_json, {"id": connection_id, "works": True}, "The connection works.")
        return
    code = outcome.problem.code if outcome.problem else None
    _show_outcome(as_json, outcome, {"id": connection_id, "works": not outcome.problem, "test_error": code})
    if outcome.problem:
        raise SystemExit(REFUSED)


@connection.command("remove")
@click.argument("connection_id")
@click.option("--yes", is_flag=True, help="Don't ask.")
@json_option
@with_sidecar
def remove(sidecar: Sidecar, connection_id: str, yes: bool, as_json: bool) -> None:
    """Take a connection out of use; what was delivered stays in the ledger."""
    if not yes:
        click.confirm("Remove this connection? Its settings are forgotten.", abort=True, err=True)
    remove_connection(sidecar, operator_at_the_console(), connection_id)
    show_line(as_json, {"id": connection_id, "removed": True}, "The connection was removed.")
