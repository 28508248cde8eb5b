"""The page on connectors tells the truth: its example is a package that installs, is found, and passes its tests."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "webdav"
PAGE = (ROOT / "ADDING_CONNECTORS.md").read_text("utf-8")
EXCERPT = re.compile(r"^```(?:python|toml)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_every_excerpt_is_the_examples_own_code() -> None:
    paths = (path for path in EXAMPLE.rglob("*") if path.suffix in (".py", ".toml"))
    code = "\n".join(path.read_text("utf-8") for path in paths)
    excerpts = EXCERPT.findall(PAGE)
    assert len(excerpts) >= 5
    assert [each for each in excerpts if any(part.strip("\n") not in code for part in each.split("    …\n"))] == []


def test_every_file_that_is_named_exists() -> None:
    named = re.findall(r"\]\(([\w./-]+)\)", PAGE)
    assert len(named) > 3
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.slow
def test_the_example_installs_is_found_and_passes_its_tests(tmp_path: Path) -> None:
    copy, target = tmp_path / "webdav", tmp_path / "installed"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")  # nothing above is looked at
    pip = [shutil.which("uv", path=Path(sys.executable).parent) or "uv", "pip", "install", "--offline", "--quiet"]
    offline = ["--no-deps", "--no-build-isolation", "--python", sys.executable, "--target", str(target), str(copy)]
    subprocess.run([*pip, *offline], check=True, timeout=120)

    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env = {**ours, "PYTHONPATH": str(target), "SIDECAR_DATA": str(tmp_path / "data")}
    listed = subprocess.run(
        [sys.executable, "-m", "sidecar.cli", "connection", "connectors", "--json"],
        env=env,
        capture_output=True,
        check=True,
        timeout=60,
    )
    [found] = [each for each in json.loads(listed.stdout) if each["name"] == "webdav"]
    assert (found["title"], found["error"]) == ("WebDAV folder", None)
    assert [each.split(":")[0] for each in found["settings"]] == ["url", "user", "password"]

    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests"], cwd=copy, env=env, capture_output=True, text=True, timeout=120
    )
    assert tested.returncode == 0, tested.stdout
    assert "15 passed" in tested.stdout
