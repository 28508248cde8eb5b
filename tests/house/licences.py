"""Write docs/licences.md from the locks: `python -m tests.house.licences`."""

from __future__ import annotations

import re
from typing import Final

from tests.house.packages import Package, packages
from tests.house.sources import ROOT

PAGE: Final = ROOT / "docs" / "licences.md"
FREE: Final = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense"}
)
"""Licences that ask for no more than that their text goes along."""

REASONS: Final = {
    "asyncssh": "EPL-2.0 binds changes of its own files only; it is installed unchanged, as a package of its own",
    "axe-core": "MPL-2.0 binds changes of its own files only; we change none, and serve it to nobody: a check runs it",
    "certifi": "MPL-2.0 binds changes of its own files only; we change none",
    "psycopg": "the LGPL asks that users can replace the library: it is installed unchanged, as a package of its own",
    "psycopg-binary": "as psycopg; the libpq inside is under the PostgreSQL licence",
    "python-stdnum": "as psycopg",
}
"""Why packages under other licences may be used."""

HEAD: Final = """# Licences

Written by `python -m tests.house.licences` from the locks; a test compares, and fails on a licence that is unknown or
that nobody has judged. These packages reach production: the Python ones in the image, the npm ones as files in the
wheel, each with its licence beside it. The sidecar itself is under the [MIT licence](../LICENSE).
"""


def is_free(licence: str) -> bool:
    """Tell whether an SPDX expression asks for nothing but its text."""
    options = [re.findall(r"[\w.-]+", option) for option in licence.split(" OR ")]
    return any(words and set(words) - {"AND"} <= FREE for words in options)


def unjudged() -> list[Package]:
    """Return the packages whose licence is unknown, or neither free nor given a reason."""
    return [one for one in packages() if not one.licence or not (is_free(one.licence) or one.name in REASONS)]


def page() -> str:
    """Return the page."""
    rows = [f"| {one.world} | {one.name} | {one.version} | {one.licence} |" for one in packages()]
    bound = [one for one in packages() if one.name in REASONS]
    reasons = [f"| {one.name} | {one.licence} | {REASONS[one.name]} |" for one in bound]
    table = ["| from | package | version | licence |", "|---|---|---|---|", *rows]
    why = ["## Licences that ask for more", "", "| package | licence | why it may be used |", "|---|---|---|", *reasons]
    return "\n".join([HEAD, *table, "", *why, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
