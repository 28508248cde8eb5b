"""Keep the units of municipalities: a tree in which each has its place from a day to a day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Date,
    Executable,
    ForeignKey,
    Select,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.statements import run

NamedUnit = tuple[str, str]
"""Id of a municipality, and the name of one of its units."""


class Unit(Base, kw_only=True):
    """A unit of a municipality; `key` is what its source calls it, the name where it has no other."""

    __tablename__ = "unit"
    __table_args__ = (UniqueConstraint("municipality_id", "key"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"))
    key: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))


class UnitPlace(Base, kw_only=True):
    """A unit's time below another one; `parent_id` None: at the top. `left_on`: the first day on which it is not."""

    __tablename__ = "unit_place"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    unit_id: Mapped[Id] = mapped_column(ForeignKey("unit.id"), index=True)
    parent_id: Mapped[Id | None] = mapped_column(ForeignKey("unit.id"), default=None, index=True)
    placed_on: Mapped[date]
    left_on: Mapped[date | None] = mapped_column(default=None)


def stands_on(day: date | BindParameter[Any]) -> ColumnElement[bool]:
    """Return the condition that a place holds on a day."""
    return and_(UnitPlace.placed_on <= day, or_(UnitPlace.left_on.is_(None), UnitPlace.left_on > day))


def reach_of(db: Session, named: Collection[NamedUnit], day: date) -> frozenset[str]:
    """Return the ids of the units of these names and of all below them on a day; a circle in the data ends nothing."""
    if not named:
        return frozenset()
    return frozenset(key for (key,) in run(db, _below(), named=sorted(named), day=day))


@cache
def _below() -> Executable:
    return below(bindparam("named", expanding=True), bindparam("day", type_=Date()))


def below(named: Sequence[NamedUnit] | BindParameter[Any], day: date | BindParameter[Any]) -> Select[str]:
    """Return the query of the ids that `reach_of` finds, to be part of another: there may be very many."""
    top = tuple_(Unit.municipality_id, Unit.name).in_(named)
    reached = select(Unit.id, Unit.municipality_id).where(top).cte("below", recursive=True)
    lower = (
        select(Unit.id, Unit.municipality_id)
        .join(UnitPlace, UnitPlace.unit_id == Unit.id)
        .join(reached, and_(UnitPlace.parent_id == reached.c.id, Unit.municipality_id == reached.c.municipality_id))
        .where(stands_on(day))
    )
    found = reached.union(lower)  # not "union all": who is met twice is not followed again
    return select(found.c.id)
