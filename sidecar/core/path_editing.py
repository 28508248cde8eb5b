"""Change the content of a learning path, one thing at a time; each change returns the new content."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import chain, count
from typing import Any, Final, Literal, TypeVar

from sidecar.core.courses import suggest_key
from sidecar.core.path_contents import STEP_KEY_CHARACTERS, Content, Part, Step
from sidecar.errors import NotFoundError

Way = Literal[-1, 1]
"""Up or down."""

UP: Final = -1
DOWN: Final = 1

Thing = TypeVar("Thing", Part, Step)


def find_part(content: Content, key: str) -> Part:
    """Return a part.

    Raises:
        NotFoundError: there is none of this key.
    """
    return _find(content.parts, key, "part")


def find_step(content: Content, key: str) -> tuple[Part, Step]:
    """Return a step, and the part in which it stands.

    Raises:
        NotFoundError: there is none of this key.
    """
    for part in content.parts:
        for step in part.steps:
            if step.key == key:
                return part, step
    raise NotFoundError(what="step", key=key[:STEP_KEY_CHARACTERS])


def suggest_step_key(title: str, taken: Collection[str]) -> str:
    """Return a key for a new step or part, made from its title, that no other has or had.

    Args:
        taken: the keys of the draft and of every version.
    """
    wished = suggest_key(title)[: STEP_KEY_CHARACTERS - 4].strip("-")
    wished = "step" if wished == "course" else wished
    numbered = (f"{wished}-{number}" for number in count(2))
    return next(key for key in chain([wished], numbered) if key not in taken)


def add_part(content: Content, title: str, taken: Collection[str] = ()) -> Content:
    """Add an empty part at the end.

    Args:
        taken: the keys of the parts of every version.
    """
    known = {*taken, *(one.key for one in content.parts)}
    key = next(key for key in (f"part-{number}" for number in count(1)) if key not in known)
    return replace(content, parts=(*content.parts, Part(key, title)))


def change_part(content: Content, key: str, *, title: str, needs: int | None) -> Content:
    """Rename a part, and say how many of its steps are asked for.

    Raises:
        NotFoundError: there is none of this key.
    """
    return _with_part(content, replace(find_part(content, key), title=title, needs=needs))


def move_part(content: Content, key: str, way: Way) -> Content:
    """Let a part change places with its neighbour; the first one stays when it moves up, the last when down.

    Raises:
        NotFoundError: there is none of this key.
    """
    return replace(content, parts=_swapped(content.parts, find_part(content, key), way))


def remove_part(content: Content, key: str) -> Content:
    """Take a part away, with its steps.

    Raises:
        NotFoundError: there is none of this key.
    """
    gone = find_part(content, key)
    return replace(content, parts=tuple(one for one in content.parts if one != gone))


def add_step(content: Content, part_key: str, step: Step) -> Content:
    """Add a step at the end of a part.

    Raises:
        NotFoundError: there is no part of this key.
    """
    part = find_part(content, part_key)
    return _with_part(content, replace(part, steps=(*part.steps, step)))


def change_step(content: Content, key: str, **values: Any) -> Content:  # noqa: ANN401 (the fields of a step)
    """Give a step other values; its key and kind stay.

    Raises:
        NotFoundError: there is none of this key.
    """
    part, step = find_step(content, key)
    changed = replace(step, **values)
    return _with_part(content, replace(part, steps=tuple(changed if one == step else one for one in part.steps)))


def move_step(content: Content, key: str, way: Way) -> Content:
    """Let a step change places with its neighbour; beyond the end of its part it goes over to the next part.

    Raises:
        NotFoundError: there is none of this key.
    """
    part, step = find_step(content, key)
    if step != part.steps[0 if way == UP else -1]:
        return _with_part(content, replace(part, steps=_swapped(part.steps, step, way)))
    place = content.parts.index(part) + way
    if not 0 <= place < len(content.parts):
        return content
    other = content.parts[place]
    steps = (*other.steps, step) if way == UP else (step, *other.steps)
    return _with_part(remove_step(content, key), replace(other, steps=steps))


def place_step(content: Content, key: str, part_key: str) -> Content:
    """Put a step at the end of a part; where it stands there already it stays.

    Raises:
        NotFoundError: there is no step or no part of this key.
    """
    part, step = find_step(content, key)
    if part.key == find_part(content, part_key).key:
        return content
    return add_step(remove_step(content, key), part_key, step)


def remove_step(content: Content, key: str) -> Content:
    """Take a step away; its part asks for no more than what is left.

    Raises:
        NotFoundError: there is none of this key.
    """
    part, step = find_step(content, key)
    left = tuple(one for one in part.steps if one != step)
    needs = min(part.needs, len(left)) if part.needs else None
    return _with_part(content, replace(part, steps=left, needs=needs or None))


def _find(things: Sequence[Thing], key: str, what: Literal["part", "step"]) -> Thing:
    for one in things:
        if one.key == key:
            return one
    raise NotFoundError(what=what, key=key[:STEP_KEY_CHARACTERS])


def _with_part(content: Content, changed: Part) -> Content:
    return replace(content, parts=tuple(changed if one.key == changed.key else one for one in content.parts))


def _swapped(things: tuple[Thing, ...], one: Thing, way: Way) -> tuple[Thing, ...]:
    order = list(things)
    place = order.index(one)
    other = place + way
    if 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]
    return tuple(order)
