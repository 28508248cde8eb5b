"""Write the bill of materials of what production runs: `python -m tests.house.sbom build/sbom.json` (CycloneDX 1.6)."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from tests.house.packages import Package, packages

NAME: Final = "laeringslop-sidecar"
_LICENCES: Final = LicenseFactory()


def bill() -> str:
    """Return the bill as JSON, the same for the same locks but for its serial number and time."""
    own = Component(
        type=ComponentType.APPLICATION,
        name=NAME,
        version=version(NAME),
        bom_ref=NAME,
        licenses=[_LICENCES.make_from_string("MIT")],
        purl=PackageURL.from_string(f"pkg:pypi/{NAME}@{version(NAME)}"),
    )
    bom = Bom(components=[_component(one) for one in packages()])
    bom.metadata.component = own
    bom.register_dependency(own, bom.components)
    return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)


def _component(package: Package) -> Component:
    return Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        bom_ref=package.purl,
        purl=PackageURL.from_string(package.purl),
        licenses=[_LICENCES.make_from_string(package.licence)],
        hashes=[HashType(alg=HashAlgorithm(name), content=digest) for name, digest in package.hashes],
    )


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(bill(), "utf-8")
    sys.stdout.write(f"The bill of materials is in {target}.\n")
