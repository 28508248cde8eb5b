"""Lead a platform through its life: approved, disabled, enabled, removed; each step can tell first what it affects.

A removed platform keeps its row, as identities and completions hang on it; what it was allowed is gone, and another
may have its name. Every act stands in the audit trail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from sidecar.core import audit, grades, platform_trust, resuming, sign_ins, staff
from sidecar.core.deep_links import DeepLinkRequest
from sidecar.core.deployments import Deployment, active_deployments, approve_deployment, list_deployments
from sidecar.core.grades import Grade
from sidecar.core.invitations import PlatformInvitation
from sidecar.core.launches import Launch
from sidecar.core.outbox import GiveUp
from sidecar.core.people import Identity
from sidecar.core.platform_checks import PlatformCheck
from sidecar.core.platform_settings import free_name, rename
from sidecar.core.platforms import Platform, PlatformMunicipality, PlatformState, ResourceLink
from sidecar.core.proposals import Proposal, read_proposal
from sidecar.core.rosters import Roster, RosterMember
from sidecar.core.sign_ins import SignIn
from sidecar.core.staff import Grant, holds
from sidecar.errors import ConflictError, InvalidInputError, NotFoundError, SidecarError


class PlatformStateError(SidecarError):
    """This can't be done with "{name}" as it stands now.

    Somebody may have been faster; look at the list of LMSs again.
    """

    code = "platform-state"


class NoProposalError(SidecarError):
    """No change of "{name}" waits for an answer: somebody may have been faster. Look at the list of LMSs again."""

    code = "no-proposal"


@dataclass(frozen=True)
class Impact:
    """What hangs on a platform, or on one deployment of it, and would be affected.

    Attributes:
        deployments: how many may launch.
        municipalities: how many it speaks for.
        learners: how many people came through it and hold no role here.
        staff: how many came through it and do.
        sign_ins: how many are signed in through it now.
        links: how many of its links staff bound to courses.
        waiting_grades: how many grades it has not taken yet.
    """

    deployments: int
    municipalities: int
    learners: int
    staff: int
    sign_ins: int
    links: int
    waiting_grades: int


def impact_of(db: Session, platform_id: str, now: datetime, *, deployment_id: str | None = None) -> Impact:
    """Count what disabling or removing a platform, or one deployment of it, would affect.

    Counts only, no people: no `Viewer` is needed.
    """
    of_one = deployment_id is not None
    deployed = [Deployment.platform_id == platform_id, Deployment.state == "active"]
    linked = [ResourceLink.platform_id == platform_id]
    waiting = [Grade.platform_id == platform_id, Grade.state == "waiting"]
    if of_one:
        deployed.append(Deployment.deployment_id == deployment_id)
        linked.append(ResourceLink.deployment_id == deployment_id)
        waiting.append(Grade.deployment_id == deployment_id)
    spoken_for = PlatformMunicipality.platform_id == platform_id
    people, staff = _count_people(db, platform_id, deployment_id, now)
    return Impact(
        deployments=_count(db, Deployment.id, *deployed),
        municipalities=0 if of_one else _count(db, PlatformMunicipality.municipality_id, spoken_for),
        learners=people - staff,
        staff=staff,
        sign_ins=_count_sign_ins(db, platform_id, deployment_id, now),
        links=_count(db, ResourceLink.id, *linked),
        waiting_grades=_count(db, Grade.id, *waiting),
    )


def approve(
    db: Session,
    platform_id: str,
    patterns: Mapping[str, str | None],
    *,
    now: datetime,
    by: str | None,
    name: str | None = None,
    shown: str | None = None,
) -> Platform:
    """Let a platform that registered itself launch us, with the deployments that it told.

    Args:
        patterns: pattern by id of each municipality it speaks for; None means the default.
        by: the identity that approves; None at the command line.
        name: what to call it from now on.
        shown: the fingerprint of what they were shown; see `platform_trust`.

    Raises:
        InvalidInputError: no municipality.
        PlatformStateError: it is not pending.
        ConflictError: another platform has this name.
        SidecarError: it says something else than was shown, or an operator must decide; see `platform_trust`.
    """
    platform = _require(db, platform_id, "pending")
    platform_trust.refuse_untrusted(db, platform, None, now=now, by=by, shown=shown)
    if name:
        rename(db, platform_id, name, now=now, by=by)
    set_municipalities(db, platform_id, patterns, now=now, by=by)
    platform.is_pending, platform.disabled_at = False, None
    for deployment in list_deployments(db, platform_id):
        deployment.state = "active"
    audit.record(db, "platform.approved", platform_id, at=now, identity_id=by)
    resuming.ask(db, platform_id, now)
    db.flush()
    return platform


def refuse_registration(db: Session, platform_id: str, *, now: datetime, by: str | None) -> Platform:
    """Refuse a platform that registered itself; the same one may register again by another invitation."""
    platform = _require(db, platform_id, "pending")
    _take_everything(db, platform, now, by)
    audit.record(db, "platform.refused", platform_id, at=now, identity_id=by)
    db.flush()
    return platform


def disable(db: Session, platform_id: str, *, now: datetime, by: str | None) -> Platform:
    """Let a platform do nothing till it is enabled again; who is signed in through it is signed out."""
    platform = _require(db, platform_id, "active")
    platform.disabled_at = now
    _end_sign_ins(db, platform_id, now)
    audit.record(db, "platform.disabled", platform_id, at=now, identity_id=by)
    db.flush()
    return platform


def enable(db: Session, platform_id: str, *, now: datetime, by: str | None) -> Platform:
    """Let a disabled platform go on, and send it the grades that it missed."""
    platform = _require(db, platform_id, "disabled")
    platform.disabled_at = None
    audit.record(db, "platform.enabled", platform_id, at=now, identity_id=by)
    resuming.ask(db, platform_id, now)
    db.flush()
    return platform


def remove(db: Session, platform_id: str, *, now: datetime, by: str | None) -> Platform:
    """Take everything from a platform, also the roles of who came through it; what they completed stays known.

    Raises:
        LastOperatorError: nobody else would be operator.
    """
    platform = _require(db, platform_id, "active", "disabled", "pending")
    _take_everything(db, platform, now, by)
    audit.record(db, "platform.removed", platform_id, at=now, identity_id=by)
    db.flush()
    return platform


def remove_deployment(db: Session, platform_id: str, deployment_id: str, *, now: datetime, by: str | None) -> None:
    """Let one deployment of a platform launch no more; its links are forgotten, its waiting grades are not sent.

    Raises:
        NotFoundError: there is none of this id.
    """
    _require(db, platform_id, "active", "disabled", "pending")
    ours = Deployment.platform_id == platform_id, Deployment.deployment_id == deployment_id
    if db.scalar(delete(Deployment).where(*ours).returning(Deployment.id)) is None:
        raise NotFoundError(what="deployment", key=deployment_id)
    db.execute(
        delete(ResourceLink).where(ResourceLink.platform_id == platform_id, ResourceLink.deployment_id == deployment_id)
    )
    grades.forget_made(db, platform_id, deployment_id)
    _end_sign_ins(db, platform_id, now, deployment_id if active_deployments(db, platform_id) else None)
    audit.record(db, "deployment.removed", platform_id, at=now, identity_id=by, deployment_id=deployment_id)
    db.flush()


def set_municipalities(
    db: Session, platform_id: str, patterns: Mapping[str, str | None], *, now: datetime, by: str | None
) -> None:
    """Say anew which municipalities a platform speaks for; who was placed through it before stays placed.

    Args:
        patterns: pattern by municipality id; None means the default.

    Raises:
        InvalidInputError: none.
    """
    _require(db, platform_id, "active", "disabled", "pending")
    if not patterns:
        raise InvalidInputError(field="municipality", reason="at least one is needed.")
    db.execute(delete(PlatformMunicipality).where(PlatformMunicipality.platform_id == platform_id))
    for municipality_id, pattern in patterns.items():
        db.add(PlatformMunicipality(platform_id=platform_id, municipality_id=municipality_id, pattern=pattern))
    audit.record(db, "platform.municipalities_set", platform_id, at=now, identity_id=by, municipalities=len(patterns))
    db.flush()


def add_deployment(db: Session, platform_id: str, deployment_id: str, *, now: datetime, by: str | None) -> None:
    """Let a deployment of a platform launch: a pending one, or one that has not come yet."""
    _require(db, platform_id, "active", "disabled")
    approve_deployment(db, platform_id, deployment_id, now)
    audit.record(db, "deployment.approved", platform_id, at=now, identity_id=by, deployment_id=deployment_id)
    resuming.ask(db, platform_id, now)


def require_proposal(db: Session, platform_id: str) -> Proposal:
    """Return what a new registration of a platform said.

    Raises:
        NoProposalError: nothing waits for an answer.
    """
    platform = _in_state(db.get(Platform, platform_id), platform_id, "active", "disabled")
    proposal = read_proposal(platform)
    if proposal is None:
        raise NoProposalError(name=platform.name)
    return proposal


def accept_proposal(
    db: Session, platform_id: str, *, now: datetime, by: str | None, shown: str | None = None
) -> Platform:
    """Take over what a new registration of this platform said.

    Args:
        shown: the fingerprint of what they were shown; see `platform_trust`.

    Raises:
        NoProposalError: nothing waits for an answer.
        ConflictError: another platform has the new client id.
        SidecarError: it says something else than was shown, or an operator must decide; see `platform_trust`.
    """
    platform, proposal = _require(db, platform_id, "active", "disabled"), require_proposal(db, platform_id)
    platform_trust.refuse_untrusted(db, platform, proposal, now=now, by=by, shown=shown)
    same = Platform.issuer == platform.issuer, Platform.client_id == proposal.client_id, Platform.id != platform_id
    if db.scalar(select(Platform.id).where(*same)):
        raise ConflictError(what="platform", key=f"{platform.issuer} {proposal.client_id}")
    if proposal.client_id != platform.client_id:
        grades.forget_made(db, platform_id)  # a column belongs to the tool that made it
    proposal.apply_to(platform)
    platform.proposal = None
    if proposal.deployment_id:
        approve_deployment(db, platform_id, proposal.deployment_id, now)
        resuming.ask(db, platform_id, now)
    audit.record(db, "platform.update_accepted", platform_id, at=now, identity_id=by)
    db.flush()
    return platform


def decline_proposal(db: Session, platform_id: str, *, now: datetime, by: str | None) -> Platform:
    """Forget what a new registration of this platform said.

    Raises:
        NoProposalError: nothing waits for an answer.
    """
    platform, _ = _require(db, platform_id, "active", "disabled"), require_proposal(db, platform_id)
    platform.proposal = None
    audit.record(db, "platform.update_declined", platform_id, at=now, identity_id=by)
    db.flush()
    return platform


def refuse_inactive(db: Session, platform_id: str, deployment_id: str) -> None:
    """Return if a platform may be told something about this deployment; jobs ask before they call it.

    Raises:
        GiveUp: it is not active, or the deployment may not launch; when both are again, the grades are sent.
    """
    state = db.get_one(Platform, platform_id).state
    if state != "active":
        raise GiveUp(f"platform-{state}")
    if deployment_id not in active_deployments(db, platform_id):
        raise GiveUp("deployment-removed")


def _require(db: Session, platform_id: str, *states: PlatformState) -> Platform:
    """Return the platform, its row locked, if it is in one of these states."""
    return _in_state(db.get(Platform, platform_id, with_for_update=True, populate_existing=True), platform_id, *states)


def _in_state(platform: Platform | None, platform_id: str, *states: PlatformState) -> Platform:
    if platform is None:
        raise NotFoundError(what="platform", key=platform_id)
    if platform.state not in states:
        raise PlatformStateError(name=platform.name)
    return platform


def _take_everything(db: Session, platform: Platform, now: datetime, by: str | None) -> None:
    """Take deployments, municipalities, links, rosters, roles and open sign-ins, invitations and choices of courses.

    Who held a role through it may be somebody else when it comes back; a person gives the roles anew.
    """
    held = select(Grant.id).join(Identity, Grant.identity_id == Identity.id).where(Identity.platform_id == platform.id)
    for grant_id in db.scalars(held.where(holds(now))).all():
        staff.revoke(db, grant_id, now=now, by=by)
    platform.removed_at, platform.disabled_at, platform.is_pending, platform.proposal = now, None, False, None
    platform.frame_origins = []
    free_name(db, platform, now)
    grades.forget_made(db, platform.id)
    rosters = select(Roster.id).where(Roster.platform_id == platform.id)
    db.execute(delete(RosterMember).where(RosterMember.roster_id.in_(rosters)))
    for table in (Deployment, PlatformMunicipality, ResourceLink, Roster, PlatformCheck):
        db.execute(delete(table).where(table.platform_id == platform.id))
    renewing = PlatformInvitation.renews_id == platform.id
    unused = PlatformInvitation.used_at.is_(None), PlatformInvitation.revoked_at.is_(None)
    db.execute(update(PlatformInvitation).where(renewing, *unused).values(revoked_at=now))
    _end_sign_ins(db, platform.id, now)


def _end_sign_ins(db: Session, platform_id: str, now: datetime, deployment_id: str | None = None) -> None:
    """End what is open through a platform, or one deployment of it: sign-ins and choices of courses."""
    choosing = [DeepLinkRequest.platform_id == platform_id, DeepLinkRequest.expires_at > now]
    if deployment_id is not None:
        choosing.append(DeepLinkRequest.deployment_id == deployment_id)
    db.execute(update(DeepLinkRequest).where(*choosing).values(expires_at=now))
    came = _came_through(platform_id, deployment_id)
    db.execute(update(SignIn).where(*came, SignIn.ended_at.is_(None), SignIn.expires_at > now).values(ended_at=now))


def _came_through(platform_id: str, deployment_id: str | None) -> list[ColumnElement[bool]]:
    """Return the conditions on `SignIn`; only those of a launch can be told apart by deployment."""
    came = [SignIn.platform_id == platform_id]
    if deployment_id is not None:
        launched = select(Launch.id).where(Launch.platform_id == platform_id, Launch.deployment_id == deployment_id)
        came.append(SignIn.launch_id.in_(launched))
    return came


def _count_sign_ins(db: Session, platform_id: str, deployment_id: str | None, now: datetime) -> int:
    query = select(func.count(SignIn.id)).outerjoin(Platform, SignIn.platform_id == Platform.id)
    return db.scalar(query.where(*_came_through(platform_id, deployment_id), sign_ins.holds(now))) or 0


def _count_people(db: Session, platform_id: str, deployment_id: str | None, now: datetime) -> tuple[int, int]:
    """Return how many identities came through it, and how many of them hold a role."""
    came = [Identity.platform_id == platform_id]
    if deployment_id is not None:
        launched = select(Launch.identity_id).where(
            Launch.platform_id == platform_id, Launch.deployment_id == deployment_id
        )
        came.append(Identity.id.in_(launched))
    holding = Identity.id.in_(select(Grant.identity_id).where(holds(now)))
    return _count(db, Identity.id, *came), _count(db, Identity.id, *came, holding)


def _count(db: Session, column: InstrumentedAttribute[str], *conditions: ColumnElement[bool]) -> int:
    return db.scalar(select(func.count(column)).where(*conditions)) or 0
