"""Rosters and columns over HTTP: the sidecar and the practice LMS, each on a port of its own."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import select

from practice_lms.app import create_app as create_lms
from practice_lms.app import lms_of
from practice_lms.claims import NRPS, build_claims
from practice_lms.config import Config
from practice_lms.serving import run_in_thread
from practice_lms.state import Launch, Lms
from sidecar import tool
from sidecar.core import rosters
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.rosters import Roster, RosterMember
from sidecar.http import GuardedFetch
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from sidecar.web.app import create_app
from tests.fakes.lms import tool_key_maker

LEARNER, LEARNERS = "10", 21


@dataclass
class Pair:
    """Both sides."""

    sidecar: Sidecar
    lms: Lms
    platform_id: str

    def look(self) -> None:
        claims = build_claims(self.lms, Launch(LEARNER, "1", "iframe"), "nonce")
        url: str = claims[f"{NRPS}claim/namesroleservice"]["context_memberships_url"]  # type: ignore[index]
        with self.sidecar.transaction() as db:
            now = self.sidecar.now()
            rosters.note(db, self.platform_id, "1", context_id="5", title="X", memberships_url=url, now=now)
            roster_id = db.scalars(select(Roster.id)).one()
        tool.refresh_roster(self.sidecar, roster_id)

    def present(self) -> set[str]:
        query = select(Identity.subject).join(RosterMember).where(RosterMember.left_at.is_(None))
        with self.sidecar.reading() as db:
            return set(db.scalars(query))


@pytest.fixture
def pair(settings: Settings, kongsberg: Municipality, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    sidecar = Sidecar(replace(settings, allowed_private=("127.0.0.1",)))
    ours = run_in_thread(create_app(sidecar))
    sidecar.settings = replace(sidecar.settings, public_url=f"http://127.0.0.1:{ours.port}")
    app = create_lms(Config(tool_url=sidecar.settings.public_url, roster_page_size=8, roster_differences=True))
    theirs = run_in_thread(app)
    lms = lms_of(app)
    lms.config = replace(lms.config, issuer=f"http://127.0.0.1:{theirs.port}")
    request = tool.PlatformRequest(
        issuer=lms.config.issuer,
        client_id=lms.config.client_id,
        auth_url=lms.config.auth_url,
        token_url=lms.config.token_url,
        jwks_url=lms.config.jwks_url,
        deployment_ids=("1",),
        municipalities=("kongsberg",),
    )
    assert isinstance(sidecar.fetch, GuardedFetch)
    yield Pair(sidecar, lms, tool.register_platform(sidecar, request).platform_id)
    theirs.stop()
    ours.stop()
    sidecar.close()


def test_a_roster_of_three_pages_and_its_differences(pair: Pair) -> None:
    pair.look()
    assert len(pair.present()) == LEARNERS
    pair.lms.enrol(LEARNER, is_in=False)
    pair.look()
    assert len(pair.present()) == LEARNERS - 1
    pair.lms.enrol(LEARNER, is_in=True)
    pair.look()
    assert LEARNER in pair.present()


def test_a_roster_of_moodles_kind_in_whole_looks(pair: Pair) -> None:
    pair.lms.config = replace(pair.lms.config, roster_differences=False, roster_page_size=0)
    for is_in in (True, False):
        pair.lms.enrol(LEARNER, is_in=is_in)
        pair.look()
        assert (LEARNER in pair.present()) is is_in
