"""The staff pages say what is wrong, how long things are kept, and what is gone since."""

import pytest

from sidecar.core import heartbeats, notices
from sidecar.core.deliveries import Delivery
from sidecar.core.notices import Observation
from sidecar.core.periods import month_before
from sidecar.core.retention import DEFAULTS, Periods, periods_of
from sidecar.health import DiskFullError
from sidecar.reports import asking, deliver
from sidecar.runtime import Sidecar
from sidecar.watch import DeliveriesFailingError
from tests.fakes.clock import FakeClock
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.town import Town

ONLY_OPERATORS = "Av disken med SIDECAR_DATA er bare 4 % ledig"
SILENT = "Planleggeren har ikke vært sett på 7 minutter"


def notice(sidecar: Sidecar, town: Town) -> None:
    """Let a disk be full and a municipality's deliveries fail."""
    disk, failing = DiskFullError(percent=4), DeliveriesFailingError(count=2, municipality="Rollag kommune")
    seen = [
        Observation(disk.code, disk.text(), disk.facts),
        Observation(failing.code, failing.text(), failing.facts, town.rollag.id, town.rollag.id),
    ]
    with sidecar.transaction() as db:
        notices.settle(db, seen, sidecar.now())


def test_operators_see_everything_that_is_wrong(
    sidecar: Sidecar, clock: FakeClock, town: Town, sign_in: SignIn
) -> None:
    notice(sidecar, town)
    with sidecar.transaction() as db:
        heartbeats.beat(db, heartbeats.SCHEDULER, clock())
    clock.advance(minutes=7)
    page = sign_in("operator").get("/staff/")
    assert ONLY_OPERATORS in page
    assert SILENT in page
    assert "Leveranser til Rollag kommune som har feilet: 2" in page
    assert "Siden 15. sep. 2026 10:00" in page


@pytest.mark.parametrize(
    ("role", "scope", "sees"),
    [
        ("rkk", {"region": "kongsbergregionen"}, True),
        ("contact", {"municipality": "rollag"}, True),
        ("contact", {"municipality": "kongsberg"}, False),
        ("manager", {"municipality": "rollag", "unit": "Skolen"}, False),
    ],
)
def test_others_see_what_concerns_their_municipalities(
    sidecar: Sidecar, town: Town, sign_in: SignIn, role: str, scope: dict[str, str], sees: bool
) -> None:
    notice(sidecar, town)
    page = sign_in(role, **scope).get("/staff/")
    assert ("Rollag kommune som har feilet" in page) is sees
    assert ONLY_OPERATORS not in page
    assert "Planleggeren" not in page


def test_the_rkk_sets_how_long_things_are_kept(sidecar: Sidecar, town: Town, sign_in: SignIn) -> None:
    rkk = sign_in("rkk", region="kongsbergregionen")
    url = "/staff/municipalities/rollag"
    assert (
        f'name="attempts_days" type="number" required min="30" max="3650" value="{DEFAULTS.attempts_days}"'
        in rkk.get(url)
    )
    rkk.post(f"{url}/keep", {"attempts_days": "90", "report_files_days": "3650"})
    with sidecar.reading() as db:
        assert periods_of(db, town.rollag.id) == Periods(90, 3650)
        assert periods_of(db, town.kongsberg.id) == DEFAULTS
    assert 'value="90"' in rkk.get(url)


@pytest.mark.parametrize("days", ["29", "3651", "", "-40", "1e3", "ninety", "９０", "9" * 400])
def test_other_periods_are_refused(sidecar: Sidecar, town: Town, sign_in: SignIn, days: str) -> None:
    rkk = sign_in("rkk", region="kongsbergregionen")
    page = rkk.post("/staff/municipalities/rollag/keep", {"attempts_days": days, "report_files_days": "90"}, status=400)
    assert "30" in page
    assert "3650" in page
    with sidecar.reading() as db:
        assert periods_of(db, town.rollag.id) == DEFAULTS


def test_a_contact_reads_them(town: Town, sign_in: SignIn) -> None:
    page = sign_in("contact", municipality="rollag").get("/staff/municipalities/rollag")
    assert "Hvor lenge ting lagres" in page
    assert "attempts_days" not in page


def test_files_that_went_away_are_told_as_gone(sidecar: Sidecar, clock: FakeClock, town: Town, sign_in: SignIn) -> None:
    (asked,) = asking.request(sidecar, town.kongsberg.id, month_before(sidecar.today()))
    deliver.hand_over(sidecar, asked.id)
    clock.advance(days=401)
    with sidecar.transaction() as db:
        db.get_one(Delivery, asked.id).files_removed_at = clock()
    operator = sign_in("operator")
    name = asked.files[0]["name"]
    page = operator.get(f"/staff/ledger/{asked.id}")
    assert name in page
    assert f"/files/{name}" not in page
    assert "Fjernet 21. oktober 2027" in page
    assert "Kvittering" in page
    gone = operator.get(f"/staff/ledger/{asked.id}/files/{name}", 410)
    assert "etter 401 dager" in gone


def test_a_failed_report_whose_files_went_away_is_made_anew_when_asked_for(
    sidecar: Sidecar, clock: FakeClock, town: Town, sign_in: SignIn
) -> None:
    period = month_before(sidecar.today())
    (asked,) = asking.request(sidecar, town.kongsberg.id, period)
    with sidecar.transaction() as db:
        row = db.get_one(Delivery, asked.id)
        row.state, row.files_removed_at = "failed", clock()
    for file in asked.files:
        sidecar.storage.remove(file["stored"])
    operator = sign_in("operator")
    assert "/retry" not in operator.get(f"/staff/ledger/{asked.id}")
    operator.post(f"/staff/ledger/{asked.id}/retry", status=410)
    (again,) = asking.request(sidecar, town.kongsberg.id, period)
    assert (again.id, again.state, again.files_removed_at) == (asked.id, "waiting", None)
    deliver.hand_over(sidecar, asked.id)
    operator.get(f"/staff/ledger/{asked.id}/files/{again.files[0]['name']}")
