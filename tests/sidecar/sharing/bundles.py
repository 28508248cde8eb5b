"""Make learning paths that can be shared, and bundles that a hostile region could make."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from sidecar.catalogue import add_package
from sidecar.core.access import operator_at_the_console
from sidecar.core.audit import AuditEntry
from sidecar.core.path_contents import Content, Part, Step, canonical
from sidecar.core.path_publishing import publish
from sidecar.core.paths import add_path, find_path, save_draft
from sidecar.core.received_paths import ReceivedPart, ReceivedPath, ReceivedPathVersion
from sidecar.core.regions import Region
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.sharing.bundle import import_bundle, verify_bundle
from sidecar.sharing.bundle_files import open_bundle, write_bundle
from sidecar.sharing.region_signing import sign
from tests.fakes.package import make_package

KEY = "hms-lop"
ADDRESS = "https://sidecar.example.no/exchange/kongsbergregionen"
ME = operator_at_the_console()
FILM = b"film " * 1000

STEPS = (
    Step("brann", "course", course="brannvern"),
    Step("runde", "task", title="Gå en runde med verneombudet"),
    Step("samling", "gathering", title="HMS-dag"),
    Step("lov", "link", title="Les loven", url="https://lovdata.no/lov/2005-06-17-62"),
)


def add_course(sidecar: Sidecar, folder: Path, key: str = "brannvern", *, page: str = "<p>Ut!</p>") -> None:
    """Publish a version of a course; its film is the same in each."""
    files = {"film.mp4": FILM, "b/film.mp4": FILM}
    package = make_package(folder / f"{key}.zip", pages={"a": f"<!doctype html><title>A</title>{page}"}, files=files)
    add_package(sidecar, package, key=key, is_published=True)


def share_path(sidecar: Sidecar, region: Region, folder: Path) -> None:
    """Publish the first version of a path of a region, and the course of its first step."""
    add_course(sidecar, folder)
    content = Content("HMS for nye", "Alt om HMS.", parts=(Part("del", "Første uke", steps=STEPS),))
    with sidecar.transaction() as db:
        add_path(db, ME, content, sidecar.now(), region_id=region.id, key=KEY)
    with sidecar.transaction() as db:
        publish(db, ME, KEY, "Det første løpet", sidecar.now())


def share_next(sidecar: Sidecar, title: str = "HMS for alle") -> None:
    """Publish the next version of the path."""
    with sidecar.transaction() as db:
        line = find_path(db, ME, KEY)
        content = Content(title, "Alt om HMS.", parts=line.draft.parts)
        save_draft(db, ME, KEY, content, line.path.draft_number, sidecar.now())
        publish(db, ME, KEY, "Nytt navn", sidecar.now())


class Opened:
    """What a good bundle holds, to write it once more with something changed."""

    def __init__(self, path: Path) -> None:
        with open_bundle(path) as bundle:
            self.manifest, self.signature = bundle.manifest, bundle.signature
            self.parts = {digest: read_all(bundle.open_part(digest)) for digest in bundle.parts}

    def write(self, path: Path, parts: dict[str, bytes] | None = None, signature: str | None = None) -> Path:
        kept = self.parts if parts is None else parts
        sizes = {digest: len(kept[digest]) for digest in sorted(kept)}
        signed = self.signature if signature is None else signature
        write_bundle(path, self.manifest, signed, sizes, lambda digest: iter([kept[digest]]))
        return path


Change = Callable[[dict[str, Any]], object]


def forge(sidecar: Sidecar, signer: Region, good: Path, target: Path, change: Change) -> Path:
    """Write a bundle whose `bundle.json` says something else than that of a good one, signed by a region of ours.

    Args:
        change: changes what `bundle.json` says, in place.
    """
    opened = Opened(good)
    said = json.loads(opened.manifest)
    change(said)
    return write_signed(sidecar, signer, target, canonical(said), opened.parts)


def write_signed(sidecar: Sidecar, signer: Region, target: Path, manifest: bytes, parts: Mapping[str, bytes]) -> Path:
    """Write a bundle of just these bytes."""
    signature = sign(sidecar, signer.id, manifest, "laeringslop-bundle", detached=True)
    sizes = {digest: len(parts[digest]) for digest in sorted(parts)}
    write_bundle(target, manifest, signature, sizes, lambda digest: iter([parts[digest]]))
    return target


def with_package(said: dict[str, Any], files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Give the course of a bundle other files; return its parts."""
    digests = {path: sha256(content).hexdigest() for path, content in files.items()}
    [course] = [one for one in said["courses"] if one["kind"] == "own"]
    course["files"] = [
        {"path": path, "digest": digests[path], "size": len(content)} for path, content in sorted(files.items())
    ]
    parts = {digests[path]: content for path, content in files.items()}
    said["parts"] = [{"digest": one, "size": len(parts[one])} for one in sorted(parts)]
    return parts


def read_all(content: Any) -> bytes:  # noqa: ANN401 (an open file, or a part of a bundle)
    """Read a part to its end."""
    pieces: Iterator[bytes] = iter(lambda: content.read(1000), b"")
    return b"".join(pieces)


def all_there_is(sidecar: Sidecar, folder: Path) -> object:
    """Everything that a refused bundle could leave: rows, stored files, temporary files."""
    with sidecar.reading() as db:
        tables = (ReceivedPath, ReceivedPathVersion, ReceivedPart, AuditEntry)
        rows = [db.scalar(select(func.count()).select_from(table)) for table in tables]
    return rows, sorted(path for path in folder.rglob("*") if "sqlite3" not in path.name)


def refusal(sidecar: Sidecar, region: Region, path: Path, **options: Any) -> SidecarError:  # noqa: ANN401
    """Return why a bundle is refused, by verify as by import; see that nothing of it stays."""
    before = all_there_is(sidecar, path.parent)
    with pytest.raises(SidecarError) as refused:
        import_bundle(sidecar, region.id, path, **options)
    assert all_there_is(sidecar, path.parent) == before
    with pytest.raises(type(refused.value)):
        verify_bundle(sidecar, path, **options)
    return refused.value
