"""Say what is wrong with a form that was sent."""

from __future__ import annotations

from sidecar.errors import SidecarError


class FileMissingError(SidecarError):
    """There was no file. Choose one first, then send the form again."""

    code = "file-missing"
