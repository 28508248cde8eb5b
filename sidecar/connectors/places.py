"""Put files in a folder somewhere, each delivery once, so that a cut at any moment loses nothing and doubles nothing.

The files go up under temporary names that the key of the delivery gives. Once all are there a plan is noted that
says what they will be called; then each gets its name; last comes the receipt. Whoever begins again goes on from
what is there: with a plan nothing is sent anew, and a file that its receiver has fetched since then is not missed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from sidecar.connectors.base import ParcelFile, Receipt, RejectedError
from sidecar.connectors.parcel_names import SAFE_NAME, number, refuse_bad_key, refuse_unsafe_names
from sidecar.connectors.sealed_files import Sealing

RECEIPTS: Final = ".receipts"
NOTE_BYTES: Final = 1024 * 1024
"""How large a receipt or a plan may be; it lies where others can write."""

NO_FILE: Final = -1
"""The size of what has a name and is no plain file."""

MOST_NAMES: Final = 1000
"""How many files of one name may lie there: a server that says of every name that it is taken ends nothing else."""

Noted = TypeVar("Noted")


class NoteDamagedError(RejectedError):
    """The note {name} of this delivery can't be read at the receiver's. See what arrived, remove it, deliver again."""

    code = "delivery-note-damaged"


class NamesTakenError(RejectedError):
    """At the receiver's, {most} files are called {name} or the like. Clear the folder there, then deliver again."""

    code = "delivery-names-taken"


class Place(Protocol):
    """Be a folder, wherever it is; names are relative to it, and what goes wrong is raised."""

    def size(self, name: str) -> int | None:
        """Return how large a file is; None where nothing has the name, `NO_FILE` for what is no plain file."""

    def read(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file, no more than its size says."""

    def write(self, name: str, file: ParcelFile) -> None:
        """Write a file that outlives a power cut, or complete one of this name whose beginning is there."""

    def rename(self, name: str, to: str) -> bool:
        """Give a file another name; return whether that was free."""

    def replace(self, name: str, to: str) -> None:
        """Give a file another name, in one step, whatever had that before."""

    def remove(self, name: str) -> None:
        """Remove a file."""


@dataclass(frozen=True)
class _Planned:
    """A file that is there under a temporary name, and what it will be called, `count` being its number."""

    part: str
    name: str
    count: int
    sha256: str
    size_bytes: int


def find_receipt(place: Place, key: str) -> Receipt | None:
    """Return the receipt of an earlier delivery, or None.

    Raises:
        DeliveryKeyBadError: the key can't be part of a name.
        NoteDamagedError: it is there and can't be read.
    """
    refuse_bad_key(key)
    return _read_note(place, f"{RECEIPTS}/{key}.json", lambda note: Receipt(note["reference"], dict(note["details"])))


def drop_off(place: Place, files: Sequence[ParcelFile], key: str, reference: str, sealing: Sealing) -> Receipt:
    """Put the files of a delivery in a place, or complete what an earlier try began; files of others stand.

    Args:
        reference: what the receipt shall call the place.

    Raises:
        FileNameUnsafeError: a name would leave the place.
        ReceiverKeyExpiredError: the files are to be encrypted, and the key has ended.
        NoteDamagedError: an earlier try left a note that can't be read.
    """
    known = find_receipt(place, key)
    if known:
        return known
    refuse_unsafe_names(files)
    plan_name = f"{RECEIPTS}/{key}.plan"
    plan = _read_note(place, plan_name, partial(_read_plan, key))
    if plan is None:
        with sealing.sealed(files) as ready:
            plan = _bring(place, ready, key)
        _note(place, plan_name, reference, plan, key)
    named = [replace(each, count=_give_name(place, each)) for each in plan]
    if named != plan:
        _note(place, plan_name, reference, named, key)
    place.replace(plan_name, f"{RECEIPTS}/{key}.json")
    return Receipt(reference, _details(named))


def _bring(place: Place, files: Sequence[ParcelFile], key: str) -> list[_Planned]:
    """Write the files under temporary names, and choose what they will be called: all get the same number."""
    for index, file in enumerate(files):
        place.write(_part(key, index), file)
    count = 1
    while any(not _is_free(place, number(file.name, count), file) for file in files):
        count = _next(count, files[0].name)
    return [
        _Planned(_part(key, index), file.name, count, file.sha256, file.size_bytes) for index, file in enumerate(files)
    ]


def _part(key: str, what: int | str) -> str:
    return f".{key[:16]}-{what}.part"


def _is_free(place: Place, name: str, file: ParcelFile | _Planned) -> bool:
    return place.size(name) is None or _holds(place, name, file)


def _holds(place: Place, name: str, file: ParcelFile | _Planned) -> bool:
    """Tell whether a name holds these very bytes already."""
    if place.size(name) != file.size_bytes:
        return False
    digest = hashlib.sha256()
    for piece in place.read(name):
        digest.update(piece)
    return digest.hexdigest() == file.sha256


def _give_name(place: Place, planned: _Planned) -> int:
    """Give a file its name, or the next one where it has been taken meanwhile; return which, by its number."""
    count = planned.count
    if place.size(planned.part) is None:  # it got its name before a cut; perhaps its receiver has fetched it since
        return count
    while not place.rename(planned.part, number(planned.name, count)):
        if _holds(place, number(planned.name, count), planned):
            place.remove(planned.part)
            break
        count = _next(count, planned.name)
    return count


def _next(count: int, name: str) -> int:
    if count >= MOST_NAMES:
        raise NamesTakenError(name=name, most=MOST_NAMES)
    return count + 1


def _read_plan(key: str, note: Any) -> list[_Planned]:  # noqa: ANN401 (JSON)
    """Return a plan that could be ours: others may write where it lies, and shall move no other file by it."""
    plan = [_Planned(**each) for each in note["files"]]
    for index, each in enumerate(plan):
        is_ours = each.part == _part(key, index) and SAFE_NAME.fullmatch(each.name)
        if not is_ours or type(each.count) is not int or not 1 <= each.count <= MOST_NAMES:
            raise ValueError("no plan of ours")
    return plan


def _read_note(place: Place, name: str, read: Callable[[Any], Noted]) -> Noted | None:
    size_bytes = place.size(name)
    if size_bytes is None:
        return None
    if not 0 <= size_bytes <= NOTE_BYTES:
        raise NoteDamagedError(name=name)
    try:
        return read(json.loads(b"".join(place.read(name))))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise NoteDamagedError(name=name) from None


def _note(place: Place, name: str, reference: str, plan: Sequence[_Planned], key: str) -> None:
    """Write a plan, whole or not at all; renamed, it is the receipt."""
    content = {"reference": reference, "details": _details(plan), "files": [asdict(each) for each in plan]}
    text = json.dumps(content, ensure_ascii=False).encode()
    note = ParcelFile(name, "application/json", hashlib.sha256(text).hexdigest(), len(text), lambda: iter([text]))
    place.write(_part(key, "note"), note)
    place.replace(_part(key, "note"), name)


def _details(plan: Sequence[_Planned]) -> dict[str, str]:
    """Return the SHA-256 of each file by its name."""
    return {number(each.name, each.count): each.sha256 for each in plan}
