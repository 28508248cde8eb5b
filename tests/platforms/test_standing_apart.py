"""The platform is under the AGPL: no code of ours imports it, and nothing of it reaches production."""

import re
from pathlib import Path

import pytest

from tests.house.sources import ROOT, python_files, relative
from tests.platforms.xblock.environment import LOCK

RUN_THERE = {f"tests/platforms/xblock/{name}.py" for name in ("host", "open_edx", "pages")}
OURS = [path for path in ROOT.glob("requirements*.lock") if path != LOCK]
FOREIGN = r"^\s*(?:from|import) (?:django|lti_consumer|opaque_keys|rest_framework)\b"

OF_THOSE = r"^\s*(?:from|import) tests\.platforms\.xblock(?: import|\.)\b.*\b(?:host|open_edx|pages)\b"


def files_with(pattern: str) -> set[str]:
    """Our files that hold a line like this."""
    wanted = re.compile(pattern, re.MULTILINE)
    return {relative(path) for path in python_files() if wanted.search(path.read_text("utf-8"))}


def test_only_the_files_that_run_there_import_it() -> None:
    assert files_with(FOREIGN) == RUN_THERE


def test_none_of_ours_imports_those_files() -> None:
    """They import each other; whoever else does brings the library along."""
    importing = files_with(OF_THOSE)
    assert importing
    assert importing <= RUN_THERE


@pytest.mark.parametrize("lock", OURS, ids=lambda path: path.name)
def test_our_locks_do_not_hold_it(lock: Path) -> None:
    assert "lti-consumer-xblock" not in lock.read_text("utf-8")


def test_its_own_lock_does() -> None:
    assert re.search(r"^lti-consumer-xblock==11\.", LOCK.read_text("utf-8"), re.MULTILINE)
