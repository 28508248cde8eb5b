"""How two contents of a learning path differ: what is added, removed, moved and changed, and nothing else."""

from dataclasses import replace
from itertools import permutations

import pytest

from sidecar.core.path_changes import Change, list_changes
from sidecar.core.path_contents import Content, Part, Step


def path(*parts: str, **values: object) -> Content:
    """A path with parts like "a:xy": part a with the tasks x and y."""
    made = tuple(
        Part(key, steps=tuple(Step(step, "task", title=step.upper()) for step in steps))
        for key, _, steps in (part.partition(":") for part in parts)
    )
    return Content("Sti", parts=made, **values)  # type: ignore[arg-type]


def told(before: Content, after: Content) -> list[tuple[str, str, str]]:
    return [(one.subject, one.key, one.aspect) for one in list_changes(before, after)]


def test_the_same_content_has_no_changes() -> None:
    assert list_changes(path("a:xyz", "b:w"), path("a:xyz", "b:w")) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (path("a:x"), path("a:xy"), [("step", "y", "added")]),
        (path("a:xy"), path("a:y"), [("step", "x", "removed")]),
        (path("a:xyz"), path("a:yzx"), [("step", "x", "moved")]),
        (path("a:xyz"), path("a:zxy"), [("step", "z", "moved")]),
        (path("a:xy", "b:z"), path("a:x", "b:yz"), [("step", "y", "moved")]),
        (path("a:x"), path("a:x", "b:"), [("part", "b", "added")]),
        (path("a:x", "b:y"), path("a:x"), [("part", "b", "removed"), ("step", "y", "removed")]),
        (path("a:x", "b:y", "c:z"), path("c:z", "a:x", "b:y"), [("part", "c", "moved")]),
        (path("a:x"), path("a:x", in_order=True), [("path", "", "in_order")]),
        (path("a:x"), path("a:x", summary="S", language="nn"), [("path", "", "summary"), ("path", "", "language")]),
    ],
)
def test_each_difference_is_told_once(before: Content, after: Content, expected: list[tuple[str, str, str]]) -> None:
    assert told(before, after) == expected


def test_a_change_tells_where_from_and_where_to() -> None:
    (moved,) = list_changes(path("a:xy", "b:z"), path("a:x", "b:zy"))
    assert moved == Change("step", "y", "moved", "Y", before="a", after="b")
    (part,) = list_changes(path("a:x", "b:y", "c:z"), path("a:x", "c:z", "b:y"))
    assert (part.before, part.after) in {("a", "c"), ("b", "a")}
    (gone,) = list_changes(path("a:xy"), path("a:x"))
    assert (gone.name, gone.before, gone.after) == ("Y", "a", None)


def test_every_value_of_a_step_and_a_part_is_compared() -> None:
    old = Step("x", "link", title="Before", url="https://example.no/a")
    new = replace(old, title="After", url="https://example.no/b", note="Read it", is_optional=True)
    before, after = (Content("Sti", parts=(Part("a", steps=(step,)),)) for step in (old, new))
    assert {(one.aspect, one.before, one.after) for one in list_changes(before, after)} == {
        ("title", "Before", "After"),
        ("url", "https://example.no/a", "https://example.no/b"),
        ("note", "", "Read it"),
        ("is_optional", False, True),
    }
    needed = replace(before, parts=(replace(before.parts[0], title="First", needs=1),))
    assert [(one.aspect, one.before, one.after) for one in list_changes(before, needed)] == [
        ("title", "", "First"),
        ("needs", None, 1),
    ]


def test_no_order_needs_more_moves_than_steps_out_of_place() -> None:
    for order in permutations("wxyz"):
        moved = [key for _, key, aspect in told(path("a:wxyz"), path("a:" + "".join(order))) if aspect == "moved"]
        left = [key for key in order if key not in moved]
        assert left == sorted(left)
        assert len(moved) <= 3
