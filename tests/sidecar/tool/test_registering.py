"""Registering an LMS: what is checked, what is stored, what is refused with nothing changed."""

from dataclasses import replace
from typing import Any

import pytest

from sidecar import tool
from sidecar.core.deployments import Deployment
from sidecar.core.municipalities import Municipality
from sidecar.core.platforms import Platform, PlatformMunicipality
from sidecar.core.signing_keys import SigningKey
from sidecar.errors import ConflictError, InvalidInputError, NotFoundError, SidecarError
from sidecar.runtime import Sidecar
from sidecar.tool import PlatformRequest
from tests.fakes.lms import tool_key_maker

REQUEST = PlatformRequest(
    issuer="https://moodle.example.no",
    client_id="abc",
    auth_url="https://moodle.example.no/mod/lti/auth.php",
    token_url="https://moodle.example.no/mod/lti/token.php",
    jwks_url="https://moodle.example.no/mod/lti/certs.php",
    deployment_ids=("1", "2", "1"),
    municipalities=("942402465",),
)


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch, kongsberg: Municipality, rollag: Municipality) -> None:
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())


def test_stores_the_platform_its_deployments_and_municipalities(sidecar: Sidecar) -> None:
    patterns = {"rollag": "r(?P<employee_number>.+)"}
    request = replace(REQUEST, municipalities=("kongsberg", "964963282"), patterns=patterns)
    registered = tool.register_platform(sidecar, request)
    assert (registered.name, registered.ambiguous) == ("moodle.example.no", False)
    with sidecar.reading() as db:
        assert sorted((d.deployment_id, d.state) for d in db.query(Deployment)) == [("1", "active"), ("2", "active")]
        found = {row.pattern for row in db.query(PlatformMunicipality)}
    assert found == {None, "r(?P<employee_number>.+)"}


def test_says_that_several_municipalities_without_a_pattern_are_ambiguous(sidecar: Sidecar) -> None:
    assert tool.register_platform(sidecar, replace(REQUEST, municipalities=("kongsberg", "rollag"))).ambiguous


REFUSED: dict[str, tuple[dict[str, Any], type[SidecarError]]] = {
    "plain http": ({"jwks_url": "http://moodle.example.no/certs"}, InvalidInputError),
    "no URL": ({"auth_url": "moodle.example.no/auth"}, InvalidInputError),
    "another scheme": ({"token_url": "file:///etc/passwd"}, InvalidInputError),
    "a user name": ({"token_url": "https://a:b@moodle.example.no/token"}, InvalidInputError),
    "a fragment": ({"auth_url": "https://moodle.example.no/auth#x"}, InvalidInputError),
    "a space": ({"auth_url": "https://moodle.example.no/a b"}, InvalidInputError),
    "a broken host": ({"issuer": "https://[moodle"}, InvalidInputError),
    "a URL without end": ({"jwks_url": "https://moodle.example.no/" + "x" * 1000}, InvalidInputError),
    "an empty client id": ({"client_id": " "}, InvalidInputError),
    "a client id without end": ({"client_id": "x" * 256}, InvalidInputError),
    "an empty deployment": ({"deployment_ids": ("",)}, InvalidInputError),
    "no deployment": ({"deployment_ids": ()}, InvalidInputError),
    "no municipality": ({"municipalities": ()}, InvalidInputError),
    "an unknown municipality": ({"municipalities": ("oslo",)}, NotFoundError),
    "a pattern that is none": ({"patterns": {"kongsberg": "("}}, InvalidInputError),
    "a pattern of another municipality": ({"patterns": {"rollag": "(?P<employee_number>.)"}}, InvalidInputError),
}


@pytest.mark.parametrize(("changes", "error"), REFUSED.values(), ids=REFUSED)
def test_refuses_and_changes_nothing(sidecar: Sidecar, changes: dict[str, Any], error: type[SidecarError]) -> None:
    with pytest.raises(error):
        tool.register_platform(sidecar, replace(REQUEST, **changes))
    with sidecar.reading() as db:
        assert db.query(Platform).count() == 0


def test_refuses_a_registration_twice_and_a_name_twice(sidecar: Sidecar) -> None:
    tool.register_platform(sidecar, REQUEST)
    for again in (replace(REQUEST, name="Another"), replace(REQUEST, client_id="def")):
        with pytest.raises(ConflictError):
            tool.register_platform(sidecar, again)
    tool.register_platform(sidecar, replace(REQUEST, client_id="def", name="Another"))


@pytest.mark.parametrize(("listed", "host"), [("10.0.0.0/8", "10.1.2.3"), ("lms.intern", "LMS.intern:8080")])
def test_plain_http_is_for_listed_hosts(
    sidecar: Sidecar, listed: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = replace(REQUEST, jwks_url=f"http://{host}/certs")
    with pytest.raises(InvalidInputError):
        tool.register_platform(sidecar, request)
    monkeypatch.setattr(sidecar, "settings", replace(sidecar.settings, allowed_private=(listed,)))
    assert tool.register_platform(sidecar, request).name == "moodle.example.no"


def test_keys_are_made_once_sealed_and_published(sidecar: Sidecar) -> None:
    tool.register_platform(sidecar, REQUEST)
    tool.ensure_keys(sidecar)
    with sidecar.reading() as db:
        keys = {key.state: key for key in db.query(SigningKey)}
    assert sorted(keys) == ["active", "next"]
    assert b"PRIVATE" not in keys["active"].private
    assert b"PRIVATE" in tool.active_tool_key(sidecar).private_pem
    published = tool.published_key_set(sidecar)["keys"]
    assert {key["kid"] for key in published} == {key.kid for key in keys.values()}
    assert not {"d", "p", "q"} & set(published[0])


def test_another_process_that_made_the_keys_first_wins(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    tool.ensure_keys(sidecar)
    before = tool.active_tool_key(sidecar).kid
    monkeypatch.setattr("sidecar.core.signing_keys.list_keys", lambda _: [])
    tool.ensure_keys(sidecar)
    assert tool.active_tool_key(sidecar).kid == before
