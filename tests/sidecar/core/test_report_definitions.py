"""Test who may see and change report definitions, what they may ask for, and their versions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from sidecar.core.access import Viewer, for_municipality, operator_at_the_console
from sidecar.core.audit import AuditEntry
from sidecar.core.courses import Course
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import read_period
from sidecar.core.regions import join, leave, members_of
from sidecar.core.report_definitions import (
    BadTitleError,
    ChangedMeanwhileError,
    NotLookedAfterError,
    TooManyNamedError,
    UnknownCourseError,
    defined_of,
    ensure_default,
    find_defined,
    list_for,
    list_lines,
    list_versions,
    looked_after,
)
from sidecar.core.report_schedules import BadScheduleError
from sidecar.core.report_specs import BASIC, BadSpecError, Defined, Spec
from sidecar.errors import NotAllowedError, NotFoundError, SidecarError
from sidecar.reports import defining
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock

OPERATOR = operator_at_the_console()
JANUARY = date(2026, 1, 1)


def rkk_of(sidecar: Sidecar, region: str, *members: Municipality) -> Viewer:
    """The RKK of a region that these municipalities are members of."""
    with sidecar.transaction() as db:
        for one in members:
            found = join(db, region, one.id, JANUARY)
        ours = members_of(db, found.id, sidecar.today())
        return Viewer(roles=frozenset({"rkk"}), municipality_ids=ours, rkk_for=ours, regions=frozenset({found.id}))


@pytest.fixture
def rkk(sidecar: Sidecar, kongsberg: Municipality) -> Viewer:
    return rkk_of(sidecar, "kongsbergregionen", kongsberg)


@pytest.fixture
def others(sidecar: Sidecar, rollag: Municipality) -> Viewer:
    return rkk_of(sidecar, "numedal", rollag)


def define(
    sidecar: Sidecar,
    viewer: Viewer,
    title: str = "Fire",
    **asked: Any,  # noqa: ANN401 (fields of a Spec)
) -> Defined:
    return defining.define(sidecar, viewer, title, replace(Spec(), **asked))


def test_the_definition_of_every_installation_is_made_once(sidecar: Sidecar, rkk: Viewer) -> None:
    with sidecar.reading() as db:
        assert defined_of(db, BASIC.id) == BASIC
        assert find_defined(db, rkk, BASIC.id) == BASIC
        assert list_lines(db, rkk) == list_lines(db, OPERATOR) == []
    with sidecar.transaction() as db:
        assert ensure_default(db, sidecar.now()) == ensure_default(db, sidecar.now()) == BASIC
    with sidecar.reading() as db:
        assert [one.defined for one in list_lines(db, rkk)] == [BASIC]
        assert find_defined(db, OPERATOR, BASIC.id) == BASIC


def test_an_rkk_sees_its_own_and_the_operators_and_changes_its_own(
    sidecar: Sidecar, rkk: Viewer, others: Viewer, clock: FakeClock
) -> None:
    mine, theirs, shared = (define(sidecar, one, "A") for one in (rkk, others, OPERATOR))
    clock.advance(days=1)
    with sidecar.reading() as db:
        lines = list_lines(db, rkk)
        assert {one.definition.id: one.may_change for one in lines} == {mine.id: True, shared.id: False}
        assert len(list_lines(db, OPERATOR)) == 3
        assert list_lines(db, for_municipality("x")) == []
        with pytest.raises(NotFoundError):
            find_defined(db, rkk, theirs.id)
        with pytest.raises(NotFoundError):
            find_defined(db, for_municipality("x"), BASIC.id)
    assert defining.change(sidecar, rkk, mine.id, "B", Spec()).version == 2
    with pytest.raises(NotAllowedError):
        defining.change(sidecar, rkk, shared.id, "B", Spec())
    with pytest.raises(NotFoundError):
        defining.change(sidecar, rkk, theirs.id, "B", Spec())
    with pytest.raises(NotAllowedError):
        defining.retire(sidecar, rkk, BASIC.id)
    with pytest.raises(NotAllowedError):
        define(sidecar, for_municipality("x"))
    with pytest.raises(NotFoundError):
        defining.define(sidecar, rkk, "C", Spec(), min(others.regions))


def test_versions_are_kept_and_what_says_the_same_is_none(sidecar: Sidecar, rkk: Viewer) -> None:
    first = define(sidecar, rkk, "Fire")
    assert defining.change(sidecar, rkk, first.id, "Fire", Spec()).version == 1
    second = defining.change(sidecar, rkk, first.id, "Fire", Spec(kind="status"), based_on=1)
    assert second.version == 2
    with pytest.raises(ChangedMeanwhileError):
        defining.change(sidecar, rkk, first.id, "Fire", Spec(kind="renewals"), based_on=1)
    with sidecar.reading() as db:
        assert [one.number for one in list_versions(db, first.id)] == [2, 1]
        assert defined_of(db, first.id, 1) == first
        assert find_defined(db, rkk, first.id, 2) == second == defined_of(db, first.id)
        with pytest.raises(NotFoundError):
            find_defined(db, rkk, first.id, 3)
        acts = db.scalars(select(AuditEntry).where(AuditEntry.subject == first.id).order_by(AuditEntry.action)).all()
        assert [(one.action, one.facts) for one in acts] == [
            ("report.changed", {"number": 2}),
            ("report.defined", {"number": 1}),
        ]


def test_a_retired_definition_can_be_brought_back(sidecar: Sidecar, rkk: Viewer) -> None:
    made = define(sidecar, rkk)
    for _ in range(2):
        defining.retire(sidecar, rkk, made.id)
    with sidecar.reading() as db:
        assert [one.definition.retired_at is None for one in list_lines(db, rkk) if one.defined == made] == [False]
    for _ in range(2):
        defining.bring_back(sidecar, rkk, made.id)
    with sidecar.reading() as db:
        assert [one.definition.retired_at for one in list_lines(db, rkk) if one.defined == made] == [None]
        actions = db.scalars(select(AuditEntry.action).where(AuditEntry.subject == made.id)).all()
    assert sorted(actions) == ["report.brought_back", "report.defined", "report.retired"]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"municipalities": ("rollag",)}, NotLookedAfterError),
        ({"municipalities": ("nowhere",)}, NotLookedAfterError),
        ({"courses": ("no-such",)}, UnknownCourseError),
        ({"courses": ("rollags",)}, UnknownCourseError),
        ({"schedule": "* * * * *"}, BadScheduleError),
        ({"connectors": ("pigeon",)}, BadSpecError),
        ({"connectors": ("hr-csv",)}, BadSpecError),
        ({"units": ("x" * 201,)}, TooManyNamedError),
        ({"units": ("",)}, TooManyNamedError),
        ({"units": ("a\x1bb",)}, TooManyNamedError),
        ({"positions": ("a", "a")}, TooManyNamedError),
        ({"positions": tuple(map(str, range(401)))}, TooManyNamedError),
        ({"columns": ("course", "course")}, TooManyNamedError),
    ],
)
def test_what_it_cannot_ask_for_is_refused(
    sidecar: Sidecar,
    rkk: Viewer,
    others: Viewer,
    rollag: Municipality,
    asked: dict[str, Any],
    error: type[SidecarError],
) -> None:
    with sidecar.transaction() as db:
        db.add(Course(key="rollags", title="R", municipality_id=rollag.id, created_at=sidecar.now()))
    with pytest.raises(error):
        define(sidecar, rkk, **asked)
    made = define(sidecar, rkk)
    with pytest.raises(error):
        defining.change(sidecar, rkk, made.id, "Fire", replace(Spec(), **asked))


@pytest.mark.parametrize("title", ["", "x" * 121, "a\nb", "a\x00"])
def test_a_title_is_a_short_line(sidecar: Sidecar, rkk: Viewer, title: str) -> None:
    with pytest.raises(BadTitleError):
        define(sidecar, rkk, title)


def test_operators_name_any_municipality_and_change_what_every_installation_has(
    sidecar: Sidecar, rollag: Municipality
) -> None:
    assert define(sidecar, OPERATOR, municipalities=("rollag",)).spec.municipalities == ("rollag",)
    assert defining.change(sidecar, OPERATOR, BASIC.id, "", replace(BASIC.spec, language="nn")).version == 2
    defining.retire(sidecar, OPERATOR, BASIC.id)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        {"days": "60"},
        {"days": True},
        {"per_person": 1},
        {"courses": "brann"},
        {"courses": [1]},
        {"kind": ["completions"]},
        {"schedule": None},
        {"kind": "people"},
        {"days": 0},
        {"formats": []},
        {"unknown": 1},
        {"kind": "participation"},
        {"schedule": "*/5 * * * *"},
    ],
)
def test_what_is_no_definition_is_refused(value: object) -> None:
    with pytest.raises(SidecarError):
        defining.read_asked(value)


@pytest.mark.parametrize(
    "text", ["", "[", "[" * 100_000, '{"title": 1}', '{"spec": 1}', '{"a":"' + "x" * 100_001 + '"}']
)
def test_what_is_no_file_of_a_definition_is_refused(text: str) -> None:
    with pytest.raises(defining.BadSpecFileError):
        defining.read_file(text)


def test_a_definition_is_read_as_it_is_written() -> None:
    spec = Spec(kind="status", units=("Skole",), schedule="0 6 * * 1")
    title, read = defining.read_file(
        '{"title": "S", "spec": {"kind": "status", "units": ["Skole"], "schedule": "weekly"}}'
    )
    assert (title, read) == ("S", spec)
    assert defining.read_file('{"kind": "status", "units": ["Skole"], "schedule": "weekly", "title": "S"}') == (
        "S",
        spec,
    )


def test_who_left_in_mid_period_is_looked_after_for_that_period_and_no_later_one(
    sidecar: Sidecar, rkk: Viewer, kongsberg: Municipality, rollag: Municipality
) -> None:
    (region_id,) = rkk.regions
    with sidecar.transaction() as db:
        leave(db, "kongsbergregionen", kongsberg.id, date(2026, 9, 10))
        join(db, "kongsbergregionen", rollag.id, date(2026, 9, 30))

    def slugs(period: str, owner: str | None = region_id) -> list[str]:
        with sidecar.reading() as db:
            return [one.slug for one in looked_after(db, owner, read_period(period))]

    assert slugs("2026-08") == ["kongsberg"]
    assert slugs("2026-09") == ["kongsberg", "rollag"]
    assert slugs("2026-09-10/2026-09-29") == []
    assert slugs("2026-10") == ["rollag"]
    assert slugs("2026-10", None) == ["kongsberg", "rollag"]


def test_nobody_in_it_is_told(sidecar: Sidecar, kongsberg: Municipality) -> None:
    with sidecar.reading() as db:
        defining.refuse_nobody(db, Spec(), None, sidecar)
        nobody: list[dict[str, Any]] = [{"units": ("Nowhere",)}, {"positions": ("pilot",)}, {"positions": ("%",)}]
        for asked in nobody:
            with pytest.raises(defining.NobodyInItError):
                defining.refuse_nobody(db, replace(Spec(), **asked), None, sidecar)


def test_a_municipality_is_offered_what_is_for_it_and_in_use(
    sidecar: Sidecar, rkk: Viewer, others: Viewer, kongsberg: Municipality
) -> None:
    mine, retired, theirs = define(sidecar, rkk, "A"), define(sidecar, rkk, "B"), define(sidecar, others, "C")
    elsewhere = define(sidecar, OPERATOR, "D", municipalities=("rollag",))
    defining.retire(sidecar, rkk, retired.id)
    with sidecar.reading() as db:
        assert list_for(db, rkk, kongsberg, sidecar.today()) == [BASIC, mine]
        assert list_for(db, OPERATOR, kongsberg, sidecar.today()) == [BASIC, mine]
        assert list_for(db, for_municipality(kongsberg.id), kongsberg, sidecar.today()) == [BASIC]
    defining.retire(sidecar, OPERATOR, BASIC.id)
    with sidecar.reading() as db:
        assert list_for(db, for_municipality(kongsberg.id), kongsberg, sidecar.today()) == []
    assert {theirs.title, elsewhere.title} == {"C", "D"}
