"""kill -9 at every step of a registration: an LMS is known once or not at all, and can always begin anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from lti.fetching import Response
from sidecar import tool
from sidecar.core.audit import AuditEntry
from sidecar.core.invitations import CLAIM_HOLDS, InvitationBusyError, PlatformInvitation
from sidecar.core.platforms import Platform
from sidecar.http import GuardedFetch
from sidecar.runtime import Sidecar
from tests.durability.crash import unguarded
from tests.durability.worlds import ISSUER, World, Worlds
from tests.fakes.joining import invite
from tests.fakes.services import ServicePlatform

CONFIGURATION_URL = f"{ISSUER}/configuration"


@dataclass
class JoiningPlatform(ServicePlatform):
    """A platform that registers whoever asks, under a new client id each time, as Moodle does."""

    registered: list[str] = field(default_factory=list)

    def fetch(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        said: dict[str, Any]
        if method == "POST":
            self.registered.append(f"client-{len(self.registered) + 1}")
            said = {"client_id": self.registered[-1]}
        else:
            said = {
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/auth",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/jwks",
                "registration_endpoint": f"{ISSUER}/register",
                "https://purl.imsglobal.org/spec/lti-platform-configuration": {
                    "messages_supported": [{"type": "LtiResourceLinkRequest"}]
                },
            }
        return Response(200, {}, json.dumps(said).encode())


def invite_lms(world: World) -> None:
    world.platform = JoiningPlatform(ISSUER, world.clock)
    world.facts["secret"] = invite(world.sidecar)


def join(world: World, sidecar: Sidecar) -> None:
    shown = tool.look(sidecar, world.facts["secret"], CONFIGURATION_URL)
    tool.join(sidecar, world.facts["secret"], CONFIGURATION_URL, None, shown.digest)


def begin_anew(world: World) -> None:
    """Try at once, which a claim that was left may forbid, and then when that has lapsed."""
    world.sidecar.fetch = cast(GuardedFetch, unguarded(world.platform.fetch))
    try:
        join(world, world.sidecar)
    except InvitationBusyError:
        world.clock.advance(seconds=CLAIM_HOLDS.total_seconds())
        join(world, world.sidecar)


@pytest.mark.slow
def test_a_registration_that_is_killed_is_begun_anew_and_never_half_known(worlds: Worlds) -> None:
    killed_after_the_answer = 0
    for world, crash in worlds.every(invite_lms, lambda world: lambda sidecar: join(world, sidecar)):
        platform = world.platform
        assert isinstance(platform, JoiningPlatform)
        if world.count(Platform) == 0:
            killed_after_the_answer += bool(platform.registered)
            begin_anew(world)
        assert world.only(Platform).state == "pending", crash
        assert world.only(Platform).client_id == platform.registered[-1], crash
        used = world.only(PlatformInvitation)
        assert (used.state_at(world.clock()), used.platform_id) == ("used", world.only(Platform).id), crash
        with world.sidecar.reading() as db:
            acts = [each.action for each in db.query(AuditEntry) if each.action == "platform.registered"]
        assert len(acts) == 1, crash
    assert killed_after_the_answer or not worlds.tries_each_step
