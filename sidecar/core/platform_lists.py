"""List the LMSs for staff: in which state each is, whom it speaks for, and what waits for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, select, true
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer, may_see_platform
from sidecar.core.deployments import Deployment
from sidecar.core.invitations import PlatformInvitation
from sidecar.core.launches import Launch
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.platform_checks import PlatformCheck
from sidecar.core.platforms import Platform, PlatformMunicipality
from sidecar.errors import NotAllowedError, NotFoundError


@dataclass(frozen=True)
class PlatformLine:
    """An LMS as the list shows it.

    Attributes:
        speaks_for: names of municipalities.
        check: its last test; None where nobody has tested it.
        may_run: the viewer may change it.
    """

    platform: Platform
    speaks_for: Sequence[str]
    waiting_deployments: int
    last_launch_at: datetime | None
    check: PlatformCheck | None
    may_run: bool


@dataclass(frozen=True)
class SpokenFor:
    """A municipality that an LMS speaks for, and how it reads employee numbers; None means the default."""

    municipality: Municipality
    pattern: str | None


@dataclass(frozen=True)
class Waiting:
    """What waits for a person who may decide it, counted over the LMSs that the viewer runs."""

    platforms: int
    deployments: int
    updates: int

    @property
    def any(self) -> bool:
        """Tell whether anything waits."""
        return bool(self.platforms or self.deployments or self.updates)


def list_platform_lines(db: Session, viewer: Viewer) -> Sequence[PlatformLine]:
    """Return the LMSs the viewer may see: those that wait for approval first, then by name."""
    query = select(Platform).where(_seen(viewer)).order_by(Platform.is_pending.desc(), func.lower(Platform.name))
    found = db.scalars(query).all()
    speaks_for = defaultdict[str, list[str]](list)
    for platform_id, name in db.execute(_names(viewer)):
        speaks_for[platform_id].append(name)
    waiting = dict(db.execute(_waiting_deployments(_seen(viewer))).all())
    launched = dict(db.execute(_last_launches(viewer)).all())
    checks = {each.platform_id: each for each in db.scalars(select(PlatformCheck))}
    return [
        PlatformLine(
            platform=each,
            speaks_for=speaks_for[each.id],
            waiting_deployments=waiting.get(each.id, 0),
            last_launch_at=launched.get(each.id),
            check=checks.get(each.id),
            may_run=viewer.may_run_platform(each.region_id),
        )
        for each in found
    ]


def list_seen_platforms(db: Session, viewer: Viewer) -> Sequence[Platform]:
    """Return the LMSs the viewer may see, by name, without what the list tells of each."""
    return db.scalars(select(Platform).where(_seen(viewer)).order_by(func.lower(Platform.name))).all()


def list_platforms_to_renew(db: Session, viewer: Viewer) -> Sequence[Platform]:
    """Return the LMSs that the viewer may ask to register again, by name."""
    runs = Platform.removed_at.is_(None), Platform.is_pending.is_(False), _run_by(viewer)
    return db.scalars(select(Platform).where(*runs).order_by(func.lower(Platform.name))).all()


def find_platform_of(db: Session, viewer: Viewer, platform_id: str) -> Platform:
    """Return an LMS whose connection the viewer may see.

    Raises:
        NotFoundError: there is none, it was removed, or it is not theirs to see.
    """
    found = db.scalar(select(Platform).where(Platform.id == platform_id, _seen(viewer)))
    if found is None:
        raise NotFoundError(what="platform", key=platform_id)
    return found


def find_platform_to_run(db: Session, viewer: Viewer, platform_id: str) -> Platform:
    """Return an LMS that the viewer may change.

    Raises:
        NotFoundError: there is none, it was removed, or it is not theirs to see.
        NotAllowedError: they see it, but another region's office or the operators look after it.
    """
    found = find_platform_of(db, viewer, platform_id)
    if not viewer.may_run_platform(found.region_id):
        raise NotAllowedError
    return found


def find_deployment_of(db: Session, platform: Platform, key: str) -> Deployment:
    """Return a deployment of an LMS by the id of its row.

    Raises:
        NotFoundError: this LMS has no such deployment.
    """
    found = db.scalar(select(Deployment).where(Deployment.id == key, Deployment.platform_id == platform.id))
    if found is None:
        raise NotFoundError(what="deployment", key=key)
    return found


def find_invitation_of(db: Session, platform_id: str) -> PlatformInvitation | None:
    """Return the invitation by which an LMS registered last; None where it was registered by hand."""
    used = select(PlatformInvitation).where(PlatformInvitation.platform_id == platform_id)
    return db.scalar(used.order_by(PlatformInvitation.used_at.desc()).limit(1))


def list_spoken_for(db: Session, platform_id: str) -> Sequence[SpokenFor]:
    """Return the municipalities that an LMS speaks for, by name."""
    query = (
        select(Municipality, PlatformMunicipality.pattern)
        .join(PlatformMunicipality, PlatformMunicipality.municipality_id == Municipality.id)
        .where(PlatformMunicipality.platform_id == platform_id)
        .order_by(Municipality.name)
    )
    return [SpokenFor(*row) for row in db.execute(query)]


def waiting_for(db: Session, viewer: Viewer) -> Waiting:
    """Count what waits for a decision that the viewer may take."""
    runs = and_(Platform.removed_at.is_(None), _run_by(viewer))
    found = db.scalars(select(Platform).where(runs)).all()
    deployments = db.execute(_waiting_deployments(and_(runs, Platform.is_pending.is_(False))))
    return Waiting(
        platforms=sum(each.is_pending for each in found),
        deployments=sum(count for _, count in deployments),
        updates=sum(bool(each.proposal) and not each.is_pending for each in found),
    )


def _seen(viewer: Viewer) -> ColumnElement[bool]:
    return and_(Platform.removed_at.is_(None), may_see_platform(viewer))


def _run_by(viewer: Viewer) -> ColumnElement[bool]:
    return true() if viewer.everything else Platform.region_id.in_(viewer.regions)


def _names(viewer: Viewer) -> Select[str, str]:
    return (
        select(PlatformMunicipality.platform_id, Municipality.name)
        .join(Municipality, PlatformMunicipality.municipality_id == Municipality.id)
        .join(Platform, PlatformMunicipality.platform_id == Platform.id)
        .where(_seen(viewer))
        .order_by(Municipality.name)
    )


def _waiting_deployments(which: ColumnElement[bool]) -> Select[str, int]:
    query = select(Deployment.platform_id, func.count()).join(Platform, Deployment.platform_id == Platform.id)
    return query.where(which, Deployment.state == "pending").group_by(Deployment.platform_id)


def _last_launches(viewer: Viewer) -> Select[str | None, datetime]:
    """Ask when somebody last came from each LMS; asked of the learners, of whom there are fewer than launches."""
    has_launched = select(Launch.id).where(Launch.identity_id == Identity.id).exists()
    query = select(Identity.platform_id, func.max(Identity.last_seen_at)).join(Platform)
    return query.where(_seen(viewer), has_launched).group_by(Identity.platform_id)
