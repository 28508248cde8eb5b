"""Start the process that looks at a package in a browser, and end it and all it started when enough is enough."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from scorm_packages.accessibility.barrier import Barrier, Level, barrier
from scorm_packages.accessibility.browser.limits import NOT_STARTED, BrowserLimits, write_limits

AXE: Final = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SESSION: Final = "scorm_packages.accessibility.browser.session"
PREFIX: Final = "sidecar-browser-"
LEFT_S: Final = 3600.0
"""A folder that is older belongs to nobody: no look takes so long."""

POLL_S: Final = 0.25
ENDING_S: Final = 10.0
"""How long the system may take to end what was killed."""
REPORT_BYTES: Final = 16 * 1024**2
MOST_BARRIERS: Final = 300

REASONS: Final[Mapping[str, str]] = {
    "not-asked": "nobody asked for it",
    "no-extra": "the extra is not installed (pip install 'laeringslop-sidecar[browser]')",
    "no-browser": "there is no Chromium on PATH",
    "no-axe": "axe-core is not there (python build_assets.py fetches it)",
    "out-of-time": "it took too long",
    "out-of-memory": "it took too much memory",
    "broke-off": "the browser broke off",
    "not-started": "Chromium did not start",
    "nothing-seen": "none of its pages could be opened",
}
"""Why a browser did not look, or did not look at all of it."""


@dataclass(frozen=True)
class BrowserResult:
    """What a browser saw. `reason`: a code of `REASONS` where it did not look at all; `states`: at how many it did.

    A look that was stopped half way has states and a reason.
    """

    states: int = 0
    barriers: tuple[Barrier, ...] = ()
    reason: str = ""
    seen: tuple[str, ...] = field(default=())

    @property
    def not_run(self) -> str:
        """Return in English why nothing was looked at; empty where something was."""
        return "" if self.states else REASONS[self.reason]

    def to_json(self, level: Level) -> dict[str, Any] | str:
        """Return what `package check --json` prints of it: never that a package passed."""
        if not self.states:
            return "not run"
        told = {"states": self.states, "seen": list(self.seen), "stopped": self.reason}
        return {
            **told,
            "findings": [each.to_json("warning" if level == "warning" else "advice") for each in self.barriers],
        }


def lack() -> str:
    """Return the code of what is missing here, empty for nothing."""
    if find_spec("playwright") is None:
        return "no-extra"
    if find_browser() is None:
        return "no-browser"
    return "" if AXE.is_file() else "no-axe"


def find_browser() -> str | None:
    """Return the path of a Chromium."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def folder_for_look() -> Iterator[Path]:
    """Make a folder for the length of a block; those that killed processes left are removed first."""
    oldest = time.time() - LEFT_S
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            told = path.lstat()
            if stat.S_ISDIR(told.st_mode) and told.st_uid == os.geteuid() and told.st_mtime < oldest:
                shutil.rmtree(path, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def look_in_browser(
    package: Path, limits: BrowserLimits | None = None, *, needs_sandbox: bool = False
) -> BrowserResult:
    """Open every page of a package in Chromium and say what keeps people out; never raises for a bad package.

    Args:
        needs_sandbox: rather don't look than without Chromium's sandbox; else root, and nobody else, may do so.
    """
    limits = limits or BrowserLimits()
    if missing := lack():
        return BrowserResult(reason=missing)
    with folder_for_look() as folder:
        report = folder / "report.jsonl"
        with report.open("wb") as file:
            reason = _run(package.resolve(), folder, file.fileno(), limits, needs_sandbox)
        return _read(report, reason)


def _run(package: Path, folder: Path, output: int, limits: BrowserLimits, needs_sandbox: bool) -> str:
    """Run the session to its end, or end it; return why it did not end well, empty where it did."""
    told = (package, find_browser(), AXE, int(needs_sandbox), *write_limits(limits))
    command = [sys.executable, "-m", SESSION, *map(str, told)]
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH") if name in os.environ}
    # nothing of the environment that holds secrets; everything the browser writes lies in the folder
    home = {name: str(folder) for name in ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")}
    root = str(Path(__file__).parents[3])
    env = {
        **kept,
        **home,
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(filter(None, (root, kept.get("PYTHONPATH")))),
    }
    child = subprocess.Popen(  # noqa: S603 (our own module and paths)
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    family: dict[int, str] = {}
    try:
        return _watch(child, family, limits)
    finally:
        _end(child, family)


def _watch(child: subprocess.Popen[bytes], family: dict[int, str], limits: BrowserLimits) -> str:
    deadline = time.monotonic() + limits.seconds
    while child.poll() is None:
        family.update(_descendants(child.pid))
        if time.monotonic() > deadline:
            return "out-of-time"
        if sum(map(_memory_bytes, family)) > limits.memory_bytes:
            return "out-of-memory"
        with suppress(subprocess.TimeoutExpired):
            child.wait(POLL_S)
    return {0: "", NOT_STARTED: "not-started"}.get(child.returncode, "broke-off")


def _end(child: subprocess.Popen[bytes], family: dict[int, str]) -> None:
    """Kill the session, its driver and every process of the browser, which stand in groups of their own."""
    family.update(_descendants(child.pid))
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    for pid, began in family.items():
        if _began(pid) == began:  # not another that got the number since
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
    child.wait()
    deadline = time.monotonic() + ENDING_S
    while any(map(_is_running, family.items())) and time.monotonic() < deadline:
        time.sleep(POLL_S / 10)


def _is_running(member: tuple[int, str]) -> bool:
    pid, began = member
    fields = _stat(pid)
    return bool(began) and len(fields) > 19 and fields[19] == began and fields[0] not in {"Z", "X"}


def _descendants(root: int) -> Iterator[tuple[int, str]]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir() if Path("/proc").is_dir() else ():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    waiting = [root]
    while waiting:
        for pid in parents.get(waiting.pop(), ()):
            waiting.append(pid)
            yield pid, _began(pid)


def _stat(pid: int) -> list[str]:
    """Return what the system says of a process, from its state on; nothing where it has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []


def _began(pid: int) -> str:
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else ""


def _memory_bytes(pid: int) -> int:
    """Return what a process takes, its share of what it shares; without that where its sandbox hides it."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    with suppress(OSError):
        _, resident, shared, *_ = map(int, Path(f"/proc/{pid}/statm").read_text("ascii").split())
        return (resident - shared) * resource.getpagesize()
    return 0


def _read(report: Path, reason: str) -> BrowserResult:
    """Read what the session wrote; a line that was cut off is left out, and so is what is no finding of ours."""
    seen: list[str] = []
    found: list[Barrier] = []
    with report.open("rb") as file:
        for line in file.read(REPORT_BYTES).splitlines():
            with suppress(ValueError, KeyError, TypeError):
                told = json.loads(line)
                if "state" in told:
                    seen.append(str(told["state"])[:200])
                elif len(found) < MOST_BARRIERS:
                    facts = {str(name): fact for name, fact in told["facts"].items()}
                    made = barrier(told["code"], told["page"], told["element"], criterion=told["criterion"], **facts)
                    assert made.message is not None  # noqa: S101 (an unknown code or missing fact shows here)
                    found.append(made)
    return BrowserResult(len(seen), tuple(found), reason or ("" if seen else "nothing-seen"), tuple(seen))
