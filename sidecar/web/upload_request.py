"""Let a package come straight into the folder of uploads: it is written once, and not where /tmp is memory."""

from __future__ import annotations

import tempfile
from typing import IO, Final, cast

from flask import Request

from sidecar.web.access import sidecar
from sidecar.web.uploads import make_folder

LARGE_FROM_BYTES: Final = 16 * 1024**2
"""From this size of a request on its files are packages: no form with lists of people takes so much."""


class UploadRequest(Request):
    """Be a request whose large files lie where `uploads.keep` need not write them again."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        """Open where a file of a form is written; it goes with its request, or where that breaks off."""
        if (total_content_length or 0) < LARGE_FROM_BYTES:
            return super()._get_file_stream(total_content_length, content_type, filename, content_length)
        folder = make_folder(sidecar().settings.data)
        return cast("IO[bytes]", tempfile.NamedTemporaryFile(dir=folder))
