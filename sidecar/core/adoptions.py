"""Keep which learning paths of other regions a region of ours has adopted, and how it answers their new versions.

An adopted path is a path of ours, with a link to its origin: to the received version on which it stands, in the words
of our courses (`base`). A path that still holds just that is taken as it is; one whose draft says something else is
adapted. Who did what stands in the audit log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ForeignKey, Select, String, and_, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.access import Viewer
from sidecar.core.adopted_courses import AdoptedCourse
from sidecar.core.courses import Course
from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.licences import may_adapt, may_keep
from sidecar.core.offered_paths import OfferedPath
from sidecar.core.path_contents import Content, content_of, document_of, named
from sidecar.core.paths import LearningPath, PathLine
from sidecar.core.peers import ORIGIN_CHARACTERS
from sidecar.core.periods import day_of
from sidecar.core.received_paths import ReceivedPath, ReceivedPathVersion, may_see_received
from sidecar.errors import NotFoundError, SidecarError

State = Literal["received", "adopted", "update", "postponed", "refused", "withdrawn", "kept", "retired"]

DAYS_AFTER_WITHDRAWAL: Final = 90
"""For how long a path that its owner has withdrawn goes on where its licence does not let us keep it."""


class AlreadyAdoptedError(SidecarError):
    """This learning path is adopted already, as "{key}". Its new versions are offered there."""

    code = "path-adopted"


class PathWithdrawnError(SidecarError):
    """Its owner offers this learning path no more, so nothing more of it can be taken. Ask the other region."""

    code = "path-withdrawn"


class LicenceForbidsError(SidecarError):
    """Its licence ("{licence}") does not allow that, or it names none. Ask the region that owns the learning path."""

    code = "path-licence-forbids"


class Adoption(Base, kw_only=True):
    """A path of ours that was made of one we received.

    Attributes:
        version_id: of the received version on which it stands; `base`: that one's content, its steps about our courses.
        provenance: of which paths it was made, the nearest last, see `sidecar.sharing.bundle_manifest.Provenance`.
        licence: of that version.
        postponed_until: the day on which a waiting version is shown again.
        refused: the number of the newest version that was refused, 0 for none.
        kept_at: since when it is a copy of our own, as its owner withdrew it.
        reports_use: whether its owner is told how much it is used, as counts; `use_told`: the month of which they were
            told last, "" for none.
    """

    __tablename__ = "adoption"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    path_id: Mapped[Id] = mapped_column(ForeignKey("learning_path.id"), unique=True)
    received_id: Mapped[Id] = mapped_column(ForeignKey("received_path.id"), unique=True)
    version_id: Mapped[Id] = mapped_column(ForeignKey("received_path_version.id"), index=True)
    base: Mapped[JsonValue]
    provenance: Mapped[JsonValue]
    licence: Mapped[str] = mapped_column(String(100), default="")
    adopted_at: Mapped[datetime]
    accepted_at: Mapped[datetime]
    postponed_until: Mapped[date | None] = mapped_column(default=None)
    refused: Mapped[int] = mapped_column(default=0)
    kept_at: Mapped[datetime | None] = mapped_column(default=None)
    reports_use: Mapped[bool] = mapped_column(default=False)
    use_told: Mapped[str] = mapped_column(String(7), default="")


@dataclass(frozen=True)
class AdoptedLine:
    """A received path as it stands here.

    Attributes:
        newest: the version that was received last.
        adoption, course, path: None where it is not adopted; `taken`: the number of the version on which ours stands.
        offered: how its owner offers it now; None for what came as a file.
    """

    received: ReceivedPath
    newest: ReceivedPathVersion
    adoption: Adoption | None = None
    path: LearningPath | None = None
    course: Course | None = None
    taken: int = 0
    offered: OfferedPath | None = None

    @property
    def has_newer(self) -> bool:
        """Tell whether a version is here that was neither taken nor refused."""
        return self.adoption is not None and self.newest.number > max(self.taken, self.adoption.refused)

    def waits_on(self, day: date) -> bool:
        """Tell whether a version waits for an answer on a day (Europe/Oslo)."""
        until = self.adoption.postponed_until if self.adoption else None
        return self.has_newer and not self.is_retired and (until is None or until <= day)

    @property
    def is_retired(self) -> bool:
        """Tell whether ours is out of use."""
        return self.course is not None and self.course.retired_at is not None

    def is_withdrawn_on(self, day: date) -> bool:
        """Tell whether its owner offers it no more on a day: withdrawn, or the last day of the offer is over."""
        return self.offered is not None and not self.offered.is_offered_on(day)

    @property
    def is_adapted(self) -> bool:
        """Tell whether ours says something else than the version on which it stands."""
        if self.adoption is None or self.path is None or self.course is None:
            return False
        return named(content_of(self.path.draft), self.course.key) != content_of(self.adoption.base)

    @property
    def licence(self) -> str:
        """The licence of what ours stands on; of what was received where nothing was adopted."""
        return self.adoption.licence if self.adoption else self.newest.licence

    @property
    def may_be_kept(self) -> bool:
        """Tell whether the licence lets us go on with ours when the owner withdraws theirs."""
        return may_adapt(self.licence) if self.is_adapted else may_keep(self.licence)

    def ends_on(self, day: date) -> date | None:
        """Return the day on which ours is retired, as it was withdrawn and may not be kept; None for never."""
        if self.offered is None or self.adoption is None or self.may_be_kept or not self.is_withdrawn_on(day):
            return None
        withdrawn = day_of(self.offered.withdrawn_at) if self.offered.withdrawn_at else self.offered.until
        since = min(filter(None, (withdrawn, self.offered.until)), default=day)
        return since + timedelta(days=DAYS_AFTER_WITHDRAWAL)

    def state_on(self, day: date) -> State:
        """Return how it stands on a day.

        received: not adopted; update: a version waits; postponed, refused: it was answered so; withdrawn: by its owner,
        and not kept; kept, as a copy of ours; retired; adopted, and nothing waits.
        """
        if self.adoption is None:
            return "withdrawn" if self.is_withdrawn_on(day) else "received"
        if self.is_retired:
            return "retired"
        if self.is_withdrawn_on(day):
            return "kept" if self.adoption.kept_at else "withdrawn"
        if self.has_newer:
            return "update" if self.waits_on(day) else "postponed"
        return "refused" if self.newest.number > self.taken else "adopted"

    def needs_attention_on(self, day: date) -> bool:
        """Tell whether the RKK has something to decide: a new version, or what becomes of a withdrawn path."""
        return self.adoption is not None and self.state_on(day) in ("update", "withdrawn")


def list_adopted(db: Session, viewer: Viewer) -> Sequence[AdoptedLine]:
    """Return what the viewer's regions have received, adopted or not, by title."""
    rows = db.execute(_lines().where(may_see_received(viewer)).order_by(func.lower(ReceivedPathVersion.title)))
    return [_line(row) for row in rows]


def count_waiting(db: Session, viewer: Viewer, today: date) -> int:
    """Return of how many adopted paths the viewer's regions have something to decide."""
    return sum(one.needs_attention_on(today) for one in list_adopted(db, viewer)) if _sees_any(viewer) else 0


def _sees_any(viewer: Viewer) -> bool:
    return viewer.everything or bool(viewer.regions)


def find_adopted(
    db: Session, viewer: Viewer, key: str, region_id: str | None = None, *, to_change: bool = False
) -> AdoptedLine:
    """Return what one of the viewer's regions has received, by its id or origin.

    Args:
        to_change: nobody else adopts it, or answers its versions, till the end of the transaction.

    Raises:
        NotFoundError: there is none, or several regions of ours have received it.
    """
    here = [may_see_received(viewer), (ReceivedPath.id == key) | (ReceivedPath.origin == key)]
    here += [ReceivedPath.region_id == region_id] if region_id else []
    if to_change:
        db.execute(select(ReceivedPath.id).where(*here).with_for_update()).all()
    rows = db.execute(_lines().where(*here).limit(2).execution_options(populate_existing=True)).all()
    if len(rows) != 1:
        raise NotFoundError(what="learning path", key=key[:ORIGIN_CHARACTERS])
    return _line(rows[0])


def find_adoption(db: Session, path_id: str) -> Adoption | None:
    """Return how a path of ours was adopted; None for one that is our own."""
    return db.scalar(select(Adoption).where(Adoption.path_id == path_id))


def line_of_path(db: Session, viewer: Viewer, path_id: str) -> AdoptedLine | None:
    """Return from where a path of ours was adopted; None for one that is our own."""
    adoption = find_adoption(db, path_id)
    return find_adopted(db, viewer, adoption.received_id) if adoption else None


def _lines() -> Select[*tuple[Any, ...]]:
    last = select(func.max(ReceivedPathVersion.number)).where(ReceivedPathVersion.path_id == ReceivedPath.id)
    newest = ReceivedPathVersion.number == last.correlate(ReceivedPath).scalar_subquery()
    taken = select(ReceivedPathVersion.id, ReceivedPathVersion.number).subquery()
    told = select(func.max(OfferedPath.id)).where(
        OfferedPath.region_id == ReceivedPath.region_id, OfferedPath.origin == ReceivedPath.origin
    )
    return (
        select(ReceivedPath, ReceivedPathVersion, Adoption, LearningPath, Course, taken.c.number, OfferedPath)
        .join(ReceivedPathVersion, and_(ReceivedPathVersion.path_id == ReceivedPath.id, newest))
        .outerjoin(Adoption, Adoption.received_id == ReceivedPath.id)
        .outerjoin(LearningPath, LearningPath.id == Adoption.path_id)
        .outerjoin(Course, Course.id == LearningPath.course_id)
        .outerjoin(taken, taken.c.id == Adoption.version_id)
        .outerjoin(OfferedPath, OfferedPath.id == told.correlate(ReceivedPath).scalar_subquery())
    )


def _line(row: Any) -> AdoptedLine:  # noqa: ANN401 (a row of `_lines`)
    received, newest, adoption, path, course, taken, offered = row
    return AdoptedLine(received, newest, adoption, path, course, taken or 0, offered)


def refuse_to_take(line: AdoptedLine, today: date) -> None:
    """Return where versions of a path may be taken.

    Raises:
        PathWithdrawnError: its owner offers it no more.
    """
    if line.is_withdrawn_on(today):
        raise PathWithdrawnError


def add_adoption(
    db: Session, path: PathLine, version: ReceivedPathVersion, base: Content, provenance: JsonValue, now: datetime
) -> Adoption:
    """Write down that a path of ours stands on a received version."""
    adoption = Adoption(
        path_id=path.path.id,
        received_id=version.path_id,
        version_id=version.id,
        base=document_of(base),
        provenance=provenance,
        licence=version.licence,
        adopted_at=now,
        accepted_at=now,
    )
    db.add(adoption)
    db.flush()
    return adoption


def move_on(
    db: Session,
    adoption: Adoption,
    version: ReceivedPathVersion,
    base: Content,
    provenance: JsonValue,
    now: datetime,
) -> None:
    """Write down that ours stands on a newer version from now on."""
    adoption.version_id, adoption.base, adoption.provenance = version.id, document_of(base), provenance
    adoption.licence, adoption.accepted_at, adoption.postponed_until = version.licence, now, None
    db.flush()


def refuse_to_share_on(db: Session, path_id: str, content: Content) -> None:
    """Return where a path may go to other regions as it is: what of it is another region's, its licence allows.

    Args:
        content: every step naming its course.

    Raises:
        LicenceForbidsError: that of the path, or of a course in it, does not.
    """
    _refuse_courses(db, content)
    adoption = find_adoption(db, path_id)
    if adoption is None:
        return
    is_adapted = content != content_of(adoption.base)
    if not (may_adapt(adoption.licence) if is_adapted else may_keep(adoption.licence)):
        raise LicenceForbidsError(licence=adoption.licence)


def _refuse_courses(db: Session, content: Content) -> None:
    keys = {one.course for one in content.steps()}
    theirs = select(Course.key, Course.licence).join(AdoptedCourse, AdoptedCourse.course_id == Course.id)
    unsaid = dict[str, str]()
    for key, licence in db.execute(theirs.where(Course.key.in_(keys))):
        if licence and not may_keep(licence):
            raise LicenceForbidsError(licence=licence)
        if not licence:
            unsaid[key] = ""
    for adoption in db.scalars(select(Adoption)) if unsaid else ():
        for key in unsaid.keys() & {one.course for one in content_of(adoption.base).steps()}:
            unsaid[key] = unsaid[key] if may_keep(unsaid[key]) else adoption.licence
    for licence in unsaid.values():
        if not may_keep(licence):
            raise LicenceForbidsError(licence=licence)


def provenance_of(db: Session, path_id: str) -> Sequence[Any]:
    """Return of which paths a path was made, the nearest last; none for our own."""
    adoption = find_adoption(db, path_id)
    return adoption.provenance if adoption else []
