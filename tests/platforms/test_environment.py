"""The platform's environment is made once for each lock, and says why when it can't be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.platforms.xblock import environment
from tests.platforms.xblock.environment import MakingFailedError, ensure


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock, and a place for its environment."""
    folder = tmp_path / ".venv-xblock"
    for name, value in {"LOCK": tmp_path / "lock", "FOLDER": folder, "PYTHON": folder / "bin" / "python"}.items():
        monkeypatch.setattr(environment, name, value)
    environment.LOCK.write_text("one==1")
    return environment.LOCK


@pytest.fixture
def commands(lock: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What uv is asked for, which makes a Python and no more."""
    asked: list[str] = []

    def run(*arguments: str) -> None:
        asked.append(arguments[0])
        environment.PYTHON.parent.mkdir(parents=True, exist_ok=True)
        environment.PYTHON.touch()

    monkeypatch.setattr(environment, "_run", run)
    return asked


def test_it_is_made_once(commands: list[str]) -> None:
    assert ensure() == ensure() == environment.PYTHON
    assert commands == ["venv", "pip"]


def test_another_lock_makes_it_anew(lock: Path, commands: list[str]) -> None:
    ensure()
    lock.write_text("one==2")
    ensure()
    assert commands == ["venv", "pip"] * 2


def test_one_whose_python_is_gone_is_made_anew(commands: list[str]) -> None:
    ensure().unlink()
    ensure()
    assert commands == ["venv", "pip"] * 2


def test_one_that_was_cut_off_is_made_anew(commands: list[str]) -> None:
    ensure()
    (environment.FOLDER / ".ready").unlink()
    ensure()
    assert commands == ["venv", "pip"] * 2


@pytest.mark.usefixtures("lock")
def test_a_machine_without_uv_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(MakingFailedError, match="uv"):
        ensure()


@pytest.mark.usefixtures("lock")
def test_what_uv_complains_of_is_told() -> None:
    """Our lock has no hash: nothing is asked of any registry."""
    with pytest.raises(MakingFailedError, match="hash"):
        ensure()
