"""`sidecar platform`: in words and in JSON, with exit codes."""

import json

import pytest
from sqlalchemy import update

from sidecar.core import deployments, platforms
from sidecar.core.launches import Learner, welcome
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.runtime import Sidecar
from tests.fakes.lms import tool_key_maker
from tests.sidecar.cli.console import ADD, run, run_json


@pytest.fixture(autouse=True)
def _region(environment: None, kongsberg: Municipality, rollag: Municipality, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())


def test_add_prints_everything_to_paste() -> None:
    result = run(*ADD)
    assert result.exit_code == 0, result.stderr
    for text in (
        "https://sidecar.example.no/lti/login",
        "https://sidecar.example.no/lti/launch",
        "https://sidecar.example.no/lti/jwks",
        "course=<course key>",
    ):
        assert text in result.stdout


def test_add_in_json() -> None:
    assert run_json(*ADD) == {
        "platform": "moodle.example.no",
        "tool_url": "https://sidecar.example.no/lti/launch",
        "initiate_login_url": "https://sidecar.example.no/lti/login",
        "redirect_uri": "https://sidecar.example.no/lti/launch",
        "jwks_url": "https://sidecar.example.no/lti/jwks",
        "custom_parameter": "course=<course key>",
        "warnings": [],
    }


def test_add_warns_when_numbers_may_collide() -> None:
    assert len(run_json(*ADD, "--municipality", "964963282")["warnings"]) == 1
    pattern = "rollag=r-(?P<employee_number>[0-9=]+)"
    one = run_json(*ADD, "--municipality", "rollag", "--pattern", pattern, "--client-id", "b", "--name", "b")
    assert one["warnings"] == []


@pytest.mark.parametrize(
    ("more", "code", "exit_code"),
    [
        (["--auth-url", "http://moodle.example.no/auth"], "invalid-input", 1),
        (["--municipality", "nowhere"], "not-found", 1),
        (["--pattern", "kongsberg"], "invalid-input", 1),
    ],
)
def test_add_refuses_with_a_code(more: list[str], code: str, exit_code: int) -> None:
    result = run(*ADD, *more, "--json")
    assert result.exit_code == exit_code
    assert json.loads(result.stderr)["error"]["code"] == code
    assert run_json("platform", "list") == []


def test_add_twice_is_refused() -> None:
    run(*ADD)
    result = run(*ADD)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "already a platform" in result.stderr


def test_add_without_an_option_is_a_usage_error() -> None:
    assert run("platform", "add", "--issuer", "https://x.example").exit_code == 2


def test_a_pending_deployment_is_listed_and_approved(sidecar: Sidecar) -> None:
    run(*ADD)
    with sidecar.transaction() as db:
        platform_id = platforms.find_platform(db, "moodle.example.no").id
        deployments.note_deployment(db, platform_id, "77", sidecar.now())
    before = run_json("platform", "list")[0]
    assert (before["deployments"], before["pending_deployments"]) == (["1"], ["77"])
    assert run_json("platform", "add-deployment", "moodle.example.no", "77")["state"] == "active"
    after = run_json("platform", "list")[0]
    assert (sorted(after["deployments"]), after["pending_deployments"]) == (["1", "77"], [])
    assert "kongsberg" in run("platform", "list").stdout


def test_an_unknown_platform_has_no_deployments() -> None:
    assert run("platform", "add-deployment", "nowhere", "1").exit_code == 1


def test_the_held_are_listed_and_released(sidecar: Sidecar) -> None:
    run(*ADD)
    with sidecar.transaction() as db:
        platform_id = platforms.find_platform(db, "moodle.example.no").id
        identity = welcome(db, platform_id, Learner("7", person_sourcedid="1001"), sidecar.now())
        db.execute(update(Identity).where(Identity.id == identity.id).values(placed_at=sidecar.now()))
    assert [row["identity_id"] for row in run_json("platform", "held", "moodle.example.no")] == [identity.id]
    assert run_json("platform", "release", identity.id) == {"identity_id": identity.id, "placed": False}
    assert run("platform", "release", identity.id).exit_code == 1
    with sidecar.reading() as db:
        assert db.get_one(Identity, identity.id).placed_at is None
