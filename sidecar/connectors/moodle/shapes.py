"""Read the objects of an answer field by field, so that a changed shape is told where it is met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sidecar.connectors.moodle.errors import UnknownShapeError, WarnedError, plain


@dataclass(frozen=True)
class Item:
    """One object of an answer; `function` is what was called."""

    content: Mapping[str, Any]
    function: str

    def text(self, name: str) -> str:
        """Return a text; "" where it is left out, as Moodle does with what it does not show."""
        value = self.content.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._unknown(name)
        return value

    def whole(self, name: str) -> int:
        """Return a whole number."""
        value = self.content.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._unknown(name)
        return value

    def number(self, name: str) -> float | None:
        """Return a number, or None for null."""
        value = self.content.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._unknown(name)
        return float(value)

    def flag(self, name: str) -> bool | None:
        """Return true or false, which Moodle also writes as 1 and 0; None for null."""
        value = self.content.get(name)
        if value is None:
            return None
        if value not in (True, False, 1, 0):
            raise self._unknown(name)
        return bool(value)

    def moment(self, name: str) -> datetime | None:
        """Return a moment; None for null and for 0, which is Moodle's never."""
        seconds = self.number(name)
        if not seconds:
            return None
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, ValueError, OSError):
            raise self._unknown(name) from None

    def items(self, name: str) -> list[Item]:
        """Return a list of objects."""
        return items(self.content.get(name), self.function, name)

    def one(self, name: str) -> Item:
        """Return an object."""
        return item(self.content.get(name), self.function, name)

    def wholes(self, name: str) -> list[int]:
        """Return a list of whole numbers."""
        value = self.content.get(name)
        if not isinstance(value, list) or not all(type(each) is int for each in value):
            raise self._unknown(name)
        return value

    def _unknown(self, name: str) -> UnknownShapeError:
        return UnknownShapeError(function=self.function, place=name)


def items(answer: object, function: str, place: str = "answer") -> list[Item]:
    """Return a list of objects.

    Raises:
        UnknownShapeError: it is none.
    """
    if not isinstance(answer, Sequence) or isinstance(answer, str):
        raise UnknownShapeError(function=function, place=place)
    return [item(each, function, place) for each in answer]


def item(answer: object, function: str, place: str = "answer") -> Item:
    """Return an object.

    Raises:
        UnknownShapeError: it is none.
    """
    if not isinstance(answer, Mapping):
        raise UnknownShapeError(function=function, place=place)
    return Item(answer, function)


def unwarned(answer: object, function: str) -> Item:
    """Return an object that comes without warnings.

    Raises:
        WarnedError: Moodle did something else than it was asked to, such as returning all users.
    """
    found = item(answer, function)
    for warning in found.items("warnings") if found.content.get("warnings") else ():
        raise WarnedError(function=function, warning=plain(warning.content.get("warningcode")))
    return found
