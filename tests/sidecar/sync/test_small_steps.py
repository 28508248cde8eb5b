"""Many small changes within a week are asked about as one large one is."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from sidecar.core.people import Employment
from sidecar.core.people_sources import Source
from sidecar.core.recent_changes import count_recent
from sidecar.sync import sources
from tests.fakes.clock import FakeClock
from tests.sidecar.sync.hr import OPERATOR, Hr, finish

WITH_START = "ansattnr;fornavn;etternavn;enhet;startdato"


def recent(hr: Hr) -> int:
    with hr.sidecar.reading() as db:
        return count_recent(db.get_one(Source, hr.source_id), hr.sidecar.today())


def test_a_tenth_a_day_stops_on_the_second_day(hr: Hr, clock: FakeClock) -> None:
    staff = hr.staff(100)
    hr.write(*staff)
    hr.run()
    clock.advance(days=1)
    hr.write(*staff[10:])
    assert (hr.run().state, recent(hr)) == ("done", 10)
    clock.advance(days=1)
    hr.write(*staff[11:])
    run = hr.run()
    assert (run.state, run.counts["would_end"], run.counts["changed_of_late"]) == ("quarantined", 1, 10)
    assert len(hr.people()) == 90


def test_after_a_week_a_tenth_may_leave_again(hr: Hr, clock: FakeClock) -> None:
    staff = hr.staff(100)
    hr.write(*staff)
    hr.run()
    hr.write(*staff[10:])
    hr.run()
    clock.advance(days=7)
    hr.write(*staff[19:])
    assert (hr.run().state, recent(hr)) == ("done", 9)


def test_what_somebody_approved_is_not_counted_again(hr: Hr, clock: FakeClock) -> None:
    staff = hr.staff(100)
    hr.write(*staff)
    hr.run()
    hr.write(*staff[30:])
    sources.decide(hr.sidecar, OPERATOR, hr.run().id, is_approved=True)
    assert finish(hr.sidecar, hr.last_run().id).state == "done"
    clock.advance(days=1)
    assert recent(hr) == 0
    hr.write(*staff[35:])
    assert hr.run().state == "done"


def test_what_was_rejected_stays_out_also_once_it_is_a_small_step_again(hr: Hr, clock: FakeClock) -> None:
    staff = hr.staff(100)
    hr.write(*staff)
    hr.run()
    hr.write(*staff[10:])
    hr.run()
    hr.write(*staff[15:])
    sources.decide(hr.sidecar, OPERATOR, hr.run().id, is_approved=False)
    clock.advance(days=8)
    assert hr.run().error_code == "people-feed-rejected"
    assert len(hr.people()) == 90


def test_invented_newcomers_make_no_room_for_leavers(hr: Hr, clock: FakeClock) -> None:
    staff = hr.staff(20)
    hr.write(*staff)
    hr.run()
    clock.advance(days=30)
    invented = hr.staff(100, first=1000)
    hr.write(*staff, *invented)
    assert hr.run().counts["added"] == 100
    clock.advance(days=1)
    hr.write(*staff[10:], *invented)
    assert hr.run().state == "quarantined"


@pytest.mark.parametrize(("day", "state"), [("2020-06-01", "quarantined"), ("2026-08-01", "done")])
def test_first_days_that_move_far_back_are_asked_about(hr: Hr, day: str, state: str) -> None:
    people = [row.split(";")[:3] for row in hr.staff(20)]
    hr.write(*(f"{';'.join(one)};Skole;2026-09-01" for one in people), head=WITH_START)
    hr.run()
    hr.write(*(f"{';'.join(one)};Skole;{day}" for one in people), head=WITH_START)
    run = hr.run()
    assert run.state == state
    assert run.counts.get("would_earlier", 0) == (20 if state == "quarantined" else 0)
    with hr.sidecar.reading() as db:
        days = set(db.scalars(select(Employment.started_on)))
    assert days == {date(2026, 9, 1) if state == "quarantined" else date(2026, 8, 1)}
