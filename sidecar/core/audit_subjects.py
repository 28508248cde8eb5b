"""Find what the ids in the audit trail stand for today, as far as a viewer may see it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, Subquery, or_, select, union_all
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer, may_see_employment, may_see_platform
from sidecar.core.connections import Connection
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.deliveries import Delivery
from sidecar.core.deployments import Deployment
from sidecar.core.gatherings import Gathering, runs
from sidecar.core.identity_lists import list_identities, may_see_grant
from sidecar.core.invitations import PlatformInvitation
from sidecar.core.municipalities import Municipality
from sidecar.core.paths import LearningPath, may_see_path
from sidecar.core.people import Employment, Person
from sidecar.core.periods import day_of
from sidecar.core.platforms import Platform, ResourceLink
from sidecar.core.pointers import Pointer
from sidecar.core.regions import Region
from sidecar.core.report_definitions import ReportDefinition, list_lines
from sidecar.core.staff import Grant
from sidecar.core.staff_courses import looks_after

IDS_A_QUERY: Final = 500


@dataclass(frozen=True)
class Named:
    """What an id stands for.

    Attributes:
        name: what people call it; "" for somebody who is erased.
        shown: where it can be looked at; None for nowhere.
        seen_as: the id of a person in the access log; "" for what is no person.
    """

    name: str
    shown: Pointer | None = None
    seen_as: str = ""


def names_of(db: Session, viewer: Viewer, ids: Iterable[str]) -> dict[str, Named]:
    """Return what these ids stand for; what is gone, or not for the viewer to see, is left out."""
    wanted = sorted(set(ids))
    found: dict[str, Named] = {}
    for start in range(0, len(wanted), IDS_A_QUERY):
        some = wanted[start : start + IDS_A_QUERY]
        for table in _TABLES:
            found |= {key: Named(name, shown) for key, name, shown in table(db, viewer, some)}
        found |= _people(db, viewer, some)
        found |= _grants(db, viewer, some)
    return found


def theirs(viewer: Viewer) -> Subquery:
    """Return the ids of what an RKK may read acts about: municipalities, LMSs, courses, paths, roles …"""
    platforms = select(Platform.id).where(may_see_platform(viewer))
    mine = viewer.rkk_for
    parts: list[Select[str]] = [
        select(Municipality.id).where(Municipality.id.in_(mine)),
        platforms,
        select(Deployment.id).where(Deployment.platform_id.in_(platforms)),
        select(ResourceLink.id).where(ResourceLink.platform_id.in_(platforms)),
        select(Course.id).where(looks_after(viewer)),
        select(CourseVersion.id).join(Course, CourseVersion.course_id == Course.id).where(looks_after(viewer)),
        select(Delivery.id).where(Delivery.municipality_id.in_(mine)),
        select(Connection.id).where(Connection.municipality_id.in_(mine)),
        select(PlatformInvitation.id).where(PlatformInvitation.region_id.in_(viewer.regions)),
        select(Grant.id).where(may_see_grant(viewer)),
        select(ReportDefinition.id).where(ReportDefinition.region_id.in_(viewer.regions)),
        select(LearningPath.id).where(may_see_path(viewer)),
        select(Gathering.id).where(or_(Gathering.region_id.in_(viewer.regions), Gathering.municipality_id.in_(mine))),
    ]
    return union_all(*parts).subquery()


Rows = Iterator[tuple[str, str, Pointer | None]]


def _municipalities(db: Session, viewer: Viewer, ids: list[str]) -> Rows:
    for one in db.scalars(select(Municipality).where(Municipality.id.in_(ids))):
        seen = viewer.sees_municipality(one.id)
        yield one.id, one.name, Pointer("municipality", one.slug) if seen else None


def _regions(db: Session, viewer: Viewer, ids: list[str]) -> Rows:
    for one in db.scalars(select(Region).where(Region.id.in_(ids))):
        if viewer.everything or one.id in viewer.regions:
            yield one.id, one.name, None


def _platforms(db: Session, viewer: Viewer, ids: list[str]) -> Rows:
    for one in db.scalars(select(Platform).where(Platform.id.in_(ids), may_see_platform(viewer))):
        yield one.id, one.name, Pointer("platform", one.id)


def _deployments(db: Session, viewer: Viewer, ids: list[str]) -> Rows:
    query = select(Deployment.id, Deployment.deployment_id, Platform.name, Platform.id)
    joined = query.join(Platform, Deployment.platform_id == Platform.id)
    for key, number, name, platform_id in db.execute(joined.where(Deployment.id.in_(ids), may_see_platform(viewer))):
        yield key, f"{name} ({number})", Pointer("platform", platform_id)


def _links(db: Session, viewer: Viewer, ids: list[str]) -> Rows:
    query = select(ResourceLink.id, Course.title, Platform.name).join(Course, ResourceLink.course_id == Course.id)
    joined = query.join(Platform, ResourceLink.platform_id == Platform.id)
    for key, title, name in db.execute(joined.where(ResourceLink.id.in_(ids), may_see_platform(viewer))):
        yield key, f"{title} ({name})", None


def _courses(db: Session, viewer: Viewer, ids: list[str]) -> Rows:
    for one in db.scalars(select(Course).where(Course.id.in_(ids), looks_after(viewer))):
        yield one.id, one.title, Pointer("course", one.key)
    query = select(CourseVersion.id, CourseVersion.number, Course.title, Course.key)
    joined = query.join(Course, CourseVersion.course_id == Course.id)
    for key, number, title, course in db.execute(joined.where(CourseVersion.id.in_(ids), looks_after(viewer))):
        yield key, f"{title} ({number})", Pointer("course", course)


def _paths(db: Session, viewer: Viewer, ids: list[str]) -> Rows:
    query = select(LearningPath.id, Course.title, Course.key).join(Course, LearningPath.course_id == Course.id)
    for key, title, course in db.execute(query.where(LearningPath.id.in_(ids), may_see_path(viewer))):
        yield key, title, Pointer("path", course)


def _gatherings(db: Session, viewer: Viewer, ids: list[str]) -> Rows:
    query = select(Gathering, Course.title).join(Course, Gathering.course_id == Course.id)
    for one, title in db.execute(query.where(Gathering.id.in_(ids))):
        if runs(viewer, one.region_id, one.municipality_id):
            yield one.id, f"{title} ({day_of(one.starts_at)})", Pointer("gathering", one.id)


def _deliveries(db: Session, viewer: Viewer, ids: list[str]) -> Rows:
    query = select(Delivery.id, Delivery.municipality_id, Delivery.period_start, Delivery.period_end, Municipality.name)
    joined = query.join(Municipality, Delivery.municipality_id == Municipality.id)
    for key, municipality_id, start, end, name in db.execute(joined.where(Delivery.id.in_(ids))):
        if viewer.sees_municipality(municipality_id):
            yield key, f"{name} {start.isoformat()}/{end.isoformat()}", Pointer("report", key)


def _channels(db: Session, viewer: Viewer, ids: list[str]) -> Rows:
    query = select(Connection.id, Connection.connector, Municipality.id, Municipality.name, Municipality.slug)
    joined = query.join(Municipality, Connection.municipality_id == Municipality.id)
    for key, connector, municipality_id, name, slug in db.execute(joined.where(Connection.id.in_(ids))):
        if viewer.sees_municipality(municipality_id):
            yield key, f"{name} ({connector})", Pointer("municipality", slug)


def _definitions(db: Session, viewer: Viewer, ids: list[str]) -> Rows:
    for line in list_lines(db, viewer):
        if line.definition.id in ids:
            yield (
                line.definition.id,
                line.defined.title or line.definition.id,
                Pointer("report-definition", line.definition.id),
            )


_TABLES: Final = (
    _municipalities,
    _regions,
    _platforms,
    _deployments,
    _links,
    _courses,
    _paths,
    _gatherings,
    _deliveries,
    _channels,
    _definitions,
)


def _people(db: Session, viewer: Viewer, ids: list[str]) -> dict[str, Named]:
    """Return identities and persons; an erased one has no name any more."""
    found = {
        key: Named(line.name, seen_as="" if line.is_erased else line.seen_as)
        for key, line in list_identities(db, viewer, ids).items()
    }
    query = select(Person).where(Person.id.in_(ids))
    if not viewer.everything:
        works = select(Employment.person_id).where(may_see_employment(viewer))
        query = query.where(Person.id.in_(works))
    for one in db.scalars(query):
        name = f"{one.first_name} {one.last_name}".strip()
        found[one.id] = Named(name, seen_as=one.id if name else "")
    return found


def _grants(db: Session, viewer: Viewer, ids: list[str]) -> dict[str, Named]:
    """Return whose role it is."""
    query = select(Grant.id, Grant.identity_id).where(Grant.id.in_(ids), may_see_grant(viewer))
    rows = db.execute(query).all()
    people = list_identities(db, viewer, [identity_id for _, identity_id in rows])
    holders = {key: people[identity_id] for key, identity_id in rows if identity_id in people}
    return {
        key: Named(line.name, Pointer("roles"), "" if line.is_erased else line.seen_as) for key, line in holders.items()
    }
