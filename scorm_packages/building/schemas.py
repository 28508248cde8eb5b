"""Find the schemas that go into SCORM packages; build_assets.py puts them into a folder beside this file."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from scorm_packages.building.errors import SchemasMissingError

WANT_SCHEMAS: Final = ("scorm-1.2", "scorm-2004")
"""The standards whose packages bring them along; each has a folder of its name."""


def read_schemas(standard: str) -> dict[str, bytes]:
    """Return the schemas of a standard by name, none where it wants none in its packages.

    Raises:
        SchemasMissingError: build_assets.py has not run.
    """
    if standard not in WANT_SCHEMAS:
        return {}
    folder = files("scorm_packages.building") / "schemas" / standard
    if not folder.is_dir():
        raise SchemasMissingError
    return {one.name: one.read_bytes() for one in sorted(folder.iterdir(), key=lambda one: one.name)}
