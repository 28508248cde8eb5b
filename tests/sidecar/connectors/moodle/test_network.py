"""Over a real network and the guarded way out: answers that are hostile end in one of few errors, and in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask, Response, redirect

from practice_lms.serving import serve
from sidecar import http
from sidecar.connectors.base import ConnectorError
from sidecar.connectors.moodle import errors
from sidecar.connectors.moodle.calls import PATH, Calls
from sidecar.connectors.moodle.site import get_site
from sidecar.http import GuardedFetch, Limits

LIMITS = Limits(read_s=0.5, total_s=1.0, body_bytes=100_000)


@contextmanager
def _answering(answer: Callable[[], Response], *, allowed: bool = True) -> Iterator[Calls]:
    app = Flask("hostile")
    app.add_url_rule(PATH, "answer", answer, methods=["POST"])
    app.add_url_rule("/inner", "inner", lambda: "reached", methods=["GET", "POST"])
    with serve(app) as server:
        fetch = GuardedFetch(("127.0.0.1",) if allowed else (), limits=LIMITS)
        yield Calls(fetch, f"http://127.0.0.1:{server.port}", "t", pause=lambda _: None)


def _slowly() -> Iterator[bytes]:
    for _ in range(100):
        time.sleep(0.05)
        yield b" "


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: Response(b"[" + b"1," * 200_000 + b"1]"), errors.AnswerTooLongError),
        (lambda: Response(_slowly()), errors.MoodleDownError),
        (lambda: redirect("http://169.254.169.254/latest/meta-data"), errors.WrongAddressError),
        (lambda: redirect("/inner", 307), errors.WrongAddressError),
        (lambda: Response("<!DOCTYPE html><title>Error</title>"), errors.NotMoodleError),
        (lambda: Response('{"userid": 2, "functions": [{"na'), errors.NotMoodleError),
    ],
    ids=["huge", "dripping", "redirect-to-metadata", "redirect", "page", "half"],
)
def test_a_hostile_answer_is_told_and_ends(answer: Callable[[], Response], error: type[ConnectorError]) -> None:
    begun = time.monotonic()
    with _answering(answer) as calls, pytest.raises(error):
        get_site(calls)
    assert time.monotonic() - begun < 10


def test_a_private_address_that_is_not_listed_is_not_reached() -> None:
    reached: list[int] = []

    def answer() -> Response:
        reached.append(1)
        return Response("{}")

    with _answering(answer, allowed=False) as calls, pytest.raises(errors.AddressForbiddenError):
        get_site(calls)
    assert reached == []


def test_a_port_that_nobody_listens_on() -> None:
    calls = Calls(GuardedFetch(("127.0.0.1",), limits=LIMITS), "http://127.0.0.1:9", "t", pause=lambda _: None)
    with pytest.raises(errors.MoodleDownError):
        get_site(calls)


def test_long_answers_are_allowed_more_than_others() -> None:
    assert http.LONG.body_bytes > http.BODY_LIMIT_BYTES
    assert http.LONG.read_s > http.READ_TIMEOUT_S
