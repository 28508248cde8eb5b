"""Ship the tests that every report channel passes; a connector's own test file subclasses and adds little.

A test file of a third party is as short as this::

    class TestMine(ReportDeliveryContract):
        @pytest.fixture(autouse=True)
        def _set_up(self, tmp_path): ...
        def channel(self): return set_up(Mine, {...})
        def arrived(self): return [what the outside system has got]

One that tells where the report is, instead of handing over its files, also says `carries_files = False`.
"""
# ruff: noqa: S101 (these are tests)

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from sidecar.connectors.base import (
    Contact,
    Findable,
    Parcel,
    ParcelFile,
    Recipient,
    RejectedError,
    ReportDelivery,
    settings_of,
)

KEY = "a1" * 32
OTHER_KEY = "b2" * 32
LINK = "https://sidecar.example.no/reports/one"
OTHER_LINK = "https://sidecar.example.no/reports/another"
CONTACT = Contact("rapport@kongsberg.example", "nb")
PERIOD = "2026-09"


def make_file(name: str, content: bytes) -> ParcelFile:
    """Return a file of a parcel that holds these bytes."""
    return ParcelFile(
        name, "text/csv; charset=utf-8", hashlib.sha256(content).hexdigest(), len(content), lambda: iter([content])
    )


def make_parcel(*files: ParcelFile) -> Parcel:
    """Return a parcel of these files for Kongsberg, with a link to their page and one contact."""
    recipient = Recipient("942402465", "kongsberg", "Kongsberg kommune", "nb", (CONTACT,))
    return Parcel(recipient, f"Fullføringer Kongsberg kommune {PERIOD}", files, LINK, PERIOD)


CSV = make_file("fullforinger-kongsberg-2026-09.csv", b"ansattnummer;kurs\r\n1001;Brannvern\r\n")
XLSX = make_file("fullforinger-kongsberg-2026-09.xlsx", b"PK\x03\x04 not really")


class ReportDeliveryContract(ABC):
    """Hold a report channel to what `ReportDelivery` promises."""

    carries_files: ClassVar[bool] = True
    """Whether the channel hands over files; one that doesn't hands over the parcel's link."""

    @abstractmethod
    def channel(self) -> ReportDelivery:
        """Return a new instance of the channel, set up against the same outside system each time in a test."""

    @abstractmethod
    def arrived(self) -> Sequence[bytes]:
        """Return the content of every file that has arrived in the outside system.

        For a channel that carries none: each message, whole; one that says of itself that it repeats another counts
        once with that, as it does where it is received.
        """

    def test_every_setting_has_a_help_text(self) -> None:
        """Each setting says what to write there."""
        assert all(entry.help for entry in settings_of(type(self.channel())))

    def test_secrets_do_not_print(self) -> None:
        """No secret stands in the text of the connector."""
        channel = self.channel()
        secrets = [getattr(channel, entry.name) for entry in settings_of(type(channel)) if entry.secret]
        assert not any(str(secret) in repr(channel) for secret in secrets if secret)

    def test_a_check_leaves_no_trace(self) -> None:
        """Testing the connection delivers nothing."""
        self.channel().check()
        assert list(self.arrived()) == []

    def test_all_files_arrive_as_they_are(self) -> None:
        """Every byte of every file arrives; or the link, and nothing of any file."""
        receipt = self.channel().deliver(make_parcel(CSV, XLSX), KEY)
        assert receipt.reference
        if not self.carries_files:
            [message] = self.arrived()
            assert LINK.encode() in message
            assert not any(_lets_out(message, file) for file in (CSV, XLSX))
            return
        assert sorted(self.arrived()) == sorted(b"".join(file.read()) for file in (CSV, XLSX))

    def test_the_same_key_delivers_once(self) -> None:
        """A second delivery with the same key changes nothing and gives the same receipt."""
        first = self.channel().deliver(make_parcel(CSV, XLSX), KEY)
        before = sorted(self.arrived())
        assert self.channel().deliver(make_parcel(CSV, XLSX), KEY) == first
        assert sorted(self.arrived()) == before

    def test_another_key_overwrites_nothing(self) -> None:
        """A corrected report under the same file names arrives beside the first."""
        self.channel().deliver(make_parcel(CSV, XLSX), KEY)
        corrected = make_file(CSV.name, b"ansattnummer;kurs\r\n")
        self.channel().deliver(replace(make_parcel(corrected, XLSX), link=OTHER_LINK), OTHER_KEY)
        arrived = list(self.arrived())
        if not self.carries_files:
            assert len(arrived) == 2
            assert OTHER_LINK.encode() in b"".join(arrived)
            return
        assert b"".join(CSV.read()) in arrived
        assert b"".join(corrected.read()) in arrived

    def test_what_was_delivered_is_found(self) -> None:
        """A channel that can look finds what it got, under its key only."""
        channel = self.channel()
        if isinstance(channel, Findable):
            assert channel.find(KEY) is None
            receipt = channel.deliver(make_parcel(CSV), KEY)
            assert channel.find(KEY) == receipt
            assert channel.find(OTHER_KEY) is None

    def test_unsafe_names_are_rejected(self) -> None:
        """A file name that would leave its place is rejected, and nothing arrives."""
        if not self.carries_files:
            return
        for name in ("../escape.csv", "/escape.csv", "a/b.csv", ".hidden", "", "nul\0.csv", "..", "a\\b.csv"):
            try:
                self.channel().deliver(make_parcel(make_file(name, b"x")), KEY)
            except RejectedError:
                continue
            raise AssertionError(f"{name!r} was taken")
        assert list(self.arrived()) == []


def _lets_out(message: bytes, file: ParcelFile) -> bool:
    return file.name.encode() in message or b"".join(file.read()) in message
