"""Remember what came of a value: words, days and numbers stand in a report again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

MOST_REMEMBERED: Final = 50_000

Given = TypeVar("Given")
Made = TypeVar("Made")


class Remembered(dict[Given, Made], Generic[Given, Made]):
    """Make something of each value once: to look up what is known costs no call."""

    def __init__(self, make: Callable[[Given], Made]) -> None:
        """Begin with nothing; memory holds `MOST_REMEMBERED` values at most."""
        super().__init__()
        self._make = make

    def __missing__(self, value: Given) -> Made:
        """Make it, and remember it."""
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        made = self[value] = self._make(value)
        return made
