"""Take the files with employees that somebody uploads; how their columns are read is kept from one to the next."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sidecar.connectors.base import MisconfiguredError, connector
from sidecar.connectors.hr_files import PeopleFile, feed_of
from sidecar.connectors.records import PeopleFeed


class NoFileYetError(MisconfiguredError):
    """There is no file to read. Upload one on the page of the source."""

    code = "people-file-none"


@connector("hr_upload", "People from files that are uploaded")
class HrUpload(PeopleFile):
    """Read the employees from an uploaded file; whoever runs the source says where it lies."""

    def check(self) -> None:
        """Say that it works: there is nothing to reach."""

    def mapped_people(self, mapping: Mapping[str, Any], org_number: str | None = None) -> PeopleFeed:  # noqa: ARG002
        """Say that a file must be uploaded first.

        Raises:
            NoFileYetError: always.
        """
        raise NoFileYetError

    def uploaded_people(self, file: Path, mapping: Mapping[str, Any], org_number: str | None = None) -> PeopleFeed:
        """Return all employees of an uploaded file; rows that can't be read are set aside.

        Raises:
            PeopleFileRefusedError: the file can't be read.
        """
        return feed_of(file, mapping, org_number)
