"""Open the feed of a source: ask its connector, or fetch the file that somebody uploaded for it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sidecar.connectors.base import Connector, PeopleSource
from sidecar.connectors.hr_files import PeopleFile
from sidecar.connectors.hr_upload import HrUpload, NoFileYetError
from sidecar.connectors.records import Cursor, PeopleFeed
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.sync.lending import lend
from sidecar.sync.people_spool import FOLDER


class NoPeopleSourceError(SidecarError):
    """This connection tells no people. Remove the source, and add it over another connection."""

    code = "no-people-source"


@contextmanager
def open_feed(
    sidecar: Sidecar,
    connector: Connector,
    *,
    name: str,
    mapping: Mapping[str, Any],
    cursor: Cursor | None,
    org_number: str,
    file_digest: str | None,
) -> Iterator[PeopleFeed]:
    """Yield what a source tells; it is read while the block lasts.

    Args:
        name: of the run, or of the preview, for the copy of an uploaded file, which is gone after the block.

    Raises:
        ConnectorError: the source can't be read.
        NoPeopleSourceError: it has no people to tell.
    """
    if isinstance(connector, HrUpload):
        if file_digest is None:
            raise NoFileYetError(setting="file")
        with copied_file(sidecar, file_digest, name) as path:
            yield connector.uploaded_people(path, mapping, org_number)
    elif isinstance(connector, PeopleFile):
        yield connector.mapped_people(mapping, org_number)
    elif isinstance(connector, PeopleSource):
        lend(sidecar, connector, org_number)
        yield connector.people(cursor)
    else:
        raise NoPeopleSourceError


@contextmanager
def copied_file(sidecar: Sidecar, digest: str, name: str) -> Iterator[Path]:
    """Yield where an uploaded file lies while the block lasts, for our own user alone."""
    folder = sidecar.settings.data / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.sqlite3.upload"
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as copy:
            for piece in sidecar.storage.stream(digest):
                copy.write(piece)
        yield path
    finally:
        path.unlink(missing_ok=True)
