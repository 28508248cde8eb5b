"""Know a full disk by what file system and databases say of it, and one that would be full before it is."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError

from sidecar.errors import SidecarError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_POSTGRESQL_DISK_FULL = "53100"

RESERVE_BYTES: Final = 1024**3
"""What stays free for everything else when something large is taken in."""


class NoRoomError(SidecarError):
    """The server has no room left, so nothing of this was saved. Tell whoever operates it, and try again later."""

    code = "insufficient-storage"


def refuse_too_large(folder: Path, size_bytes: int) -> None:
    """Return where the disk that holds a folder has room for so much, and keeps its reserve.

    Raises:
        NoRoomError: it has not.
    """
    if shutil.disk_usage(folder).free < size_bytes + RESERVE_BYTES:
        raise NoRoomError


def is_no_room(error: BaseException | None) -> bool:
    """Tell whether an error, or what it came of, says that the disk is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return True
        if isinstance(error, DBAPIError) and _says_full(error.orig):
            return True
        error = error.__cause__
    return False


def _says_full(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return getattr(error, "sqlstate", None) == _POSTGRESQL_DISK_FULL
