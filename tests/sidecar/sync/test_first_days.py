"""The first day of newcomers and of who comes back, and who tells the name of a person with several employers."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar.connectors.records import PersonRecord
from sidecar.core import merging
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Person
from sidecar.runtime import Sidecar
from sidecar.sync.people_import import import_people
from tests.fakes.clock import FakeClock
from tests.sidecar.sync.hr import HEAD, OPERATOR, Hr, open_hr

KARI = "1001;Kari;Nordmann;kari@x.no;Helse;Lege"
OLA = "1002;Ola;Hansen;ola@x.no;Skole;Lærer"


def first_days(sidecar: Sidecar) -> dict[str, date | None]:
    with sidecar.reading() as db:
        return {one.employee_number: one.started_on for one in db.scalars(select(Employment))}


def test_newcomers_after_the_first_full_run_begin_today(hr: Hr, sidecar: Sidecar, clock: FakeClock) -> None:
    hr.write(KARI)
    hr.run()
    assert first_days(sidecar) == {"1001": None}
    clock.advance(days=1)
    hr.write(f"{KARI};", f"{OLA};", "1003;Per;Li;;Skole;;2025-08-01", head=f"{HEAD};startdato")
    hr.run()
    assert first_days(sidecar) == {"1001": None, "1002": sidecar.today(), "1003": date(2025, 8, 1)}


def test_who_comes_back_after_a_while_begins_anew(hr: Hr, sidecar: Sidecar, clock: FakeClock) -> None:
    hr.write(KARI, OLA)
    hr.run()
    hr.write(KARI)
    hr.run()
    clock.advance(days=30)
    hr.write(KARI, OLA)
    assert hr.run().counts == {"changed": 1, "returned": 1, "unchanged": 1}
    back = sidecar.today()
    clock.advance(days=1)
    hr.run()
    assert first_days(sidecar) == {"1001": None, "1002": back}


def test_who_was_away_no_day_keeps_the_first_one(hr: Hr, sidecar: Sidecar, clock: FakeClock) -> None:
    hr.write(KARI, OLA)
    hr.run()
    hr.write(KARI)
    hr.run()
    clock.advance(days=1)
    hr.write(KARI, OLA)
    hr.run()
    assert first_days(sidecar) == {"1001": None, "1002": None}


@pytest.mark.parametrize("first", ["by hand", "a source"])
def test_newcomers_by_hand_begin_today_once_people_were_imported(hr: Hr, sidecar: Sidecar, first: str) -> None:
    kari = PersonRecord("1001", "Kari", "Nordmann", "kari@x.no", "Helse", "Lege")
    if first == "by hand":
        import_people(sidecar, OPERATOR, hr.municipality.id, [kari])
    else:
        hr.write(KARI)
        hr.run()
    import_people(sidecar, OPERATOR, hr.municipality.id, [kari, PersonRecord("1002", "Ola", "Hansen")])
    assert first_days(sidecar) == {"1001": None, "1002": sidecar.today()}


def test_only_the_first_employer_tells_the_name(
    hr: Hr, sidecar: Sidecar, rollag: Municipality, tmp_path: Path, clock: FakeClock
) -> None:
    hr.write(KARI)
    hr.run()
    clock.advance(days=1)
    theirs = open_hr(sidecar, rollag, tmp_path)
    theirs.write("7;Kari;Nordmann;kari@y.no;Skole;Lærer")
    theirs.run()
    with sidecar.transaction() as db:
        ours, other = db.scalars(select(Employment.person_id).order_by(Employment.employee_number)).all()
        merging.merge(db, other, ours, rule="by-hand", by=None, now=sidecar.now())
    theirs.write("7;Ny;Angriper;ny@y.no;Skole;Lærer")
    assert theirs.run().counts == {"elsewhere": 1}
    theirs.write("7;Ny;Angriper;ny@y.no;Skole;Rektor")
    assert theirs.run().counts == {"changed": 1, "elsewhere": 1, "kept_out": 1}
    import_people(sidecar, OPERATOR, rollag.id, [PersonRecord("7", "Ny", "Angriper", "ny@y.no")])
    assert name(sidecar) == ("Kari", "Nordmann", "kari@y.no")
    hr.write("1001;Kari;Berg;kari@x.no;Helse;Lege")
    assert hr.run().counts == {"changed": 1}
    assert name(sidecar) == ("Kari", "Berg", "kari@x.no")
    with sidecar.transaction() as db:
        first = db.scalars(select(Employment).where(Employment.employee_number == "1001")).one()
        first.ended_on = sidecar.today() - timedelta(days=1)
    assert theirs.run().counts == {"changed": 1}, "what lasts is told by who is left"
    assert name(sidecar) == ("Ny", "Angriper", "ny@y.no")


def name(sidecar: Sidecar) -> tuple[str, str, str | None]:
    with sidecar.reading() as db:
        one = db.scalars(select(Person).where(Person.merged_into_id.is_(None))).one()
        return one.first_name, one.last_name, one.email
