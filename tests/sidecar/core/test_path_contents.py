"""What a learning path holds is looked at before it is believed."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sidecar.core.path_contents import (
    Content,
    NoStepsError,
    Part,
    PartNeedsError,
    PathContentError,
    PathFileError,
    PathTooLargeError,
    Step,
    StepCourseError,
    StepLinkError,
    StepTwiceError,
    content_of,
    course_key_of,
    digest_of,
    document_of,
    named,
    read_content,
    refuse_empty,
)
from sidecar.errors import SidecarError

WHOLE = Content(
    title="Ny i hjemmetjenesten",
    summary="De første fire ukene.",
    in_order=True,
    parts=(
        Part(
            "grunnlag", "Grunnlag", None, (Step("brann", "course", "brannvern"), Step("runde", "task", title="Runde"))
        ),
        Part(
            "valg",
            "Velg to",
            2,
            (
                Step("a", "course", "kurs-a"),
                Step("b", "gathering", title="Samling", note="Ta med legitimasjon."),
                Step("c", "link", title="Les", url="https://www.example.no/side", is_optional=True),
            ),
        ),
    ),
)


def test_what_is_kept_is_read_as_it_was() -> None:
    assert content_of(document_of(WHOLE)) == WHOLE


def test_digest_is_of_the_content_alone() -> None:
    document = document_of(WHOLE)
    assert digest_of(content_of(dict(reversed(document.items())))) == digest_of(WHOLE)
    assert digest_of(replace(WHOLE, in_order=False)) != digest_of(WHOLE)


def test_every_step_names_its_course_once_it_is_published() -> None:
    steps = {one.key: one.course for one in named(WHOLE, "ny-i-hjemmetjenesten").steps()}
    assert steps["brann"] == "brannvern"
    assert steps["runde"] == "ny-i-hjemmetjenesten-runde"


def test_course_key_of_a_step_is_never_longer_than_a_key_may_be() -> None:
    assert len(course_key_of("x" * 80, Step("s" * 40, "task"))) == 80


def changed(**changes: object) -> dict[str, Any]:
    document = document_of(WHOLE)
    return document | changes


def with_step(**changes: object) -> dict[str, Any]:
    step = {"key": "x", "kind": "course", "course": "brannvern"} | changes
    return changed(parts=[{"key": "p", "steps": [step]}])


@pytest.mark.parametrize(
    ("document", "error", "told"),
    [
        (changed(nonsense=1), PathContentError, "nonsense"),
        (changed(title="x" * 201), PathContentError, "title"),
        (changed(title="a\x00b"), PathContentError, "title"),
        (changed(language="klingon"), PathContentError, "language"),
        (changed(in_order="yes"), PathContentError, "in_order"),
        (changed(parts="all"), PathContentError, "parts"),
        (
            changed(parts=[{"key": "p", "steps": [{"key": "x", "kind": "path", "course": "p"}]}]),
            PathContentError,
            "kind",
        ),
        (with_step(key="Å"), PathContentError, "parts.0.steps.0.key"),
        (with_step(key="x\n"), PathContentError, "parts.0.steps.0.key"),
        (with_step(course="../x"), PathContentError, "parts.0.steps.0.course"),
        (with_step(course=""), StepCourseError, "x"),
        (with_step(kind="link", url="javascript:alert(1)"), StepLinkError, "x"),
        (with_step(kind="link", url="https://"), StepLinkError, "x"),
        (with_step(kind="link", url="https://["), StepLinkError, "x"),
        (with_step(kind="link", url=["https://a.no"]), PathContentError, "parts.0.steps.0.url"),
        (changed(title=" \n"), PathContentError, "title"),
        (changed(**{"\u202e" + "y" * 500: 1}), PathContentError, "y" * 80),
        ([], PathContentError, "document"),
        (with_step(kind="link", url="https://a.no/\nx"), StepLinkError, "x"),
        (changed(parts=[{"key": "p"}, {"key": "p"}]), StepTwiceError, "p"),
        (changed(parts=[{"key": "p", "needs": 0, "steps": []}]), PartNeedsError, "0 of 0"),
        (changed(parts=[{"key": "p", "needs": 2, "steps": [{"key": "x", "kind": "task"}]}]), PartNeedsError, "2 of 1"),
        (
            changed(parts=[{"key": "p", "needs": True, "steps": [{"key": "x", "kind": "task"}]}]),
            PathContentError,
            "needs",
        ),
        (changed(parts=[{"key": f"p{n}"} for n in range(31)]), PathTooLargeError, "30 parts"),
        (
            changed(
                parts=[
                    {"key": f"p{n}", "steps": [{"key": f"s{n}-{m}", "kind": "task"} for m in range(60)]} for n in (0, 1)
                ]
            ),
            PathTooLargeError,
            "100 steps",
        ),
    ],
    ids=range(25),
)
def test_what_can_t_be_is_refused_with_its_place(
    document: dict[str, Any], error: type[SidecarError], told: str
) -> None:
    with pytest.raises(error) as refused:
        content_of(document)
    assert told in str(refused.value)


def test_a_path_asks_something_of_somebody() -> None:
    optional = Content(title="x", parts=(Part("p", steps=(Step("a", "task", is_optional=True),)),))
    for empty in (Content(title="x"), optional):
        with pytest.raises(NoStepsError):
            refuse_empty(empty)
    refuse_empty(WHOLE)


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "line 1, column 1"), ('{\n "title": }', "line 2"), ("[" * 100_000, "line 1"), ("1" * 5_000, "line 1")],
    ids=["empty", "broken", "deep", "long"],
)
def test_a_file_that_is_no_json_is_refused_with_the_place(text: str, told: str) -> None:
    with pytest.raises(PathFileError) as refused:
        read_content(text)
    assert told in str(refused.value)


def test_a_file_is_read_as_it_was_written() -> None:
    assert read_content(json.dumps(document_of(WHOLE))) == WHOLE
