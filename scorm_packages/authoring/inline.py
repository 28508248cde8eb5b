"""Turn a piece of text into safe HTML: links and pictures lead only where they may."""

from __future__ import annotations

import re
import unicodedata
from html import escape
from typing import Final
from urllib.parse import quote, unquote

from markdown_it.token import Token

from scorm_packages.authoring.context import Context
from scorm_packages.authoring.course_source import Place
from scorm_packages.authoring.markdown import Env, parse_inline, plain_inline, render_inline
from scorm_packages.authoring.media import Medium
from scorm_packages.authoring.page_problems import (
    LinkEmptyError,
    LinkNotReadError,
    LinkRefusedError,
    NoAltError,
    PageMissingError,
    ParagraphTooLongError,
    PictureOutsideError,
    RawHtmlError,
    TooDeepError,
)
from scorm_packages.authoring.words import word

PARAGRAPH_CHARACTERS: Final = 10_000
"""What a text within a block may be long: brackets that nobody closes take a time that grows with its square."""

DECORATION: Final = "-"
"""The alternative text of a picture that says nothing."""

_OUTSIDE: Final = re.compile(r"https?://[^\s/?#@]+(?:[/?#]\S*)?", re.IGNORECASE)
_REACHING: Final = re.compile(r"mailto:[^\s@]+@[^\s@]+|tel:\+?[\d().\- %]+", re.IGNORECASE)
_PAGE: Final = re.compile(r"(?:pages/)?([^/:]+)\.md", re.IGNORECASE)


class InlineWriter:
    """Write the text of one file."""

    def __init__(self, context: Context, file: str) -> None:
        self._context, self._file = context, file
        self.env: Env = {"told": []}

    def write(self, text: str, line: int) -> str:
        """Return safe HTML.

        Args:
            line: of the file, on which the text begins.
        """
        return self.render(self.parse(text, line), line)

    def parse(self, text: str, line: int) -> list[Token]:
        """Return the pieces of a text, and tell what is not taken of it."""
        if len(text) > PARAGRAPH_CHARACTERS:
            self._context.problems.add(ParagraphTooLongError, Place(self._file, line), limit=PARAGRAPH_CHARACTERS)
            return []
        self.env["told"] = []
        blanks: list[tuple[int, str]] = self.env.get("blanks", [])
        known = len(blanks)
        try:
            tokens = parse_inline(text, self.env)
        except RecursionError:
            self._context.problems.add(TooDeepError, Place(self._file, line))
            return []
        blanks[known:] = [(line + at, found) for at, found in blanks[known:]]
        for what, at, found in self.env["told"]:
            kind = RawHtmlError if what == "html" else LinkNotReadError
            self._context.problems.add(kind, Place(self._file, line + at), found=found)
        return tokens

    def render(self, tokens: list[Token], line: int) -> str:
        """Return safe HTML for pieces of text: links and pictures judged and rewritten."""
        ready: list[Token] = []
        for at, token in enumerate(tokens):
            place = Place(self._file, line + token.meta.get("line", 0))
            if token.type == "image":
                ready.append(_ready(picture_html(self.picture(token, place))))
            elif token.type == "link_open":
                ready.append(_ready(self._opened(token, tokens[at + 1 : at + 2], place)))
            elif token.type == "link_close":
                ready.append(_ready(self._closed(ready)))
            else:
                ready.append(token)
        return render_inline(ready, self.env)

    def _opened(self, token: Token, following: list[Token], place: Place) -> str:
        if following and following[0].type == "link_close":
            self._context.problems.add(LinkEmptyError, place)
        target = str(token.attrs.get("href", ""))
        href = self._href(target, place)
        if href.startswith(("http:", "https:")):
            return f'<a href="{escape(href)}" target="_blank" rel="noopener noreferrer">'
        return f'<a href="{escape(href)}">'

    def _closed(self, ready: list[Token]) -> str:
        opened = next(token for token in reversed(ready) if token.content.startswith("<a "))
        if "_blank" not in opened.content:
            return "</a>"
        return f'<span class="new-window"> ({escape(word(self._context.language, "new-window"))})</span></a>'

    def _href(self, target: str, place: Place) -> str:
        """Return the address a link leads to in the package; `#` where it is refused, which is told."""
        if _OUTSIDE.fullmatch(target):
            scheme, _, rest = target.partition(":")
            return f"{scheme.lower()}:{rest}"
        if _REACHING.fullmatch(target):
            return target
        path = unicodedata.normalize("NFC", unquote(target))
        if page := _PAGE.fullmatch(path):
            return self._page_href(page[1], place)
        if path.startswith("media/"):
            medium = self._context.media.use(path, "download", place)
            return quote(medium.path) if medium else "#"
        self._context.problems.add(LinkRefusedError, place, target=path)
        return "#"

    def _page_href(self, name: str, place: Place) -> str:
        names = self._context.page_names
        short = name.rpartition(".")[0]
        found = name if name in names else short if short in names else None
        if found is None:
            self._context.problems.add(PageMissingError, place, name=name, known=", ".join(names[:20]))
            return "#"
        return f"#page-{quote(found)}"

    def picture(self, token: Token, place: Place) -> tuple[Medium | None, str]:
        """Return the file of a picture, and its alternative text: empty for a decoration."""
        alt = " ".join(plain_inline(token.children, self.env).split())
        if not alt:
            self._context.problems.add(NoAltError, place)
        path = unicodedata.normalize("NFC", unquote(str(token.attrs.get("src", ""))))
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", path):
            self._context.problems.add(PictureOutsideError, place, target=path)
            return None, alt
        return self._context.media.use(path, "picture", place), "" if alt == DECORATION else alt


def picture_html(picture: tuple[Medium | None, str]) -> str:
    """Return the element of a picture; nothing where its file is refused."""
    medium, alt = picture
    if medium is None:
        return ""
    size = f' width="{medium.width}" height="{medium.height}"' if medium.width and medium.height else ""
    return f'<img src="{escape(quote(medium.path))}" alt="{escape(alt)}"{size} loading="lazy">'


def _ready(html: str) -> Token:
    return Token("ready", "", 0, content=html)
