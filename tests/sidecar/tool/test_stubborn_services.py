"""Keys, tokens, scores and rosters of an LMS that answers a byte now and then, or with 50 MB: over a real network."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import cast

import pytest

from lti.fetching import Fetch, Response
from sidecar import http
from sidecar.http import GuardedFetch
from sidecar.runtime import Sidecar
from sidecar.tool import service
from sidecar.web.app import create_app
from tests.fakes.classroom import Classroom
from tests.fakes.lms import HOST, RegisteredLms
from tests.fakes.services import MEMBERS
from tests.fakes.stubborn import HOW, PIECES, How, Stubborn, stubborn_server
from tests.sidecar.tool.conftest import Gradebook

LIMIT_S = 0.4
IN_TIME_S = 10.0
"""An answer that drips has no end: who waits for it waits longer."""


@pytest.fixture(params=HOW)
def stubborn(request: pytest.FixtureRequest) -> Iterator[Stubborn]:
    how: How = request.param
    with stubborn_server(how) as server:
        yield server


Divert = Callable[[str], None]


@pytest.fixture
def divert(sidecar: Sidecar, stubborn: Stubborn, monkeypatch: pytest.MonkeyPatch) -> Divert:
    """Let what ends with a path go to the stubborn server, and the rest where it went."""
    monkeypatch.setattr(http, "TOTAL_TIMEOUT_S", LIMIT_S)
    real = GuardedFetch(("127.0.0.1",), pause=lambda _s: None)

    def start(path: str) -> None:
        honest = cast(Fetch, sidecar.fetch)  # the platform in memory

        def fetch(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
            if not url.partition("?")[0].endswith(path):
                return honest(method, url, headers=headers, body=body)
            answer = real(method, stubborn.url, headers=headers, body=body)
            return Response(answer.status, answer.headers, answer.body)

        monkeypatch.setattr(sidecar, "fetch", fetch)

    return start


def took(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def code(stubborn: Stubborn) -> str:
    return "lms-answer-too-large" if stubborn.how == "50 MB" else "service-unreachable"


@pytest.mark.parametrize("path", ["/token", "/scores"])
def test_a_grade_waits_for_another_time(gradebook: Gradebook, stubborn: Stubborn, divert: Divert, path: str) -> None:
    divert(path)
    launch = gradebook.launch()
    gradebook.complete(launch, 0.8)
    assert took(gradebook.work) < IN_TIME_S
    grade = gradebook.grade(launch)
    assert (grade.state, grade.error_code, grade.sent_score) == ("waiting", code(stubborn), None)
    assert stubborn.pieces < PIECES, "it was read to the end"


@pytest.mark.parametrize("path", ["/token", MEMBERS])
def test_a_roster_is_read_another_time(room: Classroom, stubborn: Stubborn, divert: Divert, path: str) -> None:
    divert(path)
    assert took(room.look) < IN_TIME_S
    assert (room.roster().error_code, room.members()) == (code(stubborn), {})
    assert stubborn.pieces < PIECES, "it was read to the end"


@pytest.mark.parametrize(("total_s", "keys_s"), [(LIMIT_S, 60.0), (60.0, LIMIT_S)])
def test_a_launch_is_refused_while_the_keys_can_not_be_had(
    gradebook: Gradebook,
    stubborn: Stubborn,
    divert: Divert,
    monkeypatch: pytest.MonkeyPatch,
    total_s: float,
    keys_s: float,
) -> None:
    divert("/jwks")
    monkeypatch.setattr(http, "TOTAL_TIMEOUT_S", total_s)
    monkeypatch.setattr(service, "KEY_SET_S", keys_s)
    gradebook.platform.launch_url = f"{HOST}/lti/launch"
    lms = RegisteredLms(gradebook.sidecar, gradebook.platform, create_app(gradebook.sidecar), gradebook.platform_id)
    browser = lms.browser()
    assert took(lambda: browser.launch(custom={"course": "brannvern"})) < IN_TIME_S
    assert [failure.code for failure in lms.failures()] == ["keys-unavailable"]
    assert (lms.launches(), lms.sign_in_count()) == ([], 0)
    assert stubborn.pieces < PIECES, "it was read to the end"


def test_a_person_waits_ten_seconds_at_most_for_keys() -> None:
    assert service.KEY_SET_S <= 10
