"""Look at what was uploaded in a browser, in a job of a worker of its own, and keep what it saw with the version.

What a package holds is written together from the storage first; films and sound stand there empty, as the browser gets
none. A job may be cut off anywhere: it begins anew, and the last one counts.
"""

from __future__ import annotations

import mimetypes
import time
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from sidecar.accessibility import BrowserLimits, BrowserResult, folder_for_look, level_of, look_in_browser
from sidecar.core import browser_checks
from sidecar.core.browser_checks import DONE, FAILED, NOT_RUN
from sidecar.core.outbox import TryLater
from sidecar.runtime import Sidecar

MOST_BYTES: Final = 512 * 1024**2
"""How much a package may hold beside films and sound."""

GATHERING_S: Final = 200.0
"""How long it may take to get a package from the storage; with the look it must end before the job's own limit."""

LIMITS: Final = BrowserLimits(seconds=300.0)
TOO_LARGE: Final = "too-large"
TRIES: Final = 3
AGAIN: Final = frozenset({"broke-off", "not-started", "no-extra", "no-browser", "no-axe"})
"""What may go better next time; what a package did to the browser will not."""

log = structlog.get_logger()


class Browser(Protocol):
    """Look at a package, as `look_in_browser` does."""

    def __call__(self, package: Path, limits: BrowserLimits, *, needs_sandbox: bool) -> BrowserResult:
        """Return what was seen."""


class TooLargeError(Exception):
    """Say that a package is not written together, for its size or the time it takes."""


def look(sidecar: Sidecar, version_id: str, *, browser: Browser = look_in_browser) -> None:
    """Look at a version and keep what was seen (the outbox calls this).

    Raises:
        TryLater: the browser failed, and may not the next time.
    """
    with sidecar.reading() as db:
        files = browser_checks.list_files(db, version_id)
    if not files:  # it was removed meanwhile
        return
    told = {**_look(sidecar, files, browser), "at": sidecar.now().isoformat()}
    with sidecar.transaction() as db:
        tries = browser_checks.keep(db, version_id, told)
    log.info("browser.looked", outcome=told["state"], reason=told.get("reason", ""), states=told.get("states", 0))
    if told.get("reason") in AGAIN and 0 < tries < TRIES:
        raise TryLater(told["reason"])


def _look(sidecar: Sidecar, files: Sequence[tuple[str, str, int]], browser: Browser) -> dict[str, Any]:
    with folder_for_look() as folder:
        try:
            package = _gather(sidecar, files, folder / "package.zip")
        except TooLargeError:
            return {"state": NOT_RUN, "reason": TOO_LARGE}
        seen = browser(package, LIMITS, needs_sandbox=True)
    told = seen.to_json(level_of(path for path, _digest, _size in files))
    return {"state": FAILED, "reason": seen.reason} if isinstance(told, str) else {"state": DONE, **told}


def _gather(sidecar: Sidecar, files: Sequence[tuple[str, str, int]], target: Path) -> Path:
    """Write a package together.

    Raises:
        TooLargeError: it holds too much, or its files come too slowly.
    """
    ends = time.monotonic() + GATHERING_S
    if sum(size for path, _digest, size in files if not _is_played(path)) > MOST_BYTES:
        raise TooLargeError
    with zipfile.ZipFile(target, "w") as archive:
        for path, digest, size_bytes in files:
            if time.monotonic() > ends:
                raise TooLargeError
            _put(archive, path, size_bytes, () if _is_played(path) else sidecar.storage.stream(digest))
    return target


def _put(archive: zipfile.ZipFile, path: str, size_bytes: int, pieces: Iterable[bytes]) -> None:
    entry = zipfile.ZipInfo(path)
    entry.file_size = size_bytes
    with archive.open(entry, "w") as file:
        for piece in pieces:
            file.write(piece)


def _is_played(path: str) -> bool:
    return (mimetypes.guess_type(path)[0] or "").startswith(("audio/", "video/"))
