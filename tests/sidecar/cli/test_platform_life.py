"""`sidecar platform`: invitations, approval, and what disables or removes an LMS."""

import re
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner

from sidecar import tool
from sidecar.cli import main
from sidecar.core.launches import Learner, welcome
from sidecar.core.municipalities import Municipality
from sidecar.core.platforms import Platform
from sidecar.core.regions import join
from sidecar.runtime import Sidecar
from tests.fakes.joining import CONFIGURATION_URL, JoiningLms
from tests.fakes.lms import tool_key_maker
from tests.sidecar.cli.console import ADD, run, run_json

NAME = "lms.example"


@pytest.fixture(autouse=True)
def _region(
    environment: None,
    sidecar: Sidecar,
    kongsberg: Municipality,
    rollag: Municipality,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    with sidecar.transaction() as db:
        join(db, "kongsbergregionen", kongsberg.id, sidecar.today())


@pytest.fixture
def lms(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> JoiningLms:
    joining = JoiningLms()
    monkeypatch.setattr(sidecar, "fetch", joining)
    return joining


def register(sidecar: Sidecar, lms: JoiningLms, *options: str) -> str:
    """Invite an LMS, let it register itself, and return what it is called."""
    secret = run_json("platform", "invite", *options)["url"].rpartition("/")[2]
    shown = tool.look(sidecar, secret, CONFIGURATION_URL)
    return tool.join(sidecar, secret, CONFIGURATION_URL, lms.token(), shown.digest).name


def test_invite_prints_an_address_that_holds_for_a_week() -> None:
    made = run_json("platform", "invite", "--region", "kongsbergregionen", "--note", "Felles Moodle")
    assert re.fullmatch(r"https://sidecar\.example\.no/lti/register/[\w-]{43}", made["url"])
    [listed] = run_json("platform", "invitations")
    assert (listed["id"], listed["state"], listed["region"]) == (made["id"], "open", "kongsbergregionen")
    held = datetime.fromisoformat(listed["expires_at"]) - datetime.fromisoformat(listed["created_at"])
    assert held == timedelta(days=7)
    assert made["url"] not in run("platform", "invitations").stdout


@pytest.mark.parametrize(
    "options",
    [("--days", "0"), ("--days", "91"), ("--note", "x" * 201), ("--region", "none-such"), ("--platform", "none-such")],
)
def test_an_invitation_that_makes_no_sense_is_not_made(options: tuple[str, ...]) -> None:
    assert run("platform", "invite", *options).exit_code == 1
    assert run_json("platform", "invitations") == []


def test_an_invitation_can_be_taken_back() -> None:
    made = run_json("platform", "invite")
    assert run_json("platform", "revoke-invitation", made["id"]) == {"id": made["id"], "state": "revoked"}
    assert run("platform", "revoke-invitation", "none-such").exit_code == 1


def test_an_lms_that_registered_itself_is_approved(sidecar: Sidecar, lms: JoiningLms) -> None:
    assert register(sidecar, lms, "--region", "kongsbergregionen") == NAME
    [listed] = run_json("platform", "list")
    assert (listed["name"], listed["state"], listed["pending_deployments"]) == (NAME, "pending", ["1"])
    approved = run_json("platform", "approve", NAME, "--municipality", "kongsberg", "--name", "Felles Moodle")
    assert approved == {"platform": "Felles Moodle", "state": "active", "warnings": []}
    shown = run_json("platform", "show", "Felles Moodle")
    assert (shown["state"], shown["region"], shown["product"]) == ("active", "kongsbergregionen", "moodle")
    assert (shown["deployments"], shown["municipalities"]) == (["1"], {"kongsberg": None})
    assert run("platform", "approve", "Felles Moodle", "--municipality", "kongsberg").exit_code == 1


def test_approval_names_a_municipality_that_exists_and_warns_of_numbers_that_may_collide(
    sidecar: Sidecar, lms: JoiningLms
) -> None:
    register(sidecar, lms)
    assert run("platform", "approve", NAME).exit_code == 2
    assert run("platform", "approve", NAME, "--municipality", "oslo").exit_code == 1
    both = ("--municipality", "kongsberg", "--municipality", "rollag")
    assert len(run_json("platform", "approve", NAME, *both)["warnings"]) == 1


def test_approval_of_one_that_comes_back_tells_for_whom_it_speaks_again(sidecar: Sidecar, lms: JoiningLms) -> None:
    register(sidecar, lms)
    run_json("platform", "approve", NAME, "--municipality", "kongsberg")
    with sidecar.transaction() as db:
        platform_id = db.query(Platform).one().id
        welcome(db, platform_id, Learner("7"), sidecar.now())
    run_json("platform", "remove", NAME, "--yes")
    secret = run_json("platform", "invite")["url"].rpartition("/")[2]
    shown = tool.look(sidecar, secret, CONFIGURATION_URL).digest
    tool.join(sidecar, secret, CONFIGURATION_URL, lms.token("1"), shown)
    [warning] = run_json("platform", "approve", NAME, "--municipality", "kongsberg")["warnings"]
    assert "1 learners and 0 people with a role" in warning


def test_a_registration_is_refused(sidecar: Sidecar, lms: JoiningLms) -> None:
    register(sidecar, lms)
    assert run_json("platform", "refuse", NAME, "--yes")["state"] == "removed"
    assert run_json("platform", "list") == []


@pytest.mark.parametrize(
    ("command", "question"), [("disable", "Disable"), ("remove", "Remove"), ("remove-deployment", "Remove deployment")]
)
def test_what_takes_something_away_says_first_what_it_affects(command: str, question: str) -> None:
    run(*ADD, "--name", "LMS")
    arguments = ["platform", command, "LMS", *(["1"] if command == "remove-deployment" else [])]
    refused = CliRunner().invoke(main, arguments, input="n\n")
    assert refused.exit_code == 1
    assert f"{question} " in refused.stderr
    assert "deployments: 1" in refused.stderr
    assert "waiting grades: 0" in refused.stderr
    assert run_json("platform", "show", "LMS")["deployments"] == ["1"]
    done = run_json(*arguments, "--yes")
    assert done["affected"]["deployments"] == 1


def test_a_disabled_lms_is_enabled_again() -> None:
    run(*ADD, "--name", "LMS")
    assert run_json("platform", "disable", "LMS", "--yes")["state"] == "disabled"
    assert run_json("platform", "list")[0]["state"] == "disabled"
    assert run_json("platform", "enable", "LMS")["state"] == "active"
    assert run("platform", "enable", "LMS").exit_code == 1


def test_an_update_is_shown_and_accepted_or_declined(sidecar: Sidecar, lms: JoiningLms) -> None:
    register(sidecar, lms)
    run_json("platform", "approve", NAME, "--municipality", "kongsberg")
    for command in ("decline-update", "accept-update"):
        lms.says(jwks_uri="https://lms.example/new-keys")
        assert register(sidecar, lms, "--platform", NAME) == NAME
        changed = {change["field"] for change in run_json("platform", "show", NAME)["update"]}
        assert changed == {"client_id", "jwks_url", "deployment_id"}
        if command == "accept-update":
            asked = CliRunner().invoke(main, ["platform", command, NAME], input="n\n")
            assert asked.exit_code == 1
            assert "stop opening at once" in asked.stderr
            assert "learners: 0" in asked.stderr
        arguments = ["platform", command, NAME, *(["--yes"] if command == "accept-update" else [])]
        assert run(*arguments).exit_code == 0
    shown = run_json("platform", "show", NAME)
    assert (shown["jwks_url"], shown["update"]) == ("https://lms.example/new-keys", [])
    assert shown["deployments"] == ["1", "3"]
    assert run("platform", "accept-update", NAME).exit_code == 1


def test_what_is_kept_of_an_lms_is_changed(sidecar: Sidecar) -> None:
    run(*ADD, "--name", "LMS", "--region", "kongsbergregionen")
    pattern = "rollag=r-(?P<employee_number>[0-9]+)"
    changed = run_json(
        *("platform", "set", "LMS", "--name", "Moodle", "--region", "none", "--line-items", "make"),
        *("--municipality", "rollag", "--pattern", pattern),
    )
    assert (changed["name"], changed["region"], changed["makes_line_items"]) == ("Moodle", None, True)
    assert changed["municipalities"] == {"rollag": "r-(?P<employee_number>[0-9]+)"}
    assert run_json("platform", "set", "Moodle", "--line-items", "leave")["makes_line_items"] is False
    with sidecar.reading() as db:
        assert db.query(Platform).one().name == "Moodle"


def test_an_lms_gets_other_addresses_of_its_pages_and_loses_them() -> None:
    run(*ADD, "--name", "LMS")
    school, other = "https://school.example.no", "https://other.example.no"
    named = run_json("platform", "set", "LMS", "--framed-by", f"{school}/", "--framed-by", other)
    assert named["frame_origins"] == [school, other]
    assert run_json("platform", "set", "LMS", "--line-items", "make")["frame_origins"] == [school, other]
    for wrong in ("https://*.example.no", "http://school.example.no", "*"):
        assert run("platform", "set", "LMS", "--framed-by", wrong).exit_code == 1
    assert run("platform", "set", "LMS", "--framed-by", "none", "--framed-by", school).exit_code == 1
    assert school in run("platform", "show", "LMS").stdout
    assert run_json("platform", "set", "LMS", "--framed-by", "none")["frame_origins"] == []
    assert run_json("platform", "show", "LMS")["frame_origins"] == []


def test_a_removed_lms_that_is_added_again_is_the_same_one(sidecar: Sidecar) -> None:
    run(*ADD, "--name", "LMS")
    with sidecar.reading() as db:
        before = db.query(Platform).one().id
    run("platform", "remove", "LMS", "--yes")
    assert run(*ADD, "--name", "LMS").exit_code == 0
    with sidecar.reading() as db:
        assert [(each.id, each.state) for each in db.query(Platform)] == [(before, "active")]
    assert run(*ADD, "--name", "LMS").exit_code == 1
