"""Why somebody sees something: the verdict is the rule's own, whatever the world; the reasons name what is missing."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sidecar.core.access import (
    Viewer,
    may_see_course,
    may_see_employment,
    may_see_municipality,
    operator_at_the_console,
    viewer_of,
)
from sidecar.core.attempts import Attempt
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.evidence import Evidence
from sidecar.core.identity_lists import find_identity
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.periods import Period
from sidecar.core.platforms import Platform, PlatformMunicipality, add_platform
from sidecar.core.regions import Region, RegionMembership
from sidecar.core.settling import settle
from sidecar.core.sight import Sought, explain, find_sought, may_see
from sidecar.core.sight_of_completions import explain_completions
from sidecar.core.sight_reasons import GIVES, LACKS, Answer
from sidecar.core.staff import ROLES, Grant, Scope, grant, identity_named, revoke
from sidecar.errors import NotFoundError
from sidecar.language import LANGUAGES, say_template
from sidecar.runtime import Sidecar
from tests.fakes.lms import add_completion, add_course
from tests.sidecar.reports.listing import list_report

CONSOLE = operator_at_the_console()
UNITS = ("Skolen", "skolen ", "Hjemmetjenesten")
DAYS = (-400, -1, 0, 1, 400)


@dataclass(frozen=True)
class Ground:
    """What every random world stands on: two municipalities, a region, an employee in each, a course of each owner."""

    municipality_ids: tuple[str, str]
    region_id: str
    identity_id: str
    employment_ids: tuple[str, str]
    course_ids: tuple[str, str]


@pytest.fixture
def ground(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Ground:
    shared, own = (add_course(sidecar, key, key.capitalize()) for key in ("shared", "own"))
    with sidecar.transaction() as db:
        region = Region(slug="r", name="R")
        db.add(region)
        employments = [_employ(db, sidecar, one.id, "Skolen") for one in (kongsberg, rollag)]
        db.get_one(Course, own).municipality_id = kongsberg.id
        identity = identity_named(db, "Asker", now=sidecar.now())
        db.flush()
        return Ground(
            (kongsberg.id, rollag.id),
            region.id,
            identity.id,
            (employments[0].id, employments[1].id),
            (shared, own),
        )


def _employ(db: Session, sidecar: Sidecar, municipality_id: str, unit: str) -> Employment:
    person = Person(first_name="Kari", last_name="Nordmann")
    db.add(person)
    db.flush()
    employment = Employment(
        person_id=person.id,
        municipality_id=municipality_id,
        employee_number="1",
        unit=unit,
        imported_at=sidecar.now(),
    )
    db.add(employment)
    db.flush()
    return employment


days = st.sampled_from(DAYS)
grants = st.lists(
    st.tuples(
        st.sampled_from(ROLES),
        st.sampled_from([0, 1, None]),
        st.sampled_from(UNITS),
        st.none() | days,
        st.none() | days,
    ),
    max_size=4,
)
memberships = st.lists(st.tuples(st.sampled_from([0, 1]), days, st.none() | days), max_size=3)


@given(grants=grants, memberships=memberships)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_verdict_is_the_rule_s_own_in_any_world(
    sidecar: Sidecar,
    ground: Ground,
    grants: list[tuple[str, int | None, str, int | None, int | None]],
    memberships: list[tuple[int, int, int | None]],
) -> None:
    now, today = sidecar.now(), sidecar.today()
    with sidecar.transaction() as db:
        db.execute(delete(Grant))
        db.execute(delete(RegionMembership))
        for role, where, unit, ends, revoked in grants:
            db.add(_grant(sidecar, ground, role, where, unit, ends, revoked))
        for which, joined, left in memberships:
            db.add(_membership(ground, today, which, joined, left))
    with sidecar.reading() as db:
        viewer = viewer_of(db, ground.identity_id, now=now, today=today)
        for sought, truth in _truths(db, ground, viewer):
            for asker in (CONSOLE, Viewer(roles=frozenset({"rkk"}), rkk_for=frozenset(), regions=frozenset())):
                answer = explain(
                    db, asker, find_identity(db, CONSOLE, ground.identity_id), sought, now=now, today=today
                )
                assert answer.verdict == truth
                kinds = {reason.kind for reason in answer.reasons}
                assert (GIVES in kinds) == truth
                assert (LACKS in kinds) <= (not truth)
                assert truth or answer.reasons
                _can_be_said(answer)


def _grant(
    sidecar: Sidecar, ground: Ground, role: str, where: int | None, unit: str, ends: int | None, revoked: int | None
) -> Grant:
    municipality_id = ground.municipality_ids[where or 0] if role in ("manager", "contact") else None
    if role == "content-developer" and where is not None:
        municipality_id = ground.municipality_ids[where]
    now = sidecar.now()
    return Grant(
        identity_id=ground.identity_id,
        role=role,
        municipality_id=municipality_id,
        region_id=ground.region_id if role == "rkk" else None,
        unit=unit if role == "manager" else None,
        granted_at=now - timedelta(days=900),
        ends_at=None if ends is None else now + timedelta(days=ends),
        revoked_at=None if revoked is None or revoked > 0 else now + timedelta(days=revoked),
    )


def _membership(ground: Ground, today: date, which: int, joined: int, left: int | None) -> RegionMembership:
    return RegionMembership(
        region_id=ground.region_id,
        municipality_id=ground.municipality_ids[which],
        joined_on=today + timedelta(days=joined),
        left_on=None if left is None else today + timedelta(days=left),
    )


def _truths(db: Session, ground: Ground, viewer: Viewer) -> list[tuple[Sought, bool]]:
    """What the queries of the pages themselves say."""
    seen = set(db.scalars(select(Employment.id).where(may_see_employment(viewer))))
    seen |= set(db.scalars(select(Municipality.id).where(may_see_municipality(viewer))))
    seen |= set(db.scalars(select(Course.id).where(may_see_course(viewer))))
    found = []
    for key in ground.municipality_ids:
        municipality = db.get_one(Municipality, key)
        found.append((Sought(municipality=municipality), key in seen))
        found.append((Sought(reports_of=municipality), viewer.sees_municipality(key)))
    found += [(Sought(employments=[db.get_one(Employment, key)]), key in seen) for key in ground.employment_ids]
    found += [(Sought(course=db.get_one(Course, key)), key in seen) for key in ground.course_ids]
    return found


def _can_be_said(answer: Answer) -> None:
    for reason in answer.reasons:
        for lang in LANGUAGES:
            assert "{" not in say_template(reason.template, reason.facts, lang)


def ask(sidecar: Sidecar, identity_id: str, viewer: Viewer = CONSOLE, **named: str) -> Answer:
    with sidecar.reading() as db:
        who = find_identity(db, CONSOLE, identity_id)
        sought = find_sought(db, CONSOLE, **named)
        return explain(db, viewer, who, sought, now=sidecar.now(), today=sidecar.today())


def codes(answer: Answer) -> list[str]:
    return [reason.code for reason in answer.reasons]


def give(sidecar: Sidecar, ground: Ground, role: str, **scope: str) -> str:
    with sidecar.transaction() as db:
        return grant(db, ground.identity_id, role, Scope(**scope), now=sidecar.now()).id


def test_without_a_role_the_lms_gives_nothing(sidecar: Sidecar, ground: Ground) -> None:
    answer = ask(sidecar, ground.identity_id, municipality="kongsberg")
    assert (answer.verdict, codes(answer)) == (False, ["no-role"])


def test_a_contact_sees_their_municipality_and_comes_in_by_a_link(sidecar: Sidecar, ground: Ground) -> None:
    give(sidecar, ground, "contact", municipality="kongsberg")
    assert codes(ask(sidecar, ground.identity_id, municipality="kongsberg")) == ["given", "signed-out-link"]
    assert codes(ask(sidecar, ground.identity_id, municipality="rollag")) == ["other-place", "signed-out-link"]
    assert codes(ask(sidecar, ground.identity_id, course="own"))[0] == "other-kind"


def test_a_unit_spelt_differently_is_told_apart_from_another_unit(sidecar: Sidecar, ground: Ground) -> None:
    given_id = give(sidecar, ground, "manager", municipality="kongsberg", unit="SKOLEN")
    answer = ask(sidecar, ground.identity_id, employee="kongsberg/1")
    assert codes(answer)[0] == "unit-misspelt"
    assert (answer.reasons[0].facts["unit"], answer.reasons[0].facts["other"]) == ("SKOLEN", "Skolen")
    with sidecar.transaction() as db:
        revoke(db, given_id, now=sidecar.now())
    give(sidecar, ground, "manager", municipality="kongsberg", unit="Havna")
    assert codes(ask(sidecar, ground.identity_id, employee="kongsberg/1"))[0] == "other-unit"
    people = ask(sidecar, ground.identity_id, municipality="kongsberg")
    assert codes(people)[:2] == ["given", "unit-only"]
    assert codes(ask(sidecar, ground.identity_id, reports_of="kongsberg"))[0] == "other-kind"


def test_a_role_that_ended_or_was_revoked_is_named_with_its_day(sidecar: Sidecar, ground: Ground) -> None:
    given_id = give(sidecar, ground, "contact", municipality="kongsberg")
    with sidecar.transaction() as db:
        revoke(db, given_id, now=sidecar.now())
    answer = ask(sidecar, ground.identity_id, municipality="kongsberg")
    assert codes(answer) == ["no-role", "role-revoked"]
    assert answer.reasons[1].facts["day"] == sidecar.today()
    assert codes(ask(sidecar, ground.identity_id, municipality="rollag")) == ["no-role"]


@pytest.mark.parametrize(
    ("joined", "left", "code", "day"), [(5, None, "member-later", 5), (-9, -2, "member-before", -2)]
)
def test_a_membership_of_the_region_that_is_over_or_to_come(
    sidecar: Sidecar, ground: Ground, joined: int, left: int | None, code: str, day: int
) -> None:
    with sidecar.transaction() as db:
        db.add(_membership(ground, sidecar.today(), 0, joined, left))
    give(sidecar, ground, "rkk", region="r")
    answer = ask(sidecar, ground.identity_id, municipality="kongsberg")
    assert codes(answer)[0] == code
    assert answer.reasons[0].facts["day"] == sidecar.today() + timedelta(days=day)


def test_roles_that_the_asker_may_not_see_are_not_told(sidecar: Sidecar, ground: Ground) -> None:
    give(sidecar, ground, "contact", municipality="kongsberg")
    stranger = Viewer(roles=frozenset({"rkk"}), rkk_for=frozenset({ground.municipality_ids[1]}))
    answer = ask(sidecar, ground.identity_id, stranger, municipality="rollag")
    assert "hidden-roles" in codes(answer)
    assert "Kongsberg" not in str(answer)
    give(sidecar, ground, "operator")
    assert codes(ask(sidecar, ground.identity_id, stranger, municipality="rollag"))[0] == "given-elsewhere"


def test_who_asks_finds_only_what_they_may_see(sidecar: Sidecar, ground: Ground) -> None:
    stranger = Viewer(roles=frozenset({"rkk"}), municipality_ids=frozenset({ground.municipality_ids[1]}))
    with sidecar.reading() as db:
        for named in (
            {"municipality": "kongsberg"},
            {"employee": "kongsberg/1"},
            {"employee": ground.employment_ids[0]},
            {"reports_of": "kongsberg"},
            {"course": "own"},
            {"course": "none"},
            {"employee": "rollag/none"},
        ):
            with pytest.raises(NotFoundError):
                find_sought(db, stranger, **named)
        assert may_see(db, stranger, find_sought(db, stranger, employee="rollag/1"))


@pytest.fixture
def learner(sidecar: Sidecar, ground: Ground) -> str:
    """An account of an LMS that speaks for Kongsberg; it is not placed."""
    url = "https://lms.example"
    with sidecar.transaction() as db:
        platform = Platform(
            name="Moodle",
            issuer=url,
            client_id="1",
            auth_url=url,
            token_url=url,
            jwks_url=url,
            created_at=sidecar.now(),
        )
        add_platform(db, platform, deployment_ids=["1"], patterns={ground.municipality_ids[0]: None})
        now = sidecar.now()
        identity = Identity(platform_id=platform.id, subject="7", name="Kari", first_seen_at=now, last_seen_at=now)
        db.add(identity)
        db.flush()
        return identity.id


def counts(sidecar: Sidecar, identity_id: str, slug: str = "kongsberg") -> Answer:
    with sidecar.reading() as db:
        municipality = db.scalars(select(Municipality).where(Municipality.slug == slug)).one()
        return explain_completions(
            db, find_identity(db, CONSOLE, identity_id), municipality, None, today=sidecar.today()
        )


def test_why_a_learner_is_not_placed(sidecar: Sidecar, ground: Ground, learner: str) -> None:
    assert codes(counts(sidecar, learner)) == ["no-number", "nothing-completed"]
    assert codes(counts(sidecar, learner, "rollag"))[:2] == ["not-spoken-for", "no-number"]
    with sidecar.transaction() as db:
        db.get_one(Identity, learner).person_sourcedid = "999"
    assert codes(counts(sidecar, learner))[0] == "unknown-number"
    with sidecar.transaction() as db:
        db.get_one(Identity, learner).person_sourcedid = "1"
    assert codes(counts(sidecar, learner))[0] == "placeable"
    with sidecar.transaction() as db:
        db.scalars(select(PlatformMunicipality)).one().pattern = r"x(?P<employee_number>\d+)"
    assert codes(counts(sidecar, learner))[:2] == ["pattern-differs", "unknown-number"]
    with sidecar.transaction() as db:
        db.get_one(Identity, learner).placed_at = sidecar.now()
    assert "held" in codes(counts(sidecar, learner))


@given(
    placed=st.sampled_from([None, 0, 1]),
    ended=st.none() | days,
    completed=st.lists(st.sampled_from([-300, -1, 0]), max_size=2),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_counts_is_what_the_reports_say(
    sidecar: Sidecar, ground: Ground, learner: str, placed: int | None, ended: int | None, completed: list[int]
) -> None:
    with sidecar.transaction() as db:
        db.execute(delete(Evidence))
        db.execute(delete(Completion))
        db.execute(delete(Attempt))
        employment = db.get_one(Employment, ground.employment_ids[placed or 0])
        employment.ended_on = None if ended is None else sidecar.today() + timedelta(days=ended)
        identity = db.get_one(Identity, learner)
        identity.person_id = employment.person_id if placed is not None else None
        identity.employment_id = employment.id if placed is not None else None
    for day in completed:
        done = add_completion(sidecar, learner, ground.course_ids[0], 1.0)
        with sidecar.transaction() as db:
            evidence = db.get_one(Evidence, done.id)
            evidence.completed_at += timedelta(days=day)
            db.flush()
            settle(db, {(evidence.person_id, evidence.course_id)} if evidence.person_id else set(), sidecar.now())
    with sidecar.reading() as db:
        for key in ground.municipality_ids:
            municipality = db.get_one(Municipality, key)
            viewer = Viewer(municipality_ids=frozenset({key}))
            always = Period(date(2000, 1, 1), date(2199, 12, 31))
            told = list_report(db, viewer, municipality, always, "none", sidecar.today())
            answer = explain_completions(
                db, find_identity(db, CONSOLE, learner), municipality, None, today=sidecar.today()
            )
            mine = set(db.scalars(select(Evidence.completion_id).where(Evidence.identity_id == learner)))
            assert answer.verdict == any(completion_id in mine for completion_id, _ in told.items)
            assert answer.reasons
            _can_be_said(answer)
