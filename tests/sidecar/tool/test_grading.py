"""Grades reach the LMS once, the best one, by Moodle's rules; what fails says so and is tried again."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event

import pytest
from sqlalchemy import update

from lti.fetching import Response
from sidecar.core import grades
from sidecar.core.courses import Course
from sidecar.core.evidence import Evidence
from sidecar.core.outbox import MAX_ATTEMPTS, OutboxItem
from sidecar.errors import ForbiddenAddressError, UnreachableError
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.lms import add_completion, add_course
from tests.fakes.platform import FakePlatform
from tests.sidecar.tool.conftest import Gradebook

SCORES = "/lineitems/4/lineitem/scores"
RESULTS = "/lineitems/4/lineitem/results"


def test_a_score_is_sent_as_completed_and_fully_graded(gradebook: Gradebook) -> None:
    launch = gradebook.launch()
    assert gradebook.complete(launch, 0.875).state == "waiting"
    gradebook.work()
    score = gradebook.platform.scores[0]
    assert {name: value for name, value in score.items() if name != "timestamp"} == {
        "userId": "7",
        "scoreGiven": 87.5,
        "scoreMaximum": 100.0,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
    }
    assert datetime.fromisoformat(score["timestamp"]) == gradebook.sidecar.now()
    grade = gradebook.grade(launch)
    assert (grade.state, grade.sent_score, grade.error_code) == ("sent", 0.875, None)


def test_a_course_without_a_score_gives_the_maximum(gradebook: Gradebook) -> None:
    gradebook.complete(gradebook.launch(), None)
    gradebook.work()
    assert gradebook.sent() == [100.0]


def test_nothing_is_sent_before_a_completion(gradebook: Gradebook) -> None:
    gradebook.launch()
    gradebook.work()
    assert gradebook.platform.requests == []


@pytest.mark.parametrize(
    "launch", [{"item": None}, {"scopes": []}, {"scopes": ["https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"]}]
)
def test_without_a_line_item_or_leave_to_score_it_is_not_asked_for(
    gradebook: Gradebook, launch: dict[str, list[str]]
) -> None:
    launched = gradebook.launch(**launch)  # type: ignore[arg-type]  # one argument at a time
    assert gradebook.complete(launched, 0.5).state == "not-asked-for"
    gradebook.work()
    assert gradebook.platform.requests == []


def test_a_lower_result_is_never_sent(gradebook: Gradebook, clock: FakeClock) -> None:
    launch = gradebook.launch()
    for score in (0.9, 0.7, None, 0.95):
        gradebook.complete(launch, score)
        gradebook.work()
        clock.advance(hours=1)
    assert gradebook.sent() == [90.0, 100.0]


def test_of_two_results_that_wait_only_the_best_is_sent(gradebook: Gradebook) -> None:
    launch = gradebook.launch()
    gradebook.complete(launch, 0.9)
    gradebook.complete(launch, 0.7)
    gradebook.work()
    assert gradebook.sent() == [90.0]


def test_a_better_result_within_the_same_second_comes_a_second_later(gradebook: Gradebook) -> None:
    launch = gradebook.launch()
    for score in (0.5, 0.6):
        gradebook.complete(launch, score)
        gradebook.work()
    assert gradebook.sent() == [50.0, 60.0]
    first, second = (datetime.fromisoformat(s["timestamp"]) for s in gradebook.platform.scores)
    assert int(second.timestamp()) > int(first.timestamp())


def test_a_score_that_follows_its_status_corrects_the_maximum(gradebook: Gradebook, clock: FakeClock) -> None:
    launch = gradebook.launch()
    grade = gradebook.complete(launch, None)
    gradebook.work()
    clock.advance(seconds=5)
    with gradebook.sidecar.transaction() as db:
        done = db.get_one(Evidence, grade.evidence_id)
        done.score = 0.8
        grades.ask(db, done, launch, clock())
    gradebook.work()
    assert gradebook.sent() == [100.0, 80.0]
    assert gradebook.grade(launch).state == "sent"


def test_a_better_result_that_comes_while_one_is_sent_still_waits(gradebook: Gradebook) -> None:
    launch, has_asked = gradebook.launch(), Event()
    gradebook.complete(launch, 0.5)
    better = add_completion(gradebook.sidecar, gradebook.identity_id, gradebook.course_id, 0.9)

    def ask_slowly() -> None:
        with gradebook.sidecar.transaction() as db:
            grades.ask(db, better, launch, gradebook.sidecar.now())
            has_asked.set()
            until = time.monotonic() + 1.5  # SQLite sends nothing meanwhile
            while not gradebook.sent() and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(0.3)

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask_slowly)
        assert has_asked.wait(10)
        gradebook.work()
        asked.result()
    assert (gradebook.grade(launch).state == "sent") == (gradebook.sent()[-1] == 90.0)
    gradebook.work()
    assert (gradebook.grade(launch).state, gradebook.sent()[-1]) == ("sent", 90.0)


def test_every_link_to_the_course_gets_the_grade(gradebook: Gradebook) -> None:
    first, second = gradebook.launch("link-1", item=4), gradebook.launch("link-2", item=5)
    gradebook.complete(first, 0.8)
    gradebook.work()
    assert gradebook.sent() == [80.0, 80.0]
    assert gradebook.grade(second).state == "sent"


def test_a_link_that_comes_later_gets_the_grade_at_launch(gradebook: Gradebook, clock: FakeClock) -> None:
    gradebook.complete(gradebook.launch("link-1", item=4), 0.8)
    gradebook.work()
    clock.advance(days=30)
    later = gradebook.launch("link-2", item=5)
    gradebook.work()
    gradebook.launch("link-2", item=5)
    gradebook.work()
    assert gradebook.sent() == [80.0, 80.0]
    assert gradebook.grade(later).state == "sent"


def test_a_link_that_gets_a_line_item_later_gets_the_grade(gradebook: Gradebook) -> None:
    launch = gradebook.launch(item=None)
    assert gradebook.complete(launch, 0.8).state == "not-asked-for"
    gradebook.launch(item=4)
    gradebook.work()
    assert gradebook.sent() == [80.0]


def test_a_link_to_another_course_gets_no_grade(gradebook: Gradebook) -> None:
    other = add_course(gradebook.sidecar, "smittevern", "Smittevern")
    gradebook.launch("link-2", item=5, course_id=other)
    gradebook.complete(gradebook.launch("link-1"), 0.8)
    gradebook.work()
    assert len(gradebook.sent()) == 1


def test_a_link_bound_to_another_course_starts_over(gradebook: Gradebook, clock: FakeClock) -> None:
    gradebook.complete(gradebook.launch(), 0.9)
    gradebook.work()
    gradebook.course_id = add_course(gradebook.sidecar, "smittevern", "Smittevern")
    clock.advance(hours=1)
    gradebook.complete(gradebook.launch(), 0.5)
    gradebook.work()
    assert gradebook.sent() == [90.0, 50.0]
    with gradebook.sidecar.reading() as db:
        assert db.query(Course).count() == 2


def test_one_token_serves_many_scores(gradebook: Gradebook) -> None:
    gradebook.complete(gradebook.launch("link-1", item=4), 0.8)
    gradebook.complete(gradebook.launch("link-2", item=5), 0.9)
    gradebook.work()
    assert gradebook.platform.count("/token") == 1


def test_a_token_that_is_refused_is_asked_for_anew_once(gradebook: Gradebook, clock: FakeClock) -> None:
    launch = gradebook.launch()
    gradebook.complete(launch, 0.5)
    gradebook.work()
    gradebook.platform.tokens.clear()
    gradebook.platform.tokens.append("none of yours")
    clock.advance(minutes=5)
    gradebook.complete(launch, 0.6)
    gradebook.work()
    assert gradebook.sent() == [50.0, 60.0]
    assert gradebook.platform.count("/token") == 2


@pytest.mark.parametrize("status", [302, 307, 401, 403, 429, 500, 503])
def test_what_may_pass_is_tried_again(gradebook: Gradebook, clock: FakeClock, status: int) -> None:
    launch = gradebook.launch()
    gradebook.complete(launch, 0.5)
    gradebook.platform.answers[SCORES] = Response(status, {}, b"<html>")
    gradebook.work()
    assert gradebook.grade(launch).state == "waiting"
    assert gradebook.grade(launch).error_code in ("service-refused", "service-unreachable")
    assert _outbox(gradebook.sidecar) == ["waiting"]
    del gradebook.platform.answers[SCORES]
    clock.advance(minutes=1)
    gradebook.work()
    assert gradebook.sent() == [50.0]
    assert (gradebook.grade(launch).state, gradebook.grade(launch).error_code) == ("sent", None)


@pytest.mark.parametrize(("status", "code"), [(400, "service-rejected"), (404, "line-item-gone")])
def test_what_is_refused_for_good_is_not_tried_again(
    gradebook: Gradebook, clock: FakeClock, status: int, code: str
) -> None:
    launch = gradebook.launch()
    gradebook.complete(launch, 0.5)
    gradebook.platform.answers[SCORES] = Response(status, {}, b"")
    gradebook.work()
    grade = gradebook.grade(launch)
    assert (grade.state, grade.error_code) == ("failed", code)
    assert _outbox(gradebook.sidecar) == ["failed"]
    clock.advance(days=3)
    gradebook.work()
    assert gradebook.platform.count(SCORES) == 1


def test_a_new_launch_asks_again_for_what_was_refused(gradebook: Gradebook) -> None:
    launch = gradebook.launch()
    gradebook.complete(launch, 0.5)
    gradebook.platform.answers[SCORES] = Response(400, {}, b"")
    gradebook.work()
    gradebook.platform.answers.clear()
    gradebook.launch()
    gradebook.work()
    assert gradebook.sent() == [50.0]


def test_a_new_launch_asks_again_for_what_was_given_up_unsaid(gradebook: Gradebook) -> None:
    launch = gradebook.launch()
    gradebook.complete(launch, 0.5)
    with gradebook.sidecar.transaction() as db:
        db.execute(update(OutboxItem).values(attempts=MAX_ATTEMPTS))  # each attempt's process was killed
    gradebook.work()
    assert _outbox(gradebook.sidecar) == ["failed"]
    assert (gradebook.grade(launch).state, gradebook.grade(launch).error_code) == ("failed", "abandoned")
    gradebook.launch()
    gradebook.work()
    assert gradebook.sent() == [50.0]


def test_after_the_last_attempt_the_grade_has_failed(gradebook: Gradebook, clock: FakeClock) -> None:
    launch = gradebook.launch()
    gradebook.complete(launch, 0.5)
    gradebook.platform.answers[SCORES] = Response(503, {}, b"")
    for _ in range(12):
        gradebook.work()
        clock.advance(hours=13)
    assert gradebook.platform.count(SCORES) == 10
    assert gradebook.grade(launch).state == "failed"
    assert _outbox(gradebook.sidecar) == ["failed"]


@pytest.mark.parametrize(
    ("held", "state", "sent"), [(40, "waiting", 50.0), (50, "sent", None), (90, "sent", None), (None, "waiting", 50.0)]
)
def test_a_newer_grade_in_the_lms_stands_unless_ours_is_higher(
    gradebook: Gradebook, clock: FakeClock, held: int | None, state: str, sent: float | None
) -> None:
    launch = gradebook.launch()
    gradebook.complete(launch, 0.5)
    result = {"userId": "7", "resultMaximum": 100} | ({} if held is None else {"resultScore": held})
    gradebook.platform.answers[SCORES] = Response(409, {}, b"[]")
    gradebook.platform.answers[RESULTS] = Response(200, {}, json.dumps([result]).encode())
    gradebook.work()
    assert (gradebook.grade(launch).state, gradebook.grade(launch).error_code) == (state, "score-superseded")
    del gradebook.platform.answers[SCORES]
    clock.advance(minutes=1)
    gradebook.work()
    assert gradebook.sent() == ([] if sent is None else [sent])


def test_a_newer_grade_that_may_not_be_read_stands(gradebook: Gradebook) -> None:
    launch = gradebook.launch()
    gradebook.complete(launch, 0.5)
    gradebook.platform.answers[SCORES] = Response(409, {}, b"[]")
    gradebook.platform.answers[RESULTS] = Response(403, {}, b"")
    gradebook.work()
    assert (gradebook.grade(launch).state, gradebook.grade(launch).error_code) == ("sent", "score-superseded")
    assert _outbox(gradebook.sidecar) == ["done"]


@pytest.mark.parametrize("error", [UnreachableError(host="lms.example"), ForbiddenAddressError(host="lms.example")])
def test_a_guard_that_lets_nothing_out_means_later(
    gradebook: Gradebook, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def shut(*_: object, **__: object) -> Response:
        raise error

    monkeypatch.setattr(gradebook.sidecar, "fetch", shut)
    launch = gradebook.launch()
    gradebook.complete(launch, 0.5)
    gradebook.work()
    assert (gradebook.grade(launch).state, gradebook.grade(launch).error_code) == ("waiting", "service-unreachable")


def test_a_kill_after_the_lms_took_it_does_no_harm(gradebook: Gradebook, clock: FakeClock) -> None:
    launch = gradebook.launch()
    gradebook.complete(launch, 0.5)

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sidecar.tool.grading._record_sent", die)
        with pytest.raises(Killed):
            gradebook.work()
    clock.advance(minutes=11)
    gradebook.work()
    assert gradebook.sent() == [50.0, 50.0]
    assert gradebook.grade(launch).state == "sent"


def test_the_secret_of_a_token_is_never_sent_elsewhere(gradebook: Gradebook, platform: FakePlatform) -> None:
    gradebook.complete(gradebook.launch(), 0.5)
    gradebook.work()
    carrying = [request.url for request in platform.requests if "Authorization" in request.headers]
    assert carrying == [f"{platform.issuer}/lineitems/4/lineitem/scores?type_id=1"]


def _outbox(sidecar: Sidecar) -> list[str]:
    with sidecar.reading() as db:
        return [item.state for item in db.query(OutboxItem)]
