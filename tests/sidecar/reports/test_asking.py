"""Test that asking for reports writes down once what is to go out, over which channels, and what it corrects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from sidecar.connecting import add_connection
from sidecar.core.access import for_municipality, operator_at_the_console
from sidecar.core.attempts import Attempt
from sidecar.core.data_subjects import of_key
from sidecar.core.deliveries import Delivery, DeliveryItem
from sidecar.core.delivery_following import is_failing
from sidecar.core.delivery_pages import tell
from sidecar.core.erasures import ErasedMeanwhileError
from sidecar.core.evidence import Evidence
from sidecar.core.ledgers import Wanted, list_ledger
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.periods import FuturePeriodError, read_period
from sidecar.core.report_specs import BASIC, Defined, Spec
from sidecar.core.settling import settle
from sidecar.errors import NotFoundError
from sidecar.privacy import erase
from sidecar.reports import asking, deliver, kept
from sidecar.reports.build import Built, build
from sidecar.reports.named import list_named
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.reports.world import World

AUGUST = read_period("2026-08")
SEPTEMBER = read_period("2026-09")
STATUS = Defined("a" * 32, "Brann i år", 3, Spec(kind="status", formats=("csv",), language="en"))


@pytest.fixture
def kari(world: World, kongsberg: Municipality) -> Identity:
    """An employee with one completion in September."""
    who = world.identity("kari", world.employ(kongsberg, "1001", "Kari Nordmann").person_id)
    world.complete(who, world.course("brann", "Brannvern"), datetime(2026, 9, 3, 10, tzinfo=UTC), 0.9)
    return who


@pytest.fixture
def folder(world: World, kongsberg: Municipality, kari: Identity, tmp_path: Path) -> Path:
    world.folder(kongsberg, tmp_path / "reports")
    return tmp_path / "reports"


@pytest.fixture
def learn(world: World, kari: Identity) -> Callable[[str], None]:
    """Let Kari complete one more course in September."""

    def complete(key: str) -> None:
        world.complete(kari, world.course(key, key.upper()), datetime(2026, 9, 4, 10, tzinfo=UTC))

    return complete


def _list(sidecar: Sidecar) -> list[Delivery]:
    with sidecar.reading() as db:
        found = [line.delivery for line in list_ledger(db, operator_at_the_console(), Wanted()).lines]
        db.expunge_all()
        return found


def _text(sidecar: Sidecar, delivery: Delivery) -> str:
    return b"".join(kept.read(sidecar, delivery, delivery.files[0])).decode("utf-8-sig")


def test_a_municipality_without_a_channel_gets_nothing(sidecar: Sidecar, rollag: Municipality) -> None:
    assert asking.request(sidecar, rollag.id, SEPTEMBER) == []
    assert _list(sidecar) == []


def test_a_municipality_that_is_not_there_is_refused(sidecar: Sidecar) -> None:
    with pytest.raises(NotFoundError):
        asking.request(sidecar, "x", SEPTEMBER)


def test_a_period_that_has_not_begun_is_refused(sidecar: Sidecar, kongsberg: Municipality, folder: Path) -> None:
    with pytest.raises(FuturePeriodError):
        asking.request(sidecar, kongsberg.id, read_period("2026-10"))


def test_the_same_content_is_never_delivered_twice(sidecar: Sidecar, kongsberg: Municipality, folder: Path) -> None:
    first = asking.request(sidecar, kongsberg.id, SEPTEMBER)[0]
    deliver.hand_over(sidecar, first.id)
    again = asking.request(sidecar, kongsberg.id, read_period("2026-09-01/2026-09-30"))[0]
    deliver.hand_over(sidecar, again.id)

    assert again.id == first.id
    assert [one.attempts for one in _list(sidecar)] == [1]


def test_an_empty_report_is_written_down_too(sidecar: Sidecar, kongsberg: Municipality, folder: Path) -> None:
    [asked] = asking.request(sidecar, kongsberg.id, AUGUST)
    assert asked.row_count == 0
    headings = "ansattnummer;etternavn;fornavn;enhet;kurs;kursversjon;status;fullført;resultat;kilde"
    assert _text(sidecar, asked).splitlines() == [headings]


def test_the_ledger_names_definition_and_version_and_keeps_what_it_takes_to_write_files_anew(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path
) -> None:
    [asked] = asking.request(sidecar, kongsberg.id, SEPTEMBER, STATUS)
    assert (asked.definition, asked.definition_version, asked.row_count) == (STATUS.id, 3, 1)
    assert [one["name"] for one in asked.files] == ["brann-i-ar-kongsberg-2026-09.csv"]
    assert asked.kept_rows is not None
    assert asked.kept_rows["stored"] != asked.files[0]["stored"]
    assert asked.file_key
    assert asked.figures is None
    assert "1001;Nordmann;Kari;Helse;;Brannvern;completed;2026-09-03;" in _text(sidecar, asked)


def test_two_definitions_of_the_same_content_are_two_deliveries(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path
) -> None:
    first = asking.request(sidecar, kongsberg.id, SEPTEMBER, STATUS)[0]
    second = asking.request(sidecar, kongsberg.id, SEPTEMBER, replace(STATUS, id="b" * 32))[0]
    assert first.id != second.id
    assert first.content_hash == second.content_hash


def test_a_definition_goes_out_by_the_channels_that_it_names(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path
) -> None:
    by_mail = replace(STATUS, spec=replace(STATUS.spec, connectors=("email",)))
    assert asking.request(sidecar, kongsberg.id, SEPTEMBER, by_mail) == []
    by_folder = replace(STATUS, spec=replace(STATUS.spec, connectors=("email", "folder")))
    assert len(asking.request(sidecar, kongsberg.id, SEPTEMBER, by_folder)) == 1


@pytest.mark.parametrize(("defined", "builds"), [(STATUS, 1), (BASIC, 2)])
def test_what_is_the_same_for_all_channels_is_built_once(
    sidecar: Sidecar,
    kongsberg: Municipality,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    defined: Defined,
    builds: int,
) -> None:
    other = folder.with_name("other")
    other.mkdir()
    add_connection(sidecar, operator_at_the_console(), kongsberg.id, "folder", {"folder": str(other)})
    counted = []

    def count(*what: Any) -> Built:  # noqa: ANN401 (what it was called with)
        counted.append(1)
        return build(*what)

    monkeypatch.setattr(asking, "build", count)
    asked = asking.request(sidecar, kongsberg.id, SEPTEMBER, defined)
    assert len(counted) == builds
    assert len({one.connection_id for one in asked}) == len({one.key for one in asked}) == 2
    assert _text(sidecar, asked[0]) == _text(sidecar, asked[1])


def test_other_content_corrects_what_was_delivered_last(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, learn: Callable[[str], None], clock: FakeClock
) -> None:
    html = replace(BASIC, spec=replace(BASIC.spec, formats=("html",)))
    first = asking.request(sidecar, kongsberg.id, SEPTEMBER, html)[0]
    learn("it")
    not_delivered = asking.request(sidecar, kongsberg.id, SEPTEMBER, html)[0]
    assert not_delivered.corrects_id is None
    for one in (first, not_delivered):
        deliver.hand_over(sidecar, one.id)
        clock.advance(seconds=86_400)
    learn("hms")
    third = asking.request(sidecar, kongsberg.id, SEPTEMBER, html)[0]
    assert third.corrects_id in (first.id, not_delivered.id)
    assert "Retter rapporten fra" in _text(sidecar, third)
    assert "15. september 2026" in _text(sidecar, third)
    august = asking.request(sidecar, kongsberg.id, AUGUST, html)[0]
    assert august.corrects_id is None


def test_items_are_written_in_batches_and_each_once(
    sidecar: Sidecar,
    kongsberg: Municipality,
    folder: Path,
    learn: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sidecar.core.deliveries.ITEMS_A_TIME", 2)
    for key in ("it", "hms", "gdpr", "smitte"):
        learn(key)
    asking.request(sidecar, kongsberg.id, SEPTEMBER)
    with sidecar.reading() as db:
        assert db.scalar(select(func.count()).select_from(DeliveryItem)) == 5


def test_the_folder_of_lines_is_gone_afterwards(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spool").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spool"))
    asking.request(sidecar, kongsberg.id, SEPTEMBER)
    assert list((tmp_path / "spool").iterdir()) == []


def test_who_asked_stands_in_the_audit_trail_and_the_day_is_the_one_here(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path
) -> None:
    viewer = operator_at_the_console()
    [asked] = asking.request_for(sidecar, viewer, kongsberg.id, SEPTEMBER, STATUS)
    assert (asked.period_start, asked.period_end) == (date(2026, 9, 1), date(2026, 9, 30))


def test_whoever_a_file_names_is_known_also_who_has_completed_nothing(
    sidecar: Sidecar, world: World, kongsberg: Municipality, folder: Path, kari: Identity
) -> None:
    ola = world.identity("ola", world.employ(kongsberg, "1002", "Ola Dahl").person_id)
    fire = world.course("it", "Sikkerhet")
    with sidecar.transaction() as db:
        keys: dict[str, Any] = {"identity_id": ola.id, "course_id": fire.course_id, "version_id": fire.id}
        db.add(Attempt(**keys, number=1, started_at=datetime(2026, 9, 4, tzinfo=UTC)))
    viewer = operator_at_the_console()
    [status] = asking.request(sidecar, kongsberg.id, SEPTEMBER, STATUS)
    assert set(list_named(sidecar, viewer, status)) == {kari.person_id, ola.person_id}
    assert list_named(sidecar, for_municipality("x"), status) == []
    [listed] = asking.request(sidecar, kongsberg.id, SEPTEMBER)
    assert list_named(sidecar, viewer, listed) == [kari.person_id]
    listed.kept_rows = None
    assert list_named(sidecar, viewer, listed) == [kari.person_id]


def test_what_was_told_otherwise_and_is_as_before_again_is_told_once_more(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, learn: Callable[[str], None], clock: FakeClock
) -> None:
    def deliver_now() -> Delivery:
        clock.advance(minutes=1)
        [asked] = asking.request(sidecar, kongsberg.id, SEPTEMBER)
        if asked.state == "waiting":
            deliver.hand_over(sidecar, asked.id)
        return asked

    first = deliver_now()
    learn("it")
    second = deliver_now()
    _withdraw_newest(sidecar)
    third = deliver_now()
    assert third.id not in (first.id, second.id)
    assert (third.content_hash, third.corrects_id) == (first.content_hash, second.id)
    assert deliver_now().content_hash == third.content_hash
    assert len(_list(sidecar)) == 3


def test_a_failed_correction_is_over_once_the_report_is_as_delivered_again(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, learn: Callable[[str], None], clock: FakeClock
) -> None:
    [first] = asking.request(sidecar, kongsberg.id, SEPTEMBER)
    deliver.hand_over(sidecar, first.id)
    clock.advance(minutes=1)
    learn("it")
    [second] = asking.request(sidecar, kongsberg.id, SEPTEMBER)
    with sidecar.transaction() as db:
        db.get_one(Delivery, second.id).state = "failed"
    assert _failing(sidecar) == [second.id]

    _withdraw_newest(sidecar)
    assert [one.id for one in asking.request(sidecar, kongsberg.id, SEPTEMBER)] == [first.id]
    assert _failing(sidecar) == []
    with sidecar.reading() as db:
        assert tell(db, operator_at_the_console(), second.id).delivery.error_code == "content-returned"
        assert not tell(db, operator_at_the_console(), second.id).may_retry


def _withdraw_newest(sidecar: Sidecar) -> None:
    """Let the completion that was learnt last be withdrawn."""
    with sidecar.transaction() as db:
        mistaken = db.scalars(select(Evidence).order_by(Evidence.completed_at.desc())).first()
        assert mistaken
        assert mistaken.person_id
        mistaken.state = "withdrawn"
        settle(db, {(mistaken.person_id, mistaken.course_id)}, sidecar.now())


def _failing(sidecar: Sidecar) -> list[str]:
    with sidecar.reading() as db:
        return list(db.scalars(select(Delivery.id).where(is_failing())))


@pytest.fixture
def failed(sidecar: Sidecar, kongsberg: Municipality, folder: Path) -> Delivery:
    """A delivery that failed, and whose files were removed since."""
    [asked] = asking.request(sidecar, kongsberg.id, SEPTEMBER, STATUS)
    with sidecar.transaction() as db:
        row = db.get_one(Delivery, asked.id)
        row.state, row.files_removed_at = "failed", sidecar.now()
    return row


def test_a_failed_report_gets_its_files_back_and_names_the_definition_that_made_them(
    sidecar: Sidecar, kongsberg: Municipality, failed: Delivery
) -> None:
    [again] = asking.request(sidecar, kongsberg.id, SEPTEMBER, replace(STATUS, version=4))
    assert (again.id, again.state, again.definition_version) == (failed.id, "waiting", 4)
    assert again.files_removed_at is None
    assert "Nordmann" in _text(sidecar, again)


def test_a_failed_report_gets_no_files_that_name_somebody_who_was_erased_meanwhile(
    sidecar: Sidecar, kongsberg: Municipality, failed: Delivery, kari: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build_then_erase(*what: Any) -> Built:  # noqa: ANN401 (what it was called with)
        built = build(*what)
        with sidecar.reading() as db:
            subject = of_key(db, operator_at_the_console(), kari.person_id or "")
        erase(sidecar, operator_at_the_console(), subject)
        return built

    monkeypatch.setattr(asking, "build", build_then_erase)
    with pytest.raises(ErasedMeanwhileError):
        asking.request(sidecar, kongsberg.id, SEPTEMBER, STATUS)
    [left] = _list(sidecar)
    assert (left.id, left.state, left.files_removed_at) == (failed.id, "failed", failed.files_removed_at)


def test_no_connection_to_the_database_is_held_while_the_storage_is_read(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, kari: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    [asked] = asking.request(sidecar, kongsberg.id, SEPTEMBER, STATUS)
    read_rows, opened = kept.read_rows, list[str]()

    def read(*what: Any) -> None:  # noqa: ANN401 (what it was called with)
        read_rows(*what)
        opened.append("storage")

    reading = sidecar.reading

    def note_reading() -> Any:  # noqa: ANN401 (what it was called with)
        opened.append("database")
        return reading()

    monkeypatch.setattr(kept, "read_rows", read)
    monkeypatch.setattr(sidecar, "reading", note_reading)
    assert list_named(sidecar, operator_at_the_console(), asked) == [kari.person_id]
    assert opened == ["storage", "database"]


def test_a_counted_report_remembers_what_the_last_one_told(
    sidecar: Sidecar, world: World, kongsberg: Municipality, folder: Path
) -> None:
    course = world.course("it", "IT")
    for number in range(13):
        who = world.identity(f"u{number}", world.employ(kongsberg, str(number), f"Kari Nr{number}").person_id)
        if number < 6:
            world.complete(who, course, datetime(2026, 9, 4, 10, tzinfo=UTC))
    counted = replace(STATUS, spec=replace(STATUS.spec, kind="participation", per_person=False))
    [first] = asking.request(sidecar, kongsberg.id, SEPTEMBER, counted)
    assert ";IT;6;" in _text(sidecar, first)
    world.complete(who, course, datetime(2026, 9, 4, 10, tzinfo=UTC))
    [second] = asking.request(sidecar, kongsberg.id, SEPTEMBER, counted)
    assert second.id != first.id
    assert ";IT;7;" not in _text(sidecar, second)
