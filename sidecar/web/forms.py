"""Do what a form asks, or say what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import abort, request
from sqlalchemy.orm import Session

from sidecar.errors import NotAllowedError, NotFoundError, SidecarError
from sidecar.web.access import sidecar

Done = TypeVar("Done")


class FileMissingError(SidecarError):
    """There was no file. Choose one first, then send the form again."""

    code = "file-missing"


def attempt(
    act: Callable[[], Done],
    show_again: Callable[[SidecarError], str],
    *,
    not_theirs_to_mend: tuple[type[SidecarError], ...] = (),
) -> Done | tuple[str, int]:
    """Do what a form asks, which opens its own transactions; return what that returns, or the form with what is wrong.

    Raises:
        SidecarError: what no other typing would mend: it is gone, not for the visitor, or as `not_theirs_to_mend` says.
    """
    passed_on: tuple[type[SidecarError], ...] = (NotFoundError, NotAllowedError, *not_theirs_to_mend)
    try:
        return act()
    except passed_on:
        raise
    except SidecarError as problem:
        return show_again(problem), 400


def submit(
    act: Callable[[Session], object],
    show_again: Callable[[SidecarError], str],
    *,
    not_theirs_to_mend: tuple[type[SidecarError], ...] = (),
) -> tuple[str, int] | None:
    """Do what a form asks, in one transaction; return the form again with what is wrong, or None where nothing is.

    Raises:
        SidecarError: as `attempt`.
    """

    def act_at_once() -> None:
        with sidecar().transaction() as db:
            act(db)

    return attempt(act_at_once, show_again, not_theirs_to_mend=not_theirs_to_mend)


def refuse_null_characters() -> None:
    """Refuse a null character in an address or form of staff and contacts: PostgreSQL keeps no such text."""
    if not request.path.startswith(("/staff/", "/reports")):
        return
    if "\0" in request.path:
        abort(404)
    given = (text for fields in (request.args, request.form) for texts in fields.listvalues() for text in texts)
    if any("\0" in text for text in given):
        abort(400)
