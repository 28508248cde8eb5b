"""Learners see where they are on their paths and what comes next, and act on the steps that are theirs to act on."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from sidecar.core import own_steps, settling
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.own_paths import list_own_paths
from sidecar.core.own_steps import NotMatchedError, StepLockedError
from sidecar.core.people import Employment, Identity
from sidecar.core.sign_off_requests import SignOffRequest
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.walking import CONTENT, KEY, Walk, make_walk, publish_path


@pytest.fixture
def walk(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Walk:
    return make_walk(sidecar, kongsberg, rollag)


def say_done(walk: Walk, step: str = "lenke", account: str = "", key: str = KEY) -> None:
    who = account or walk.account
    with walk.sidecar.transaction() as db:
        own_steps.say_done(db, walk.subject(who), key, step, identity_id=who, now=walk.sidecar.now())


def take_back(walk: Walk, account: str = "") -> None:
    who = account or walk.account
    with walk.sidecar.transaction() as db:
        own_steps.take_back(db, walk.subject(who), KEY, "lenke", identity_id=who, now=walk.sidecar.now())


def ask(walk: Walk, account: str = "") -> None:
    who = account or walk.account
    with walk.sidecar.transaction() as db:
        own_steps.ask_for_sign_off(db, walk.subject(who), KEY, "oppgave", identity_id=who, now=walk.sidecar.now())


def listed(walk: Walk, account: str = "") -> list[tuple[str, str, bool]]:
    """Return key, state and whether it is expected, of each path that somebody is shown."""
    with walk.sidecar.reading() as db:
        found = list_own_paths(db, walk.subject(account), walk.sidecar.today())
        return [(one.path.course.key, one.state, one.is_expected) for one in found]


def test_a_path_leads_from_step_to_step_till_it_is_finished(walk: Walk) -> None:
    assert listed(walk) == [(KEY, "new", True)]
    assert walk.states() == {"lenke": "open", "oppgave": "locked", "samling": "locked"}
    assert walk.own().next_title == "Les retningslinjene"
    say_done(walk)
    assert walk.states() == {"lenke": "done", "oppgave": "open", "samling": "locked"}
    assert (walk.own().state, walk.own().next_title) == ("begun", "Vis håndvask")
    walk.finish("oppgave")
    walk.finish("samling")
    own = walk.own()
    assert (own.state, own.is_over, own.next_title, own.finished_on) == ("finished", True, "", walk.sidecar.today())


def test_what_one_said_of_a_link_is_taken_back_and_said_once(walk: Walk) -> None:
    say_done(walk)
    say_done(walk)
    with walk.sidecar.reading() as db:
        assert db.scalar(select(func.count(Evidence.id))) == 1
        assert own_steps.list_said(db, walk.subject(), [walk.course_id(f"{KEY}-lenke")])
    take_back(walk)
    assert walk.states()["lenke"] == "open"
    with pytest.raises(NotFoundError):
        take_back(walk)
    with pytest.raises(NotFoundError):
        take_back(walk, walk.account_of_rolf)


def test_a_finished_path_is_withdrawn_with_the_word_it_stood_on(walk: Walk) -> None:
    say_done(walk)
    walk.finish("oppgave")
    walk.finish("samling")
    take_back(walk)
    assert (walk.own().state, walk.states()["samling"]) == ("begun", "done")


@pytest.mark.parametrize("step", ["oppgave", "samling", "finnes-ikke", ""])
def test_only_links_are_said_to_be_done(walk: Walk, step: str) -> None:
    with pytest.raises(NotFoundError):
        say_done(walk, step)
    with pytest.raises(NotFoundError):
        say_done(walk, "lenke", key="finnes-ikke")


def test_a_locked_step_is_not_opened_from_outside(walk: Walk) -> None:
    with pytest.raises(StepLockedError):
        ask(walk)
    last = replace(CONTENT, parts=(replace(CONTENT.parts[0], steps=CONTENT.parts[0].steps[::-1]),))
    with walk.sidecar.transaction() as db:
        publish_path(db, walk.sidecar, walk.region_id, last, "omvendt")
    with pytest.raises(StepLockedError):
        say_done(walk, "lenke", key="omvendt")


def test_a_task_is_asked_for_once_and_taken_back(walk: Walk) -> None:
    say_done(walk)
    ask(walk)
    ask(walk)
    with walk.sidecar.reading() as db:
        assert db.scalars(select(SignOffRequest.person_id)).all() == [walk.kari]
    with walk.sidecar.transaction() as db:
        own_steps.stop_asking(db, walk.subject(), KEY, "oppgave", walk.sidecar.now())
    with walk.sidecar.reading() as db:
        assert db.scalars(select(SignOffRequest)).all() == []


def test_who_is_not_matched_goes_on_and_gets_it_all_once_they_are(walk: Walk) -> None:
    with walk.sidecar.transaction() as db:
        db.get_one(Identity, walk.account).person_id = None
    assert listed(walk) == []
    say_done(walk)
    assert listed(walk) == [(KEY, "begun", False)]
    with pytest.raises(NotMatchedError):
        ask(walk)
    with walk.sidecar.transaction() as db:
        db.get_one(Identity, walk.account).person_id = walk.kari
        settling.follow(db, {walk.account: walk.kari}, walk.sidecar.now())
    assert walk.states()["oppgave"] == "open"


def test_a_path_is_renewed_and_expires(walk: Walk, clock: FakeClock) -> None:
    with walk.sidecar.transaction() as db:
        for course in db.scalars(select(Course).where(Course.key.in_([KEY, f"{KEY}-lenke"]))):
            course.validity_months, course.renewal_days = 12, 30
    for step in ("lenke", "oppgave", "samling"):
        walk.finish(step)
    assert (walk.own().state, walk.own().valid_until) == ("finished", walk.sidecar.today().replace(year=2027))
    clock.advance(days=340)
    assert (walk.own().state, walk.own().next_title) == ("renew", "Les retningslinjene")
    assert walk.states() == {"lenke": "expired", "oppgave": "done", "samling": "done"}
    clock.advance(days=30)
    assert walk.own().state == "expired"
    say_done(walk)
    assert walk.own().state == "finished"


def test_others_paths_are_listed_after_one_s_own_and_retired_ones_never(walk: Walk) -> None:
    with walk.sidecar.transaction() as db:
        publish_path(db, walk.sidecar, walk.region_id, replace(CONTENT, title="A"), "a")
        db.get_one(Employment, walk.employment(walk.kari)).ended_on = walk.sidecar.today() - timedelta(days=1)
    assert listed(walk) == []
    say_done(walk)
    assert listed(walk) == [(KEY, "begun", False)]
    assert listed(walk, walk.account_of_rolf) == [("a", "new", True), (KEY, "new", True)]
    with walk.sidecar.transaction() as db:
        db.scalars(select(Course).where(Course.key == KEY)).one().retired_at = walk.sidecar.now()
    assert listed(walk) == []


def test_nobody_sees_another_s_steps(walk: Walk) -> None:
    say_done(walk)
    assert walk.states(walk.account_of_rolf)["lenke"] == "open"
    with walk.sidecar.reading() as db:
        assert db.scalars(select(Completion.person_id)).all() == [walk.kari]
