"""Changes of a learning path's content: each does one thing, and leaves a content that can be kept."""

from collections.abc import Callable

import pytest

from sidecar.core import path_editing
from sidecar.core.path_contents import Content, Part, Step, check_content
from sidecar.core.path_editing import DOWN, UP, suggest_step_key
from sidecar.errors import NotFoundError


def task(key: str) -> Step:
    return Step(key, "task", title=key)


CONTENT = Content(
    "Sti",
    parts=(
        Part("a", steps=(task("x"), task("y"))),
        Part("b", needs=2, steps=(task("z"), task("w"))),
        Part("c"),
    ),
)


def shape(content: Content) -> str:
    """Return the content as "a:xy b:zw c:"."""
    check_content(content)
    return " ".join(f"{part.key}:{''.join(step.key for step in part.steps)}" for part in content.parts)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda one: path_editing.move_part(one, "a", DOWN), "b:zw a:xy c:"),
        (lambda one: path_editing.move_part(one, "a", UP), "a:xy b:zw c:"),
        (lambda one: path_editing.move_part(one, "c", UP), "a:xy c: b:zw"),
        (lambda one: path_editing.move_part(one, "c", DOWN), "a:xy b:zw c:"),
        (lambda one: path_editing.remove_part(one, "b"), "a:xy c:"),
        (lambda one: path_editing.move_step(one, "y", UP), "a:yx b:zw c:"),
        (lambda one: path_editing.move_step(one, "x", UP), "a:xy b:zw c:"),
        (lambda one: path_editing.move_step(one, "y", DOWN), "a:x b:yzw c:"),
        (lambda one: path_editing.move_step(one, "z", UP), "a:xyz b:w c:"),
        (lambda one: path_editing.move_step(one, "w", DOWN), "a:xy b:z c:w"),
        (lambda one: path_editing.place_step(one, "x", "c"), "a:y b:zw c:x"),
        (lambda one: path_editing.place_step(one, "x", "a"), "a:xy b:zw c:"),
        (lambda one: path_editing.add_step(one, "c", task("v")), "a:xy b:zw c:v"),
        (lambda one: path_editing.remove_step(one, "x"), "a:y b:zw c:"),
        (lambda one: path_editing.add_part(one, "More"), "a:xy b:zw c: part-1:"),
        (lambda one: path_editing.add_part(one, "More", {"part-1"}), "a:xy b:zw c: part-2:"),
    ],
)
def test_one_thing_changes(change: Callable[[Content], Content], expected: str) -> None:
    assert shape(change(CONTENT)) == expected


def test_a_part_asks_for_no_more_than_it_has() -> None:
    fewer = path_editing.remove_step(CONTENT, "z")
    assert fewer.parts[1].needs == 1
    none = path_editing.remove_step(fewer, "w")
    assert none.parts[1].needs is None
    check_content(none)


@pytest.mark.parametrize(
    "change",
    [
        lambda: path_editing.move_part(CONTENT, "q", UP),
        lambda: path_editing.remove_part(CONTENT, "q"),
        lambda: path_editing.change_part(CONTENT, "q", title="", needs=None),
        lambda: path_editing.add_step(CONTENT, "q", task("v")),
        lambda: path_editing.move_step(CONTENT, "q", UP),
        lambda: path_editing.place_step(CONTENT, "x", "q"),
        lambda: path_editing.change_step(CONTENT, "q", title="Q"),
        lambda: path_editing.remove_step(CONTENT, "q" * 300),
    ],
)
def test_what_is_not_there_can_t_be_changed(change: Callable[[], Content]) -> None:
    with pytest.raises(NotFoundError):
        change()


def test_a_step_keeps_its_place_when_it_changes() -> None:
    changed = path_editing.change_step(CONTENT, "x", title="New", is_optional=True)
    assert changed.parts[0].steps[0] == Step("x", "task", title="New", is_optional=True)
    assert shape(changed) == shape(CONTENT)


@pytest.mark.parametrize(
    ("title", "taken", "expected"),
    [
        ("Vis slokkeren", set(), "vis-slokkeren"),
        ("Vis slokkeren", {"vis-slokkeren", "vis-slokkeren-2"}, "vis-slokkeren-3"),
        ("!!!", set(), "step"),
        ("a" * 200, {"a" * 36}, "a" * 36 + "-2"),
    ],
)
def test_a_new_step_gets_a_key_that_no_other_has(title: str, taken: set[str], expected: str) -> None:
    assert suggest_step_key(title, taken) == expected
