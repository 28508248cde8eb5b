"""An LMS whose connection is tested."""

from collections.abc import Callable

import pytest

from lti.line_items import SCOPE_LINE_ITEM
from sidecar.core.launches import Launch, Learner, welcome
from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from sidecar.tool.checking import check_platform
from tests.fakes.clock import FakeClock
from tests.fakes.lms import register_in, tool_key_maker
from tests.fakes.open_lms import LINE_ITEMS, OpenLms
from tests.sidecar.tool.checks.causes import Steps


@pytest.fixture
def lms(clock: FakeClock) -> OpenLms:
    return OpenLms("https://lms.example", clock)


@pytest.fixture
def platform_id(sidecar: Sidecar, lms: OpenLms, kongsberg: Municipality, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sidecar, "fetch", lms.fetch)
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    return register_in(sidecar, lms, ("kongsberg",))


@pytest.fixture
def check(sidecar: Sidecar, platform_id: str) -> Callable[[], Steps]:
    return lambda: {each.code: each for each in check_platform(sidecar, platform_id)}


@pytest.fixture
def launched(sidecar: Sidecar, platform_id: str, lms: OpenLms) -> None:
    """Somebody came, and the LMS said where its gradebook is."""
    with sidecar.transaction() as db:
        identity = welcome(db, platform_id, Learner("7"), sidecar.now())
        launch = Launch(
            platform_id=platform_id,
            deployment_id="1",
            identity_id=identity.id,
            resource_link_id="link-1",
            lineitems_url=lms.issuer + LINE_ITEMS,
            ags_scopes=[SCOPE_LINE_ITEM],
            launched_at=sidecar.now(),
        )
        db.add(launch)
