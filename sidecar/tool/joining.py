"""Let an LMS register itself: look at what it says of itself, then claim the invitation, register, write it down.

The invitation is claimed before anything is sent, so that of two registrations at once only one goes on. A kill between
the answer of the LMS and our record leaves a tool there that we don't know; the claim lapses after ten minutes, and the
registration is begun anew. No transaction is open while the LMS is asked.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Literal
from urllib.parse import urlsplit

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti.errors import LtiError, ServiceUnreachable
from lti.platform_configuration import PlatformConfiguration, fetch_configuration
from lti.registration import RegistrationAnswer, register, registration_request
from lti.registration_errors import ConfigurationChanged, EndpointUnusable, IssuerOther
from sidecar.core import audit, invitations, platform_trust
from sidecar.core.deployments import note_deployment
from sidecar.core.invitations import PlatformInvitation
from sidecar.core.platform_settings import unused_name
from sidecar.core.platforms import Platform, lock_registration
from sidecar.core.proposals import Proposal, propose
from sidecar.errors import ForbiddenAddressError, SidecarError, UnreachableError
from sidecar.runtime import Sidecar
from sidecar.tool.deadlines import Deadline, fetch_until
from sidecar.tool.introducing import WANTED_CLAIMS, WANTED_SCOPES, describe_tool
from sidecar.tool.service import lti_fetch
from sidecar.tool.signing import ensure_keys

LOOKING_S: Final = 7.0
"""How long an LMS has to say what it is, with all looking up of names: a person waits."""

REGISTERING_S: Final = 8.0
"""How long it has to answer the registration; a time of its own, so that none begins that can't end."""

log = structlog.get_logger()


class RegisteredElsewhereError(SidecarError):
    """This LMS is registered here already, or was once, and this invitation is not of the office that looks after it.

    Ask an operator of this service for an invitation; delete the half-made tool in the LMS before you use it.
    """

    code = "registered-elsewhere"


@dataclass(frozen=True)
class Applicant:
    """An LMS that would like to register: who it says it is, and what we would ask it for.

    Attributes:
        scopes: services, `claims`: facts about people; of those we want, the ones it offers.
        missing_scopes: those it does not offer.
        picks_courses: whether its teachers can choose courses in a dialog (Deep Linking).
        origins: of its pages that may show ours in a frame.
        digest: what `join` must be given, so that nothing else is registered than what was shown.
        renews: name of the platform that would be registered again; None for a new one.
    """

    issuer: str
    product: str | None
    version: str | None
    scopes: tuple[str, ...]
    missing_scopes: tuple[str, ...]
    claims: tuple[str, ...]
    picks_courses: bool
    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    digest: str
    renews: str | None


@dataclass(frozen=True)
class Joined:
    """What came of a registration.

    Attributes:
        outcome: `pending`: a person must approve it; `proposed`: it is known already, a person must accept the change.
        has_deployment: whether the LMS told its deployment; else that comes with the first launch.
        not_granted: the scopes we asked for and were not given, where the LMS says so.
    """

    platform_id: str
    name: str
    outcome: Literal["pending", "proposed"]
    has_deployment: bool
    not_granted: tuple[str, ...]
    issuer: str
    origins: tuple[str, ...]


def look_at_invitation(sidecar: Sidecar, secret: str) -> None:
    """Return if an LMS may register with this invitation now.

    Raises:
        SidecarError: it may not, see `sidecar.core.invitations`.
    """
    with sidecar.reading() as db:
        invitations.look(db, secret, sidecar.now())


def look(sidecar: Sidecar, secret: str, configuration_url: str) -> Applicant:
    """Return who would like to register; nothing is written.

    Raises:
        SidecarError: the invitation can't be used.
        LtiError: what the LMS says of itself can't be used.
        TokenElsewhereError: its address for tokens is another's.
    """
    with sidecar.reading() as db:
        invitation = invitations.look(db, secret, sidecar.now())
        renewed = db.get_one(Platform, invitation.renews_id) if invitation.renews_id else None
        name, issuer = (renewed.name, renewed.issuer) if renewed else (None, None)
    configuration = _fetch(sidecar, configuration_url, issuer)
    offered = tuple(filter(configuration.offers_scope, WANTED_SCOPES))
    return Applicant(
        issuer=configuration.issuer,
        product=configuration.product,
        version=configuration.version,
        scopes=offered,
        missing_scopes=tuple(scope for scope in WANTED_SCOPES if scope not in offered),
        claims=tuple(filter(configuration.offers_claim, WANTED_CLAIMS)),
        picks_courses=configuration.picks_content,
        hosts=_hosts(configuration),
        origins=_origins(configuration),
        digest=configuration.digest,
        renews=name,
    )


def join(sidecar: Sidecar, secret: str, configuration_url: str, token: str | None, digest: str) -> Joined:
    """Register an LMS: it waits for a person's approval; one that is known already, for its acceptance of the change.

    Args:
        token: the LMS's own, which lets us register there once.
        digest: of the configuration that the person was shown.

    Raises:
        SidecarError: the invitation can't be used (any more), or not for this LMS.
        LtiError: the LMS said something else than before, something unusable, or refused.
    """
    claimed_at = sidecar.now()
    with sidecar.transaction() as db:
        invitation = invitations.claim(db, secret, claimed_at)
        claim = _Claim(invitation.id, claimed_at)
        issuer = db.get_one(Platform, invitation.renews_id).issuer if invitation.renews_id else None
    try:
        configuration = _fetch(sidecar, configuration_url, issuer)
        if not hmac.compare_digest(configuration.digest.encode(), digest.encode()):
            raise ConfigurationChanged(host=urlsplit(configuration.issuer).netloc)
        ensure_keys(sidecar)
        request = registration_request(configuration, describe_tool(sidecar.settings))
        fetch = fetch_until(Deadline(REGISTERING_S), lti_fetch(sidecar))
        answer = register(fetch, configuration, token, request)
        return _record(sidecar, claim, configuration, answer)
    except (LtiError, SidecarError):
        with sidecar.transaction() as db:
            invitations.release(db, claim.invitation_id, claim.claimed_at)
        raise


@dataclass(frozen=True)
class _Claim:
    invitation_id: str
    claimed_at: datetime


def _fetch(sidecar: Sidecar, url: str, expected_issuer: str | None) -> PlatformConfiguration:
    """Return the configuration of the LMS, all of whose addresses can be reached from here.

    Raises:
        LtiError: it can't be used, or it is another LMS than the one that is to register again.
    """
    deadline = Deadline(LOOKING_S)
    configuration = fetch_configuration(fetch_until(deadline, lti_fetch(sidecar)), url)
    for part in ("auth_url", "token_url", "jwks_url", "registration_url"):
        address = getattr(configuration, part)
        host = urlsplit(address).netloc
        try:
            deadline.ask(partial(sidecar.fetch.refuse_forbidden, address), host)
        except (ForbiddenAddressError, UnreachableError, ServiceUnreachable) as error:
            raise EndpointUnusable(host=host, part=part) from error
    if expected_issuer not in (None, configuration.issuer):
        raise IssuerOther(host=urlsplit(configuration.issuer).netloc)
    with sidecar.reading() as db:
        platform_trust.refuse_foreign_token_url(db, configuration.issuer, configuration.token_url)
    return configuration


def _record(
    sidecar: Sidecar, claim: _Claim, configuration: PlatformConfiguration, answer: RegistrationAnswer
) -> Joined:
    """Write it down; when another registration of the same LMS came first in this instant, once more."""
    try:
        return _write(sidecar, claim, configuration, answer)
    except IntegrityError:
        return _write(sidecar, claim, configuration, answer)


def _write(sidecar: Sidecar, claim: _Claim, configuration: PlatformConfiguration, answer: RegistrationAnswer) -> Joined:
    now = sidecar.now()
    with sidecar.transaction() as db:
        invitation = db.get_one(PlatformInvitation, claim.invitation_id)
        platform = _find(db, configuration.issuer, answer.client_id, invitation.renews_id)
        is_known = platform is not None and platform.state in ("active", "disabled")
        if platform is None:
            platform = _add(db, configuration, answer, now, invitation.region_id)
        elif invitation.region_id not in (None, platform.region_id):
            raise RegisteredElsewhereError
        if is_known:
            propose(platform, _proposal(configuration, answer, now))
        else:
            _take_in(db, platform, invitation, _proposal(configuration, answer, now), now)
        invitations.use(db, claim.invitation_id, claim.claimed_at, platform.id, now)
        audit.record(
            db,
            "platform.update_proposed" if is_known else "platform.registered",
            platform.id,
            at=now,
            actor="lms",
            invitation=invitation.id,
        )
        joined = _joined(platform, configuration, answer)
    log.info("platform.joined", platform=joined.platform_id, outcome=joined.outcome)
    return joined


def _find(db: Session, issuer: str, client_id: str, renews_id: str | None) -> Platform | None:
    """Return the platform that registered (again), its row locked: the one of this client id, else the renewed one."""
    found = lock_registration(db, issuer, client_id)
    if found is None and renews_id is not None:
        return db.get_one(Platform, renews_id, with_for_update=True)
    return found


def _add(
    db: Session,
    configuration: PlatformConfiguration,
    answer: RegistrationAnswer,
    now: datetime,
    region_id: str | None,
) -> Platform:
    platform = Platform(
        name=unused_name(db, urlsplit(configuration.issuer).netloc),
        issuer=configuration.issuer,
        client_id=answer.client_id,
        auth_url=configuration.auth_url,
        token_url=configuration.token_url,
        jwks_url=configuration.jwks_url,
        created_at=now,
        region_id=region_id,
        is_pending=True,
    )
    db.add(platform)
    db.flush()
    return platform


def _take_in(db: Session, platform: Platform, invitation: PlatformInvitation, said: Proposal, now: datetime) -> None:
    """Let a platform wait for approval: a new one, one that waits already, or one that was removed and comes back."""
    said.apply_to(platform)
    if platform.state == "removed":
        platform.name = unused_name(db, urlsplit(platform.issuer).netloc)
        platform.region_id = invitation.region_id
    platform.is_pending, platform.removed_at, platform.disabled_at = True, None, None
    if said.deployment_id:
        note_deployment(db, platform.id, said.deployment_id, now)


def _proposal(configuration: PlatformConfiguration, answer: RegistrationAnswer, now: datetime) -> Proposal:
    return Proposal(
        client_id=answer.client_id,
        auth_url=configuration.auth_url,
        token_url=configuration.token_url,
        jwks_url=configuration.jwks_url,
        product=configuration.product,
        deployment_id=answer.deployment_id,
        proposed_at=now.isoformat(),
    )


def _joined(platform: Platform, configuration: PlatformConfiguration, answer: RegistrationAnswer) -> Joined:
    asked = tuple(filter(configuration.offers_scope, WANTED_SCOPES))
    return Joined(
        platform_id=platform.id,
        name=platform.name,
        outcome="pending" if platform.is_pending else "proposed",
        has_deployment=answer.deployment_id is not None,
        not_granted=() if answer.scopes is None else tuple(scope for scope in asked if scope not in answer.scopes),
        issuer=configuration.issuer,
        origins=_origins(configuration),
    )


def _hosts(configuration: PlatformConfiguration) -> tuple[str, ...]:
    """Return the hosts that we and browsers would speak to, the issuer's first."""
    urls = configuration.issuer, configuration.auth_url, configuration.token_url, configuration.jwks_url
    return tuple(dict.fromkeys(urlsplit(url).netloc for url in urls))


def _origins(configuration: PlatformConfiguration) -> tuple[str, ...]:
    """Return the origins of the LMS's pages; hosted ones show ours under another name than the issuer's."""
    parts = map(urlsplit, (configuration.issuer, configuration.registration_url, configuration.auth_url))
    return tuple(dict.fromkeys(f"{each.scheme}://{each.netloc}" for each in parts))
