"""Write and read what regions send each other of completions: signed records, and receipts for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sidecar.core.crossing_records import COMPLETED, Record
from sidecar.core.crossing_sent import ANSWERS, Answer, Waiting
from sidecar.core.crossing_told import Route
from sidecar.core.path_contents import canonical
from sidecar.errors import SidecarError
from sidecar.sharing.json_texts import read_object
from sidecar.sharing.signatures import Typ

TYP: Final[Typ] = "laeringslop-completion"
RECORDS: Final = "/completions"
RECEIPTS: Final = "/completions/receipts"
MOST_RECORDS: Final = 100
"""How many records or receipts one request holds."""

MOST_BYTES: Final = 1024 * 1024
_CODE: Final = re.compile(r"[a-z0-9-]{1,60}", re.ASCII)
_ID: Final = re.compile(r"[0-9a-f]{32}|", re.ASCII)


class TooManyRecordsError(SidecarError):
    """One request may hold {most} records or receipts. Send the others in further ones."""

    code = "crossing-too-many"


class CrossingBodyError(SidecarError):
    """The body is not what docs/crossing.md says: {field} is missing or not as it must be."""

    code = "crossing-body"


def payload_of(route: Route, waiting: Waiting) -> bytes:
    """Return what is signed: the record, who says it to whom, and how often it has changed."""
    change = "delete" if waiting.record["status"] != COMPLETED else "add" if waiting.revision == 1 else "modify"
    who = {"iss": route.address, "aud": route.to, "provider": route.address}
    about: Record = {"record_id": waiting.id, "seq": waiting.revision, "change_type": change}
    return canonical(waiting.record | who | about)


def records_body(tokens: Sequence[str]) -> bytes:
    """Return the body of a request that tells records."""
    return canonical({"records": list(tokens)})


def receipts_document(answers: Sequence[Answer]) -> dict[str, Any]:
    """Return receipts as they are sent."""
    told = ({"record_id": a.record_id, "revision": a.revision, "state": a.state, "code": a.code} for a in answers)
    return {"receipts": list(told)}


def read_tokens(body: bytes) -> list[str]:
    """Return the signed records of a request.

    Raises:
        JsonUnreadableError, CrossingBodyError, TooManyRecordsError: it holds none.
    """
    tokens = _list(read_object(body), "records")
    if not all(isinstance(one, str) for one in tokens):
        raise CrossingBodyError(field="records")
    return tokens


def read_receipts(body: bytes) -> list[Answer]:
    """Return the receipts of a request or answer.

    Raises:
        JsonUnreadableError, CrossingBodyError, TooManyRecordsError: it holds none.
    """
    return [_receipt(one) for one in _list(read_object(body), "receipts")]


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    found = document.get(name)
    if not isinstance(found, list):
        raise CrossingBodyError(field=name)
    if len(found) > MOST_RECORDS:
        raise TooManyRecordsError(most=MOST_RECORDS)
    return found


def _receipt(said: object) -> Answer:
    if not isinstance(said, dict):
        raise CrossingBodyError(field="receipts")
    record_id, revision, state, code = (said.get(name) for name in ("record_id", "revision", "state", "code"))
    if not isinstance(record_id, str) or not _ID.fullmatch(record_id) or type(revision) is not int:
        raise CrossingBodyError(field="record_id")
    if state not in ANSWERS:
        raise CrossingBodyError(field="state")
    if code is not None and (not isinstance(code, str) or not _CODE.fullmatch(code)):
        raise CrossingBodyError(field="code")
    return Answer(record_id, revision, state, code)
