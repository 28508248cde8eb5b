"""Hold the options that several commands about LMSs take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import click

from sidecar import tool
from sidecar.core.regions import find_region
from sidecar.errors import InvalidInputError
from sidecar.runtime import Sidecar

NONE = "none"
AMBIGUOUS = (
    "Several municipalities share this platform without a pattern: an employee number that two of them use places "
    "nobody. Let the LMS send e.g. rollag-1001, or give each a --pattern."
)

SHARED_CLIENT_ID = (
    "Another LMS, of another issuer, has this client ID too. That may be chance where ids are numbers, as at Canvas; "
    "make sure that each LMS gave the id itself, and that its token address is its own."
)

Command = TypeVar("Command", bound=Callable[..., object])


def municipality_options(*, required: bool = True) -> Callable[[Command], Command]:
    """Give a command the options that say for which municipalities an LMS speaks."""

    def add(command: Command) -> Command:
        pattern = click.option(
            "--pattern",
            "patterns",
            multiple=True,
            metavar="MUNICIPALITY=REGEX",
            help="How person_sourcedid holds the number, e.g. 'rollag=r-(?P<employee_number>[0-9]+)'; repeatable.",
        )
        municipality = click.option(
            "--municipality",
            "municipalities",
            multiple=True,
            required=required,
            help="Organisation number or slug of a municipality the LMS speaks for; repeatable.",
        )
        return municipality(pattern(command))

    return add


def yes_option(command: Command) -> Command:
    """Give a command the option that spares it the question."""
    return click.option("--yes", is_flag=True, help="Don't ask.")(command)


def read_patterns(patterns: Sequence[str]) -> dict[str, str]:
    """Split each `MUNICIPALITY=REGEX`.

    Raises:
        InvalidInputError: one has no "=".
    """
    pairs = [pattern.partition("=") for pattern in patterns]
    if not all(separator for _, separator, _ in pairs):
        raise InvalidInputError(field="pattern", reason="write MUNICIPALITY=REGEX.")
    return {key: regex for key, _, regex in pairs}


def find_municipalities(
    sidecar: Sidecar, municipalities: Sequence[str], patterns: Sequence[str]
) -> dict[str, str | None]:
    """Return the pattern, or None, by id of each municipality that was named.

    Raises:
        NotFoundError: there is no such municipality.
        InvalidInputError: a pattern can't be used.
    """
    with sidecar.reading() as db:
        return tool.read_municipalities(db, municipalities, read_patterns(patterns))


def find_region_id(sidecar: Sidecar, slug: str | None) -> str | None:
    """Return the id of a region; None for none.

    Raises:
        NotFoundError: there is no such region.
    """
    if slug in (None, NONE):
        return None
    with sidecar.reading() as db:
        return find_region(db, str(slug)).id
