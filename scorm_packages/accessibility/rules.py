"""Say every barrier in words: what is wrong, how to mend it, and which criterion of WCAG 2.1 it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Rule:
    """What a code stands for; `{names}` in both texts stand for facts. `criterion`: empty where it is about none."""

    criterion: str
    text: str
    mend: str


RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "image-no-alt": Rule(
            "1.1.1",
            "A picture has no alternative text.",
            'Say in the attribute alt what the picture tells; alt="" if it only decorates.',
        ),
        "video-no-captions": Rule("1.2.2", "A video has no captions.", "Add a file with captions (track, WebVTT)."),
        "audio-no-transcript": Rule(
            "1.2.1", "Near a sound no transcript was found.", "Write what is said below the sound, or link to it."
        ),
        "heading-none": Rule("1.3.1", "The page has no heading.", "Begin the page with a heading (h1)."),
        "heading-skipped": Rule(
            "1.3.1",
            "A heading of level {level} follows one of level {before}.",
            "Use the levels in order, without leaving one out.",
        ),
        "table-no-headers": Rule(
            "1.3.1", "A table has no header cells.", "Make its first row or column header cells (th)."
        ),
        "autoplay": Rule("1.4.2", "Sound or film starts by itself.", "Take autoplay away; let the learner start it."),
        "contrast-low": Rule(
            "1.4.3",
            "Text in {colour} on {background} has a contrast of {ratio} : 1; at least {least} : 1 is needed.",
            "Make the text darker or the background lighter, or the other way round.",
        ),
        "zoom-blocked": Rule(
            "1.4.4",
            "The page keeps people from making it larger.",
            "Take user-scalable and maximum-scale out of the viewport.",
        ),
        "keyboard-trap": Rule(
            "2.1.2", "The Tab key does not lead on from here.", "Let Tab and Shift+Tab leave every element."
        ),
        "refresh": Rule(
            "2.2.1",
            "The page reloads or moves on by itself after {seconds} seconds.",
            "Let the learner decide when to go on.",
        ),
        "focus-order": Rule(
            "2.4.3",
            "The keyboard jumps back to here instead of going on.",
            "Let the elements stand in the order in which they are used.",
        ),
        "reflow": Rule(
            "1.4.10",
            "On a screen of 320 pixels the page must be scrolled sideways.",
            "Let text wrap and columns stand below each other; give nothing a fixed width.",
        ),
        "title-missing": Rule("2.4.2", "The page has no title.", "Write one in the element title."),
        "tabindex-positive": Rule(
            "2.4.3",
            "The keyboard jumps here before what stands above (tabindex {value}).",
            "Take the tabindex away and put the elements in order.",
        ),
        "link-empty": Rule("2.4.4", "A link has no text.", "Write where it leads."),
        "link-vague": Rule(
            "2.4.4", "The link text “{text}” does not say where it leads.", "Write where it leads in the link itself."
        ),
        "focus-invisible": Rule(
            "2.4.7", "The keyboard focus cannot be seen here.", "Give the element an outline when it has focus."
        ),
        "language-missing": Rule("3.1.1", "The page does not say its language.", 'Write it: <html lang="nb">.'),
        "language-invalid": Rule(
            "3.1.1", "The page says its language is “{language}”, which is no code.", "Write nb, nn, en or the like."
        ),
        "language-wrong": Rule(
            "3.1.1",
            "The page says its language is {language}, but the text reads like {found}.",
            'Correct the attribute lang: <html lang="{found}">.',
        ),
        "id-duplicate": Rule("4.1.1", "The id “{id}” is used more than once.", "Give each element an id of its own."),
        "field-no-label": Rule("4.1.2", "A field has no label.", "Add a label that says what to fill in."),
        "button-empty": Rule("4.1.2", "A button has no text.", "Write what it does, if only in aria-label."),
        "frame-no-title": Rule("4.1.2", "A frame has no title.", "Say in its attribute title what it holds."),
        "axe": Rule("", "{help} ({rule})", "{mend}"),
        "page-cut": Rule(
            "", "Only the beginning of this file was looked at: {kilobytes} kB.", "Let a person look at the rest."
        ),
        "elements-cut": Rule(
            "", "Of this page the first {count} elements were looked at.", "Let a person look at the rest."
        ),
        "pages-cut": Rule("", "Files that were not looked at: {count}.", "Let a person look at them."),
        "page-unread": Rule("", "This page could not be read as HTML.", "Let a person look at it."),
        "findings-cut": Rule("", "Further findings that are left out: {count}.", "Mend these first, and check again."),
    }
)
"""Every code that a check can give."""
