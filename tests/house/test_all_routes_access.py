"""Hold every route against the table of who may call it, and try each of them as somebody who may not."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from sidecar.core.municipalities import Municipality
from sidecar.core.regions import join
from sidecar.core.staff import ROLES, Scope
from sidecar.runtime import Sidecar
from sidecar.web.app import create_app
from tests.sidecar.web.signed_in import SAME_ORIGIN, Staff, sign_in_as

ACCESS = {
    "GET /": "public",
    "GET /accessibility": "public",
    "POST /api/attempts/<attempt_id>/commits": "attempt",
    "GET /api/attempts/<attempt_id>/state": "attempt",
    "GET /api/openapi.json": "public",
    "GET /favicon.ico": "public",
    "POST /language": "public",
    "GET /launch/<launch_id>/course": "launch",
    "POST /launch/<launch_id>/course": "launch",
    "POST /launch/<launch_id>/staff": "launch",
    "GET /lti/jwks": "public",
    "GET /lti/launch": "public",
    "POST /lti/launch": "platform",
    "GET /lti/login": "platform",
    "POST /lti/login": "platform",
    "GET /play/<launch_id>": "launch",
    "POST /play/<launch_id>/again": "launch",
    "GET /play/<launch_id>/end": "launch",
    "GET /play/<launch_id>/me": "launch",
    "GET /play/<launch_id>/me/export": "launch",
    "GET /play/<launch_id>/token": "launch",
    "GET /privacy": "public",
    "GET /sign-in": "public",
    "POST /sign-in": "public",
    "POST /sign-out": "staff",
    "GET /staff/": "staff",
    "GET /staff/courses": "content-developer operator rkk",
    "POST /staff/courses": "content-developer operator rkk",
    "GET /staff/courses/<key>": "content-developer operator rkk",
    "POST /staff/courses/<key>/versions": "content-developer operator rkk",
    "POST /staff/courses/<key>/versions/<int:number>/approve": "operator rkk",
    "POST /staff/courses/<key>/versions/<int:number>/remove": "content-developer operator rkk",
    "GET /staff/courses/new": "content-developer operator rkk",
    "GET /staff/erasures/<person_id>": "operator rkk",
    "GET /staff/ledger": "contact operator rkk",
    "GET /staff/ledger/<delivery_id>": "contact operator rkk",
    "GET /staff/ledger/<delivery_id>/files/<name>": "contact operator rkk",
    "POST /staff/ledger/<delivery_id>/retry": "contact operator rkk",
    "GET /staff/me": "staff",
    "GET /staff/me/export": "staff",
    "GET /staff/municipalities": "contact manager operator rkk",
    "GET /staff/municipalities/<slug>": "contact operator rkk",
    "POST /staff/municipalities/<slug>/connections": "operator",
    "POST /staff/municipalities/<slug>/connections/<connection_id>/remove": "operator",
    "POST /staff/municipalities/<slug>/connections/<connection_id>/test": "contact operator rkk",
    "GET /staff/municipalities/<slug>/import": "contact operator rkk",
    "POST /staff/municipalities/<slug>/import": "contact operator rkk",
    "GET /staff/municipalities/<slug>/import/confirm": "contact operator rkk",
    "POST /staff/municipalities/<slug>/import/confirm": "contact operator rkk",
    "POST /staff/municipalities/<slug>/keep": "operator rkk",
    "GET /staff/municipalities/<slug>/not-placed": "contact operator rkk",
    "GET /staff/municipalities/<slug>/people": "contact manager operator rkk",
    "POST /staff/municipalities/<slug>/people": "contact manager operator rkk",
    "GET /staff/municipalities/<slug>/people/<employment_id>": "contact manager operator rkk",
    "GET /staff/municipalities/<slug>/people/<employment_id>/erase": "operator rkk",
    "POST /staff/municipalities/<slug>/people/<employment_id>/erase": "operator rkk",
    "GET /staff/municipalities/<slug>/people/<employment_id>/export": "contact operator rkk",
    "GET /staff/municipalities/<slug>/reports": "contact operator rkk",
    "POST /staff/municipalities/<slug>/reports": "contact operator rkk",
    "GET /staff/sign-ins": "staff",
    "POST /staff/sign-ins/<sign_in_id>/end": "staff",
    "POST /staff/sign-ins/end-others": "staff",
    "GET /static/<of_build>/<path:name>": "public",
}
"""Method and route → its audience. `staff` is every role; who is not named gets 403, who is not signed in 401."""

OPEN = ("public", "platform")
SCOPES = {
    "manager": Scope(municipality="kongsberg", unit="Sykehjemmet"),
    "contact": Scope(municipality="kongsberg"),
    "rkk": Scope(region="kongsbergregionen"),
}


@pytest.fixture
def app(sidecar: Sidecar) -> Flask:
    return create_app(sidecar)


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        audience = " ".join(sorted(getattr(app.view_functions[rule.endpoint], "audience", ())))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield f"{method} {rule.rule}", audience


def url_of(route: str) -> tuple[str, str]:
    """Fill a route's places with ids that nobody has."""
    method, rule = route.split(" ", 1)
    return method, re.sub(r"<[^>]*>", lambda place: "7" if "int:" in place[0] else "0" * 32, rule)


def roles_refused(audience: str) -> list[str | None]:
    allowed = audience.split()
    return [None, *(role for role in ROLES if "staff" not in allowed and role not in allowed)]


def test_the_table_names_every_route_and_its_audience(app: Flask) -> None:
    assert dict(routes(app)) == ACCESS


@pytest.mark.parametrize("route", [route for route, audience in ACCESS.items() if audience not in OPEN])
def test_nobody_gets_in_without_signing_in(app: Flask, route: str) -> None:
    method, url = url_of(route)
    response = app.test_client().open(url, method=method, headers=SAME_ORIGIN)
    assert response.status_code == 401


@pytest.fixture
def staff(app: Flask, sidecar: Sidecar, kongsberg: Municipality) -> dict[str | None, Staff]:
    """One signed-in person a role, and one without any."""
    with sidecar.transaction() as db:
        join(db, "kongsbergregionen", kongsberg.id, sidecar.today())
    return {
        role: sign_in_as(app, sidecar, role, SCOPES.get(role or "", Scope()), role or "nobody")
        for role in (None, *ROLES)
    }


def test_nobody_gets_in_with_another_role(staff: dict[str | None, Staff]) -> None:
    tried = 0
    for route, audience in ACCESS.items():
        if audience in (*OPEN, "launch", "attempt"):
            continue
        method, url = url_of(route)
        for role in roles_refused(audience):
            if method == "GET":
                staff[role].get(url, 403)
            else:
                staff[role].post(url, status=403)
            tried += 1
    assert tried > 50


def test_who_has_the_role_gets_past_the_door(staff: dict[str | None, Staff]) -> None:
    for route, audience in ACCESS.items():
        method, url = url_of(route)
        if method != "GET" or audience in (*OPEN, "launch", "attempt"):
            continue
        for role in ROLES if audience == "staff" else audience.split():
            status = 404 if "0" * 32 in url else 200
            staff[role].get(url, status)


@pytest.mark.parametrize("route", [route for route in ACCESS if not route.startswith("GET")])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://sidecar.example.no"},
    ],
)
def test_no_other_site_can_make_a_browser_post(
    app: Flask, sidecar: Sidecar, route: str, headers: dict[str, str]
) -> None:
    operator = sign_in_as(app, sidecar, "operator", Scope())
    method, url = url_of(route)
    response = operator.client.open(url, method=method, headers=headers)
    if ACCESS[route] in ("platform", "attempt", "launch"):
        assert response.status_code in (400, 401)
    else:
        assert response.status_code == 403


@pytest.mark.parametrize("token", [None, "", "wrong", "0" * 64])
def test_a_form_without_its_token_is_refused(staff: dict[str | None, Staff], token: str | None) -> None:
    data = {} if token is None else {"csrf_token": token}
    response = staff["operator"].client.post("/sign-out", data=data, headers=SAME_ORIGIN)
    assert response.status_code == 403
    staff["operator"].get("/staff/")


def test_the_token_of_another_sign_in_is_refused(staff: dict[str | None, Staff]) -> None:
    mine = staff["operator"]
    mine.secret = staff["contact"].secret
    mine.post("/sign-out", status=403)
