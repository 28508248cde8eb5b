"""Register an LMS: check what the operator wrote, store it, and say what to paste into the LMS."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from sidecar.core import audit, placing, platform_trust, platforms, resuming
from sidecar.core.municipalities import find_municipality
from sidecar.core.platforms import Platform
from sidecar.errors import InvalidInputError
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from sidecar.tool.signing import ensure_keys

TEXT_LIMITS = {"name": 200, "issuer": 500, "client_id": 255, "deployment_id": 255}
URL_LIMIT = 1000


@dataclass(frozen=True)
class PlatformRequest:
    """What an operator says of an LMS.

    Attributes:
        name: how we call it; "" for the host of the issuer.
        region_id: whose RKK looks after it; None: operators only.
        municipalities: organisation numbers or slugs it may speak for.
        patterns: regular expression by organisation number or slug.
    """

    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    deployment_ids: tuple[str, ...]
    municipalities: tuple[str, ...]
    patterns: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    region_id: str | None = None


@dataclass(frozen=True)
class Registered:
    """A registered LMS.

    Attributes:
        ambiguous: several municipalities share it without a pattern: employee numbers that two of them use
            place nobody.
        shares_client_id: an LMS of another issuer has this client id too.
    """

    platform_id: str
    name: str
    ambiguous: bool
    shares_client_id: bool


def launch_url(settings: Settings) -> str:
    """Return the one address that launches may have."""
    return f"{settings.public_url}/lti/launch"


def addresses(settings: Settings) -> dict[str, str]:
    """Return what to paste into the LMS."""
    return {
        "tool_url": launch_url(settings),
        "initiate_login_url": f"{settings.public_url}/lti/login",
        "redirect_uri": launch_url(settings),
        "jwks_url": f"{settings.public_url}/lti/jwks",
        "custom_parameter": "course=<course key>",
    }


def register_platform(sidecar: Sidecar, request: PlatformRequest) -> Registered:
    """Store a platform with its deployments and municipalities; nothing is fetched.

    Raises:
        InvalidInputError: a URL, text or pattern can't be used.
        NotFoundError: there is no such municipality.
        ConflictError: the issuer and client id, or the name, are registered already.
        TokenElsewhereError: its address for tokens is another's.
    """
    _check(request, sidecar.settings.allowed_private)
    name = request.name or urlsplit(request.issuer).netloc
    _check_text("name", name)
    ensure_keys(sidecar)
    with sidecar.transaction() as db:
        patterns = read_municipalities(db, request.municipalities, request.patterns)
        platform_trust.refuse_foreign_token_url(db, request.issuer, request.token_url)
        platform = platforms.add_platform(
            db, _platform(request, name, sidecar), deployment_ids=request.deployment_ids, patterns=patterns
        )
        resuming.ask(db, platform.id, sidecar.now())
        audit.record(db, "platform.added", platform.id, at=sidecar.now())
        shares = platform_trust.shares_client_id(db, platform)
    return Registered(platform.id, platform.name, placing.are_ambiguous(patterns.values()), shares)


def _platform(request: PlatformRequest, name: str, sidecar: Sidecar) -> Platform:
    return Platform(
        name=name,
        issuer=request.issuer,
        client_id=request.client_id,
        auth_url=request.auth_url,
        token_url=request.token_url,
        jwks_url=request.jwks_url,
        created_at=sidecar.now(),
        region_id=request.region_id,
    )


def _check(request: PlatformRequest, allowed_private: tuple[str, ...]) -> None:
    for what, value in (("issuer", request.issuer), ("client_id", request.client_id)):
        _check_text(what, value)
    for deployment_id in request.deployment_ids:
        check_deployment_id(deployment_id)
    for what in ("issuer", "auth_url", "token_url", "jwks_url"):
        _check_url(what, getattr(request, what), allowed_private)
    if not request.deployment_ids:
        raise InvalidInputError(field="deployment_id", reason="at least one is needed.")
    if not request.municipalities:
        raise InvalidInputError(field="municipality", reason="at least one is needed.")


def check_deployment_id(deployment_id: str) -> None:
    """Return if this can be a deployment id.

    Source: LTI Core 1.3 §5.3.3 (at most 255 characters).

    Raises:
        InvalidInputError: it is empty or too long.
    """
    _check_text("deployment_id", deployment_id)


def _check_text(what: str, value: str) -> None:
    if not value.strip() or len(value) > TEXT_LIMITS[what]:
        raise InvalidInputError(field=what, reason=f"it must have 1 to {TEXT_LIMITS[what]} characters.")


def _check_url(what: str, url: str, allowed_private: tuple[str, ...]) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https") or len(url) > URL_LIMIT or set(url) & set(" \t\r\n\"'<>"):
        raise InvalidInputError(field=what, reason="it must be a URL like https://lms.example.no/…")
    if parts.username or parts.fragment:
        raise InvalidInputError(field=what, reason="it can't hold a user name or a #fragment.")
    if parts.scheme == "http" and not is_listed(host, allowed_private):
        raise InvalidInputError(field=what, reason="it must be https, or SIDECAR_ALLOWED_PRIVATE must list its host.")


def is_listed(host: str, allowed_private: tuple[str, ...]) -> bool:
    """Tell whether SIDECAR_ALLOWED_PRIVATE lists a host by its name or address; no name is looked up."""
    return any(entry.lower() == host or _holds(entry, host) for entry in allowed_private)


def _holds(network: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def read_municipalities(db: Session, keys: Iterable[str], patterns_of: Mapping[str, str]) -> dict[str, str | None]:
    """Return the pattern, or None, by id of each municipality.

    Args:
        keys: organisation numbers or slugs.
        patterns_of: regular expression by organisation number or slug.

    Raises:
        NotFoundError: there is no such municipality.
        InvalidInputError: a pattern can't be used, or is of another municipality.
    """
    patterns: dict[str, str | None] = {find_municipality(db, key).id: None for key in keys}
    for key, pattern in patterns_of.items():
        municipality_id = find_municipality(db, key).id
        if municipality_id not in patterns:
            raise InvalidInputError(field="pattern", reason=f"{key} is none of the platform's municipalities.")
        patterns[municipality_id] = placing.check_pattern(pattern)
    return patterns
