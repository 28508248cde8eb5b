"""Change how a platform is called here, whose RKK looks after it, and what it is used for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import audit
from sidecar.core.periods import day_of
from sidecar.core.platforms import NAME_CHARACTERS, Platform
from sidecar.errors import ConflictError, InvalidInputError

NUMBER_CHARACTERS: Final = 10
"""How much of a name is left for a number behind it."""


def rename(db: Session, platform_id: str, name: str, *, now: datetime, by: str | None) -> None:
    """Call a platform something else.

    Raises:
        InvalidInputError: the name has no or too many characters.
        ConflictError: another one has it.
    """
    name = name.strip()
    if not 0 < len(name) <= NAME_CHARACTERS:
        raise InvalidInputError(field="name", reason=f"it must have 1 to {NAME_CHARACTERS} characters.")
    if db.scalar(select(Platform.id).where(Platform.name == name, Platform.id != platform_id)):
        raise ConflictError(what="platform", key=name)
    db.get_one(Platform, platform_id).name = name
    audit.record(db, "platform.renamed", platform_id, at=now, identity_id=by)
    db.flush()


def set_region(db: Session, platform_id: str, region_id: str | None, *, now: datetime, by: str | None) -> None:
    """Say whose RKK looks after a platform; None: operators only."""
    db.get_one(Platform, platform_id).region_id = region_id
    audit.record(db, "platform.region_set", platform_id, at=now, identity_id=by, region=region_id or "")
    db.flush()


def set_line_items(db: Session, platform_id: str, *, make: bool, now: datetime, by: str | None) -> None:
    """Say whether an activity without a column in the LMS's gradebook gets one."""
    db.get_one(Platform, platform_id).makes_line_items = make
    audit.record(db, "platform.line_items_set", platform_id, at=now, identity_id=by, make=int(make))
    db.flush()


def set_frame_origins(db: Session, platform_id: str, origins: Sequence[str], *, now: datetime, by: str | None) -> None:
    """Say on which other origins the pages of a platform stand: they may show ours in a frame.

    Args:
        origins: as `sidecar.tool.framing` returns them.
    """
    db.get_one(Platform, platform_id).frame_origins = list(origins)
    said = " ".join(origins)
    audit.record(db, "platform.frame_origins_set", platform_id, at=now, identity_id=by, origins=said)
    db.flush()


def free_name(db: Session, platform: Platform, now: datetime) -> None:
    """Say behind the name of a removed platform that it is, so that another one may have the name."""
    mark = f" (removed {day_of(now)})"
    platform.name = unused_name(db, platform.name[: NAME_CHARACTERS - NUMBER_CHARACTERS - len(mark)] + mark)


def unused_name(db: Session, wanted: str) -> str:
    """Return the wanted name, with a number behind it where another platform has it."""
    wanted = wanted[: NAME_CHARACTERS - NUMBER_CHARACTERS]
    taken = set(db.scalars(select(Platform.name).where(Platform.name.startswith(wanted, autoescape=True))))
    names = (wanted if number == 1 else f"{wanted} {number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
