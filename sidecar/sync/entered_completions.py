"""Take in what staff enter by hand, with the document that shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sidecar.core import manual_evidence
from sidecar.core.access import Viewer
from sidecar.core.evidence_documents import media_type_of, safe_name
from sidecar.core.manual_evidence import Entry
from sidecar.runtime import Sidecar


@dataclass(frozen=True)
class Document:
    """A file as somebody chose it; its name is theirs."""

    name: str
    content: bytes


def enter(
    sidecar: Sidecar,
    viewer: Viewer,
    municipality_id: str,
    employment_id: str,
    entry: Entry,
    document: Document | None = None,
) -> str:
    """Enter what an employee completed; return the id of the evidence, which waits for a second person.

    The document lies in the storage before a row names it; one that no row comes to name goes with the next sweep.

    Raises:
        SidecarError: as `core.manual_evidence.enter` and `core.evidence_documents.media_type_of` say.
    """
    if document is not None:
        name = safe_name(document.name, media_type_of(document.content))
        entry = replace(entry, document=(sidecar.storage.put([document.content]).digest, name))
    with sidecar.transaction() as db:
        now = sidecar.now()
        return manual_evidence.enter(db, viewer, municipality_id, employment_id, entry, now).id
