"""Fixtures of the web tests: the application, somebody signed in, an installation with something in it."""

from pathlib import Path
from typing import Protocol

import pytest
from flask import Flask

from sidecar.core.municipalities import Municipality
from sidecar.core.staff import Scope
from sidecar.runtime import Sidecar
from sidecar.web.app import create_app
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
