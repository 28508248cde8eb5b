"""Test that files are encrypted for their receiver, and for nobody else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pyrage import decrypt, x25519

from sidecar.connectors.base import RejectedError, set_up
from sidecar.connectors.contract import CSV, KEY, XLSX, make_file, make_parcel
from sidecar.connectors.folder import Folder
from sidecar.connectors.sealed_files import (
    ReceiverKeyBadError,
    ReceiverKeyExpiredError,
    ReceiverKeyMissingError,
    Sealing,
)
from sidecar.storage import StorageUnreachableError

IDENTITY = x25519.Identity.generate()
RECIPIENT = str(IDENTITY.to_public())


@pytest.mark.parametrize(
    "content", [b"", b"ansattnummer;kurs\r\n", b"\xc3\xa6" * 300_000], ids=["empty", "short", "long"]
)
def test_only_the_receiver_can_open_a_file(content: bytes) -> None:
    pieces = replace(make_file("a.csv", content), read=lambda: iter([content[:7], b"", content[7:]]))
    with Sealing(RECIPIENT).sealed([pieces]) as (sealed,):
        there = b"".join(sealed.read())
        assert (sealed.name, sealed.size_bytes) == ("a.csv.age", len(there))
        assert there == b"".join(sealed.read())
    assert decrypt(there, [IDENTITY]) == content
    assert not content or content not in there
    with pytest.raises(Exception, match=r"(?i)no match"):
        decrypt(there, [x25519.Identity.generate()])


def test_without_a_key_files_stay_as_they_are() -> None:
    with Sealing().sealed([CSV, XLSX]) as same:
        assert same == [CSV, XLSX]


def test_nothing_is_left_on_this_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Sealing(RECIPIENT).sealed([CSV]):
        written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 1
    assert b"ansattnummer" not in written[0]
    assert list(tmp_path.iterdir()) == []


def test_what_a_file_s_own_source_fails_by_is_told_as_it_is() -> None:
    def break_off() -> Iterator[bytes]:
        yield b"first"
        raise StorageUnreachableError(host="s3.kommune.test")

    with pytest.raises(StorageUnreachableError), Sealing(RECIPIENT).sealed([replace(CSV, read=break_off)]):
        pass


@pytest.mark.parametrize(
    "key",
    ["age1", "ssh-ed25519 AAAA", str(IDENTITY), RECIPIENT[:-1], "æ"],
    ids=["beginning", "ssh", "secret", "cut", "letter"],
)
def test_what_is_no_public_key_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ReceiverKeyBadError) as refused:
        Sealing(key).refuse_unusable()
    assert key not in str(refused.value) or key == "age1"


def test_a_key_works_on_its_last_day_and_not_after() -> None:
    sealing = Sealing(RECIPIENT, date(2026, 11, 30))
    sealing.refuse_unusable(date(2026, 11, 30))
    with pytest.raises(ReceiverKeyExpiredError, match="2026-11-30"):
        sealing.refuse_unusable(date(2026, 12, 1))


def test_an_end_without_a_key_is_a_wrong_setting() -> None:
    with pytest.raises(ReceiverKeyMissingError):
        Sealing(None, date(2026, 11, 30)).refuse_unusable()


def test_a_delivery_with_a_key_that_ended_fails_for_good_and_writes_nothing(tmp_path: Path) -> None:
    set_up(Folder, {"folder": str(tmp_path)}).prepare()
    channel = set_up(Folder, {"folder": str(tmp_path), "encrypt_to": RECIPIENT, "encrypt_until": "2026-01-31"})
    for act in (channel.prepare, channel.check, lambda: channel.deliver(make_parcel(CSV), KEY)):
        with pytest.raises(ReceiverKeyExpiredError, match="Ask for a new one"):
            act()
    assert issubclass(ReceiverKeyExpiredError, RejectedError)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
