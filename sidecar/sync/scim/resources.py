"""Create, read, change and delete the users and groups of a municipality's SCIM client.

Each request is one transaction, which holds the municipality as an import of people does: of two at once one waits, and
one that is killed has changed nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from sidecar.core import scim_resources
from sidecar.core.municipalities import Municipality
from sidecar.core.scim_resources import GROUP, USER, ScimResource, members_of, number_of
from sidecar.runtime import Sidecar
from sidecar.sync.scim.attributes import Body, fold_name, read_flag, read_resource
from sidecar.sync.scim.employing import employ, employer, leave
from sidecar.sync.scim.errors import (
    ScimFilterError,
    ScimUniquenessError,
    ScimUnknownError,
    ScimValueError,
    ScimVersionError,
)
from sidecar.sync.scim.filters import Comparison, read_filter
from sidecar.sync.scim.patches import patch
from sidecar.sync.scim.records import manager_of

UNIQUE = {USER: "userName", GROUP: "displayName"}

log = structlog.get_logger()


@dataclass(frozen=True)
class Client:
    """The municipality for which a client speaks."""

    sidecar: Sidecar
    municipality_id: str


def create(client: Client, kind: str, raw: object) -> ScimResource:
    """Add a resource (RFC 7644 §3.3).

    Raises:
        ScimError: it can't be used, or its name is taken.
    """
    body = read_resource(kind, raw)
    with client.sidecar.transaction() as db:
        _lock(db, client)
        now = client.sidecar.now()
        new = ScimResource(
            municipality_id=client.municipality_id,
            kind=kind,
            name="",
            body={},
            created_at=now,
            changed_at=now,
        )
        _write(db, client, new, body)
        db.add(new)
        db.flush()
        _follow(db, client, new, {})
        db.flush()
        db.expunge_all()
    log.info("scim.resource_added", kind=kind, resource=new.id)
    return new


def find(client: Client, kind: str, resource_id: str) -> ScimResource:
    """Return a resource (RFC 7644 §3.4.1).

    Raises:
        ScimUnknownError: there is none, or it is another municipality's.
    """
    with client.sidecar.reading() as db:
        found = _find(db, client, kind, resource_id)
        db.expunge_all()
        return found


def search(client: Client, kind: str, text: str, *, start: int, count: int) -> tuple[int, Sequence[ScimResource]]:
    """Return how many resources a filter finds, and a page of them (RFC 7644 §3.4.2).

    Args:
        text: the filter; "" for all.
        start: of the first one on the page, counted from 1.

    Raises:
        ScimFilterError: the filter is not understood.
    """
    comparisons = read_filter(text) if text.strip() else []
    where = [one for one in (_condition(kind, each) for each in comparisons) if one is not None]
    held = [each for each in comparisons if _condition(kind, each) is None]
    if held and not any(each.attribute == "id" for each in comparisons):
        raise ScimFilterError
    with client.sidecar.reading() as db:
        page = scim_resources.list_resources(db, client.municipality_id, kind, where, start=start, count=count)
        db.expunge_all()
    if not held:
        return page
    fitting = [one for one in page[1] if all(_holds(one, each) for each in held)]
    return len(fitting), fitting


def replace(client: Client, kind: str, resource_id: str, raw: object, if_match: str) -> ScimResource:
    """Put a resource in the place of the one that was there (RFC 7644 §3.5.1).

    Raises:
        ScimError: as `create` and `find` do, or it was changed meanwhile.
    """
    body = read_resource(kind, raw)
    return _change(client, kind, resource_id, if_match, lambda _: body)


def change(client: Client, kind: str, resource_id: str, request: object, if_match: str) -> ScimResource:
    """Do the operations of a PATCH (RFC 7644 §3.5.2), all of them or none.

    Raises:
        ScimError: as `replace` does, or an operation can't be done.
    """
    return _change(client, kind, resource_id, if_match, lambda body: patch(kind, body, request))


def delete(client: Client, kind: str, resource_id: str, if_match: str) -> None:
    """Forget a resource (RFC 7644 §3.6); of a user the employment ends and stays known.

    Raises:
        ScimError: as `find` does, or it was changed meanwhile.
    """
    with client.sidecar.transaction() as db:
        _lock(db, client)
        found = _find(db, client, kind, resource_id)
        _refuse_other_version(found, if_match)
        if kind == USER:
            leave(db, employer(db, client.sidecar, client.municipality_id), found)
            scim_resources.leave_groups(db, found.id, client.sidecar.now())
        else:
            scim_resources.disband(db, found.id)
        db.delete(found)
    log.info("scim.resource_deleted", kind=kind, resource=resource_id)


def _change(client: Client, kind: str, resource_id: str, if_match: str, act: Callable[[Body], Body]) -> ScimResource:
    with client.sidecar.transaction() as db:
        _lock(db, client)
        found = _find(db, client, kind, resource_id)
        _refuse_other_version(found, if_match)
        before, after = found.body, act(found.body)
        if after != before:
            _write(db, client, found, after)
            found.version += 1
            found.changed_at = client.sidecar.now()
            db.flush()
            _follow(db, client, found, before)
            db.flush()
            log.info("scim.resource_changed", kind=kind, resource=resource_id)
        db.expunge_all()
    return found


def _lock(db: Session, client: Client) -> None:
    db.scalar(select(Municipality.id).where(Municipality.id == client.municipality_id).with_for_update())


def _find(db: Session, client: Client, kind: str, resource_id: str) -> ScimResource:
    is_id = re.fullmatch("[0-9a-f]{32}", resource_id) is not None
    found = scim_resources.find_resource(db, client.municipality_id, kind, resource_id) if is_id else None
    if found is None:
        raise ScimUnknownError
    return found


def _refuse_other_version(resource: ScimResource, if_match: str) -> None:
    """Refuse to change what the client has not read as it is now (RFC 7644 §3.14)."""
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(",")}
    if if_match.strip() and not tags & {"*", str(resource.version)}:
        raise ScimVersionError


def _write(db: Session, client: Client, resource: ScimResource, body: Body) -> None:
    """Write a body; names and employee numbers are unique in a municipality."""
    unique = UNIQUE[resource.kind]
    name = fold_name(body[unique])
    if not name or len(name) > 320:
        raise ScimValueError(attribute=unique)
    other = scim_resources.find_named(db, client.municipality_id, resource.kind, name)
    if other is not None and other is not resource:
        raise ScimUniquenessError(attribute=unique)
    if resource.kind == USER:
        _refuse_taken_number(db, client, resource, body)
    else:
        _refuse_strangers(db, client, resource.body, body)
    resource.name, resource.external_id, resource.body = name, body.get("externalId"), body
    resource.employee_number = (number_of(body) or None) if resource.kind == USER else None


def _refuse_taken_number(db: Session, client: Client, user: ScimResource, body: Body) -> None:
    number = number_of(body)
    if not number or number == number_of(user.body):
        return
    others = scim_resources.list_numbered(db, client.municipality_id, number)
    if any(one is not user for one in others):
        raise ScimUniquenessError(attribute="employeeNumber")


def _refuse_strangers(db: Session, client: Client, before: Body, body: Body) -> None:
    """Refuse new members who are no users of the same client."""
    new = members_of(body) - members_of(before)
    if new - scim_resources.list_known(db, client.municipality_id, sorted(new)):
        raise ScimValueError(attribute="members")


def _follow(db: Session, client: Client, resource: ScimResource, before: Mapping[str, Any]) -> None:
    if resource.kind == USER:
        employ(db, employer(db, client.sidecar, client.municipality_id), resource, before)
    else:
        scim_resources.follow_members(db, resource, before)


def _condition(kind: str, each: Comparison) -> ColumnElement[bool] | None:
    """Return the condition of a comparison; None for one that is compared in the resource itself.

    Raises:
        ScimFilterError: nobody may compare this attribute, or not with this kind of value.
    """
    if each.attribute == "active" and kind == USER:
        is_active = scim_resources.is_active()
        return is_active if _flag(each.value) else ~is_active
    if not isinstance(each.value, str):
        raise ScimFilterError
    if each.attribute == UNIQUE[kind].casefold():
        return ScimResource.name == fold_name(each.value)
    if each.attribute == "externalid":
        return ScimResource.external_id == each.value
    if each.attribute == "id":
        return ScimResource.id == each.value
    if each.attribute not in _HELD[kind]:
        raise ScimFilterError
    return None


def _flag(value: str | bool) -> bool:
    try:
        return read_flag("active", value)
    except ScimValueError:
        raise ScimFilterError from None


_HELD = {USER: ("manager", "manager.value"), GROUP: ("members", "members.value")}
"""What Entra ID asks of one resource, to see whether it refers to another."""


def _holds(resource: ScimResource, each: Comparison) -> bool:
    if resource.kind == USER:
        return manager_of(resource.body) == each.value
    return any(one["value"] == each.value for one in resource.body.get("members", []))
