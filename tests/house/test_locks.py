"""Both worlds are locked with hashes, and without the name of any registry, so that any mirror will do."""

import json
import re
from pathlib import Path

import pytest

from tests.house.sources import ROOT

PYTHON = sorted(ROOT.glob("requirements*.lock"))


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.name)
def test_every_python_package_is_locked_with_hashes_and_no_address(path: Path) -> None:
    text = path.read_text("utf-8")
    packages = re.split(r"\n(?=\S)", text.strip())
    assert packages
    unlocked = [one for one in packages if not re.match(r"[\w.-]+==\S.*--hash=sha256:", one, re.DOTALL)]
    assert unlocked == []
    assert "://" not in text


def test_every_npm_package_is_locked_with_its_hash_and_no_address() -> None:
    text = (ROOT / "package-lock.json").read_text("utf-8")
    packages = {name: one for name, one in json.loads(text)["packages"].items() if name}
    assert packages
    assert [name for name, one in packages.items() if not one.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, one in packages.items() if "://" in one.get("resolved", "")] == []
