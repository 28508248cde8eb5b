"""Write and read `bundle.json`; as it may come from anybody, nothing in it is believed before it was looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, post_load, validate

from sidecar.core.course_facts import LONGEST_MINUTES
from sidecar.core.courses import (
    AUDIENCE_CHARACTERS,
    GATHERING,
    KEY,
    LICENCE_CHARACTERS,
    LINK,
    LMS_ONLY,
    NOTE_CHARACTERS,
    OWN,
    OWNER_CHARACTERS,
    PATH,
    SUBJECT_CHARACTERS,
    SUMMARY_CHARACTERS,
    TASK,
)
from sidecar.core.path_contents import MOST_STEPS, canonical, content_of, document_of, first_fault
from sidecar.core.peers import ORIGIN_CHARACTERS
from sidecar.core.validity import LONGEST_MONTHS, LONGEST_RENEWAL_DAYS
from sidecar.sharing.bundle_errors import BundleContentError, BundleFormatError, BundleTooLargeError
from sidecar.sharing.bundle_fields import Basis, Counts, Digest, Files, address, day, moment, number, several, text
from sidecar.sharing.bundle_manifest import (
    Barriers,
    BundledCourse,
    BundledRegion,
    Change,
    Facts,
    Manifest,
    Provenance,
)
from sidecar.sharing.json_texts import JsonUnreadableError, read_object

FORMAT: Final = 1
MOST_BYTES: Final = 16 * 1024**2
"""How large `bundle.json` may be: that of 100,000 files or so."""

KINDS: Final = (OWN, LMS_ONLY, TASK, GATHERING, LINK, PATH)
"""Kinds of courses; a path among them is refused by a text of its own."""

MOST_VERSIONS: Final = 10_000
MOST_ANCESTORS: Final = 50
_KEY: Final = re.compile(rf"\A{KEY.pattern}\Z", re.ASCII)
_WINDOW: Final = re.compile(r"\A[0-9]{2}-[0-9]{2}\Z", re.ASCII)


def write_manifest(manifest: Manifest) -> bytes:
    """Return `bundle.json`: of one manifest there is one form."""
    said = _BundleSchema().dump(manifest)
    parts = [{"digest": digest, "size": size_bytes} for digest, size_bytes in manifest.parts.items()]
    return canonical({**said, "format": FORMAT, "content": document_of(manifest.content), "parts": parts})


def read_manifest(data: bytes) -> Manifest:
    """Return what `bundle.json` says; whether it may say so is for `sidecar.sharing.bundle_check`.

    Raises:
        BundleTooLargeError, BundleFormatError, BundleContentError: it can't be used.
        SidecarError: as `content_of`.
    """
    if len(data) > MOST_BYTES:
        raise BundleTooLargeError(what="bundle.json", size_bytes=len(data), most_bytes=MOST_BYTES)
    said = _read_json(data)
    if (number := said.pop("format")) != FORMAT:
        raise BundleFormatError(format=str(number)[:20], known=FORMAT)
    parts = said.pop("parts", None)
    content = content_of(_mapping(said.pop("content", None)))
    try:
        manifest = Manifest(content=content, **_BundleSchema().load(said))
    except ValidationError as error:
        where, reason = first_fault(error.messages_dict)
        raise BundleContentError(field=where[:200], reason=reason[:300].rstrip(".")) from None
    if parts != [{"digest": digest, "size": size_bytes} for digest, size_bytes in manifest.parts.items()]:
        raise BundleContentError(field="parts", reason="they are not what the files of the courses name")
    return manifest


def _read_json(data: bytes) -> dict[str, Any]:
    try:
        said = read_object(data)
    except JsonUnreadableError:
        raise BundleContentError(field="bundle.json", reason="it is no JSON in its canonical form") from None
    if type(said.get("format")) is not int:
        raise BundleContentError(field="format", reason="it is missing")
    return said


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BundleContentError(field="content", reason="it is missing")
    return value


class _FactsSchema(Schema):
    subject = text(SUBJECT_CHARACTERS)
    audience = text(AUDIENCE_CHARACTERS)
    owner = text(OWNER_CHARACTERS)
    duration_minutes = number(1, LONGEST_MINUTES, allow_none=True)
    review_by = day()
    statutory_basis = Basis(required=True)
    is_transferable = fields.Boolean(required=True, allow_none=True, truthy={True}, falsy={False})
    validity_months = number(1, LONGEST_MONTHS, allow_none=True)
    validity_window = fields.String(required=True, allow_none=True, validate=validate.Regexp(_WINDOW))
    renewal_days = number(0, LONGEST_RENEWAL_DAYS)

    @post_load
    def make(self, data: dict[str, Any], **_: object) -> Facts:
        return Facts(**data)


class _BarriersSchema(Schema):
    static = Counts(required=True)
    browser = Counts(required=True, allow_none=True)
    looked_at = moment(allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: object) -> Barriers:
        return Barriers(**data)


class _CourseSchema(Schema):
    key = fields.String(required=True, validate=validate.Regexp(_KEY))
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    title = text(500)
    language = text(20)
    summary = text(SUMMARY_CHARACTERS)
    licence = text(LICENCE_CHARACTERS)
    facts = fields.Nested(_FactsSchema, required=True)
    version = number(1, allow_none=True)
    standard = text(20)
    accessibility = fields.Nested(_BarriersSchema, required=True, allow_none=True)
    files = Files(required=True)
    source = fields.Raw(required=True, allow_none=True, dump_default=None, validate=validate.Equal(None))

    @post_load
    def make(self, data: dict[str, Any], **_: object) -> BundledCourse:
        del data["source"]
        return BundledCourse(**data)


class _ProvenanceSchema(Schema):
    origin = text(ORIGIN_CHARACTERS)
    version = number(1)
    digest = Digest(required=True)
    region = text(200)

    @post_load
    def make(self, data: dict[str, Any], **_: object) -> Provenance:
        return Provenance(**data)


class _ChangeSchema(Schema):
    version = number(1)
    published_at = moment()
    note = text(NOTE_CHARACTERS)

    @post_load
    def make(self, data: dict[str, Any], **_: object) -> Change:
        return Change(**data)


class _RegionSchema(Schema):
    name = text(200)
    address = address()

    @post_load
    def make(self, data: dict[str, Any], **_: object) -> BundledRegion:
        return BundledRegion(**data)


class _BundleSchema(Schema):
    origin = text(ORIGIN_CHARACTERS)
    version = number(1)
    region = fields.Nested(_RegionSchema, required=True)
    published_at = moment()
    facts = fields.Nested(_FactsSchema, required=True)
    licence = text(LICENCE_CHARACTERS)
    provenance = several(_ProvenanceSchema, MOST_ANCESTORS)
    changes = several(_ChangeSchema, MOST_VERSIONS)
    courses = several(_CourseSchema, MOST_STEPS)
