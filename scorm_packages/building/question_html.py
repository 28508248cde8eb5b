"""Write a question as HTML that works with the keyboard, by voice, on paper and without a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup, escape

from scorm_packages.authoring.course_source import Question
from scorm_packages.authoring.html_text import text_of
from scorm_packages.authoring.words import word
from scorm_packages.building.question_keys import letter, refuse_too_many_parts, right_sides
from scorm_packages.building.templates import ENVIRONMENT

TEMPLATE = "question.html.j2"
_FIRST_PARAGRAPH = re.compile(r"\s*<p>(.*?)</p>(.*)", re.DOTALL)
_BLANK = re.compile(r'<span data-blank="(\d+)"></span>')
_OUTER_PARAGRAPH = re.compile(r"<p>((?:(?!<p>).)*)</p>\s*", re.DOTALL)

Say = Callable[..., str]


@dataclass(frozen=True)
class _Choice:
    value: str
    html: Markup

    @property
    def text(self) -> str:
        """Return it without its markup, as for an attribute."""
        return text_of(self.html)


@dataclass(frozen=True)
class _Said:
    attribute: str
    value: str
    html: Markup


def write_question(question: Question, language: str) -> str:
    """Return the HTML of a question in a language.

    Raises:
        TooManyPartsError: it has more options, pairs or steps than can be named.
    """
    refuse_too_many_parts(question)

    def say(name: str) -> str:
        return word(language, name)

    legend, rest = _split_prompt(question, say)
    template = ENVIRONMENT.get_template(TEMPLATE)
    return template.render(
        id=f"{language}-{question.id}",
        question=question,
        say=say,
        legend=Markup(legend),  # noqa: S704 (the reader's safe HTML)
        rest=Markup(_fit_blanks(rest, question, language)),  # noqa: S704
        hint=_hint(question, say),
        options=_options(question, say),
        pairs=[_inline(left) for left, _ in question.pairs],
        rights=_sorted([_Choice(letter(n), _inline(html)) for n, html in enumerate(right_sides(question))]),
        steps=_sorted([_Choice(letter(n), _inline(html)) for n, html in enumerate(question.steps)]),
        feedback=_feedback(question),
        solution=_solution(question),
    )


def _split_prompt(question: Question, say: Say) -> tuple[str, str]:
    """Return what stands in the legend, which holds no blocks and no fields, and what below it."""
    found = _FIRST_PARAGRAPH.match(question.prompt)
    if found and question.kind != "fill-in":
        return found[1], found[2].strip()
    if not found and question.kind != "fill-in" and not question.prompt.lstrip().startswith("<"):
        return question.prompt, ""
    return str(escape(say("fill-in" if question.kind == "fill-in" else "answer-this"))), question.prompt


def _fit_blanks(html: str, question: Question, language: str) -> str:
    def field(found: re.Match[str]) -> str:
        label = word(language, "blank").format(number=found[1], of=len(question.blanks))
        return f'<input type="text" class="blank" aria-label="{escape(label)}" autocomplete="off" spellcheck="false">'

    return _BLANK.sub(field, html)


def _hint(question: Question, say: Say) -> str:
    hints = {"multiple": "choose-several", "ordering": "put-in-order", "matching": "match"}
    return say(hints[question.kind]) if question.kind in hints else ""


def _options(question: Question, say: Say) -> list[_Choice]:
    if question.kind == "true-false":
        return [_Choice("true", escape(say("true"))), _Choice("false", escape(say("false")))]
    return [_Choice(letter(n), _inline(option.html)) for n, option in enumerate(question.options)]


def _feedback(question: Question) -> list[_Said]:
    values = [choice.value for choice in _options(question, lambda name: name)]
    said = [("data-option", value, option.feedback) for value, option in zip(values, question.options, strict=False)]
    said += [("data-when", "right", question.right), ("data-when", "wrong", question.wrong)]
    said.append(("data-when", "always", question.feedback))
    return [_Said(attribute, value, Markup(html)) for attribute, value, html in said if html]  # noqa: S704


def _solution(question: Question) -> str:
    """Return in words what was right; options are marked where they stand."""
    if question.kind == "fill-in":
        return ", ".join(blank.accepted[0] for blank in question.blanks)
    if question.range:
        low, high = (f"{end:.10g}".replace(".", ",") for end in (question.range.low, question.range.high))
        return f"{low if low == high else f'{low}–{high}'} {question.range.unit}".strip()
    if question.kind == "matching":
        return "; ".join(f"{text_of(left)} – {text_of(right)}" for left, right in question.pairs)
    return "; ".join(text_of(step) for step in question.steps)


def _inline(html: str) -> Markup:
    """Return HTML without the paragraph around it."""
    found = _OUTER_PARAGRAPH.fullmatch(html.strip())
    return Markup(found[1] if found else html)  # noqa: S704 (the reader's safe HTML)


def _sorted(choices: list[_Choice]) -> list[_Choice]:
    """Return choices by the alphabet: the order they were written in would give the answer away."""
    return sorted(choices, key=lambda choice: (choice.text.casefold(), choice.value))
