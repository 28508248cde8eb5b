"""`sidecar check --platform` tells in one go what is wrong with a connection, in words and for scripts."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select, update

from lti.fetching import Response
from sidecar.core.access_log import Look
from sidecar.core.courses import CourseVersion
from sidecar.core.municipalities import Municipality
from sidecar.core.platform_checks import PlatformCheck
from sidecar.core.platforms import find_platform
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.lms import add_course, register_in, tool_key_maker
from tests.fakes.open_lms import OpenLms
from tests.sidecar.cli.console import run, run_json
from tests.sidecar.web.town import fill

pytestmark = pytest.mark.usefixtures("environment")


@pytest.fixture
def lms(sidecar: Sidecar, kongsberg: Municipality, monkeypatch: pytest.MonkeyPatch) -> OpenLms:
    found = OpenLms("https://lms.example", sidecar.now)
    monkeypatch.setattr("sidecar.runtime.GuardedFetch", lambda *_, **__: found.fetch)
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    register_in(sidecar, found, ("kongsberg",))
    return found


@pytest.fixture(autouse=True)
def _same_time(sidecar: Sidecar, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command's own clock be that of the test."""
    honest = Sidecar.__init__
    monkeypatch.setattr(Sidecar, "__init__", lambda self, settings: honest(self, settings, clock=clock))


def test_a_sound_connection_ends_with_0(sidecar: Sidecar, lms: OpenLms) -> None:
    add_course(sidecar, "hms", "HMS")
    with sidecar.transaction() as db:
        db.execute(update(CourseVersion).values(reviewed_at=sidecar.now()))
    found = run_json("check", "--platform", "lms.example")
    assert (found["platform"], found["ok"]) == ("lms.example", True)
    assert {"code", "outcome", "facts", "text"} == set(found["steps"][0])
    assert {"token-granted", "launch-never", "dry-opens"} <= {each["code"] for each in found["steps"]}
    with sidecar.reading() as db:
        kept = db.get_one(PlatformCheck, find_platform(db, "lms.example").id)
    assert not [each for each in kept.steps if each["code"].startswith("dry-")]


def test_a_failed_step_ends_with_1_and_says_what_to_change(lms: OpenLms) -> None:
    lms.wrong["POST /token"] = Response(400, {}, b'{"error": "invalid_client"}')
    result = run("check", "--platform", "lms.example")
    assert result.exit_code == 1
    assert "FAILED   The LMS does not know our keys, or not the client ID client-1." in result.stdout
    told = json.loads(run("check", "--platform", "lms.example", "--json").stdout)
    assert told["ok"] is False


@pytest.mark.usefixtures("lms")
def test_a_number_is_tried_and_the_look_written_down(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, tmp_path: Path
) -> None:
    town = fill(sidecar, kongsberg, rollag, tmp_path / "town")
    result = run("check", "--platform", "lms.example", "--course", town.course, "--sourcedid", "1001")
    assert "The number is that of Kari Nordmann, Kongsberg kommune." in result.stdout
    with sidecar.reading() as db:
        assert [look.what for look in db.scalars(select(Look))] == ["dry-launch"]


def test_what_goes_with_a_platform_needs_one() -> None:
    assert run("check", "--sourcedid", "1").exit_code == 2


def test_an_lms_that_is_not_there_is_told_of(lms: OpenLms) -> None:
    result = run("check", "--platform", "nothing")
    assert result.exit_code == 1
    assert 'There is no platform "nothing"' in result.stderr
