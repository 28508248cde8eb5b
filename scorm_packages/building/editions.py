"""Turn the pages of a source into what a package shows: an edition in each language, all in one document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from itertools import groupby
from typing import Any, Final
from urllib.parse import unquote

from markupsafe import Markup

from scorm_packages.authoring.course_source import CourseSource, MediaFile, Page, Question, Quiz
from scorm_packages.authoring.language_names import language_name
from scorm_packages.authoring.words import WORDS, word
from scorm_packages.building.question_html import write_question
from scorm_packages.building.question_keys import describe_question
from scorm_packages.building.templates import ENVIRONMENT

SPOKEN_BY_SCRIPTS: Final = (
    *("question", "right", "wrong", "right-option", "unanswered", "not-a-number", "moved", "page-of", "no-lms"),
    *("review", "done", "done-passed", "done-failed", "left-page", "left-pages", "left-exam"),
    *(name for name in WORDS if name.startswith("exam-")),
)
"""The words that the scripts need; the rest stands in the pages already."""

_QUESTION = re.compile(r'<div data-question="([^"]*)"></div>')
_MEDIA = re.compile(r'"(media/[^"]+)"')
_OWN_ID = re.compile(r'( (?:id="|href="#))(page-|term-)')


@dataclass(frozen=True)
class _ShownPage:
    page: Page
    language: str

    @property
    def name(self) -> str:
        return self.page.name

    @property
    def title(self) -> str:
        return self.page.title

    @property
    def in_menu(self) -> bool:
        return self.page.in_menu

    @property
    def id(self) -> str:
        return f"{self.language}-page-{self.page.name}"

    @property
    def heading_id(self) -> str:
        return f"{self.language}-heading-{self.page.name}"

    @property
    def html(self) -> Markup:
        """Return the page with its questions; what it links to is that of its own language."""
        questions = {question.id: question for question in self.page.questions}

        def fill_in(found: re.Match[str]) -> str:
            return write_question(questions[found[1]], self.language)

        whole = _QUESTION.sub(fill_in, self.page.html)
        return Markup(_OWN_ID.sub(rf"\g<1>{self.language}-\g<2>", whole))  # noqa: S704 (the reader's safe HTML)


@dataclass(frozen=True)
class _Edition:
    language: str
    title: str
    pages: list[_ShownPage]

    @property
    def name(self) -> str:
        return language_name(self.language)

    def say(self, name: str) -> str:
        return word(self.language, name)


@dataclass(frozen=True)
class Editions:
    """A course as it goes into one package: in one language or several, the first of them the main one."""

    course: CourseSource
    languages: tuple[str, ...]

    @property
    def pages(self) -> tuple[Page, ...]:
        """Return the pages in the main language."""
        return self.course.pages[self.languages[0]]

    @cached_property
    def media(self) -> tuple[MediaFile, ...]:
        """Return the files that go along: all but those that only languages left out show."""
        if set(self.languages) == set(self.course.facts.languages):
            return self.course.media
        shown = {language: _linked(pages) for language, pages in self.course.pages.items()}
        kept = set().union(*(shown[language] for language in self.languages))
        left_out = set().union(*shown.values()) - kept - {self.course.facts.cover}
        return tuple(file for file in self.course.media if file.path not in left_out)

    @cached_property
    def tests(self) -> list[tuple[int, tuple[Quiz, ...]]]:
        """Return the tests: of each page with quizzes its number, and those quizzes, which are handed in together."""
        return [(number, page.quizzes) for number, page in enumerate(self.pages) if page.quizzes]

    @property
    def is_decided_by_tests(self) -> bool:
        """Tell whether there is anything to pass."""
        marks = [self.course.facts.pass_percent, *(_own_mark(quizzes) for _, quizzes in self.tests)]
        return bool(self.tests) and any(marks)

    @property
    def mastery_percent(self) -> int | None:
        """Return the score that passes, where an LMS can judge by it alone: no test has a mark of its own."""
        mark = self.course.facts.pass_percent
        is_told_by_score = all(_own_mark(quizzes) in {0, mark} for _, quizzes in self.tests)
        return mark if mark and self.tests and is_told_by_score else None

    def write_document(self) -> bytes:
        """Return index.html."""
        editions = [
            _Edition(
                language,
                self.course.facts.title[language],
                [_ShownPage(page, language) for page in self.course.pages[language]],
            )
            for language in self.languages
        ]
        return ENVIRONMENT.get_template("index.html.j2").render(editions=editions).encode()

    def write_data(self, captions: Mapping[str, str]) -> bytes:
        """Return data.js: all that the scripts know of this course.

        Args:
            captions: WebVTT by path, where the pages may be opened from a folder.
        """
        told = {
            "key": self.course.facts.key,
            "languages": self.languages,
            "pages": [page.name for page in self.pages],
            "passPercent": self.course.facts.pass_percent,
            "isDecidedByTests": self.is_decided_by_tests,
            "questions": {id_: describe_question(said) for id_, said in self._questions().items()},
            "tests": [self._describe_test(number, quizzes) for number, quizzes in self.tests],
            "words": {code: {name: word(code, name) for name in SPOKEN_BY_SCRIPTS} for code in self.languages},
            **({"captions": captions} if captions else {}),
        }
        return f"globalThis.courseData = {json.dumps(told, ensure_ascii=False, separators=(',', ':'))};\n".encode()

    def _questions(self) -> dict[str, dict[str, Question]]:
        """Return every question by id, in each language."""
        every = [
            (question.id, language, question)
            for language in self.languages
            for page in self.course.pages[language]
            for question in page.questions
        ]
        every.sort(key=lambda one: one[0])  # stable: languages keep their order
        return {id_: {code: said for _, code, said in group} for id_, group in groupby(every, key=lambda one: one[0])}

    def _describe_test(self, page: int, quizzes: tuple[Quiz, ...]) -> dict[str, Any]:
        limits = [quiz.tries for quiz in quizzes if quiz.tries]
        return {
            "page": page,
            "tries": min(limits, default=0),
            "mark": _own_mark(quizzes) or self.course.facts.pass_percent,
            "ownMark": _own_mark(quizzes),
            "quizzes": [
                {
                    "id": quiz.id,
                    "questions": quiz.question_ids,
                    "draw": quiz.draw if quiz.draw and quiz.draw < len(quiz.question_ids) else 0,
                    "shuffle": quiz.shuffle,
                }
                for quiz in quizzes
            ],
        }


def _linked(pages: Iterable[Page]) -> set[str]:
    """Return the media that pages link to, by their paths in the package."""
    pieces = (html for page in pages for html in page.pieces())
    return {unquote(unescape(path)) for html in pieces for path in _MEDIA.findall(html)}


def _own_mark(quizzes: tuple[Quiz, ...]) -> int:
    return max((quiz.pass_percent or 0 for quiz in quizzes), default=0)
