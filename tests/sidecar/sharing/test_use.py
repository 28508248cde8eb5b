"""The owner of a path hears how much another region uses it: as counts, once a month, only as agreed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.core.adoption_answers import change_reporting
from sidecar.core.path_contents import canonical
from sidecar.core.path_use import KIND, PathUse, coarse, list_use
from sidecar.sharing.reaching import call
from sidecar.sharing.use import ask_where_due
from tests.fakes.two_regions import TwoRegions
from tests.sidecar.sharing.adopted import origin, path, receive_path, take


@pytest.fixture
def two(two_regions: TwoRegions, tmp_path: Path) -> TwoRegions:
    receive_path(two_regions, tmp_path)
    return two_regions


def tell(two: TwoRegions) -> int:
    count = ask_where_due(two.here.sidecar)
    two.here.work(KIND)
    return count


def heard(two: TwoRegions) -> list[PathUse]:
    with two.there.sidecar.reading() as db:
        found = [use for use, _ in list_use(db, path(two.there))]
        db.expunge_all()
        return found


def test_nothing_is_told_that_was_not_agreed(two: TwoRegions) -> None:
    take(two)
    assert tell(two) == 0
    assert heard(two) == []


def test_what_was_agreed_is_told_once_a_month(two: TwoRegions) -> None:
    take(two, reports_use=True)
    assert tell(two) == 1
    [use] = heard(two)
    assert (use.month, use.begun, use.finished) == ("2026-09", "<5", "<5")
    assert tell(two) == 0
    two.clock.advance(days=31)
    assert tell(two) == 1
    assert [one.month for one in heard(two)] == ["2026-10"]


def test_what_is_taken_back_is_forgotten_there(two: TwoRegions) -> None:
    take(two, reports_use=True)
    tell(two)
    here = two.here.sidecar
    with here.transaction() as db:
        change_reporting(db, two.here.viewer, origin(two), is_on=False, now=here.now())
    assert tell(two) == 1
    assert heard(two) == []
    assert tell(two) == 0


def test_a_small_number_is_never_told() -> None:
    assert [coarse(count) for count in (0, 4, 5, 12)] == ["<5", "<5", "5", "12"]


GOOD = {"adopted": True, "begun": "12", "finished": "<5", "month": "2026-09"}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 200),
        ({"begun": "4"}, 400),
        ({"begun": 12}, 400),
        ({"begun": "mange"}, 400),
        ({"month": "2026-13"}, 400),
        ({"adopted": "ja"}, 400),
        ({"person": "Kari"}, 400),
        ({"path": "https://vesteralen.example.no/exchange/vesteralen/paths/ukjent"}, 404),
        ({"path": "https://annen.example.no/exchange/annen/paths/hms-lop"}, 404),
    ],
    ids=str,
)
def test_what_is_no_count_is_refused(two: TwoRegions, change: dict[str, Any], status: int) -> None:
    body = canonical(GOOD | {"path": origin(two)} | change)
    answer = call(two.here.sidecar, two.here.peer(two.there).id, "POST", "/usage", body)
    assert answer.status == status
    assert len(heard(two)) == (status == 200)
