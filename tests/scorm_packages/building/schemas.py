"""Judge manifests by the schemas that go into the very package."""

import zipfile
from pathlib import Path

from lxml import etree

WRAPPER = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{imports}</xs:schema>"""
SPACES = {
    "imscp_rootv1p1p2.xsd": "http://www.imsproject.org/xsd/imscp_rootv1p1p2",
    "adlcp_rootv1p2.xsd": "http://www.adlnet.org/xsd/adlcp_rootv1p2",
    "imscp_v1p1.xsd": "http://www.imsglobal.org/xsd/imscp_v1p1",
    "adlcp_v1p3.xsd": "http://www.adlnet.org/xsd/adlcp_v1p3",
    "adlseq_v1p3.xsd": "http://www.adlnet.org/xsd/adlseq_v1p3",
    "adlnav_v1p3.xsd": "http://www.adlnet.org/xsd/adlnav_v1p3",
    "imsss_v1p0.xsd": "http://www.imsglobal.org/xsd/imsss",
}


def faults(package: Path, folder: Path) -> list[str]:
    """What the schemas in a package say of its manifest."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    imports = "".join(
        f'<xs:import namespace="{space}" schemaLocation="{name}"/>'
        for name, space in SPACES.items()
        if (folder / name).exists()
    )
    (folder / "all.xsd").write_text(WRAPPER.format(imports=imports))
    parser = etree.XMLParser(no_network=True)
    schema = etree.XMLSchema(etree.parse(folder / "all.xsd", parser))
    is_legal = schema.validate(etree.parse(folder / "imsmanifest.xml", parser))
    return [] if is_legal else [str(schema.error_log)]
