"""Bring what two regions made of one learning path together: what only one of them changed is taken from that one.

What both changed, each in another way, is a conflict: somebody chooses. Till they do, ours stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Final, Literal

from sidecar.core.path_changes import Subject
from sidecar.core.path_contents import Content, Part, Step

Side = Literal["ours", "theirs"]

OURS: Final = "ours"
THEIRS: Final = "theirs"
BY_ITSELF_PATH: Final = ("title", "summary", "language", "in_order")
BY_ITSELF_PART: Final = ("title", "needs")
BY_ITSELF_STEP: Final = ("title", "note", "is_optional")
"""What of a path, a part and a step is merged by itself; what a step is about is merged as one."""


@dataclass(frozen=True)
class Conflict:
    """What both changed, each in another way.

    Attributes:
        key: of the part or step; "" for the path itself.
        aspect: the field; `about`: what a step is about; `place`: its part; `there`: one removed it, the other changed
            it; `order`: of the parts of a path, or of the steps of a part.
        theirs, ours: the values; of `there`, whether it is.
    """

    subject: Subject
    key: str
    aspect: str
    theirs: Any
    ours: Any

    @property
    def name(self) -> str:
        """What a form calls the choice."""
        return f"{self.subject}:{self.key}:{self.aspect}"


@dataclass(frozen=True)
class Merged:
    """What came of it; `conflicts`: all that there were, also those somebody has chosen of."""

    content: Content
    conflicts: tuple[Conflict, ...]


def merge(base: Content, theirs: Content, ours: Content, choices: Mapping[str, Side] | None = None) -> Merged:
    """Return what two contents become that were both made of a third.

    Where only one side differs from `base`, the result is that side. It may be larger than a path may be.

    Args:
        choices: by the names of conflicts; ours where none is made.
    """
    judge = _Judge(choices or {})
    values = {
        one: judge.choose("path", "", one, *(getattr(c, one) for c in (base, theirs, ours))) for one in BY_ITSELF_PATH
    }
    steps = _merge_steps(judge, *map(_steps_of, (base, theirs, ours)))
    parts = _merge_parts(judge, base, theirs, ours, {place for place, _ in steps.values()})
    filled = (_fill(judge, part, base, theirs, ours, steps) for part in parts)
    return Merged(Content(**values, parts=tuple(filled)), tuple(judge.conflicts))


Placed = tuple[str, Step]
"""The key of a step's part, and the step."""


@dataclass
class _Judge:
    """Choose between two sides, and remember where both had a say."""

    choices: Mapping[str, Side]
    conflicts: list[Conflict] = field(default_factory=list)

    def choose(self, subject: Subject, key: str, aspect: str, base: Any, theirs: Any, ours: Any) -> Any:  # noqa: ANN401 (any value of three)
        if theirs in (base, ours):
            return ours
        if ours == base:
            return theirs
        return theirs if self.takes_theirs(Conflict(subject, key, aspect, theirs, ours)) else ours

    def takes_theirs(self, conflict: Conflict) -> bool:
        self.conflicts.append(conflict)
        return self.choices.get(conflict.name, OURS) == THEIRS


def _steps_of(content: Content) -> dict[str, Placed]:
    return {step.key: (part.key, step) for part in content.parts for step in part.steps}


def _merge_steps(
    judge: _Judge, base: Mapping[str, Placed], theirs: Mapping[str, Placed], ours: Mapping[str, Placed]
) -> dict[str, Placed]:
    merged = {}
    for key in _each_once(base, theirs, ours):
        was, their, our = base.get(key), theirs.get(key), ours.get(key)
        if their is not None and our is not None:
            merged[key] = _merge_step(judge, key, was, their, our)
        elif (left := _left(judge, "step", key, was, their, our)) is not None:
            merged[key] = left
    return merged


def _merge_step(judge: _Judge, key: str, was: Placed | None, their: Placed, our: Placed) -> Placed:
    three = [one and one[1] for one in (was, their, our)]
    place = judge.choose("step", key, "place", was and was[0], their[0], our[0])
    kind, course, url = judge.choose(
        "step", key, "about", *((one.kind, one.course, one.url) if one else None for one in three)
    )
    values = {
        one: judge.choose("step", key, one, *(getattr(step, one, None) for step in three)) for one in BY_ITSELF_STEP
    }
    return place, Step(key=key, kind=kind, course=course, url=url, **values)


def _left(judge: _Judge, subject: Subject, key: str, was: Any, their: Any, our: Any) -> Any:  # noqa: ANN401 (steps or parts)
    """Return what becomes of what at most one side has; None for nothing."""
    there = our if their is None else their
    if was is None or there is None:
        return there
    if there == was:
        return None
    is_theirs = judge.takes_theirs(Conflict(subject, key, "there", their is not None, our is not None))
    return their if is_theirs else our


def _merge_parts(judge: _Judge, base: Content, theirs: Content, ours: Content, used: set[str]) -> list[Part]:
    """Return the merged parts in order, without their steps; one that still has steps stays."""
    was, their, our = ({one.key: replace(one, steps=()) for one in content.parts} for content in (base, theirs, ours))
    merged = {}
    for key in _each_once(was, their, our):
        if key in their and key in our:
            merged[key] = _merge_part(judge, was.get(key), their[key], our[key])
        elif (left := _left(judge, "part", key, was.get(key), their.get(key), our.get(key))) is not None:
            merged[key] = left
        elif key in used:
            merged[key] = was[key]
    order = _merge_order(judge, "path", "", list(was), list(their), list(our))
    return [merged[key] for key in order if key in merged]


def _merge_part(judge: _Judge, was: Part | None, their: Part, our: Part) -> Part:
    three = was, their, our
    values = {
        one: judge.choose("part", our.key, one, *(getattr(part, one, None) for part in three)) for one in BY_ITSELF_PART
    }
    return replace(our, **values)


def _fill(
    judge: _Judge, part: Part, base: Content, theirs: Content, ours: Content, steps: Mapping[str, Placed]
) -> Part:
    """Return a part with the steps that have their place in it; it asks for no more than there are."""
    wanted = {key: step for key, (place, step) in steps.items() if place == part.key}
    orders = [_keys_in(content, part.key, wanted) for content in (base, theirs, ours)]
    order = _each_once(_merge_order(judge, "part", part.key, *orders), wanted)
    needs = min(part.needs, len(wanted)) if part.needs else None
    return replace(part, needs=needs or None, steps=tuple(wanted[key] for key in order))


def _keys_in(content: Content, part_key: str, wanted: Mapping[str, Step]) -> list[str]:
    return [one.key for part in content.parts if part.key == part_key for one in part.steps if one.key in wanted]


def _merge_order(
    judge: _Judge, subject: Subject, key: str, base: Sequence[str], theirs: Sequence[str], ours: Sequence[str]
) -> list[str]:
    """Return all keys in the order of the side that moved some, those of the other side behind their neighbours."""
    common = set(base) & set(theirs) & set(ours)
    orders = (tuple(one for one in keys if one in common) for keys in (base, theirs, ours))
    was, their, our = orders
    if judge.choose(subject, key, "order", was, their, our) == our and (our != was or theirs == base):
        return _woven(ours, theirs)
    return _woven(theirs, ours)


def _woven(order: Sequence[str], other: Sequence[str]) -> list[str]:
    """Return a list with what only the other has, each behind the one that it follows there."""
    woven = list(order)
    for place, key in enumerate(other):
        if key not in woven:
            woven.insert(woven.index(other[place - 1]) + 1 if place else 0, key)
    return woven


def _each_once(*keys: Iterable[str]) -> Iterator[str]:
    return iter(dict.fromkeys(chain(*keys)))
