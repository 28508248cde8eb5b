"""A new version of an adopted path waits: it is accepted, postponed or refused, and learners under way lose nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar.core import paths
from sidecar.core.access import operator_at_the_console
from sidecar.core.adoption_answers import NoUpdateError, PostponedDayError, keep, postpone, refuse
from sidecar.core.adoptions import LicenceForbidsError, PathWithdrawnError, count_waiting
from sidecar.core.audit import AuditEntry
from sidecar.core.courses import Course
from sidecar.core.data_subjects import of_identity
from sidecar.core.municipalities import Municipality
from sidecar.core.own_paths import find_own_path
from sidecar.core.path_contents import Step
from sidecar.core.path_merging import THEIRS
from sidecar.core.paths import DraftChangedError
from sidecar.sharing import offering
from sidecar.sharing.ending import end_withdrawn
from sidecar.sharing.updating import accept, describe_update
from tests.fakes.clock import FakeClock
from tests.fakes.two_regions import TwoRegions
from tests.sidecar.core.folk import Folk
from tests.sidecar.sharing.adopted import (
    OWN,
    change,
    count_versions,
    course,
    line,
    origin,
    path,
    receive_path,
    send_next,
    steps_of,
    take,
    with_steps,
)
from tests.sidecar.sharing.bundles import KEY, add_course
from tests.sidecar.sharing.exchanged import pull

ME = operator_at_the_console()


@pytest.fixture
def two(two_regions: TwoRegions, tmp_path: Path) -> TwoRegions:
    """Two regions of which ours has adopted a path as it is."""
    receive_path(two_regions, tmp_path)
    take(two_regions)
    return two_regions


def withdraw(two: TwoRegions) -> None:
    offering.withdraw(two.there.sidecar, two.there.viewer, KEY)
    pull(two.here, two.there)


def answer(two: TwoRegions, **how: object) -> bool:
    return accept(two.here.sidecar, two.here.viewer, origin(two), **how).is_published  # type: ignore[arg-type]


def test_a_new_version_waits_and_is_accepted(two: TwoRegions) -> None:
    send_next(two)
    today = two.here.sidecar.today()
    assert line(two).waits_on(today)
    with two.here.sidecar.reading() as db:
        assert count_waiting(db, two.here.viewer, today) == 1
    assert path(two.here).content.title == "HMS for nye"
    assert answer(two)
    newest = path(two.here).newest
    assert newest
    assert (newest.number, newest.note) == (2, "Vesterålen 2: Nytt")
    assert path(two.here).content.title == "HMS for alle"
    assert (line(two).taken, line(two).has_newer, line(two).is_adapted) == (2, False, False)
    with pytest.raises(NoUpdateError):
        answer(two)


def test_a_course_that_is_adopted_already_gets_a_new_version(two: TwoRegions, tmp_path: Path) -> None:
    add_course(two.there.sidecar, tmp_path / "made", page="<p>Ut, alle!</p>")
    send_next(two)
    answer(two)
    assert count_versions(two.here, "brannvern") == 2


def test_facts_follow_but_for_what_our_staff_said(two: TwoRegions) -> None:
    with two.here.sidecar.transaction() as db:
        paths.find_path(db, ME, KEY).course.audience = "Våre nye"
    with two.there.sidecar.transaction() as db:
        theirs = paths.find_path(db, ME, KEY).course
        theirs.audience, theirs.validity_months, theirs.statutory_basis = "Alle", 12, {"laws": ["aml. § 3-2"]}
    send_next(two)
    answer(two)
    ours = course(two.here, KEY)
    assert (ours.audience, ours.validity_months, ours.is_statutory) == ("Våre nye", 12, True)


def test_a_step_that_somebody_is_in_the_middle_of_goes_and_they_lose_nothing(
    two: TwoRegions, kongsberg: Municipality
) -> None:
    sidecar, folk = two.here.sidecar, Folk(two.here.sidecar)
    kari = folk.person(kongsberg.id, "1", "Kari Nordmann")
    account = folk.account(kari, "u-kari")
    for key in ("brannvern", f"{KEY}-runde"):
        folk.earn(kari, course(two.here, key).id, sidecar.today())
    brann, *others = steps_of(path(two.there).draft)
    send_next(two, with_steps(path(two.there).draft, brann, others[-1]))
    answer(two)
    with sidecar.reading() as db:
        own = find_own_path(db, of_identity(db, account), KEY, sidecar.today())
    assert {one.step.key: one.state for part in own.progress.parts for one in part.steps}["brann"] == "done"
    assert course(two.here, f"{KEY}-runde").retired_at is None


def test_a_refused_version_stays_refused_when_it_is_sent_again_and_the_next_one_waits(two: TwoRegions) -> None:
    send_next(two)
    here = two.here.sidecar
    with here.transaction() as db:
        refuse(db, ME, origin(two), 2, here.now())
    pull(two.here, two.there)
    two.here.work("path-fetch")
    assert not line(two).has_newer
    assert path(two.here).content.title == "HMS for nye"
    send_next(two, replace(path(two.there).draft, title="HMS for de fleste"))
    assert line(two).waits_on(here.today())
    answer(two)
    assert path(two.here).content.title == "HMS for de fleste"


def test_a_postponed_version_waits_again_on_its_day(two: TwoRegions, clock: FakeClock) -> None:
    send_next(two)
    here, day = two.here.sidecar, two.here.sidecar.today() + timedelta(days=3)
    with here.transaction() as db:
        postpone(db, ME, origin(two), day, here.now())
    assert not line(two).waits_on(here.today())
    assert line(two).waits_on(day)
    for wrong in (here.today(), here.today() + timedelta(days=400)):
        with pytest.raises(PostponedDayError), here.transaction() as db:
            postpone(db, ME, origin(two), wrong, here.now())


def test_only_the_version_that_was_looked_at_is_answered(two: TwoRegions) -> None:
    send_next(two)
    for number in (1, 3):
        with pytest.raises(NoUpdateError):
            answer(two, number=number)
        with pytest.raises(NoUpdateError), two.here.sidecar.transaction() as db:
            refuse(db, ME, origin(two), number, two.here.sidecar.now())
    with pytest.raises(DraftChangedError):
        answer(two, draft_number=7)
    assert line(two).taken == 1


def test_nothing_is_accepted_after_a_withdrawal(two: TwoRegions) -> None:
    send_next(two)
    withdraw(two)
    with pytest.raises(PathWithdrawnError):
        answer(two)
    assert path(two.here).content.title == "HMS for nye"


def test_what_was_adapted_keeps_what_is_ours_and_is_published_by_somebody(two: TwoRegions) -> None:
    draft = path(two.here).draft
    change(two.here, with_steps(draft, *steps_of(draft), OWN), note="Vår egen")
    send_next(two)
    assert not answer(two)
    ours = path(two.here)
    assert (ours.status(), ours.draft.title, ours.content.title) == ("changed", "HMS for alle", "HMS for nye")
    assert [one.key for one in steps_of(ours.draft)] == ["brann", "runde", "samling", "lov", "egen"]
    assert line(two).is_adapted


def test_where_both_changed_the_same_somebody_chooses(two: TwoRegions) -> None:
    change(two.here, replace(path(two.here).draft, title="Vår HMS"), note="Vårt navn")
    send_next(two)
    update = describe_update(two.here.sidecar, ME, origin(two))
    assert [one.name for one in update.merged.conflicts] == ["path::title"]
    assert update.merged.content.title == "Vår HMS"
    answer(two, choices={"path::title": THEIRS})
    assert path(two.here).draft.title == "HMS for alle"


def test_a_new_step_of_theirs_brings_its_course(two: TwoRegions) -> None:
    draft = path(two.there).draft
    send_next(two, with_steps(draft, *steps_of(draft), Step("prat", "task", title="Prat med lederen")))
    shown = describe_update(two.here.sidecar, ME, origin(two)).merged.content
    assert [one.key for one in steps_of(shown)][-1] == "prat"
    answer(two)
    assert course(two.here, f"{KEY}-prat").title == "Prat med lederen"


def test_a_course_of_their_lms_becomes_one_that_a_course_of_ours_can_stand_for(two: TwoRegions) -> None:
    with two.there.sidecar.transaction() as db:
        db.add(Course(key="moodle-kurs", title="I Moodle", kind="lms", created_at=two.there.sidecar.now()))
    draft = path(two.there).draft
    send_next(two, with_steps(draft, *steps_of(draft), Step("moodle", "course", course="moodle-kurs")))
    assert answer(two)
    ours = course(two.here, "moodle-kurs")
    assert (ours.kind, ours.title, count_versions(two.here, "moodle-kurs")) == ("own", "I Moodle", 0)


def test_what_is_withdrawn_is_kept_where_its_licence_allows(two: TwoRegions, clock: FakeClock) -> None:
    withdraw(two)
    here = two.here.sidecar
    assert line(two).needs_attention_on(here.today())
    assert line(two).ends_on(here.today()) is None
    with here.transaction() as db:
        keep(db, ME, origin(two), here.now(), here.today())
    assert not line(two).needs_attention_on(here.today())
    clock.advance(days=100)
    assert end_withdrawn(here) == 0


def test_what_may_not_be_kept_ends_ninety_days_after_its_withdrawal(
    two_regions: TwoRegions, tmp_path: Path, clock: FakeClock
) -> None:
    two, here = two_regions, two_regions.here.sidecar
    receive_path(two, tmp_path, "Alle rettigheter")
    take(two)
    withdraw(two)
    assert line(two).ends_on(here.today()) == here.today() + timedelta(days=90)
    with pytest.raises(LicenceForbidsError), here.transaction() as db:
        keep(db, ME, origin(two), here.now(), here.today())
    clock.advance(days=89)
    assert end_withdrawn(here) == 0
    clock.advance(days=1)
    assert end_withdrawn(here) == 1
    assert path(two.here).status() == "retired"
    assert end_withdrawn(here) == 0
    with here.reading() as db:
        said = db.scalars(select(AuditEntry.action).where(AuditEntry.at == here.now())).all()
    assert sorted(said) == ["course.retired", "learning_path.ended"]
