"""Find the schemas that go into SCORM packages; build_assets.py puts them into a folder beside this file."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from scorm_packages.building.errors import SchemasMissingError

FOLDERS: Final = {"scorm-1.2": "scorm-1.2", "scorm-2004": "scorm-2004"}


def read_schemas(standard: str) -> dict[str, bytes]:
    """Return the schemas of a standard by name, none where it wants none in its packages.

    Raises:
        SchemasMissingError: build_assets.py has not run.
    """
    if standard not in FOLDERS:
        return {}
    folder = files("scorm_packages.building") / "schemas" / FOLDERS[standard]
    if not folder.is_dir():
        raise SchemasMissingError
    return {one.name: one.read_bytes() for one in sorted(folder.iterdir(), key=lambda one: one.name)}
