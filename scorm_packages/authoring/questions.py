"""Read questions: what is asked, of which kind it is, and what is said to an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from markdown_it.tree import SyntaxTreeNode

from scorm_packages.authoring.answers import (
    ARROW,
    MARKED,
    MEANT_MARKED,
    NUMBER_LINE,
    first_text,
    read_blanks,
    read_options,
    read_pairs,
    read_range,
    read_steps,
)
from scorm_packages.authoring.course_source import Option, Place, Question, QuestionKind
from scorm_packages.authoring.html_text import text_of
from scorm_packages.authoring.question_problems import (
    KindMismatchError,
    NoAnswersError,
    NoRightAnswerError,
    QuestionEmptyError,
    QuestionKindError,
    SeveralAnswersError,
    SeveralRightError,
)
from scorm_packages.authoring.writer import Writer, block_words

KINDS: Final[Mapping[str, QuestionKind]] = {
    "single": "single",
    "multiple": "multiple",
    "true": "true-false",
    "false": "true-false",
    "fill-in": "fill-in",
    "numeric": "numeric",
    "matching": "matching",
    "ordering": "ordering",
}
"""The words that may stand behind `question`."""

EXAMPLES: Final[Mapping[str, str]] = {
    "single": "- [x] Answer",
    "multiple": "- [x] Answer",
    "true-false": "::: question true",
    "fill-in": "{{110}}",
    "numeric": "= 112",
    "matching": "- Smoke => Crawl low",
    "ordering": "1. First step",
}
_SECTION: Final = re.compile(r"(right|wrong):(?:\s+|$)", re.IGNORECASE)


@dataclass
class _Parts:
    """The blocks of a question, divided."""

    prompt: list[SyntaxTreeNode] = field(default_factory=list)
    feedback: list[SyntaxTreeNode] = field(default_factory=list)
    answers: dict[str, SyntaxTreeNode] = field(default_factory=dict)
    """By `options`, `pairs`, `number` and `steps`."""
    are_several: bool = False
    has_blanks: bool = False


def write_question(writer: Writer, node: SyntaxTreeNode) -> str:
    """Note a question, and return where it goes."""
    numbering, context = writer.context.numbering, writer.context
    numbering.questions += 1
    question_id, line = f"q{numbering.questions}", writer.line(node)
    parts = _divide(node)
    if parts.are_several:
        writer.tell(SeveralAnswersError, line)
    kind = _kind(writer, node, parts)
    found = writer.blanks() if kind == "fill-in" else []
    prompt = writer.write(parts.prompt)
    writer.end_blanks()
    if not text_of(prompt) and "<figure" not in prompt:
        writer.tell(QuestionEmptyError, line)
    question = Question(
        question_id,
        kind,
        prompt,
        text_of(prompt),
        Place(writer.file, line),
        blanks=read_blanks(writer, found),
        is_counted=context.quiz is not None,
    )
    question = _answered(writer, node, parts, _with_feedback(writer, parts, question))
    context.questions.append(question)
    if context.quiz is not None:
        context.quiz.append(question_id)
    return f'<div data-question="{question_id}"></div>'


def _divide(node: SyntaxTreeNode) -> _Parts:
    parts = _Parts()
    ordered: list[SyntaxTreeNode] = []
    for child in node.children:
        form = _form(child)
        if child.type == "blockquote":
            parts.feedback.append(child)
        elif form == "steps":
            ordered.append(child)
            parts.prompt.append(child)
            parts.has_blanks = parts.has_blanks or "{{" in _raw(child)
        elif form:
            parts.are_several = parts.are_several or bool(parts.answers)
            parts.answers.setdefault(form, child)
            if form == "number":
                parts.prompt += _without_last_line(child)
        else:
            parts.has_blanks = parts.has_blanks or "{{" in _raw(child)
            parts.prompt.append(child)
    wanted = block_words(node).lower()
    is_ordering = wanted == "ordering" or not (wanted or parts.answers or parts.has_blanks)
    if ordered and is_ordering:
        parts.prompt.remove(ordered[-1])
        parts.answers["steps"] = ordered[-1]
    return parts


def _form(node: SyntaxTreeNode) -> str:
    """Return which answers a block of a question holds, empty for none."""
    if node.type == "bullet_list":
        text = first_text(node)
        return "options" if MEANT_MARKED.match(text) else "pairs" if ARROW in text else ""
    if node.type == "ordered_list":
        return "steps"
    if node.type == "paragraph" and NUMBER_LINE.fullmatch(_raw(node).rpartition("\n")[2].strip()):
        return "number"
    return ""


def _raw(node: SyntaxTreeNode) -> str:
    return "\n".join(str(child.content) for child in node.walk() if child.type == "inline")


def _without_last_line(node: SyntaxTreeNode) -> list[SyntaxTreeNode]:
    """Return the paragraph above a line `= 112`, where they stand together."""
    [inner] = node.children
    above, _, _ = inner.content.rpartition("\n")
    if not above:
        return []
    tokens = node.to_tokens()
    tokens[1] = tokens[1].copy(content=above)
    return SyntaxTreeNode(tokens).children


def _kind(writer: Writer, node: SyntaxTreeNode, parts: _Parts) -> QuestionKind:
    wanted = block_words(node).lower()
    if wanted and wanted not in KINDS:
        writer.tell(QuestionKindError, writer.line(node), kind=wanted, known=", ".join(KINDS))
        wanted = ""
    found = _found_kind(parts)
    if not wanted:
        return found or "single"
    kind = KINDS[wanted]
    fits = found in {None, kind} or (kind in {"single", "multiple"} and found in {"single", "multiple"})
    if not fits:
        writer.tell(KindMismatchError, writer.line(node), kind=wanted, found=found)
    return kind


def _found_kind(parts: _Parts) -> QuestionKind | None:
    if options := parts.answers.get("options"):
        marks = [MARKED.match(first.content) for item in options.children for first in _inlines(item)]
        return "multiple" if sum(1 for mark in marks if mark and mark[1] != " ") > 1 else "single"
    kinds: Mapping[str, QuestionKind] = {"pairs": "matching", "number": "numeric", "steps": "ordering"}
    for form, kind in kinds.items():
        if form in parts.answers:
            return kind
    return "fill-in" if parts.has_blanks else None


def _inlines(item: SyntaxTreeNode) -> list[SyntaxTreeNode]:
    return item.children[0].children if item.children and item.children[0].type == "paragraph" else []


def _answered(writer: Writer, node: SyntaxTreeNode, parts: _Parts, question: Question) -> Question:
    """Return the question with what it is answered with; what is missing is told."""
    line, answers = question.place.line, parts.answers
    if question.kind == "true-false":
        says_true = block_words(node).lower() == "true"
        return replace(question, options=(Option("", says_true), Option("", not says_true)))
    if question.kind in {"single", "multiple"} and "options" in answers:
        options = read_options(writer, answers["options"])
        rights = sum(option.is_right for option in options)
        if not rights:
            writer.tell(NoRightAnswerError, line)
        if rights > 1 and question.kind == "single":
            writer.tell(SeveralRightError, line)
        return replace(question, options=options)
    if question.kind == "matching" and "pairs" in answers:
        return replace(question, pairs=read_pairs(writer, answers["pairs"]))
    if question.kind == "ordering" and "steps" in answers:
        return replace(question, steps=read_steps(writer, answers["steps"]))
    if question.kind == "numeric" and "number" in answers:
        [inner] = answers["number"].children
        above, _, last = inner.content.rpartition("\n")
        at = writer.line(inner) + (above.count("\n") + 1 if above else 0)
        return replace(question, range=read_range(writer, last.strip().removeprefix("="), at))
    if question.kind != "fill-in" or not question.blanks:
        writer.tell(NoAnswersError, line, example=EXAMPLES[question.kind])
    return question


def _with_feedback(writer: Writer, parts: _Parts, question: Question) -> Question:
    said: dict[str, list[str]] = {"feedback": [], "right": [], "wrong": []}
    for quoted in parts.feedback:
        section = "feedback"
        for child in quoted.children:
            if child.type == "paragraph":
                pieces = _sections(writer, child, section)
                section = pieces[-1][0]
            else:
                pieces = [(section, writer.write([child]))]
            for name, html in pieces:
                said[name].append(html)
    feedback, right, wrong = ("".join(said[name]) for name in ("feedback", "right", "wrong"))
    return replace(question, feedback=feedback, right=right, wrong=wrong)


def _sections(writer: Writer, node: SyntaxTreeNode, section: str) -> list[tuple[str, str]]:
    """Divide a paragraph of feedback where a line begins with `right:` or `wrong:`."""
    [inner] = node.children
    found: list[tuple[str, int, list[str]]] = [(section, writer.line(inner), [])]
    for line, text in enumerate(inner.content.split("\n"), writer.line(inner)):
        if begun := _SECTION.match(text):
            found.append((begun[1].lower(), line, []))
        found[-1][2].append(text[begun.end() :] if begun else text)
    told = [(name, writer.inline("\n".join(texts).strip(), line)) for name, line, texts in found]
    return [(name, f"<p>{html}</p>" if html else "") for name, html in told]
