"""Find the manifest that counts, and tell packages of other standards by their files."""

from collections.abc import Collection

from scorm_packages.errors import (
    AiccPackageError,
    ManifestMisplacedError,
    NoManifestError,
    PackageError,
    WebPagesError,
    XapiPackageError,
)

MANIFESTS = ("imsmanifest.xml", "cmi5.xml")
WEB_PAGES = frozenset(("index.html", "metadata.jsonld"))
"""By these a course that was built for no LMS is known; one for an LMS has them beside its manifest."""

JUNK_NAMES = frozenset((".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".localized"))
JUNK_FOLDERS = frozenset(("__macosx", ".spotlight-v100", ".trashes", ".fseventsd", "$recycle.bin"))


def is_junk(path: str) -> bool:
    """Tell whether macOS or Windows left a file there."""
    parts = path.lower().split("/")
    return parts[-1] in JUNK_NAMES or parts[-1].startswith("._") or not JUNK_FOLDERS.isdisjoint(parts[:-1])


def find_root(paths: Collection[str]) -> str:
    """Return the folder (with its `/`) in which the package begins, empty where that is the top.

    One sole top folder may stand around the package; system files beside it do not count.
    Raises NoManifestError, ManifestMisplacedError, AiccPackageError, XapiPackageError or WebPagesError.
    """
    if any(name in paths for name in MANIFESTS):
        return ""
    tops = {path.partition("/")[0] + "/" if "/" in path else path for path in paths if not is_junk(path)}
    if len(tops) == 1:
        top = tops.pop()
        if any(top + name in paths for name in MANIFESTS):
            return top
    raise _explain_missing(paths)


def _explain_missing(paths: Collection[str]) -> PackageError:
    for path in paths:
        name = path.rpartition("/")[2].lower()
        if name in MANIFESTS and not is_junk(path):
            return ManifestMisplacedError(path)
    for path in paths:
        if path.lower().endswith((".crs", ".cst")):
            return AiccPackageError(path)
    for path in paths:
        if path.rpartition("/")[2].lower() == "tincan.xml":
            return XapiPackageError(path)
    return WebPagesError() if WEB_PAGES.issubset(paths) else NoManifestError()
