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
    "POST /api/previews/<preview_id>/commits": "preview-token",
    "GET /favicon.ico": "public",
    "POST /language": "public",
    "GET /launch/<launch_id>/course": "launch",
    "POST /launch/<launch_id>/course": "launch",
    "POST /launch/<launch_id>/staff": "launch",
    "POST /launch/<launch_id>/window": "launch",
    "POST /launch/<launch_id>/window/learning": "launch",
    "GET /lti/icon.png": "public",
    "GET /lti/jwks": "public",
    "GET /lti/launch": "public",
    "POST /lti/launch": "platform",
    "POST /lti/launch/stored": "public",
    "GET /lti/login": "platform",
    "POST /lti/login": "platform",
    "GET /pick/<picker_id>": "picker",
    "POST /pick/<picker_id>": "picker",
    "POST /pick/<picker_id>/answer": "picker",
    "POST /pick/<picker_id>/cancel": "picker",
    "GET /pick/<picker_id>/course": "picker",
    "POST /pick/<picker_id>/course": "picker",
    "GET /pick/<picker_id>/options": "picker",
    "POST /pick/<picker_id>/options": "picker",
    "GET /lti/register/<secret>": "platform",
    "POST /lti/register/<secret>": "platform",
    "GET /preview": "public",
    "POST /preview": "public",
    "POST /preview/offered": "public",
    "GET /preview/<preview_id>": "preview",
    "POST /preview/<preview_id>/again": "preview",
    "GET /preview/<preview_id>/end": "preview",
    "GET /preview/<preview_id>/token": "preview",
    "GET /play/<launch_id>": "launch",
    "POST /play/<launch_id>": "launch",
    "POST /play/<launch_id>/again": "launch",
    "GET /play/<launch_id>/end": "launch",
    "POST /play/<launch_id>/end": "launch",
    "GET /play/<launch_id>/learning": "launch",
    "GET /play/<launch_id>/learning/erasure": "launch",
    "POST /play/<launch_id>/learning/erasure": "launch",
    "GET /play/<launch_id>/learning/proof": "launch",
    "GET /play/<launch_id>/learning/proof/<completion_id>": "launch",
    "GET /play/<launch_id>/learning/sharing/<municipality_id>/<course_id>": "launch",
    "POST /play/<launch_id>/learning/sharing/<municipality_id>/<course_id>": "launch",
    "GET /play/<launch_id>/me": "launch",
    "GET /play/<launch_id>/me/export": "launch",
    "GET /play/<launch_id>/token": "launch",
    "POST /play/<launch_id>/token": "launch",
    "GET /privacy": "public",
    "GET /scim/v2/Groups": "scim",
    "POST /scim/v2/Groups": "scim",
    "DELETE /scim/v2/Groups/<resource_id>": "scim",
    "GET /scim/v2/Groups/<resource_id>": "scim",
    "PATCH /scim/v2/Groups/<resource_id>": "scim",
    "PUT /scim/v2/Groups/<resource_id>": "scim",
    "GET /scim/v2/ResourceTypes": "scim",
    "GET /scim/v2/ResourceTypes/<key>": "scim",
    "GET /scim/v2/Schemas": "scim",
    "GET /scim/v2/Schemas/<key>": "scim",
    "GET /scim/v2/ServiceProviderConfig": "scim",
    "GET /scim/v2/Users": "scim",
    "POST /scim/v2/Users": "scim",
    "DELETE /scim/v2/Users/<resource_id>": "scim",
    "GET /scim/v2/Users/<resource_id>": "scim",
    "PATCH /scim/v2/Users/<resource_id>": "scim",
    "PUT /scim/v2/Users/<resource_id>": "scim",
    "GET /sign-in": "public",
    "POST /sign-in": "public",
    "POST /sign-out": "staff",
    "GET /staff/": "staff",
    "GET /staff/admin": "operator rkk",
    "GET /staff/completions": "contact operator rkk",
    "GET /staff/completions/<evidence_id>": "contact operator rkk",
    "POST /staff/completions/<evidence_id>/confirm": "contact operator rkk",
    "GET /staff/completions/<evidence_id>/document": "contact operator rkk",
    "POST /staff/completions/<evidence_id>/refuse": "contact operator rkk",
    "POST /staff/completions/<evidence_id>/withdraw": "contact operator rkk",
    "GET /staff/courses/<key>/validity": "content-developer operator rkk",
    "POST /staff/courses/<key>/validity": "operator rkk",
    "GET /staff/lms-courses": "operator rkk",
    "GET /staff/lms-courses/<lms_course_id>": "operator rkk",
    "POST /staff/lms-courses/<lms_course_id>": "operator rkk",
    "GET /staff/municipalities/<slug>/completions/import": "contact operator rkk",
    "POST /staff/municipalities/<slug>/completions/import": "contact operator rkk",
    "GET /staff/municipalities/<slug>/completions/import/confirm": "contact operator rkk",
    "POST /staff/municipalities/<slug>/completions/import/confirm": "contact operator rkk",
    "GET /staff/municipalities/<slug>/people/<employment_id>/completions": "contact operator rkk",
    "POST /staff/municipalities/<slug>/people/<employment_id>/completions": "contact operator rkk",
    "GET /staff/courses": "content-developer operator rkk",
    "POST /staff/courses": "content-developer operator rkk",
    "GET /staff/courses/<key>": "content-developer operator rkk",
    "POST /staff/courses/<key>/summary": "content-developer operator rkk",
    "POST /staff/courses/<key>/versions": "content-developer operator rkk",
    "GET /staff/courses/<key>/versions/<int:number>/publish": "operator rkk",
    "POST /staff/courses/<key>/versions/<int:number>/publish": "operator rkk",
    "POST /staff/courses/<key>/versions/<int:number>/browser-check": "content-developer operator rkk",
    "POST /staff/courses/<key>/versions/<int:number>/note": "content-developer operator rkk",
    "POST /staff/courses/<key>/versions/<int:number>/review": "content-developer operator rkk",
    "POST /staff/courses/<key>/versions/<int:number>/send-back": "content-developer operator rkk",
    "GET /staff/courses/<key>/facts": "content-developer operator rkk",
    "POST /staff/courses/<key>/facts": "content-developer operator rkk",
    "GET /staff/courses/<key>/use": "content-developer operator rkk",
    "GET /staff/courses/<key>/retire": "content-developer operator rkk",
    "POST /staff/courses/<key>/retire": "content-developer operator rkk",
    "POST /staff/courses/<key>/bring-back": "content-developer operator rkk",
    "POST /staff/courses/<key>/versions/<int:number>/preview": "content-developer operator rkk",
    "POST /staff/courses/<key>/versions/<int:number>/remove": "content-developer operator rkk",
    "GET /staff/courses/new": "content-developer operator rkk",
    "GET /staff/erasures/<person_id>": "operator rkk",
    "GET /staff/invitations": "operator rkk",
    "POST /staff/invitations": "operator rkk",
    "GET /staff/invitations/<invitation_id>/revoke": "operator rkk",
    "POST /staff/invitations/<invitation_id>/revoke": "operator rkk",
    "GET /staff/failures": "operator rkk",
    "GET /staff/failures/<reference>": "operator rkk",
    "GET /staff/platforms/<platform_id>/check": "operator rkk",
    "POST /staff/platforms/<platform_id>/check": "operator rkk",
    "GET /staff/platforms/<platform_id>/check/dry": "operator rkk",
    "POST /staff/platforms/<platform_id>/check/dry": "operator rkk",
    "GET /staff/platforms/<platform_id>/web-services": "operator rkk",
    "POST /staff/platforms/<platform_id>/web-services": "operator rkk",
    "GET /staff/platforms/<platform_id>/web-services/<connection_id>/change": "operator rkk",
    "POST /staff/platforms/<platform_id>/web-services/<connection_id>/change": "operator rkk",
    "GET /staff/platforms/<platform_id>/web-services/<connection_id>/test": "operator rkk",
    "POST /staff/platforms/<platform_id>/web-services/<connection_id>/test": "operator rkk",
    "POST /staff/platforms/<platform_id>/web-services/<connection_id>/remove": "operator rkk",
    "GET /staff/platforms/<platform_id>/rosters": "operator rkk",
    "GET /staff/platforms/<platform_id>/rosters/<roster_id>": "operator rkk",
    "POST /staff/platforms/<platform_id>/rosters/<roster_id>/refresh": "operator rkk",
    "GET /staff/ledger": "contact operator rkk",
    "GET /staff/ledger/<delivery_id>": "contact operator rkk",
    "GET /staff/ledger/<delivery_id>/files/<name>": "contact operator rkk",
    "POST /staff/ledger/<delivery_id>/retry": "contact operator rkk",
    "GET /staff/matching": "operator rkk",
    "GET /staff/matching/decided": "operator rkk",
    "GET /staff/matching/<match_id>": "operator rkk",
    "POST /staff/matching/<match_id>/same": "operator rkk",
    "POST /staff/matching/<match_id>/different": "operator rkk",
    "POST /staff/matching/<match_id>/again": "operator rkk",
    "POST /staff/matching/<match_id>/apart": "operator rkk",
    "GET /staff/matching/rules": "operator rkk",
    "POST /staff/matching/rules/<rule>": "operator",
    "GET /staff/municipalities/<slug>/units": "contact operator rkk",
    "GET /staff/municipalities/<slug>/regions": "contact operator rkk",
    "POST /staff/municipalities/<slug>/regions": "operator",
    "GET /staff/my-learning": "staff",
    "GET /staff/my-learning/erasure": "staff",
    "POST /staff/my-learning/erasure": "staff",
    "GET /staff/my-learning/proof": "staff",
    "GET /staff/my-learning/proof/<completion_id>": "staff",
    "GET /staff/my-learning/sharing/<municipality_id>/<course_id>": "staff",
    "POST /staff/my-learning/sharing/<municipality_id>/<course_id>": "staff",
    "GET /staff/erasure-requests": "operator rkk",
    "GET /staff/erasure-requests/<request_id>/refuse": "operator rkk",
    "POST /staff/erasure-requests/<request_id>/refuse": "operator rkk",
    "GET /staff/proofs": "contact manager operator rkk",
    "POST /staff/proofs": "contact manager operator rkk",
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
    "GET /staff/platforms": "operator rkk",
    "GET /staff/platforms/<platform_id>": "operator rkk",
    "GET /staff/platforms/<platform_id>/approve": "operator rkk",
    "POST /staff/platforms/<platform_id>/approve": "operator rkk",
    "POST /staff/platforms/<platform_id>/deployments": "operator rkk",
    "POST /staff/platforms/<platform_id>/deployments/<key>/approve": "operator rkk",
    "GET /staff/platforms/<platform_id>/deployments/<key>/remove": "operator rkk",
    "POST /staff/platforms/<platform_id>/deployments/<key>/remove": "operator rkk",
    "GET /staff/platforms/<platform_id>/disable": "operator rkk",
    "POST /staff/platforms/<platform_id>/disable": "operator rkk",
    "POST /staff/platforms/<platform_id>/enable": "operator rkk",
    "POST /staff/platforms/<platform_id>/held/<identity_id>/release": "operator",
    "GET /staff/platforms/<platform_id>/municipalities": "operator rkk",
    "POST /staff/platforms/<platform_id>/municipalities": "operator rkk",
    "GET /staff/platforms/<platform_id>/refuse": "operator rkk",
    "POST /staff/platforms/<platform_id>/refuse": "operator rkk",
    "GET /staff/platforms/<platform_id>/remove": "operator rkk",
    "POST /staff/platforms/<platform_id>/remove": "operator rkk",
    "POST /staff/platforms/<platform_id>/settings": "operator rkk",
    "GET /staff/platforms/<platform_id>/update/accept": "operator rkk",
    "POST /staff/platforms/<platform_id>/update/accept": "operator rkk",
    "POST /staff/platforms/<platform_id>/update/decline": "operator rkk",
    "GET /staff/audit": "operator rkk",
    "POST /staff/audit/export": "operator rkk",
    "GET /staff/keys": "operator",
    "GET /staff/keys/<kid>/revoke": "operator",
    "POST /staff/keys/<kid>/revoke": "operator",
    "POST /staff/keys/rotate": "operator",
    "GET /staff/roles": "operator rkk",
    "POST /staff/roles": "operator rkk",
    "POST /staff/roles/<grant_id>/link": "operator",
    "GET /staff/roles/<grant_id>/revoke": "operator rkk",
    "POST /staff/roles/<grant_id>/revoke": "operator rkk",
    "GET /staff/roles/new": "operator rkk",
    "POST /staff/roles/new": "operator rkk",
    "POST /staff/sign-ins": "operator",
    "GET /staff/sources": "contact operator rkk",
    "GET /staff/sources/new": "operator rkk",
    "POST /staff/sources/new": "operator rkk",
    "GET /staff/sources/<source_id>": "contact operator rkk",
    "GET /staff/sources/<source_id>/changes": "contact operator rkk",
    "POST /staff/sources/<source_id>/configure": "operator rkk",
    "POST /staff/sources/<source_id>/file": "operator rkk",
    "POST /staff/sources/<source_id>/pause": "operator rkk",
    "POST /staff/sources/<source_id>/preview": "operator rkk",
    "POST /staff/sources/<source_id>/reconsider": "operator rkk",
    "GET /staff/sources/<source_id>/remove": "operator rkk",
    "POST /staff/sources/<source_id>/remove": "operator rkk",
    "POST /staff/sources/<source_id>/resume": "operator rkk",
    "POST /staff/sources/<source_id>/run": "operator rkk",
    "POST /staff/sources/<source_id>/runs/<run_id>/approve": "operator rkk",
    "POST /staff/sources/<source_id>/runs/<run_id>/reject": "operator rkk",
    "POST /staff/sources/<source_id>/take-in": "operator rkk",
    "GET /staff/tokens": "operator rkk",
    "POST /staff/tokens": "operator rkk",
    "GET /staff/tokens/<token_id>/revoke": "operator rkk",
    "POST /staff/tokens/<token_id>/revoke": "operator rkk",
    "GET /staff/why": "operator rkk",
    "POST /staff/why": "operator rkk",
    "GET /staff/sign-ins": "staff",
    "POST /staff/sign-ins/<sign_in_id>/end": "staff",
    "POST /staff/sign-ins/end-others": "staff",
    "GET /static/<of_build>/<path:name>": "public",
}
"""Method and route → its audience. `staff` is every role; who is not named gets 403, who is not signed in 401."""

OPEN = ("public", "platform")
OWN = ("launch", "picker", "attempt", "preview", "preview-token", "scim")
"""What no role opens."""

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
