"""Hold what the parts of a page share while it is read: its course, its place, and what was found so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from scorm_packages.authoring.course_source import Question, Quiz
from scorm_packages.authoring.media import MediaShelf
from scorm_packages.authoring.problems import Problems


@dataclass
class Numbering:
    """Count through all pages of a language, so that ids are unique and the same in each language."""

    questions: int = 0
    quizzes: int = 0
    reflections: int = 0
    terms: dict[str, str] = field(default_factory=dict)
    """The terms of glossaries, folded, each with its place."""


@dataclass
class Context:
    """What a page is read with.

    Attributes:
        page_names: what links may lead to.
        questions, quizzes: of this page, in order.
        quiz: the ids of the questions of the quiz that is being read; None outside of one.
    """

    problems: Problems
    media: MediaShelf
    language: str
    page_names: Sequence[str]
    numbering: Numbering
    questions: list[Question] = field(default_factory=list)
    quizzes: list[Quiz] = field(default_factory=list)
    reflections: int = 0
    quiz: list[str] | None = None
