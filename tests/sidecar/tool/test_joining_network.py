"""LMSs that answer a registration over a real network: slowly, with a redirect, with 50 MB, from a private address."""

import socket
import threading
from collections.abc import Iterator

import pytest
from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from lti.registration_errors import (
    ConfigurationUnavailable,
    RegistrationError,
    RegistrationRefused,
    RegistrationUnanswered,
)
from practice_lms.app import create_app, lms_of
from practice_lms.config import Config
from practice_lms.registering import make_token
from practice_lms.serving import serve
from sidecar import tool
from sidecar.core.invitations import PlatformInvitation
from sidecar.core.platforms import Platform
from sidecar.http import Address, GuardedFetch
from sidecar.runtime import Sidecar
from sidecar.tool import joining
from tests.fakes.joining import CONFIGURATION_PATH, REGISTRATION_PATH, invite
from tests.fakes.lms import tool_key_maker
from tests.fakes.ports import free_port

PIECE = b"x" * 1_000_000
PIECES = 50


class Stubborn:
    """A practice LMS that answers one path in a way of its own; it counts how much of it anybody took."""

    def __init__(self) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.app: Flask = create_app(Config(issuer=self.issuer, tool_url="https://sidecar.example.no"))
        self.app.before_request(self._answer)
        self.path, self.how, self.pieces, self.followed = "", "", 0, False
        self.over = threading.Event()

    def _answer(self) -> AnyResponse | None:
        self.followed |= request.path == "/elsewhere"
        if request.path != self.path:
            return None
        if self.how == "redirect":
            return redirect("/elsewhere")
        return Response(self._pieces(), 200, content_type="application/json")

    def _pieces(self) -> Iterator[bytes]:
        for _ in range(PIECES):
            if self.how == "slowly":
                self.over.wait(0.5)
                yield b" "
            elif self.how == "a byte now and then":
                yield b" "
                self.over.wait(0.05)
            else:
                self.pieces += 1
                yield PIECE


@pytest.fixture
def lms(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubborn]:
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    monkeypatch.setattr("sidecar.http.READ_TIMEOUT_S", 0.4)
    monkeypatch.setattr(sidecar, "fetch", GuardedFetch(("127.0.0.1",), pause=lambda _s: None))
    stubborn = Stubborn()
    with serve(stubborn.app, port=stubborn.port):
        yield stubborn
        stubborn.over.set()


def nothing_is_known(sidecar: Sidecar) -> bool:
    with sidecar.reading() as db:
        invitation = db.query(PlatformInvitation).one()
        return db.query(Platform).count() == 0 and invitation.state_at(sidecar.now()) == "open"


def join(sidecar: Sidecar, lms: Stubborn) -> str:
    secret, url = invite(sidecar), f"{lms.issuer}{CONFIGURATION_PATH}"
    lms.path, path = "", lms.path
    shown = tool.look(sidecar, secret, url).digest
    lms.path = path
    return tool.join(sidecar, secret, url, make_token(lms_of(lms.app)), shown).outcome


def test_an_honest_lms_registers_over_the_network(sidecar: Sidecar, lms: Stubborn) -> None:
    assert join(sidecar, lms) == "pending"


@pytest.mark.parametrize(
    ("how", "reason"), [("slowly", "unreachable"), ("redirect", "status-302"), ("with 50 MB", "answer-too-large")]
)
def test_a_configuration_that_comes_slowly_by_a_redirect_or_with_50_mb_is_refused(
    sidecar: Sidecar, lms: Stubborn, how: str, reason: str
) -> None:
    lms.path, lms.how = CONFIGURATION_PATH, how
    with pytest.raises(ConfigurationUnavailable) as caught:
        join(sidecar, lms)
    assert caught.value.reason == reason
    assert nothing_is_known(sidecar)
    assert not lms.followed
    assert lms.pieces < PIECES, "it was read to the end"


@pytest.mark.parametrize("how", ["slowly", "redirect", "with 50 MB"])
def test_a_registration_that_is_answered_slowly_by_a_redirect_or_with_50_mb_leaves_nothing(
    sidecar: Sidecar, lms: Stubborn, how: str
) -> None:
    lms.path, lms.how = REGISTRATION_PATH, how
    with pytest.raises((RegistrationRefused, RegistrationUnanswered)):
        join(sidecar, lms)
    assert nothing_is_known(sidecar)
    assert not lms.followed
    assert lms.pieces < PIECES, "it was read to the end"


@pytest.mark.parametrize(
    ("path", "error"),
    [(CONFIGURATION_PATH, ConfigurationUnavailable), (REGISTRATION_PATH, RegistrationUnanswered)],
)
def test_an_lms_that_answers_a_byte_now_and_then_keeps_nobody_waiting(
    sidecar: Sidecar,
    lms: Stubborn,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    error: type[RegistrationError],
) -> None:
    monkeypatch.setattr(joining, "LOOKING_S", 0.7)
    monkeypatch.setattr(joining, "REGISTERING_S", 0.7)
    lms.path, lms.how = path, "a byte now and then"
    with pytest.raises(error) as caught:
        join(sidecar, lms)
    assert caught.value.facts["reason"] == "timeout"
    assert nothing_is_known(sidecar)


def test_names_that_are_looked_up_for_ever_keep_nobody_waiting(
    sidecar: Sidecar, lms: Stubborn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(host: str, port: int) -> list[Address]:
        lms.over.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, f"{host}:{port}")

    monkeypatch.setattr(joining, "LOOKING_S", 0.2)
    monkeypatch.setattr(sidecar, "fetch", GuardedFetch(("127.0.0.1",), resolve=resolve, pause=lambda _s: None))
    with pytest.raises(ConfigurationUnavailable) as caught:
        tool.look(sidecar, invite(sidecar), f"{lms.issuer}{CONFIGURATION_PATH}")
    assert caught.value.reason == "timeout"


def test_a_person_waits_a_quarter_of_a_minute_at_most() -> None:
    assert joining.LOOKING_S + joining.REGISTERING_S <= 15


def test_a_private_address_is_refused_where_it_is_not_listed(
    sidecar: Sidecar, lms: Stubborn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidecar, "fetch", GuardedFetch((), pause=lambda _s: None))
    for url in (
        f"{lms.issuer}{CONFIGURATION_PATH}",
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest",
        "https://[::1]/x",
    ):
        with pytest.raises(ConfigurationUnavailable) as caught:
            tool.look(sidecar, invite(sidecar), url)
        assert caught.value.reason == "forbidden-address"
