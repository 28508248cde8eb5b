"""Give every case an application, a registered LMS and a browser."""

import pytest
from flask import Flask

from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from sidecar.web.app import create_app
from tests.conftest import PUBLIC_URL
from tests.fakes.clock import FakeClock
from tests.fakes.lms import Browser, RegisteredLms, add_course, register, tool_key_maker
from tests.fakes.picker import Picker, open_picker, review_all
from tests.fakes.platform import FakePlatform


@pytest.fixture
def platform(clock: FakeClock) -> FakePlatform:
    return FakePlatform("https://lms.example", clock, launch_url=f"{PUBLIC_URL}/lti/launch")


@pytest.fixture
def app(sidecar: Sidecar, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(sidecar, "fetch", platform.fetch)
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    return create_app(sidecar)


@pytest.fixture
def lms(sidecar: Sidecar, platform: FakePlatform, app: Flask, kongsberg: Municipality) -> RegisteredLms:
    add_course(sidecar, "brannvern", "Brannvern")
    return register(sidecar, platform, app, ("kongsberg",))


@pytest.fixture
def browser(lms: RegisteredLms) -> Browser:
    return lms.browser()


@pytest.fixture
def offering(lms: RegisteredLms, sidecar: Sidecar) -> RegisteredLms:
    """The LMS of Kongsberg with three courses that anybody may offer."""
    add_course(sidecar, "forstehjelp", "Førstehjelp på øya")
    add_course(sidecar, "arkiv", "Arkiv for alle")
    review_all(sidecar)
    return lms


@pytest.fixture
def picker(offering: RegisteredLms) -> Picker:
    return open_picker(offering.browser())
