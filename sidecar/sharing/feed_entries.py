"""Read a page of another region's feed; it may hold anything, so nothing in it is believed before it was looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from sidecar.core.exchange_feed import MOST_ENTRIES, OFFERED, WITHDRAWN
from sidecar.core.offered_paths import (
    LANGUAGE_CHARACTERS,
    LICENCE_CHARACTERS,
    SUMMARY_CHARACTERS,
    TITLE_CHARACTERS,
    Told,
)
from sidecar.core.peers import ADDRESS_CHARACTERS, KID_CHARACTERS, ORIGIN_CHARACTERS
from sidecar.errors import SidecarError
from sidecar.sharing.addresses import key_in
from sidecar.sharing.bundle_fields import LARGEST, Basis, Digest, day, number, text
from sidecar.sharing.json_texts import read_object

FORMAT: Final = 1
SIGNATURE_CHARACTERS: Final = 4000
MOST_PARTS: Final = 100_000


class FeedMalformedError(SidecarError):
    """What the other region's feed says can't be read, or is not what a feed says ({where}). Ask them to update."""

    code = "feed-malformed"


class FeedMisdirectedError(SidecarError):
    """The feed is not the one that was asked for: it was signed for another region, or from another number on."""

    code = "feed-misdirected"


class FeedOfOthersError(SidecarError):
    """The other region's feed tells of learning paths that are not its own."""

    code = "feed-of-others"


@dataclass(frozen=True)
class Page:
    """What a page of a feed says.

    Attributes:
        stamp: changes with the region's card.
        last: the number to ask from next; `newest`: the last that was given.
        offered, withdrawn: each path that is offered, and the origin of each that is no more.
    """

    stamp: str
    last: int
    newest: int
    offered: tuple[Told, ...]
    withdrawn: tuple[str, ...]


class _PageSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    format = number(FORMAT, FORMAT)
    iss = text(ADDRESS_CHARACTERS)
    aud = text(ADDRESS_CHARACTERS)
    card = text(KID_CHARACTERS)
    after = number(0)
    last = number(0)
    newest = number(0)
    entries = fields.List(fields.Dict(), required=True, validate=validate.Length(max=MOST_ENTRIES))


class _WithdrawnSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    seq = number(1)
    state = fields.String(required=True, validate=validate.Equal(WITHDRAWN))
    origin = text(ORIGIN_CHARACTERS)


class _OfferedSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    seq = number(1)
    state = fields.String(required=True, validate=validate.Equal(OFFERED))
    origin = text(ORIGIN_CHARACTERS)
    version = number(1)
    manifest = Digest(required=True)
    signature = text(SIGNATURE_CHARACTERS)
    title = text(TITLE_CHARACTERS)
    summary = text(SUMMARY_CHARACTERS)
    language = text(LANGUAGE_CHARACTERS)
    licence = text(LICENCE_CHARACTERS)
    statutory_basis = Basis(required=True)
    size = number(0, LARGEST)
    parts = number(0, MOST_PARTS)
    until = day()


def read_page(payload: bytes, issuer: str, audience: str, after: int) -> Page:
    """Return what a page of a feed says.

    Args:
        issuer, audience: the exchange addresses of whose feed it is, and of our region.
        after: the number from which on it was asked for.

    Raises:
        FeedMisdirectedError: it is another page, or another's.
        FeedOfOthersError: it tells of paths of others.
        FeedMalformedError, JsonUnreadableError: it can't be read, or its numbers don't rise.
    """
    said = _load(_PageSchema(), read_object(payload), "page")
    if (said["iss"], said["aud"], said["after"]) != (issuer, audience, after):
        raise FeedMisdirectedError
    entries = [_read_entry(one) for one in said["entries"]]
    seqs = [after, *(one["seq"] for one in entries), said["last"]]
    if seqs != sorted(seqs) or len(set(seqs[:-1])) < len(seqs) - 1 or said["last"] > said["newest"]:
        raise FeedMalformedError(where="seq")
    if not all(key_in(one["origin"], issuer) for one in entries):
        raise FeedOfOthersError
    offered = tuple(_told(one) for one in entries if one["state"] == OFFERED)
    withdrawn = tuple(one["origin"] for one in entries if one["state"] == WITHDRAWN)
    return Page(said["card"], said["last"], said["newest"], offered, withdrawn)


def _read_entry(said: Mapping[str, Any]) -> dict[str, Any]:
    schema = _WithdrawnSchema() if said.get("state") == WITHDRAWN else _OfferedSchema()
    return _load(schema, said, "entry")


def _load(schema: Schema, said: Mapping[str, Any], what: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = schema.load(said)
    except ValidationError as error:
        raise FeedMalformedError(where=f"{what}: {', '.join(map(str, error.messages))}"[:80]) from None
    return found


def _told(said: Mapping[str, Any]) -> Told:
    return Told(
        origin=said["origin"],
        version=said["version"],
        manifest_digest=said["manifest"],
        signature=said["signature"],
        title=said["title"],
        summary=said["summary"],
        language=said["language"],
        licence=said["licence"],
        statutory_basis={kind: list(texts) for kind, texts in said["statutory_basis"].items()},
        size_bytes=said["size"],
        parts_count=said["parts"],
        until=said["until"],
    )
