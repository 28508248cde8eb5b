"""A token is asked for once for all jobs; where it can't be shared, each job asks, and grades go on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from lti.fetching import Response
from lti.services import Token
from sidecar.core.outbox import OutboxItem
from sidecar.runtime import Sidecar
from sidecar.secrets import KEY_FILE
from sidecar.settings import Settings
from sidecar.tool import access_tokens, active_tool_key
from sidecar.tool.tokens import PREFIX, SharedTokens
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform
from tests.sidecar.tool.conftest import Gradebook

KEY = ("https://lms.example", "client-1", "https://lms.example/token", ("scope/score",))
SCORES = "/lineitems/4/lineitem/scores"


@pytest.fixture
def town(sidecar: Sidecar, settings: Settings, queue_url: str, clock: FakeClock) -> Iterator[list[Sidecar]]:
    """Two processes' applications on one queue server."""
    shared = replace(settings, redis_url=queue_url)
    both = [Sidecar(shared, clock=clock) for _ in range(2)]
    both[0].redis.flushall()
    yield both
    for one in both:
        one.close()


def test_another_process_finds_the_token_and_nobody_can_read_it(town: list[Sidecar]) -> None:
    kept = Token("secret-token", town[0].now() + timedelta(minutes=59))
    SharedTokens(town[0]).put(KEY, kept)
    assert SharedTokens(town[1]).get(KEY) == kept
    (name,) = town[0].redis.keys(f"{PREFIX}*")
    raw = str(town[0].redis.get(name))
    assert "secret-token" not in raw
    assert "lms.example" not in f"{raw} {name!r}"
    assert 3500 < town[0].redis.ttl(name) <= 3540


def test_a_token_is_dropped_for_every_process(town: list[Sidecar]) -> None:
    SharedTokens(town[0]).put(KEY, Token("a", town[0].now() + timedelta(minutes=5)))
    SharedTokens(town[1]).drop(KEY)
    assert SharedTokens(town[0]).get(KEY) is None


def test_a_token_under_another_platforms_name_is_not_taken(town: list[Sidecar]) -> None:
    shared = SharedTokens(town[0])
    shared.put(KEY, Token("a", town[0].now() + timedelta(minutes=5)))
    (name,) = town[0].redis.keys(f"{PREFIX}*")
    shared.put(("https://other.example", *KEY[1:]), Token("b", town[0].now() + timedelta(minutes=5)))
    (other,) = {*town[0].redis.keys(f"{PREFIX}*")} - {name}
    town[0].redis.rename(name, other)
    assert shared.get(("https://other.example", *KEY[1:])) is None


def test_a_token_sealed_with_a_key_that_is_gone_is_asked_for_anew(town: list[Sidecar], settings: Settings) -> None:
    SharedTokens(town[0]).put(KEY, Token("a", town[0].now() + timedelta(minutes=5)))
    (settings.data / KEY_FILE).unlink()
    stranger = Sidecar(replace(settings, redis_url=town[0].settings.redis_url), clock=town[0].now)
    assert SharedTokens(stranger).get(KEY) is None
    stranger.close()


def test_jobs_share_one_token(gradebook: Gradebook, town: list[Sidecar], platform: FakePlatform) -> None:
    registration, key = platform.registration(), active_tool_key(gradebook.sidecar)
    for sidecar in town:
        sidecar.fetch = platform.fetch  # type: ignore[assignment]
        access_tokens(sidecar).token(registration, ["scope/score"], key)
    assert platform.count("/token") == 1


def test_without_the_queues_server_grades_still_go(gradebook: Gradebook) -> None:
    gradebook.complete(gradebook.launch(), 0.8)
    gradebook.work()
    assert gradebook.sent() == [80.0]
    assert gradebook.platform.count("/token") == 1


def test_a_token_endpoint_that_hands_out_html(gradebook: Gradebook, clock: FakeClock) -> None:
    page = Response(200, {"content-type": "text/html"}, b"<!DOCTYPE html><title>Moodle</title>")
    gradebook.platform.answers["/token"] = page
    launch = gradebook.launch()
    gradebook.complete(launch, 0.8)
    gradebook.work()
    assert (gradebook.grade(launch).state, gradebook.grade(launch).error_code) == ("waiting", "answer-not-json")
    del gradebook.platform.answers["/token"]
    clock.advance(minutes=2)
    gradebook.work()
    assert gradebook.grade(launch).state == "sent"


@pytest.mark.parametrize("header", ["7200", "Sun, 22 Nov 2026 12:00:00 GMT"])
@pytest.mark.parametrize("path", [SCORES, "/token"])
def test_an_lms_that_asks_us_to_wait_is_left_alone_so_long(
    gradebook: Gradebook, clock: FakeClock, path: str, header: str
) -> None:
    headers = {"retry-after": header, "date": "Sun, 22 Nov 2026 10:00:00 GMT"}
    gradebook.platform.answers[path] = Response(429, headers, b"")
    gradebook.complete(gradebook.launch(), 0.8)
    gradebook.work()
    with gradebook.sidecar.reading() as db:
        item = db.query(OutboxItem).one()
    assert (item.error_code, item.next_try_at - clock()) == ("service-busy", timedelta(hours=2))


@pytest.mark.parametrize("header", ["", "soon", "-5", "0", "9" * 40, "Sun, 22 Nov 2026 12:00:00"])
def test_a_wait_that_is_no_time_is_the_usual_one(gradebook: Gradebook, clock: FakeClock, header: str) -> None:
    gradebook.platform.answers[SCORES] = Response(429, {"retry-after": header}, b"")
    gradebook.complete(gradebook.launch(), 0.8)
    gradebook.work()
    with gradebook.sidecar.reading() as db:
        assert db.query(OutboxItem).one().next_try_at - clock() == timedelta(minutes=1)
