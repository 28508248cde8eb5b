"""Read the forms of the learning paths' editor, and save what they change of the draft they were made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import request
from sqlalchemy.orm import Session

from sidecar.core.path_contents import Content
from sidecar.core.paths import DraftChangedError, PathLine, find_path, save_draft
from sidecar.core.short_texts import TextTooLongError, one_line
from sidecar.errors import SidecarError
from sidecar.web.access import current, sidecar
from sidecar.web.forms import submit

LONGEST_NUMBER = 9

Form = Mapping[str, str]


class NamelessError(SidecarError):
    """There is no title. Write what people shall call it."""

    code = "nameless"


def title_of(form: Form, most: int, *, needed: bool = True) -> str:
    """Return a title on one line.

    Raises:
        NamelessError: there is none, though it is needed.
        TextTooLongError: it is too long.
    """
    title = _short_enough(one_line(form.get("title", "")), most)
    if needed and not title:
        raise NamelessError
    return title


def text_of(form: Form, name: str, most: int) -> str:
    """Return a text of several lines, without what can't be seen.

    Raises:
        TextTooLongError: it is too long.
    """
    lines = (one_line(line) for line in form.get(name, "").splitlines())
    return _short_enough("\n".join(lines).strip(), most)


def number_of(form: Form, name: str) -> int:
    """Return a number of a form; 0 for what is none."""
    text = form.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else 0


def save(
    key: str, change: Callable[[Session, PathLine], Content], show_again: Callable[[SidecarError], str]
) -> tuple[str, int] | None:
    """Change the draft that the form was made of; return the form again with what is wrong, or None.

    Args:
        change: makes the new content of the path as it stands.

    Raises:
        NotFoundError: there is no such path, or it is not theirs.
    """
    viewer, now, number = current().viewer, sidecar().now(), number_of(request.form, "draft_number")

    def act(db: Session) -> None:
        line = find_path(db, viewer, key, to_change=True)
        if line.path.draft_number != number:
            raise DraftChangedError
        save_draft(db, viewer, key, change(db, line), number, now)

    return submit(act, show_again)


def _short_enough(text: str, most: int) -> str:
    if len(text) > most:
        raise TextTooLongError(length=len(text), most=most)
    return text
