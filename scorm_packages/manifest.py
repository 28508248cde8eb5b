"""Read a package's manifest into its course tree: strict about what is dangerous, forgiving about the rest."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from lxml import etree

from scorm_packages.course import Item, Manifest
from scorm_packages.errors import ManifestUnrecognisedError, NothingToLaunchError
from scorm_packages.finding import Finding, note, refuse, tally
from scorm_packages.href import PathIndex
from scorm_packages.manifest_item import LONGEST_IDENTIFIER, ItemReader
from scorm_packages.manifest_metadata import ReadFile, find_lom
from scorm_packages.manifest_resource import Resource, ResourceReader
from scorm_packages.manifest_version import read_version
from scorm_packages.manifest_xml import (
    attribute,
    child,
    children,
    display_text,
    line_of,
    local_name,
    parse_manifest,
    text,
    title_text,
)

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
DESCRIPTION_CHARACTERS = 1000
NCNAME = re.compile(r"[^\W\d][\w.\-·]*")


def read_manifest(xml: bytes, paths: Collection[str], read: ReadFile | None = None) -> Manifest:
    """Return what an imsmanifest.xml or cmi5.xml says of a package that holds the files `paths`.

    Metadata that stand in a file of their own are read with `read`, if it is given.
    Raises a PackageError where the document cannot be read safely. Everything else is a finding; one of level
    error means that the package must be refused.
    """
    document = parse_manifest(xml)
    root = document.root
    if local_name(root.tag) == "coursestructure":
        return _read_cmi5(root, document.findings)
    if local_name(root.tag) != "manifest":
        raise ManifestUnrecognisedError(element=etree.QName(root).localname if ":" not in str(root.tag) else root.tag)
    return _ManifestReader(root, paths, read).read(document.findings)


class _ManifestReader:
    def __init__(self, root: etree._Element, paths: Collection[str], read: ReadFile | None) -> None:
        self._root = root
        index = PathIndex(paths)
        self._resources = ResourceReader(root, index)
        self._lom, self._findings = find_lom(root, index, read)

    def read(self, earlier: Sequence[Finding]) -> Manifest:
        version, version_findings = read_version(self._root)
        resources = self._resources.read()
        organization = self._pick_organization()
        reader = ItemReader(self._root, resources)
        items = () if organization is None else reader.read_children(organization)
        title = self._find_title(organization, items)
        if not any(item.href is not None for top in items for item in top.walk()):
            items = self._stand_in(items, title)
        self._note_identifiers()
        self._note_sub_manifest()
        return Manifest(
            version=version,
            title=title,
            language=self._find_language(organization),
            items=items,
            control=reader.read_control(organization),
            findings=(
                *earlier,
                *self._resources.findings(),
                *version_findings,
                *self._findings,
                *reader.findings(),
            ),
            declared=self._resources.declared,
            description=self._find_description(),
        )

    def _pick_organization(self) -> etree._Element | None:
        """Return the default organization, or the first one with items, or the first one, or None."""
        holder = child(self._root, "organizations")
        found = [] if holder is None else list(children(holder, "organization"))
        if not found:
            return None
        wanted = attribute(holder, "default")
        default = next((each for each in found if wanted and attribute(each, "identifier") == wanted), None)
        if wanted and default is None:
            self._findings.append(note("default-organization-dangling", wanted))
        candidates = found if default is None else [default, *found]
        chosen = next((each for each in candidates if child(each, "item") is not None), candidates[0])
        if len(found) > 1:
            where = text(child(chosen, "title")) or attribute(chosen, "identifier") or ""
            self._findings.append(note("organizations-several", where, count=len(found)))
        return chosen

    def _stand_in(self, items: tuple[Item, ...], title: str) -> tuple[Item, ...]:
        """Return an item for the first resource that can be opened, where no item opens anything."""
        usable = [resource for resource in self._resources.all if resource.href is not None]
        best = next((resource for resource in usable if resource.scorm_type == "sco"), None) or next(iter(usable), None)
        if best is None:
            self._findings.append(refuse(NothingToLaunchError()))
            return items
        self._findings.append(note("organization-missing", best.href or ""))
        return (_make_item(best, title),)

    def _find_title(self, organization: etree._Element | None, items: Sequence[Item]) -> str:
        lom_title = child(self._lom, "general", "title")
        lom = "" if lom_title is None else title_text(next(iter(lom_title), lom_title))
        candidates = (title_text(child(organization, "title")), lom, *(item.title for item in items))
        return next((title for title in candidates if title), attribute(self._root, "identifier") or "")

    def _find_description(self) -> str:
        """Return the description in the first language that the metadata has it in.

        Source: IEEE 1484.12.1 LOM 1.4 (`general.description`).
        """
        described = child(self._lom, "general", "description")
        return "" if described is None else display_text(next(iter(described), described), DESCRIPTION_CHARACTERS)

    def _find_language(self, organization: etree._Element | None) -> str | None:
        stated = text(child(self._lom, "general", "language"))
        for element in (organization, self._root):
            if not stated and element is not None:
                stated = str(element.get(XML_LANG, "")).strip()
        return stated or None

    def _note_identifiers(self) -> None:
        marked = [e for e in self._root.iter() if local_name(e.tag) in {"manifest", "organization", "item", "resource"}]
        names = [attribute(element, "identifier") for element in marked]
        stated = [name for name in names if name]
        self._findings += tally("identifier-invalid", [name for name in stated if not NCNAME.fullmatch(name)])
        self._findings += tally("identifier-duplicate", [name for name, n in Counter(stated).items() if n > 1])
        self._findings += tally(
            "identifier-missing", [local_name(e.tag) for e, n in zip(marked, names, strict=True) if not n]
        )

    def _note_sub_manifest(self) -> None:
        inner = next((e for e in self._root.iterdescendants() if local_name(e.tag) == "manifest"), None)
        if inner is not None:
            self._findings.append(note("sub-manifest", line=line_of(inner)))


def _make_item(resource: Resource, title: str) -> Item:
    return Item(
        identifier=resource.identifier[:LONGEST_IDENTIFIER] or "item",
        title=title,
        href=resource.href,
        launch=resource.suffix,
        scorm_type=resource.scorm_type,
    )


def _read_cmi5(root: etree._Element, earlier: Sequence[Finding]) -> Manifest:
    title = child(root, "course", "title")
    first = None if title is None else next(children(title, "langstring"), None)
    language = None if first is None else attribute(first, "lang")
    findings = (*earlier, note("cmi5-not-played"))
    return Manifest(version="cmi5", title=title_text(first), language=language, findings=findings)
