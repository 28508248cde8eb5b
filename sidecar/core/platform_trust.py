"""Judge what an LMS says of its addresses and its name: whose they are besides, and who may let it be so.

We sign every request for a token with one key. An LMS that named another's token address and client id would be sent
that one's token; so no address for tokens may be another's, and a client id that another issuer has needs an operator.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer, operator_at_the_console, viewer_of
from sidecar.core.deployments import list_deployments
from sidecar.core.granting import may_grant
from sidecar.core.people import Identity
from sidecar.core.periods import day_of
from sidecar.core.platforms import Platform
from sidecar.core.proposals import Proposal
from sidecar.core.staff import Grant, holds
from sidecar.errors import SidecarError

ADDRESSES: Final = ("issuer", "auth_url", "token_url", "jwks_url")


class TokenElsewhereError(SidecarError):
    """The address for access tokens that this LMS gave stands at another LMS, {host}, which is registered here.

    Correct it in the LMS. If that address has a new owner, ask an operator to remove the old LMS here first.
    """

    code = "token-elsewhere"


class ClientIdElsewhereError(SidecarError):
    """Another LMS that is registered here has the same client ID. Ask an operator to look at it and to say yes."""

    code = "client-id-elsewhere"


class StaffThroughError(SidecarError):
    """People come through this LMS who hold roles here that you can't give. Ask an operator to say yes.

    Whoever says who its people are could otherwise sign in as one of them.
    """

    code = "staff-through"


class ShownOtherwiseError(SidecarError):
    """The LMS registered again meanwhile, so it says something else than what you were shown.

    Nothing was changed. Look at it once more.
    """

    code = "shown-otherwise"


def refuse_foreign_token_url(db: Session, issuer: str, token_url: str) -> None:
    """Return if no LMS of another issuer, unless it was removed, owns this address for tokens.

    Source: RFC 7523 §3 (the audience of an assertion is the server that is to take it).

    Raises:
        TokenElsewhereError: it stands at another LMS.
    """
    own, asked = host_of(issuer), host_of(token_url)
    others = select(Platform).where(Platform.issuer != issuer, Platform.removed_at.is_(None))
    for other in db.scalars(others):
        theirs = {host_of(other.issuer), host_of(other.token_url)}
        if other.token_url == token_url or (asked in theirs and asked != own):
            raise TokenElsewhereError(host=asked)


def is_of_another(db: Session, issuer: str, client_id: str, url: str) -> bool:
    """Tell whether an address stands at an LMS of another issuer and not at this one: it gets no token of this one."""
    asked, hosts = host_of(url), dict[bool, set[str]]()
    for each in db.scalars(select(Platform).where(Platform.removed_at.is_(None))):
        if each.issuer != issuer or each.client_id == client_id:
            urls = each.issuer, each.auth_url, each.token_url
            hosts.setdefault(each.issuer == issuer, set()).update(map(host_of, urls))
    return asked in hosts.get(False, set()) and asked not in hosts.get(True, set())


def operator_reason(
    db: Session, platform: Platform, said: Proposal | None, *, now: datetime, by: str | None
) -> SidecarError | None:
    """Return why this person may not approve an LMS, or accept what it proposes; None where they may.

    Args:
        said: what it proposes; None for one that waits for approval.
        by: the identity that decides; None at the command line, where everything is allowed.
    """
    viewer = _viewer(db, by, now)
    if viewer.everything:
        return None
    return (
        ClientIdElsewhereError()
        if shares_client_id(db, platform, said)
        else _staff_beyond(db, viewer, platform, said, now)
    )


def shares_client_id(db: Session, platform: Platform, said: Proposal | None = None) -> bool:
    """Tell whether an LMS of another issuer has the client id too; Canvas's numbers may meet by chance."""
    client_id = said.client_id if said else platform.client_id
    same = Platform.client_id == client_id, Platform.issuer != platform.issuer, Platform.removed_at.is_(None)
    return db.scalar(select(Platform.id).where(*same).limit(1)) is not None


def refuse_untrusted(
    db: Session, platform: Platform, said: Proposal | None, *, now: datetime, by: str | None, shown: str | None
) -> None:
    """Return if an LMS may be approved, or its proposal accepted, by this person on what they were shown.

    Args:
        shown: the `fingerprint` of what stood on the page; None where the same transaction read it.

    Raises:
        ShownOtherwiseError: it registered again meanwhile.
        TokenElsewhereError: its address for tokens is another's.
        SidecarError: an operator must decide.
    """
    if shown is not None and shown != fingerprint(db, platform):
        raise ShownOtherwiseError
    refuse_foreign_token_url(db, platform.issuer, said.token_url if said else platform.token_url)
    reason = operator_reason(db, platform, said, now=now, by=by)
    if reason:
        raise reason


def fingerprint(db: Session, platform: Platform) -> str:
    """Return what stands for all that an LMS says of itself and proposes, to be given back by who says yes to it."""
    said = [platform.id, platform.state, platform.client_id, platform.product, platform.proposal]
    said += [getattr(platform, name) for name in ADDRESSES]
    deployments = sorted(each.deployment_id for each in list_deployments(db, platform.id))
    return hashlib.sha256(json.dumps([*said, deployments], sort_keys=True).encode()).hexdigest()


def foreign_hosts(issuer: str, urls: Mapping[str, str]) -> dict[str, str]:
    """Return by the name of each address its host, of those that stand elsewhere than the issuer."""
    hosts = {name: host_of(url) for name, url in urls.items()}
    return {name: host for name, host in hosts.items() if host != host_of(issuer)}


def host_of(url: str) -> str:
    """Return the host of an address as it is compared, with a port that is not the usual one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # nobody can ask there
        return url
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    host = (parts.hostname or "").rstrip(".")
    return host if port in (None, usual) else f"{host}:{port}"


def _viewer(db: Session, by: str | None, now: datetime) -> Viewer:
    return operator_at_the_console() if by is None else viewer_of(db, by, now=now, today=day_of(now))


def _staff_beyond(
    db: Session, viewer: Viewer, platform: Platform, said: Proposal | None, now: datetime
) -> SidecarError | None:
    """Return an error if who says who the people are could become somebody whose role the viewer can't give."""
    if said and not any(getattr(said, name) != getattr(platform, name) for name in (*ADDRESSES[1:], "client_id")):
        return None
    through = select(Grant).join(Identity, Grant.identity_id == Identity.id)
    held = db.scalars(through.where(Identity.platform_id == platform.id, holds(now)))
    beyond = any(not may_grant(viewer, one.role, one.municipality_id) for one in held)
    return StaffThroughError() if beyond else None
