"""Test that a preview shows the first lines of what would be delivered, and tells of all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import read_period
from sidecar.core.report_specs import BASIC, Kind, Spec
from sidecar.errors import NotFoundError
from sidecar.reports import asking, deliver
from sidecar.reports.previewing import draft, preview
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.reports.world import World

OPERATOR = operator_at_the_console()
SEPTEMBER, OCTOBER = read_period("2026-09"), read_period("2026-10")
SPEC = Spec(formats=("csv", "html"), language="en", columns=("last_name", "course", "status"))


@pytest.fixture
def here(world: World, kongsberg: Municipality, clock: FakeClock) -> Municipality:
    """Kongsberg, where Åse, Ida and Kari have completed two courses each."""
    clock.set(datetime(2026, 10, 15, tzinfo=UTC))
    courses = [world.course("brann", "Brannvern"), world.course("it", "IT")]
    for number, name in enumerate(("Åse Ås", "Ida Berg", "Kari Dahl")):
        who = world.identity(name, world.employ(kongsberg, str(number), name).person_id)
        for course in courses:
            world.complete(who, course, datetime(2026, 9, 3, 10, tzinfo=UTC))
    return kongsberg


@pytest.mark.parametrize("kind", ["completions", "status"])
@pytest.mark.parametrize("count", [1, 3, 100])
def test_the_first_lines_are_shown_and_all_are_counted(
    sidecar: Sidecar, here: Municipality, kind: Kind, count: int
) -> None:
    defined = draft("", replace(SPEC, kind=kind))
    whole = preview(sidecar, OPERATOR, here, defined, SEPTEMBER)
    told = [(line.cells[0], line.cells[1]) for line in whole.lines]
    assert told == [(name, course) for name in ("Berg", "Dahl", "Ås") for course in ("Brannvern", "IT")]
    shown = preview(sidecar, OPERATOR, here, defined, SEPTEMBER, count=count)
    assert list(shown.lines) == list(whole.lines)[:count]
    assert list(shown.document.lines()) == list(shown.lines)
    assert shown.document.row_count == 6
    assert shown.document.figures == whole.document.figures
    assert list(shown.person_ids) == list(whole.person_ids)[: (count + 1) // 2]


def test_late_lines_are_counted_though_they_are_not_shown(
    sidecar: Sidecar, world: World, here: Municipality, tmp_path: Path
) -> None:
    world.folder(here, tmp_path / "reports")
    defined = replace(BASIC, spec=SPEC)
    [delivery] = asking.request(sidecar, here.id, SEPTEMBER, defined)
    deliver.hand_over(sidecar, delivery.id)
    late = world.identity("late", world.employ(here, "9", "Per Zahl").person_id)
    world.complete(late, world.course("hms", "HMS"), datetime(2026, 9, 4, 10, tzinfo=UTC))
    world.complete(late, world.course("data", "Data"), datetime(2026, 10, 4, 10, tzinfo=UTC))
    shown = preview(sidecar, OPERATOR, here, defined, OCTOBER, count=1)
    assert (len(shown.lines), shown.document.row_count, shown.late_count) == (1, 2, 1)


def test_only_who_may_see_them_all_looks(sidecar: Sidecar, here: Municipality) -> None:
    with pytest.raises(NotFoundError):
        preview(sidecar, Viewer(units=frozenset({(here.id, "Helse")})), here, draft("", SPEC), SEPTEMBER)
