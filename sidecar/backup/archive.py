"""Write and read the one file of a backup: a tar that says at its end what must be in it.

`backup.json` (format, revision, when), `tables/<name>.jsonl.gz` in the order in which they can be filled,
`files/<SHA-256>`, and `manifest.json` with the counts and SHA-256 of all that. Memory is flat at any size.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from sidecar.errors import ConflictError, NotFoundError, SidecarError

FORMAT: Final = "laeringslop-backup"
FORMAT_VERSION: Final = 1
HEAD: Final = "backup.json"
MANIFEST: Final = "manifest.json"
SMALL_BYTES: Final = 16 * 1024 * 1024
"""How large head and manifest may be."""

LINE_BYTES: Final = 64 * 1024 * 1024
"""How long a row may be; the largest, what one part of a course stores, is 28 MB at the very most."""

CHUNK_BYTES: Final = 256 * 1024
_PART = re.compile(r"backup\.json|manifest\.json|tables/[a-z_]+\.jsonl\.gz|files/[0-9a-f]{64}", re.ASCII)


class DamagedBackupError(SidecarError):
    """The backup can't be used: {reason} Nothing was changed."""

    code = "backup-damaged"


class BackupNotWrittenError(SidecarError):
    """The backup could not be written: {reason}"""

    code = "backup-not-written"


@dataclass
class Manifest:
    """What a backup holds.

    Attributes:
        head: `backup.json`.
        tables: name → {rows, sha256 of the packed lines}.
        files: how many; `files_sha256` is over their digests in order.
        missing: digests of files that rows name, but that were not in the storage when the backup was taken;
            `missing_sha256` is over them.
    """

    head: dict[str, Any]
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: int = 0
    files_size_bytes: int = 0
    files_sha256: str = ""
    missing: list[str] = field(default_factory=list)
    missing_sha256: str = ""


class Writer:
    """Write the parts one after the other; use `writing`."""

    def __init__(self, file: IO[bytes], folder: Path, head: dict[str, Any]) -> None:
        """Begin with the head."""
        self._tar = tarfile.TarFile(fileobj=file, mode="w", format=tarfile.PAX_FORMAT, copybufsize=CHUNK_BYTES)
        self._folder = folder
        self._files = hashlib.sha256()
        self.manifest = Manifest({"format": FORMAT, "format_version": FORMAT_VERSION, **head})
        self._add_json(HEAD, self.manifest.head)

    def add_table(self, name: str, lines: Iterable[str]) -> None:
        """Write a table: its head and then a line a row."""
        with tempfile.TemporaryFile(dir=self._folder) as packed:
            count = -1
            with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6, mtime=0) as lines_file:
                for line in lines:
                    lines_file.write(line.encode() + b"\n")
                    count += 1
            size_bytes = packed.tell()
            packed.seek(0)
            digest = hashlib.file_digest(packed, "sha256").hexdigest()
            packed.seek(0)
            self._add(f"tables/{name}.jsonl.gz", size_bytes, packed)
        self.manifest.tables[name] = {"rows": count, "sha256": digest}

    def add_file(self, digest: str, size_bytes: int, stream: Iterator[bytes]) -> None:
        """Write a stored file.

        Raises:
            DamagedBackupError: its bytes are not what its name says.
        """
        counted = _Counted(stream)
        self._add(f"files/{digest}", size_bytes, counted)
        if counted.digest.hexdigest() != digest:
            raise DamagedBackupError(reason=f"the stored file {digest} is damaged.")
        self._files.update(digest.encode())
        self.manifest.files += 1
        self.manifest.files_size_bytes += size_bytes

    def finish(self) -> None:
        """Write the manifest and the end."""
        self.manifest.files_sha256 = self._files.hexdigest()
        self.manifest.missing_sha256 = _sum_up(self.manifest.missing)
        self._add_json(MANIFEST, vars(self.manifest))
        self._tar.close()

    def _add_json(self, name: str, value: object) -> None:
        content = json.dumps(value, ensure_ascii=False, indent=1).encode()
        self._add(name, len(content), io.BytesIO(content))

    def _add(self, name: str, size_bytes: int, source: IO[bytes] | _Counted) -> None:
        part = tarfile.TarInfo(name)
        part.size, part.mode = size_bytes, 0o600
        self._tar.addfile(part, source)  # type: ignore[arg-type] # it only calls read
        _forget_parts(self._tar)


class _Counted:
    """Read pieces as a file, and know what went through."""

    def __init__(self, stream: Iterator[bytes]) -> None:
        self._stream = stream
        self._rest = b""
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """Return exactly so many bytes."""
        while len(self._rest) < size and (piece := next(self._stream, b"")):
            self._rest += piece
        found, self._rest = self._rest[:size], self._rest[size:]
        if len(found) < size:
            raise DamagedBackupError(reason="a stored file is shorter than it was.")
        self.digest.update(found)
        return found


def _forget_parts(tar: tarfile.TarFile) -> None:
    """Keep memory flat: it would remember each of a million files."""
    tar.members.clear()  # type: ignore[attr-defined] # as old as tarfile, but not in its stubs


@contextmanager
def writing(path: Path, head: dict[str, Any]) -> Iterator[Writer]:
    """Write a backup; it gets its name when it is whole, and only our own user may read it.

    Raises:
        ConflictError: there is a file of this name.
        BackupNotWrittenError: it can't be written there, or the disk is full.
    """
    if path.exists():
        raise ConflictError(what="file", key=str(path))
    try:
        descriptor, name = tempfile.mkstemp(".part", f"{path.name}.", path.parent)  # two at once mix nothing
    except OSError as error:
        raise BackupNotWrittenError(reason=f"{error.strerror or type(error).__name__}.") from None
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            writer = Writer(file, path.parent, head)
            yield writer
            writer.finish()
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            raise ConflictError(what="file", key=str(path))
        part.rename(path)
    except OSError as error:
        raise BackupNotWrittenError(reason=f"{error.strerror or type(error).__name__}.") from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def telling_damage(path: Path) -> Iterator[None]:
    """Say in our own words what reading a backup says.

    Raises:
        NotFoundError: there is no such file.
        DamagedBackupError: it is no backup, or broken off.
    """
    try:
        yield
    except FileNotFoundError:
        raise NotFoundError(what="readable file", key=str(path)) from None
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, RecursionError, IsADirectoryError):
        raise DamagedBackupError(reason="it is no backup of ours, or it is damaged.") from None


def read_parts(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the name of each part and its bytes, to be read before the next one is asked for, in `telling_damage`."""
    with tarfile.open(path, mode="r:") as tar:
        while part := tar.next():
            _forget_parts(tar)
            content = tar.extractfile(part) if part.isreg() and _PART.fullmatch(part.name) else None
            if content is None:
                raise DamagedBackupError(reason="it holds something that no backup holds.")
            yield part.name, content


def table_of(name: str) -> str:
    """Return the table that a part holds."""
    return name.removeprefix("tables/").removesuffix(".jsonl.gz")


def read_pieces(content: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a part."""
    while piece := content.read(CHUNK_BYTES):
        yield piece


def read_lines(content: IO[bytes]) -> Iterator[str]:
    """Yield the lines of a table.

    Raises:
        DamagedBackupError: one has no end.
    """
    with gzip.GzipFile(fileobj=content, mode="rb") as unpacked:
        while line := unpacked.readline(LINE_BYTES):
            if not line.endswith(b"\n"):
                raise DamagedBackupError(reason="a row in it has no end.")
            yield line.decode()


def verify(path: Path) -> Manifest:
    """Read a whole backup and return what it holds.

    Raises:
        DamagedBackupError: a bit of it is not as it was written, or its end is missing.
    """
    with telling_damage(path):
        return _verify(path)


def _verify(path: Path) -> Manifest:
    seen = Manifest({})
    files, told = hashlib.sha256(), None
    for name, content in read_parts(path):
        if told is not None:
            raise DamagedBackupError(reason="it goes on after its end.")
        kind, _, rest = name.partition("/")
        if name == HEAD:
            seen.head = _read_head(content)
        elif name == MANIFEST:
            told = _read_object(content)
        elif kind == "tables":
            if seen.files or table_of(name) in seen.tables:
                raise DamagedBackupError(reason="its parts are not in their order.")
            seen.tables[table_of(name)] = _summary(content)
        else:
            seen.files_size_bytes += _read_file(rest, content)
            seen.files += 1
            files.update(rest.encode())
    seen.files_sha256 = files.hexdigest()
    return _compare(seen, told)


def _read_head(content: IO[bytes]) -> dict[str, Any]:
    head = _read_object(content)
    if head.get("format") != FORMAT or head.get("format_version") != FORMAT_VERSION:
        raise DamagedBackupError(reason="it is of a format that this version does not know.")
    if not all(isinstance(head.get(key), str) for key in ("revision", "taken_at")):
        raise DamagedBackupError(reason="it does not say what it is.")
    return head


def _read_object(content: IO[bytes]) -> dict[str, Any]:
    found = json.loads(content.read(SMALL_BYTES))
    if not isinstance(found, dict):
        raise DamagedBackupError(reason="it does not say what it is.")
    return found


def _summary(content: IO[bytes]) -> dict[str, Any]:
    digest, _ = _digest_of(content)
    content.seek(0)
    return {"rows": sum(1 for _ in read_lines(content)) - 1, "sha256": digest}


def _read_file(digest: str, content: IO[bytes]) -> int:
    found, size_bytes = _digest_of(content)
    if found != digest:
        raise DamagedBackupError(reason="a file in it is damaged.")
    return size_bytes


def _digest_of(content: IO[bytes]) -> tuple[str, int]:
    digest, size_bytes = hashlib.sha256(), 0
    for piece in read_pieces(content):
        digest.update(piece)
        size_bytes += len(piece)
    return digest.hexdigest(), size_bytes


def _sum_up(digests: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(map(str, digests)).encode()).hexdigest()


def _compare(seen: Manifest, told: dict[str, Any] | None) -> Manifest:
    if told is None:
        raise DamagedBackupError(reason="its end is missing.")
    seen.missing = told.get("missing", [])
    seen.missing_sha256 = _sum_up(seen.missing)
    told.setdefault("missing_sha256", seen.missing_sha256)  # a backup of the first release has none
    if vars(seen) != told:
        raise DamagedBackupError(reason="it does not hold what its manifest says.")
    return seen
