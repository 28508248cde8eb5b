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
from tests.house.routes import ACCESS, OPEN, OWN
from tests.sidecar.web.signed_in import SAME_ORIGIN, Staff, sign_in_as

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


def test_nobody_gets_in_without_signing_in(app: Flask) -> None:
    for route, audience in ACCESS.items():
        if audience not in OPEN:
            method, url = url_of(route)
            response = app.test_client().open(url, method=method, headers=SAME_ORIGIN)
            assert response.status_code == 401, route


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
        if audience in (*OPEN, *OWN):
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
        if method != "GET" or audience in (*OPEN, *OWN):
            continue
        for role in ROLES if audience == "staff" else audience.split():
            status = 404 if "0" * 32 in url else 200
            staff[role].get(url, status)


FOREIGN: tuple[dict[str, str], ...] = (
    {},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://sidecar.example.no"},
)


def test_no_other_site_can_make_a_browser_post(staff: dict[str | None, Staff]) -> None:
    for route, audience in ACCESS.items():
        method, url = url_of(route)
        expected = (400, 401) if audience in ("platform", *OWN) else (403,)
        for headers in FOREIGN if method != "GET" else ():
            response = staff["operator"].client.open(url, method=method, headers=headers)
            assert response.status_code in expected, (route, headers)
    staff["operator"].get("/staff/")


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
