"""What the SCIM endpoint refuses, whom it tells nothing, and what it never tells."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from flask import Flask
from limits import RateLimitItemPerMinute
from sqlalchemy import select

from sidecar.core import api_tokens
from sidecar.core.access import operator_at_the_console
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment
from sidecar.core.scim_resources import ENTERPRISE, ScimResource
from sidecar.runtime import Sidecar
from sidecar.sync import people_intake
from sidecar.web import limits
from tests.fakes.clock import FakeClock
from tests.fakes.entra import TYPE, Entra, group, said, user
from tests.sidecar.web.scim.conftest import count, employments, token_of

NOBODY = "0" * 32

TAKEN = ["Kari@rollag.example", "KARI@ROLLAG.EXAMPLE", "Ｋari@rollag.example", " kari@rollag.example "]


@pytest.mark.parametrize("name", TAKEN)
def test_a_user_name_is_taken_once(entra: Entra, sidecar: Sidecar, name: str) -> None:
    """RFC 7644 §3.3: 409 uniqueness, also for a name that only looks different."""
    entra.create(user("Kari Nordmann", "1001"))
    refusal = entra.create(user("Other Person", "1002", userName=name), 409)
    assert (refusal["scimType"], refusal["status"]) == ("uniqueness", "409")
    assert "kari" not in refusal["detail"].casefold()
    assert count(sidecar, ScimResource) == 1


def test_an_employee_number_is_taken_once(entra: Entra, sidecar: Sidecar) -> None:
    entra.create(user("Kari Nordmann", "1001"))
    other = entra.create(user("Ola Nordmann", "1002"))
    assert entra.create(user("Third Person", "1001"), 409)["scimType"] == "uniqueness"
    number = {"op": "Replace", "path": f"{ENTERPRISE}:employeeNumber", "value": "1001"}
    entra.patch(f"/Users/{other['id']}", number, status=409)
    assert (len(employments(sidecar)), count(sidecar, ScimResource)) == (2, 2)


@pytest.mark.parametrize("field", ["userName", "externalId", "employeeNumber"])
def test_no_national_identity_number_comes_in(entra: Entra, sidecar: Sidecar, field: str) -> None:
    body = user("Kari Nordmann", "15108695088" if field == "employeeNumber" else "1001")
    if field != "employeeNumber":
        body[field] = "15108695088"
    refusal = entra.create(body, 400)
    assert (refusal["scimType"], "15108695088" in refusal["detail"]) == ("invalidValue", False)
    assert count(sidecar, ScimResource) == 0


def test_what_is_another_municipality_s_is_not_there(entra: Entra, stranger: Entra, sidecar: Sidecar) -> None:
    theirs = entra.create(user("Kari Nordmann", "1001"))
    crew = entra.create(group("Alle", theirs["id"]), kind="Groups")
    for kind, key in (("Users", theirs["id"]), ("Groups", crew["id"])):
        stranger.get(f"/{kind}/{key}", 404)
        stranger.ask("PUT", f"/{kind}/{key}", user("X Y") | {"displayName": "X"}, 404)
        stranger.patch(f"/{kind}/{key}", {"op": "replace", "path": "displayName", "value": "X"}, status=404)
        stranger.ask("DELETE", f"/{kind}/{key}", status=404)
    assert stranger.get("/Users")["totalResults"] == stranger.find(f'id eq "{theirs["id"]}"')["totalResults"] == 0
    assert stranger.create(group("Vi", theirs["id"]), 400, "Groups")["scimType"] == "invalidValue"
    stranger.create(user("Kari Nordmann", "1001"))
    assert count(sidecar, Employment) == 2
    entra.get(f"/Groups/{theirs['id']}", 404)


REFUSED_BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"userName": NaN}',
    b"{}",
    b'{"userName": ""}',
    b'{"userName": ["x"]}',
    b'{"userName": "x\\u0000y"}',
    b'{"userName": "\\ud800"}',
    b'{"userName": "kari\\u202e"}',
    b'{"userName": "kari\\u200b"}',
    b'{"userName": true}',
    b'{"userName": "x", "emails": 7}',
    b'{"userName": "x", "name": []}'.replace(b"[]", b"[1]"),
    b'{"userName": "x", "active": 1}',
    b'{"userName": "' + "\u00df".encode() * 200 + b'"}',
]


@pytest.mark.parametrize("body", REFUSED_BODIES, ids=lambda body: repr(body[:40]))
def test_what_is_no_user_is_refused(entra: Entra, sidecar: Sidecar, body: bytes) -> None:
    """RFC 7644 §3.12; a name that grows beyond what can be kept is refused too."""
    refusal = said(entra.ask("POST", "/Users", body, 400))
    assert refusal["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert refusal["scimType"] in ("invalidSyntax", "invalidValue")
    assert count(sidecar, ScimResource) == 0


def test_other_kinds_of_requests_are_refused_in_scim_s_words(entra: Entra) -> None:
    entra.ask("POST", "/Users", b"a=b", 415, Content_Type="text/plain")
    entra.ask("POST", "/Users", b" " * (3 * 1024 * 1024), 413)
    for method, path, status in (("GET", "/Bulk", 404), ("POST", "/ServiceProviderConfig", 405), ("GET", "/Me", 404)):
        assert said(entra.ask(method, path, None, status))["status"] == str(status)
    for key in ("x", "%00", "..%2f", "0" * 31, "0" * 33, "A" * 32):
        entra.ask("GET", f"/Users/{key}", status=404)


def test_a_patch_bomb_is_refused(entra: Entra) -> None:
    made = entra.create(user("Kari Nordmann", "1001"))
    bomb = [{"op": "add", "path": "title", "value": "x"}] * 5_000
    assert entra.patch(f"/Users/{made['id']}", *bomb, status=413)["status"] == "413"


@pytest.mark.parametrize("token", ["", "x", "sidecar-scim-", "æ", "Basic"])
def test_without_the_right_token_nothing_is_told(app: Flask, entra: Entra, token: str) -> None:
    """RFC 7644 §2, RFC 6750 §3: 401 with WWW-Authenticate."""
    made = entra.create(user("Kari Nordmann", "1001"))
    for path in ("/Users", f"/Users/{made['id']}", "/ServiceProviderConfig", f"/Users/{NOBODY}"):
        response = Entra(app.test_client(), token).ask("GET", path, status=401)
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert said(response)["status"] == "401"


def test_a_token_in_a_body_or_query_counts_for_nothing(app: Flask, entra: Entra) -> None:
    response = app.test_client().post(f"/scim/v2/Users?access_token={entra.token}", json={"token": entra.token})
    assert response.status_code == 401


def test_a_token_ends(entra: Entra, app: Flask, sidecar: Sidecar, rollag: Municipality, clock: FakeClock) -> None:
    short = Entra(app.test_client(), token_of(sidecar, rollag, days=1))
    short.get("/Users")
    clock.advance(days=1)
    short.get("/Users", 401)
    with sidecar.transaction() as db:
        lines = api_tokens.list_tokens(db, operator_at_the_console(), clock())
        (line,) = [one for one in lines if one.state == "valid"]
        api_tokens.revoke(db, operator_at_the_console(), line.row.id, clock())
    entra.get("/Users", 401)


def test_the_last_use_of_a_token_is_known(entra: Entra, sidecar: Sidecar, clock: FakeClock) -> None:
    entra.get("/Users")
    first = clock()
    clock.advance(minutes=1)
    entra.get("/Users")
    with sidecar.reading() as db:
        (line,) = api_tokens.list_tokens(db, operator_at_the_console(), clock())
        assert line.row.last_used_at == first
    clock.advance(minutes=5)
    entra.get("/Users")
    with sidecar.reading() as db:
        (line,) = api_tokens.list_tokens(db, operator_at_the_console(), clock())
        assert line.row.last_used_at == first + timedelta(minutes=6)


def test_a_token_is_kept_as_a_hash_only(entra: Entra, sidecar: Sidecar) -> None:
    with sidecar.reading() as db:
        (token,) = db.scalars(select(api_tokens.ApiToken)).all()
        assert entra.token not in repr(token.__dict__)
        assert token.hint == entra.token[-4:]


def test_the_log_names_nobody(entra: Entra, log_lines: StringIO) -> None:
    made = entra.create(user("Kari Nordmann", "1001"))
    entra.find('userName eq "Kari@rollag.example"')
    entra.deactivate(made["id"])
    entra.create(user("Kari Nordmann", "1001"), 409)
    logged = log_lines.getvalue()
    assert "/scim/v2/Users" in logged
    assert not [word for word in ("Kari", "kari", "Nordmann", "1001", entra.token) if word in logged]


def test_who_is_killed_in_the_middle_has_changed_nothing(
    entra: Entra, sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = entra.create(user("Kari Nordmann", "1001"))

    def die(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(people_intake, "apply_records", die)
        for method, path, body in (
            ("POST", "/Users", user("Ola Nordmann", "1002")),
            ("PUT", f"/Users/{made['id']}", user("Kari Hansen", "1001")),
        ):
            with pytest.raises(KeyboardInterrupt):
                entra.ask(method, path, body)
    assert entra.get("/Users")["Resources"] == [made]
    assert set(employments(sidecar)) == {"1001"}
    entra.create(user("Ola Nordmann", "1002"))


def test_what_one_token_may_ask_is_bounded(entra: Entra, stranger: Entra, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SCIM_REQUESTS", RateLimitItemPerMinute(3, namespace="scim-test"))
    for _ in range(3):
        entra.get("/Users")
    response = entra.ask("GET", "/Users", status=429)
    assert response.headers["Retry-After"] == "60"
    assert said(response)["status"] == "429"
    stranger.get("/Users")


def test_guesses_of_tokens_are_bounded_by_address_and_the_right_one_is_not(entra: Entra) -> None:
    here = {"environ_base": {"REMOTE_ADDR": "203.0.113.9"}}
    statuses = [
        entra.client.get("/scim/v2/Users", headers={"Authorization": f"Bearer guess-{number}"}, **here).status_code
        for number in range(70)
    ]
    assert (statuses[0], statuses[-1]) == (401, 429)
    right = entra.client.get("/scim/v2/Users", headers={"Authorization": f"Bearer {entra.token}"}, **here)
    assert right.status_code == 200


def test_two_who_take_the_same_name_at_once_do_not_both_get_it(entra: Entra, sidecar: Sidecar) -> None:
    clients = [Entra(entra.client.application.test_client(), entra.token) for _ in range(4)]

    def create(client: Entra) -> int:
        body = json.dumps(user("Kari Nordmann", "1001"))
        headers = {"Authorization": f"Bearer {client.token}"}
        return client.client.post("/scim/v2/Users", data=body, headers=headers, content_type=TYPE).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(create, clients))
    assert statuses == [201, 409, 409, 409]
    assert (count(sidecar, ScimResource), count(sidecar, Employment)) == (1, 1)
