"""Two regions share a path, in a real browser, while the line between them is cut at each connection of each step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from sidecar.connecting import add_connection
from sidecar.core.adoptions import Adoption
from sidecar.core.completions import Completion
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.crossing_received import CrossingReceived
from sidecar.core.crossing_sent import CrossingSent
from sidecar.core.evidence import Evidence
from sidecar.core.peers import Peer
from sidecar.core.periods import month
from sidecar.core.received_paths import ReceivedPathVersion
from sidecar.reports.asking import request
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.e2e.learning import log_in, nb, open_in_new_window, take_course
from tests.e2e.neighbours import FIRE, Neighbours, Side, behind, open_neighbours
from tests.fakes.cut_line import HOW, CutLine, How

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIRE_LINK = "2"
STEPS = {"accept", "prove", "follow", "fetch", "tell", "answer"}
ONCE = (
    Peer,
    ReceivedPathVersion,
    Adoption,
    Course,
    CourseVersion,
    Completion,
    Evidence,
    CrossingSent,
    CrossingReceived,
)
"""Tables that would show whatever came twice."""


@pytest.fixture
def locale() -> str:
    return "nb-NO"


@pytest.fixture
def near() -> CutLine:
    """The line to the region that makes the path."""
    return CutLine()


@pytest.fixture
def settings(settings: Settings, near: CutLine) -> Settings:
    return behind(settings, near)


@pytest.fixture
def two(sidecar: Sidecar, near: CutLine, migrated_sqlite: Path, tmp_path: Path) -> Iterator[Neighbours]:
    with open_neighbours(sidecar, near, migrated_sqlite, tmp_path / "there") as opened:
        yield opened


@pytest.mark.parametrize("how", HOW)
def test_a_path_taken_once_stands_in_the_reports_of_both_employers(
    context: BrowserContext, two: Neighbours, how: How, tmp_path: Path
) -> None:
    share_despite(two, how)
    with two.maker.line.cut("refused"):  # who adopted a path needs nobody to teach it
        two.adopt()
        two.agree()
        learn(context, two)
    two.despite(how, two.tell, two.maker.line)
    assert two.maker.count(Completion) == 0
    two.hire(tmp_path)
    two.despite(how, two.answer, two.teacher.line)
    assert set(two.cuts) == STEPS
    expect_once(two, tmp_path)
    expect_shown(context, two)
    for number, step in enumerate((two.follow, two.fetch, two.tell, two.answer)):
        assert step(), number
    expect_once(two, tmp_path)


def share_despite(two: Neighbours, how: How) -> None:
    """Let the path come from one region to the other."""
    two.publish()
    two.invite()
    two.despite(how, two.accept, two.maker.line)
    two.despite(how, two.prove, two.teacher.line)
    two.despite(how, two.follow, two.maker.line)
    two.despite(how, two.fetch, two.maker.line)


def learn(context: BrowserContext, two: Neighbours) -> None:
    """Let who works for both take the course in the other LMS, and name the employer here."""
    window = open_course(context, two)
    take_course(window, FIRE)
    window.get_by_role("main").get_by_role("link", name=nb("My learning")).click()
    window.get_by_role("link", name=nb("Employers in other regions")).click()
    window.get_by_label(nb("Employer"), exact=True).select_option(two.maker.municipality.org_number)
    window.get_by_label(nb("Your employee number there")).fill(two.maker.employee.employee_number)
    window.get_by_role("button", name=nb("Let them know")).click()
    expect(window.get_by_role("heading", name="Rollag kommune")).to_be_visible()
    window.close()


def open_course(context: BrowserContext, two: Neighbours) -> Page:
    return open_in_new_window(log_in(context, two.teacher.lms, two.teacher.employee), two.teacher.lms, FIRE_LINK)


def expect_once(two: Neighbours, folder: Path) -> None:
    """See that everything has arrived, once."""
    counts = {table.__name__: (two.maker.count(table), two.teacher.count(table)) for table in ONCE}
    assert counts == {
        "Peer": (1, 1),
        "ReceivedPathVersion": (0, 1),
        "Adoption": (0, 1),
        "Course": (2, 2),
        "CourseVersion": (1, 1),
        "Completion": (2, 2),
        "Evidence": (3, 2),  # of the path both regions reckon that it is finished
        "CrossingSent": (0, 2),
        "CrossingReceived": (2, 0),
    }
    for side in (two.maker, two.teacher):
        rows = report(side, folder / "reports" / side.municipality.slug)
        ours = [row for row in rows if row.startswith(f"{side.employee.employee_number};Eksempelsen;Multe;")]
        assert sorted(row.split(";")[4] for row in ours) == ["Brannvern på arbeidsplassen", "Ny i kommunen"]
        assert len(rows) == len(ours)


def report(side: Side, folder: Path) -> list[str]:
    """Let a region report to its municipality, and return the rows."""
    if not folder.exists():
        folder.mkdir(parents=True)
        viewer, values = side.office.viewer, {"folder": str(folder)}
        add_connection(side.sidecar, viewer, side.municipality.id, "folder", values)
    today = side.sidecar.today()
    request(side.sidecar, side.municipality.id, month(today.year, today.month))
    side.office.work("delivery")
    [file] = folder.glob("*.csv")
    return file.read_text("utf-8-sig").splitlines()[1:]


def expect_shown(context: BrowserContext, two: Neighbours) -> None:
    """See that the learner is told where it went, and that it counts there."""
    window = open_course(context, two)
    window.wait_for_url("**/play/*")
    window.goto(f"{window.url}/learning")
    rows = window.get_by_role("row").filter(has_text="Kongsbergregionen").filter(has_text="Rollag kommune")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text=nb("It counts there"))).to_have_count(2)
    window.close()
