"""Parse a manifest's XML with every door shut: no DTD, no entities, no includes, no network, bounded depth."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast, get_args
from xml.parsers import expat

from lxml import etree

from scorm_packages.errors import (
    ManifestAttributesError,
    ManifestDtdError,
    ManifestEncodingError,
    ManifestIncludesError,
    ManifestNotXmlError,
    ManifestTooDeepError,
    ManifestTooWideError,
    XmlFault,
)
from scorm_packages.finding import Finding, note

TITLE_CHARACTERS = 500
DEEPEST = 150
MOST_ITEMS = 10_000
MOST_ELEMENTS = 250_000
MOST_ATTRIBUTES = 250
LONGEST_VALUE = 16_384
XINCLUDE = "{http://www.w3.org/2001/XInclude}"
DECLARATION = re.compile(r"\A\s*<\?xml\s[^>]*?\?>")
DECLARED_ENCODING = re.compile(rb"""\A\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,40})["']""")
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Python knows codecs that are no text encodings of the web, and slow or stateful ones: only these are let in.
READABLE = re.compile(
    r"utf-(8|16|32)(-[lb]e)?|ascii|iso8859-\d+|cp(125\d|437|850|852|865|866|932|949)|koi8-[ru]|mac-roman"
    r"|shift_jis|euc_(jp|kr)|gb2312|gbk|gb18030|big5|tis-620"
)


@dataclass(frozen=True)
class Document:
    """Hold a parsed manifest and what was odd about its encoding."""

    root: etree._Element
    findings: tuple[Finding, ...]


def parse_manifest(data: bytes) -> Document:
    """Return the tree of a manifest.

    Raises the Manifest… errors: anything that is not well-formed, declares a DTD, includes, or is out of bounds.
    """
    text, findings = _decode(data)
    plain = DECLARATION.sub(lambda found: "\n" * found[0].count("\n"), text, count=1).encode()
    _guard(plain)
    # expat has proved it well-formed; recovering forgives prefixes without a declaration, which tools do forget.
    parser = etree.XMLParser(
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    root = etree.fromstring(plain, parser)
    if root is None:
        raise ManifestNotXmlError(line=1, reason="no element found")
    for element in root.iter():
        if str(element.tag).startswith(XINCLUDE):
            raise ManifestIncludesError(line=line_of(element))
    return Document(root, tuple(findings))


def _decode(data: bytes) -> tuple[str, list[Finding]]:
    mark, marked = next(((m, encoding) for m, encoding in MARKS if data.startswith(m)), (b"", ""))
    found = DECLARED_ENCODING.match(data)
    declared = found[1].decode("ascii").lower() if found else ""
    findings: list[Finding] = []
    if mark:
        findings.append(note("byte-order-mark"))
    try:
        encoding = marked or _choose(data, declared)
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        encoding = "cp1252"
        text = _guess(data[len(mark) :], declared or marked or "utf-8")
        findings.append(note("encoding-guessed", declared=declared or marked or "utf-8", used="windows-1252"))
    if encoding not in {"utf-8", "ascii"} and not findings:
        findings.append(note("encoding-not-utf-8", used=declared or encoding))
    return text.lstrip("\ufeff"), findings


def _choose(data: bytes, declared: str) -> str:
    if data[:4] in {b"<\0?\0", b"<\0m\0"}:
        return "utf-16-le"
    if data[:4] in {b"\0<\0?", b"\0<\0m"}:
        return "utf-16-be"
    if not declared or declared.replace("_", "-").startswith(("utf-16", "utf-32", "ucs-")):
        # A declaration that could be read as ASCII cannot be in UTF-16: .NET writes it so all the same.
        return "utf-8"
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        raise ManifestEncodingError(encoding=declared) from None
    if not READABLE.fullmatch(name):
        raise ManifestEncodingError(encoding=declared)
    # As browsers do: Windows programs write code page 1252 and call it Latin-1.
    return {"ascii": "utf-8", "iso8859-1": "cp1252"}.get(name, name)


def _guess(data: bytes, declared: str) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        raise ManifestEncodingError(encoding=declared) from None


def _guard(data: bytes) -> None:
    """Read the whole document once without building anything, and stop at the first thing that is not allowed."""
    parser = expat.ParserCreate("utf-8")
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    depth = items = elements = 0

    def refuse_doctype(*_: object) -> None:
        raise ManifestDtdError(line=parser.CurrentLineNumber)

    def enter(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, items, elements
        depth += 1
        elements += 1
        items += tag.rpartition(":")[2] == "item"
        if depth > DEEPEST:
            raise ManifestTooDeepError(limit=DEEPEST)
        if items > MOST_ITEMS:
            raise ManifestTooWideError(limit=MOST_ITEMS)
        if elements > MOST_ELEMENTS:
            raise ManifestTooWideError(limit=MOST_ELEMENTS)
        if len(attributes) > MOST_ATTRIBUTES or any(len(value) > LONGEST_VALUE for value in attributes.values()):
            raise ManifestAttributesError(line=parser.CurrentLineNumber)

    def leave(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.EntityDeclHandler = refuse_doctype
    parser.StartElementHandler = enter
    parser.EndElementHandler = leave
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        said = expat.ErrorString(error.code)
        known: tuple[XmlFault, ...] = get_args(XmlFault)
        reason: XmlFault = next((fault for fault in known if fault == said), "syntax error")
        raise ManifestNotXmlError(line=error.lineno, reason=reason) from None


def line_of(element: etree._Element) -> int:
    """Return the line on which an element begins, 0 where that is unknown."""
    return cast("int | None", element.sourceline) or 0


def local_name(name: object) -> str:
    """Return the name of an element or attribute without namespace or prefix, in small letters."""
    return str(name).rpartition("}")[2].rpartition(":")[2].lower()


def children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """Yield the child elements that have one of these local names (small letters)."""
    return (child for child in element if local_name(child.tag) in names)


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """Return the first element along a path of local names, or None where it breaks off."""
    for name in path:
        if element is None:
            return None
        element = next(children(element, name), None)
    return element


def attribute(element: etree._Element | None, name: str) -> str | None:
    """Return an attribute by its local name (small letters), stripped; an empty one counts as absent."""
    if element is None:
        return None
    for key, value in element.attrib.items():
        if local_name(key) == name:
            return str(value).strip() or None
    return None


def title_text(element: etree._Element | None) -> str:
    """Return a title as it may be shown: on one line, without invisible characters, at most 500 long."""
    return display_text(element, TITLE_CHARACTERS)


def display_text(element: etree._Element | None, most: int) -> str:
    """Return the text of an element as it may be shown: on one line, without invisible characters, `most` long."""
    return "".join(c for c in text(element) if c.isprintable())[:most].strip()


def text(element: etree._Element | None) -> str:
    """Return the text of an element on one line; empty where there is none."""
    return "" if element is None else " ".join("".join(map(str, element.itertext())).split())
