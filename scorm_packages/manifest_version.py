"""Tell which edition of SCORM a manifest follows, from what it states or else from its namespaces."""

import re

from lxml import etree

from scorm_packages.course import Version
from scorm_packages.finding import Finding, note
from scorm_packages.manifest_xml import attribute, child, local_name, text

# The first pattern that is found in the stated version counts.
STATED: tuple[tuple[str, Version], ...] = (
    (r"4th|edition 4|1\.3\.4", "scorm-2004-4th"),
    (r"3rd|edition 3|1\.3\.3", "scorm-2004-3rd"),
    (r"2nd|1st|edition [12]|1\.3", "scorm-2004-2nd"),
    (r"2004", "scorm-2004-3rd"),
    (r"1\.[12](\.\d)?$", "scorm-1.2"),
)
SCHEMA_12 = "adlcp_rootv1p2"
SCHEMA_2004 = ("adlcp_v1p3", "adlseq_v1p3", "adlnav_v1p3", "imsss")


def read_version(root: etree._Element) -> tuple[Version, list[Finding]]:
    """Return the version, and findings where it had to be assumed."""
    spaces = _list_namespaces(root)
    findings = [] if any("adlcp" in space for space in spaces) else [note("namespace-missing")]
    stated = _find_stated(root)
    for pattern, version in STATED:
        if re.search(pattern, stated.lower()):
            return version, findings
    assumed = _assume(root, spaces)
    if stated:
        findings.append(note("schemaversion-unknown", stated=stated, version=assumed))
    else:
        findings.append(note("schemaversion-missing", version=assumed))
    return assumed, findings


def _find_stated(root: etree._Element) -> str:
    direct = text(child(root, "metadata", "schemaversion"))
    if direct:
        return direct
    # Some tools put it elsewhere; the metadata (LOM) have a version of their own kind.
    for element in root.iterdescendants():
        above = element.getparent()
        is_stated = local_name(element.tag) == "schemaversion" and text(element)
        if is_stated and above is not None and local_name(above.tag) not in {"lom", "metametadata"}:
            return text(element)
    return ""


def _list_namespaces(root: etree._Element) -> set[str]:
    spaces = {str(space) for space in root.nsmap.values()}
    for element in root.iterdescendants():
        spaces.update(name.partition("}")[0] for name in (str(element.tag), *map(str, element.attrib)) if "}" in name)
    return {space.lower().lstrip("{") for space in spaces}


def _assume(root: etree._Element, spaces: set[str]) -> Version:
    if any(name in space for space in spaces for name in SCHEMA_2004):
        return "scorm-2004-4th" if _has_fourth_edition(root) else "scorm-2004-3rd"
    if any(SCHEMA_12 in space or "imscp_rootv1p1p2" in space for space in spaces):
        return "scorm-1.2"
    marks = {str(name).rpartition("}")[2].rpartition(":")[2] for e in root.iter() for name in e.attrib}
    if "scormType" in marks:
        return "scorm-2004-3rd"
    return "scorm-1.2" if "scormtype" in marks else "unknown"


def _has_fourth_edition(root: etree._Element) -> bool:
    """Tell whether the manifest uses what only the 4th edition has."""
    return any(
        local_name(element.tag) in {"sharedataglobal", "map"}
        or (local_name(element.tag) == "completionthreshold" and attribute(element, "completedbymeasure"))
        for element in root.iter()
    )
