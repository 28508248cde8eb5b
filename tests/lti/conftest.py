"""Give every test a clock, a platform and the keys that the tool knows of it."""

import pytest

from lti.keys import PlatformKeys
from tests.fakes.platform import Clock, FakePlatform


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def platform(clock: Clock) -> FakePlatform:
    return FakePlatform("https://lms.example", clock)


@pytest.fixture
def keys(platform: FakePlatform, clock: Clock) -> PlatformKeys:
    return PlatformKeys(platform.fetch, clock)
