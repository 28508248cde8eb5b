"""Turn the blocks of a page into safe HTML; everything is escaped, and no element comes from the author."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Final

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from scorm_packages.authoring.context import Context
from scorm_packages.authoring.course_source import Place
from scorm_packages.authoring.html_text import text_of
from scorm_packages.authoring.inline import InlineWriter, picture_html
from scorm_packages.authoring.markdown import BLOCK, is_too_deep, parse_blocks
from scorm_packages.authoring.page_problems import BlockOpenError, TooDeepError, TwoTitlesError
from scorm_packages.authoring.problems import SourceProblem

Block = Callable[["Writer", SyntaxTreeNode], str]
"""What writes a block of `:::` lines."""

_PLAIN: Final[Mapping[str, str]] = {
    "bullet_list": "ul",
    "list_item": "li",
    "blockquote": "blockquote",
    "thead": "thead",
    "tbody": "tbody",
    "tr": "tr",
    "dl": "dl",
    "dd": "dd",
}
"""Nodes that are one element around their children."""

_SIDES: Final[Mapping[str, str]] = {"text-align:right": "right", "text-align:center": "center"}


class Writer:
    """Write one file: a page, or a text version of a film.

    Attributes:
        is_read: False where the text could not be followed to its end, which is told.
        title: of the page, as plain text, where the text holds its `#` heading; and `title_line`.
        outer: the names of the blocks around what is being written, the outermost first.
    """

    def __init__(self, context: Context, file: str, first_line: int, write_block: Block) -> None:
        self.context, self.file = context, file
        self.title, self.title_line = "", 0
        self.is_read = True
        self.outer: list[str] = []
        self._first_line, self._write_block = first_line, write_block
        self._inline = InlineWriter(context, file)
        self._source: list[str] = []

    def write_text(self, text: str) -> str:
        """Return safe HTML for all of a text."""
        self._source = text.split("\n")
        try:
            root = parse_blocks(text, self._inline.env)
            deep = is_too_deep(root)
            if deep is None:
                return self.write(root.children)
        except RecursionError:
            deep = 0
        self.is_read = False
        self.context.problems.add(TooDeepError, Place(self.file, self._first_line + deep))
        return ""

    def line(self, node: SyntaxTreeNode) -> int:
        """Return the line of the file on which a node begins."""
        return self._first_line + (node.map[0] if node.map else 0)

    def tell(self, kind: type[SourceProblem], line: int, /, **facts: object) -> None:
        """Note a problem of this file."""
        self.context.problems.add(kind, Place(self.file, line), **facts)

    def inline(self, text: str, line: int) -> str:
        """Return safe HTML for a text that is no block, e.g. an answer."""
        return self._inline.write(text, line)

    def blanks(self) -> list[tuple[int, str]]:
        """Read `{{…}}` as gaps to fill in from now on; return the list that they go into."""
        found: list[tuple[int, str]] = []
        self._inline.env["blanks"] = found
        return found

    def end_blanks(self) -> None:
        """Read `{{…}}` as text again."""
        self._inline.env.pop("blanks", None)

    def write(self, nodes: Sequence[SyntaxTreeNode]) -> str:
        """Return safe HTML for blocks; several parts of an accordion in a row stand together."""
        pieces: list[str] = []
        is_open = False
        for node in nodes:
            is_part = block_name(node) == "accordion"
            if is_part != is_open:
                pieces.append('<div class="parts">' if is_part else "</div>")
                is_open = is_part
            pieces.append(self._write(node))
        return "".join(pieces) + ("</div>" if is_open else "")

    def _write(self, node: SyntaxTreeNode) -> str:
        if node.type == BLOCK:
            self._tell_open(node)
            return self._write_block(self, node)
        if element := _PLAIN.get(node.type):
            return f"<{element}>{self.write(node.children)}</{element}>"
        written = _WRITERS.get(node.type)
        return written(self, node) if written else ""

    def _tell_open(self, node: SyntaxTreeNode) -> None:
        end = node.map[1] if node.map else 0
        closing = self._source[end].strip(" \t>") if end < len(self._source) else ""
        ends_with_outer = any(outer.type == BLOCK and outer.map and outer.map[1] == end for outer in _ancestors(node))
        if ends_with_outer or len(closing) < len(node.markup) or closing.strip(":"):
            self.tell(BlockOpenError, self.line(node), name=block_name(node), colons=node.markup)

    def paragraph(self, node: SyntaxTreeNode) -> str:
        """Return a paragraph; one that holds pictures only is a figure each."""
        [inner] = node.children
        tokens = self._inline.parse(inner.content, self.line(inner))
        shown = [token for token in tokens if token.type not in {"softbreak", "hardbreak"}]
        if shown and all(token.type == "image" for token in shown):
            return "".join(self._figure(token, self.line(inner)) for token in shown)
        html = self._inline.render(tokens, self.line(inner))
        return html if node.hidden else f"<p>{html}</p>"

    def _figure(self, token: Token, line: int) -> str:
        html = picture_html(self._inline.picture(token, Place(self.file, line + token.meta.get("line", 0))))
        caption = str(token.attrs.get("title", ""))
        return f"<figure>{html}{f'<figcaption>{escape(caption)}</figcaption>' if caption else ''}</figure>"

    def heading(self, node: SyntaxTreeNode) -> str:
        """Return a heading; the first of the highest level is the title of the page, and not written."""
        [inner] = node.children
        html = self._inline.write(inner.content, self.line(inner))
        if node.tag != "h1":
            return f"<{node.tag}>{html}</{node.tag}>"
        if self.title_line or self.outer or node.level:
            self.tell(TwoTitlesError, self.line(node))
        else:
            self.title, self.title_line = text_of(html), self.line(node)
        return ""

    def inner_text(self, node: SyntaxTreeNode) -> str:
        """Return the text of a node that holds nothing but text."""
        return "".join(self._inline.write(inner.content, self.line(inner)) for inner in node.children)


def _ancestors(node: SyntaxTreeNode) -> Iterator[SyntaxTreeNode]:
    while node.parent and not node.parent.is_root:
        node = node.parent
        yield node


def _ordered_list(writer: Writer, node: SyntaxTreeNode) -> str:
    start = f' start="{int(node.attrs["start"])}"' if "start" in node.attrs else ""
    return f"<ol{start}>{writer.write(node.children)}</ol>"


def _table(writer: Writer, node: SyntaxTreeNode) -> str:
    return f'<div class="table"><table>{writer.write(node.children)}</table></div>'


def _cell(writer: Writer, node: SyntaxTreeNode) -> str:
    side = _SIDES.get(str(node.attrs.get("style", "")))
    about = (' scope="col"' if node.type == "th" else "") + (f' class="{side}"' if side else "")
    return f"<{node.type}{about}>{writer.inner_text(node)}</{node.type}>"


def _code(_writer: Writer, node: SyntaxTreeNode) -> str:
    return f"<pre><code>{escape(node.content)}</code></pre>"


_WRITERS: Final[Mapping[str, Block]] = {
    "paragraph": Writer.paragraph,
    "heading": Writer.heading,
    "inline": lambda writer, node: writer.inline(node.content, writer.line(node)),
    "ordered_list": _ordered_list,
    "table": _table,
    "th": _cell,
    "td": _cell,
    "dt": lambda writer, node: f"<dt>{writer.inner_text(node)}</dt>",
    "fence": _code,
    "code_block": _code,
    "hr": lambda _writer, _node: "<hr>",
}


def block_name(node: SyntaxTreeNode) -> str:
    """Return the name of a block of `:::` lines; empty for any other node."""
    return (node.info.split() or [""])[0].lower() if node.type == BLOCK else ""


def block_words(node: SyntaxTreeNode) -> str:
    """Return what stands behind the name of a block."""
    parts = node.info.split(None, 1)
    return parts[1].strip() if len(parts) > 1 else ""
