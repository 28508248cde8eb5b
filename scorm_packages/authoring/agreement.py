"""Compare the languages of a course: whoever takes it in another one is asked the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scorm_packages.authoring.course_source import Place, Question
from scorm_packages.authoring.pages import ReadPage
from scorm_packages.authoring.problems import Problems
from scorm_packages.authoring.question_problems import LanguagesDifferError, Trait


def tell_differences(
    main: Sequence[ReadPage], other: Sequence[ReadPage], languages: tuple[str, str], problems: Problems
) -> None:
    """Note where the pages of another language are not those of the main one.

    Args:
        languages: the main one, and the other.
    """
    by_name = {read.page.name: read for read in main}
    for read in other:
        if known := by_name.get(read.page.name):
            for reason, place in _differences(known, read):
                problems.add(LanguagesDifferError, place, main=languages[0], language=languages[1], reason=reason)


def _differences(main: ReadPage, other: ReadPage) -> Iterator[tuple[Trait, Place]]:
    place = Place(other.page.place.file)
    if main.page.in_menu != other.page.in_menu:
        yield "menu", place
    if main.reflections != other.reflections:
        yield "number of text boxes", place
    if len(main.page.quizzes) != len(other.page.quizzes):
        yield "number of quizzes", place
    elif any(
        (one.pass_percent, one.tries, one.draw, one.shuffle, len(one.question_ids))
        != (two.pass_percent, two.tries, two.draw, two.shuffle, len(two.question_ids))
        for one, two in zip(main.page.quizzes, other.page.quizzes, strict=True)
    ):
        yield "settings of a quiz", place
    if len(main.page.questions) != len(other.page.questions):
        yield "number of questions", place
        return
    for one, two in zip(main.page.questions, other.page.questions, strict=True):
        if reason := _difference(one, two):
            yield reason, two.place


def _difference(one: Question, two: Question) -> Trait | None:
    if one.kind != two.kind:
        return "kinds of questions"
    if len(one.options) != len(two.options):
        return "number of options"
    if [option.is_right for option in one.options] != [option.is_right for option in two.options]:
        return "right answers"
    if len(one.blanks) != len(two.blanks):
        return "number of blanks"
    if len(one.pairs) != len(two.pairs):
        return "number of pairs"
    if len(one.steps) != len(two.steps):
        return "number of steps"
    if one.range and two.range and (one.range.low, one.range.high) != (two.range.low, two.range.high):
        return "accepted numbers"
    return None
