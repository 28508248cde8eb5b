"""An activity without a column gets one where the platform is set so: one only, found again after a kill."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import update

from lti.fetching import Response
from sidecar.core import grades, line_items, platform_life
from sidecar.core.grades import Grade
from sidecar.core.launches import Launch, Learner, welcome
from sidecar.core.line_items import Place
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.core.platforms import Platform
from sidecar.core.proposals import Proposal, propose
from sidecar.jobs import HANDLERS, perform_item
from sidecar.runtime import Sidecar
from sidecar.tool.line_items import UNDER_WAY, list_held
from tests.fakes.clock import FakeClock
from tests.fakes.lms import add_completion, add_course, register_in, tool_key_maker
from tests.fakes.platform import SCOPES
from tests.fakes.services import LINE_ITEMS, ServicePlatform
from tests.fakes.worker import perform_due


class Class:
    """Learners of one LMS, one course, one activity without a column."""

    def __init__(self, sidecar: Sidecar, platform: ServicePlatform) -> None:
        self.sidecar, self.platform = sidecar, platform
        self.platform_id = register_in(sidecar, platform, ("kongsberg",))
        self.course_id = add_course(sidecar, "brannvern", "Brannvern")
        self.let(True)

    def let(self, makes_line_items: bool) -> None:
        with self.sidecar.transaction() as db:
            db.get_one(Platform, self.platform_id).makes_line_items = makes_line_items

    def launch(self, subject: str = "7", **changes: Any) -> Launch:  # noqa: ANN401
        said = {
            "platform_id": self.platform_id,
            "deployment_id": "1",
            "resource_link_id": "link-1",
            "context_id": "5",
            "course_id": self.course_id,
            "lineitems_url": self.platform.lineitems_url,
            "ags_scopes": SCOPES,
        }
        with self.sidecar.transaction() as db:
            identity = welcome(db, self.platform_id, Learner(subject), self.sidecar.now())
            launch = Launch(**said | changes, identity_id=identity.id, launched_at=self.sidecar.now())
            db.add(launch)
            db.flush()
            grades.ask_for_launch(db, launch, self.sidecar.now())
            return launch

    def complete(self, launch: Launch, score: float = 0.8) -> None:
        done = add_completion(self.sidecar, launch.identity_id, self.course_id, score)
        with self.sidecar.transaction() as db:
            grades.ask(db, done, launch, self.sidecar.now())

    def jobs(self) -> list[str]:
        with self.sidecar.reading() as db:
            return [item.id for item in db.query(OutboxItem).order_by(OutboxItem.created_at, OutboxItem.id)]

    def work(self) -> None:
        perform_due(self.sidecar)

    def states(self) -> list[tuple[str, str | None]]:
        with self.sidecar.reading() as db:
            return [(one.state, one.error_code) for one in db.query(Grade).order_by(Grade.identity_id)]


@pytest.fixture
def lms(sidecar: Sidecar, clock: FakeClock, kongsberg: Municipality, monkeypatch: pytest.MonkeyPatch) -> Class:
    platform = ServicePlatform("https://lms.example", clock)
    monkeypatch.setattr(sidecar, "fetch", platform.fetch)
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    return Class(sidecar, platform)


def test_a_column_is_made_for_the_link_and_the_grade_goes_there(lms: Class) -> None:
    lms.complete(lms.launch())
    lms.work()
    (item,) = lms.platform.items.values()
    assert (item["label"], item["resourceId"], item["resourceLinkId"]) == ("Brannvern", "brannvern", "link-1")
    assert [score["scoreGiven"] for score in lms.platform.scores] == [80.0]
    assert lms.states() == [("sent", None)]


def test_the_next_learner_gets_the_same_column_without_a_look(lms: Class) -> None:
    for subject in ("7", "8"):
        lms.complete(lms.launch(subject))
        lms.work()
    assert (len(lms.platform.items), len(lms.platform.scores)) == (1, 2)
    assert lms.platform.count(LINE_ITEMS) == 2, "one look and one making"


def test_a_later_launch_goes_to_the_same_column_and_sends_nothing_twice(lms: Class) -> None:
    lms.complete(lms.launch())
    lms.work()
    lms.launch()
    lms.work()
    lms.launch(lineitem_url=next(iter(lms.platform.items.values()))["id"])
    lms.work()
    assert (len(lms.platform.items), len(lms.platform.scores)) == (1, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"lineitems_url": None},
        {"ags_scopes": [scope for scope in SCOPES if not scope.endswith("lineitem")]},
        {"ags_scopes": [scope for scope in SCOPES if not scope.endswith("score")]},
    ],
)
def test_without_leave_none_is_made(lms: Class, changes: dict[str, Any]) -> None:
    lms.complete(lms.launch(**changes))
    lms.work()
    assert lms.states() == [("not-asked-for", None)]
    assert lms.platform.requests == []


def test_where_the_platform_is_not_set_so_none_is_made(lms: Class) -> None:
    lms.let(False)
    lms.complete(lms.launch())
    lms.work()
    assert (lms.states(), lms.platform.requests) == ([("not-asked-for", None)], [])


def test_a_platform_that_is_set_so_later_gets_the_grade_at_the_next_launch(lms: Class) -> None:
    lms.let(False)
    lms.complete(lms.launch())
    lms.let(True)
    lms.launch()
    lms.work()
    assert lms.states() == [("sent", None)]


def test_two_jobs_at_once_make_one_column(lms: Class, clock: FakeClock) -> None:
    for subject in ("7", "8", "9"):
        lms.complete(lms.launch(subject))
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda item_id: perform_item(lms.sidecar, item_id, HANDLERS), lms.jobs()))
    assert len(lms.platform.items) == 1
    clock.advance(minutes=2)
    lms.work()
    assert {state for state, _ in lms.states()} == {"sent"}
    assert (len(lms.platform.items), len(lms.platform.scores)) == (1, 3)


def test_while_another_job_is_at_it_ours_waits(lms: Class, clock: FakeClock) -> None:
    lms.complete(lms.launch())
    with lms.sidecar.transaction() as db:
        assert line_items.claim(db, Place(lms.platform_id, "1", "link-1", lms.course_id), clock())
    lms.work()
    with lms.sidecar.reading() as db:
        assert db.query(OutboxItem).one().error_code == UNDER_WAY
    clock.advance(minutes=6)
    lms.work()
    assert lms.states() == [("sent", None)]


def test_a_column_that_a_killed_job_made_is_found(lms: Class) -> None:
    item = {"id": f"{lms.platform.issuer}{LINE_ITEMS}/4/lineitem", "label": "Brannvern", "scoreMaximum": 100}
    lms.platform.items["4"] = item | {"resourceId": "brannvern", "resourceLinkId": "link-1"}
    lms.complete(lms.launch())
    lms.work()
    assert list(lms.platform.items) == ["4"]
    assert lms.states() == [("sent", None)]


@pytest.mark.parametrize(
    ("status", "state", "code"),
    [(403, "waiting", "service-refused"), (500, "waiting", "service-unreachable"), (400, "failed", "service-rejected")],
)
def test_what_the_lms_refuses_is_told_and_may_be_tried_again(
    lms: Class, clock: FakeClock, status: int, state: str, code: str
) -> None:
    lms.platform.answers[LINE_ITEMS] = Response(status, {}, b"")
    lms.complete(lms.launch())
    lms.work()
    assert lms.states() == [(state, code)]
    lms.platform.answers.clear()
    clock.advance(minutes=2)
    lms.launch()
    lms.work()
    assert lms.states() == [("sent", None)]


def test_a_column_that_was_deleted_ends_the_grade_and_is_not_made_again(lms: Class, clock: FakeClock) -> None:
    lms.complete(lms.launch(), 0.5)
    lms.work()
    lms.platform.items.clear()
    lms.complete(lms.launch(), 0.9)
    lms.work()
    clock.advance(days=1)
    lms.work()
    assert lms.states() == [("failed", "line-item-gone")]
    assert lms.platform.items == {}


def removed_and_added_again(lms: Class) -> None:
    with lms.sidecar.transaction() as db:
        platform_life.remove(db, lms.platform_id, now=lms.sidecar.now(), by=None)
    lms.work()
    register_in(lms.sidecar, lms.platform, ("kongsberg",))


def with_its_deployment_removed_and_added_again(lms: Class) -> None:
    with lms.sidecar.transaction() as db:
        platform_life.remove_deployment(db, lms.platform_id, "1", now=lms.sidecar.now(), by=None)
    lms.work()
    with lms.sidecar.transaction() as db:
        platform_life.add_deployment(db, lms.platform_id, "1", now=lms.sidecar.now(), by=None)


def registered_anew(lms: Class, client_id: str = "client-2") -> None:
    with lms.sidecar.transaction() as db:
        platform, now = db.get_one(Platform, lms.platform_id), lms.sidecar.now()
        urls = platform.auth_url, platform.token_url, platform.jwks_url
        propose(platform, Proposal(client_id, *urls, None, None, now.isoformat()))
        platform_life.accept_proposal(db, lms.platform_id, now=now, by=None)
    lms.platform.client_id = client_id


@pytest.mark.parametrize(
    "come_back", [removed_and_added_again, with_its_deployment_removed_and_added_again, registered_anew]
)
def test_no_grade_goes_to_a_column_that_went_with_a_registration(
    lms: Class, clock: FakeClock, come_back: Callable[[Class], None]
) -> None:
    launch = lms.launch()
    lms.complete(launch, 0.5)
    lms.work()
    lms.complete(launch, 0.9)
    lms.platform.items.clear()
    come_back(lms)
    lms.let(True)
    lms.work()
    lms.work()
    clock.advance(minutes=5)
    lms.complete(lms.launch("8"), 0.7)
    lms.work()
    assert lms.states() == [("sent", None)] * 2
    assert [score["scoreGiven"] for score in lms.platform.scores] == [50.0, 90.0, 70.0]
    assert len(lms.platform.items) == 1


def test_columns_stay_where_the_same_tool_is_registered_again(lms: Class) -> None:
    lms.complete(lms.launch())
    lms.work()
    registered_anew(lms, lms.platform.client_id)
    lms.complete(lms.launch("8"))
    lms.work()
    assert (lms.states(), len(lms.platform.items)) == ([("sent", None)] * 2, 1)
    assert lms.platform.count(LINE_ITEMS) == 2, "one look and one making"


def test_leave_that_is_withdrawn_before_the_job_ends_the_grade(lms: Class) -> None:
    launch = lms.launch()
    lms.complete(launch)
    with lms.sidecar.transaction() as db:
        db.execute(update(Launch).values(lineitems_url=None))
    lms.work()
    assert lms.states() == [("failed", "service-refused")]


def test_what_the_lms_holds_is_listed_course_by_course(lms: Class) -> None:
    lms.launch()
    lms.launch("8")
    body = {"label": "Eget", "scoreMaximum": 10, "id": f"{lms.platform.issuer}/x"}
    lms.platform.items["1"] = body
    held = list(list_held(lms.sidecar, lms.platform_id))
    assert [(one.context_id, one.item.label) for one in held] == [("5", "Eget")]
    assert json.loads(json.dumps(body)) == body
