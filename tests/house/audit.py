"""Ask for known vulnerabilities of everything locked: `python -m tests.house.audit`.

A vulnerability found fails. No answer does not, as a laptop on a train must be able to work; it is told aloud.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from tests.house.sources import ROOT

LOCKS: Final = (
    "requirements-dev.lock",
    "requirements-build.lock",
    "requirements-npm.lock",
    "requirements-uv.lock",
    "requirements-xblock.lock",
)
"""The first holds all that production has, too."""

TIMEOUT_S: Final = 120


@dataclass(frozen=True)
class Answer:
    """What an advisory service said of one lock.

    Attributes:
        found: a line for each vulnerability.
        silence: why nothing is known, or of how much; "" where all was answered.
    """

    lock: str
    found: tuple[str, ...] = ()
    silence: str = ""


def main() -> int:
    """Ask for both worlds, and tell; the exit code is 1 where something was found."""
    with ThreadPoolExecutor() as side_by_side:
        answers = [*side_by_side.map(ask_python, LOCKS), ask_npm()]
    for answer in answers:
        for line in answer.found:
            sys.stdout.write(f"VULNERABLE {answer.lock}: {line}\n")
        if answer.silence:
            sys.stdout.write(f"NOT AUDITED {answer.lock}: {answer.silence}\n")
        elif not answer.found:
            sys.stdout.write(f"No known vulnerability in {answer.lock}.\n")
    return int(any(answer.found for answer in answers))


def ask_python(lock: str) -> Answer:
    """Ask for a lock of Python packages."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
    return read_pip_audit(lock, _run([*command, "--progress-spinner", "off", "--requirement", lock]))


def ask_npm() -> Answer:
    """Ask for the lock of npm packages."""
    npm = shutil.which("npm")
    if npm is None:
        return Answer("package-lock.json", silence="there is no npm on PATH")
    return read_npm_audit("package-lock.json", _run([npm, "audit", "--json"]))


def read_pip_audit(lock: str, text: str) -> Answer:
    """Read what pip-audit says; a package it skipped is one that nobody answered for."""
    told = _read(text)
    if "dependencies" not in told:
        return Answer(lock, silence="the advisory service did not answer")
    asked = told["dependencies"]
    found = [f"{one['name']} {one['version']}: {bad['id']}" for one in asked for bad in one.get("vulns", [])]
    skipped = [one["name"] for one in asked if "skip_reason" in one]
    silence = f"no answer for {len(skipped)} of {len(asked)} packages" if skipped else ""
    return Answer(lock, tuple(found), silence)


def read_npm_audit(lock: str, text: str) -> Answer:
    """Read what npm says."""
    told = _read(text)
    if "vulnerabilities" not in told:
        return Answer(lock, silence="the advisory service did not answer")
    found = [f"{name} {one.get('range', '')}: {one['severity']}" for name, one in told["vulnerabilities"].items()]
    return Answer(lock, tuple(found))


def _run(command: list[str]) -> str:
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False).stdout
    except subprocess.TimeoutExpired:
        return ""


def _read(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


if __name__ == "__main__":
    sys.exit(main())
