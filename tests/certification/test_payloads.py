"""1EdTech's certification guide §6.1 to §6.4: bad payloads are refused with a page, good ones let in."""

import json
from typing import Any

import pytest

from lti.claims import LTI
from tests.certification.verdicts import assert_let_in, assert_refused
from tests.fakes.lms import Browser, RegisteredLms, read_redirect
from tests.fakes.platform import ABSENT

INSTRUCTOR = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
NO_NAMES = {"name": ABSENT, "given_name": ABSENT, "family_name": ABSENT}


BAD_PAYLOADS: dict[str, tuple[dict[str, Any], str]] = {
    "no kid": ({"header": {"kid": ABSENT}}, "key-id-missing"),
    "wrong kid": ({"header": {"kid": "another"}}, "key-unknown"),
    "wrong version": ({"version": "1.2.0"}, "version-unsupported"),
    "missing version": ({"version": ABSENT}, "claim-missing"),
    "several claims missing": ({"version": ABSENT, "roles": ABSENT, "sub": ABSENT}, "claim-missing"),
    "bad iat": ({"iat": "yesterday"}, "claim-invalid"),
    "bad exp": ({"exp": "tomorrow"}, "claim-invalid"),
    "no message_type": ({"message_type": ABSENT}, "claim-missing"),
    "no roles claim": ({"roles": ABSENT}, "claim-missing"),
    "no deployment_id": ({"deployment_id": ABSENT}, "claim-missing"),
    "no resource_link": ({"resource_link": ABSENT}, "claim-missing"),
    "no resource_link id": ({"resource_link": {"title": "Brannvern"}}, "claim-missing"),
    "no sub": ({"sub": ABSENT}, "claim-missing"),
}


@pytest.mark.parametrize(("changes", "code"), BAD_PAYLOADS.values(), ids=BAD_PAYLOADS)
def test_bad_payload(lms: RegisteredLms, browser: Browser, changes: dict[str, Any], code: str) -> None:
    assert_refused(lms, browser.launch(**changes), code)


def test_not_an_lti_message(lms: RegisteredLms, browser: Browser) -> None:
    asked = read_redirect(browser.login())
    now = int(lms.sidecar.now().timestamp())
    plain = {"iss": lms.platform.issuer, "aud": "client-1", "sub": "7", "nonce": asked["nonce"]}
    token = lms.platform.sign(json.dumps(plain | {"iat": now, "exp": now + 60}).encode())
    assert_refused(lms, browser.post_launch(asked["state"], token), "claim-missing")
    assert lms.failures()[0].facts == {"claim": LTI + "version"}


GOOD_PAYLOADS: dict[str, dict[str, Any]] = {
    "normal": {},
    "several roles": {"roles": [INSTRUCTOR, LEARNER]},
    "short role name": {"roles": ["Learner"]},
    "unknown role": {"roles": ["urn:example:Janitor"]},
    "no role, empty list": {"roles": []},
    "no role, empty text": {"roles": [""]},
    "e-mail only": NO_NAMES,
    "names only": {"email": ABSENT},
    "no personal data": NO_NAMES | {"email": ABSENT, "lis": ABSENT},
    "e-mail and no context": NO_NAMES | {"context": ABSENT},
}


@pytest.mark.parametrize("role", [LEARNER, INSTRUCTOR], ids=["student", "teacher"])
@pytest.mark.parametrize("changes", GOOD_PAYLOADS.values(), ids=GOOD_PAYLOADS)
def test_good_payload(lms: RegisteredLms, browser: Browser, changes: dict[str, Any], role: str) -> None:
    assert_let_in(lms, browser.launch(**({"roles": [role]} | changes)))
