"""Name the files of parcels so that they stay where they belong, and tell the second of a name from the first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from sidecar.connectors.base import ParcelFile, RejectedError

SEALED: Final = ".age"
"""How the name of an encrypted file ends."""

SAFE_NAME: Final = re.compile(r"[^\W_.][\w.-]{0,180}")
_KEY = re.compile(r"[0-9a-f]{64}", re.ASCII)


class FileNameUnsafeError(RejectedError):
    """A file of this delivery has a name that can't be used in a folder. Tell whoever develops this service."""

    code = "file-name-unsafe"


class DeliveryKeyBadError(RejectedError):
    """The key of this delivery is not 64 hexadecimal characters. Tell whoever develops this service."""

    code = "delivery-key-bad"


def refuse_unsafe_names(files: Iterable[ParcelFile]) -> None:
    """Return where every file has a name that is a plain file's in any folder.

    Raises:
        FileNameUnsafeError: one has not.
    """
    if not all(SAFE_NAME.fullmatch(file.name) for file in files):
        raise FileNameUnsafeError


def refuse_bad_key(key: str) -> None:
    """Return where a key can be part of a file name.

    Raises:
        DeliveryKeyBadError: it can't.
    """
    if not _KEY.fullmatch(key):
        raise DeliveryKeyBadError


def number(name: str, count: int) -> str:
    """Return the name of the first, second … file that would be called so: `report.csv`, `report-2.csv`."""
    if count == 1:
        return name
    sealed = SEALED if name.endswith(SEALED) else ""
    path = PurePosixPath(name.removesuffix(SEALED))
    return f"{path.stem}-{count}{path.suffix}{sealed}"
