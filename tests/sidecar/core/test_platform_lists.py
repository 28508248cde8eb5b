"""List LMSs for staff: who sees which, who may change which, and what each line says."""

from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar.core.access import Viewer, for_municipality, operator_at_the_console, viewer_of
from sidecar.core.deployments import note_deployment
from sidecar.core.held import held_on
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.platform_checks import keep
from sidecar.core.platform_lists import (
    PlatformLine,
    find_platform_to_run,
    list_platform_lines,
    list_platforms_to_renew,
    list_seen_platforms,
    waiting_for,
)
from sidecar.core.platforms import Platform
from sidecar.core.staff import Scope, grant, identity_named, identity_of, revoke
from sidecar.errors import NotAllowedError, NotFoundError
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.learner import bring_learner
from tests.fakes.starter_course import build_course
from tests.fakes.statements import counting
from tests.sidecar.web.lms import HERE, THERE, Lms, two_regions

OPERATOR = operator_at_the_console()


@pytest.fixture
def lms(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Lms:
    return two_regions(sidecar, kongsberg, rollag)


def office_of(sidecar: Sidecar, *regions: str) -> Viewer:
    with sidecar.transaction() as db:
        identity = identity_named(db, "Stine", now=sidecar.now())
        for region in regions:
            grant(db, identity.id, "rkk", Scope(region=region), now=sidecar.now())
        return viewer_of(db, identity.id, now=sidecar.now(), today=sidecar.today())


def lines(sidecar: Sidecar, viewer: Viewer) -> dict[str, PlatformLine]:
    with sidecar.reading() as db:
        found = {each.platform.id: each for each in list_platform_lines(db, viewer)}
        db.expunge_all()
        return found


def test_an_office_runs_the_lms_of_each_of_its_regions(sidecar: Sidecar, lms: Lms) -> None:
    assert set(lines(sidecar, office_of(sidecar, HERE))) == {lms.ours, lms.pending}
    both = office_of(sidecar, THERE)
    assert both.regions == {lms.region, lms.other_region}
    assert all(each.may_run for each in lines(sidecar, both).values())
    assert set(lines(sidecar, both)) == {lms.ours, lms.pending, lms.theirs}


def test_an_office_that_is_none_any_more_sees_nothing(sidecar: Sidecar, lms: Lms) -> None:
    with sidecar.transaction() as db:
        identity = identity_named(db, "Stine", now=sidecar.now())
        given = grant(db, identity.id, "rkk", Scope(region=HERE), now=sidecar.now())
        revoke(db, given.id, now=sidecar.now())
        viewer = viewer_of(db, identity.id, now=sidecar.now(), today=sidecar.today())
    assert lines(sidecar, viewer) == {}
    assert not viewer.may_run_platform(lms.region)


def test_nobody_runs_what_operators_look_after_but_operators(sidecar: Sidecar, lms: Lms) -> None:
    assert OPERATOR.may_run_platform(None)
    assert not office_of(sidecar, HERE, THERE).may_run_platform(None)
    assert not Viewer().may_run_platform(None)


def test_a_contact_s_municipality_shows_them_no_lms(sidecar: Sidecar, lms: Lms, kongsberg: Municipality) -> None:
    assert lines(sidecar, for_municipality(kongsberg.id)) == {}


def test_an_lms_that_speaks_for_an_office_s_municipality_is_seen_and_not_run(
    sidecar: Sidecar, lms: Lms, kongsberg: Municipality
) -> None:
    with sidecar.transaction() as db:
        db.get_one(Platform, lms.ours).region_id = lms.other_region
    office = office_of(sidecar, HERE)
    assert not lines(sidecar, office)[lms.ours].may_run
    with sidecar.reading() as db, pytest.raises(NotAllowedError):
        find_platform_to_run(db, office, lms.ours)
    with sidecar.reading() as db, pytest.raises(NotFoundError):
        find_platform_to_run(db, office, lms.theirs)
    with sidecar.reading() as db:
        assert list_platforms_to_renew(db, office) == []


def test_a_removed_lms_is_on_no_list(sidecar: Sidecar, lms: Lms) -> None:
    with sidecar.transaction() as db:
        for each in db.scalars(select(Platform)):
            each.removed_at = sidecar.now()
        waiting = waiting_for(db, OPERATOR)
    assert lines(sidecar, OPERATOR) == {}
    assert not waiting.any


def test_the_last_launch_is_one_of_a_learner_and_no_grant(sidecar: Sidecar, clock: FakeClock, tmp_path: Path) -> None:
    learner, _ = bring_learner(sidecar, build_course("brannvern", "scorm-1.2", tmp_path))
    with sidecar.transaction() as db:
        platform = db.scalars(select(Platform)).one()
        launched_at = db.get_one(Identity, learner.identity_id).last_seen_at
        clock.advance(days=1)
        identity_of(db, platform.name, "not-come-yet", now=sidecar.now())
    assert lines(sidecar, OPERATOR)[platform.id].last_launch_at == launched_at


def test_a_line_says_what_waits_and_how_the_last_test_went(sidecar: Sidecar, lms: Lms) -> None:
    with sidecar.transaction() as db:
        note_deployment(db, lms.ours, "7", sidecar.now())
        note_deployment(db, lms.pending, "8", sidecar.now())
        keep(db, lms.ours, [{"code": "x", "outcome": "failed", "facts": {}}], by=None, now=sidecar.now())
        waiting = waiting_for(db, office_of_region(lms))
    line = lines(sidecar, OPERATOR)[lms.ours]
    assert line.waiting_deployments == 1
    assert line.check
    assert line.check.steps[0]["outcome"] == "failed"
    assert (waiting.platforms, waiting.deployments, waiting.updates) == (1, 1, 0)


def office_of_region(lms: Lms) -> Viewer:
    return Viewer(roles=frozenset({"rkk"}), regions=frozenset({lms.region}))


def test_who_is_held_on_an_lms_that_speaks_for_nobody_is_shown_to_operators_only(sidecar: Sidecar, lms: Lms) -> None:
    with sidecar.transaction() as db:
        now = sidecar.now()
        held = Identity(platform_id=lms.pending, subject="u", first_seen_at=now, last_seen_at=now, placed_at=now)
        db.add(held)
    with sidecar.reading() as db:
        office, operator = (held_on(db, who, lms.pending) for who in (office_of_region(lms), OPERATOR))
        assert (office.count, len(office.shown)) == (1, 0)
        assert (operator.count, len(operator.shown)) == (1, 1)


def test_a_filter_names_the_lmss_that_the_viewer_sees_by_one_query(sidecar: Sidecar, lms: Lms) -> None:
    office = office_of(sidecar, HERE)
    with counting(sidecar) as said, sidecar.reading() as db:
        assert {each.id for each in list_seen_platforms(db, office)} == {lms.ours, lms.pending}
    assert len([each for each in said if each.startswith("SELECT")]) == 1
    with sidecar.reading() as db:
        names = [each.name for each in list_seen_platforms(db, OPERATOR)]
    assert names == sorted(names, key=str.lower)
    assert len(names) == 3
