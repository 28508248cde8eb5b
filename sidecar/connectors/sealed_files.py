"""Encrypt the files of a parcel for their receiver with age, so that nobody else on their way can read them."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from pyrage import EncryptError, RecipientError, encrypt_io, x25519

from sidecar.connectors.base import MisconfiguredError, ParcelFile, RejectedError
from sidecar.connectors.parcel_names import SEALED

MEDIA_TYPE: Final = "application/octet-stream"
PIECE_BYTES: Final = 65536


class ReceiverKeyBadError(MisconfiguredError):
    """The setting "{setting}" is not a public key of age. Ask the receiver for the line that begins with age1."""

    code = "receiver-key-bad"


class ReceiverKeyMissingError(MisconfiguredError):
    """The setting "{setting}" says when a key ends, but there is no key. Give encrypt_to too, or leave it out."""

    code = "receiver-key-missing"


class ReceiverKeyExpiredError(RejectedError):
    """The receiver's key ended on {day}. Ask for a new one, set it as encrypt_to, then deliver again."""

    code = "receiver-key-expired"


@dataclass(frozen=True)
class Sealing:
    """For whom files are encrypted, if at all.

    Attributes:
        recipient: the receiver's public key, `age1…`; None leaves the files as they are.
        until: the last day on which the key may be used, in Europe/Oslo.
    """

    recipient: str | None = None
    until: date | None = None

    def refuse_unusable(self, today: date | None = None) -> None:
        """Return where files can be encrypted as it says.

        Args:
            today: None means the day it is in Europe/Oslo.

        Raises:
            ReceiverKeyBadError: the key is none.
            ReceiverKeyMissingError: there is an end and no key.
            ReceiverKeyExpiredError: the key has ended.
        """
        if self.until and not self.recipient:
            raise ReceiverKeyMissingError(setting="encrypt_until")
        if self.recipient:
            _read_key(self.recipient)
        if self.until and self.until < (today or datetime.now(ZoneInfo("Europe/Oslo")).date()):
            raise ReceiverKeyExpiredError(day=self.until.isoformat())

    @contextmanager
    def sealed(self, files: Sequence[ParcelFile]) -> Iterator[Sequence[ParcelFile]]:
        """Yield the files, encrypted as long as the block lasts; only what is encrypted touches the disk.

        Each time they are encrypted anew, so that their bytes are never the same twice.
        """
        self.refuse_unusable()
        if not self.recipient:
            yield files
            return
        key = _read_key(self.recipient)
        with tempfile.TemporaryDirectory(prefix="sidecar-sealed-") as folder:
            yield [_seal(file, key, Path(folder) / str(place)) for place, file in enumerate(files)]


def _read_key(text: str) -> x25519.Recipient:
    try:
        return x25519.Recipient.from_str(text.strip())
    except RecipientError:
        raise ReceiverKeyBadError(setting="encrypt_to") from None


def _seal(file: ParcelFile, key: x25519.Recipient, path: Path) -> ParcelFile:
    source = _Pieces(file.read())
    with path.open("wb") as out:
        try:
            encrypt_io(io.BufferedReader(source), out, [key])
        except EncryptError as error:
            raise source.problem or error from error  # what the file's own source raised is hidden in it
    with path.open("rb") as sealed:
        digest = hashlib.file_digest(sealed, "sha256").hexdigest()
    return ParcelFile(file.name + SEALED, MEDIA_TYPE, digest, path.stat().st_size, lambda: _read_pieces(path))


def _read_pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as sealed:
        while piece := sealed.read(PIECE_BYTES):
            yield piece


class _Pieces(io.RawIOBase):
    """Read from pieces as from a file; `problem` is what their source failed by."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, b""
        self.problem: Exception | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 (any buffer; the type has no name in 3.11)
        try:
            while not self._left:
                self._left = next(self._pieces)
        except StopIteration:
            return 0
        except Exception as error:
            self.problem = error
            raise
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size
