"""The image holds what it must and no more, and runs as nobody of importance."""

from __future__ import annotations

import re
import subprocess
import tomllib
from fnmatch import fnmatch

import pytest

from tests.house.sources import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


@pytest.mark.parametrize("name", ["service", "browser"])
def test_each_runs_as_a_user_that_is_not_root(name: str) -> None:
    (stage,) = (one for one in DOCKERFILE.split("\nFROM ") if one.splitlines()[0].endswith(f" AS {name}"))
    assert re.findall(r"^USER (.*)$", stage, re.MULTILINE) == ["10001:10001"]
    assert "useradd --uid 10001" in stage


def test_the_last_is_the_service_and_has_no_browser() -> None:
    last = DOCKERFILE.split("\nFROM ")[-1]
    assert last.splitlines()[0].endswith(" AS service")
    assert not re.search(r"chromium|build-browser", last)


def test_it_asks_itself_whether_it_is_well() -> None:
    assert re.search(r"^HEALTHCHECK .*http://127\.0\.0\.1:8080/healthz", DOCKERFILE, re.MULTILINE)


def test_it_installs_only_what_is_locked_by_hash() -> None:
    installs = re.findall(r"pip install [^&\n]*", DOCKERFILE)
    assert len(installs) == 4
    assert [one for one in installs if "--require-hashes" not in one and "--no-deps --no-index" not in one] == []


def test_no_secret_is_baked_in() -> None:
    assert not re.search(r"PASSWORD|SECRET|TOKEN", DOCKERFILE)
    assert not re.search(r"^ADD ", DOCKERFILE, re.MULTILINE)


def test_its_python_is_one_that_the_project_takes() -> None:
    version = re.search(r"^ARG PYTHON=python:3\.(\d+)-slim", DOCKERFILE, re.MULTILINE)
    assert version
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert wanted == ">=3.11"
    assert int(version[1]) in (11, 12, 13)


def test_the_build_sees_only_what_it_needs() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    seen = {path for path in tracked.stdout.splitlines() if is_seen(path)}
    assert {path.split("/")[0] for path in seen} == {
        ".npmrc",
        "LICENSE",
        "README.md",
        "build_assets.py",
        "lti",
        "package-lock.json",
        "package.json",
        "practice_lms",
        "pyproject.toml",
        "requirements-browser.lock",
        "requirements-build.lock",
        "requirements-npm.lock",
        "requirements.lock",
        "scorm_packages",
        "sidecar",
        "starter_courses",
    }
    assert not is_seen(".env")
    assert not is_seen("sidecar-data/secret.key")


def is_seen(path: str) -> bool:
    """Tell whether .dockerignore lets a path through: the last line that fits decides, for its folders too."""
    verdict = True
    parts = path.split("/")
    folders = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.lstrip("!")
        if line and not line.startswith("#") and any(fnmatch(one, pattern.replace("**/", "*")) for one in folders):
            verdict = line.startswith("!")
    return verdict
