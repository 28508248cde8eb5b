"""Set up the channels that reports go out by."""

from __future__ import annotations

from collections.abc import Sequence

import click

from sidecar.cli.output import clean, json_option, show, show_line, show_one, with_sidecar
from sidecar.connectors.base import settings_of
from sidecar.connectors.registry import list_connectors
from sidecar.core.access import operator_at_the_console
from sidecar.core.connections import Connection, list_connections
from sidecar.core.municipalities import find_municipality, list_municipalities
from sidecar.errors import SidecarError
from sidecar.reports.channels import add_connection, describe_settings, remove_connection, test_connection
from sidecar.runtime import Sidecar

COLUMNS = ("id", "municipality", "connector", "settings", "tested_at", "test_error")


@click.group()
def connection() -> None:
    """Set up the channels of municipalities."""


@connection.command("add", context_settings={"ignore_unknown_options": True})
@click.argument("connector")
@click.option("--municipality", required=True, help="Organisation number or slug.")
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A setting; --NAME VALUE does the same.")
@click.option("--ask", "asked", multiple=True, metavar="NAME", help="Ask for a secret setting, unseen; repeatable.")
@click.argument("settings", nargs=-1, type=click.UNPROCESSED, metavar="[--NAME VALUE]...")
@json_option
@with_sidecar
def add(
    sidecar: Sidecar,
    connector: str,
    municipality: str,
    pairs: tuple[str, ...],
    asked: tuple[str, ...],
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Set up CONNECTOR for a municipality, for example: folder --folder /srv/reports.

    A VALUE of @FILE is read from that file, @- from standard input, so that no secret stands in the list of processes;
    a value that begins with @ itself is written @@.

    What it needs (a folder) is made, and it is tested at once; it is kept even where the test fails.
    `connection connectors` tells which there are.
    """
    given = _read_pairs(pairs) | _read_options(settings)
    values = {name: _read_value(value) for name, value in given.items()}
    values |= {name: click.prompt(name, hide_input=True, err=True) for name in asked}
    with sidecar.reading() as db:
        slug = (owner := find_municipality(db, municipality)).slug
    added = add_connection(sidecar, operator_at_the_console(), owner.id, connector, values)
    problem = _test(sidecar, added.id)
    if problem:
        click.echo(clean(f"The connection was added, but its test failed: {problem}"), err=True)
    shown = {"id": added.id, "municipality": slug, "connector": connector}
    show_one(as_json, shown | {"test_error": problem.code if problem else None})


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


def _test(sidecar: Sidecar, connection_id: str) -> SidecarError | None:
    try:
        test_connection(sidecar, operator_at_the_console(), connection_id)
    except SidecarError as error:
        return error
    return None


@connection.command("list")
@click.option("--municipality", help="Organisation number or slug; all when left out.")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, municipality: str | None, as_json: bool) -> None:
    """List the connections; secret settings are hidden."""
    with sidecar.reading() as db:
        slugs = {one.id: one.slug for one in list_municipalities(db)}
        owner_id = find_municipality(db, municipality).id if municipality else None
        rows = [
            _line(sidecar, one, slugs, as_json) for one in list_connections(db, operator_at_the_console(), owner_id)
        ]
    show(as_json, COLUMNS, rows)


def _line(sidecar: Sidecar, one: Connection, slugs: dict[str, str], as_json: bool) -> list[object]:
    settings = describe_settings(sidecar, one)
    shown = settings if as_json else [f"{name}={value}" for name, value in settings.items()]
    return [one.id, slugs[one.municipality_id], one.connector, shown, one.tested_at, one.test_error_code]


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
    """Try a connection."""
    test_connection(sidecar, operator_at_the_console(), connection_id)
    show_line(as_json, {"id": connection_id, "works": True}, "The connection works.")


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
