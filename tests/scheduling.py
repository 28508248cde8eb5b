"""Say which tests run in one process when several run side by side."""

from __future__ import annotations

from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER: Final = ("tests/platforms/",)
"""Folders whose tests share processes that take long to start."""


class FolderScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Give out tests one by one, but those of such a folder as a whole, and first.

    xdist's own groups stand behind the names of tests, which pytest 9.2 no longer lets it change.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FolderScheduling | None:
    """Take the place of xdist's `--dist loadgroup`."""
    return FolderScheduling(config, log) if config.getvalue("dist") == "loadgroup" else None
