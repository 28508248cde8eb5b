"""Every error has a stable code of its own and a text that says what to do."""

import re
from collections.abc import Iterator

import pytest

from lti.errors import LtiError, ServiceRefused, UnknownDeployment


def walk(family: type[LtiError]) -> Iterator[type[LtiError]]:
    yield family
    for member in family.__subclasses__():
        yield from walk(member)


ERRORS = list(walk(LtiError))


def test_codes_are_unique() -> None:
    codes = [error.code for error in ERRORS]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_an_error_has_a_code_and_tells_what_to_do(error: type[LtiError]) -> None:
    text = error.__doc__ or ""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", error.code)
    assert text.strip().endswith(".")
    assert text.count(".") >= 2
    assert not text.startswith(error.__name__)


def test_facts_are_attributes_and_text() -> None:
    refused = ServiceRefused(host="lms.example", status=401)
    assert refused.facts == {"host": "lms.example", "status": "401", "reason": ""}
    assert str(UnknownDeployment(deployment_id="42")) == "unknown-deployment deployment_id=42"
