"""Run the main job on this machine: `python -m practice_lms.demo` (`--once`, or ONCE=1, ends after the reports).

A fresh sidecar is started as a process, a practice LMS beside it. Everything is added by command line, three
learners of three municipalities launch and pass courses over HTTP, grades come back, reports are delivered. Then a
second region, with a sidecar and LMS of its own, adopts a learning path of the first: `practice_lms.two_regions`.
"""

import argparse
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from practice_lms.app import create_app, lms_of
from practice_lms.config import Config
from practice_lms.errors import PracticeError
from practice_lms.installing import add_connections, add_courses, add_municipalities, add_platform, tell
from practice_lms.learner import READING_S, Learner, Play
from practice_lms.people import KONGSBERGREGIONEN, VESTERALEN, Region
from practice_lms.serving import serve
from practice_lms.sidecar_process import WAIT_S, SidecarProcess
from practice_lms.state import Lms
from practice_lms.two_regions import PATH, share

SHOWN_LINES = 4


@dataclass(frozen=True)
class Visit:
    """Say who takes which link, and with what result."""

    municipality: str
    link_id: str
    percent: int


VISITS = (
    Visit("kongsberg", "1", 100),
    Visit("rollag", "2", 90),
    Visit("hjartdal", "1", 80),
    Visit("hjartdal", "2", 100),
)


@dataclass(frozen=True)
class Demo:
    """Hold what the steps share: the folder, the running sidecar, the running LMS."""

    folder: Path
    sidecar: SidecarProcess
    lms: Lms

    @property
    def config(self) -> Config:
        """Return how the LMS was made."""
        return self.lms.config

    @property
    def region(self) -> Region:
        """Return whose sidecar and LMS they are."""
        return self.lms.region

    def reports_of(self, slug: str) -> Path:
        """Return the folder where a municipality's reports arrive."""
        return self.folder / "reports" / slug


def main() -> None:
    """Run the demo and say how it went; exit code 1 where it didn't."""
    options = _read_options()
    signal.signal(signal.SIGTERM, _interrupt)
    folder = options.folder or Path("demo-data") / f"{datetime.now(ZoneInfo('Europe/Oslo')):%Y%m%d-%H%M%S}"
    try:
        with start(folder.resolve(), options.port, options.lms_port) as demo:
            _run(demo)
            with start_beside(demo) as other:
                share(demo, other)
                if not options.once:
                    _show_addresses(demo, other)
                    _stay_up(demo, other)
    except PracticeError as error:
        print(f"\nThe demo stopped: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nStopped.")


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("practice_lms.demo", description="Run the main job on this machine.")
    once = os.environ.get("ONCE", "") not in ("", "0")
    parser.add_argument("--once", action="store_true", default=once, help="end after the reports")
    parser.add_argument("--port", type=int, help="of application and content (8080, or the next free)")
    parser.add_argument("--lms-port", type=int, help="of the practice LMS (8100, or the next free)")
    parser.add_argument("--folder", type=Path, help="where to keep everything (default: demo-data/<now>)")
    return parser.parse_args()


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def start(folder: Path, wanted_port: int | None, wanted_lms_port: int | None) -> Iterator[Demo]:
    """Start sidecar and LMS for the length of a `with` block; a failure brings the sidecar's last log lines."""
    port, lms_port = _choose_port(wanted_port, 8080), _choose_port(wanted_lms_port, 8100)
    tell(f"Everything of this run lies in {folder}")
    with _serve(KONGSBERGREGIONEN, SidecarProcess(folder, port), folder, "lms.localhost", lms_port) as demo:
        yield demo


@contextmanager
def start_beside(demo: Demo) -> Iterator[Demo]:
    """Start the sidecar and LMS of a second region, on the next free ports."""
    folder, port = demo.folder / VESTERALEN.slug, _choose_port(None, _port_of(demo.sidecar.url) + 1)
    sidecar = SidecarProcess(folder, port, "localhost")
    lms_port = _choose_port(None, _port_of(demo.config.issuer) + 1)
    with _serve(VESTERALEN, sidecar, folder, "lms.vesteralen.localhost", lms_port) as other:
        tell(f"{VESTERALEN.name} runs a sidecar and an LMS of its own: {sidecar.url}, {other.config.issuer}")
        yield other


def _port_of(url: str) -> int:
    return urlsplit(url).port or 0


@contextmanager
def _serve(region: Region, sidecar: SidecarProcess, folder: Path, lms_host: str, lms_port: int) -> Iterator[Demo]:
    config = Config(
        issuer=f"http://{lms_host}:{lms_port}",
        service_url=f"http://127.0.0.1:{lms_port}",
        tool_url=sidecar.url,
    )
    app = create_app(config, region)
    try:
        with sidecar, serve(app, port=lms_port):
            yield Demo(folder, sidecar, lms_of(app))
    except PracticeError as error:
        raise PracticeError(f"{error}\n--- the end of {sidecar.log}\n{sidecar.tail()}") from error


def _choose_port(wanted: int | None, first: int) -> int:
    for port in [wanted] if wanted else range(first, first + 20):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise PracticeError(f"port {wanted or first} is taken; choose others with --port and --lms-port")


def _run(demo: Demo) -> None:
    add_municipalities(demo)
    add_platform(demo)
    add_courses(demo)
    add_connections(demo)
    take_courses(demo)
    wait_for_grades(demo)
    files = deliver_reports(demo)
    _show_files(files)


def take_courses(demo: Demo) -> None:
    """Launch every course that is visited, read for a while, and pass."""
    begun = [(visit, *_begin(demo, visit)) for visit in VISITS]
    time.sleep(READING_S)
    for visit, learner, play in begun:
        learner.finish(play, visit.percent)
        tell(f"{demo.lms.learner_of(visit.municipality).name} passed with {visit.percent} %")


def _begin(demo: Demo, visit: Visit) -> tuple[Learner, Play]:
    person, link = demo.lms.learner_of(visit.municipality), demo.lms.config.link(visit.link_id)
    learner = Learner(demo.lms.config.issuer, person.user_id)
    learner.log_in()
    play = learner.launch(visit.link_id)
    learner.begin(play)
    tell(f"{person.name} ({visit.municipality}) opened «{link.title if link else visit.link_id}»")
    return learner, play


def wait_for_grades(demo: Demo) -> None:
    """Wait until the LMS holds the grade of every visit.

    Raises:
        PracticeError: a grade didn't come, or another one came.
    """
    for visit in VISITS:
        user_id = demo.lms.learner_of(visit.municipality).user_id

        def has_come(user_id: str = user_id, link_id: str = visit.link_id) -> bool:
            return demo.lms.grade_of(user_id, link_id) is not None

        demo.sidecar.wait_until(f"the grade of {visit.municipality} in the LMS", has_come, WAIT_S)
        grade = demo.lms.grade_of(user_id, visit.link_id)
        if grade is None or grade.score != float(visit.percent):
            raise PracticeError(f"the LMS holds {grade} for {visit}")
    tell("All grades are in the LMS's gradebook")


def deliver_reports(demo: Demo) -> list[Path]:
    """Order this month's reports, wait until the ledger says delivered, and return their CSV files.

    Raises:
        PracticeError: a report wasn't delivered, or one file is missing.
    """
    period = f"{datetime.now(ZoneInfo('Europe/Oslo')):%Y-%m}"
    demo.sidecar.run("report", "run", "--all", "--period", period, "--queue")
    demo.sidecar.wait_until("all reports delivered", lambda: _all_delivered(demo), WAIT_S)
    files = []
    for one in demo.region.municipalities:
        found = sorted(demo.reports_of(one.slug).glob("*.csv"))
        if len(found) != 1:
            raise PracticeError(f"expected one CSV file in {demo.reports_of(one.slug)}, found {len(found)}")
        files += found
    tell(f"Delivered the reports of {period} to {len(files)} municipalities")
    return files


def _all_delivered(demo: Demo) -> bool:
    rows: list[dict[str, Any]] = demo.sidecar.run("delivery", "list")
    failed = [row for row in rows if row["state"] in ("failed", "refused", "rejected")]
    if failed:
        raise PracticeError(f"a delivery failed: {failed[0]}")
    return len(rows) >= len(demo.region.municipalities) and all(row["state"] == "delivered" for row in rows)


def _show_files(files: list[Path]) -> None:
    visited = {visit.municipality for visit in VISITS}
    print(f"\nThe reports, a folder for each municipality, as CSV and XLSX: {files[0].parents[1]}")
    for file in (file for file in files if file.parent.name in visited):
        print(f"\n{file}")
        for line in file.read_text(encoding="utf-8-sig").splitlines()[:SHOWN_LINES]:
            print(f"    {line}")


def _show_addresses(*demos: Demo) -> None:
    for demo in demos:
        link = demo.sidecar.run("sign-in-link")
        print(f"\n{demo.region.name}, to click through by hand:\n  LMS          {demo.config.issuer}/  (pick anybody)")
        print(f"  Application  {demo.sidecar.url}/\n  Operator     {link['url']}  (once, within 15 minutes)")
        print(f"  Then         {demo.sidecar.url}/staff/paths/{PATH}: the learning path")
        print(
            f"               {demo.sidecar.url}/staff/peers: the other region, its key and how reading its offers goes"
        )
        print(f"               {demo.sidecar.url}/staff/crossings: what counts across the two")


def _stay_up(*demos: Demo) -> NoReturn:
    print("\nRunning. Ctrl-C stops everything.", flush=True)
    while True:
        for demo in demos:
            demo.sidecar.refuse_ended()
        time.sleep(1)


if __name__ == "__main__":
    main()
