"""An LMS in memory whose connection the staff pages test."""

import pytest
from flask import Flask

from sidecar.runtime import Sidecar
from tests.fakes.lms import RegisteredLms, register, tool_key_maker
from tests.fakes.open_lms import OpenLms


def register_open(sidecar: Sidecar, app: Flask, monkeypatch: pytest.MonkeyPatch) -> RegisteredLms:
    """Register an LMS that both municipalities use, and that the operators look after."""
    platform = OpenLms("https://lms.example", sidecar.now, launch_url=f"{sidecar.settings.public_url}/lti/launch")
    monkeypatch.setattr(sidecar, "fetch", platform.fetch)
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    return register(sidecar, platform, app, ("kongsberg", "rollag"))
