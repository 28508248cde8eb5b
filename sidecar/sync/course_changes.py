"""Carry out what was decided of courses for everybody it concerns, some people at a time; the outbox calls this.

Each may be cut off anywhere: the next part goes on from where this one was.
"""

from __future__ import annotations

import time
from itertools import islice
from typing import Final

import structlog

from sidecar.core import course_rules, lms_courses, outbox, path_finishing, paths, settling
from sidecar.core.course_rules import RuleRun
from sidecar.core.lms_courses import PIECES_A_TIME
from sidecar.runtime import Sidecar

PART_S: Final = 240.0
"""After how long a job leaves the rest to the next one."""

log = structlog.get_logger()


def move_completed(sidecar: Sidecar, lms_course_id: str) -> None:
    """Let what an LMS tells of one of its courses count for the course that it means now."""
    ends = time.monotonic() + PART_S
    with sidecar.reading() as db:
        waiting = iter(lms_courses.list_misplaced(db, lms_course_id))
    moved = 0
    while some := list(islice(waiting, PIECES_A_TIME)):
        with sidecar.transaction() as db:
            lms_courses.move(db, lms_course_id, some, sidecar.now())
        moved += len(some)
        if time.monotonic() > ends:
            with sidecar.transaction() as db:
                lms_courses.ask_to_move(db, lms_course_id, sidecar.now())
            break
    log.info("lms_course.moved", lms_course=lms_course_id, moved=moved)


def apply_rule(sidecar: Sidecar, run_id: str) -> None:
    """Let a course's rule hold for its current completions."""
    ends, is_done = time.monotonic() + PART_S, False
    while not is_done and time.monotonic() < ends:
        with sidecar.transaction() as db:
            is_done = course_rules.apply_some(db, run_id, sidecar.now())
    if is_done:
        log.info("course_rule.applied", run=run_id)
        return
    with sidecar.transaction() as db:
        done = db.get_one(RuleRun, run_id).people_done
        course_rules.put(db, run_id, done + 1, sidecar.now())


def finish_path(sidecar: Sidecar, version_id: str) -> None:
    """Let those who have done all that a learning path's new version asks for have finished it."""
    ends, is_done, finished = time.monotonic() + PART_S, False, 0
    while not is_done and time.monotonic() < ends:
        with sidecar.transaction() as db:
            changed, is_done = path_finishing.renew_some(db, version_id, sidecar.now())
            settling.settle(db, changed, sidecar.now())
        finished += len(changed)
    if not is_done:
        with sidecar.transaction() as db:
            outbox.put_soon(db, paths.KIND, version_id, now=sidecar.now())
    log.info("learning_path.looked_through", version=version_id, finished=finished)
