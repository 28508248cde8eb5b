"""What is asked until a deadline ends there, and what it answers or raises comes back."""

import threading

import pytest

from lti.errors import ServiceUnreachable
from lti.fetching import Response
from sidecar.tool.deadlines import Deadline, fetch_until


def test_an_answer_and_an_error_come_back_as_they_are() -> None:
    deadline = Deadline(5)
    assert deadline.ask(lambda: None, "lms.example") is None
    with pytest.raises(ZeroDivisionError):
        deadline.ask(lambda: 1 // 0, "lms.example")


def test_what_hangs_is_left_alone_and_the_rest_has_no_time_till_there_is_more() -> None:
    deadline, hanging = Deadline(0.05), threading.Event()
    for _ in range(2):
        with pytest.raises(ServiceUnreachable) as caught:
            deadline.ask(lambda: hanging.wait(10), "lms.example")
        assert (caught.value.host, caught.value.reason) == ("lms.example", "timeout")
    deadline.allow_more(5)
    hanging.set()
    assert deadline.ask(lambda: hanging.wait(10), "lms.example") is True


def test_one_request_may_take_less_than_all_of_them() -> None:
    hanging = threading.Event()
    with pytest.raises(ServiceUnreachable):
        Deadline(60).ask(lambda: hanging.wait(10), "lms.example", at_most_s=0.01)
    hanging.set()


def test_a_bounded_way_out_asks_as_it_was_asked() -> None:
    asked: list[object] = []

    def fetch(method: str, url: str, *, headers: object, body: bytes | None = None) -> Response:
        asked.append((method, url, headers, body))
        return Response(200, {}, b"")

    fetch_until(Deadline(5), fetch)("POST", "https://lms.example/x", headers={"A": "b"}, body=b"c")
    assert asked == [("POST", "https://lms.example/x", {"A": "b"}, b"c")]
