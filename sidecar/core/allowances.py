"""Keep how much each owner's courses may take: so that one municipality can't fill the storage of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sidecar.core.courses import Course, CourseVersion
from sidecar.core.municipalities import Municipality
from sidecar.errors import SidecarError

GIGABYTE: Final = 10**9
MOST_BYTES: Final = 50 * GIGABYTE
MOST_PACKAGES: Final = 2_000
"""What an owner may have who was given no allowance of its own; the courses that belong to nobody count as one."""

SHARED_LOCK: Final = 0x51DECA13
"""The key of the advisory lock on what belongs to nobody; any number that nobody else uses."""


class AllowanceUsedError(SidecarError):
    """There is no room: {packages} packages with {gigabytes} GB are kept of {most_packages} and {most_gigabytes} GB at most. Remove versions nobody has begun, or ask an operator for more."""  # noqa: E501

    code = "allowance-used"


@dataclass(frozen=True)
class Allowance:
    """What an owner's courses take (unpacked bytes, packages) and may take."""

    size_bytes: int
    packages: int
    most_bytes: int
    most_packages: int

    def has_room_for(self, size_bytes: int) -> bool:
        """Tell whether a further package of this size fits."""
        return self.size_bytes + size_bytes <= self.most_bytes and self.packages < self.most_packages


def allowance_of(db: Session, municipality_id: str | None) -> Allowance:
    """Return what an owner's courses take and may take; None stands for the courses that belong to nobody."""
    query = select(func.coalesce(func.sum(CourseVersion.size_bytes), 0), func.count(CourseVersion.id))
    query = query.join(Course, CourseVersion.course_id == Course.id)
    size_bytes, packages = db.execute(query.where(Course.municipality_id == municipality_id)).one()
    owner = db.get(Municipality, municipality_id) if municipality_id else None
    return Allowance(
        size_bytes=int(size_bytes),
        packages=packages,
        most_bytes=owner.most_bytes if owner and owner.most_bytes is not None else MOST_BYTES,
        most_packages=owner.most_packages if owner and owner.most_packages is not None else MOST_PACKAGES,
    )


def refuse_over(db: Session, municipality_id: str | None, size_bytes: int) -> None:
    """Return where a further package fits.

    Raises:
        AllowanceUsedError: it does not.
    """
    allowance = allowance_of(db, municipality_id)
    if not allowance.has_room_for(size_bytes):
        raise AllowanceUsedError(
            packages=allowance.packages,
            gigabytes=_gigabytes(allowance.size_bytes),
            most_packages=allowance.most_packages,
            most_gigabytes=_gigabytes(allowance.most_bytes),
        )


def lock_allowance(db: Session, municipality_id: str | None) -> None:
    """Let the second of two uploads for one owner wait for the first (SQLite has one writer at a time anyway)."""
    if municipality_id:
        db.execute(select(Municipality.id).where(Municipality.id == municipality_id).with_for_update())
    elif db.get_bind().dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(SHARED_LOCK)))


def set_allowance(municipality: Municipality, *, gigabytes: int | None, packages: int | None) -> None:
    """Give a municipality an allowance; None leaves a number as it is."""
    municipality.most_bytes = municipality.most_bytes if gigabytes is None else gigabytes * GIGABYTE
    municipality.most_packages = municipality.most_packages if packages is None else packages


def _gigabytes(size_bytes: int) -> str:
    return f"{size_bytes / GIGABYTE:.1f}"
