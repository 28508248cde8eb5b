"""Show what a command found: a table for people, JSON for scripts, and exit codes both can trust."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import wraps
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import OperationalError

from sidecar.core.periods import OSLO
from sidecar.errors import MisconfiguredError, SidecarError
from sidecar.log import configure_log
from sidecar.room import NoRoomError, is_no_room
from sidecar.runtime import Sidecar
from sidecar.schema import DatabaseUnreachableError, NotMigratedError, refuse_unmigrated
from sidecar.settings import read_settings

P = ParamSpec("P")
R = TypeVar("R")

REFUSED = 1
"""Exit code: the thing asked for failed or was refused."""

NOT_RUN = 2
"""Exit code: the command could not run at all (usage, settings, database)."""

_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What moves the cursor of a terminal, renames its window, or turns the order of letters round."""

_COULD_NOT_RUN = (MisconfiguredError, NotMigratedError, DatabaseUnreachableError)
_AS_JSON = "sidecar.as_json"

Value = Any
"""What may stand in a cell: anything `json` or `str` can say."""


def json_option(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command the option `--json`, which arrives as the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, callback=_remember_json, help="Print JSON for scripts.")(
        command
    )


def _remember_json(context: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    context.meta[_AS_JSON] = value
    return value


def with_sidecar(command: Callable[Concatenate[Sidecar, P], R]) -> Callable[P, R]:
    """Give a command an opened `Sidecar` on a migrated database as its first argument."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with open_sidecar() as sidecar:
            return command(sidecar, *args, **kwargs)

    return run


@contextmanager
def open_sidecar(port: int | None = None) -> Iterator[Sidecar]:
    """Open the application that the environment describes, and close it at the end.

    Raises:
        MisconfiguredError: the environment can't be used.
        NotMigratedError: the database lacks its tables or has old ones.
    """
    sidecar = Sidecar(read_settings(port=port))
    try:
        refuse_unmigrated(sidecar.engine)
        yield sidecar
    finally:
        sidecar.close()


def show(as_json: bool, columns: Sequence[str], rows: Sequence[Sequence[Value] | Mapping[str, Value]]) -> None:
    """Print rows: a table, or with `as_json` a JSON list of objects whose keys are the columns.

    Args:
        columns: names in snake_case; they are the JSON keys and, with spaces, the headings.
        rows: each a sequence in the order of the columns, or a mapping by column.
    """
    objects = [row if isinstance(row, Mapping) else dict(zip(columns, row, strict=True)) for row in rows]
    if as_json:
        click.echo(_to_json(objects))
        return
    table = Table(*(column.replace("_", " ").capitalize() for column in columns), box=None, pad_edge=False)
    for row in objects:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    _console().print(table if objects else "Nothing yet.", markup=False)


def show_one(as_json: bool, facts: Mapping[str, Value]) -> None:
    """Print one thing: a line a fact, or with `as_json` one JSON object."""
    if as_json:
        click.echo(_to_json(facts))
        return
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        lines = value if isinstance(value, list | tuple) else [value]
        for number, line in enumerate(lines):
            label = name.replace("_", " ").capitalize() if number == 0 else ""
            click.echo(f"{label:<{width}}  {_cell(line)}")


def show_line(as_json: bool, facts: Mapping[str, Value], text: str) -> None:
    """Print a sentence for people, or with `as_json` one line of JSON with the facts."""
    click.echo(_to_json(facts) if as_json else clean(text))


def clean(text: str) -> str:
    """Return text that a terminal shows as it is: what would steer it stands there as JSON would escape it.

    Names and messages come from LMSs, packages and files too.
    """
    return _UNSHOWN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def progress(what: str) -> Callable[[int], None]:
    """Return what tells a person on a terminal, once a second, how far a long command has come."""
    told_at = time.monotonic()

    def tell(count: int) -> None:
        nonlocal told_at
        if sys.stderr.isatty() and time.monotonic() - told_at > 1:
            told_at = time.monotonic()
            click.echo(f"\r{count} {what} …", err=True, nl=False)

    return tell


def _to_json(value: Value) -> str:
    """Write JSON; moments and days as ISO 8601."""
    return clean(json.dumps(value, ensure_ascii=False, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _cell(value: Value) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(OSLO):%Y-%m-%d %H:%M}"
    if isinstance(value, list | tuple):
        return ", ".join(_cell(part) for part in value)
    return clean(str(value)).replace("\n", "\\n")


def _console() -> Console:
    width = None if sys.stdout.isatty() else 240  # a pipe has no width: never fold what a script greps for
    return Console(width=width, highlight=False, soft_wrap=width is not None)


class SidecarGroup(click.Group):
    """The command line's border: an error becomes text (or JSON) on stderr and an exit code.

    The log goes to stderr and tells of warnings only, until a command that serves says otherwise: stdout belongs to
    the answer.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's own signature)
        """Return the commands in the order they were added."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 (click's own signature)
        """Run the command; tell of an error in words a person or a script can use."""
        configure_log("WARNING")
        try:
            return super().invoke(ctx)
        except SidecarError as error:
            fail(error, as_json=bool(ctx.meta.get(_AS_JSON)))
        except (OperationalError, OSError) as error:
            if is_no_room(error):
                fail(NoRoomError(), as_json=bool(ctx.meta.get(_AS_JSON)))
            if isinstance(error, OSError):
                raise
            fail(DatabaseUnreachableError(), as_json=bool(ctx.meta.get(_AS_JSON)))


def fail(error: SidecarError, *, as_json: bool) -> NoReturn:
    """Print an error to stderr and end with its exit code."""
    tell_error(error, as_json=as_json)
    raise SystemExit(NOT_RUN if isinstance(error, _COULD_NOT_RUN) else REFUSED)


def tell_error(error: SidecarError, *, as_json: bool) -> None:
    """Print an error to stderr: a sentence for people, or with `as_json` its code and facts."""
    told = {"error": {"code": error.code, "facts": error.facts, "message": str(error)}}
    click.echo(_to_json(told) if as_json else clean(f"Error: {error}"), err=True)
