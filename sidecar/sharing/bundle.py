"""Export, verify and import learning paths as files, for regions whose sidecars don't reach each other.

Docs: docs/bundle.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sidecar.core import audit, paths
from sidecar.core.access import Viewer
from sidecar.core.regions import list_regions
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from sidecar.sharing.bundle_files import Bundle, open_bundle, write_bundle
from sidecar.sharing.bundle_making import Made, make_bundle
from sidecar.sharing.bundle_manifest import Manifest
from sidecar.sharing.receiving import Received, Sent, examine_parts, examine_words, receive
from sidecar.sharing.trust import Signer

SUFFIX: Final = ".bundle.zip"


def export_bundle(
    sidecar: Sidecar, viewer: Viewer, key: str, *, number: int | None = None, output: Path | None = None
) -> tuple[Path, Made]:
    """Write the bundle of a version of a path to a file, which appears when it is whole.

    Args:
        number: of the version; None is the newest.
        output: the file; None is `<key>-<number>.bundle.zip` in the current folder.

    Raises:
        NotFoundError: there is no such path or version, or it is not the viewer's.
        PathHasNoRegionError, StepNotPublishedError: as `make_bundle`.
        StoredPartDamagedError: the storage has lost what it kept.
        OSError: the file can't be written.
    """
    with sidecar.reading() as db:
        line = paths.find_path(db, viewer, key)
        if number is None and line.newest is None:
            raise NotFoundError(what="version", key=key)
        version = line.newest if number is None else paths.find_path_version(db, line.path.id, number)
        version_id, path_id = (version.id if version else ""), line.path.id
    made = make_bundle(sidecar, version_id)
    target = output or Path(f"{key}-{made.version}{SUFFIX}")
    write_bundle(target, made.manifest, made.signature, made.parts, sidecar.storage.stream)
    with sidecar.transaction() as db:
        by, number = viewer.identity_id, made.version
        audit.record(db, "learning_path.exported", path_id, at=sidecar.now(), identity_id=by, number=number)
    return target, made


def verify_bundle(sidecar: Sidecar, path: Path, *, fingerprint: str = "") -> tuple[Signer, Manifest]:
    """Read all of a bundle, as an import does, and change nothing; return who signed it and what it says.

    A key counts that any region of this installation trusts. Who received it before may keep what a key signed that
    has been revoked since; here it is refused.

    Args:
        fingerprint: of a key that was compared by hand.

    Raises:
        SidecarError: it is refused, as `open_bundle`, `examine_words` and `examine_parts` say.
        KeyRevokedError: the key counts no more.
    """
    with sidecar.reading() as db:
        region_ids = [one.id for one in list_regions(db)]
    with open_bundle(path) as bundle:
        signer, manifest = examine_words(sidecar, region_ids, _sent(bundle), fingerprint=fingerprint)
        signer.refuse_revoked(sidecar.now())
        examine_parts(sidecar, manifest, _sent(bundle))
    return signer, manifest


def import_bundle(
    sidecar: Sidecar, region_id: str, path: Path, *, fingerprint: str = "", by: str | None = None
) -> Received:
    """Receive what a file holds for a region of ours; nothing of it is adopted, or shown to learners.

    Raises:
        SidecarError: it is refused, as `open_bundle` and `receive` say.
    """
    with open_bundle(path) as bundle:
        return receive(sidecar, region_id, _sent(bundle), fingerprint=fingerprint, by=by)


def _sent(bundle: Bundle) -> Sent:
    return Sent(bundle.manifest, bundle.signature, bundle.open_part, bundle.parts)
