"""What two regions made of one learning path comes together: nothing of either is lost but by somebody's choice."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sidecar.core.path_contents import Content, Part, Step, check_content
from sidecar.core.path_merging import THEIRS, merge

TEXTS = some.sampled_from(["", "Én", "To", "Tre"])
KEYS = "abcdef"


@some.composite
def contents(draw: some.DrawFn) -> Content:
    """A path of a few parts and steps whose keys come again in others."""
    parts = draw(some.lists(some.sampled_from("pqr"), unique=True, max_size=3))
    keys = draw(some.lists(some.sampled_from(KEYS), unique=True, max_size=6)) if parts else []
    places = [draw(some.sampled_from(parts)) for _ in keys]
    steps = [draw(step_of(key)) for key in keys]
    made = []
    for part in parts:
        inside = tuple(step for step, place in zip(steps, places, strict=True) if place == part)
        needs = draw(some.none() | some.integers(1, len(inside))) if inside else None
        made.append(Part(part, draw(TEXTS), needs, inside))
    return Content(
        draw(some.sampled_from(["A", "B", "C"])), draw(TEXTS), in_order=draw(some.booleans()), parts=(*made,)
    )


@some.composite
def step_of(draw: some.DrawFn, key: str) -> Step:
    about = draw(some.sampled_from([("task", "", ""), ("course", "brann", ""), ("link", "", "https://a.example.no")]))
    kind, course, url = about
    return Step(key, kind, course, draw(TEXTS), draw(TEXTS), url, draw(some.booleans()))  # type: ignore[arg-type]


@given(contents(), contents())
def test_what_one_side_left_alone_becomes_the_other_side(base: Content, other: Content) -> None:
    assert merge(base, other, base).content == other
    assert merge(base, base, other).content == other
    assert merge(base, other, other).content == other
    assert not any(merge(base, *pair).conflicts for pair in ((other, base), (base, other), (other, other)))


@given(contents(), contents(), contents(), some.booleans())
def test_whatever_was_made_comes_together(base: Content, theirs: Content, ours: Content, takes_theirs: bool) -> None:
    found = merge(base, theirs, ours)
    chosen = merge(base, theirs, ours, {one.name: THEIRS for one in found.conflicts if takes_theirs})
    for one in (found, chosen):
        check_content(one.content)
    names = [one.name for one in found.conflicts]
    assert len(names) == len(set(names))
    known = {step.key for content in (theirs, ours) for step in content.steps()}
    assert {step.key for step in chosen.content.steps()} <= known


ONE, TWO, THREE = (Step(key, "task", title=key.upper()) for key in "abc")
BASE = Content("Sti", parts=(Part("p", "Del", steps=(ONE, TWO, THREE)), Part("q", "Siste")))


def with_steps(*steps: Step, last: tuple[Step, ...] = (), **values: object) -> Content:
    first = replace(BASE.parts[0], steps=steps, **values)  # type: ignore[arg-type]
    return replace(BASE, parts=(first, replace(BASE.parts[1], steps=last)))


NEW = Step("n", "task", title="Ny")
OWN = Step("o", "task", title="Egen")


def test_what_both_add_stands_where_each_put_it() -> None:
    merged = merge(BASE, with_steps(ONE, NEW, TWO, THREE), with_steps(ONE, TWO, THREE, OWN))
    assert [one.key for one in merged.content.steps()] == ["a", "n", "b", "c", "o"]
    assert merged.conflicts == ()


def test_what_one_removes_and_the_other_leaves_alone_is_gone() -> None:
    merged = merge(BASE, with_steps(ONE, THREE), with_steps(ONE, TWO, THREE, OWN))
    assert [one.key for one in merged.content.steps()] == ["a", "c", "o"]


def test_a_part_that_one_removed_stays_for_the_steps_of_the_other() -> None:
    theirs = replace(BASE, parts=BASE.parts[:1])
    merged = merge(BASE, theirs, with_steps(ONE, TWO, THREE, last=(OWN,)))
    assert [part.key for part in merged.content.parts] == ["p", "q"]


def change(**values: object) -> Step:
    return replace(TWO, **values)  # type: ignore[arg-type]


CONFLICTS = {
    "path::title": (replace(BASE, title="Deres"), replace(BASE, title="Vår")),
    "part:p:title": (with_steps(ONE, TWO, THREE, title="Deres"), with_steps(ONE, TWO, THREE, title="Vår")),
    "part:p:needs": (with_steps(ONE, TWO, THREE, needs=1), with_steps(ONE, TWO, THREE, needs=2)),
    "part:p:order": (with_steps(TWO, ONE, THREE), with_steps(THREE, ONE, TWO)),
    "part:q:there": (replace(BASE, parts=BASE.parts[:1]), replace(BASE, parts=(BASE.parts[0], Part("q", "Vår")))),
    "step:b:title": (with_steps(ONE, change(title="Deres"), THREE), with_steps(ONE, change(title="Vår"), THREE)),
    "step:b:note": (with_steps(ONE, change(note="Deres"), THREE), with_steps(ONE, change(note="Vår"), THREE)),
    "step:b:about": (
        with_steps(ONE, change(kind="course", course="deres"), THREE),
        with_steps(ONE, change(kind="course", course="vaart"), THREE),
    ),
    "step:b:there": (with_steps(ONE, THREE), with_steps(ONE, change(title="Vår"), THREE)),
    "step:b:place": (
        replace(BASE, parts=(replace(BASE.parts[0], steps=(ONE, THREE)), replace(BASE.parts[1], steps=(TWO,)))),
        replace(BASE, parts=(replace(BASE.parts[0], steps=(ONE, THREE)), BASE.parts[1], Part("r", steps=(TWO,)))),
    ),
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_of_a_conflict_ours_stands_till_theirs_is_chosen(name: str) -> None:
    theirs, ours = CONFLICTS[name]
    merged = merge(BASE, theirs, ours)
    assert [one.name for one in merged.conflicts] == [name]
    assert merged.content == ours
    assert merge(BASE, theirs, ours, {name: THEIRS}).content != ours


def test_parts_in_two_new_orders_are_a_conflict() -> None:
    p, q, r = (Part(key) for key in "pqr")
    base = Content("Sti", parts=(p, q, r))
    theirs, ours = replace(base, parts=(q, p, r)), replace(base, parts=(r, p, q))
    merged = merge(base, theirs, ours)
    assert [one.name for one in merged.conflicts] == ["path::order"]
    assert merged.content == ours
    assert merge(base, theirs, ours, {"path::order": THEIRS}).content == theirs
