"""Write the blocks that `:::` lines make: callouts, columns, accordions, glossaries and text boxes."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

from markdown_it.tree import SyntaxTreeNode

from scorm_packages.authoring.clips import write_audio, write_download, write_video
from scorm_packages.authoring.course_facts import make_key
from scorm_packages.authoring.page_problems import (
    BlockEmptyError,
    BlockMisplacedError,
    BlockTitleError,
    NotAGlossaryError,
    OnlyColumnsError,
    StrayColonsError,
    TermTwiceError,
    UnknownBlockError,
)
from scorm_packages.authoring.questions import write_question
from scorm_packages.authoring.quizzes import write_quiz
from scorm_packages.authoring.words import word
from scorm_packages.authoring.writer import Block, Writer, block_name, block_words
from scorm_packages.entry_name import fold_name

CALLOUTS: Final = ("note", "tip", "warning", "important", "example")
MOST_COLUMNS: Final = 4

_INTERACTIVE: Final = frozenset(("question", "quiz", "reflection"))
_WITH_TEXT: Final = frozenset(("video", "audio", "download"))


def write_block(writer: Writer, node: SyntaxTreeNode) -> str:
    """Return safe HTML for a block; what is wrong with it is told."""
    name = block_name(node)
    block = BLOCKS.get(name)
    if not name:
        writer.tell(StrayColonsError, writer.line(node))
        return writer.write(node.children)
    if block is None:
        writer.tell(UnknownBlockError, writer.line(node), name=name, known=", ".join(BLOCKS))
        return writer.write(node.children)
    if outer := next((each for each in writer.outer if not _may_stand(name, each)), None):
        writer.tell(BlockMisplacedError, writer.line(node), name=name, outer=outer)
        return ""
    if name == "column" and (not writer.outer or writer.outer[-1] != "columns"):
        writer.tell(
            BlockMisplacedError, writer.line(node), name=name, outer=writer.outer[-1] if writer.outer else "page"
        )
    writer.outer.append(name)
    html = block(writer, node)
    writer.outer.pop()
    return html


def _may_stand(name: str, outer: str) -> bool:
    """Tell whether a block may stand within another, however far out that is."""
    if outer == "quiz":
        return name not in {"quiz", "reflection", "glossary"}
    if outer in _INTERACTIVE or outer in _WITH_TEXT:
        return name not in {*_INTERACTIVE, "glossary", "accordion"}
    return name != "quiz" and outer != "glossary"


def _callout(writer: Writer, node: SyntaxTreeNode) -> str:
    kind = block_name(node)
    title = block_words(node) or word(writer.context.language, kind)
    return (
        f'<div class="callout" data-kind="{kind}" role="note"><p class="callout-title">{escape(title)}</p>'
        f"{_inner(writer, node)}</div>"
    )


def _inner(writer: Writer, node: SyntaxTreeNode) -> str:
    if not node.children:
        writer.tell(BlockEmptyError, writer.line(node), name=block_name(node))
    return writer.write(node.children)


def _columns(writer: Writer, node: SyntaxTreeNode) -> str:
    if not 2 <= len(node.children) <= MOST_COLUMNS or any(block_name(each) != "column" for each in node.children):
        writer.tell(OnlyColumnsError, writer.line(node))
    return f'<div class="columns">{writer.write(node.children)}</div>'


def _column(writer: Writer, node: SyntaxTreeNode) -> str:
    return f'<div class="column">{_inner(writer, node)}</div>'


def _part(writer: Writer, node: SyntaxTreeNode) -> str:
    title = block_words(node)
    if not title:
        told = {"name": "accordion", "example": "::: accordion What is a fire cell?"}
        writer.tell(BlockTitleError, writer.line(node), **told)
    return f'<details class="part"><summary>{escape(title)}</summary>{_inner(writer, node)}</details>'


def _reflection(writer: Writer, node: SyntaxTreeNode) -> str:
    writer.context.numbering.reflections += 1
    writer.context.reflections += 1
    return f'<div data-reflection="r{writer.context.numbering.reflections}">{_inner(writer, node)}</div>'


def _glossary(writer: Writer, node: SyntaxTreeNode) -> str:
    if not node.children or any(child.type != "dl" for child in node.children):
        writer.tell(NotAGlossaryError, writer.line(node))
    lists = [child for child in node.children if child.type == "dl"]
    return '<dl class="glossary">' + "".join(_entries(writer, each) for each in lists) + "</dl>"


def _entries(writer: Writer, node: SyntaxTreeNode) -> str:
    pieces = []
    for child in node.children:
        if child.type == "dt":
            pieces.append(f'<dt id="{_term_id(writer, child)}">{writer.inner_text(child)}</dt>')
        else:
            pieces.append(f"<dd>{writer.write(child.children)}</dd>")
    return "".join(pieces)


def _term_id(writer: Writer, node: SyntaxTreeNode) -> str:
    """Return the id of a term, another one for each in the course."""
    term = " ".join("".join(inner.content for inner in node.children).split())
    terms = writer.context.numbering.terms
    line = writer.line(node.children[0]) if node.children else writer.line(node)
    known = terms.setdefault(fold_name(term), f"{writer.file}:{line}")
    if known != f"{writer.file}:{line}":
        writer.tell(TermTwiceError, line, term=term, other=known)
    return f"term-{len(terms)}-{make_key(term)}"


BLOCKS: Final[Mapping[str, Block]] = {
    **dict.fromkeys(CALLOUTS, _callout),
    "columns": _columns,
    "column": _column,
    "accordion": _part,
    "video": write_video,
    "audio": write_audio,
    "download": write_download,
    "reflection": _reflection,
    "glossary": _glossary,
    "question": write_question,
    "quiz": write_quiz,
}
"""Every block by its name."""
