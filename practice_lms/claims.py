"""Build and sign the id_token as Moodle 4.5 does; spoil it where a test asked for that."""

import base64
import hmac
import json
import time

from joserfc import jwt

from practice_lms.config import Config, Faults, Link
from practice_lms.keys import PlatformKeys
from practice_lms.people import Person
from practice_lms.scopes import AGS, SCOPES
from practice_lms.state import COURSE_ID, COURSE_LABEL, COURSE_TITLE, Launch, Lms

COURSE_SOURCEDID = f"KURS-{COURSE_LABEL}"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/"
_VOCABULARY = "http://purl.imsglobal.org/vocab/lis/v2/"
_ROLES = {
    "learner": (f"{_VOCABULARY}membership#Learner",),
    "teacher": (f"{_VOCABULARY}membership#Instructor",),
    "administrator": (
        f"{_VOCABULARY}membership#Instructor",
        f"{_VOCABULARY}system/person#Administrator",
        f"{_VOCABULARY}institution/person#Administrator",
    ),
}


def sign_launch(lms: Lms, launch: Launch, nonce: str) -> str:
    """Return the id_token for one launch.

    Args:
        lms: the platform.
        launch: who opened which link.
        nonce: the tool's nonce, echoed.
    """
    return sign_claims(lms, build_claims(lms, launch, nonce))


def sign_claims(lms: Lms, claims: dict[str, object]) -> str:
    """Return the claims of any message as an id_token, spoilt where a test asked for that."""
    faults = lms.config.faults
    spoilt = claims | dict(faults.claims)
    return _sign({name: spoilt[name] for name in spoilt if name not in faults.without_claims}, lms.keys, faults)


def build_claims(lms: Lms, launch: Launch, nonce: str) -> dict[str, object]:
    """Return the claims of one launch, before any fault."""
    link = lms.config.link(launch.link_id)
    if link is None:
        raise KeyError(launch.link_id)
    return {
        **describe_message(lms, launch, nonce),
        f"{LTI}target_link_uri": link.url or lms.config.tool_target,
        f"{LTI}message_type": "LtiResourceLinkRequest",
        f"{LTI}resource_link": {"title": link.title, "description": link.description, "id": link.link_id},
        f"{LTI}custom": _substitute(link, lms.people[launch.user_id]),
        f"{AGS}claim/endpoint": _describe_grade_service(lms, link),
        **_describe_roster_service(lms.config),
    }


def describe_message(lms: Lms, launch: Launch, nonce: str) -> dict[str, object]:
    """Return the claims that all messages have in common."""
    config, person = lms.config, lms.people[launch.user_id]
    now = int(time.time()) + config.faults.clock_skew_s
    return {
        "nonce": nonce,
        "iat": now,
        "exp": now + config.faults.lifetime_s,
        "iss": config.issuer,
        "aud": config.client_id,
        **_describe_person(person, config),
        f"{LTI}deployment_id": config.deployment_id,
        f"{LTI}version": "1.3.0",
        **_describe_course(config, launch),
    }


def _describe_person(person: Person, config: Config) -> dict[str, object]:
    facts = {
        "given_name": person.first_name,
        "family_name": person.last_name,
        "name": person.name,
        "email": person.email,
    }
    return {
        "sub": person.user_id,
        **{name: value for name, value in facts.items() if name in config.shared_claims},
        f"{LTI}roles": list(_ROLES[person.role]),
        f"{LTI}lis": {
            "person_sourcedid": person.idnumber,
            "course_section_sourcedid": COURSE_SOURCEDID,
        },
        f"{LTI}ext": {"user_username": person.username, "lms": "moodle-2"},
    }


def _describe_course(config: Config, launch: Launch) -> dict[str, object]:
    query = f"course={COURSE_ID}&instanceid={launch.link_id}"
    return {
        f"{LTI}context": {
            "id": COURSE_ID,
            "label": COURSE_LABEL,
            "title": COURSE_TITLE,
            "type": ["CourseSection"],
        },
        f"{LTI}launch_presentation": {
            "locale": config.locale,
            "document_target": launch.window,
            "return_url": f"{config.issuer}/mod/lti/return.php?{query}",
        },
        f"{LTI}tool_platform": {
            "product_family_code": "moodle",
            "version": "2024100706",
            "guid": "0b5fd7f1e3a94d0b9a6b5a2f0c3d7e11",
            "name": "øving",
            "description": "Øvings-LMS",
        },
    }


def _substitute(link: Link, person: Person) -> dict[str, str]:
    """Fill the variables Moodle knows; pass those it does not know on as they stand."""
    known = {
        "$Person.sourcedId": person.idnumber,
        "$User.username": person.username,
        "$Person.email.primary": person.email,
    }
    return {name: known.get(value, value) for name, value in link.custom.items()}


def _describe_grade_service(lms: Lms, link: Link) -> dict[str, object]:
    base = f"{lms.config.services}/mod/lti/services.php/{COURSE_ID}/lineitems"
    endpoint: dict[str, object] = {"scope": list(SCOPES), "lineitems": f"{base}?type_id=1"}
    item = lms.item_of_link(link.link_id)
    if item is not None:
        endpoint["lineitem"] = f"{base}/{item.item_id}/lineitem?type_id=1"
    return endpoint


def _describe_roster_service(config: Config) -> dict[str, object]:
    if not config.has_roster:
        return {}
    url = f"{config.services}/mod/lti/services.php/CourseSection/{COURSE_ID}/bindings/1/memberships"
    return {f"{NRPS}claim/namesroleservice": {"context_memberships_url": url, "service_versions": ["1.0", "2.0"]}}


def _sign(claims: dict[str, object], keys: PlatformKeys, faults: Faults) -> str:
    header: dict[str, object] = {"typ": "JWT", "alg": faults.algorithm}
    kid = keys.active.kid if faults.kid is None else faults.kid
    if kid:
        header["kid"] = kid
    if faults.algorithm == "none":
        return f"{_encode(header)}.{_encode(claims)}."
    if faults.algorithm == "HS256":
        return _sign_with_public_key(f"{_encode(header)}.{_encode(claims)}", keys)
    signer = keys.stranger if faults.wrong_key else keys.active
    return jwt.encode(header, claims, signer, algorithms=["RS256"])


def _sign_with_public_key(signed: str, keys: PlatformKeys) -> str:
    """Sign as an attacker does who knows only the public key; no library does this for us, rightly."""
    secret = keys.active.as_pem(private=False)
    return f"{signed}.{_encode_bytes(hmac.digest(secret, signed.encode(), 'sha256'))}"


def _encode(part: dict[str, object]) -> str:
    return _encode_bytes(json.dumps(part).encode())


def _encode_bytes(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
