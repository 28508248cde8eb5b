"""Decide whether an id_token is a message that answers its login: a launch, or a request to choose content.

The caller has consumed the login record and checked the browser's cookie before; here the token itself is
judged, step by step as 1EdTech Security Framework 1.0 §5.1.3 and LTI Core 1.3 §5.3 order it.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from joserfc import jws
from joserfc.errors import (
    BadSignatureError,
    ClaimError,
    ExpiredTokenError,
    JoseError,
    MissingClaimError,
    UnsupportedAlgorithmError,
    UnsupportedKeyAlgorithmError,
)
from joserfc.jwk import GuestProtocol, RSAKey
from joserfc.jwt import JWTClaimsRegistry

from lti.claims import LTI, Claims, Launch, read_identifier, read_launch
from lti.deep_linking import REQUEST, DeepLinkingRequest, read_request
from lti.errors import (
    AlgorithmRefused,
    ClaimInvalid,
    ClaimMissing,
    CriticalHeaderUnknown,
    DeploymentMismatch,
    KeyIdMissing,
    LaunchError,
    MessageUnsupported,
    NonceMismatch,
    SignatureInvalid,
    TargetMismatch,
    TokenExpired,
    TokenFromFuture,
    TokenMalformed,
    TokenTooLarge,
    UnknownDeployment,
    VersionUnsupported,
    WrongAudience,
    WrongIssuer,
)
from lti.keys import PlatformKeys
from lti.login import Registration

RESOURCE_LINK: Final = "LtiResourceLinkRequest"
LEEWAY_S: Final = 60
TOKEN_LIMIT_BYTES: Final = 64 * 1024


@dataclass(frozen=True)
class PendingLogin:
    """Hold the stored login that a launch must answer."""

    nonce: str = field(repr=False)
    registration: Registration
    target_link_uri: str
    deployment_hint: str | None


def validate_launch(
    id_token: str, pending: PendingLogin, keys: PlatformKeys, *, now: datetime
) -> Launch | DeepLinkingRequest:
    """Return the message that the token carries, or raise the LaunchError that says why there is none.

    `id_token` is the form field as it came, `pending` the login record that the caller consumed, `now` aware.
    Source: 1EdTech Security Framework 1.0 §5.1.3; LTI Core 1.3 §5.3; LTI Deep Linking 2.0 §4.4.
    """
    registration = pending.registration
    claims = _verify(id_token, registration, keys)
    _check_token(claims, pending, now)
    message_type = _check_message(claims)
    _check_deployment(claims, pending)
    _check_target(claims, pending, is_required=message_type == RESOURCE_LINK)
    if message_type == REQUEST:
        return read_request(claims, registration)
    return read_launch(claims, registration.client_id)


def _verify(id_token: str, registration: Registration, keys: PlatformKeys) -> Claims:
    """Return the claims once the signature is proven.

    Source: 1EdTech Security Framework 1.0 §5.1.3; RFC 8725 §3.1 (the algorithm is ours to choose).
    """
    token = _extract(id_token)

    def find_key(_: GuestProtocol) -> RSAKey:
        return keys.find(registration.jwks_url, _read_kid(token.protected))

    try:
        jws_registry = jws.JWSRegistry(algorithms=registration.algorithms, strict_check_header=False)
        if not jws.validate_compact(token, find_key, registry=jws_registry):
            raise SignatureInvalid
    except (UnsupportedAlgorithmError, UnsupportedKeyAlgorithmError) as error:
        raise AlgorithmRefused from error
    except BadSignatureError as error:
        raise SignatureInvalid from error
    except JoseError as error:
        raise TokenMalformed from error
    return _read_payload(token.payload)


def _extract(id_token: str) -> jws.CompactSignature:
    if len(id_token) > TOKEN_LIMIT_BYTES:
        raise TokenTooLarge(size_limit_bytes=TOKEN_LIMIT_BYTES)
    if not id_token.isascii():
        raise TokenMalformed
    try:
        token = jws.extract_compact(id_token.encode("ascii"))
    except (JoseError, TypeError, RecursionError) as error:
        raise TokenMalformed from error
    if not isinstance(token.protected, dict):
        raise TokenMalformed
    if "crit" in token.protected:
        raise CriticalHeaderUnknown
    return token


def _read_kid(header: dict[str, object]) -> str:
    try:
        return read_identifier(header, "kid")
    except ClaimMissing as error:
        raise KeyIdMissing from error
    except ClaimInvalid as error:
        raise TokenMalformed from error


def _read_payload(payload: bytes) -> Claims:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise TokenMalformed from error
    if not isinstance(claims, dict):
        raise TokenMalformed
    return claims


def _check_token(claims: Claims, pending: PendingLogin, now: datetime) -> None:
    """Check for whom, from whom and when.

    Source: 1EdTech Security Framework 1.0 §5.1.3; OpenID Connect Core 1.0 §3.1.3.7.
    """
    registration = pending.registration
    registry = JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": registration.issuer},
        aud={"essential": True, "value": registration.client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True},
        sub={"essential": True},
    )
    try:
        registry.validate(dict(claims))
    except ClaimError as error:
        raise _translate(error, claims) from error
    if claims["nonce"] != pending.nonce:
        raise NonceMismatch
    _check_authorized_party(claims, registration.client_id)


def _translate(error: ClaimError, claims: Claims) -> LaunchError:
    if isinstance(error, MissingClaimError):
        return ClaimMissing(claim=error.claim)
    if isinstance(error, ExpiredTokenError):
        return TokenExpired()
    if error.claim in ("iat", "nbf") and isinstance(claims[error.claim], int | float):
        return TokenFromFuture()
    named: dict[str, LaunchError] = {"iss": WrongIssuer(), "aud": WrongAudience()}
    return named.get(error.claim, ClaimInvalid(claim=error.claim))


def _check_authorized_party(claims: Claims, client_id: str) -> None:
    audience, party = claims["aud"], claims.get("azp")
    if party is None and isinstance(audience, list) and len(audience) > 1:
        raise ClaimMissing(claim="azp")
    if party not in (None, client_id):
        raise WrongAudience


def _check_message(claims: Claims) -> str:
    """Check version and kind of message, and return the kind.

    Source: LTI Core 1.3 §5.3.1 (`message_type`), §5.3.2 (`version`); LTI Deep Linking 2.0 §4.4.3.
    """
    if read_identifier(claims, LTI + "version") != "1.3.0":
        raise VersionUnsupported
    message_type = read_identifier(claims, LTI + "message_type")
    if message_type not in (RESOURCE_LINK, REQUEST):
        raise MessageUnsupported
    return message_type


def _check_deployment(claims: Claims, pending: PendingLogin) -> None:
    """Check that the deployment is one of the registration's, and the one the login spoke of.

    Source: LTI Core 1.3 §5.3.3, §4.1.2 (`lti_deployment_id`).
    """
    deployment_id = read_identifier(claims, LTI + "deployment_id")
    if pending.deployment_hint not in (None, deployment_id):
        raise DeploymentMismatch
    if deployment_id not in pending.registration.deployments:
        raise UnknownDeployment(deployment_id=deployment_id)


def _check_target(claims: Claims, pending: PendingLogin, *, is_required: bool) -> None:
    """Check that the message goes where the login went.

    Source: LTI Core 1.3 §5.3.4; LTI Deep Linking 2.0 §4.4 (which names no target for a request).
    """
    target = claims.get(LTI + "target_link_uri")
    if target is None and is_required:
        raise ClaimMissing(claim=LTI + "target_link_uri")
    if target not in (None, pending.target_link_uri):
        raise TargetMismatch
