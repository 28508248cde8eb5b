"""A receiver that keeps to Standard Webhooks takes our events; what it answers otherwise is told as it is meant."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from standardwebhooks import Webhook as Receiver
from standardwebhooks.webhooks import WebhookVerificationError

from sidecar.connectors.base import MisconfiguredError, ReportDelivery, UnreachableError, set_up
from sidecar.connectors.contract import KEY, LINK, ReportDeliveryContract, make_parcel
from sidecar.connectors.over_http import NoWayOutError
from sidecar.connectors.webhook import (
    LONGEST_WAIT_S,
    NothingToTellError,
    Webhook,
    WebhookAddressBadError,
    WebhookBusyError,
    WebhookGoneError,
    WebhookMovedError,
    WebhookRefusedError,
    WebhookRejectedError,
    WebhookSecretBadError,
    WebhookUnreachableError,
)
from sidecar.http import GuardedFetch, Limits
from tests.fakes.ports import free_port
from tests.fakes.stubborn import HOW, How, stubborn_server

OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
NEW = "whsec_" + base64.b64encode(b"n" * 24).decode()
SHORT = Limits(read_s=0.3, total_s=0.6, body_bytes=2_000_000)


@dataclass
class Taken:
    """A request as it came."""

    headers: dict[str, str]
    body: bytes


@dataclass
class FakeReceiver:
    """Take what is signed with `secret`, and answer it with `status`; what is not so signed is answered 401."""

    secret: str = OLD
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    url: str = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        headers = dict(request.headers.items())
        try:
            Receiver(self.secret).verify(body, headers)
        except WebhookVerificationError:
            request.send_response(401)
        else:
            self.taken.append(Taken({name.lower(): value for name, value in headers.items()}, body))
            request.send_response(self.status)
            for name, value in self.headers.items():
                request.send_header(name, value)
        request.send_header("Content-Length", "0")
        request.end_headers()


@contextmanager
def running_receiver() -> Iterator[FakeReceiver]:
    fake = FakeReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            fake.answer(self)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}/hooks?for=reports"
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def receiver() -> Iterator[FakeReceiver]:
    with running_receiver() as running:
        yield running


def open_webhook(url: str, limits: Limits = SHORT, allowed: tuple[str, ...] = ("127.0.0.1",), **more: str) -> Webhook:
    channel = set_up(Webhook, {"url": url, "secret": OLD} | more)
    channel.prepare()
    return channel.reach_by(GuardedFetch(allowed, limits=limits, pause=lambda _: None))


class TestWebhook(ReportDeliveryContract):
    carries_files = False

    @pytest.fixture(autouse=True)
    def _receiver(self, receiver: FakeReceiver) -> None:
        self.receiver = receiver

    def channel(self) -> ReportDelivery:
        return open_webhook(self.receiver.url)

    def arrived(self) -> Sequence[bytes]:
        ready = (one for one in self.receiver.taken if json.loads(one.body)["type"] == "report.ready")
        return list({one.headers["webhook-id"]: one.body for one in ready}.values())


def test_an_event_says_only_that_a_report_is_ready_and_where(receiver: FakeReceiver) -> None:
    receipt = open_webhook(receiver.url).deliver(make_parcel(), KEY)
    (taken,) = receiver.taken
    told = json.loads(taken.body)
    assert (told["type"], set(told)) == ("report.ready", {"type", "timestamp", "data"})
    assert told["data"] == {"reportId": KEY, "link": LINK, "municipality": "942402465", "period": "2026-09"}
    assert taken.headers["webhook-id"] == receipt.reference == f"report_{KEY}"
    assert taken.headers["content-type"] == "application/json"


def test_while_the_secret_changes_both_sign(receiver: FakeReceiver) -> None:
    channel = open_webhook(receiver.url, next_secret=NEW)
    for secret in (OLD, NEW):
        receiver.secret = secret
        channel.deliver(make_parcel(), KEY)
    assert [len(taken.headers["webhook-signature"].split(" ")) for taken in receiver.taken] == [2, 2]


def test_a_changed_body_is_not_believed(receiver: FakeReceiver) -> None:
    open_webhook(receiver.url).deliver(make_parcel(), KEY)
    (taken,) = receiver.taken
    with pytest.raises(WebhookVerificationError):
        Receiver(OLD).verify(taken.body.replace(b"2026-09", b"2026-08"), taken.headers)


def test_a_test_is_signed_too_and_tells_of_no_report(receiver: FakeReceiver) -> None:
    open_webhook(receiver.url).check()
    (taken,) = receiver.taken
    assert json.loads(taken.body)["type"] == "connection.test"
    receiver.secret = NEW
    with pytest.raises(WebhookRefusedError, match="same secret"):
        open_webhook(receiver.url).check()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, WebhookMovedError),
        (307, WebhookMovedError),
        (400, WebhookRejectedError),
        (401, WebhookRefusedError),
        (403, WebhookRefusedError),
        (404, WebhookRejectedError),
        (408, WebhookUnreachableError),
        (410, WebhookGoneError),
        (429, WebhookUnreachableError),
        (500, WebhookUnreachableError),
        (503, WebhookUnreachableError),
    ],
)
def test_each_status_is_told_as_it_is_meant(receiver: FakeReceiver, status: int, kind: type[Exception]) -> None:
    receiver.status, receiver.headers = status, {"Location": "https://elsewhere.example/"}
    with pytest.raises(kind):
        open_webhook(receiver.url).deliver(make_parcel(), KEY)
    assert len(receiver.taken) == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("told", "wait_s"), [("120", 120), ("99999999", LONGEST_WAIT_S), ("Mon, 01 Jan 2035 00:00:00 GMT", 0), ("²", 0)]
)
def test_a_receiver_may_ask_for_time(receiver: FakeReceiver, status: int, told: str, wait_s: int) -> None:
    receiver.status, receiver.headers = status, {"Retry-After": told.encode().decode("latin-1")}
    with pytest.raises(UnreachableError) as busy:
        open_webhook(receiver.url).deliver(make_parcel(), KEY)
    assert busy.value.facts.get("wait_s", 0) == wait_s
    assert isinstance(busy.value, WebhookBusyError) == bool(wait_s)


@pytest.mark.parametrize("how", HOW)
def test_a_stubborn_receiver_holds_nobody_up(how: How) -> None:
    with stubborn_server(how) as stubborn, pytest.raises(UnreachableError):
        open_webhook(stubborn.url).deliver(make_parcel(), KEY)


def test_a_receiver_that_is_not_there_is_tried_again() -> None:
    with pytest.raises(UnreachableError):
        open_webhook(f"http://127.0.0.1:{free_port()}/").deliver(make_parcel(), KEY)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "https://10.0.0.1/", "http://192.0.2.1/"])
def test_a_private_or_plain_address_is_not_reached(url: str) -> None:
    with pytest.raises(WebhookAddressBadError, match="SIDECAR_ALLOWED_PRIVATE"):
        open_webhook(url, allowed=()).deliver(make_parcel(), KEY)


@pytest.mark.parametrize("url", ["ftp://example.no/", "example.no", "https://"])
def test_an_address_that_can_not_be_is_refused_at_once(url: str) -> None:
    with pytest.raises(MisconfiguredError):
        open_webhook(url)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_c2hvcnQ=", "whsec_" + "A" * 100, "whsec_!!", OLD[6:], "whsec_æ"])
def test_a_secret_that_can_not_be_is_refused_at_once(secret: str) -> None:
    with pytest.raises(WebhookSecretBadError, match="next_secret"):
        open_webhook("https://example.no/", next_secret=secret)


def test_a_report_without_a_page_is_not_told_of(receiver: FakeReceiver) -> None:
    with pytest.raises(NothingToTellError):
        open_webhook(receiver.url).deliver(replace(make_parcel(), link=None), KEY)
    assert receiver.taken == []


def test_a_connection_that_was_not_opened_has_no_way_out() -> None:
    with pytest.raises(NoWayOutError):
        set_up(Webhook, {"url": "https://example.no/", "secret": OLD}).check()
