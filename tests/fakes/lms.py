"""An LMS that is registered here, and browsers that its learners use: logins and launches over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from lti.keys import ToolKey, as_tool_key
from sidecar import tool
from sidecar.core import earning
from sidecar.core.attempts import Attempt
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.evidence import Evidence
from sidecar.core.launches import FailedLaunch, Launch
from sidecar.core.sign_ins import SignIn
from sidecar.runtime import Sidecar
from tests.fakes.platform import FakePlatform, make_key

HOST = "https://sidecar.example.no"


@dataclass
class Browser:
    """One browser of one person: it keeps its cookies."""

    lms: RegisteredLms
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.lms.app.test_client()

    def login(self, *, method: str = "POST", **changes: str | None) -> TestResponse:
        """Start a launch as the LMS's page does; a change to None leaves the parameter out."""
        params = {name: value for name, value in (self.lms.login_params() | changes).items() if value is not None}
        if method == "GET":
            return self.client.get("/lti/login", base_url=HOST, query_string=params)
        return self.client.post("/lti/login", base_url=HOST, data=params)

    def post_launch(self, state: str | None, id_token: str | None, **more: str) -> TestResponse:
        """Come back from the LMS with this state and token."""
        form = {"state": state, "id_token": id_token} | more
        return self.client.post(
            "/lti/launch",
            base_url=HOST,
            data={name: value for name, value in form.items() if value is not None},
            headers={"Origin": self.lms.platform.issuer},
        )

    def launch(
        self, *, header: dict[str, Any] | None = None, key: RSAKey | None = None, **changes: object
    ) -> TestResponse:
        """Go the whole way; changes are those of `FakePlatform.id_token`."""
        asked = read_redirect(self.login())
        said: dict[str, Any] = {"nonce": asked["nonce"]} | changes
        token = self.lms.platform.id_token(header=header, key=key, **said)
        return self.post_launch(asked["state"], token)

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, base_url=HOST)

    def submit(self, path: str, **fields: str) -> TestResponse:
        """Send a form of our own page, with the token that stands in it."""
        page = self.get(path if "course" in path else path.replace("/staff", "/course")).text
        token = page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
        form = {"csrf_token": token} | fields
        return self.client.post(path, base_url=HOST, data=form, headers={"Origin": HOST})


@dataclass
class RegisteredLms:
    """A platform in memory, registered in an application."""

    sidecar: Sidecar
    platform: FakePlatform
    app: Flask
    platform_id: str

    def browser(self) -> Browser:
        return Browser(self)

    def login_params(self) -> dict[str, Any]:
        return {
            "iss": self.platform.issuer,
            "login_hint": "7",
            "target_link_uri": self.platform.launch_url,
            "lti_message_hint": '{"cmid":1,"launchid":"abc"}',
            "client_id": self.platform.client_id,
            "lti_deployment_id": "1",
        }

    def sign_in_count(self) -> int:
        with self.sidecar.reading() as db:
            return db.query(SignIn).count()

    def launches(self) -> list[Launch]:
        with self.sidecar.reading() as db:
            return db.query(Launch).order_by(Launch.launched_at).all()

    def failures(self) -> list[FailedLaunch]:
        with self.sidecar.reading() as db:
            return db.query(FailedLaunch).order_by(FailedLaunch.failed_at).all()


def read_redirect(response: TestResponse) -> dict[str, str]:
    """Return the parameters with which a login sends the browser to the LMS."""
    assert response.status_code == 302, response.text
    query = parse_qs(urlsplit(response.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


def tool_key_maker() -> Callable[[], ToolKey]:
    """Return what takes the place of `generate_key`, which takes long: new keys in a test, the same in the next."""
    numbers = count(200)

    def make() -> ToolKey:
        return _tool_key(next(numbers))

    return make


@cache
def _tool_key(number: int) -> ToolKey:
    return as_tool_key(make_key(number))


def add_course(sidecar: Sidecar, key: str, title: str) -> str:
    """Add a course with a version that can be begun; returns its id."""
    with sidecar.transaction() as db:
        course = Course(key=key, title=title, created_at=sidecar.now())
        db.add(course)
        db.flush()
        version = CourseVersion(
            course_id=course.id,
            number=1,
            standard="scorm-1.2",
            manifest={},
            findings=[],
            package_digest="0" * 64,
            size_bytes=1,
            file_count=1,
            uploaded_at=sidecar.now(),
        )
        db.add(version)
        return course.id


def add_completion(sidecar: Sidecar, identity_id: str, course_id: str, score: float | None) -> Evidence:
    """Let an identity complete a course once more."""
    now = sidecar.now()
    with sidecar.transaction() as db:
        version = db.query(CourseVersion).filter_by(course_id=course_id).one()
        attempt = Attempt(
            identity_id=identity_id,
            course_id=course_id,
            version_id=version.id,
            number=db.query(Attempt).filter_by(identity_id=identity_id).count() + 1,
            state="completed",
            started_at=now,
        )
        db.add(attempt)
        db.flush()
        return earning.record(db, attempt, score, now)


def register(sidecar: Sidecar, platform: FakePlatform, app: Flask, municipalities: tuple[str, ...]) -> RegisteredLms:
    """Register a platform in memory for these municipalities, and let browsers come from it."""
    return RegisteredLms(sidecar, platform, app, register_in(sidecar, platform, municipalities))


def register_in(sidecar: Sidecar, platform: FakePlatform, municipalities: tuple[str, ...]) -> str:
    """Register a platform in memory, which learns our keys; returns its id."""
    facts = platform.registration()
    request = tool.PlatformRequest(
        issuer=facts.issuer,
        client_id=facts.client_id,
        auth_url=facts.auth_url,
        token_url=facts.token_url,
        jwks_url=facts.jwks_url,
        deployment_ids=tuple(facts.deployments),
        municipalities=municipalities,
    )
    registered = tool.register_platform(sidecar, request)
    platform.tool_jwks = tool.published_key_set(sidecar)
    return registered.platform_id
