"""Every route stands in this table with whom it is for, and lets in these and nobody else."""

import pytest

from sidecar.core.municipalities import Municipality
from sidecar.core.staff import ROLES
from sidecar.runtime import Sidecar
from tests.house.installation import KINDS, Installation, install

PUBLIC, PLATFORM, LAUNCH, ATTEMPT, STAFF = ({one} for one in ("public", "platform", "launch", "attempt", "staff"))
AUTHORS = {"content-developer", "rkk", "operator"}
OFFICE = {"contact", "rkk", "operator"}
LEADERS = {"manager", *OFFICE}

TABLE: dict[str, set[str]] = {
    "GET /": PUBLIC,
    "GET /accessibility": PUBLIC,
    "GET /favicon.ico": PUBLIC,
    "GET /privacy": PUBLIC,
    "GET /sign-in": PUBLIC,
    "GET /static/<of_build>/<path:name>": PUBLIC,
    "POST /language": PUBLIC,
    "POST /sign-in": PUBLIC,
    "POST /sign-out": STAFF,
    "GET /lti/jwks": PUBLIC,
    "GET /lti/launch": PUBLIC,
    "GET /lti/login": PLATFORM,
    "POST /lti/login": PLATFORM,
    "POST /lti/launch": PLATFORM,
    "GET /launch/<launch_id>/course": LAUNCH,
    "POST /launch/<launch_id>/course": LAUNCH,
    "POST /launch/<launch_id>/staff": LAUNCH,
    "GET /play/<launch_id>": LAUNCH,
    "GET /play/<launch_id>/end": LAUNCH,
    "GET /play/<launch_id>/token": LAUNCH,
    "POST /play/<launch_id>/again": LAUNCH,
    "GET /api/attempts/<attempt_id>/state": ATTEMPT,
    "POST /api/attempts/<attempt_id>/commits": ATTEMPT,
    "GET /staff/": STAFF,
    "GET /staff/courses": AUTHORS,
    "GET /staff/courses/new": AUTHORS,
    "GET /staff/courses/<key>": AUTHORS,
    "POST /staff/courses": AUTHORS,
    "POST /staff/courses/<key>/versions": AUTHORS,
    "POST /staff/courses/<key>/versions/<int:number>/approve": {"rkk", "operator"},
    "GET /staff/municipalities": LEADERS,
    "GET /staff/municipalities/<slug>": OFFICE,
    "POST /staff/municipalities/<slug>/connections": {"operator"},
    "POST /staff/municipalities/<slug>/connections/<connection_id>/remove": {"operator"},
    "POST /staff/municipalities/<slug>/connections/<connection_id>/test": OFFICE,
    "GET /staff/municipalities/<slug>/people": LEADERS,
    "POST /staff/municipalities/<slug>/people": LEADERS,
    "GET /staff/municipalities/<slug>/people/<employment_id>": LEADERS,
    "GET /staff/municipalities/<slug>/not-placed": OFFICE,
    "GET /staff/municipalities/<slug>/import": OFFICE,
    "POST /staff/municipalities/<slug>/import": OFFICE,
    "GET /staff/municipalities/<slug>/import/confirm": OFFICE,
    "POST /staff/municipalities/<slug>/import/confirm": OFFICE,
    "GET /staff/municipalities/<slug>/reports": OFFICE,
    "POST /staff/municipalities/<slug>/reports": OFFICE,
    "GET /staff/ledger": OFFICE,
    "GET /staff/ledger/<delivery_id>": OFFICE,
    "GET /staff/ledger/<delivery_id>/files/<name>": OFFICE,
    "POST /staff/ledger/<delivery_id>/retry": OFFICE,
}

REFUSED = {401, 403}

PROVE_THEMSELVES = {"POST /sign-in", "POST /lti/launch", "GET /lti/login", "POST /lti/login"}
"""These ask for a proof in the request itself: tests/certification and tests/sidecar/web."""

WANTS_A_TOKEN = "POST /staff/municipalities/<slug>/import/confirm"
"""Confirms a preview, whose token says which; it answers 401 to these without one too."""

WANT_A_GRANT_TOO = {f"{way} /launch/<launch_id>/{what}" for way in ("GET", "POST") for what in ("course", "staff")}
"""A launch alone is not enough for these."""


@pytest.fixture
def installation(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Installation:
    return install(sidecar, kongsberg, rollag, sidecar.settings.data / "town")


def is_for(name: str, kind: str) -> bool:
    audience = TABLE[name]
    if "public" in audience:
        return True
    if audience & {"launch", "attempt"}:
        return kind == "learner" and name not in WANT_A_GRANT_TOO
    return kind in (set(ROLES) if audience == STAFF else audience)


def test_every_route_stands_in_the_table(installation: Installation) -> None:
    views = installation.app.view_functions
    routes = {
        f"{method} {rule.rule}": set(getattr(views[rule.endpoint], "audience", ()))
        for method, rule in installation.routes()
    }
    assert routes == TABLE


@pytest.mark.slow
def test_a_route_lets_in_whom_it_is_for_and_nobody_else(installation: Installation) -> None:
    wrong = {}
    for kind in KINDS:  # the operator, who can take things away, comes last
        for method, rule in installation.routes():
            name = f"{method} {rule.rule}"
            if name in PROVE_THEMSELVES | {"POST /sign-out"} or (name == WANTS_A_TOKEN and is_for(name, kind)):
                continue
            status = installation.ask(method, rule, kind)
            if (status in REFUSED) == is_for(name, kind) or status >= 500:
                wrong[kind, name] = status
    assert wrong == {}
