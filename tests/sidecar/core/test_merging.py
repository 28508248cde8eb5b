"""Two people become one and are taken apart again: everything comes back, and nobody is told a row twice."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from sidecar.core import merging, settling
from sidecar.core.access import for_municipality
from sidecar.core.audit import AuditEntry
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.deliveries import DeliveryItem
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.own_wishes import SharingConsent
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.periods import read_period
from sidecar.core.person_matches import DIFFERENT, EMAIL, MERGED, PersonIdentifier, PersonMatch
from sidecar.core.tables import METADATA
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.lms import add_course
from tests.sidecar.core.folk import Folk
from tests.sidecar.reports.listing import list_report

OCTOBER = datetime(2026, 10, 5, 8, tzinfo=UTC)

KEPT_APART = {
    "person.merged_into_id",
    "evidence.person_id",
    "sharing_consent.person_id",
    "person_match.person_id",
    "person_match.other_id",
}
"""What refers to a person and goes by a rule of its own, not row by row."""


@pytest.fixture
def folk(sidecar: Sidecar) -> Folk:
    return Folk(sidecar)


@pytest.fixture
def course(sidecar: Sidecar) -> str:
    """A statutory course, valid for a year and renewed in its last month."""
    course_id = add_course(sidecar, "brannvern", "Brannvern")
    with sidecar.transaction() as db:
        one = db.get_one(Course, course_id)
        one.validity_months, one.renewal_days, one.is_transferable = 12, 30, True
    return course_id


def merge(sidecar: Sidecar, keep_id: str, other_id: str) -> str:
    with sidecar.transaction() as db:
        return merging.merge(db, keep_id, other_id, rule="email", by=None, now=sidecar.now()).id


def take_apart(sidecar: Sidecar, match_id: str) -> None:
    with sidecar.transaction() as db:
        merging.unmerge(db, db.get_one(PersonMatch, match_id), by=None, now=sidecar.now())


def belongings(sidecar: Sidecar) -> dict[str, Any]:
    """Return who has what, and what counts."""
    tables: tuple[Any, ...] = (Employment, Identity, PersonIdentifier, Evidence, SharingConsent)
    with sidecar.reading() as db:
        found: dict[str, Any] = {
            one.__tablename__: {row.id: row.person_id for row in db.scalars(select(one))} for one in tables
        }
        found["cycles"] = {one.id: one.completion_id for one in db.scalars(select(Evidence))}
        found["completion"] = {
            one.id: (one.person_id, one.completed_at, one.completed_on, one.valid_until, one.withdrawn_at is None)
            for one in db.scalars(select(Completion))
        }
        found["merged"] = {one.id: one.merged_into_id for one in db.scalars(select(Person))}
        found["ended"] = {one.id: one.withdrawn_at for one in db.scalars(select(SharingConsent))}
    return found


def rows_of(
    sidecar: Sidecar, municipality: Municipality, connection_id: str, period: str
) -> frozenset[tuple[str, str]]:
    """Return what the report of a period would tell a municipality."""
    with sidecar.reading() as db:
        here = db.get_one(Municipality, municipality.id)
        viewer = for_municipality(here.id)
        return list_report(db, viewer, here, read_period(period), connection_id, sidecar.today()).items


def test_what_refers_to_a_person_goes_over(sidecar: Sidecar) -> None:
    refers = {
        f"{table.name}.{key.parent.name}"
        for table in METADATA.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "person"
    }
    assert refers == KEPT_APART | {f"{one.__tablename__}.person_id" for one in merging.TABLES}


def test_one_has_all_that_was_the_other_s(
    sidecar: Sidecar, folk: Folk, course: str, kongsberg: Municipality, rollag: Municipality
) -> None:
    kept = folk.person(kongsberg.id, "1", email="kari@example.no")
    gone = folk.person(rollag.id, "7", email="kari@example.no", national="f00")
    account = folk.account(gone, "kari")
    folk.earn(gone, course, date(2026, 8, 1), account)
    merge(sidecar, kept, gone)
    after = belongings(sidecar)
    assert after["merged"] == {kept: None, gone: kept}
    assert (
        set(after["employment"].values())
        == set(after["identity"].values())
        == set(after["evidence"].values())
        == {kept}
    )
    assert sorted(after["person_identifier"].values()) == sorted([kept, gone, kept]), "the same e-mail stays behind"
    assert [day for _, day, _ in folk.cycles(kept)] == [date(2026, 8, 1)]
    with sidecar.reading() as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.action == "person.merged")).one()
        assert entry.facts == {"rule": "email", "other": gone}


def test_taken_apart_each_has_their_own_again(
    sidecar: Sidecar, folk: Folk, course: str, kongsberg: Municipality, rollag: Municipality
) -> None:
    kept = folk.person(kongsberg.id, "1", email="kari@example.no")
    gone = folk.person(rollag.id, "7", email="kari@example.no", national="f00")
    folk.earn(kept, course, date(2026, 8, 20), folk.account(kept, "kari"))
    folk.earn(kept, course, date(2024, 2, 1))
    folk.earn(gone, course, date(2026, 8, 1), folk.account(gone, "kari.n"))
    folk.earn(gone, course, date(2026, 3, 1))
    with sidecar.transaction() as db:
        for one in (kept, gone):
            given = sidecar.now()
            db.add(SharingConsent(person_id=one, municipality_id=rollag.id, course_id=course, given_at=given))
        db.flush()
        db.scalars(select(SharingConsent).where(SharingConsent.person_id == gone)).one().withdrawn_at = datetime(
            2026, 12, 1, tzinfo=UTC
        )
    before = belongings(sidecar)
    match_id = merge(sidecar, kept, gone)
    assert [day for _, day, _ in folk.cycles(kept)] == [date(2024, 2, 1), date(2026, 3, 1)], (
        "overlapping cycles are one"
    )
    assert all(belongings(sidecar)["ended"].values()), "who took it back has taken it back"
    today = sidecar.now()
    with sidecar.transaction() as db:
        course_now = db.get_one(Course, course)
        course_now.validity_months = 6  # a rule that changes later leaves finished cycles alone, here too
    take_apart(sidecar, match_id)
    assert belongings(sidecar) == before
    with sidecar.transaction() as db:
        match = db.get_one(PersonMatch, match_id)
        assert (match.state, match.moved, match.decided_at) == (DIFFERENT, None, today)
        with pytest.raises(merging.NotMergedError):
            merging.unmerge(db, match, by=None, now=sidecar.now())


def test_what_came_in_between_goes_by_what_it_rests_on(
    sidecar: Sidecar, folk: Folk, course: str, kongsberg: Municipality, rollag: Municipality
) -> None:
    kept, gone = folk.person(kongsberg.id, "1"), folk.person(rollag.id, "7")
    old = folk.account(gone, "old")
    match_id = merge(sidecar, kept, gone)
    new = folk.account(kept, "new")
    with sidecar.transaction() as db:
        works = db.scalars(select(Employment).where(Employment.employee_number == "7")).one()
        db.get_one(Identity, new).employment_id = works.id  # the LMS names the employee of Rollag
        own = db.scalars(select(Employment).where(Employment.employee_number == "1")).one()
        folk.know(db, kept, EMAIL, "new@example.no")
        own_id = own.id
    by_account = folk.earn(kept, course, date(2026, 9, 1), old)
    by_new = folk.earn(kept, course, date(2026, 9, 2), new)
    by_file = folk.earn(kept, course, date(2026, 9, 3))
    take_apart(sidecar, match_id)
    after = belongings(sidecar)
    assert {key: after["evidence"][key] for key in (by_account, by_new, by_file)} == {
        by_account: gone,
        by_new: gone,
        by_file: kept,
    }
    assert after["identity"] == {old: gone, new: gone}
    assert after["employment"][own_id] == kept
    assert list(after["person_identifier"].values()) == [kept]
    assert [day for _, day, _ in folk.cycles(kept)] == [date(2026, 9, 3)]
    assert [day for _, day, _ in folk.cycles(gone)] == [date(2026, 9, 1)]


def test_no_employer_is_told_a_row_twice(
    sidecar: Sidecar, clock: FakeClock, folk: Folk, course: str, kongsberg: Municipality, rollag: Municipality
) -> None:
    kept, gone = folk.person(kongsberg.id, "1"), folk.person(rollag.id, "7")
    folk.earn(kept, course, date(2026, 9, 10))
    folk.earn(gone, course, date(2026, 9, 2))
    own, other = folk.channel(kongsberg.id), folk.channel(rollag.id)
    first = rows_of(sidecar, kongsberg, own, "2026-09")
    folk.deliver(kongsberg.id, own, first)
    match_id = merge(sidecar, kept, gone)
    clock.set(OCTOBER)
    assert rows_of(sidecar, kongsberg, own, "2026-10") == frozenset(), "the joined cycle was told in September"
    told_other = rows_of(sidecar, rollag, other, "2026-09")
    assert len(told_other) == 1
    folk.deliver(rollag.id, other, told_other)
    take_apart(sidecar, match_id)
    for here, channel in ((kongsberg, own), (rollag, other)):
        assert rows_of(sidecar, here, channel, "2026-10") == frozenset()
    assert rows_of(sidecar, kongsberg, own, "2026-09") == first
    assert rows_of(sidecar, rollag, other, "2026-09") == told_other


def test_what_was_delivered_while_they_were_one_stays_told(
    sidecar: Sidecar, clock: FakeClock, folk: Folk, course: str, kongsberg: Municipality, rollag: Municipality
) -> None:
    kept, gone = folk.person(kongsberg.id, "1"), folk.person(rollag.id, "7")
    folk.earn(kept, course, date(2026, 9, 10))
    folk.earn(gone, course, date(2026, 9, 2))
    own = folk.channel(kongsberg.id)
    match_id = merge(sidecar, kept, gone)
    folk.deliver(kongsberg.id, own, rows_of(sidecar, kongsberg, own, "2026-09"))
    take_apart(sidecar, match_id)
    clock.set(OCTOBER)
    assert rows_of(sidecar, kongsberg, own, "2026-10") == frozenset()
    ((completion_id, _, _),) = folk.cycles(kept)
    with sidecar.reading() as db:
        assert completion_id in set(db.scalars(select(DeliveryItem.completion_id)))


def test_a_chain_is_flat_and_comes_apart_in_any_order(
    sidecar: Sidecar, folk: Folk, course: str, kongsberg: Municipality, rollag: Municipality
) -> None:
    a, b, c = (folk.person(kongsberg.id, number) for number in "123")
    for one, day in ((a, 1), (b, 2), (c, 3)):
        folk.earn(one, course, date(2026, 8, day))
    before = belongings(sidecar)
    for order in ((0, 1), (1, 0)):
        matches = [merge(sidecar, b, c), merge(sidecar, a, b)]
        assert belongings(sidecar)["merged"] == {a: None, b: a, c: a}
        assert len(folk.cycles(a)) == 1
        take_apart(sidecar, matches[order[0]])
        take_apart(sidecar, matches[order[1]])
        assert belongings(sidecar) == before, order


@pytest.mark.parametrize(
    ("pick", "error"),
    [
        (lambda a, b, gone, erased: (a, a), merging.SamePersonError),
        (lambda a, b, gone, erased: (a, erased), merging.PersonErasedError),
        (lambda a, b, gone, erased: (erased, a), merging.PersonErasedError),
        (lambda a, b, gone, erased: (a, gone), merging.PersonMergedError),
        (lambda a, b, gone, erased: (gone, a), merging.PersonMergedError),
    ],
)
def test_what_can_t_be_one_is_refused(
    sidecar: Sidecar,
    folk: Folk,
    kongsberg: Municipality,
    pick: Callable[..., tuple[str, str]],
    error: type[SidecarError],
) -> None:
    a, b, gone, erased = (folk.person(kongsberg.id, number) for number in "1234")
    merge(sidecar, b, gone)
    with sidecar.transaction() as db:
        db.get_one(Person, erased).erased_at = sidecar.now()
    before = belongings(sidecar)
    with pytest.raises(error):
        merge(sidecar, *pick(a, b, gone, erased))
    assert belongings(sidecar) == before


@pytest.mark.parametrize("is_crossed", [False, True])
def test_of_two_merges_at_once_one_holds(
    sidecar: Sidecar, folk: Folk, course: str, kongsberg: Municipality, rollag: Municipality, is_crossed: bool
) -> None:
    a, b = folk.person(kongsberg.id, "1"), folk.person(rollag.id, "7")
    folk.earn(a, course, date(2026, 8, 1), folk.account(a, "a"))
    folk.earn(b, course, date(2026, 8, 2), folk.account(b, "b"))
    refused: list[Exception] = []

    def try_it(pair: tuple[str, str]) -> None:
        try:
            merge(sidecar, *pair)
        except SidecarError as error:
            refused.append(error)

    threads = [Thread(target=try_it, args=[pair]) for pair in ((a, b), (b, a) if is_crossed else (a, b))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [type(one) for one in refused] == [merging.PersonMergedError]
    with sidecar.reading() as db:
        (match,) = db.scalars(select(PersonMatch)).all()
        assert match.state == MERGED
        assert set(db.scalars(select(Evidence.person_id))) == {match.person_id}


def test_who_is_held_by_another_transaction_is_not_waited_for(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality
) -> None:
    a, b = folk.person(kongsberg.id, "1"), folk.person(rollag.id, "7")
    with sidecar.transaction() as db:
        assert merging.lock(db, (a, b), patiently=False)
        if db.get_bind().dialect.name == "postgresql":
            with sidecar.transaction() as other:
                assert not merging.lock(other, (b,), patiently=False)


def test_settling_again_changes_nothing(
    sidecar: Sidecar, folk: Folk, course: str, kongsberg: Municipality, rollag: Municipality
) -> None:
    a, b = folk.person(kongsberg.id, "1"), folk.person(rollag.id, "7")
    folk.earn(a, course, date(2026, 8, 1))
    folk.earn(b, course, date(2026, 8, 2))
    match_id = merge(sidecar, a, b)
    for is_apart in (False, True):
        if is_apart:
            take_apart(sidecar, match_id)
        before = belongings(sidecar)
        with sidecar.transaction() as db:
            settling.settle(db, {(a, course), (b, course)}, sidecar.now())
        assert belongings(sidecar) == before
