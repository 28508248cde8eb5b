"""What a source tells of people becomes people, once; what it tells no more ends, and nothing else is touched."""

import os
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from sidecar.connecting import add_connection
from sidecar.connectors.records import PersonRecord, PositionRecord, UnitRecord
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, Person, Position
from sidecar.core.people_sources import Source
from sidecar.core.person_matches import PersonIdentifier
from sidecar.core.platforms import Platform, PlatformMunicipality
from sidecar.core.units import Unit, UnitPlace
from sidecar.runtime import Sidecar
from sidecar.sync import intakes, people_intake, running, sources
from sidecar.sync.people_import import import_people
from sidecar.sync.people_intake import RecordUnusableError, apply_records
from sidecar.sync.people_spool import FOLDER, sweep
from tests.fakes.clock import FakeClock
from tests.fakes.worker import perform_due
from tests.sidecar.sync.hr import OPERATOR, Hr, finish, open_hr

KARI = "1001;Kari;Nordmann;kari@x.no;Helse;Lege"
OLA = "1002;Ola;Hansen;ola@x.no;Skole;Lærer"


def test_people_come_in(hr: Hr) -> None:
    hr.write(KARI, OLA)
    run = hr.run()
    assert (run.state, run.counts, run.rows_done) == ("done", {"added": 2}, 2)
    assert hr.people()["1001"] == ("Kari", "Nordmann", "kari@x.no", "Helse")
    assert hr.count(Unit) == 2
    assert hr.count(PersonIdentifier) == 2


def test_the_same_again_writes_nothing_to_people(hr: Hr, sidecar: Sidecar) -> None:
    hr.write(KARI, OLA)
    hr.run()
    written: list[str] = []
    event.listen(sidecar.engine, "before_cursor_execute", lambda *args: written.append(args[2]))
    run = hr.run()
    changing = [one for one in written if one.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]
    assert run.counts == {"unchanged": 2}
    assert not [one for one in changing if any(table in one for table in ("person", "employment", "position", "unit"))]


def test_changes_moves_leavers_and_returns_are_told_apart(hr: Hr, clock: FakeClock) -> None:
    hr.write(KARI, OLA)
    hr.run()
    hr.write("1001;Kari;Berg;kari@x.no;Helse;Lege")
    assert hr.run().counts == {"changed": 1, "ended": 1}
    assert set(hr.people()) == {"1001"}
    clock.advance(days=7)
    hr.write("1001;Kari;Berg;kari@x.no;Kultur;Lege", OLA)
    assert hr.run().counts == {"changed": 2, "moved": 1, "returned": 1}
    assert hr.people()["1001"][3] == "Kultur"


def test_who_left_keeps_everything(hr: Hr, sidecar: Sidecar) -> None:
    hr.write(KARI, OLA)
    hr.run()
    hr.write(KARI)
    hr.run()
    assert [row[0] for row in hr.rows()] == ["1001", "1002"]
    with sidecar.reading() as db:
        ended = db.scalars(select(Employment).where(Employment.employee_number == "1002")).one()
        assert ended.ended_on == sidecar.today()
        assert ended.unit == "Skole"
        assert db.get_one(Person, ended.person_id).last_name == "Hansen"


def test_who_left_does_not_leave_again_each_day(hr: Hr, clock: FakeClock, sidecar: Sidecar) -> None:
    hr.write(KARI, OLA)
    hr.run()
    hr.write(KARI)
    hr.run()
    day = sidecar.today()
    clock.advance(days=3)
    assert hr.run().counts == {"unchanged": 1}
    assert hr.rows()[1][-1] == day


def test_one_source_does_not_touch_another_s_people(
    hr: Hr, sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path
) -> None:
    hr.write(KARI)
    hr.run()
    (tmp_path / "second").mkdir()
    other = open_hr(sidecar, kongsberg, tmp_path / "second")
    other.write("1001;Feil;Person;feil@x.no;Annet;Annet", OLA)
    assert other.run().counts == {"added": 1, "elsewhere": 1}
    other.write("1003;Ny;Nysen;;;")
    assert other.run().counts == {"added": 1, "ended": 1}
    assert set(hr.people()) == {"1001", "1003"}
    assert hr.people()["1001"][1] == "Nordmann"


def test_a_removed_source_leaves_its_people_to_the_next(
    hr: Hr, sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path
) -> None:
    hr.write(KARI)
    hr.run()
    sources.remove(sidecar, OPERATOR, hr.source_id)
    (tmp_path / "second").mkdir()
    other = open_hr(sidecar, kongsberg, tmp_path / "second")
    other.write("1001;Kari;Berg;kari@x.no;Helse;Lege")
    assert other.run().counts == {"changed": 1}


def test_people_who_were_entered_by_hand_are_adopted_and_the_others_left_alone(hr: Hr, sidecar: Sidecar) -> None:
    people = [PersonRecord("1001", "Kari", "Nordmann", "kari@x.no", "Helse", "Lege"), PersonRecord("9", "Ny", "Nysen")]
    import_people(sidecar, OPERATOR, hr.municipality.id, people)
    hr.write(KARI)
    assert hr.run().counts == {"unchanged": 1}
    hr.write(OLA)
    assert hr.run().counts == {"added": 1, "ended": 1}
    assert set(hr.people()) == {"9", "1002"}


def test_whom_a_source_keeps_no_import_by_hand_changes_until_the_source_is_removed(hr: Hr, sidecar: Sidecar) -> None:
    hr.write(KARI)
    hr.run()
    before = hr.rows()
    mistaken = [PersonRecord("1001", "Kari", "Feil", unit="Skole"), PersonRecord("9", "Ny", "Nysen")]
    trial = import_people(sidecar, OPERATOR, hr.municipality.id, mistaken, dry_run=True)
    assert (trial.added, trial.changed, trial.renamed, trial.moved, trial.elsewhere) == (1, 0, 0, 0, 1)
    done = import_people(sidecar, OPERATOR, hr.municipality.id, mistaken)
    assert (done.added, done.changed, done.elsewhere) == (1, 0, 1)
    assert hr.rows()[:1] == before
    sources.remove(sidecar, OPERATOR, hr.source_id)
    trial = import_people(sidecar, OPERATOR, hr.municipality.id, mistaken, dry_run=True)
    assert (trial.changed, trial.renamed, trial.moved, trial.elsewhere) == (1, 1, 1, 0)
    import_people(sidecar, OPERATOR, hr.municipality.id, mistaken)
    assert hr.people()["1001"][1] == "Feil"


def test_accounts_that_waited_are_placed(hr: Hr, sidecar: Sidecar, clock: FakeClock) -> None:
    now = sidecar.now()
    with sidecar.transaction() as db:
        lms = Platform(
            name="L", issuer="https://l", client_id="c", auth_url="a", token_url="t", jwks_url="j", created_at=now
        )
        db.add(lms)
        db.flush()
        db.add(PlatformMunicipality(platform_id=lms.id, municipality_id=hr.municipality.id))
        kari = Identity(platform_id=lms.id, subject="kari", first_seen_at=now, last_seen_at=now)
        kari.person_sourcedid = "1001"
        db.add(kari)
    hr.write(KARI, OLA)
    assert hr.run().counts == {"added": 2}
    assert _account(sidecar).person_id is None, "the run only asks for it"
    clock.advance(minutes=1)
    perform_due(sidecar)
    assert _account(sidecar).person_id is not None


def _account(sidecar: Sidecar) -> Identity:
    with sidecar.reading() as db:
        return db.scalars(select(Identity)).one()


def test_nothing_of_a_feed_stays_on_the_disk(hr: Hr, sidecar: Sidecar) -> None:
    hr.write(KARI)
    hr.run()
    assert list((sidecar.settings.data / FOLDER).iterdir()) == []
    hr.file.unlink()
    assert hr.run().state == "failed"
    assert list((sidecar.settings.data / FOLDER).iterdir()) == []


def test_no_name_reaches_the_log(hr: Hr, log_lines: object) -> None:
    hr.write("1001;Hemmelig;Navnesen;hemmelig@x.no;Helse;Lege", "15108695088;Kari;Nordmann;;;")
    hr.run()
    told = str(log_lines.getvalue())  # type: ignore[attr-defined]
    assert "sync.ended" in told
    assert not any(word in told for word in ("Hemmelig", "Navnesen", "hemmelig@", "15108695088"))


def test_a_long_run_goes_on_in_a_further_part(hr: Hr, sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_intake, "BATCH", 2)
    monkeypatch.setattr(running, "PART_S", 0.0)
    hr.write(*hr.staff(7))
    run_id = sources.run_now(sidecar, OPERATOR, hr.source_id)

    intakes.run_part(sidecar, run_id)
    assert (hr.last_run().state, hr.last_run().rows_done, hr.last_run().rows_total) == ("running", 2, 7)
    hr.file.unlink()  # the next part reads no file
    run = finish(sidecar, run_id)
    assert (run.state, run.counts) == ("done", {"added": 7})


def test_a_run_whose_feed_is_gone_reads_another_from_its_beginning(
    hr: Hr, sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_intake, "BATCH", 4)
    monkeypatch.setattr(running, "PART_S", 0.0)
    staff = hr.staff(7)
    hr.write(*staff)
    run_id = sources.run_now(sidecar, OPERATOR, hr.source_id)
    intakes.run_part(sidecar, run_id)
    for path in (sidecar.settings.data / FOLDER).iterdir():
        path.unlink()
    hr.write(*reversed(staff))
    run = finish(sidecar, run_id)
    assert (run.state, run.counts["added"], len(hr.people())) == ("done", 7, 7)


def test_a_run_takes_away_what_others_left_and_nothing_that_is_in_use(hr: Hr, sidecar: Sidecar) -> None:
    hr.write(KARI)
    folder = sidecar.settings.data / FOLDER
    folder.mkdir()
    waiting = sources.run_now(sidecar, OPERATOR, hr.source_id)
    kept = [f"{waiting}.sqlite3", f"{waiting}.sqlite3.upload", "preview-now.sqlite3", "preview-now.sqlite3.upload"]
    gone = ["0.sqlite3", "0.sqlite3.upload", "preview-old.sqlite3", "preview-old.sqlite3.upload"]
    now = sidecar.now()
    for name in [*kept, *gone]:
        (folder / name).touch()
        at = (now - timedelta(hours=2 if "old" in name else 0)).timestamp()
        os.utime(folder / name, (at, at))

    def live(ids: Collection[str]) -> set[str]:
        return {waiting} & set(ids)

    sweep(sidecar.settings.data, live, now)
    assert sorted(path.name for path in folder.iterdir()) == sorted(kept)


def test_units_that_only_people_s_rows_name_are_in_the_tree(hr: Hr, sidecar: Sidecar) -> None:
    hr.write(KARI, OLA)
    hr.run()
    with sidecar.reading() as db:
        found = select(Unit.name, UnitPlace.parent_id, UnitPlace.placed_on).join(
            UnitPlace, UnitPlace.unit_id == Unit.id
        )
        assert sorted(map(tuple, db.execute(found))) == [
            ("Helse", None, sidecar.today()),
            ("Skole", None, sidecar.today()),
        ]


@pytest.mark.postgresql
def test_a_run_waits_for_who_looks_who_the_people_are(hr: Hr, sidecar: Sidecar) -> None:
    """Else completions that are being taken in find nobody yet, and the run finds none of them waiting yet."""
    hr.write(KARI)
    run_id = sources.run_now(sidecar, OPERATOR, hr.source_id)
    with ThreadPoolExecutor(1) as pool:
        with sidecar.transaction() as db:
            query = select(Municipality.id).where(Municipality.id == hr.municipality.id)
            db.execute(query.with_for_update(read=True))
            run = pool.submit(finish, sidecar, run_id)
            with pytest.raises(TimeoutError):
                run.result(timeout=2)
            assert hr.people() == {}
        assert run.result(timeout=20).state == "done"
    assert set(hr.people()) == {"1001"}


@pytest.mark.postgresql
def test_what_is_pushed_waits_too(hr: Hr, sidecar: Sidecar) -> None:
    def push() -> None:
        with sidecar.transaction() as db:
            apply_records(
                db, hr.municipality.id, hr.source_id, [PersonRecord("1", "K", "N")], units=(), now=sidecar.now()
            )

    with ThreadPoolExecutor(1) as pool:
        with sidecar.transaction() as db:
            query = select(Municipality.id).where(Municipality.id == hr.municipality.id)
            db.execute(query.with_for_update(read=True))
            pushed = pool.submit(push)
            with pytest.raises(TimeoutError):
                pushed.result(timeout=1)
        pushed.result(timeout=20)
    assert set(hr.people()) == {"1"}


@pytest.fixture
def source(sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path) -> Source:
    connection = add_connection(sidecar, OPERATOR, kongsberg.id, "hr_csv", {"file": str(tmp_path / "x.csv")})
    return sources.add_source(sidecar, OPERATOR, connection.id)


def test_what_is_pushed_is_written_at_once(sidecar: Sidecar, kongsberg: Municipality, source: Source) -> None:
    record = PersonRecord(
        "1001", "Kari", "Nordmann", "kari@x.no", external_id="aad-1", manager_number="1", national_id="15108695088"
    )
    with sidecar.transaction() as db:
        counts = apply_records(db, kongsberg.id, source.id, [record], units=(), now=sidecar.now(), hashed=lambda _: "h")
        kinds = {(one.kind, one.scope, one.value) for one in db.scalars(select(PersonIdentifier))}
    assert counts["added"] == 1
    assert kinds == {("email", "", "kari@x.no"), ("hr-person", source.id, "aad-1"), ("national-id-hash", "", "h")}


def test_a_pushed_national_id_as_number_is_refused(sidecar: Sidecar, kongsberg: Municipality, source: Source) -> None:
    with sidecar.transaction() as db, pytest.raises(RecordUnusableError):
        apply_records(db, kongsberg.id, source.id, [PersonRecord("15108695088", "K", "N")], units=(), now=sidecar.now())


def test_positions_begin_change_and_end(sidecar: Sidecar, kongsberg: Municipality, source: Source) -> None:
    def tell(*positions: PositionRecord) -> list[tuple[str, float | None, date | None]]:
        record = PersonRecord("1001", "Kari", "Nordmann", positions=positions)
        with sidecar.transaction() as db:
            apply_records(db, kongsberg.id, source.id, [record], units=(), now=sidecar.now())
            held = db.scalars(select(Position).order_by(Position.key)).all()
            return [(one.key, one.percentage, one.ended_on) for one in held]

    lege = PositionRecord("a", unit_key="Helse", title="Lege", percentage=60)
    lærer = PositionRecord("b", unit_key="Skole", title="Lærer", percentage=40, is_main=False)
    assert tell(lege, lærer) == [("a", 60, None), ("b", 40, None)]
    half = PositionRecord("a", unit_key="Helse", title="Lege", percentage=50)
    assert tell(half, lærer) == [("a", 50, None), ("b", 40, None)]
    assert tell(half) == [("a", 50, sidecar.today()), ("b", 40, sidecar.today())]
    with sidecar.reading() as db:
        [employment] = db.scalars(select(Employment))
        assert (employment.unit, employment.position, employment.percentage) == ("Helse", "Lege", 50)


def test_a_unit_that_moves_ends_one_place_and_begins_another(
    sidecar: Sidecar, kongsberg: Municipality, source: Source, clock: FakeClock
) -> None:
    def tell(parent: str | None) -> list[tuple[str | None, date | None]]:
        units = [UnitRecord("1", "Helse"), UnitRecord("2", "Skole"), UnitRecord("3", "Avdeling", parent)]
        with sidecar.transaction() as db:
            apply_records(db, kongsberg.id, source.id, [], units=units, now=sidecar.now())
            names = {one.id: one.name for one in db.scalars(select(Unit))}
            unit_id = next(key for key, name in names.items() if name == "Avdeling")
            places = db.scalars(
                select(UnitPlace).where(UnitPlace.unit_id == unit_id).order_by(UnitPlace.placed_on)
            ).all()
            return [(names.get(one.parent_id or ""), one.left_on) for one in places]

    assert tell("1") == [("Helse", None)]
    clock.advance(days=30)
    today = sidecar.today()
    assert tell("2") == [("Helse", today), ("Skole", None)]
    assert tell("1") == [("Helse", today), ("Helse", None)]  # the same day: no place lasts no day


def test_units_in_a_circle_and_below_nobody_are_at_the_top(
    sidecar: Sidecar, kongsberg: Municipality, source: Source
) -> None:
    units = [
        UnitRecord("1", "A", "2"),
        UnitRecord("2", "B", "1"),
        UnitRecord("3", "C", "99"),
        UnitRecord("4", "D", "4"),
    ]
    with sidecar.transaction() as db:
        apply_records(db, kongsberg.id, source.id, [], units=units, now=sidecar.now())
        assert set(db.scalars(select(UnitPlace.parent_id))) == {None}
