"""A learning path in reports and in what systems fetch: as its course, with its version, begun with its first step."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from sidecar.core import api_tokens, change_pulls, path_publishing, paths
from sidecar.core.access import for_municipality, operator_at_the_console
from sidecar.core.course_audiences import CourseAudience
from sidecar.core.courses import Course
from sidecar.core.evidence import GATHERING, Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.path_contents import Step
from sidecar.core.periods import read_period
from sidecar.core.report_specs import Spec
from sidecar.core.settling import settle
from sidecar.reports import changes, standings
from sidecar.runtime import Sidecar
from tests.sidecar.walking import CONTENT, GATHERING_KEY, KEY, STEPS, TASK_KEY, Walk, make_walk

CONSOLE = operator_at_the_console()
STATUS = Spec(kind="status", courses=(KEY,), formats=("csv",), language="en")


@pytest.fixture
def walk(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Walk:
    return make_walk(sidecar, kongsberg, rollag)


def states(walk: Walk, tmp_path: Path) -> list[tuple[str, str]]:
    period = read_period(f"{walk.sidecar.today():%Y-%m}")
    with walk.sidecar.reading() as db:
        viewer = for_municipality(walk.kongsberg.id)
        found = standings.iter_standings(db, viewer, walk.kongsberg, STATUS, period, tmp_path)
        return [(one.course, one.state) for one in found]


def test_a_path_is_missing_begun_with_a_step_and_finished(walk: Walk, tmp_path: Path) -> None:
    assert states(walk, tmp_path) == [("Ny i omsorg", "missing")]
    walk.finish("oppgave")
    assert states(walk, tmp_path) == [("Ny i omsorg", "started")]
    for step in STEPS:
        walk.finish(step.key)
    assert states(walk, tmp_path) == [("Ny i omsorg", "finished")]


def test_a_step_begins_no_path_that_nobody_expects(walk: Walk, tmp_path: Path) -> None:
    with walk.sidecar.transaction() as db:
        db.query(CourseAudience).delete()
    walk.finish("oppgave")
    assert states(walk, tmp_path) == []


def records(walk: Walk) -> dict[str, dict[str, object]]:
    """Return what the municipality's system reads, by course."""
    changes.write_all(walk.sidecar, walk.kongsberg.id)
    with walk.sidecar.transaction() as db:
        token, _ = api_tokens.add_token(
            db, CONSOLE, walk.kongsberg.id, scope="changes", name="Lønn", days=30, now=walk.sidecar.now()
        )
        last, _ = change_pulls.find_last(db, token, 0, 100)
        lines: Sequence[dict[str, dict[str, object]]] = [
            json.loads(line) for line in change_pulls.iter_lines(db, token, 0, last)
        ]
    return {str(line["newRecord"]["course_id"]): line["newRecord"] for line in lines}


def test_what_is_fetched_names_the_path_of_steps_and_the_version_of_the_path(walk: Walk) -> None:
    with walk.sidecar.transaction() as db:
        course = Course(key="brannvern", title="Brannvern", created_at=walk.sidecar.now())
        db.add(course)
        db.flush()
        line = paths.find_path(db, CONSOLE, KEY)
        longer = replace(CONTENT.parts[0], steps=(*STEPS, Step("brann", "course", course="brannvern")))
        content = replace(CONTENT, parts=(longer,))
        paths.save_draft(db, CONSOLE, KEY, content, line.path.draft_number, walk.sidecar.now())
        path_publishing.publish(db, CONSOLE, KEY, "", walk.sidecar.now())
    walk.finish("oppgave")
    walk.folk.earn(walk.kari, walk.course_id("brannvern"), walk.sidecar.today())
    before = records(walk)
    assert before[TASK_KEY]["path_id"] == KEY
    assert before["brannvern"]["path_id"] is None
    for step in STEPS:
        walk.finish(step.key)
    after = records(walk)
    assert {key: one["path_id"] for key, one in after.items()} == dict.fromkeys(after, KEY)
    assert (after[KEY]["course_version"], after["brannvern"]["course_version"]) == (2, None)


def test_a_gathering_is_a_session(walk: Walk) -> None:
    walk.folk.earn(walk.kari, walk.course_id(GATHERING_KEY), date(2026, 3, 1))
    with walk.sidecar.transaction() as db:
        one = db.query(Evidence).one()
        one.origin = GATHERING
        db.flush()
        settle(db, {(walk.kari, one.course_id)}, walk.sidecar.now())
    assert records(walk)[GATHERING_KEY]["evidence_kind"] == "session"
