"""Change a resource by PATCH operations, also in the shapes in which Entra ID sends them.

Source: RFC 7644 §3.5.2. Beyond it: operations in any case, `active` as text, a manager as a bare id, attributes with
dots in an operation without a path, a list of values to remove beside the path, and an `add` to a value that its filter
does not find, which makes it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sidecar.sync.scim.attributes import (
    GIVEN,
    READ_PAST,
    SCHEMAS,
    Attribute,
    Body,
    find_attribute,
    read_flag,
    read_resource,
)
from sidecar.sync.scim.errors import (
    ScimFilterError,
    ScimMutabilityError,
    ScimNoTargetError,
    ScimPathError,
    ScimSyntaxError,
    ScimTooMuchError,
)
from sidecar.sync.scim.filters import Comparison, read_filter

MOST_OPERATIONS: Final = 100
LONGEST_PATH: Final = 500
_PATH: Final = re.compile(r"([A-Za-z$][\w$-]*)(?:\[(.*)\])?(?:\.([A-Za-z$][\w$-]*))?", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class _Place:
    """Where an operation works: an attribute of the body or of an extension, some of its values, a part of these."""

    attribute: Attribute
    extension: str | None
    which: Sequence[Comparison] | None
    part: Attribute | None


def patch(kind: str, body: Body, request: object) -> Body:
    """Return a resource as it is after all operations of a request, or fail without any.

    Raises:
        ScimError: an operation can't be done.
    """
    changed = copy.deepcopy(body)
    for operation in _operations(request):
        op, path, value = _read_operation(operation)
        if path is not None:
            _apply(kind, changed, op, path, value)
        elif op == "remove":
            raise ScimNoTargetError
        elif not isinstance(value, dict):
            raise ScimSyntaxError
        else:
            for key, one in value.items():
                _apply(kind, changed, op, key, one)
    return read_resource(kind, changed)


def _operations(request: object) -> list[Any]:
    given = _field(request, "operations")
    if not isinstance(given, list) or not given:
        raise ScimSyntaxError
    if len(given) > MOST_OPERATIONS:
        raise ScimTooMuchError(limit=MOST_OPERATIONS)
    return given


def _field(given: object, name: str) -> Any:  # noqa: ANN401 (a value that JSON can carry)
    if not isinstance(given, dict):
        raise ScimSyntaxError
    return next((value for key, value in given.items() if key.casefold() == name), None)


def _read_operation(operation: object) -> tuple[str, str | None, Any]:
    op, path = _field(operation, "op"), _field(operation, "path")
    if not isinstance(op, str) or op.casefold() not in ("add", "replace", "remove"):
        raise ScimSyntaxError
    if path is not None and not isinstance(path, str):
        raise ScimPathError
    return op.casefold(), path, _field(operation, "value")


def _apply(kind: str, body: Body, op: str, path: str, value: object) -> None:
    urn = next((urn for urn in SCHEMAS[kind] if urn.casefold() == path.casefold()), None)
    if urn is not None:
        _apply_to_schema(kind, body, op, urn, value)
        return
    place = _find_place(kind, path)
    if place is None:
        return
    holder: Body = body.setdefault(place.extension, {}) if place.extension else body
    if place.attribute.most:
        _change_several(holder, place, op, value)
    else:
        _change_one(holder, place, op, value)


def _apply_to_schema(kind: str, body: Body, op: str, urn: str, value: object) -> None:
    """Change the attributes of a whole schema."""
    if op == "remove" and urn in body:
        del body[urn]
    elif isinstance(value, dict):
        for key, one in value.items():
            if not key.casefold().startswith("urn:"):
                _apply(kind, body, op, f"{urn}:{key}", one)


def _find_place(kind: str, path: str) -> _Place | None:
    """Return the place of a path; None for what is read past.

    Raises:
        ScimPathError: it is no path.
    """
    if len(path) > LONGEST_PATH:
        raise ScimPathError
    extension, attributes, rest = _schema_of(kind, path)
    found = _PATH.fullmatch(rest)
    if found is None:
        if rest.casefold().startswith("urn:"):
            return None
        raise ScimPathError
    if found[1].casefold() in GIVEN and extension is None:
        raise ScimMutabilityError(attribute=found[1].casefold())
    attribute = find_attribute(attributes, found[1])
    if attribute is None:
        if found[1].casefold() in READ_PAST:
            return None
        raise ScimPathError
    part = find_attribute(attribute.parts, found[3]) if found[3] else None
    if found[3] and part is None:
        if found[3].casefold() in READ_PAST | {"$ref", "display", "type"}:
            return None
        raise ScimPathError
    return _Place(attribute, extension, _which(attribute, found[2]), part)


def _schema_of(kind: str, path: str) -> tuple[str | None, Sequence[Attribute], str]:
    """Return the extension that a path names (None for the own schema), its attributes, and the rest of the path."""
    own = next(iter(SCHEMAS[kind]))
    for urn, attributes in SCHEMAS[kind].items():
        if path.casefold().startswith(f"{urn.casefold()}:"):
            return (None if urn == own else urn), attributes, path[len(urn) + 1 :]
    return None, SCHEMAS[kind][own], path


def _which(attribute: Attribute, text: str | None) -> Sequence[Comparison] | None:
    if text is None:
        return None
    if not attribute.most:
        raise ScimPathError
    try:
        which = read_filter(text)
    except ScimFilterError:
        raise ScimPathError from None
    if any(find_attribute(attribute.parts, one.attribute) is None for one in which):
        raise ScimPathError
    return which


def _change_one(holder: Body, place: _Place, op: str, value: object) -> None:
    name = place.attribute.name
    if place.part is not None:
        whole = holder.get(name)
        parts = dict(whole) if isinstance(whole, dict) else {}
        _set(parts, place.part.name, None if op == "remove" else value)
        holder[name] = parts
    elif op != "remove" and place.attribute.kind == "complex" and isinstance(value, dict):
        whole = holder.get(name)
        holder[name] = {**(whole if isinstance(whole, dict) else {}), **_canonical(place.attribute, value)}
    else:
        _set(holder, name, None if op == "remove" else value)


def _set(holder: Body, name: str, value: object) -> None:
    if value is None:
        holder.pop(name, None)
    else:
        holder[name] = value


def _canonical(attribute: Attribute, value: dict[str, Any]) -> Body:
    """Return the parts that are known, under their own names."""
    found = ((find_attribute(attribute.parts, key), one) for key, one in value.items())
    return {part.name: one for part, one in found if part is not None}


def _change_several(holder: Body, place: _Place, op: str, value: object) -> None:
    name = place.attribute.name
    known = holder.get(name)
    values: list[Body] = list(known) if isinstance(known, list) else []
    if place.which is not None or place.part is not None:
        holder[name] = _change_some(values, place, op, value)
    elif op == "remove":
        leaving = {one["value"] for one in _as_values(place.attribute, value) if isinstance(one.get("value"), str)}
        holder[name] = [one for one in values if leaving and one.get("value") not in leaving]
    else:
        added = _as_values(place.attribute, value)
        again = {_identity(one) for one in added}
        staying = [one for one in values if _identity(one) not in again]
        holder[name] = added if op == "replace" else staying + added


def _identity(value: Body) -> str:
    """Return what makes one value the same as another (RFC 7644 §3.5.2.1: it is not added again)."""
    return repr((value.get("value"), value.get("type")))


def _as_values(attribute: Attribute, value: object) -> list[Body]:
    """Return the values that an operation brings; a bare text is one of them."""
    several = value if isinstance(value, list) else [value]
    bodies = ({"value": one} if isinstance(one, str) else one for one in several)
    return [_canonical(attribute, one) for one in bodies if isinstance(one, dict)]


def _change_some(values: list[Body], place: _Place, op: str, value: object) -> list[Body]:
    """Change those values that the filter of the path finds, or a part of them."""
    which = place.which or ()
    found = [one for one in values if _fits(place.attribute, one, which)]
    if op == "remove" and place.part is None:
        return [one for one in values if not any(one is other for other in found)]
    if not found:
        if op == "replace":
            raise ScimNoTargetError
        if op == "remove":
            return values
        found = [{_part(place.attribute, one.attribute).name: one.value for one in which}]
        values = values + found
    for one in found:
        if place.part is not None:
            _set(one, place.part.name, None if op == "remove" else value)
        elif isinstance(value, dict):
            one.update(_canonical(place.attribute, value))
        else:
            raise ScimSyntaxError
    return values


def _fits(attribute: Attribute, value: Body, which: Sequence[Comparison]) -> bool:
    return all(_equals(_part(attribute, one.attribute), value, one.value) for one in which)


def _part(attribute: Attribute, name: str) -> Attribute:
    part = find_attribute(attribute.parts, name)
    if part is None:
        raise ScimPathError
    return part


def _equals(part: Attribute, value: Body, wanted: str | bool) -> bool:
    held = value.get(part.name)
    if part.kind == "boolean":
        return read_flag(part.name, held or False) == read_flag(part.name, wanted)
    return isinstance(held, str) and isinstance(wanted, str) and held.casefold() == wanted.casefold()
