"""Who has done all that a path asks for has finished it, whatever order things come in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import select

from sidecar.core import path_publishing, paths, settling
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.evidence import LMS, VALID, WITHDRAWN, Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.path_contents import Content, NoStepsError, Part, Step
from sidecar.core.path_publishing import SameAsPublishedError, StepCourseUnknownError
from sidecar.core.paths import DraftChangedError, PathKeyTakenError
from sidecar.errors import NotAllowedError, NotFoundError
from sidecar.runtime import Sidecar
from sidecar.sync import course_changes
from tests.fakes.worker import perform_waiting
from tests.sidecar.reports.world import World

EVERYTHING = operator_at_the_console()
CONTENT = Content(
    title="Ny i hjemmetjenesten",
    parts=(Part("p", steps=(Step("brann", "course", "brannvern"), Step("runde", "task", title="Omvisning"))),),
)


def at(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(10), UTC)


@dataclass
class Desk:
    """One person, two courses, and whoever makes paths and brings evidence."""

    sidecar: Sidecar
    person_id: str

    def publish(self, content: Content, note: str = "") -> str:
        now = self.sidecar.now()
        with self.sidecar.transaction() as db:
            known = [one.course.key for one in paths.list_paths(db, EVERYTHING)]
            key = "ny-i-hjemmetjenesten"
            if key in known:
                line = paths.find_path(db, EVERYTHING, key)
                paths.save_draft(db, EVERYTHING, key, content, line.path.draft_number, now)
            else:
                paths.add_path(db, EVERYTHING, content, now)
            version = path_publishing.publish(db, EVERYTHING, key, note, now)
        course_changes.finish_path(self.sidecar, version.id)
        return version.id

    def bring(self, course: str, day: str) -> str:
        with self.sidecar.transaction() as db:
            course_id = db.scalars(select(Course.id).where(Course.key == course)).one()
            new = Evidence(
                person_id=self.person_id,
                course_id=course_id,
                origin=LMS,
                completed_at=at(day),
                recorded_at=self.sidecar.now(),
            )
            db.add(new)
            db.flush()
            settling.settle(db, {(self.person_id, course_id)}, self.sidecar.now())
            return new.id

    def mark(self, evidence_id: str, state: str) -> None:
        with self.sidecar.transaction() as db:
            found = db.get_one(Evidence, evidence_id)
            found.state = state
            db.flush()
            settling.settle(db, {(self.person_id, found.course_id)}, self.sidecar.now())

    def finished(self) -> list[str]:
        with self.sidecar.reading() as db:
            query = select(Completion).join(Course, Course.id == Completion.course_id).where(Course.kind == "path")
            found = db.scalars(query.where(Completion.withdrawn_at.is_(None)).order_by(Completion.completed_at))
            return [one.completed_on.isoformat() for one in found]


@pytest.fixture
def desk(sidecar: Sidecar, kongsberg: Municipality) -> Desk:
    world = World(sidecar)
    kari = world.employ(kongsberg, "1001", "Kari Nordmann")
    for key in ("brannvern", "hms"):
        world.course(key, key)
    return Desk(sidecar, kari.person_id)


def test_the_last_step_finishes_it(desk: Desk) -> None:
    desk.publish(CONTENT)
    desk.bring("brannvern", "2026-03-01")
    assert desk.finished() == []
    desk.bring("ny-i-hjemmetjenesten-runde", "2026-04-01")
    assert desk.finished() == ["2026-04-01"]


def test_what_was_done_before_the_path_was_published_counts(desk: Desk) -> None:
    desk.publish(
        replace(
            CONTENT,
            parts=(
                Part(
                    "p",
                    steps=(Step("hms", "course", "hms"), Step("r", "task")),
                ),
            ),
        )
    )
    desk.bring("hms", "2026-01-01")
    desk.bring("brannvern", "2026-02-01")
    both = Part("p", steps=(Step("hms", "course", "hms"), Step("brann", "course", "brannvern")))
    desk.publish(replace(CONTENT, parts=(both,)))
    assert desk.finished() == ["2026-02-01"]


def test_the_outbox_looks_who_has_finished(desk: Desk) -> None:
    desk.bring("brannvern", "2026-03-01")
    with desk.sidecar.transaction() as db:
        one = replace(CONTENT, parts=(Part("p", steps=CONTENT.parts[0].steps[:1]),))
        paths.add_path(db, EVERYTHING, one, desk.sidecar.now())
        path_publishing.publish(db, EVERYTHING, "ny-i-hjemmetjenesten", "", desk.sidecar.now())
    perform_waiting(desk.sidecar)
    assert desk.finished() == ["2026-03-01"]


def test_a_later_version_that_asks_more_takes_nothing_away(desk: Desk) -> None:
    desk.publish(CONTENT)
    desk.bring("brannvern", "2026-03-01")
    desk.bring("ny-i-hjemmetjenesten-runde", "2026-04-01")
    more = (*CONTENT.parts, Part("mer", steps=(Step("hms", "course", "hms"),)))
    desk.publish(replace(CONTENT, parts=more))
    assert desk.finished() == ["2026-04-01"]
    desk.bring("hms", "2026-05-01")
    assert desk.finished() == ["2026-04-01"]


def test_a_step_that_is_withdrawn_takes_the_path_with_it_and_brings_it_back(desk: Desk) -> None:
    desk.publish(CONTENT)
    fire = desk.bring("brannvern", "2026-03-01")
    desk.bring("ny-i-hjemmetjenesten-runde", "2026-04-01")
    desk.mark(fire, WITHDRAWN)
    assert desk.finished() == []
    desk.mark(fire, VALID)
    assert desk.finished() == ["2026-04-01"]
    with desk.sidecar.reading() as db:
        assert len(db.scalars(select(Evidence).where(Evidence.origin == "path")).all()) == 1


def test_nothing_is_published_twice(desk: Desk) -> None:
    desk.publish(CONTENT)
    with desk.sidecar.transaction() as db, pytest.raises(SameAsPublishedError):
        path_publishing.publish(db, EVERYTHING, "ny-i-hjemmetjenesten", "", desk.sidecar.now())


def test_of_two_who_change_a_draft_the_second_is_told(desk: Desk) -> None:
    with desk.sidecar.transaction() as db:
        line = paths.add_path(db, EVERYTHING, CONTENT, desk.sidecar.now())
        key, number = line.course.key, line.path.draft_number
        paths.save_draft(db, EVERYTHING, key, replace(CONTENT, summary="Ny"), number, desk.sidecar.now())
        with pytest.raises(DraftChangedError):
            paths.save_draft(db, EVERYTHING, key, replace(CONTENT, summary="Annen"), number, desk.sidecar.now())
        assert paths.find_path(db, EVERYTHING, key).draft.summary == "Ny"


@pytest.mark.parametrize(
    "step",
    [Step("x", "course", "finnes-ikke"), Step("x", "task", "brannvern"), Step("x", "course", "ny-i-hjemmetjenesten")],
    ids=["unknown", "other-kind", "itself"],
)
def test_a_step_is_about_a_course_of_its_kind(desk: Desk, step: Step) -> None:
    with desk.sidecar.transaction() as db:
        paths.add_path(db, EVERYTHING, replace(CONTENT, parts=(Part("p", steps=(step,)),)), desk.sidecar.now())
        with pytest.raises(StepCourseUnknownError):
            path_publishing.publish(db, EVERYTHING, "ny-i-hjemmetjenesten", "", desk.sidecar.now())


def test_an_empty_path_is_not_published(desk: Desk) -> None:
    with desk.sidecar.transaction() as db:
        paths.add_path(db, EVERYTHING, Content(title="Tomt"), desk.sidecar.now())
        with pytest.raises(NoStepsError):
            path_publishing.publish(db, EVERYTHING, "tomt", "", desk.sidecar.now())


def test_a_path_is_its_region_s(desk: Desk) -> None:
    stranger = Viewer(roles=frozenset({"rkk"}), regions=frozenset({"another"}))
    with desk.sidecar.transaction() as db:
        paths.add_path(db, EVERYTHING, CONTENT, desk.sidecar.now())
        assert paths.list_paths(db, stranger) == []
        with pytest.raises(NotFoundError):
            paths.find_path(db, stranger, "ny-i-hjemmetjenesten")
        with pytest.raises(NotAllowedError):
            paths.add_path(db, stranger, CONTENT, desk.sidecar.now(), key="mitt")
        with pytest.raises(PathKeyTakenError):
            paths.add_path(db, EVERYTHING, CONTENT, desk.sidecar.now(), key="brannvern")
