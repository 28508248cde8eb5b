"""A version is a draft till somebody has looked at it; learners finish what they began, unless its author says else."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import select, update

from sidecar.catalogue import AddedVersion, add_package
from sidecar.core import attempts, commits, course_life, offers
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.attempts import Attempt
from sidecar.core.audit import AuditEntry
from sidecar.core.commits import AttemptFinishedError
from sidecar.core.course_life import (
    CHECKLIST,
    ChecklistOpenError,
    Effect,
    NeverPublishedError,
    NoEarlierVersionError,
    NotDraftError,
    NotInReviewError,
    OwnReviewError,
    Publishing,
)
from sidecar.core.courses import Course, CourseRetiredError, CourseVersion, NothingToPlayError
from sidecar.core.municipalities import Municipality
from sidecar.core.staff_courses import count_unreviewed, list_courses_of, remove_version
from sidecar.errors import NotAllowedError, NotFoundError
from sidecar.runtime import Sidecar
from tests.fakes.learner import Learner, add_identity, add_platform, launch
from tests.fakes.package import make_package
from tests.fakes.waiting import start_and_let_wait

CONSOLE = operator_at_the_console()
SEEN = Publishing(ticked=CHECKLIST)
ANEW = Publishing(ticked=CHECKLIST, starts_over=True)
TODAY = date(2026, 9, 1)


class Story:
    """A course, its versions and its learners."""

    def __init__(self, sidecar: Sidecar, folder: Path) -> None:
        self.sidecar, self.folder = sidecar, folder
        self.platform = add_platform(sidecar)
        self.count = 0

    def upload(self, *, draft: bool = True, by: str | None = None, owner: str | None = None) -> AddedVersion:
        """Add the next version: its page differs from the last one's."""
        self.count += 1
        pages = {"a": f"<title>{self.count}</title>"} | ({"b": "<title>B</title>"} if self.count == 2 else {})
        package = make_package(self.folder / f"{self.count}.zip", pages=pages, title=f"Kurs {self.count}")
        return add_package(
            self.sidecar, package, key="kurs", uploaded_by=by, municipality_id=owner, is_published=not draft
        )

    def learner(self, name: str) -> str:
        return add_identity(self.sidecar, self.platform, subject=name)

    def opens(self, identity_id: str) -> tuple[int, Learner]:
        """Launch, and return the number of the version that plays."""
        learner = launch(self.sidecar, identity_id, self.course().id)
        with self.sidecar.reading() as db:
            attempt = db.get_one(Attempt, learner.attempt_id)
            return db.get_one(CourseVersion, attempt.version_id).number, learner

    def course(self) -> Course:
        with self.sidecar.reading() as db:
            return db.scalars(select(Course)).one()

    def publish(self, number: int, how: Publishing = SEEN, viewer: Viewer = CONSOLE) -> int:
        with self.sidecar.transaction() as db:
            return course_life.publish(db, viewer, "kurs", number, self.sidecar.now(), how)

    def do(self, step: Callable[..., object], *arguments: object, viewer: Viewer = CONSOLE) -> None:
        with self.sidecar.transaction() as db:
            step(db, viewer, "kurs", *arguments, self.sidecar.now())

    def status(self) -> str:
        with self.sidecar.reading() as db:
            return list_courses_of(db, CONSOLE)[0].status(TODAY)

    def finish(self, learner: Learner, state: str) -> None:
        with self.sidecar.transaction() as db:
            attempt = db.get_one(Attempt, learner.attempt_id)
            attempt.state, attempt.finished_at = state, self.sidecar.now()


@pytest.fixture
def story(sidecar: Sidecar, tmp_path: Path) -> Story:
    return Story(sidecar, tmp_path)


def staff(sidecar: Sidecar, story: Story, role: str, *, sees: str | None = None, name: str = "staff") -> Viewer:
    seen = frozenset({sees} if sees else ())
    authored = frozenset[str | None]({sees, *([None] if role == "rkk" else [])})
    return Viewer(story.learner(name), frozenset({role}), seen, authored_for=authored)


def test_nobody_gets_a_draft(story: Story) -> None:
    story.upload()
    somebody = story.learner("u1")
    assert story.status() == "draft"
    with pytest.raises(NothingToPlayError):
        story.opens(somebody)
    story.publish(1)
    assert (story.status(), story.opens(somebody)[0]) == ("published", 1)


def test_a_draft_leaves_the_course_as_it_is_till_it_is_published(story: Story) -> None:
    story.upload(draft=False)
    early = story.learner("early")
    story.opens(early)
    story.upload()
    assert (story.course().title, story.opens(story.learner("u2"))[0]) == ("Kurs 1", 1)
    story.publish(2)
    assert (story.course().title, story.opens(story.learner("u3"))[0]) == ("Kurs 2", 2)
    assert story.opens(early)[0] == 1  # finishes what they began


def test_learners_under_way_start_over_where_the_author_says_so(story: Story, sidecar: Sidecar) -> None:
    story.upload(draft=False)
    early = story.learner("early")
    _, before = story.opens(early)
    version = story.upload()
    with sidecar.reading() as db:
        assert course_life.effect_of(db, story.course(), version.version_id) == Effect(1, 1, 1)
    assert story.publish(2, ANEW) == 1
    number, after = story.opens(early)
    assert (number, after.attempt_id != before.attempt_id) == (2, True)
    said = commits.Said(sco_id="a", seq=1, after=0, session="s", changes={"cmi.core.exit": ""}, is_final=False)
    with sidecar.transaction() as db, pytest.raises(AttemptFinishedError):
        commits.commit(db, before.attempt_id, said, launch_id=before.launch_id, now=sidecar.now())
    assert story.opens(early)[1].attempt_id == after.attempt_id
    with sidecar.reading() as db:
        states = {each.number: each.state for each in attempts.list_attempts(db, early, story.course().id)}
    assert states == {1: "replaced", 2: "open"}


def test_going_back_lets_those_go_on_who_were_to_start_over(story: Story, sidecar: Sidecar) -> None:
    story.upload(draft=False)
    early = story.learner("early")
    _, before = story.opens(early)
    story.upload()
    story.publish(2, ANEW)
    with sidecar.transaction() as db:
        assert course_life.number_before(db, story.course()) == 1
        course_life.go_back(db, CONSOLE, "kurs", 1, sidecar.now(), starts_over=False)
    assert story.course().title == "Kurs 1"
    assert story.opens(early)[1].attempt_id == before.attempt_id
    assert story.opens(story.learner("late"))[0] == 1


def test_there_is_no_going_back_to_what_never_was(story: Story, sidecar: Sidecar) -> None:
    story.upload(draft=False)
    story.upload()
    with sidecar.transaction() as db:
        with pytest.raises(NoEarlierVersionError):
            course_life.number_before(db, story.course())
        with pytest.raises(NeverPublishedError):
            course_life.go_back(db, CONSOLE, "kurs", 2, sidecar.now(), starts_over=False)
        with pytest.raises(NotFoundError):
            course_life.go_back(db, CONSOLE, "kurs", 3, sidecar.now(), starts_over=False)


def test_a_version_goes_to_review_and_back(story: Story, sidecar: Sidecar) -> None:
    story.upload()
    with pytest.raises(NotInReviewError):
        story.do(course_life.send_back, 1)
    story.do(course_life.send_to_review, 1)
    with sidecar.reading() as db:
        assert count_unreviewed(db, CONSOLE) == 1
    assert story.status() == "in-review"
    with pytest.raises(NotDraftError):
        story.do(course_life.send_to_review, 1)
    story.do(course_life.send_back, 1)
    assert story.status() == "draft"
    story.do(course_life.send_to_review, 1)
    story.publish(1)
    with sidecar.reading() as db:
        version = db.scalars(select(CourseVersion)).one()
        assert (count_unreviewed(db, CONSOLE), version.reviewed_at) == (0, sidecar.now())


def test_the_list_finds_what_is_counted_as_waiting(story: Story, sidecar: Sidecar) -> None:
    def waiting() -> tuple[int, bool]:
        with sidecar.reading() as db:
            [line] = list_courses_of(db, CONSOLE)
            return count_unreviewed(db, CONSOLE), line.fits("", "", "in-review", TODAY)

    story.upload(draft=False)
    story.upload()
    assert waiting() == (0, False)
    story.do(course_life.send_to_review, 2)
    story.upload()  # a newer draft hides none that waits
    assert waiting() == (1, True)
    story.do(course_life.send_back, 2)
    with sidecar.transaction() as db:
        db.execute(update(CourseVersion).values(reviewed_at=None))  # as from before there were drafts
    assert waiting() == (1, True)
    with sidecar.transaction() as db:
        course_life.retire(db, CONSOLE, "kurs", sidecar.now())
    assert waiting() == (0, False)


@pytest.mark.parametrize("left", CHECKLIST)
def test_every_point_of_the_checklist_counts(story: Story, left: str) -> None:
    story.upload()
    with pytest.raises(ChecklistOpenError):
        story.publish(1, Publishing(ticked=[point for point in CHECKLIST if point != left]))
    assert story.status() == "draft"


def test_a_second_person_reviews_or_it_is_written_down_that_nobody_could(
    story: Story, sidecar: Sidecar, kongsberg: Municipality
) -> None:
    me = staff(sidecar, story, "rkk", sees=kongsberg.id)
    story.upload(by=me.identity_id, owner=kongsberg.id)
    with pytest.raises(OwnReviewError):
        story.publish(1, SEEN, me)
    assert story.status() == "draft"
    story.publish(1, Publishing(ticked=CHECKLIST, is_alone=True), me)
    with sidecar.reading() as db:
        version = db.scalars(select(CourseVersion)).one()
        entry = db.scalars(select(AuditEntry).where(AuditEntry.action == "course_version.published")).one()
        assert (version.is_own_review, version.published_by) == (True, me.identity_id)
        assert entry.facts == {"course": "kurs", "number": 1, "starting_over": 0, "alone": 1}


def test_who_may_not_review_publishes_nothing(story: Story, sidecar: Sidecar, kongsberg: Municipality) -> None:
    author = staff(sidecar, story, "content-developer", sees=kongsberg.id)
    story.upload(by=author.identity_id, owner=kongsberg.id)
    alone = Publishing(ticked=CHECKLIST, is_alone=True)
    with pytest.raises(NotAllowedError):
        story.publish(1, alone, author)
    with pytest.raises(NotFoundError):
        story.publish(1, alone, staff(sidecar, story, "rkk", name="of elsewhere"))
    story.do(course_life.send_to_review, 1, viewer=author)
    story.publish(1, SEEN, staff(sidecar, story, "rkk", sees=kongsberg.id, name="second"))
    assert story.status() == "published"


def test_a_retired_course_is_begun_by_nobody_and_finished_by_who_began(story: Story, sidecar: Sidecar) -> None:
    story.upload(draft=False)
    people = {name: story.learner(name) for name in ("under way", "failed", "done", "new")}
    learners = {name: story.opens(people[name])[1] for name in ("under way", "failed", "done")}
    story.finish(learners["failed"], "failed")
    story.finish(learners["done"], "completed")
    story.do(course_life.retire)
    assert story.status() == "retired"
    assert story.opens(people["under way"])[1].attempt_id == learners["under way"].attempt_id
    assert story.opens(people["failed"])[1].attempt_id != learners["failed"].attempt_id
    assert story.opens(people["done"])[1].attempt_id == learners["done"].attempt_id  # to look at it again
    with pytest.raises(CourseRetiredError):
        story.opens(people["new"])
    with sidecar.transaction() as db, pytest.raises(CourseRetiredError):
        attempts.start_again(db, db.get_one(Attempt, learners["done"].attempt_id), now=sidecar.now())
    with sidecar.reading() as db:
        assert offers.list_courses(db, story.platform) == []
        assert offers.find_newest_course(db, story.platform) is None
        with pytest.raises(NotFoundError):
            offers.find_offers(db, story.platform, ["kurs"], reviewed_only=True)
    story.do(course_life.bring_back)
    assert story.opens(people["new"])[0] == 1


def test_a_picker_offers_the_version_that_was_published_last(story: Story, sidecar: Sidecar) -> None:
    first = story.upload(draft=False)
    second = story.upload()

    def offered() -> str:
        with sidecar.reading() as db:
            return offers.find_offers(db, story.platform, ["kurs"], reviewed_only=True)[0].version_id

    assert offered() == first.version_id
    story.publish(2)
    assert offered() == second.version_id
    with sidecar.transaction() as db:
        course_life.go_back(db, CONSOLE, "kurs", 1, sidecar.now(), starts_over=False)
    assert offered() == first.version_id


def test_a_version_tells_what_its_files_say_is_new(story: Story, sidecar: Sidecar) -> None:
    for _ in range(3):
        story.upload()
    with sidecar.reading() as db:
        versions = db.scalars(select(CourseVersion).order_by(CourseVersion.number)).all()
    assert [each.changes for each in versions] == [
        None,
        {"added": 1, "removed": 0, "changed": 2},  # a further page, and the manifest that names it
        {"added": 0, "removed": 1, "changed": 2},
    ]


def test_a_course_is_due_on_the_day_itself(story: Story, sidecar: Sidecar) -> None:
    story.upload()
    story.publish(1, Publishing(ticked=CHECKLIST, review_by=TODAY))
    assert story.status() == "review-due"


def test_a_course_that_was_reviewed_is_looked_at_again_within_a_year(story: Story, sidecar: Sidecar) -> None:
    story.upload()
    story.publish(1)
    assert story.course().review_by == sidecar.today() + timedelta(days=365)
    story.upload()
    story.publish(2, Publishing(ticked=CHECKLIST, review_by=TODAY))
    story.upload()
    story.publish(3)
    assert story.course().review_by == TODAY, "what somebody said stays"


def test_of_two_who_publish_at_once_the_later_one_decides(story: Story, sidecar: Sidecar) -> None:
    for _ in range(2):
        story.upload()
    other = Thread(target=story.publish, args=(1,))
    with sidecar.transaction() as db:
        course_life.publish(db, CONSOLE, "kurs", 2, sidecar.now(), SEEN)
        start_and_let_wait(sidecar, other)  # far enough to have counted, had it not to wait
    other.join(timeout=20)
    assert (story.course().title, story.opens(story.learner("u1"))[0]) == ("Kurs 1", 1)


@pytest.mark.parametrize("is_published", [True, False])
def test_only_who_may_publish_takes_away_what_was_published(
    story: Story, sidecar: Sidecar, kongsberg: Municipality, is_published: bool
) -> None:
    author = staff(sidecar, story, "content-developer", sees=kongsberg.id, name="author")
    story.upload(draft=False, owner=kongsberg.id)
    story.upload(draft=not is_published, owner=kongsberg.id)
    if is_published:
        with pytest.raises(NotAllowedError):
            story.do(remove_version, 2, viewer=author)
    story.do(remove_version, 2, viewer=CONSOLE if is_published else author)
    assert story.opens(story.learner("u2"))[0] == 1
