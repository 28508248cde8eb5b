"""Measure what a full launch costs: /lti/login and /lti/launch through the WSGI application, in this process.

The peer is a Flask application around PyLTI1p3 as its documentation recommends: tool configuration from a JSON file,
launch data and public keys in a cache (here a dictionary, cheaper than any that its users have), Flask's own session.
Both check the same RS256 signatures of 2,048 bits. Ours also writes to its database: login, learner, placement,
launch, attempt, sign-in; each launch is that of a learner who has not come before. The peer keeps nothing but its cache.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.jwt import JWTClaimsRegistry
from pylti1p3.contrib.flask import FlaskCacheDataStorage, FlaskMessageLaunch, FlaskOIDCLogin, FlaskRequest
from pylti1p3.tool_config import ToolConfJsonFile

from benchmarks.fixtures.machine import Cost, measure, watched_load
from benchmarks.fixtures.town import Town, open_town
from benchmarks.fixtures.wsgi import Application, post_form
from lti.keys import PlatformKeys
from lti.launch import PendingLogin, validate_launch
from lti.login import begin_login, read_login
from tests.fakes.platform import FakePlatform, make_key

TIMES = 300
TARGET_MS, TARGET_RATIO = 1.5, 2.0
PEER_URL = "https://peer.example"


class Cache:
    """Be the smallest cache that PyLTI1p3 can use."""

    def __init__(self) -> None:
        """Start empty."""
        self._values: dict[str, Any] = {}

    def get(self, key: str) -> Any:  # noqa: ANN401 (a cache holds anything)
        """Return what is kept, or None."""
        return self._values.get(key)

    def set(self, key: str, value: Any, _lifetime_s: int | None = None) -> None:  # noqa: ANN401
        """Keep a value."""
        self._values[key] = value


def make_peer(folder: Path, platform: FakePlatform) -> Flask:
    """Make the application of PyLTI1p3's documentation, which lets learners in and sends them on."""
    config, storage, app = _configure(folder, platform), FlaskCacheDataStorage(Cache()), Flask("peer")
    app.secret_key = "a key of this benchmark"
    answers = _Answers(platform)

    @app.route("/login/", methods=["GET", "POST"])
    def login() -> ResponseReturnValue:
        asked = FlaskRequest()
        started = FlaskOIDCLogin(asked, ToolConfJsonFile(config), launch_data_storage=storage)
        answer: ResponseReturnValue = started.redirect(asked.get_param("target_link_uri"))
        return answer

    @app.post("/launch/")
    def launch() -> ResponseReturnValue:
        said = FlaskMessageLaunch(
            FlaskRequest(), ToolConfJsonFile(config), launch_data_storage=storage, requests_session=answers
        )
        said.set_public_key_caching(storage, cache_lifetime=7200)
        course = said.get_launch_data()["https://purl.imsglobal.org/spec/lti/claim/custom"]["course"]
        return redirect(f"/{course}/{said.get_launch_id()}/{request.method}", 303)

    return app


class _Answers(requests.Session):
    """Be the network: the platform's key set, once."""

    def __init__(self, platform: FakePlatform) -> None:
        super().__init__()
        self._platform = platform

    def get(self, url: str | bytes, **_: Any) -> requests.Response:  # noqa: ANN401
        answer = requests.Response()
        answer.status_code, answer._content = 200, self._platform.fetch("GET", str(url), headers={}).body
        return answer


def _configure(folder: Path, platform: FakePlatform) -> str:
    facts = platform.registration()
    registered = {
        "default": True,
        "client_id": facts.client_id,
        "auth_login_url": facts.auth_url,
        "auth_token_url": facts.token_url,
        "key_set_url": facts.jwks_url,
        "key_set": None,
        "private_key_file": "private.key",
        "public_key_file": "public.key",
        "deployment_ids": sorted(facts.deployments),
    }
    key = make_key(1)
    (folder / "private.key").write_bytes(key.as_pem(private=True))
    (folder / "public.key").write_bytes(key.as_pem(private=False))
    path = folder / "config.json"
    path.write_text(json.dumps({facts.issuer: [registered]}))
    return str(path)


class Ours:
    """Measure our launches with tokens signed beforehand, as signing is the LMS's work."""

    def __init__(self, town: Town) -> None:
        """Use an installation."""
        self._town = town

    def costs(self) -> tuple[Cost, Cost]:
        """Return the cost of login and launch."""
        pending = []
        login = measure(lambda: pending.append(self._town.login()), TIMES)
        forms = iter(
            [
                ({"state": asked["state"], "id_token": self._town.token(asked["nonce"], number)}, answer.cookies)
                for number, (answer, asked) in enumerate(pending)
            ]
        )
        return login, measure(lambda: _launch(self._town.app, self._town.platform.launch_url, *next(forms)), TIMES)


def _launch(app: Application, url: str, form: dict[str, str], cookies: dict[str, str]) -> None:
    answer = post_form(app, url, form, cookies=cookies)
    if answer.status != 303:
        raise RuntimeError(f"the launch was refused: {answer.status} {answer.body[:2000].decode()}")


def measure_peer(platform: FakePlatform) -> tuple[Cost, Cost]:
    """Return the cost of login and launch with PyLTI1p3."""
    with tempfile.TemporaryDirectory() as folder:
        app = make_peer(Path(folder), platform)
        url, begun = f"{PEER_URL}/launch/", []
        hint = '{"cmid":1,"launchid":"ltilaunch1_1234567890"}'
        params = {"iss": platform.issuer, "login_hint": "7", "target_link_uri": url, "client_id": platform.client_id}

        def login() -> None:
            begun.append(post_form(app, f"{PEER_URL}/login/", {**params, "lti_message_hint": hint}))

        login_cost = measure(login, TIMES)
        forms = []
        for number, answer in enumerate(begun):
            asked = {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["location"]).query).items()}
            token = platform.id_token(nonce=asked["nonce"], sub=f"s{number}")
            forms.append(({"state": asked["state"], "id_token": token}, dict(answer.cookies)))
        waiting = iter(forms)
        return login_cost, measure(lambda: _launch(app, url, *next(waiting)), TIMES)


def measure_library() -> tuple[Cost, Cost]:
    """Return the cost of our LTI library alone, and of joserfc alone checking the same token."""
    clock = lambda: datetime.now(UTC)  # noqa: E731
    platform = FakePlatform("https://lms.example", clock)
    keys, registration = PlatformKeys(platform.fetch, clock), platform.registration()
    params = {"iss": platform.issuer, "login_hint": "7", "target_link_uri": platform.launch_url}
    token, key = platform.id_token(), make_key(1)
    pending = PendingLogin("nonce-1", registration, platform.launch_url, "1")

    def launch() -> None:
        begin_login(read_login(params), registration, launch_url=platform.launch_url, now=clock())
        validate_launch(token, pending, keys, now=clock())

    def decode() -> None:
        JWTClaimsRegistry(leeway=60).validate(jwt.decode(token, key, algorithms=["RS256"]).claims)

    return measure(launch, TIMES), measure(decode, TIMES)


def main() -> None:
    """Print the measurements."""
    with watched_load(), open_town() as town:
        login, launch = Ours(town).costs()
        peer_login, peer_launch = measure_peer(town.platform)
        library, joserfc = measure_library()
        database = town.sidecar.engine.dialect.name
    ours, peer = login.cpu_ms + launch.cpu_ms, peer_login.cpu_ms + peer_launch.cpu_ms
    print(f"/lti/login         {login}   ({database})")
    print(f"/lti/launch        {launch}")
    print(f"PyLTI1p3 login     {peer_login}")
    print(f"PyLTI1p3 launch    {peer_launch}")
    print(f"our library alone  {library}; joserfc alone {joserfc}")
    print(f"a full launch      {ours:.2f} ms CPU (target {TARGET_MS}), PyLTI1p3 {peer:.2f} ms CPU")
    print(f"ratio              {peer / ours:.2f} times cheaper than PyLTI1p3 (target {TARGET_RATIO})")


if __name__ == "__main__":
    sys.exit(main())
