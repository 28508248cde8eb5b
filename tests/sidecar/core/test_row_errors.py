"""What contacts confirm and report of a delivery: theirs alone, sealed, answered by the RKK, and forgotten in time."""

from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import select

from sidecar.core import contacts, delivery_receipts, retention, row_errors
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.audit import AuditEntry
from sidecar.core.connections import Connection
from sidecar.core.contact_reports import list_reports
from sidecar.core.deliveries import Delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.row_errors import RowAnswerError, RowError, RowErrorFormError, RowErrorsFullError
from sidecar.errors import ConflictError, NotFoundError
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.core.test_contacts import add

OPERATOR = operator_at_the_console()


@dataclass
class Town:
    """A delivery of a municipality, and its contact's viewer."""

    sidecar: Sidecar
    delivery_id: str
    viewer: Viewer

    def report(
        self, viewer: Viewer | None = None, *, kind: str = "missing", row: int | None = 7, words: str = "Kari mangler"
    ) -> str:
        with self.sidecar.transaction() as db:
            told = row_errors.report_error(
                db,
                self.sidecar.secrets,
                viewer or self.viewer,
                self.delivery_id,
                kind=kind,
                row_number=row,
                words=words,
                now=self.sidecar.now(),
            )
            return told.id

    def answer(self, error_id: str, viewer: Viewer = OPERATOR, text: str = "Rettet") -> None:
        with self.sidecar.transaction() as db:
            row_errors.answer_error(db, self.sidecar.secrets, viewer, error_id, text, self.sidecar.now())

    def confirm(self, viewer: Viewer | None = None) -> None:
        with self.sidecar.transaction() as db:
            delivery_receipts.confirm_receipt(db, viewer or self.viewer, self.delivery_id, self.sidecar.now())


def deliver(sidecar: Sidecar, municipality: Municipality, number: int = 0) -> str:
    with sidecar.transaction() as db:
        channel = Connection(
            municipality_id=municipality.id, connector="folder", settings=b"", created_at=sidecar.now()
        )
        db.add(channel)
        db.flush()
        delivery = Delivery(
            key=f"{municipality.id}-{number}",
            municipality_id=municipality.id,
            connection_id=channel.id,
            period="2026-08",
            period_start=date(2026, 8, 1),
            period_end=date(2026, 8, 31),
            content_hash="0" * 64,
            row_count=3,
            files=[],
            created_at=sidecar.now(),
        )
        db.add(delivery)
        db.flush()
        return delivery.id


@pytest.fixture
def town(sidecar: Sidecar, kongsberg: Municipality) -> Town:
    contact_id = add(sidecar, kongsberg)
    ours = frozenset({kongsberg.id})
    viewer = Viewer(roles=frozenset({"contact"}), municipality_ids=ours, contact_id=contact_id)
    return Town(sidecar, deliver(sidecar, kongsberg), viewer)


def test_a_receipt_is_written_once_and_sets_read_at(town: Town, sidecar: Sidecar, clock: FakeClock) -> None:
    first = sidecar.now()
    town.confirm()
    clock.advance(hours=1)
    town.confirm()
    with sidecar.reading() as db:
        assert db.get_one(Delivery, town.delivery_id).read_at == first
        assert delivery_receipts.list_receipts(db, OPERATOR, town.delivery_id) == [(first, "Inger Rådgiver")]
        (line,) = list_reports(db, town.viewer).lines
        assert (line.delivery.id, line.municipality, line.confirmed_at) == (
            town.delivery_id,
            "Kongsberg kommune",
            first,
        )
    with sidecar.transaction() as db:
        contacts.remove_contact(db, OPERATOR, town.viewer.contact_id or "", sidecar.now())
    with sidecar.reading() as db:
        assert delivery_receipts.list_receipts(db, OPERATOR, town.delivery_id) == [(first, "")]


def test_what_was_read_elsewhere_before_stays_so(town: Town, sidecar: Sidecar, clock: FakeClock) -> None:
    with sidecar.transaction() as db:
        db.get_one(Delivery, town.delivery_id).read_at = sidecar.now()
    read_at = sidecar.now()
    clock.advance(days=1)
    town.confirm()
    with sidecar.reading() as db:
        assert db.get_one(Delivery, town.delivery_id).read_at == read_at


def test_a_report_of_another_municipality_is_none(town: Town, sidecar: Sidecar, rollag: Municipality) -> None:
    contact_id = add(sidecar, rollag)
    stranger = Viewer(roles=frozenset({"contact"}), municipality_ids=frozenset({rollag.id}), contact_id=contact_id)
    with pytest.raises(NotFoundError):
        town.confirm(stranger)
    with pytest.raises(NotFoundError):
        town.report(stranger)
    with sidecar.reading() as db:
        assert list_reports(db, stranger).lines == []
        with pytest.raises(NotFoundError):
            row_errors.list_of_delivery(db, sidecar.secrets, stranger, town.delivery_id)
        with pytest.raises(NotFoundError):
            delivery_receipts.list_receipts(db, stranger, town.delivery_id)


def test_words_are_sealed_and_the_contact_reads_the_answer(town: Town, sidecar: Sidecar) -> None:
    error_id = town.report()
    with sidecar.reading() as db:
        row = db.get_one(RowError, error_id)
        assert b"Kari" not in row.words
        assert "Kari" not in repr(db.scalars(select(AuditEntry)).all())
    town.answer(error_id)
    with sidecar.reading() as db:
        (told,) = row_errors.list_of_delivery(db, sidecar.secrets, town.viewer, town.delivery_id)
        assert (told.words, told.answer, told.row.row_number) == ("Kari mangler", "Rettet", 7)
        assert row_errors.list_errors(db, sidecar.secrets, OPERATOR, only_open=True) == []
        assert len(row_errors.list_errors(db, sidecar.secrets, OPERATOR, only_open=False)) == 1
    with pytest.raises(ConflictError):
        town.answer(error_id)


@pytest.mark.parametrize(
    ("kind", "row", "words"),
    [
        ("nonsense", 1, "x"),
        ("other", None, "  "),
        ("other", 0, "x"),
        ("other", 1_000_001, ""),
        ("other", 1, "x" * 2001),
    ],
)
def test_what_says_nothing_is_refused(town: Town, kind: str, row: int | None, words: str) -> None:
    with pytest.raises(RowErrorFormError):
        town.report(kind=kind, row=row, words=words)


def test_only_so_many_wait(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_errors, "MOST_OPEN", 2)
    first = town.report()
    town.report(row=None)
    with pytest.raises(RowErrorsFullError):
        town.report()
    town.answer(first)
    town.report(words="")


def test_only_the_rkk_answers(town: Town, sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> None:
    error_id = town.report()
    theirs, others = frozenset({kongsberg.id}), frozenset({rollag.id})
    strange = Viewer(roles=frozenset({"rkk"}), municipality_ids=theirs, rkk_for=others)
    for viewer in (strange, town.viewer):
        with pytest.raises(NotFoundError):
            town.answer(error_id, viewer)
        with sidecar.reading() as db:
            assert row_errors.list_errors(db, sidecar.secrets, viewer, only_open=False) == []
    for text in (" ", "x" * 2001):
        with pytest.raises(RowAnswerError):
            town.answer(error_id, text=text)
    town.answer(error_id, Viewer(roles=frozenset({"rkk"}), municipality_ids=theirs, rkk_for=theirs))


def test_answered_ones_go_after_a_year(town: Town, sidecar: Sidecar, clock: FakeClock) -> None:
    town.answer(town.report())
    town.report()
    (sweep,) = [one for one in retention.SWEEPS if one.name == "row_errors"]
    for days, gone in ((365, 0), (1, 1), (900, 0)):
        clock.advance(days=days)
        with sidecar.transaction() as db:
            assert retention.sweep(db, sweep, sidecar.now(), 10) == gone
