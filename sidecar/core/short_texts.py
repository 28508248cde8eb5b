"""Take short texts from forms: on one line, without what can't be seen, no longer than they may be."""

from __future__ import annotations

from sidecar.errors import SidecarError


class TextTooLongError(SidecarError):
    """One of the fields has {length} characters, {most} is the most. Shorten it."""

    code = "text-too-long"


def one_line(text: str) -> str:
    """Return a text on one line, without what can't be seen."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def tidy(text: str, most: int, too_long: type[SidecarError] = TextTooLongError) -> str:
    """Return a text on one line.

    Raises:
        SidecarError: `too_long`, where it has more than `most` characters.
    """
    tidied = one_line(text)
    if len(tidied) > most:
        raise too_long(length=len(tidied), most=most)
    return tidied
