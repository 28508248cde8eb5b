"""Read what a question can be answered with, as it stands in the source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import Final

from markdown_it.tree import SyntaxTreeNode

from scorm_packages.authoring.course_source import Blank, Option, Range
from scorm_packages.authoring.html_text import text_of
from scorm_packages.authoring.question_problems import (
    BadNumberError,
    BlankEmptyError,
    OptionContentError,
    OptionEmptyError,
    OptionTwiceError,
    OptionUnmarkedError,
    PairBrokenError,
    TooFewAnswersError,
)
from scorm_packages.authoring.writer import Writer

ARROW: Final = " => "
MARKED: Final = re.compile(r"\[([ xX])\](?![(\[])\s*")
MEANT_MARKED: Final = re.compile(r"\[\s*[xX]?\s*\](?![(\[])")
"""What begins an answer as people mistype it too, such as `[]`; a link is none."""

NUMBER_LINE: Final = re.compile(r"=\s+(.*)")

_NUMBER: Final = r"[-−]?\d{1,15}(?:[.,]\d{1,15})?"
_RANGE: Final = re.compile(rf"({_NUMBER})(?:\s*(±|\+-|\.\.)\s*({_NUMBER}))?(?:\s+(\S.{{0,40}}))?")


@dataclass(frozen=True)
class Item:
    """An item of a list of answers: its first line as written, and what stands below."""

    text: str
    line: int
    feedback: tuple[SyntaxTreeNode, ...] = ()


def read_items(writer: Writer, node: SyntaxTreeNode) -> list[Item]:
    """Return the items of a list; what is more than a line of text and feedback is told."""
    return [_read_item(writer, item) for item in node.children]


def _read_item(writer: Writer, node: SyntaxTreeNode) -> Item:
    first, below = (node.children[0] if node.children else None), node.children[1:]
    if first is None or first.type != "paragraph" or any(each.type != "blockquote" for each in below):
        writer.tell(OptionContentError, writer.line(node))
        return Item("", writer.line(node))
    return Item(first.children[0].content, writer.line(first), tuple(below))


def first_text(node: SyntaxTreeNode) -> str:
    """Return the first line of a list as written; empty where it begins with something else."""
    for wanted in ("list_item", "paragraph", "inline"):
        if not node.children or node.children[0].type != wanted:
            return ""
        node = node.children[0]
    return str(node.content)


def read_options(writer: Writer, node: SyntaxTreeNode) -> tuple[Option, ...]:
    """Return the answers to choose from."""
    options = [_read_option(writer, item) for item in read_items(writer, node)]
    _tell_few_or_twice(writer, node, [option.html for option in options])
    return tuple(options)


def _read_option(writer: Writer, item: Item) -> Option:
    mark = MARKED.match(item.text)
    if mark is None:
        writer.tell(OptionUnmarkedError, item.line)
        return Option(writer.inline(item.text, item.line))
    html = writer.inline(item.text[mark.end() :], item.line)
    if not html:
        writer.tell(OptionEmptyError, item.line)
    return Option(html, mark[1] != " ", " ".join(_feedback(writer, quoted) for quoted in item.feedback))


def _feedback(writer: Writer, node: SyntaxTreeNode) -> str:
    if any(child.type != "paragraph" for child in node.children):
        writer.tell(OptionContentError, writer.line(node))
    paragraphs = (child for child in node.children if child.type == "paragraph")
    return " ".join(writer.inner_text(paragraph) for paragraph in paragraphs)


def read_pairs(writer: Writer, node: SyntaxTreeNode) -> tuple[tuple[str, str], ...]:
    """Return the pairs to match."""
    pairs: list[tuple[str, str]] = []
    for item in read_items(writer, node):
        left, arrow, right = (part.strip() for part in item.text.partition(ARROW))
        if not (left and arrow and right):
            writer.tell(PairBrokenError, item.line)
        if item.feedback:
            writer.tell(OptionContentError, item.line)
        pairs.append((writer.inline(left, item.line), writer.inline(right, item.line)))
    for side in zip(*pairs, strict=True):
        _tell_few_or_twice(writer, node, list(side))
    return tuple(pairs)


def read_steps(writer: Writer, node: SyntaxTreeNode) -> tuple[str, ...]:
    """Return the steps to put in order, in the right one."""
    steps: list[str] = []
    for item in read_items(writer, node):
        if item.feedback:
            writer.tell(OptionContentError, item.line)
        steps.append(writer.inline(item.text, item.line))
        if not steps[-1]:
            writer.tell(OptionEmptyError, item.line)
    _tell_few_or_twice(writer, node, steps)
    return tuple(steps)


def _tell_few_or_twice(writer: Writer, node: SyntaxTreeNode, answers: list[str]) -> None:
    if len(answers) < 2:
        writer.tell(TooFewAnswersError, writer.line(node))
    seen: set[str] = set()
    for child, answer in zip(node.children, answers, strict=True):
        if answer in seen and answer:
            writer.tell(OptionTwiceError, writer.line(child), text=text_of(answer))
        seen.add(answer)


def read_blanks(writer: Writer, found: list[tuple[int, str]]) -> tuple[Blank, ...]:
    """Return the gaps to fill in.

    Args:
        found: what stands between the braces of each, with its line.
    """
    blanks: list[Blank] = []
    for line, text in found:
        accepted = tuple(dict.fromkeys(each for part in text.split("|") if (each := " ".join(part.split()))))
        if not accepted:
            writer.tell(BlankEmptyError, line)
        blanks.append(Blank(accepted))
    return tuple(blanks)


def read_range(writer: Writer, text: str, line: int) -> Range | None:
    """Return the numbers that are right; None where the text states none, which is told."""
    found = _RANGE.fullmatch(text.strip())
    if found:
        low, high = _number(found[1]), _number(found[3] or found[1])
        if found[2] in {"±", "+-"}:
            low, high = low - high, low + high
        if isfinite(low) and isfinite(high) and low <= high:
            return Range(low, high, found[4] or "")
    writer.tell(BadNumberError, line, found=text.strip())
    return None


def _number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", "."))
