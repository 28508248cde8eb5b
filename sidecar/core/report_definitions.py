"""Keep the report definitions: what each asks for, version by version, and whose it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, ForeignKey, String, func, or_, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.access import Viewer
from sidecar.core.courses import Course
from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import Period
from sidecar.core.regions import Region, RegionMembership, is_member_on
from sidecar.core.report_schedules import read_schedule
from sidecar.core.report_specs import BASIC, Defined, Spec, read_spec
from sidecar.errors import NotAllowedError, NotFoundError, SidecarError

TITLE_CHARACTERS: Final = 120
MOST_NAMED: Final = 400
"""How many courses, municipalities, units or positions a definition may name."""
WORD_CHARACTERS: Final = 200


class ReportDefinition(Base, kw_only=True):
    """A report that somebody asked to be made again and again.

    Attributes:
        region_id: whose RKK it belongs to; None: the operators', and for every municipality.
        brought_back_at: since when it is in use again; what was due while it was retired is not made up for.
    """

    __tablename__ = "report_definition"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    region_id: Mapped[Id | None] = mapped_column(ForeignKey("region.id"), default=None, index=True)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None] = mapped_column(default=None)
    brought_back_at: Mapped[datetime | None] = mapped_column(default=None)


class ReportDefinitionVersion(Base, kw_only=True):
    """What a definition asked for from a moment on; never changed. `spec`: see `sidecar.core.report_specs.Spec`."""

    __tablename__ = "report_definition_version"

    definition_id: Mapped[Key] = mapped_column(ForeignKey("report_definition.id"))
    number: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(TITLE_CHARACTERS))
    spec: Mapped[JsonValue]
    made_at: Mapped[datetime]
    made_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None, index=True)


class BadTitleError(SidecarError):
    """The report needs a name of at most {most} characters, so that people know which one it is."""

    code = "bad-report-title"


class NotLookedAfterError(SidecarError):
    """This report can't be for "{municipality}". Choose a municipality that its region looks after."""

    code = "report-municipality"


class UnknownCourseError(SidecarError):
    """There is no course "{course}", or it is another's. Choose from the list of courses."""

    code = "report-course"


class TooManyNamedError(SidecarError):
    """The report names too much, or something too long, under "{field}". Leave it empty to mean all."""

    code = "report-names-too-much"


class ChangedMeanwhileError(SidecarError):
    """Somebody else has changed this report since you opened it. Look at the newest version, then change that."""

    code = "report-changed-meanwhile"


@dataclass(frozen=True)
class Line:
    """A definition as it is now.

    Attributes:
        region: the name of whose it is; "" for the operators'.
        may_change: whether the viewer may.
    """

    definition: ReportDefinition
    defined: Defined
    made_at: datetime
    region: str
    may_change: bool


def ensure_default(db: Session, now: datetime) -> Defined:
    """Return the definition that every installation has; make it the first time."""
    if db.get(ReportDefinition, BASIC.id) is None:
        db.add(ReportDefinition(id=BASIC.id, created_at=now))
        db.flush()
        spec = BASIC.spec.as_json()
        db.add(ReportDefinitionVersion(definition_id=BASIC.id, number=1, title="", spec=spec, made_at=now))
        db.flush()
    return defined_of(db, BASIC.id)


def defined_of(db: Session, definition_id: str, number: int | None = None) -> Defined:
    """Return a version of a definition, the newest by default; for jobs.

    Raises:
        NotFoundError: there is none.
    """
    of_it = ReportDefinitionVersion.definition_id == definition_id
    query = select(ReportDefinitionVersion).where(of_it).order_by(ReportDefinitionVersion.number.desc()).limit(1)
    found = db.scalar(query if number is None else query.where(ReportDefinitionVersion.number == number))
    if found is not None:
        return Defined(definition_id, found.title, found.number, read_spec(found.spec))
    if definition_id == BASIC.id and number in (None, BASIC.version):
        return BASIC  # of an installation whose scheduler has never run
    raise NotFoundError(what="report definition", key=definition_id)


def find_defined(db: Session, viewer: Viewer, key: str, number: int | None = None) -> Defined:
    """Return a version of a definition, the newest by default.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    if key != BASIC.id or not viewer.is_one_of("rkk", "operator"):
        find_definition(db, viewer, key)
    return defined_of(db, key, number)


def list_for(db: Session, viewer: Viewer, municipality: Municipality, today: date) -> Sequence[Defined]:
    """Return the definitions in use that are for a municipality; its contact has the one of every installation."""
    if viewer.is_one_of("rkk", "operator"):
        lines = [one for one in list_lines(db, viewer) if one.definition.retired_at is None]
        found = [one.defined for one in lines if _is_owned_for(db, one.definition, municipality, today)]
        missing = db.get(ReportDefinition, BASIC.id) is None
        found = [BASIC, *found] if missing else found
    else:
        basic = db.get(ReportDefinition, BASIC.id)
        found = [defined_of(db, BASIC.id)] if basic is None or basic.retired_at is None else []
    return [one for one in found if not one.spec.municipalities or municipality.slug in one.spec.municipalities]


def _is_owned_for(db: Session, definition: ReportDefinition, municipality: Municipality, today: date) -> bool:
    if definition.region_id is None:
        return True
    return municipality.id in {one.id for one in looked_after(db, definition.region_id, Period(today, today))}


def list_lines(db: Session, viewer: Viewer) -> Sequence[Line]:
    """Return all definitions that a viewer may see, those in use first, by title."""
    from_rows = _newest(db, _may_see(viewer))
    return sorted(
        (_line(db, viewer, definition, version) for definition, version in from_rows),
        key=lambda one: (one.definition.retired_at is not None, one.defined.title.casefold(), one.definition.id),
    )


def find_line(db: Session, viewer: Viewer, key: str) -> Line:
    """Return a definition as it is now.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    find_definition(db, viewer, key)
    ((definition, version),) = _newest(db, ReportDefinition.id == key)
    return _line(db, viewer, definition, version)


def _newest(db: Session, which: ColumnElement[bool]) -> list[tuple[ReportDefinition, ReportDefinitionVersion]]:
    numbers = select(ReportDefinitionVersion.definition_id, func.max(ReportDefinitionVersion.number).label("number"))
    last = numbers.group_by(ReportDefinitionVersion.definition_id).subquery()
    query = (
        select(ReportDefinition, ReportDefinitionVersion)
        .join(ReportDefinitionVersion, ReportDefinitionVersion.definition_id == ReportDefinition.id)
        .join(last, last.c.definition_id == ReportDefinition.id)
        .where(ReportDefinitionVersion.number == last.c.number, which)
    )
    return [(row[0], row[1]) for row in db.execute(query)]


def _line(db: Session, viewer: Viewer, definition: ReportDefinition, version: ReportDefinitionVersion) -> Line:
    defined = Defined(definition.id, version.title, version.number, read_spec(version.spec))
    region = db.get(Region, definition.region_id) if definition.region_id else None
    return Line(definition, defined, version.made_at, region.name if region else "", may_change(viewer, definition))


def _may_see(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.everything:
        return true()
    shared = ReportDefinition.region_id.is_(None) if viewer.is_one_of("rkk") else ReportDefinition.id.is_(None)
    return or_(shared, ReportDefinition.region_id.in_(viewer.regions))


def may_change(viewer: Viewer, definition: ReportDefinition) -> bool:
    """Tell whether a viewer may change a definition: operators all, an RKK those of its regions."""
    return viewer.everything or (definition.region_id is not None and definition.region_id in viewer.regions)


def find_definition(db: Session, viewer: Viewer, key: str) -> ReportDefinition:
    """Return a definition.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    found = db.scalar(select(ReportDefinition).where(ReportDefinition.id == key, _may_see(viewer)))
    if found is None:
        raise NotFoundError(what="report definition", key=key[:40])
    return found


def find_to_change(db: Session, viewer: Viewer, key: str) -> ReportDefinition:
    """Return a definition that the viewer may change, held till the end of the transaction.

    Raises:
        NotFoundError: there is none that the viewer may see.
        NotAllowedError: it is the operators'.
    """
    found = find_definition(db, viewer, key)
    if not may_change(viewer, found):
        raise NotAllowedError
    db.scalar(select(ReportDefinition.id).where(ReportDefinition.id == key).with_for_update())
    return found


def list_versions(db: Session, definition_id: str) -> Sequence[ReportDefinitionVersion]:
    """Return the versions of a definition, the newest first."""
    of_it = ReportDefinitionVersion.definition_id == definition_id
    query = select(ReportDefinitionVersion).where(of_it).order_by(ReportDefinitionVersion.number.desc())
    return db.scalars(query).all()


def add_version(
    db: Session, definition: ReportDefinition, title: str, spec: Spec, by: str | None, now: datetime
) -> int:
    """Write the next version of a definition, unless it says what the newest says; return its number."""
    newest = next(iter(list_versions(db, definition.id)), None)
    if newest and (newest.title, newest.spec) == (title, spec.as_json()):
        return newest.number
    number = newest.number + 1 if newest else 1
    new = ReportDefinitionVersion(
        definition_id=definition.id, number=number, title=title, spec=spec.as_json(), made_at=now, made_by=by
    )
    db.add(new)
    db.flush()
    return number


def scheduled_since(db: Session, definition: ReportDefinition) -> datetime:
    """Return since when a definition has had the schedule that it has; what was due before is not run."""
    versions = list_versions(db, definition.id)
    since = versions[0].made_at
    for one in versions:
        if one.spec.get("schedule") != versions[0].spec.get("schedule"):
            break
        since = one.made_at
    return max(since, definition.brought_back_at or since)


def looked_after(db: Session, region_id: str | None, period: Period) -> Sequence[Municipality]:
    """Return the municipalities of a definition's owner by name: those that were members on any day of a period.

    Args:
        region_id: None for the operators, who look after all.
    """
    query = select(Municipality).order_by(Municipality.name)
    if region_id is not None:
        left = or_(RegionMembership.left_on.is_(None), RegionMembership.left_on > period.start)
        ours = RegionMembership.region_id == region_id, RegionMembership.joined_on <= period.end, left
        query = query.where(Municipality.id.in_(select(RegionMembership.municipality_id).where(*ours)))
    return db.scalars(query).all()


def check(db: Session, title: str, spec: Spec, region_id: str | None, today: date) -> None:
    """Refuse what a definition can't ask for.

    Raises:
        BadTitleError, TooManyNamedError, NotLookedAfterError, UnknownCourseError, BadScheduleError: it does.
    """
    if not title or len(title) > TITLE_CHARACTERS or not title.isprintable():
        raise BadTitleError(most=TITLE_CHARACTERS)
    for field in ("courses", "municipalities", "units", "positions", "columns", "formats", "connectors"):
        _refuse_much(field, getattr(spec, field))
    read_schedule(spec.schedule)
    _refuse_strange_municipality(db, spec.municipalities, region_id, today)
    known = set(db.scalars(select(Course.key).where(Course.key.in_(spec.courses), _course_of(region_id, today))))
    for course in spec.courses:
        if course not in known:
            raise UnknownCourseError(course=course)


def _refuse_much(field: str, named: Collection[str]) -> None:
    too_long = any(not one.strip() or len(one) > WORD_CHARACTERS or not one.isprintable() for one in named)
    if too_long or len(named) > MOST_NAMED or len(set(named)) != len(named):
        raise TooManyNamedError(field=field)


def _refuse_strange_municipality(db: Session, slugs: Collection[str], region_id: str | None, today: date) -> None:
    ours = {one.slug for one in looked_after(db, region_id, Period(today, today))}
    for slug in slugs:
        if slug not in ours:
            raise NotLookedAfterError(municipality=slug)


def _course_of(region_id: str | None, today: date) -> ColumnElement[bool]:
    """Return the condition on `Course` that a definition of a region may name it: shared, or a member's."""
    if region_id is None:
        return true()
    members = select(RegionMembership.municipality_id).where(
        RegionMembership.region_id == region_id, is_member_on(today)
    )
    return or_(Course.municipality_id.is_(None), Course.municipality_id.in_(members))
