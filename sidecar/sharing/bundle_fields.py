"""Name the kinds of fields that `bundle.json` has; each refuses what it can't be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate

from sidecar.core.course_facts import LAW_CHARACTERS, MOST_LAWS
from sidecar.core.peers import ADDRESS_CHARACTERS
from sidecar.sharing.addresses import is_address
from sidecar.sharing.bundle_manifest import BundledFile
from sidecar.storage.base import is_digest

LARGEST: Final = 2**50
"""No size in bytes is larger."""

LARGEST_NUMBER: Final = 2**31 - 1
"""No other number is larger, as the database holds none."""

MOST_FILES: Final = 20_000
PATH_CHARACTERS: Final = 4_000
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,79}", re.ASCII)


def _is_seen(text: str) -> None:
    if not text.isprintable():
        raise ValidationError("It has letters that can't be seen.")


def text(most: int) -> fields.String:
    """Return a field of text on one line."""
    return fields.String(required=True, validate=[validate.Length(max=most), _is_seen])


def number(least: int, most: int = LARGEST_NUMBER, *, allow_none: bool = False) -> fields.Integer:
    """Return a field of a whole number."""
    return fields.Integer(required=True, strict=True, allow_none=allow_none, validate=validate.Range(least, most))


def address() -> fields.String:
    """Return a field of an exchange address."""
    return fields.String(required=True, validate=[validate.Length(max=ADDRESS_CHARACTERS), _check_address])


def moment(*, allow_none: bool = False) -> fields.AwareDateTime:
    """Return a field of a time that names its time zone."""
    return fields.AwareDateTime(required=True, allow_none=allow_none, validate=_is_of_our_time)


def day() -> fields.Date:
    """Return a field of a day, or of none."""
    return fields.Date(required=True, allow_none=True, validate=_is_of_our_time)


def several(schema: type[Schema], most: int) -> fields.List[Any]:
    """Return a field of a list of objects."""
    return fields.List(fields.Nested(schema), required=True, validate=validate.Length(max=most))


def _is_of_our_time(time: date) -> None:
    if not 2000 <= time.year < 2200:
        raise ValidationError("It is out of bounds.")


def _check_address(text: str) -> None:
    if not is_address(text):
        raise ValidationError("It is no exchange address.")


class Digest(fields.String):
    """A SHA-256 in lower-case hexadecimal."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> str:  # noqa: ANN401 (marshmallow's)
        text: str = super()._deserialize(value, attr, data, **more)
        if not is_digest(text):
            raise ValidationError("It is no SHA-256.")
        return text


class Counts(fields.Field[Mapping[str, int]]):
    """How often something was found, by its code."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Mapping[str, int]:  # noqa: ANN401, ARG002
        is_right = isinstance(value, dict) and len(value) <= MOST_FILES
        for code, count in value.items() if is_right else ():
            is_right = is_right and bool(_CODE.fullmatch(code)) and type(count) is int and 0 < count < LARGEST
        if not is_right:
            raise ValidationError("It is no count by code.")
        return dict(value)


class Basis(fields.Field[Mapping[str, tuple[str, ...]]]):
    """Texts by kind, such as laws."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Mapping[str, Any]:  # noqa: ANN401, ARG002
        if not isinstance(value, dict) or not all(map(_CODE.fullmatch, value)) or len(value) > MOST_LAWS:
            raise ValidationError("It is no list of texts by kind.")
        return {kind: tuple(_law(one) for one in _few(texts)) for kind, texts in value.items()}


def _few(texts: object) -> list[object]:
    if not isinstance(texts, list) or len(texts) > MOST_LAWS:
        raise ValidationError("There are too many, or it is no list.")
    return texts


def _law(text: object) -> str:
    if not isinstance(text, str) or not 0 < len(text) <= LAW_CHARACTERS or not text.isprintable():
        raise ValidationError("A text is too long, or has letters that can't be seen.")
    return text


class Files(fields.Field[tuple[BundledFile, ...]]):
    """Files by the thousand: looked at by hand, as a schema takes ten times as long."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401, ARG002
        return [{"path": one.path, "digest": one.digest, "size": one.size_bytes} for one in value]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> tuple[BundledFile, ...]:  # noqa: ANN401, ARG002
        if not isinstance(value, list) or len(value) > MOST_FILES:
            raise ValidationError("It is no list of files, or too long.")
        return tuple(_file(one) for one in value)


def _file(said: object) -> BundledFile:
    if not isinstance(said, dict) or said.keys() != {"path", "digest", "size"}:
        raise ValidationError("A file has a path, a digest and a size.")
    path, digest, size_bytes = said["path"], said["digest"], said["size"]
    if not isinstance(path, str) or not 0 < len(path) <= PATH_CHARACTERS:
        raise ValidationError("The path of a file is missing or too long.")
    if not isinstance(digest, str) or not is_digest(digest):
        raise ValidationError("The digest of a file is no SHA-256.")
    if type(size_bytes) is not int or not 0 <= size_bytes <= LARGEST:
        raise ValidationError("The size of a file is no size.")
    return BundledFile(path, digest, size_bytes)
