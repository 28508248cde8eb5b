"""Name the parts of a question in the packages' own short way: letters, one character each, as SCORM 1.2 wants them."""

from __future__ import annotations

from typing import Any, Final

from scorm_packages.authoring.course_source import Question
from scorm_packages.building.errors import TooManyPartsError

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


def letter(index: int) -> str:
    """Return the letter of the part at an index."""
    return LETTERS[index]


def refuse_too_many_parts(question: Question) -> None:
    """Refuse a question that has more parts than there are letters.

    Raises:
        TooManyPartsError: it has.
    """
    if max(map(len, (question.options, question.pairs, question.steps))) > len(LETTERS):
        place = f"{question.place.file}:{question.place.line}"
        raise TooManyPartsError(place=place, limit=len(LETTERS))


def right_sides(question: Question) -> list[str]:
    """Return the right sides of a matching question, each once."""
    return list(dict.fromkeys(right for _, right in question.pairs))


def right_answer(question: Question) -> list[str]:
    """Return the right answer as judging.js holds answers; empty where several texts or numbers are right."""
    if question.kind == "true-false":
        return ["true" if question.options[0].is_right else "false"]
    if question.kind == "matching":
        rights = right_sides(question)
        return [letter(rights.index(right)) for _, right in question.pairs]
    if question.kind == "ordering":
        return [letter(index) for index in range(len(question.steps))]
    return [letter(index) for index, option in enumerate(question.options) if option.is_right]


def describe_question(editions: dict[str, Question]) -> dict[str, Any]:
    """Return what the scripts need to judge and report a question, from what it is in each language."""
    first = next(iter(editions.values()))
    told: dict[str, Any] = {
        "kind": first.kind,
        "isCounted": first.is_counted,
        "right": right_answer(first),
        "text": {language: question.text for language, question in editions.items()},
    }
    if first.kind == "fill-in":
        told["accepted"] = [[list(blank.accepted) for blank in question.blanks] for question in editions.values()]
    if first.range:
        told |= {"low": first.range.low, "high": first.range.high}
    return told
