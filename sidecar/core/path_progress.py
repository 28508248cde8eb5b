"""Reckon how far somebody has come on a learning path, and when they finished it, from what they have completed.

The order of a path leads people; it takes nothing away: what was completed elsewhere, or before its turn, counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sidecar.core.path_contents import Content, Part, Step
from sidecar.core.periods import day_of
from sidecar.core.validity import Rule

State = Literal["done", "expired", "open", "locked"]


@dataclass(frozen=True)
class Done:
    """A completion of a step's course; `valid_until`: its last day, None for good."""

    completed_at: datetime
    valid_until: date | None = None


@dataclass(frozen=True)
class StepProgress:
    """How a step stands; `done`: the completion that shows it, None where there is none that counts or counted."""

    step: Step
    state: State
    done: Done | None = None


@dataclass(frozen=True)
class PartProgress:
    """How a part stands: `count` of the `needed` steps are done."""

    part: Part
    steps: tuple[StepProgress, ...]
    count: int
    needed: int

    @property
    def is_done(self) -> bool:
        """Tell whether all that it asks for is done."""
        return self.count >= self.needed


@dataclass(frozen=True)
class Progress:
    """How far somebody has come; `count` of the `needed` steps, over all parts."""

    parts: tuple[PartProgress, ...]
    count: int
    needed: int

    @property
    def is_finished(self) -> bool:
        """Tell whether all that the path asks for is done."""
        return all(one.is_done for one in self.parts)

    @property
    def is_begun(self) -> bool:
        """Tell whether any step was ever done."""
        return any(step.done for part in self.parts for step in part.steps)

    def next_step(self) -> Step | None:
        """Return what to do next: the first open step of a part that is not done; None where there is nothing."""
        for part in self.parts:
            for one in () if part.is_done else part.steps:
                if one.state in ("open", "expired") and not (one.step.is_optional and part.part.needs is None):
                    return one.step
        return None


DoneByStep = Mapping[str, Sequence[Done]]
"""The completions of each step's course, by the step's key, in any order."""


def reckon(content: Content, done: DoneByStep, day: date, *, since: date | None = None) -> Progress:
    """Return how far somebody has come on a day.

    Args:
        since: the day from which on what expires has to be done anew, where the path itself is to be renewed.
    """
    parts, is_open = [], True
    for part in content.parts:
        found = _part(part, done, day, since, is_open=is_open, in_order=content.in_order)
        parts.append(found)
        is_open = is_open and (found.is_done or not content.in_order)
    return Progress(
        tuple(parts), count=sum(min(one.count, one.needed) for one in parts), needed=sum(one.needed for one in parts)
    )


def list_finishings(content: Content, rule: Rule, done: DoneByStep, *, after: datetime | None = None) -> list[datetime]:
    """Return the moments at which somebody finished a path, one for each of its cycles.

    A further cycle ends once all that can expire was done anew, from the day on which the path may be renewed; what is
    valid for good need not be done twice.

    Args:
        rule: how long the path itself is valid.
        after: the moment of a finishing that is known; only what follows it is returned.
    """
    moments = sorted({one.completed_at for each in done.values() for one in each})
    found: list[datetime] = []
    last = after
    while True:
        since = rule.renewable_from(day_of(last)) if last else None
        if last and since is None:
            return found
        later = (one for one in moments if since is None or day_of(one) >= since)
        last = next((one for one in later if _is_finished(content, done, one, since)), None)
        if last is None:
            return found
        found.append(last)


def holds_at(content: Content, done: DoneByStep, moment: datetime) -> bool:
    """Tell whether all that a path asks for was done and valid at a moment."""
    return _is_finished(content, done, moment, None)


def _is_finished(content: Content, done: DoneByStep, moment: datetime, since: date | None) -> bool:
    def counts(step: Step) -> bool:
        return any(
            one.completed_at <= moment and _is_valid(one, day_of(moment), since) for one in done.get(step.key, ())
        )

    return all(_count(part, counts) >= part.count_needed for part in content.parts)


def _count(part: Part, counts: Callable[[Step], bool]) -> int:
    return sum(counts(one) for one in part.steps if part.needs is not None or not one.is_optional)


def _is_valid(one: Done, day: date, since: date | None) -> bool:
    if one.valid_until is None:
        return True
    return one.valid_until >= day and (since is None or day_of(one.completed_at) >= since)


def _part(
    part: Part, done: DoneByStep, day: date, since: date | None, *, is_open: bool, in_order: bool
) -> PartProgress:
    steps: list[StepProgress] = []
    for step in part.steps:
        found = _step(step, done.get(step.key, ()), day, since, is_open=is_open)
        steps.append(found)
        is_asked = part.needs is None and not step.is_optional
        is_open = is_open and (found.state == "done" or not (in_order and is_asked))
    states = {one.step.key: one.state for one in steps}
    return PartProgress(part, tuple(steps), _count(part, lambda one: states[one.key] == "done"), part.count_needed)


def _step(step: Step, done: Sequence[Done], day: date, since: date | None, *, is_open: bool) -> StepProgress:
    newest = max(done, key=lambda one: (_is_valid(one, day, since), one.completed_at), default=None)
    if newest is not None and _is_valid(newest, day, since):
        return StepProgress(step, "done", newest)
    if not is_open:
        return StepProgress(step, "locked", newest)
    return StepProgress(step, "expired" if newest else "open", newest)
