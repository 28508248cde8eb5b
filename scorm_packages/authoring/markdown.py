"""Parse Markdown without letting anything of it through raw: blocks first, the text in them when it is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.common.html_re import HTML_TAG_RE
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline, autolink, image, link
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.deflist import deflist_plugin

BLOCK: Final = "container_block"
"""The type of the nodes that `:::` lines make."""

DEEPEST: Final = 30
"""How deep blocks may stand within each other; the parser leaves out without a word what is far deeper."""

MOST_TOLD: Final = 100
"""How much of one text is told."""

Env = MutableMapping[str, Any]
"""What the parser carries along: the references of a page, and in `told` what it met in a text.

Of each: `html` or `link`, the line in the text from 0, and what stands there.
"""

_LOOKS_LIKE_A_LINK: Final = re.compile(r"\[[^\[\]\n]{0,300}\]\([^()\n]{1,300}\)")
_COMMENT: Final = "<!--"
_BLANK: Final = re.compile(r"\{\{([^{}\n]{0,1000})\}\}")
_InlineRule = Callable[[StateInline, bool], bool]


def _plain_parser() -> MarkdownIt:
    options = {"html": False, "linkify": False, "typographer": False, "xhtmlOut": False, "maxNesting": DEEPEST + 20}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005  # refused aloud where links are written
    return parser


def _block_parser() -> MarkdownIt:
    parser = _plain_parser().use(deflist_plugin)
    parser.use(container_plugin, name="block", validate=lambda _params, _markup: True)
    return parser.disable(["html_block", "inline", "text_join"])


def _inline_parser() -> MarkdownIt:
    parser = _plain_parser()
    rules = parser.inline.ruler
    rules.at("link", _noting_lines(_or_tell(link)))
    rules.at("image", _noting_lines(image))
    rules.at("autolink", _noting_lines(autolink))
    rules.at("html_inline", _tell_html)
    rules.before("link", "blank", _blank)
    parser.renderer.rules["ready"] = lambda tokens, at, *_: tokens[at].content  # type: ignore[attr-defined]
    return parser


def _noting_lines(rule: _InlineRule) -> _InlineRule:
    """Let a rule leave in its tokens on which line of the text they begin."""

    def run(state: StateInline, silent: bool) -> bool:
        start, known = state.pos, len(state.tokens)
        if not rule(state, silent):
            return False
        if not silent:
            line = state.src.count("\n", 0, start)
            for token in state.tokens[known:]:
                token.meta.setdefault("line", line)
        return True

    return run


def _or_tell(rule: _InlineRule) -> _InlineRule:
    """Let a rule tell of what looks like a link and is none, mostly because of a space in its address."""

    def run(state: StateInline, silent: bool) -> bool:
        if rule(state, silent):
            return True
        if not silent and (found := _LOOKS_LIKE_A_LINK.match(state.src, state.pos)):
            _tell(state, "link", found[0])
        return False

    return run


def _tell_html(state: StateInline, silent: bool) -> bool:
    """Tell of raw HTML, which stays what it is: text."""
    if state.src[state.pos] != "<" or silent:
        return False
    if state.src.startswith(_COMMENT, state.pos):
        _tell(state, "html", _COMMENT)
    elif state.html_terminator_last(">") > state.pos and (found := HTML_TAG_RE.match(state.src, state.pos)):
        _tell(state, "html", found[0])
    return False


def _tell(state: StateInline, what: str, found: str) -> None:
    if len(told := state.env["told"]) < MOST_TOLD:
        told.append((what, state.src.count("\n", 0, state.pos), found[:60]))


def _blank(state: StateInline, silent: bool) -> bool:
    """Read a gap to fill in, where a question has some."""
    if state.src[state.pos] != "{" or "blanks" not in state.env:
        return False
    if not (found := _BLANK.match(state.src, state.pos)):
        return False
    if not silent:
        line = state.src.count("\n", 0, state.pos)
        state.env["blanks"].append((line, found[1]))
        state.push("ready", "", 0).content = f'<span data-blank="{len(state.env["blanks"])}"></span>'
    state.pos = found.end()
    return True


_BLOCKS: Final = _block_parser()
_INLINE: Final = _inline_parser()
_RENDERER: Final = RendererHTML(_INLINE)


def parse_blocks(text: str, env: Env) -> SyntaxTreeNode:
    """Return the blocks of a text; their own text is not read yet.

    Raises:
        RecursionError: the text is nested deeper than Python can follow.
    """
    return SyntaxTreeNode(_BLOCKS.parse(text, env))


def is_too_deep(root: SyntaxTreeNode) -> int | None:
    """Return the line, from 0, where blocks stand too deep within each other, or None."""
    for token in root.to_tokens():
        if token.level > DEEPEST:
            return token.map[0] if token.map else 0
    return None


def parse_inline(text: str, env: Env) -> list[Token]:
    """Return the pieces of a text within a block.

    Raises:
        RecursionError: the text is nested deeper than Python can follow.
    """
    [parsed] = _INLINE.parseInline(text, env)
    return parsed.children or []


def render_inline(tokens: list[Token], env: Env) -> str:
    """Return safe HTML for pieces of text; links and pictures must have been judged before."""
    return str(_INLINE.renderer.render([Token("inline", "", 0, children=tokens)], _INLINE.options, env))


def plain_inline(tokens: list[Token] | None, env: Mapping[str, Any]) -> str:
    """Return the bare text of pieces of text, as for the alternative text of a picture."""
    return str(_RENDERER.renderInlineAsText(tokens or [], _INLINE.options, dict(env)))
