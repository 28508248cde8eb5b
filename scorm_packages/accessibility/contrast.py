"""Compute the contrast of text where a style rule gives both its colour and its background.

Source: WCAG 2.1, definitions of contrast ratio and relative luminance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import tinycss2
from tinycss2.color3 import RGBA, parse_color

LEAST: Final = 4.5
LEAST_LARGE: Final = 3.0
LARGE_PX: Final = 24.0
LARGE_BOLD_PX: Final = 18.66
MOST_RULES: Final = 5_000
STYLE_CHARACTERS: Final = 4_000
_PIXELS: Final = {"px": 1.0, "pt": 4 / 3, "rem": 16.0}
_SIZE: Final = re.compile(r"\s*([\d.]{1,8})(px|pt|rem)\s*")
_INACTIVE: Final = re.compile(r"disabled|::?selection|aria-hidden", re.IGNORECASE)


_BRACKET: Final = re.compile(r"[(\[{}\])]")
DEEPEST: Final = 50


class TooNestedError(ValueError):
    """Say that a style sheet is not worth reading: it would take memory and nothing else."""


@dataclass(frozen=True)
class LowContrast:
    """A rule whose text is hard to read."""

    selector: str
    facts: dict[str, str]


def low_contrasts(css: str) -> Iterator[LowContrast]:
    """Give the rules of a style sheet that colour text and background too alike; those in @media too.

    Raises:
        TooNestedError: brackets stand deeper within each other than in any sheet that a person or tool writes.
    """
    _refuse_nested(css)
    yield from _look(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True), is_nested=False)


def low_contrasts_in_style(style: str) -> LowContrast | None:
    """Return what a style attribute colours too alike."""
    if "color" not in style or "background" not in style or style.count("(") > DEEPEST:
        return None
    return _judge("", tinycss2.parse_declaration_list(style[:STYLE_CHARACTERS], skip_comments=True))


def _refuse_nested(css: str) -> None:
    depth = 0
    for bracket in _BRACKET.findall(css):
        depth = depth + 1 if bracket in "([{" else max(depth - 1, 0)
        if depth > DEEPEST:
            raise TooNestedError


def ratio(one: RGBA, other: RGBA) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _look(rules: list[tinycss2.ast.Node], *, is_nested: bool) -> Iterator[LowContrast]:
    for rule in rules[:MOST_RULES]:
        if rule.type == "at-rule" and rule.lower_at_keyword == "media" and rule.content and not is_nested:
            if "print" not in _text(rule.prelude):
                yield from _look(tinycss2.parse_rule_list(rule.content, True, True), is_nested=True)
        elif rule.type == "qualified-rule":
            selector = _text(rule.prelude)
            if not _INACTIVE.search(selector):
                low = _judge(selector, tinycss2.parse_declaration_list(rule.content, skip_comments=True))
                if low:
                    yield low


def _judge(selector: str, declarations: list[tinycss2.ast.Node]) -> LowContrast | None:
    stated = {each.lower_name: each.value for each in declarations if each.type == "declaration"}
    background = _colour(stated.get("background-color") or stated.get("background"))
    colour = _colour(stated.get("color"))
    if colour is None or background is None or "background-image" in stated:
        return None
    least = LEAST_LARGE if _is_large(stated) else LEAST
    reached = ratio(colour, background)
    if reached >= least:
        return None
    shown = {"ratio": f"{int(reached * 100) / 100:.2f}", "least": f"{least:g}"}
    return LowContrast(selector, {"colour": _hex(colour), "background": _hex(background), **shown})


def _colour(value: list[tinycss2.ast.Node] | None) -> RGBA | None:
    """Return an opaque colour; None for anything that can't be told without the page around it."""
    parts = [token for token in value or () if token.type not in {"whitespace", "comment"}]
    found = parse_color(parts[0]) if len(parts) == 1 else None
    return found if isinstance(found, RGBA) and found.alpha == 1 else None


def _is_large(stated: dict[str, list[tinycss2.ast.Node]]) -> bool:
    size = _SIZE.fullmatch(_text(stated.get("font-size", [])))
    if not size or size[1].count(".") > 1 or size[1] == ".":
        return False
    pixels = float(size[1]) * _PIXELS[size[2]]
    is_bold = _text(stated.get("font-weight", [])).strip() in {"bold", "bolder", "700", "800", "900"}
    return pixels >= LARGE_PX or (is_bold and pixels >= LARGE_BOLD_PX)


def _text(tokens: list[tinycss2.ast.Node]) -> str:
    return " ".join(str(tinycss2.serialize(tokens)).split())


def _luminance(colour: RGBA) -> float:
    red, green, blue = (_linear(min(max(part, 0.0), 1.0)) for part in (colour.red, colour.green, colour.blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.03928 else float(((part + 0.055) / 1.055) ** 2.4)


def _hex(colour: RGBA) -> str:
    return "#" + "".join(f"{round(min(max(part, 0), 1) * 255):02x}" for part in colour[:3])
