"""Say where a course of an LMS is opened, as far as we know how its addresses are made."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from sidecar.core.connections import Connection
from sidecar.core.data_subjects import DataSubject
from sidecar.core.people import Identity
from sidecar.core.people_sources import LmsCourse, Source
from sidecar.core.platforms import Platform


@dataclass(frozen=True)
class LmsAddress:
    """Where a course is; `url`: "" where it is not known, and people look for it in the LMS of this name."""

    lms: str
    url: str


def find_lms_addresses(db: Session, subject: DataSubject, course_ids: Collection[str]) -> Mapping[str, LmsAddress]:
    """Return where somebody opens courses that an LMS tells of, by the course's id: in the LMSs they have come from."""
    come_from = select(Identity.platform_id).where(Identity.id.in_(subject.all_identity_ids))
    return _addresses(db, Platform.id.in_(come_from), course_ids)


def list_lms_addresses(db: Session, platform_id: str, course_ids: Collection[str]) -> Mapping[str, LmsAddress]:
    """Return where courses that an LMS tells of are opened in it, by the course's id."""
    return _addresses(db, Platform.id == platform_id, course_ids)


def _addresses(db: Session, of_lms: ColumnElement[bool], course_ids: Collection[str]) -> Mapping[str, LmsAddress]:
    query = (
        select(LmsCourse.course_id, LmsCourse.key, Connection.connector, Platform.name, Platform.issuer)
        .join(Source, Source.id == LmsCourse.source_id)
        .join(Connection, Connection.id == Source.connection_id)
        .join(Platform, Platform.id == Connection.platform_id)
        .where(LmsCourse.course_id.in_(course_ids), of_lms)
        .order_by(LmsCourse.id.desc())
    )
    return {
        course_id: LmsAddress(name, _url(connector, issuer, key))
        for course_id, key, connector, name, issuer in db.execute(query)
    }


def _url(connector: str, issuer: str, key: str) -> str:
    """Return the address of a course by what its LMS calls it: Moodle finds one by its short name."""
    return f"{issuer.rstrip('/')}/course/view.php?{urlencode({'name': key})}" if connector == "moodle" else ""
