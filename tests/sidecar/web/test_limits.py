"""Floods and guesses are refused, a municipality behind one address is not, and web processes count together."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from limits import RateLimitItemPerMinute
from redis import Redis
from werkzeug.test import TestResponse

from sidecar.core import launches
from sidecar.core.launches import FailedLaunch, LoginRecord, bound_logins, record_failure
from sidecar.core.municipalities import Municipality
from sidecar.core.staff import first_operator
from sidecar.runtime import Sidecar
from sidecar.web import limits
from sidecar.web.app import create_app
from sidecar.web.limits import Limiter
from tests.fakes.clock import FakeClock
from tests.fakes.lms import HOST, RegisteredLms, add_course, register, tool_key_maker
from tests.fakes.platform import FakePlatform
from tests.fakes.ports import free_port
from tests.fakes.queue_server import running_queue
from tests.sidecar.web.signed_in import SAME_ORIGIN

TOWN, STRANGER = "198.51.100.7", "203.0.113.9"


@pytest.fixture
def lms(
    sidecar: Sidecar, app: Flask, clock: FakeClock, kongsberg: Municipality, monkeypatch: pytest.MonkeyPatch
) -> RegisteredLms:
    platform = FakePlatform("https://lms.example", clock, launch_url=f"{HOST}/lti/launch")
    monkeypatch.setattr(sidecar, "fetch", platform.fetch)
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    add_course(sidecar, "brannvern", "Brannvern")
    return register(sidecar, platform, app, ("kongsberg",))


def login(app: Flask, lms: RegisteredLms, address: str) -> TestResponse:
    client = app.test_client()
    return client.post("/lti/login", base_url=HOST, data=lms.login_params(), environ_base={"REMOTE_ADDR": address})


def forge(app: Flask, address: str, state: str = "invented") -> TestResponse:
    data = {"state": state, "id_token": "x"}
    return app.test_client().post("/lti/launch", base_url=HOST, data=data, environ_base={"REMOTE_ADDR": address})


def guess(app: Flask, address: str, secret: str, **headers: str) -> TestResponse:
    return app.test_client().post(
        "/sign-in", data={"secret": secret}, headers=SAME_ORIGIN | headers, environ_base={"REMOTE_ADDR": address}
    )


def test_a_flood_of_logins_from_one_address_is_refused_for_a_minute(
    app: Flask, lms: RegisteredLms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.SHARED_SOON, "launch.login", RateLimitItemPerMinute(5, namespace="login"))
    assert [login(app, lms, STRANGER).status_code for _ in range(7)] == [302] * 5 + [429] * 2
    assert login(app, lms, TOWN).status_code == 302


def test_a_municipality_of_thousands_may_start_at_eight_o_clock() -> None:
    employees, share, minutes, requests_a_launch, municipalities = 8000, 0.5, 10, 2, 3
    assert limits.LOGINS.amount >= employees * share / minutes * requests_a_launch * municipalities
    assert limits.LAUNCHES.amount >= employees * share / minutes * municipalities


@pytest.mark.parametrize(
    ("language", "words"),
    [("nb", "Vent et minutt"), ("nn", "Vent eit minutt"), ("en", "Wait a minute")],
)
def test_who_is_refused_is_told_what_to_do_and_when(
    app: Flask, lms: RegisteredLms, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    monkeypatch.setitem(limits.SHARED, "sign_in.start", RateLimitItemPerMinute(0, namespace="sign-in"))
    refused = guess(app, TOWN, "x", **{"Accept-Language": language})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert words in refused.text


def test_what_fails_is_refused_sooner_and_what_goes_well_is_not(
    app: Flask, lms: RegisteredLms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FAILED_LAUNCHES", RateLimitItemPerMinute(3, namespace="failed-launch"))
    assert [forge(app, TOWN).status_code for _ in range(5)] == [400] * 3 + [429] * 2
    assert len(lms.failures()) == 3
    assert login(app, lms, TOWN).status_code == 302
    assert lms.browser().launch(custom={"course": "brannvern"}).status_code == 303


def test_a_launch_that_the_lms_signed_is_told_why_however_many_there_are(
    app: Flask, lms: RegisteredLms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FAILED_LAUNCHES", RateLimitItemPerMinute(1, namespace="failed-launch"))
    monkeypatch.setattr(limits, "_address", lambda: TOWN)
    assert [lms.browser().launch(custom={"course": "nowhere"}).status_code for _ in range(3)] == [404] * 3


def test_an_lms_gone_wild_is_refused(lms: RegisteredLms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PLATFORM_LAUNCHES", RateLimitItemPerMinute(2, namespace="platform-launch"))
    launched = [lms.browser().launch(custom={"course": "brannvern"}).status_code for _ in range(3)]
    assert launched == [303, 303, 429]


def test_a_stranger_uses_no_platforms_limit_up(app: Flask, lms: RegisteredLms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PLATFORM_LAUNCHES", RateLimitItemPerMinute(1, namespace="platform-launch"))
    for _ in range(5):
        login(app, lms, STRANGER)
        forge(app, STRANGER)
    assert lms.browser().launch(custom={"course": "brannvern"}).status_code == 303


def test_guesses_of_a_link_are_limited_by_address(app: Flask) -> None:
    tried = [guess(app, STRANGER, f"guess-{number}").status_code for number in range(12)]
    assert tried == [403] * 10 + [429] * 2
    assert guess(app, TOWN, "guess").status_code == 403


def test_a_link_is_not_tried_without_end(app: Flask) -> None:
    tried = [guess(app, f"203.0.113.{number}", "one and the same").status_code for number in range(7)]
    assert tried == [403] * 5 + [429] * 2


def test_an_office_is_one_address_in_ipv6_too(app: Flask) -> None:
    tried = [guess(app, f"2001:db8:0:7::{number:x}", f"guess-{number}").status_code for number in range(11)]
    assert tried == [403] * 10 + [429]
    assert guess(app, "2001:db8:0:8::1", "guess").status_code == 403


def test_ipv4_written_as_ipv6_is_no_network_of_everybody(app: Flask) -> None:
    tried = [guess(app, f"::ffff:{STRANGER}", f"guess-{number}").status_code for number in range(11)]
    assert tried == [403] * 10 + [429]
    assert guess(app, f"::ffff:{TOWN}", "guess").status_code == 403
    assert guess(app, STRANGER, "it is one address, however it is written").status_code == 429


@pytest.mark.parametrize("address", [STRANGER, "[2001:db8:0:7::1]"])
def test_an_address_that_a_proxy_tells_with_its_port_is_limited_too(app: Flask, address: str) -> None:
    tried = [guess(app, f"{address}:{5000 + number}", f"guess-{number}").status_code for number in range(11)]
    assert tried == [403] * 10 + [429]


def test_our_own_machine_is_not_limited(app: Flask) -> None:
    assert {guess(app, "127.0.0.1", f"guess-{number}").status_code for number in range(15)} == {403}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "limited"),
    [
        (0, "{n}.1.1.1", True),  # nobody may say of himself where he comes from
        (1, "{n}.1.1.1", False),
        (1, "{n}.1.1.1, 203.0.113.9", True),  # the last entry is our proxy's, the one before the client's own claim
        (2, "{n}.1.1.1, 203.0.113.9", False),
    ],
)
def test_the_address_is_what_the_trusted_proxies_say(
    sidecar: Sidecar, proxies: int, forwarded: str, limited: bool
) -> None:
    sidecar.settings = replace(sidecar.settings, proxies=proxies)
    app = create_app(sidecar)
    tried = [
        guess(app, "10.0.0.1", f"guess-{n}", **{"X-Forwarded-For": forwarded.format(n=n + 1)}).status_code
        for n in range(12)
    ]
    assert (429 in tried) == limited


def test_a_proxy_that_is_not_counted_is_told_of_once(app: Flask, log_lines: StringIO) -> None:
    for number in range(3):
        guess(app, "127.0.0.1", f"guess-{number}", **{"X-Forwarded-For": STRANGER})
    events = [json.loads(line)["event"] for line in log_lines.getvalue().splitlines()]
    assert events.count("proxy.not_counted") == 1


def test_proxies_tell_neither_host_nor_scheme(sidecar: Sidecar) -> None:
    sidecar.settings = replace(sidecar.settings, proxies=1)
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-For": TOWN}
    page = create_app(sidecar).test_client().get("/staff/", headers=headers)
    assert "evil.example" not in page.text + str(page.headers)


def test_without_the_queues_server_it_counts_by_itself_and_says_so(app: Flask, log_lines: StringIO) -> None:
    assert [guess(app, STRANGER, f"guess-{n}").status_code for n in range(12)] == [403] * 10 + [429] * 2
    events = [json.loads(line)["event"] for line in log_lines.getvalue().splitlines()]
    assert events.count("limits.not_shared") == 1
    assert "limit.exceeded" in events
    assert STRANGER not in log_lines.getvalue()


def test_forged_failures_leave_room_for_those_of_people(sidecar: Sidecar, lms: RegisteredLms) -> None:
    def fail(code: str, platform_id: str | None, reference: str) -> None:
        with sidecar.transaction() as db:
            record_failure(db, code, {}, reference=reference, platform_id=platform_id, now=sidecar.now())

    for number in range(launches.FAILURES_AN_HOUR + 20):
        fail("state-unknown", None, f"FORGED{number}")
    for platform_id in (lms.platform_id, None):
        fail("course-unknown", platform_id, f"REAL{platform_id}"[:16])
    fail("state-unknown", lms.platform_id, "REALTOO")
    with sidecar.reading() as db:
        kept = [row.reference for row in db.query(FailedLaunch)]
    assert len([one for one in kept if one.startswith("FORGED")]) == launches.FAILURES_AN_HOUR
    assert len([one for one in kept if one.startswith("REAL")]) == 3


def test_refusals_of_strangers_do_not_pile_up(
    sidecar: Sidecar, lms: RegisteredLms, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launches, "MOST_FAILURES_OF_NO_LMS", 3)
    for number in range(8):
        platform_id = lms.platform_id if number == 0 else None
        with sidecar.transaction() as db:
            record_failure(db, f"kind-{number}", {}, reference=f"R{number}", platform_id=platform_id, now=sidecar.now())
        clock.advance(seconds=1)
    with sidecar.reading() as db:
        assert {row.reference for row in db.query(FailedLaunch)} == {"R0", "R5", "R6", "R7"}


def test_logins_of_strangers_do_not_pile_up(
    sidecar: Sidecar, app: Flask, lms: RegisteredLms, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launches, "MOST_LOGINS", 3)
    for _ in range(8):
        login(app, lms, STRANGER)
        clock.advance(seconds=1)
    with sidecar.transaction() as db:
        bound_logins(db, sidecar.now())
    with sidecar.reading() as db:
        kept = [row.created_at for row in db.query(LoginRecord)]
    assert len(kept) == 3
    assert min(kept) == clock.advance(seconds=-3)


@pytest.mark.slow
def test_a_sign_in_costs_one_round_trip_and_logins_of_one_address_hardly_any(tmp_path: Path) -> None:
    with running_queue(tmp_path / "queue") as url, Redis.from_url(url) as redis:
        limiter = Limiter(redis)
        limiter.hit(limits.SIGN_INS, "x")  # the first one brings the script
        before = redis.info("commandstats")
        for _ in range(10):
            assert limiter.hit(limits.SIGN_INS, "x")
        after = redis.info("commandstats")
        calls = {name: after[name]["calls"] - before.get(name, {"calls": 0})["calls"] for name in after}
        assert (calls["cmdstat_evalsha"], calls.get("cmdstat_eval", 0)) == (10, 0)
        for _ in range(100):
            assert limiter.hit_told_later(limits.LOGINS, "x")
        assert redis.info("commandstats")["cmdstat_evalsha"]["calls"] < after["cmdstat_evalsha"]["calls"] + 50


def test_a_flood_from_more_addresses_than_are_remembered_is_counted_on(
    sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_SHARES", 3)
    limiter, item = Limiter(sidecar.redis), RateLimitItemPerMinute(2, namespace="login")
    for _ in range(2):
        assert all(limiter.hit_told_later(item, f"address-{number}") for number in range(12))
    assert not any(limiter.hit_told_later(item, f"address-{number}") for number in range(12))
    assert len(limiter._shares) <= 3


@pytest.mark.slow
def test_processes_tell_each_other_of_an_lms_gone_wild_within_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    item = RateLimitItemPerMinute(4, namespace="platform-launch")
    with running_queue(tmp_path / "queue") as url, Redis.from_url(url) as redis:
        one, other = Limiter(redis), Limiter(redis)
        assert [one.hit_told_later(item, "lms") for _ in range(3)] == [True] * 3
        assert [other.hit_told_later(item, "lms") for _ in range(2)] == [True] * 2
        assert redis.info("commandstats")["cmdstat_evalsha"]["calls"] <= 4  # two tell; the first brings the script
        seconds[0] += limits.TOLD_EVERY_S
        assert not one.hit_told_later(item, "lms")
        assert not other.hit_told_later(item, "lms")
        assert other.hit_told_later(item, "another lms")


def test_a_process_by_itself_lets_no_more_launches_of_an_lms_in_than_may_be(sidecar: Sidecar) -> None:
    limiter, item = Limiter(sidecar.redis), RateLimitItemPerMinute(4, namespace="platform-launch")
    assert [limiter.hit_told_later(item, "lms") for _ in range(6)] == [True] * 4 + [False] * 2


@contextmanager
def web(sidecar: Sidecar, redis_url: str, port: int) -> Iterator[int]:
    """A web process of its own, behind one proxy."""
    settings = sidecar.settings
    env = os.environ | {
        "SIDECAR_DATA": str(settings.data),
        "SIDECAR_DATABASE_URL": settings.database_url,
        "SIDECAR_REDIS_URL": redis_url,
        "SIDECAR_PUBLIC_URL": settings.public_url,
        "SIDECAR_CONTENT_URL": settings.content_url,
        "SIDECAR_PROXIES": "1",
    }
    command = [sys.executable, "-m", "sidecar.cli", "web", "--port", str(port)]
    process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline
        time.sleep(0.1)


def post_guess(port: int, number: int, address: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {
        **SAME_ORIGIN,
        "Host": "sidecar.example.no",
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Forwarded-For": address,
    }
    connection.request("POST", "/sign-in", f"secret=guess-{number}", headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.slow
def test_two_web_processes_count_together(sidecar: Sidecar, tmp_path: Path) -> None:
    with sidecar.transaction() as db:
        first_operator(db, now=sidecar.now())
    with (
        running_queue(tmp_path / "queue") as url,
        web(sidecar, url, free_port()) as one,
        web(sidecar, url, free_port()) as other,
    ):
        tried = [post_guess((one, other)[number % 2], number, STRANGER) for number in range(12)]
        assert tried == [403] * 10 + [429] * 2
        assert post_guess(one, 99, TOWN) == 403
