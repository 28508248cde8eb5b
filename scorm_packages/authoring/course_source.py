"""Hold a course as its author wrote it: facts, and pages in each language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

QuestionKind = Literal["single", "multiple", "true-false", "fill-in", "numeric", "matching", "ordering"]
Texts = Mapping[str, str]
"""A text by language: `{"nb": …, "nn": …}`, with the same languages everywhere in a course."""


@dataclass(frozen=True)
class Facts:
    """What `course.toml` says. `languages`: BCP 47, the main one first. `pass_percent`: 0 where no quiz decides."""

    key: str
    languages: tuple[str, ...]
    title: Texts
    description: Texts
    audience: Texts
    subject: tuple[str, ...] = ()
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    licence: str = ""
    owner: str = ""
    duration_minutes: int = 0
    review_by: date | None = None
    pass_percent: int = 0
    statutory_basis: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cover: str = ""


@dataclass(frozen=True)
class Place:
    """Where in a source something stands: the file's path within the source, and the line, from 1; 0: all of it."""

    file: str
    line: int = 0


@dataclass(frozen=True)
class Option:
    """An answer to choose; `html` and `feedback` are safe inline HTML."""

    html: str
    is_right: bool = False
    feedback: str = ""


@dataclass(frozen=True)
class Blank:
    """A gap to fill in; any of `accepted` is right, whatever the case and the white space around."""

    accepted: tuple[str, ...]


@dataclass(frozen=True)
class Range:
    """The numbers that are right, both ends included; `unit` stands behind the field."""

    low: float
    high: float
    unit: str = ""


@dataclass(frozen=True)
class Question:
    """A question; which of the fields hold something follows from `kind`.

    Attributes:
        id: unique in the course and the same in every language, e.g. `q3`: pages in order, questions in order.
        prompt: safe HTML; of a fill-in it holds `<span data-blank="N"></span>`, N from 1.
        text: the prompt as plain text, for `cmi.interactions.n.description` and reports.
        options: of single, multiple and true-false (there: true, then false; the builder words them).
        pairs: of matching, (left, right) as safe inline HTML.
        steps: of ordering, in the right order.
        feedback, right, wrong: safe HTML; whatever was answered, after a right, after a wrong answer.
        is_counted: stands in a quiz.
    """

    id: str
    kind: QuestionKind
    prompt: str
    text: str
    place: Place
    options: tuple[Option, ...] = ()
    blanks: tuple[Blank, ...] = ()
    range: Range | None = None
    pairs: tuple[tuple[str, str], ...] = ()
    steps: tuple[str, ...] = ()
    feedback: str = ""
    right: str = ""
    wrong: str = ""
    is_counted: bool = False


@dataclass(frozen=True)
class Quiz:
    """Questions that count. `draw`: how many are asked, None for all; `tries`: 0 for as many as one likes."""

    id: str
    title: str
    question_ids: tuple[str, ...]
    pass_percent: int | None = None
    tries: int = 0
    draw: int | None = None
    shuffle: bool = False


@dataclass(frozen=True)
class Page:
    """A page in one language.

    `html` is safe, without the page's own heading. `<div data-question="q3"></div>` stands where a question goes,
    `<div data-quiz="z1">…</div>` around those of a quiz, `<div data-reflection="r1"><p>…</p></div>` for a text
    box. Media and pages are linked by `href`/`src` `media/…` (percent-encoded) and `#page-<name>`.
    """

    name: str
    title: str
    html: str
    place: Place
    in_menu: bool = True
    questions: tuple[Question, ...] = ()
    quizzes: tuple[Quiz, ...] = ()

    def pieces(self) -> Iterator[str]:
        """Yield all the HTML of the page: its own, and that of its questions."""
        yield self.html
        for question in self.questions:
            yield from (question.prompt, question.feedback, question.right, question.wrong, *question.steps)
            yield from (html for option in question.options for html in (option.html, option.feedback))
            yield from (html for pair in question.pairs for html in pair)


@dataclass(frozen=True)
class MediaFile:
    """A file that pages use: its path within the package (`media/…`, not encoded), and where it lies."""

    path: str
    source: Path
    size_bytes: int


@dataclass(frozen=True)
class CourseSource:
    """A whole source.

    `pages` by language, the same names in the same order in each; `media` sorted by path; `folder` where it was read.
    """

    facts: Facts
    pages: Mapping[str, tuple[Page, ...]]
    media: tuple[MediaFile, ...] = ()
    folder: Path | None = None
