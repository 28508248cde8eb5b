"""Test how files are kept: encrypted by a key of each delivery, read back whole, and written anew without somebody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from sidecar.core.deliveries import Delivery, FilesRemovedError
from sidecar.core.report_specs import FORMATS
from sidecar.errors import NotFoundError
from sidecar.reports import files, kept, kept_rows, rewriting
from sidecar.reports.document import PlacedUnit
from sidecar.runtime import Sidecar
from sidecar.storage import StorageUnreachableError
from tests.sidecar.reports.formats.documents import FIGURE, ROW, document, row


def _deliver(sidecar: Sidecar, found: files.Kept) -> Delivery:
    today = sidecar.today()
    return Delivery(
        key="k",
        municipality_id="m",
        connection_id="c",
        period="2026-09",
        period_start=today,
        period_end=today,
        content_hash="h",
        row_count=1,
        created_at=sidecar.now(),
        **vars(found),
    )


@pytest.fixture
def delivery(sidecar: Sidecar) -> Delivery:
    one = document(ROW, row(last_name="Øy", employee_number="0072", unit="Skole"))
    return _deliver(sidecar, files.keep(sidecar, one, ("csv", "ndjson"), "rapport"))


def _read(sidecar: Sidecar, delivery: Delivery, number: int = 0) -> str:
    return b"".join(kept.read(sidecar, delivery, delivery.files[number])).decode("utf-8-sig")


def stored_rows(delivery: Delivery) -> str:
    assert delivery.kept_rows
    stored: str = delivery.kept_rows["stored"]
    return stored


def test_each_format_is_kept_and_read_back(sidecar: Sidecar) -> None:
    found = files.keep(sidecar, document(ROW, figures=(FIGURE,)), (*FORMATS, "csv"), "rapport")
    assert [one["name"] for one in found.files] == [f"rapport.{name}" for name in FORMATS]
    delivery = _deliver(sidecar, found)
    for file in found.files:
        content = b"".join(kept.read(sidecar, delivery, file))
        assert (len(content), file["stored"]) != (0, file["digest"])
        assert len(content) == file["size_bytes"]


def test_nothing_in_the_storage_can_be_read_without_the_key(sidecar: Sidecar, delivery: Delivery) -> None:
    stored = [file["stored"] for file in delivery.files] + [stored_rows(delivery)]
    assert len(set(stored)) == 3
    for digest in stored:
        content = b"".join(sidecar.storage.stream(digest))
        assert content.startswith(b"age-encryption.org/v1")
        assert b"Brannvern" not in content
    assert b"AGE-SECRET-KEY" not in (delivery.file_key or b"")
    assert sidecar.secrets.open(delivery.file_key or b"").startswith(b"AGE-SECRET-KEY-1")


def test_two_deliveries_have_two_keys(sidecar: Sidecar, delivery: Delivery) -> None:
    other = _deliver(sidecar, files.keep(sidecar, document(ROW), ("csv",), "rapport"))
    delivery.file_key = other.file_key
    with pytest.raises(kept.DamagedFileError):
        _read(sidecar, delivery)


def test_files_that_are_removed_are_refused_at_once(sidecar: Sidecar, delivery: Delivery) -> None:
    delivery.files_removed_at = sidecar.now()
    with pytest.raises(FilesRemovedError):
        kept.read(sidecar, delivery, delivery.files[0])


def test_nothing_of_a_damaged_file_is_given_out(sidecar: Sidecar, delivery: Delivery) -> None:
    delivery.files[0]["digest"] = "0" * 64
    with pytest.raises(kept.DamagedFileError):
        next(kept.read(sidecar, delivery, delivery.files[0]))


def test_what_lies_in_the_storage_is_checked(
    sidecar: Sidecar, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidecar.storage, "stream", lambda _digest: iter([b"age-encryption.org/v1\n"]))
    with pytest.raises(kept.DamagedFileError):
        next(kept.read(sidecar, delivery, delivery.files[0]))


def test_a_storage_that_breaks_off_is_not_a_damaged_file(
    sidecar: Sidecar, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(_digest: str) -> Iterator[bytes]:
        yield b"age"
        raise StorageUnreachableError(host="s3.example")

    monkeypatch.setattr(sidecar.storage, "stream", break_off)
    with pytest.raises(StorageUnreachableError):
        next(kept.read(sidecar, delivery, delivery.files[0]))


def test_a_file_that_is_missing_is_not_found(sidecar: Sidecar, delivery: Delivery) -> None:
    sidecar.storage.remove(delivery.files[0]["stored"])
    with pytest.raises(NotFoundError):
        next(kept.read(sidecar, delivery, delivery.files[0]))


def test_a_file_from_before_they_were_encrypted_is_read(sidecar: Sidecar) -> None:
    stored = sidecar.storage.put([b"ansattnummer\r\n"])
    file = {"name": "a.csv", "media_type": "text/csv", "digest": stored.digest, "size_bytes": stored.size_bytes}
    delivery = _deliver(sidecar, files.Kept([file], None, None))
    assert _read(sidecar, delivery) == "ansattnummer\r\n"


def test_no_plain_file_is_left(sidecar: Sidecar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    delivery = _deliver(sidecar, files.keep(sidecar, document(ROW), ("csv",), "rapport"))
    _read(sidecar, delivery)
    rewriting.rewrite_files(sidecar, delivery, {"e0": ""})
    assert [path for path in tmp_path.iterdir() if path.name.startswith("tmp")] == []


def test_the_kept_rows_are_the_document(tmp_path: Path) -> None:
    told: dict[str, object] = {"facts": (("a", "b"),), "notes": ("n",), "corrects": date(2026, 10, 2)}
    one = document(ROW, row(score=None), figures=(FIGURE,), units=(PlacedUnit("Helse", 0),), **told)
    kept_rows.write(one, tmp_path / "rows")
    again = kept_rows.read(tmp_path / "rows")
    assert replace(again, lines=one.lines) == one
    assert list(again.lines()) == list(one.lines()) == list(again.lines())


def test_an_erased_employee_s_cells_go_and_all_other_rows_stay(sidecar: Sidecar, delivery: Delivery) -> None:
    before, key = _read(sidecar, delivery).splitlines(), delivery.file_key
    found = rewriting.rewrite_files(sidecar, delivery, {"e1": "Skole", "e7": ""})
    assert found is not None
    assert found.file_key != key
    after = _deliver(sidecar, found)
    assert [file["name"] for file in after.files] == [file["name"] for file in delivery.files]
    assert _read(sidecar, after).splitlines() == [*before[:2], "slettet;slettet;Skole;Brannvern;2;2026-09-03;"]
    assert "Øy" not in _read(sidecar, after, 1)


def test_a_unit_that_may_not_stay_goes(sidecar: Sidecar, delivery: Delivery) -> None:
    found = rewriting.rewrite_files(sidecar, delivery, {"e1": ""})
    assert found is not None
    assert _read(sidecar, _deliver(sidecar, found)).splitlines()[2] == "slettet;slettet;;Brannvern;2;2026-09-03;"


def test_a_second_erasure_finds_the_first_one_s_rows_erased(sidecar: Sidecar, delivery: Delivery) -> None:
    first = rewriting.rewrite_files(sidecar, delivery, {"e1": ""})
    assert first is not None
    second = rewriting.rewrite_files(sidecar, _deliver(sidecar, first), {"e0": ""})
    assert second is not None
    assert _read(sidecar, _deliver(sidecar, second)).count("slettet") == 4


def test_a_report_without_them_stays_as_it_is(sidecar: Sidecar, delivery: Delivery) -> None:
    assert rewriting.rewrite_files(sidecar, delivery, {"e9": ""}) is None


def test_rows_that_are_lost_take_the_files_with_them(sidecar: Sidecar, delivery: Delivery) -> None:
    sidecar.storage.remove(stored_rows(delivery))
    assert rewriting.rewrite_files(sidecar, delivery, {"e9": ""}) == rewriting.NOTHING
