"""Fixtures of the web tests: the application, somebody signed in, an installation with something in it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from practice_lms.serving import run_in_thread
from sidecar.core import sign_ins
from sidecar.core.municipalities import Municipality
from sidecar.core.staff import Scope, first_operator
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from sidecar.web.app import create_app
from tests.sidecar.web.lms import HERE, Lms, two_regions
from tests.sidecar.web.rooms import Room, open_room
from tests.sidecar.web.signed_in import Staff, sign_in_as
from tests.sidecar.web.town import Town, fill


class SignIn(Protocol):
    """Sign somebody in, with a role or none."""

    def __call__(self, role: str | None = None, *, name: str = "Stine Staff", **scope: str) -> Staff: ...


@pytest.fixture
def app(sidecar: Sidecar) -> Flask:
    return create_app(sidecar)


@pytest.fixture
def sign_in(app: Flask, sidecar: Sidecar) -> SignIn:
    def start(role: str | None = None, *, name: str = "Stine Staff", **scope: str) -> Staff:
        return sign_in_as(app, sidecar, role, Scope(**scope), name)

    return start


@pytest.fixture
def town(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, tmp_path: Path) -> Town:
    return fill(sidecar, kongsberg, rollag, tmp_path / "town")


@pytest.fixture
def room(sidecar: Sidecar, town: Town) -> Room:
    return open_room(sidecar, town)


@pytest.fixture
def site(sidecar: Sidecar, settings: Settings) -> Iterator[str]:
    """The application on a port of this machine; its URL."""
    app = create_app(sidecar)
    server = run_in_thread(app)
    url = f"http://127.0.0.1:{server.port}"
    sidecar.settings = replace(settings, public_url=url, content_url=f"http://localhost:{server.port}")
    yield url
    server.stop()


@pytest.fixture
def page(bare_browser: Browser, site: str, sidecar: Sidecar) -> Iterator[Page]:
    """A browser that an operator has signed in with, by a link."""
    context = bare_browser.new_context(locale="nb-NO")
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    with sidecar.transaction() as db:
        secret = sign_ins.make_link(db, first_operator(db, now=sidecar.now()).id, sidecar.now())
    page.goto(f"{site}/sign-in#{secret}")
    page.locator("#with-link button").click()
    page.wait_for_url(f"{site}/staff/")
    yield page
    context.close()
    assert problems == []


@pytest.fixture
def lms(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Lms:
    return two_regions(sidecar, kongsberg, rollag)


@pytest.fixture
def office(sign_in: SignIn, lms: Lms) -> Staff:
    """Somebody of the office of our region."""
    return sign_in("rkk", name="Our office", region=HERE)
