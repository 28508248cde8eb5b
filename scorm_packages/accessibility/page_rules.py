"""Look at one page, rule by rule: each gives the elements that are in the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice, pairwise
from typing import Final, NamedTuple

from scorm_packages.accessibility.contrast import TooNestedError, low_contrasts, low_contrasts_in_style
from scorm_packages.accessibility.document import (
    MOST_ANCESTORS,
    MOST_ELEMENTS,
    Document,
    Element,
    excerpt,
    is_silent,
    name_of,
    text_of,
)
from scorm_packages.accessibility.tongues import CODE, is_same, is_vague, reads_like

FEWEST_CHARACTERS: Final = 200
"""A page with less text is a frame that a script fills: it needs no heading of its own."""

STYLE_CHARACTERS: Final = 200_000
MOST_STYLES: Final = 2_000
_UNLABELLED: Final = frozenset({"hidden", "submit", "reset", "button", "image"})
_TRANSCRIPT: Final = re.compile(r"transkri|tekstversjon|tekstalternativ|transcript|text version", re.IGNORECASE)
_NEAR: Final = 3
_SCALE: Final = re.compile(r"maximum-scale\s*=\s*([\d.]{1,8})")
_REFRESH: Final = re.compile(r"\s*(\d{1,9})")


class Found(NamedTuple):
    """A rule's code, the element (None: the page as such), and facts."""

    code: str
    element: Element | None
    facts: dict[str, str]
    said: str = ""


PageRule = Callable[[Document], Iterator[Found]]


def find_barriers(document: Document) -> Iterator[Found]:
    """Give what stands in the way on a page."""
    for rule in _RULES:
        yield from rule(document)


def _images(page: Document) -> Iterator[Found]:
    for image in page.all("img", "area"):
        is_told = image.get("alt") is not None or name_of(image) or image.get("role") in {"presentation", "none"}
        if not is_told and not is_silent(image) and (image.tag == "img" or image.get("href")):
            yield Found("image-no-alt", image, {})
    for field in page.all("input"):
        if (field.get("type") or "").lower() == "image" and not field.get("alt") and not name_of(field):
            yield Found("image-no-alt", field, {})


def _headings(page: Document) -> Iterator[Found]:
    levels = [int(str(heading.tag)[1]) for heading in page.headings]
    if not levels and len(page.text) >= FEWEST_CHARACTERS and not any(page.all("frameset")):
        yield Found("heading-none", None, {})
    for (before, level), heading in zip(pairwise(levels), page.headings[1:], strict=False):
        if level > before + 1:
            yield Found("heading-skipped", heading, {"level": str(level), "before": str(before)})


def _language(page: Document) -> Iterator[Found]:
    stated = (page.root.get("lang") or page.root.get("xml_lang") or "").strip()
    if not stated:
        yield Found("language-missing", None, {})
    elif not CODE.fullmatch(stated):
        yield Found("language-invalid", None, {"language": stated})
    elif (found := reads_like(page.text)) and not is_same(stated, found):
        yield Found("language-wrong", None, {"language": stated, "found": found})


def _title(page: Document) -> Iterator[Found]:
    if not any(text_of(title) for title in page.all("title")):
        yield Found("title-missing", None, {})


def _links(page: Document) -> Iterator[Found]:
    for link in page.all("a"):
        name = name_of(link)
        if link.get("href") is None or (name and not is_vague(name)) or is_silent(link):
            continue
        if not name:
            yield Found("link-empty", link, {})
        else:
            yield Found("link-vague", link, {"text": name})


def _buttons(page: Document) -> Iterator[Found]:
    for button in page.all("button"):
        if not name_of(button) and not is_silent(button):
            yield Found("button-empty", button, {})


def _media(page: Document) -> Iterator[Found]:
    for clip in page.all("video", "audio"):
        if clip.get("autoplay") is not None and clip.get("muted") is None:
            yield Found("autoplay", clip, {})
    for video in page.all("video"):
        kinds = {(track.get("kind") or "subtitles").lower() for track in islice(video.iter("track"), 50)}
        if not kinds & {"captions", "subtitles"} and video.get("muted") is None:
            yield Found("video-no-captions", video, {})
    for sound in page.all("audio"):
        if not any(_TRANSCRIPT.search(text_of(near)) for near in islice(sound.iterancestors(), _NEAR)):
            yield Found("audio-no-transcript", sound, {})


def _fields(page: Document) -> Iterator[Found]:
    for field in page.all("input", "select", "textarea"):
        if (field.get("type") or "").lower() in _UNLABELLED:
            continue
        named = field.get("aria-label") or field.get("aria-labelledby") or field.get("title")
        is_wrapped = any(True for _ in islice(field.iterancestors("label"), 1))
        if not named and not is_wrapped and field.get("id") not in page.labelled and not is_silent(field):
            yield Found("field-no-label", field, {})


def _tables(page: Document) -> Iterator[Found]:
    for table in page.all("table"):
        is_layout = table.get("role") in {"presentation", "none"}
        cells = sum(1 for _ in islice(table.iter("td"), 4))
        rows = sum(1 for _ in islice(table.iter("tr"), 2))
        headers = islice((cell for cell in islice(table.iter("th", "td"), 500) if _is_header(cell)), 1)
        if not is_layout and cells == 4 and rows == 2 and not any(True for _ in headers):
            yield Found("table-no-headers", table, {})


def _is_header(cell: Element) -> bool:
    return cell.tag == "th" or cell.get("scope") is not None or cell.get("headers") is not None


def _ids(page: Document) -> Iterator[Found]:
    for id_, count in page.ids.items():
        if count > 1:
            yield Found("id-duplicate", None, {"id": id_}, f'id="{id_}"')


def _frames(page: Document) -> Iterator[Found]:
    for frame in page.all("iframe", "frame"):
        if not (frame.get("title") or frame.get("aria-label")) and not is_silent(frame):
            yield Found("frame-no-title", frame, {})


def _metas(page: Document) -> Iterator[Found]:
    for meta in page.all("meta"):
        content = (meta.get("content") or "").lower()[:500]
        if (meta.get("name") or "").lower() == "viewport" and _is_blocking(content):
            yield Found("zoom-blocked", meta, {})
        if (meta.get("http-equiv") or "").lower() == "refresh":
            wait = _REFRESH.match(content)
            if wait and int(wait[1]):
                yield Found("refresh", meta, {"seconds": wait[1]})


def _is_blocking(content: str) -> bool:
    if re.search(r"user-scalable\s*=\s*(no|0)", content):
        return True
    scale = _SCALE.search(content)
    return bool(scale and scale[1].count(".") < 2 and scale[1].strip(".") and float(scale[1]) < 2)


def _tabindexes(page: Document) -> Iterator[Found]:
    for element in islice(page.having("tabindex"), MOST_ELEMENTS):
        value = element.get("tabindex") or ""
        if re.fullmatch(r"\s*\+?0*[1-9]\d{0,8}\s*", value):
            yield Found("tabindex-positive", element, {"value": value.strip()})


def _contrasts(page: Document) -> Iterator[Found]:
    css = "\n".join(style.text or "" for style in page.all("style"))[:STYLE_CHARACTERS]
    with suppress(TooNestedError):
        for low in low_contrasts(css):
            yield Found("contrast-low", None, low.facts, f"<style> {low.selector}")
    for element in islice(page.having("style"), MOST_STYLES):
        if low_inline := low_contrasts_in_style(element.get("style") or ""):
            yield Found("contrast-low", element, low_inline.facts)


_RULES: Final[tuple[PageRule, ...]] = (
    *(_language, _title, _headings, _images, _media, _links, _buttons, _fields),
    *(_tables, _frames, _metas, _tabindexes, _ids, _contrasts),
)


def place_of(element: Element | None) -> tuple[str, str]:
    """Return the language and the name of the page within one of our own documents, empty outside of any."""
    if element is None:
        return "", ""
    around = [element, *islice(element.iterancestors(), MOST_ANCESTORS)]
    name = next((each.get("data-page") or "" for each in around if each.get("data-page")), "")
    language = next((each.get("data-language") or "" for each in around if each.get("data-language")), "")
    return language, name


def describe(found: Found) -> str:
    """Return what says which element it is."""
    return found.said or (excerpt(found.element) if found.element is not None else "")
