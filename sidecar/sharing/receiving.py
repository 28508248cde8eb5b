"""Receive a learning path of another region, from a file or over the exchange: all of it, or nothing.

Everything is looked at before anything is kept: who signed it, what it says, every byte of its parts, every package.
Then its parts go into the storage, and then the rows, in one transaction. What a kill leaves between the two are files
that no row names, which the sweep of the storage takes. Nothing is adopted by being received.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final

import structlog
from sqlalchemy.orm import Session

from sidecar.catalogue import PackageNotPlayableError, PackageRejectedError
from sidecar.core import audit, received_paths
from sidecar.core.received_paths import ReceivedPathVersion
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar
from sidecar.sharing.addresses import address_of
from sidecar.sharing.bundle_check import check_manifest
from sidecar.sharing.bundle_errors import (
    BundleDamagedError,
    BundledPackageError,
    OwnPathError,
    RolledBackError,
    VersionChangedError,
)
from sidecar.sharing.bundle_files import Content, OpenPart
from sidecar.sharing.bundle_manifest import BundledCourse, Manifest
from sidecar.sharing.bundle_wire import read_manifest
from sidecar.sharing.bundled_packages import check_package
from sidecar.sharing.trust import Signer, check_signer

CHUNK_BYTES: Final = 1024**2

log = structlog.get_logger()


@dataclass(frozen=True)
class Received:
    """What became of a bundle; `is_new` is False where it had been received before, so that nothing was changed."""

    path_id: str
    version_id: str
    manifest: Manifest
    signer: Signer
    is_new: bool


@dataclass(frozen=True)
class Sent:
    """What came: `bundle.json`, the signature beside it, and a way to its parts, each of which is opened twice.

    `there`: the size in bytes of each part by its SHA-256 where that is known, and must be what `bundle.json` says.
    """

    manifest: bytes
    signature: str
    open_part: OpenPart
    there: Mapping[str, int] | None = None

    @property
    def digest(self) -> str:
        """The SHA-256 of `bundle.json`, by which a version is known."""
        return hashlib.sha256(self.manifest).hexdigest()


def receive(
    sidecar: Sidecar,
    region_id: str,
    sent: Sent,
    *,
    fingerprint: str = "",
    seen_at: datetime | None = None,
    by: str | None = None,
) -> Received:
    """Receive a version of a learning path for a region of ours; the same once more changes nothing.

    Args:
        fingerprint: of a key that staff have compared by themselves.
        seen_at: when it was first heard of, for keys that are revoked; None is now.
        by: the identity that does it; None at the command line, or for the service by itself.

    Raises:
        SidecarError: it is refused, as `examine_words`, `examine_parts`, `sidecar.sharing.trust` say.
        KeyRevokedError: the key was revoked before this was first seen.
        OwnPathError: it is the region's own.
        RolledBackError, VersionChangedError: it is not what this region received before.
        StorageUnreachableError: the storage does not answer.
    """
    signer, manifest = examine_words(sidecar, [region_id], sent, fingerprint=fingerprint)
    with sidecar.reading() as db:
        if address_of(sidecar, db.get_one(Region, region_id)) == signer.address:
            raise OwnPathError
        same = _find_same(db, region_id, manifest, signer, sent.digest)
    if same:
        return Received(same.path_id, same.id, manifest, signer, is_new=False)
    signer.refuse_revoked(seen_at or sidecar.now())
    examine_parts(sidecar, manifest, sent)
    _store(sidecar, manifest, sent)
    return _keep(sidecar, region_id, manifest, signer, sent, by)


def examine_words(
    sidecar: Sidecar, region_ids: list[str], sent: Sent, *, fingerprint: str = ""
) -> tuple[Signer, Manifest]:
    """Return who signed a bundle and what it says, once both were found to be right; no part is read.

    Args:
        region_ids: of ours: what one of them trusts is trusted.

    Raises:
        SidecarError: as `check_signer`, `read_manifest` and `check_manifest`.
        BundleDamagedError: other parts are there than it says.
    """
    signer = check_signer(sidecar, region_ids, sent.manifest, sent.signature, fingerprint=fingerprint)
    manifest = read_manifest(sent.manifest)
    check_manifest(manifest, signer.address)
    if sent.there is not None and sent.there != manifest.parts:
        raise BundleDamagedError(where="parts/")
    return signer, manifest


def examine_parts(sidecar: Sidecar, manifest: Manifest, sent: Sent) -> None:
    """Read every part of a bundle, and check every package.

    Raises:
        BundleDamagedError: a part is not what its SHA-256 and size say.
        BundledPackageError: a package can't be used.
    """
    for digest, size_bytes in manifest.parts.items():
        _check_part(sent.open_part(digest), digest, size_bytes)
    for course in filter(lambda one: one.files, manifest.courses):
        _check_package(sidecar, course, sent.open_part)


def _check_part(content: Content, digest: str, size_bytes: int) -> None:
    found, left = hashlib.sha256(), size_bytes
    for piece in _pieces(content):
        found.update(piece)
        left -= len(piece)
        if left < 0:
            break
    if left or found.hexdigest() != digest:
        raise BundleDamagedError(where=f"parts/{digest}")


def _check_package(sidecar: Sidecar, course: BundledCourse, open_part: OpenPart) -> None:
    try:
        check_package(sidecar, course, lambda digest: _pieces(open_part(digest)))
    except PackageRejectedError as error:
        raise BundledPackageError(course=course.key, reason=error.facts["reason"]) from None
    except PackageNotPlayableError as error:
        raise BundledPackageError(course=course.key, reason=str(error)) from None


def _pieces(content: Content) -> Iterator[bytes]:
    with closing(content):
        while piece := content.read(CHUNK_BYTES):
            yield piece


def _store(sidecar: Sidecar, manifest: Manifest, sent: Sent) -> None:
    """Put everything into the storage, where it lies once; what no row names yet is safe there for a day."""
    parts = list(manifest.parts)
    streams = (_pieces(sent.open_part(digest)) for digest in parts)
    stored = sidecar.storage.put_all(chain(streams, [[sent.manifest]]))
    for one, digest in zip(stored, [*parts, sent.digest], strict=True):
        if one.digest != digest:  # the file was changed after it was looked at
            raise BundleDamagedError(where=f"parts/{digest}")


def _keep(sidecar: Sidecar, region_id: str, manifest: Manifest, signer: Signer, sent: Sent, by: str | None) -> Received:
    now = sidecar.now()
    with sidecar.transaction() as db:
        names = {"address": signer.address, "region_name": manifest.region.name}
        path_id = received_paths.open_path(db, region_id, manifest.origin, **names, now=now)
        if same := _find_same(db, region_id, manifest, signer, sent.digest):
            return Received(path_id, same.id, manifest, signer, is_new=False)
        version = _version(path_id, manifest, signer, sent, now)
        received_paths.add_version(db, version, {**manifest.parts, sent.digest: len(sent.manifest)})
        origin, number = manifest.origin, manifest.version
        audit.record(db, "learning_path.received", path_id, at=now, identity_id=by, origin=origin, number=number)
    log.info("learning_path.received", path=path_id, version=manifest.version, size_bytes=version.size_bytes)
    return Received(path_id, version.id, manifest, signer, is_new=True)


def _version(path_id: str, manifest: Manifest, signer: Signer, sent: Sent, now: datetime) -> ReceivedPathVersion:
    return ReceivedPathVersion(
        path_id=path_id,
        number=manifest.version,
        digest=sent.digest,
        signature=sent.signature,
        kid=signer.kid,
        title=manifest.content.title,
        licence=manifest.licence,
        size_bytes=sum(manifest.parts.values()),
        published_at=manifest.published_at,
        received_at=now,
    )


def _find_same(
    db: Session, region_id: str, manifest: Manifest, signer: Signer, digest: str
) -> ReceivedPathVersion | None:
    """Return the version that was received already; refuse one that is older, or was another one."""
    versions = received_paths.versions_of(db, region_id, manifest.origin)
    if versions and versions[0].number > manifest.version:
        raise RolledBackError(version=manifest.version, newest=versions[0].number)
    same = next((one for one in versions if one.number == manifest.version), None)
    if same and same.digest != digest:
        raise VersionChangedError(version=manifest.version, signer=signer.address)
    return same
