"""Tell how two contents of a learning path differ: as facts, which whoever shows them puts into words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from sidecar.core.path_contents import Content, Part, Step

Subject = Literal["path", "part", "step"]
Aspect = Literal[
    "added",
    "removed",
    "moved",
    "title",
    "summary",
    "language",
    "in_order",
    "needs",
    "kind",
    "course",
    "url",
    "note",
    "is_optional",
]
Value = str | int | bool | None

OF_PATH: Final[tuple[Aspect, ...]] = ("title", "summary", "language", "in_order")
OF_PART: Final[tuple[Aspect, ...]] = ("title", "needs")
OF_STEP: Final[tuple[Aspect, ...]] = ("kind", "course", "title", "url", "note", "is_optional")


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        key: of the part or step; "" for the path itself. With `subject` and `aspect` it tells differences apart.
        name: the title of the part or step, as it is now where it is still there; "" where it has none of its own.
        before, after: the values of the aspect. Of a step that was added, removed or moved: the keys of its parts; of
            a part, what stands before it, "" for nothing. None: it was not there, or is not any more.
        course: the key of the course that a step is about.
    """

    subject: Subject
    key: str
    aspect: Aspect
    name: str = ""
    before: Value = None
    after: Value = None
    course: str = ""


def list_changes(before: Content, after: Content) -> list[Change]:
    """Return what makes the second content of the first: of the path itself, of its parts, of its steps.

    What is moved is told as seldom as can be: of the rest the order is the same in both.
    """
    return [
        *_values(Change("path", "", "title"), before, after, OF_PATH),
        *_of_parts(before, after),
        *_of_steps(before, after),
    ]


def _values(
    change: Change, before: Content | Part | Step, after: Content | Part | Step, aspects: Sequence[Aspect]
) -> Iterator[Change]:
    for aspect in aspects:
        old, new = getattr(before, aspect), getattr(after, aspect)
        if old != new:
            yield replace(change, aspect=aspect, before=old, after=new)


def _of_parts(before: Content, after: Content) -> Iterator[Change]:
    old, new = {one.key: one for one in before.parts}, {one.key: one for one in after.parts}
    moved = _moved(list(old), list(new))
    for key, part in new.items():
        change = Change("part", key, "added", part.title)
        if key not in old:
            yield replace(change, after=_before(key, new))
            continue
        if key in moved:
            yield replace(change, aspect="moved", before=_before(key, old), after=_before(key, new))
        yield from _values(change, old[key], part, OF_PART)
    for key in (one for one in old if one not in new):
        yield Change("part", key, "removed", old[key].title, before=_before(key, old))


def _before(key: str, parts: dict[str, Part]) -> str:
    """Return the key of the part that stands before one, "" for none."""
    keys = list(parts)
    return keys[keys.index(key) - 1] if keys.index(key) else ""


def _of_steps(before: Content, after: Content) -> Iterator[Change]:
    old, new = _places(before), _places(after)
    moved = set[str]().union(*(_moved(_keys(old, one.key), _keys(new, one.key)) for one in after.parts))
    for key, (part, step) in new.items():
        change = Change("step", key, "added", step.title, course=step.course)
        if key not in old:
            yield replace(change, after=part)
            continue
        if key in moved or old[key][0] != part:
            yield replace(change, aspect="moved", before=old[key][0], after=part)
        yield from _values(change, old[key][1], step, OF_STEP)
    for key, (part, step) in old.items():
        if key not in new:
            yield Change("step", key, "removed", step.title, before=part, course=step.course)


def _places(content: Content) -> dict[str, tuple[str, Step]]:
    return {step.key: (part.key, step) for part in content.parts for step in part.steps}


def _keys(places: dict[str, tuple[str, Step]], part_key: str) -> list[str]:
    return [key for key, (part, _) in places.items() if part == part_key]


def _moved(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """Return the fewest keys that have to move so that those in both lists stand in the order of the second."""
    places = {key: place for place, key in enumerate(before)}
    common = [key for key in after if key in places]
    return set(common) - set(_rising(common, places))


def _rising(keys: Sequence[str], places: dict[str, int]) -> Iterator[str]:
    """Yield a longest run of keys whose places rise, the last one first."""
    ends: list[int] = []
    lengths = []
    for key in keys:
        length = bisect_left(ends, places[key])
        ends[length : length + 1] = [places[key]]
        lengths.append(length)
    wanted, least = len(ends) - 1, len(places)
    for key, length in zip(reversed(keys), reversed(lengths), strict=True):
        if length == wanted and places[key] < least:
            yield key
            wanted, least = wanted - 1, places[key]
