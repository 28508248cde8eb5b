"""Judge the names of a package's entries, one by one and against each other."""

import re
import unicodedata
from collections.abc import Iterable

from scorm_packages.errors import (
    AbsolutePathError,
    BackslashPathError,
    DrivePathError,
    DuplicateNameError,
    FileAgainstFolderError,
    NameNotTextError,
    NameTooLongError,
    PathLeavesPackageError,
    PathTooDeepError,
    UnsafeCharactersError,
)

DRIVE = re.compile(r"[A-Za-z]:")
DIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
CONTROL_CATEGORIES = frozenset(("Cc", "Cs", "Zl", "Zp"))


def normalize_name(name: str, limit_bytes: int, limit_depth: int) -> str:
    """Return the path a name means, `/` between its parts and none at its ends.

    Raises the PackageError that says why the name is refused. A whole name is measured, folders included.
    """
    if not name:
        raise NameNotTextError(name)
    if any(c in DIRECTIONAL or unicodedata.category(c) in CONTROL_CATEGORIES for c in name):
        raise UnsafeCharactersError(name)
    if len(name.encode()) > limit_bytes:
        raise NameTooLongError(name, limit=limit_bytes)
    if DRIVE.match(name):
        raise DrivePathError(name)
    if "\\" in name:
        raise BackslashPathError(name)
    if name.startswith("/"):
        raise AbsolutePathError(name)
    parts = [part for part in name.split("/") if part not in {"", "."}]
    # Windows drops trailing dots and spaces, so that ".. " and "..." climb there too.
    if any(".." in part and not part.strip(". ") for part in parts):
        raise PathLeavesPackageError(name)
    if len(parts) > limit_depth:
        raise PathTooDeepError(name, limit=limit_depth)
    return "/".join(parts)


def fold_name(path: str) -> str:
    """Return the form in which two paths that some file system confuses are equal."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def refuse_collisions(files: Iterable[str], folders: Iterable[str]) -> None:
    """Raise DuplicateNameError or FileAgainstFolderError where two paths cannot stand beside each other.

    A folder may be listed twice, or in two spellings: it holds the same files.
    """
    seen: dict[str, str] = {}
    parents = {fold_name(folder) for folder in folders}
    for path in files:
        folded = fold_name(path)
        if folded in seen:
            raise DuplicateNameError(path, other=seen[folded])
        seen[folded] = path
        above = folded
        while "/" in above:
            above = above.rpartition("/")[0]
            if above in parents:
                break
            parents.add(above)
    for folded, path in seen.items():
        if folded in parents:
            raise FileAgainstFolderError(path)
