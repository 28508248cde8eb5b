"""Measure what a full launch costs: /lti/login and /lti/launch through the WSGI application, in this process.

The peer is a Flask application around PyLTI1p3 as its documentation recommends: tool configuration from a JSON file,
launch data and public keys in a cache (here a dictionary, cheaper than any that its users have), Flask's own session.
Both check the same RS256 signatures of 2,048 bits. Ours also writes to its database: login, learner, placement,
launch, attempt, sign-in; each launch is that of a learner who has not come before, and counts in the queue's server
against the limits of its platform. The peer keeps nothing but its cache, and takes a nonce any number of times.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwt import JWTClaimsRegistry

from benchmarks.fixtures.machine import measure, watched_load
from benchmarks.fixtures.peer import Cache, Network, make_peer, write_config
from benchmarks.fixtures.town import MESSAGE_HINT, Town, open_town
from benchmarks.fixtures.wsgi import Answer, Application, post_form
from lti.keys import PlatformKeys
from lti.launch import PendingLogin, validate_launch
from lti.login import begin_login, read_login
from tests.fakes.platform import FakePlatform, make_key

TIMES = 200
TARGET_MS, TARGET_RATIO = 1.5, 2.0
PEER_URL = "https://peer.example"
PEER_LAUNCH_URL = f"{PEER_URL}/launch/"


Launch = tuple[dict[str, str], dict[str, str]]
"""The form that comes back from the LMS, and the browser's cookies."""


class Ours:
    """Log in and launch, once each in turn, with tokens signed in between: signing is the LMS's work."""

    def __init__(self, town: Town) -> None:
        """Use an installation."""
        self._town = town
        self._begun: tuple[Answer, dict[str, str]]
        self._came_back: Launch

    def login(self) -> None:
        """Start a launch."""
        self._begun = self._town.login()

    def sign(self) -> None:
        """Be the LMS."""
        answer, asked = self._begun
        token = self._town.token(asked["nonce"], next(self._town.numbers))
        self._came_back = {"state": asked["state"], "id_token": token}, dict(answer.cookies)

    def launch(self) -> None:
        """Come back."""
        _launch(self._town.app, self._town.platform.launch_url, *self._came_back)


class Peer:
    """Do the same with PyLTI1p3."""

    def __init__(self, app: Application, platform: FakePlatform) -> None:
        """Use its application."""
        self._app, self._platform = app, platform
        self._begun: Answer
        self._came_back: Launch

    def login(self) -> None:
        """Start a launch."""
        params = {
            "iss": self._platform.issuer,
            "login_hint": "7",
            "target_link_uri": PEER_LAUNCH_URL,
            "lti_message_hint": MESSAGE_HINT,
            "client_id": self._platform.client_id,
        }
        self._begun = post_form(self._app, f"{PEER_URL}/login/", params)

    def sign(self) -> None:
        """Be the LMS."""
        query = parse_qs(urlsplit(self._begun.headers["location"]).query)
        token = self._platform.id_token(nonce=query["nonce"][0], lis={"person_sourcedid": "000001"})
        self._came_back = {"state": query["state"][0], "id_token": token}, dict(self._begun.cookies)

    def launch(self) -> None:
        """Come back."""
        _launch(self._app, PEER_LAUNCH_URL, *self._came_back)


def _launch(app: Application, url: str, form: dict[str, str], cookies: dict[str, str]) -> None:
    answer = post_form(app, url, form, cookies=cookies)
    if answer.status != 303:
        raise RuntimeError(f"the launch was refused: {answer.status} {answer.body[:2000].decode()}")


def _peer(folder: Path, platform: FakePlatform) -> Peer:
    return Peer(make_peer(write_config(folder, platform), Cache(), Network(platform)), platform)


class Library:
    """Do what the LTI library has to do in a launch, and what joserfc alone needs for the same token."""

    def __init__(self) -> None:
        """Sign one token."""
        platform = FakePlatform("https://lms.example", _clock)
        self._keys, self._registration = PlatformKeys(platform.fetch, _clock), platform.registration()
        self._params = {"iss": platform.issuer, "login_hint": "7", "target_link_uri": platform.launch_url}
        self._token, self._key, self._url = platform.id_token(), make_key(1), platform.launch_url

    def launch(self) -> None:
        """Begin a login, and validate the launch."""
        begin_login(read_login(self._params), self._registration, launch_url=self._url, now=_clock())
        pending = PendingLogin("nonce-1", self._registration, self._url, "1")
        validate_launch(self._token, pending, self._keys, now=_clock())

    def decode(self) -> None:
        """Check signature and times, and nothing else."""
        token = jwt.decode(self._token, self._key, algorithms=["RS256"])
        JWTClaimsRegistry(leeway=60).validate(token.claims)


def _clock() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Print the measurements."""
    with watched_load(), tempfile.TemporaryDirectory() as folder, open_town() as town:
        ours, peer, library = Ours(town), _peer(Path(folder), town.platform), Library()
        actions = (
            ours.login,
            peer.login,
            ours.sign,
            peer.sign,
            ours.launch,
            peer.launch,
            library.launch,
            library.decode,
        )
        login, peer_login, _, _, launch, peer_launch, alone, joserfc = measure(*actions, times=TIMES)
        database = town.sidecar.engine.dialect.name
    cpu_ms, peer_cpu_ms = login.cpu_ms + launch.cpu_ms, peer_login.cpu_ms + peer_launch.cpu_ms
    print(f"/lti/login         {login}   ({database})")
    print(f"/lti/launch        {launch}")
    print(f"PyLTI1p3 login     {peer_login}")
    print(f"PyLTI1p3 launch    {peer_launch}")
    print(f"our library alone  {alone}; joserfc alone {joserfc}")
    print(f"a full launch      {cpu_ms:.2f} ms CPU (target {TARGET_MS}), PyLTI1p3 {peer_cpu_ms:.2f} ms CPU")
    print(f"ratio              {peer_cpu_ms / cpu_ms:.2f} times cheaper than PyLTI1p3 (target {TARGET_RATIO})")


if __name__ == "__main__":
    main()
