"""An installation with something of everything, and a browser for every kind of visitor."""

from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from sidecar.core import attempts, sign_ins
from sidecar.core.courses import Course
from sidecar.core.launches import Launch
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.periods import read_period
from sidecar.core.staff import Scope, grant, identity_named
from sidecar.reports.deliver import request as request_report
from sidecar.runtime import Sidecar
from sidecar.web.access import csrf_token, launch_cookie
from sidecar.web.app import create_app
from sidecar.web.assets import build
from tests.conftest import PUBLIC_URL
from tests.sidecar.web.town import fill

SCOPES = {
    "content-developer": Scope(municipality="kongsberg"),
    "manager": Scope(municipality="kongsberg", unit="Sykehjemmet"),
    "contact": Scope(municipality="kongsberg"),
    "rkk": Scope(region="kongsbergregionen"),
    "operator": Scope(),
}
KINDS = ("nobody", "learner", "without-grant", *SCOPES)
"""Who may come: not signed in; launched; signed in on staff pages without a role; a role each."""


@dataclass(frozen=True)
class Installation:
    """The application, and what stands in for the variables of its paths."""

    app: Flask
    values: dict[str, str]
    secrets: dict[str, str]
    token: str

    def path(self, rule: Rule) -> str:
        with self.app.test_request_context():
            adapter = self.app.url_map.bind("sidecar.example.no")
            values = {name: self.values.get(f"{rule.endpoint}:{name}") or self.values[name] for name in rule.arguments}
            return adapter.build(rule.endpoint, values, rule_method(rule))

    def ask(self, method: str, rule: Rule, kind: str) -> int:
        """Ask as a browser of that kind of visitor would, from our own page; return the status."""
        client, headers = self.browser(kind), {"Origin": PUBLIC_URL, "Sec-Fetch-Site": "same-origin"}
        if kind in self.secrets:
            headers["X-CSRF-Token"] = csrf_token(self.secrets[kind])
        if kind == "learner":
            headers["Authorization"] = f"Bearer {self.token}"
        response = client.open(self.path(rule), method=method, headers=headers)
        response.close()
        return response.status_code

    def browser(self, kind: str) -> FlaskClient:
        client = self.app.test_client()
        if kind == "learner":
            with self.app.app_context():
                name = launch_cookie(self.values["launch_id"])
            client.set_cookie(name, self.secrets[kind])
        elif kind in self.secrets:
            client.set_cookie("__Host-sidecar-staff", self.secrets[kind])
        return client

    def routes(self) -> list[tuple[str, Rule]]:
        return [
            (method, rule)
            for rule in self.app.url_map.iter_rules()
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]


def rule_method(rule: Rule) -> str:
    return min((rule.methods or {"GET"}) - {"HEAD", "OPTIONS"})


def install(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, folder: Path) -> Installation:
    town = fill(sidecar, kongsberg, rollag, folder)
    (delivery,) = request_report(sidecar, kongsberg.id, read_period("2026-08"))
    launch_id, attempt_id, learner = _launch(sidecar)
    secrets = {kind: _sign_in(sidecar, kind) for kind in KINDS if kind not in ("nobody", "learner")}
    values = {
        "key": town.course,
        "number": "1",
        "slug": "kongsberg",
        "connection_id": town.connection_id,
        "employment_id": town.kari,
        "delivery_id": delivery.id,
        "launch_id": launch_id,
        "attempt_id": attempt_id,
        "assets.static_file:name": "app.css",
        "staff_ledger.download:name": delivery.files[0]["name"],
        "of_build": build(),
        "sign_in_id": "0" * 32,
        "person_id": "0" * 32,
    }
    token = sidecar.secrets.token({"attempt": attempt_id, "launch": launch_id}, sidecar.now())
    return Installation(create_app(sidecar), values, {**secrets, "learner": learner}, token)


def _launch(sidecar: Sidecar) -> tuple[str, str, str]:
    """Let a learner launch a course; return launch, attempt and the secret of the cookie."""
    now = sidecar.now()
    with sidecar.transaction() as db:
        learner = db.scalars(select(Identity).where(Identity.subject == "u2")).one()
        course = db.scalars(select(Course)).one()
        launch = Launch(
            platform_id=learner.platform_id or "",
            deployment_id="1",
            identity_id=learner.id,
            resource_link_id="link",
            course_id=course.id,
            return_url="https://lms.example.org/course",
            launched_at=now,
        )
        db.add(launch)
        db.flush()
        attempt = attempts.begin(db, identity_id=learner.id, course=course, now=now)
        return launch.id, attempt.id, sign_ins.start(db, learner.id, launch.id, now)


def _sign_in(sidecar: Sidecar, kind: str) -> str:
    with sidecar.transaction() as db:
        identity = identity_named(db, kind, now=sidecar.now())
        if kind in SCOPES:
            grant(db, identity.id, kind, SCOPES[kind], now=sidecar.now())
        return sign_ins.start(db, identity.id, None, sidecar.now())
