"""Read the resources of a manifest: which file each one opens, and which files the manifest lists."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from scorm_packages.course import ScormType
from scorm_packages.errors import HrefLeavesPackageError, HrefSchemeError
from scorm_packages.finding import Finding, refuse, tally
from scorm_packages.href import PathIndex, Target
from scorm_packages.manifest_xml import attribute, children, line_of, local_name

XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
MOST_REFUSED = 20


@dataclass(frozen=True)
class Resource:
    """Hold what a resource opens; `href` is None where that is not in the package, `missing` then says what."""

    identifier: str
    href: str | None
    suffix: str
    scorm_type: ScormType | None
    missing: str


class ResourceReader:
    """Read every resource once and remember what was odd."""

    def __init__(self, root: etree._Element, index: PathIndex) -> None:
        self._root = root
        self._index = index
        self._refused: dict[tuple[str, str], Finding] = {}
        self._oddities: dict[str, list[str]] = {}
        self.all: list[Resource] = []
        self.declared: frozenset[str] = frozenset()

    def read(self) -> Mapping[str, Resource]:
        """Return the resources by identifier, the first one of each, sub-manifests included."""
        declared: set[str] = set()
        for element in self._root.iter():
            if local_name(element.tag) == "resource":
                self.all.append(self._read_resource(element, declared))
        self.declared = frozenset(declared)
        return {resource.identifier: resource for resource in reversed(self.all)}

    def findings(self) -> Iterator[Finding]:
        """Yield what was refused, and one finding for each kind of oddity."""
        yield from list(self._refused.values())[:MOST_REFUSED]
        for code, cases in self._oddities.items():
            yield from tally(code, list(dict.fromkeys(cases)))

    def _read_resource(self, element: etree._Element, declared: set[str]) -> Resource:
        identifier = attribute(element, "identifier") or ""
        bases = _list_bases(element)
        target = self._resolve(element, bases)
        scorm_type = self._read_type(element, identifier)
        if target is not None and target.is_found and not target.is_external:
            declared.add(target.path)
        for file in children(element, "file"):
            self._read_file(file, bases, declared)
        if target is None or not target.is_found:
            return Resource(identifier, None, "", scorm_type, target.path if target else "")
        return Resource(identifier, target.path, target.suffix, scorm_type, "")

    def _read_file(self, element: etree._Element, bases: list[str], declared: set[str]) -> None:
        own = element.get(XML_BASE)
        target = self._resolve(element, [*bases, str(own)] if own else bases)
        if target is None:
            return
        if target.is_external:
            self._remember("declared-file-external", target.path)
        elif target.is_found:
            declared.add(target.path)
        else:
            self._remember("declared-file-missing", target.path)

    def _read_type(self, element: etree._Element, identifier: str) -> ScormType | None:
        stated = (attribute(element, "scormtype") or "").lower()
        if stated == "sco":
            return "sco"
        if stated == "asset":
            return "asset"
        if attribute(element, "href"):
            self._remember("scormtype-missing", identifier)
        return None

    def _resolve(self, element: etree._Element, bases: list[str]) -> Target | None:
        href = attribute(element, "href")
        if not href:
            return None
        try:
            target = self._index.resolve(bases, href, line_of(element))
        except (HrefSchemeError, HrefLeavesPackageError) as error:
            self._refused.setdefault((error.code, error.where), refuse(error))
            return None
        if "\\" in href:
            self._remember("href-backslash", href)
        if not target.is_exact and target.is_found:
            self._remember("href-inexact", href)
        return target

    def _remember(self, code: str, case: str) -> None:
        self._oddities.setdefault(code, []).append(case)


def _list_bases(element: etree._Element) -> list[str]:
    """Return the `xml:base` of an element and of all above it, the outermost first."""
    chain = [element, *element.iterancestors()]
    return [str(each.get(XML_BASE)) for each in reversed(chain) if each.get(XML_BASE)]
