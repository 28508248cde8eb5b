"""Make small SCORM packages in a test: one that every test reads in ten lines."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

MANIFEST_12 = """<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="m" version="1.0" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
  xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
  <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
  <organizations default="o"><organization identifier="o"><title>{title}</title>{items}</organization></organizations>
  <resources>{resources}</resources>
</manifest>"""
MANIFEST_2004 = """<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="m" version="1.0" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"
  xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3" xmlns:imsss="http://www.imsglobal.org/xsd/imsss">
  <metadata><schema>ADL SCORM</schema><schemaversion>2004 4th Edition</schemaversion></metadata>
  <organizations default="o"><organization identifier="o"><title>{title}</title>{items}{control}</organization>
  </organizations>
  <resources>{resources}</resources>
</manifest>"""
FLOW = '<imsss:sequencing><imsss:controlMode choice="true" flow="true"/></imsss:sequencing>'


def make_package(
    path: Path,
    *,
    pages: Mapping[str, str],
    title: str = "Brannvern",
    standard: str = "scorm-1.2",
    mastery: str = "",
    assets: Sequence[str] = (),
    files: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a package with one item for each page.

    Args:
        pages: HTML by item id; the file is `<id>.html`.
        mastery: XML put into every item, e.g. `<adlcp:masteryscore>80</adlcp:masteryscore>`.
        assets: the ids of items that are assets.
        files: further files of the package.
    """
    is_12 = standard == "scorm-1.2"
    kind = "adlcp:scormtype" if is_12 else "adlcp:scormType"
    items = "".join(
        f'<item identifier="{key}" identifierref="r-{key}"><title>Del {escape(key)}</title>{mastery}</item>'
        for key in pages
    )
    resources = "".join(
        f'<resource identifier="r-{key}" type="webcontent" {kind}="{"asset" if key in assets else "sco"}"'
        f' href="{key}.html"><file href="{key}.html"/></resource>'
        for key in pages
    )
    manifest = (MANIFEST_12 if is_12 else MANIFEST_2004).format(
        title=escape(title), items=items, resources=resources, control=FLOW
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("imsmanifest.xml", manifest)
        for key, page in pages.items():
            archive.writestr(f"{key}.html", page)
        for name, content in (files or {}).items():
            archive.writestr(name, content)
    return path
