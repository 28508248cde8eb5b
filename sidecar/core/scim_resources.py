"""Keep what a SCIM client has told of a municipality's users and groups (RFC 7643), as it told it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, ForeignKey, Index, String, UniqueConstraint, delete, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.access import Viewer
from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.errors import NotFoundError

USER: Final = "User"
GROUP: Final = "Group"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
"""The schema in which an employee number stands (RFC 7643 §4.3)."""

MEMBERS_A_TIME: Final = 500


class ScimResource(Base, kw_only=True):
    """A user or group of a municipality's SCIM client.

    Attributes:
        kind: User or Group.
        name: `userName` or `displayName`, in lower case: unique in its municipality and kind.
        external_id: what the client calls it.
        body: the resource as it was told, without id and meta.
        employment_id: the employment that a user became; None as long as it names no employee number.
        employee_number: what the body of a user names, to find them by.
        version: counts changes; the ETag is made of it.
    """

    __tablename__ = "scim_resource"
    __table_args__ = (
        UniqueConstraint("municipality_id", "kind", "name"),
        Index("ix_scim_resource_municipality_id_employee_number", "municipality_id", "employee_number"),
    )

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"))
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(320))
    external_id: Mapped[str | None] = mapped_column(String(320), default=None, index=True)
    body: Mapped[JsonValue]
    employment_id: Mapped[Id | None] = mapped_column(ForeignKey("employment.id"), default=None, index=True)
    employee_number: Mapped[str | None] = mapped_column(String(100), default=None)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ScimMember(Base, kw_only=True):
    """A user in a group, as the group's body says, so that a user's groups are found without reading all of them."""

    __tablename__ = "scim_member"

    group_id: Mapped[Id] = mapped_column(ForeignKey("scim_resource.id"), primary_key=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey("scim_resource.id"), primary_key=True, index=True)


def number_of(body: Mapping[str, Any]) -> str:
    """Return the employee number that the body of a user names, or ""."""
    return str(body.get(ENTERPRISE, {}).get("employeeNumber", ""))


def find_resource(db: Session, municipality_id: str, kind: str, resource_id: str) -> ScimResource | None:
    """Return a resource of a municipality's client, or None: another's are as if they were not there."""
    here = ScimResource.municipality_id == municipality_id, ScimResource.kind == kind
    return db.scalar(select(ScimResource).where(ScimResource.id == resource_id, *here))


def find_named(db: Session, municipality_id: str, kind: str, name: str) -> ScimResource | None:
    """Return the resource of a name, in lower case, or None."""
    here = ScimResource.municipality_id == municipality_id, ScimResource.kind == kind
    return db.scalar(select(ScimResource).where(ScimResource.name == name, *here))


def list_resources(
    db: Session, municipality_id: str, kind: str, where: Sequence[ColumnElement[bool]], *, start: int, count: int
) -> tuple[int, Sequence[ScimResource]]:
    """Return how many resources of a municipality's client there are, and a page of them, the oldest first.

    Args:
        start: of the first one on the page, counted from 1.
    """
    here = ScimResource.municipality_id == municipality_id, ScimResource.kind == kind, *where
    total = db.scalar(select(func.count()).select_from(ScimResource).where(*here)) or 0
    query = select(ScimResource).where(*here).order_by(ScimResource.created_at, ScimResource.id)
    return total, db.scalars(query.offset(start - 1).limit(count)).all() if count else []


def list_all(db: Session, municipality_id: str, kind: str) -> Sequence[ScimResource]:
    """Return all resources of a municipality's client."""
    here = ScimResource.municipality_id == municipality_id, ScimResource.kind == kind
    return db.scalars(select(ScimResource).where(*here).order_by(ScimResource.created_at, ScimResource.id)).all()


def list_numbered(db: Session, municipality_id: str, number: str) -> Sequence[ScimResource]:
    """Return the users of a municipality's client that name an employee number."""
    users = ScimResource.municipality_id == municipality_id, ScimResource.kind == USER
    return db.scalars(select(ScimResource).where(*users, ScimResource.employee_number == number)).all()


def list_known(db: Session, municipality_id: str, ids: Sequence[str]) -> set[str]:
    """Return those of these ids that are users of a municipality's client."""
    users = select(ScimResource.id).where(ScimResource.municipality_id == municipality_id, ScimResource.kind == USER)
    found: set[str] = set()
    for at in range(0, len(ids), MEMBERS_A_TIME):
        found.update(db.scalars(users.where(ScimResource.id.in_(ids[at : at + MEMBERS_A_TIME]))))
    return found


def is_active() -> ColumnElement[bool]:
    """Return the condition on `ScimResource` that a user is active."""
    condition: ColumnElement[bool] = ScimResource.body["active"].as_boolean().is_(True)
    return condition


def follow_members(db: Session, group: ScimResource, before: Mapping[str, Any]) -> None:
    """Keep who is in a group as its body says; `before` is the body that it had. Both are in the database."""
    old, new = members_of(before), members_of(group.body)
    gone, come = sorted(old - new), sorted(new - old)
    here = ScimMember.group_id == group.id
    for at in range(0, len(gone), MEMBERS_A_TIME):
        db.execute(delete(ScimMember).where(here, ScimMember.user_id.in_(gone[at : at + MEMBERS_A_TIME])))
    if come:
        db.execute(insert(ScimMember), [{"group_id": group.id, "user_id": one} for one in come])


def members_of(body: Mapping[str, Any]) -> set[str]:
    """Return the ids of the users that the body of a group names."""
    return {one["value"] for one in body.get("members", [])}


def leave_groups(db: Session, user_id: str, now: datetime) -> None:
    """Take a user out of all groups."""
    theirs = select(ScimMember.group_id).where(ScimMember.user_id == user_id)
    for group in db.scalars(select(ScimResource).where(ScimResource.id.in_(theirs)).order_by(ScimResource.id)).all():
        staying = [one for one in group.body.get("members", []) if one["value"] != user_id]
        group.body = {**group.body, "members": staying}
        group.version += 1
        group.changed_at = now
    db.execute(delete(ScimMember).where(ScimMember.user_id == user_id))


def disband(db: Session, group_id: str) -> None:
    """Let nobody be in a group any more."""
    db.execute(delete(ScimMember).where(ScimMember.group_id == group_id))


def forget_of(db: Session, employment_ids: Sequence[str], now: datetime) -> None:
    """Forget the users that these employments came from; a client that has them still brings them back."""
    for one in db.scalars(select(ScimResource).where(ScimResource.employment_id.in_(employment_ids))).all():
        leave_groups(db, one.id, now)
        db.delete(one)
    db.flush()


def list_unnumbered(db: Session, viewer: Viewer, municipality_id: str) -> Sequence[str]:
    """Return the ids of active users that name no employee number, and so became nobody's employment.

    Raises:
        NotFoundError: the viewer does not see all of the municipality.
    """
    if not viewer.sees_municipality(municipality_id):
        raise NotFoundError(what="municipality", key=municipality_id)
    users = ScimResource.municipality_id == municipality_id, ScimResource.kind == USER
    query = select(ScimResource.id).where(*users, ScimResource.employment_id.is_(None), is_active())
    return db.scalars(query.order_by(ScimResource.created_at, ScimResource.id)).all()
