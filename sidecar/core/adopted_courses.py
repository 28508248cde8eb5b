"""Know which courses of ours stand for courses of other regions, in the learning paths that we adopt from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.courses import KEY_CHARACTERS, Course, free_key
from sidecar.core.crossing_courses import origin_of_course, stand_for
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.peers import ADDRESS_CHARACTERS


class AdoptedCourse(Base, kw_only=True):
    """Which course of ours stands for one of another region, in every path of it that a region of ours adopts.

    Attributes:
        address: whose course it is; `key`: what it is called there.
        version: the newest one of its packages that is here, as it is numbered there; 0 where it has none.
    """

    __tablename__ = "adopted_course"
    __table_args__ = (UniqueConstraint("region_id", "address", "key"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    region_id: Mapped[Id] = mapped_column(ForeignKey("region.id"))
    address: Mapped[str] = mapped_column(String(ADDRESS_CHARACTERS))
    key: Mapped[str] = mapped_column(String(KEY_CHARACTERS))
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"), index=True)
    version: Mapped[int] = mapped_column(default=0)


@dataclass(frozen=True)
class Origin:
    """Whose courses they are, and for which region of ours."""

    region_id: str
    address: str


def find_courses(db: Session, origin: Origin) -> Mapping[str, Course]:
    """Return our courses that stand for those of a region, by the key that they have there."""
    theirs = AdoptedCourse.region_id == origin.region_id, AdoptedCourse.address == origin.address
    query = select(AdoptedCourse.key, Course).join(Course, Course.id == AdoptedCourse.course_id).where(*theirs)
    return dict(db.execute(query).all())


def add_course(db: Session, origin: Origin, key: str, title: str, kind: str, now: datetime) -> Course:
    """Make a course of ours that stands for one of another region; what was told of that one moves along.

    Args:
        key: what it is called there; here too, if that is free.
    """
    course = Course(key=free_key(db, key), title=title, kind=kind, created_at=now)
    db.add(course)
    db.flush()
    db.add(AdoptedCourse(region_id=origin.region_id, address=origin.address, key=key, course_id=course.id))
    stand_for(db, origin.region_id, origin_of_course(origin.address, key, kind), course.id, now)
    return course


def take_version(db: Session, origin: Origin, key: str, number: int) -> bool:
    """Note that a package is here; False where it is not newer than what is here, maybe by another path of theirs."""
    theirs = AdoptedCourse.region_id == origin.region_id, AdoptedCourse.address == origin.address
    row = db.scalars(select(AdoptedCourse).where(*theirs, AdoptedCourse.key == key).with_for_update()).one()
    if number <= row.version:
        return False
    row.version = number
    db.flush()
    return True
