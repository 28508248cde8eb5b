"""Check drawings: an SVG is a document that can run scripts and load things, and none here does.

They are refused, not mended: what is taken out of a drawing behind its author's back changes how it looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from scorm_packages.authoring.course_source import Place
from scorm_packages.authoring.media_problems import SvgBrokenError, SvgUnsafeError
from scorm_packages.authoring.problems import Problems
from scorm_packages.authoring.source_folder import SourceFile, SourceFolder
from scorm_packages.manifest_xml import line_of

SVG_BYTES: Final = 5 * 10**6
SVG: Final = "http://www.w3.org/2000/svg"
XHTML: Final = "http://www.w3.org/1999/xhtml"

_ACTIVE: Final = frozenset(
    ("script", "foreignobject", "handler", "listener", "iframe", "embed", "object", "audio", "video", "link", "meta")
)
_ANIMATED: Final = frozenset(("animate", "set", "animatetransform", "animatemotion"))
_ENCODING: Final = re.compile(r"""\A\s*<\?xml\s[^>]*\bencoding\s*=\s*["']([^"']*)["']""")
_DECLARATION: Final = re.compile(r"\A\s*<\?xml\s[^>]*\?>")
_DECLARED: Final = re.compile("<!(?:ENTITY|ATTLIST)", re.IGNORECASE)
"""What a document type can add unseen: text, and attributes such as `onload`."""

_OWN_PICTURE: Final = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
_LOADING: Final = re.compile(
    r"""@import|\\|expression\s*\(|url\s*\(\s*+(?!["']?\s*#)|image(?:-set)?\s*\(""", re.IGNORECASE
)
_LOADING_IN_ATTRIBUTE: Final = re.compile(r"""\\|url\s*\(\s*+(?!["']?\s*#)|image-set\s*\(""", re.IGNORECASE)
_WORDS: Final = re.compile(r"id|class|d|role|aria-.*|data-.*")
"""Attributes that are no style, and may hold any text."""
_LENGTH: Final = re.compile(r"\s*(\d{1,6}(?:\.\d{1,6})?)\s*(?:px)?\s*")


def measure_svg(file: SourceFile, folder: SourceFolder, problems: Problems) -> tuple[int, int] | None:
    """Return width and height of a drawing, 0 where it states none; None where it is refused, which is told."""
    text = folder.read_text(file, SVG_BYTES)
    if text is None:
        return None
    encoding = _ENCODING.match(text)
    if encoding and encoding[1].lower() not in {"utf-8", "utf8", "us-ascii", "ascii"}:
        problems.add(SvgBrokenError, Place(file.path, 1))
        return None
    if declared := _DECLARED.search(text):
        line = text.count("\n", 0, declared.start()) + 1
        problems.add(SvgUnsafeError, Place(file.path, line), found=declared[0])
        return None
    # The declaration keeps its lines, so that those of the problems are right.
    plain = _DECLARATION.sub(lambda found: "\n" * found[0].count("\n"), text, count=1).strip(" \t").encode()
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(plain, parser)
    except etree.XMLSyntaxError as error:
        problems.add(SvgBrokenError, Place(file.path, error.lineno or 0))
        return None
    if root.tag != f"{{{SVG}}}svg":
        problems.add(SvgBrokenError, Place(file.path, 1))
        return None
    return None if _tell_unsafe(root, file, problems) else _size(root)


def _tell_unsafe(root: etree._Element, file: SourceFile, problems: Problems) -> bool:
    is_unsafe = False
    for node in (*_before(root), *root.iter()):
        for found in _unsafe(node):
            problems.add(SvgUnsafeError, Place(file.path, line_of(node)), found=found)
            is_unsafe = True
    return is_unsafe


def _before(root: etree._Element) -> Iterator[etree._Element]:
    """Yield what stands in front of the outermost element, e.g. a style sheet to load."""
    node = root.getprevious()
    while node is not None:
        yield node
        node = node.getprevious()


def _unsafe(node: etree._Element) -> Iterator[str]:
    """Yield what of one element could run or load something."""
    if not isinstance(node.tag, str):  # a processing instruction, or an entity that nobody declared
        yield "<?…?>"
        return
    name = etree.QName(node).localname.lower()
    if name in _ACTIVE or etree.QName(node).namespace == XHTML:
        yield f"<{name}>"
    if name == "style" and _LOADING.search("".join(map(str, node.itertext()))):
        yield "url(…)"
    for key, value in node.attrib.items():
        attribute = etree.QName(str(key)).localname.lower()
        if attribute.startswith("on"):
            yield attribute
        elif attribute == "base" or (attribute in {"href", "src"} and not _stays_inside(name, str(value))):
            yield f'{attribute}="{str(value)[:60]}"'
        elif attribute == "attributename" and name in _ANIMATED and re.search(r"href|\bon", str(value), re.IGNORECASE):
            yield f'attributeName="{value!s}"'
        elif _loads(str(key), attribute, str(value)):
            yield f"{attribute}=url(…)"


def _loads(key: str, attribute: str, value: str) -> bool:
    if attribute == "style":
        return _LOADING.search(value) is not None
    is_foreign = key.startswith("{")  # what a drawing program keeps for itself, no browser reads
    return not is_foreign and not _WORDS.fullmatch(attribute) and _LOADING_IN_ATTRIBUTE.search(value) is not None


def _stays_inside(name: str, target: str) -> bool:
    return target.strip().startswith("#") or (
        name in {"image", "feimage"} and bool(_OWN_PICTURE.fullmatch(target.strip()))
    )


def _size(root: etree._Element) -> tuple[int, int]:
    lengths = [_LENGTH.fullmatch(str(root.get(side, ""))) for side in ("width", "height")]
    if all(lengths):
        return _whole(*(float(length[1]) for length in lengths if length))
    box = re.split(r"[\s,]+", str(root.get("viewBox", "")).strip())
    if len(box) == 4 and all(_LENGTH.fullmatch(side) for side in box[2:]):
        return _whole(float(box[2]), float(box[3]))
    return 0, 0


def _whole(width: float, height: float) -> tuple[int, int]:
    return round(width), round(height)
