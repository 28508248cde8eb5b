"""`sidecar worker --browser` with a browser that says that it began, waits for a file, and says that it is done."""

from pathlib import Path

from sidecar import browser_checks, jobs
from sidecar.accessibility import BrowserLimits, BrowserResult
from sidecar.cli import main
from sidecar.core.browser_checks import KIND
from sidecar.runtime import Sidecar
from tests.fakes.slow_worker import slow


def look(sidecar: Sidecar, version_id: str) -> None:
    def see(package: Path, limits: BrowserLimits, *, needs_sandbox: bool) -> BrowserResult:
        slow(sidecar, version_id)
        return BrowserResult(states=1, seen=("a.html (opened)",))

    browser_checks.look(sidecar, version_id, browser=see)


if __name__ == "__main__":
    jobs.HANDLERS[KIND] = jobs.Handler(look)
    main(["worker", "--browser"])
