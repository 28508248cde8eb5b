"""Keep files by their content: the same bytes lie there once, under their SHA-256; in a folder or in a bucket."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from sidecar.errors import MisconfiguredError
from sidecar.settings import Settings
from sidecar.storage.base import Held, Storage, StorageRefusedError, StorageUnreachableError, Stored
from sidecar.storage.folder import FolderStorage

__all__ = [
    "FolderStorage",
    "Held",
    "Storage",
    "StorageRefusedError",
    "StorageUnreachableError",
    "Stored",
    "open_storage",
    "open_storage_at",
]

FOLDER = "files"


def open_storage(settings: Settings) -> Storage:
    """Open the storage that the settings name; nothing is reached yet."""
    if settings.storage_url:
        return open_storage_at(settings.storage_url, settings)
    return FolderStorage(settings.data / FOLDER)


def open_storage_at(url: str, settings: Settings) -> Storage:
    """Open the storage at `s3://bucket/prefix` or `file:///folder`; nothing is reached yet.

    Raises:
        MisconfiguredError: it is neither, or the access to the store is not set.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
        return FolderStorage(Path(unquote(parts.path)))
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment or "@" in parts.netloc:
        raise MisconfiguredError(
            setting="SIDECAR_STORAGE_URL", reason="it must be like s3://bucket/prefix or file:///folder."
        )
    if settings.s3 is None:
        raise MisconfiguredError(
            setting="SIDECAR_S3_ACCESS_KEY", reason="an s3:// storage needs it, and SIDECAR_S3_SECRET_KEY."
        )
    from sidecar.storage.objects import open_s3  # its library is large; most commands don't need it

    return open_s3(settings.s3, parts.netloc, parts.path.strip("/"), settings)
