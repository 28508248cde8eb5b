"""Test the answer for a month: expected, delivered, failed, missing, and that many make it no slower."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event

from sidecar.connectors.base import UnreachableError
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.connections import Connection
from sidecar.core.deliveries import Delivery, note_returned, reopen, told
from sidecar.core.delivery_months import Month, answer
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import month
from sidecar.core.regions import join
from sidecar.core.report_definitions import ReportDefinition, add_version, ensure_default
from sidecar.core.report_runs import ReportDue, ReportRun
from sidecar.core.report_specs import BASIC, Spec
from sidecar.runtime import Sidecar
from tests.fakes.ledger import MUNICIPALITIES, fill

SEPTEMBER = month(2026, 9)
CONSOLE = operator_at_the_console()
DUE = datetime(2026, 9, 1, 4, tzinfo=UTC)


@pytest.fixture
def due(sidecar: Sidecar) -> None:
    """The report of August was due on the first of September."""
    with sidecar.transaction() as db:
        ensure_default(db, DUE)
        db.add(ReportDue(definition_id="completions", due_at=DUE, taken_at=DUE))


def connect(
    sidecar: Sidecar,
    municipality: Municipality,
    *,
    created_at: datetime = DUE - timedelta(days=9),
    removed_at: datetime | None = None,
) -> Connection:
    connection = Connection(
        municipality_id=municipality.id,
        connector="folder",
        settings=b"",
        created_at=created_at,
        removed_at=removed_at,
    )
    with sidecar.transaction() as db:
        db.add(connection)
    return connection


def deliver(sidecar: Sidecar, connection: Connection, **values: object) -> Delivery:
    facts: dict[str, object] = {
        "key": f"{time.monotonic_ns():064}",
        "municipality_id": connection.municipality_id,
        "connection_id": connection.id,
        "period": "2026-08",
        "period_start": date(2026, 8, 1),
        "period_end": date(2026, 8, 31),
        "content_hash": "0" * 64,
        "row_count": 1,
        "files": [],
        "state": "delivered",
        "created_at": DUE,
    }
    made = Delivery(**facts | values)  # type: ignore[arg-type]  # a test says what it cares for
    with sidecar.transaction() as db:
        db.add(made)
    return made


def ask(sidecar: Sidecar, viewer: Viewer = CONSOLE) -> Month:
    with sidecar.reading() as db:
        return answer(db, viewer, SEPTEMBER, lambda _: True)


def verdicts(found: Month) -> dict[str, str]:
    return {line.municipality.slug: line.verdict for line in found.lines}


def test_an_empty_month_says_so(sidecar: Sidecar, kongsberg: Municipality) -> None:
    assert (ask(sidecar).verdict, ask(sidecar).causes) == ("nothing", [])


@pytest.mark.usefixtures("due")
def test_what_was_due_is_delivered_missing_or_has_no_channel(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    ours = connect(sidecar, kongsberg)
    found = ask(sidecar)
    assert verdicts(found) == {"kongsberg": "wanting", "rollag": "no-channel"}
    [missing] = found.missing
    assert (missing.municipality_id, missing.due.period, found.verdict) == (kongsberg.id, month(2026, 8), "wanting")

    deliver(sidecar, ours, read_at=DUE)
    found = ask(sidecar)
    assert verdicts(found) == {"kongsberg": "delivered", "rollag": "no-channel"}
    assert (found.total("delivered"), found.total("read"), found.verdict) == (1, 1, "no-channel")


@pytest.mark.usefixtures("due")
def test_what_was_delivered_before_it_was_due_counts(sidecar: Sidecar, kongsberg: Municipality) -> None:
    deliver(sidecar, connect(sidecar, kongsberg), created_at=DUE - timedelta(days=1))
    assert verdicts(ask(sidecar)) == {"kongsberg": "delivered"}


@pytest.mark.usefixtures("due")
def test_what_was_made_or_corrected_after_the_month_counts(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    october = SEPTEMBER.ends_at + timedelta(days=1)
    first = deliver(sidecar, connect(sidecar, kongsberg))
    deliver(sidecar, connect(sidecar, rollag), created_at=october)
    assert verdicts(ask(sidecar)) == {"kongsberg": "delivered", "rollag": "delivered"}
    with sidecar.reading() as db:
        connection = db.get_one(Connection, first.connection_id)
    deliver(sidecar, connection, corrects_id=first.id, created_at=october)
    assert verdicts(ask(sidecar))["kongsberg"] == "delivered"
    deliver(sidecar, connection, period_end=date(2026, 9, 30), created_at=october)  # October's own
    assert ask(sidecar).total("delivered") == 2


@pytest.mark.usefixtures("due")
def test_a_channel_that_came_later_misses_nothing(sidecar: Sidecar, kongsberg: Municipality) -> None:
    connect(sidecar, kongsberg, created_at=DUE + timedelta(days=1))
    assert verdicts(ask(sidecar)) == {"kongsberg": "nothing"}


@pytest.mark.usefixtures("due")
def test_a_run_that_is_not_over_is_under_way(sidecar: Sidecar, kongsberg: Municipality) -> None:
    connect(sidecar, kongsberg)
    with sidecar.transaction() as db:
        db.add(ReportRun(definition_id="completions", version=1, period="2026-08", asked_at=DUE, state="running"))
    assert verdicts(ask(sidecar)) == {"kongsberg": "under-way"}


@pytest.mark.usefixtures("due")
@pytest.mark.parametrize(
    ("period", "chosen", "todo", "under_way"),
    [
        ("2026-08", ["kongsberg"], None, ["kongsberg"]),
        ("2026-08", None, [["rollag", "2026-08"]], ["rollag"]),
        ("2026-08", None, [], []),
        ("2026-07", None, None, []),
    ],
)
def test_a_run_is_under_way_for_its_period_and_municipalities_alone(
    sidecar: Sidecar,
    kongsberg: Municipality,
    rollag: Municipality,
    period: str,
    chosen: list[str] | None,
    todo: list[list[str]] | None,
    under_way: list[str],
) -> None:
    ids = {"kongsberg": kongsberg.id, "rollag": rollag.id}
    connect(sidecar, kongsberg)
    connect(sidecar, rollag)
    run = ReportRun(definition_id="completions", version=1, period=period, asked_at=DUE, state="running")
    run.chosen = chosen and [ids[slug] for slug in chosen]
    run.todo = None if todo is None else [[ids[slug], name] for slug, name in todo]
    with sidecar.transaction() as db:
        db.add(run)
    expected = {slug: "under-way" if slug in under_way else "wanting" for slug in ids}
    assert verdicts(ask(sidecar)) == expected


def test_failures_are_grouped_by_cause_till_a_newer_one_takes_their_place(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    one, other = connect(sidecar, kongsberg), connect(sidecar, rollag)
    problem = told(UnreachableError())
    first = deliver(sidecar, one, state="failed", **problem)
    deliver(sidecar, other, state="failed", **problem)
    deliver(sidecar, other, state="sent", error_code="never-answered", error=problem["error"])
    deliver(sidecar, one, state="sent")
    found = ask(sidecar)
    assert [(each.code, len(each.delivery_ids), each.is_same) for each in found.causes] == [
        ("connector-unreachable", 2, True),
        ("never-answered", 1, True),
    ]
    assert [each.slug for each in found.causes[0].municipalities] == ["kongsberg", "rollag"]
    assert (found.total("failed"), found.total("sent")) == (3, 1)

    deliver(sidecar, one, resends_id=first.id)
    assert ask(sidecar).total("failed") == 2
    assert verdicts(ask(sidecar))["kongsberg"] == "under-way"


def test_what_failed_over_a_channel_that_is_gone_is_past_mending(sidecar: Sidecar, kongsberg: Municipality) -> None:
    gone = connect(sidecar, kongsberg, removed_at=DUE)
    deliver(sidecar, gone, state="failed", **told(UnreachableError()))
    assert (ask(sidecar).causes, verdicts(ask(sidecar))) == ([], {"kongsberg": "nothing"})


def test_a_failure_is_over_once_something_newer_of_the_same_is_delivered(
    sidecar: Sidecar, kongsberg: Municipality
) -> None:
    ours, problem = connect(sidecar, kongsberg), told(UnreachableError())
    deliver(sidecar, ours, state="failed", **problem)
    later = DUE + timedelta(hours=1)
    deliver(sidecar, ours, state="failed", created_at=later, **problem)
    deliver(sidecar, ours, period="2026-07", period_end=date(2026, 7, 31), created_at=later)
    deliver(sidecar, connect(sidecar, kongsberg), created_at=later)
    assert ask(sidecar).total("failed") == 2
    deliver(sidecar, ours, content_hash="1" * 64, created_at=later)
    assert ask(sidecar).total("failed") == 1
    deliver(sidecar, ours, content_hash="2" * 64, created_at=later + timedelta(hours=1))
    assert (ask(sidecar).causes, verdicts(ask(sidecar))) == ([], {"kongsberg": "delivered"})


def test_a_correction_that_is_not_needed_any_more_counts_no_longer(sidecar: Sidecar, kongsberg: Municipality) -> None:
    ours, later = connect(sidecar, kongsberg), DUE + timedelta(hours=1)
    first = deliver(sidecar, ours)
    failed: dict[str, object] = {"state": "failed", "content_hash": "1" * 64, "created_at": later}
    second = deliver(sidecar, ours, **failed, corrects_id=first.id, **told(UnreachableError()))
    assert verdicts(ask(sidecar)) == {"kongsberg": "wanting"}
    with sidecar.transaction() as db:
        note_returned(db, first)
    found = ask(sidecar)
    assert (found.causes, found.total("delivered"), verdicts(found)) == ([], 1, {"kongsberg": "delivered"})
    with sidecar.transaction() as db:  # it is what the report says after all
        reopen(db, db.get_one(Delivery, second.id), later)
    assert ask(sidecar).total("waiting") == 1


def test_what_has_no_files_any_more_is_a_cause_of_its_own(sidecar: Sidecar, kongsberg: Municipality) -> None:
    ours, problem = connect(sidecar, kongsberg), told(UnreachableError())
    deliver(sidecar, ours, state="failed", **problem)
    gone = deliver(sidecar, ours, state="failed", files_removed_at=DUE, **problem)
    [one, other] = ask(sidecar).causes
    assert (one.is_past_retry, other.is_past_retry, other.delivery_ids) == (False, True, [gone.id])


def define(sidecar: Sidecar, key: str, spec: Spec, due_at: datetime, region_id: str | None = None) -> None:
    """Write a definition that was due at a moment."""
    with sidecar.transaction() as db:
        definition = ReportDefinition(id=key, region_id=region_id, created_at=DUE - timedelta(days=99))
        db.add(definition)
        db.flush()
        add_version(db, definition, key, spec, None, DUE - timedelta(days=99))
        db.add(ReportDue(definition_id=key, due_at=due_at, taken_at=due_at))


def week_to(sunday: date) -> dict[str, object]:
    start = sunday - timedelta(days=6)
    return {"definition": "weekly", "period": f"{start}/{sunday}", "period_start": start, "period_end": sunday}


def test_of_what_was_not_delivered_yet_the_last_week_counts(sidecar: Sidecar, kongsberg: Municipality) -> None:
    monday = datetime(2026, 9, 28, 4, tzinfo=UTC)
    define(sidecar, "weekly", replace(BASIC.spec, period="since-last", schedule="0 6 * * 1"), monday)
    ours = connect(sidecar, kongsberg)
    deliver(sidecar, ours, **week_to(date(2026, 9, 6)), created_at=datetime(2026, 9, 7, 4, tzinfo=UTC))
    ahead = week_to(date(2026, 9, 30))  # it was made long before its period ended
    deliver(sidecar, ours, **ahead, created_at=datetime(2026, 9, 8, 4, tzinfo=UTC))
    assert (verdicts(ask(sidecar)), len(ask(sidecar).missing)) == ({"kongsberg": "wanting"}, 1)

    for sunday in (date(2026, 10, 4), date(2026, 10, 11)):  # the first makes up for what was left out
        at = datetime.combine(sunday + timedelta(days=1), DUE.time(), UTC)
        deliver(sidecar, ours, **week_to(sunday), created_at=at)
    found = ask(sidecar)
    assert (verdicts(found), found.total("delivered")) == ({"kongsberg": "delivered"}, 3)

    deliver(sidecar, ours, **week_to(date(2026, 9, 27)), created_at=monday)
    assert ask(sidecar).total("delivered") == 3


def test_what_no_channel_takes_has_no_channel(sidecar: Sidecar, kongsberg: Municipality) -> None:
    define(sidecar, "posted", replace(BASIC.spec, connectors=("svarut",)), DUE)
    ours = connect(sidecar, kongsberg)
    assert verdicts(ask(sidecar)) == {"kongsberg": "no-channel"}
    deliver(sidecar, ours, definition="posted")  # it took folders then
    assert verdicts(ask(sidecar)) == {"kongsberg": "delivered"}


def test_members_are_those_of_each_reports_own_period(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    with sidecar.transaction() as db:
        region = join(db, "kongsbergregionen", kongsberg.id, date(2026, 9, 10))
    define(sidecar, "a-monthly", BASIC.spec, DUE, region.id)
    define(sidecar, "b-since-last", replace(BASIC.spec, period="since-last"), DUE, region.id)
    due = {one.defined.id: one.municipality_ids for one in ask(sidecar).due}
    assert due == {"a-monthly": frozenset(), "b-since-last": {kongsberg.id}}


def test_an_office_sees_its_own_alone(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> None:
    for each in (kongsberg, rollag):
        deliver(sidecar, connect(sidecar, each), state="failed", **told(UnreachableError()))
    ours = frozenset({rollag.id})
    office = Viewer(roles=frozenset({"rkk"}), municipality_ids=ours | {kongsberg.id}, rkk_for=ours)
    found = ask(sidecar, office)
    assert (verdicts(found), len(found.causes[0].delivery_ids)) == ({"rollag": "wanting"}, 1)


@pytest.fixture
def statements(sidecar: Sidecar) -> Iterator[list[str]]:
    """What was asked of the database."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(sidecar.reader, "before_cursor_execute", note)
    yield seen
    event.remove(sidecar.reader, "before_cursor_execute", note)


@pytest.mark.usefixtures("due")
def test_many_municipalities_cost_no_further_query_and_little_time(
    sidecar: Sidecar, kongsberg: Municipality, statements: list[str]
) -> None:
    ask(sidecar)
    few = len(statements)
    fill(sidecar, DUE)
    statements.clear()
    took = []
    for _ in range(3):
        began = time.perf_counter()
        found = ask(sidecar)
        took.append(time.perf_counter() - began)
    assert len(found.lines) == MUNICIPALITIES
    assert found.total("delivered") + found.total("failed") == MUNICIPALITIES * 3
    assert len(statements) == few * 3
    assert min(took) < 0.5  # an idle machine needs a tenth of it; others work beside us here


def test_a_retired_definition_that_ran_in_the_month_still_counts(sidecar: Sidecar, kongsberg: Municipality) -> None:
    connect(sidecar, kongsberg)
    with sidecar.transaction() as db:
        ensure_default(db, DUE)
        db.add(ReportDue(definition_id="completions", due_at=DUE, taken_at=DUE))
        db.get_one(ReportDefinition, "completions").retired_at = DUE + timedelta(days=1)
    [missing] = ask(sidecar).missing
    assert missing.due.is_retired
