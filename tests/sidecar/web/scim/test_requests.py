"""The SCIM endpoint: requests in the shapes of RFC 7644 and of Entra ID's documentation."""

import json

import pytest
from sqlalchemy import select

from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Person
from sidecar.core.scim_resources import ENTERPRISE, ScimResource
from sidecar.runtime import Sidecar
from tests.conftest import PUBLIC_URL
from tests.fakes.clock import FakeClock
from tests.fakes.entra import Entra, group, said, user
from tests.sidecar.web.scim.conftest import count, employments

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


def test_a_user_becomes_an_employee(entra: Entra, sidecar: Sidecar, rollag: Municipality) -> None:
    """RFC 7644 §3.3: 201, the resource, its address."""
    response = entra.ask("POST", "/Users", user("Kari Nordmann", "1001"), 201)
    made = said(response)
    assert response.headers["Location"] == made["meta"]["location"] == f"{PUBLIC_URL}/scim/v2/Users/{made['id']}"
    assert response.headers["ETag"] == made["meta"]["version"] == 'W/"1"'
    assert (made["userName"], made["active"], made["meta"]["resourceType"]) == ("Kari@rollag.example", True, "User")
    kept = employments(sidecar)["1001"]
    assert (kept.municipality_id, kept.unit, kept.position, kept.ended_on) == (
        rollag.id,
        "Sykehjemmet",
        "Sykepleier",
        None,
    )
    with sidecar.reading() as db:
        person = db.get_one(Person, kept.person_id)
        assert (person.first_name, person.last_name, person.email) == ("Kari", "Nordmann", "kari@rollag.example")


def test_a_user_without_an_employee_number_is_kept_and_employs_nobody(entra: Entra, sidecar: Sidecar) -> None:
    made = entra.create(user("Kari Nordmann"))
    assert employments(sidecar) == {}
    number = {"op": "Add", "path": f"{ENTERPRISE}:employeeNumber", "value": "1001"}
    entra.patch(f"/Users/{made['id']}", number)
    assert set(employments(sidecar)) == {"1001"}


def test_only_what_is_needed_is_kept(entra: Entra, sidecar: Sidecar) -> None:
    secret = {"phoneNumbers": [{"value": "99999999"}], "addresses": [{"locality": "Hemmelig"}], "password": "hunter2"}
    made = entra.create(user("Kari Nordmann", "1001", **secret))
    assert not secret.keys() & entra.get(f"/Users/{made['id']}").keys()
    with sidecar.reading() as db:
        assert "Hemmelig" not in json.dumps(db.scalars(select(ScimResource.body)).all())


def test_a_user_is_read_again(entra: Entra) -> None:
    """RFC 7644 §3.4.1, and 304 where nothing has changed (§3.14)."""
    made = entra.create(user("Kari Nordmann", "1001"))
    assert entra.get(f"/Users/{made['id']}") == made
    assert entra.ask("GET", f"/Users/{made['id']}", status=304, If_None_Match='W/"1"').data == b""
    assert entra.get(f"/Users/{made['id']}?attributes=userName").keys() == {"schemas", "id", "userName"}
    assert "name" not in entra.get(f"/Users/{made['id']}?excludedAttributes=name,title")


def test_users_are_found_by_what_entra_asks(entra: Entra) -> None:
    """RFC 7644 §3.4.2.2; userName is compared without case (RFC 7643 §4.1.1)."""
    boss, kari = entra.create(user("Liv Leder", "1")), entra.create(user("Kari Nordmann", "1001"))
    entra.patch(f"/Users/{kari['id']}", {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": boss["id"]})
    entra.deactivate(boss["id"])
    for text in (
        'userName eq "KARI@rollag.EXAMPLE"',
        'externalId eq "kari"',
        f'id eq "{kari["id"]}"',
        "active eq true",
        'active eq "True" and userName eq "kari@rollag.example"',
        f'id eq "{kari["id"]}" and manager eq "{boss["id"]}"',
    ):
        found = entra.find(text)
        assert [one["id"] for one in found["Resources"]] == [kari["id"]], text
        assert (found["totalResults"], found["schemas"]) == (1, [LIST])
    for text in ('userName eq "nobody"', 'externalId eq "KARI"', f'id eq "{kari["id"]}" and manager eq "x"'):
        assert entra.find(text) | {"schemas": 0} == {
            "schemas": 0,
            "totalResults": 0,
            "startIndex": 1,
            "itemsPerPage": 0,
            "Resources": [],
        }


@pytest.mark.parametrize(
    "text",
    ['displayName eq "x"', 'manager eq "x"', "userName eq true", 'active eq "x"', "(" * 900, 'userName co "k"', "%00"],
)
def test_other_filters_are_refused(entra: Entra, text: str) -> None:
    """RFC 7644 §3.12: invalidFilter."""
    refusal = entra.find(text, status=400)
    assert (refusal["scimType"], refusal["status"]) == ("invalidFilter", "400")


def test_a_list_comes_in_pages(entra: Entra, clock: FakeClock) -> None:
    """RFC 7644 §3.4.2.4: a start below 1 is 1, a count below 0 is 0, and the total counts all."""
    for number in range(5):
        entra.create(user(f"Navn{number} Etternavn", str(number)))
        clock.advance(seconds=1)
    first = entra.get("/Users?startIndex=1&count=2")
    assert (first["totalResults"], first["itemsPerPage"], first["startIndex"]) == (5, 2, 1)
    last = entra.get("/Users?startIndex=5&count=2")
    assert [one["name"]["givenName"] for one in last["Resources"]] == ["Navn4"]
    assert entra.get("/Users?startIndex=-3&count=-1")["itemsPerPage"] == 0
    assert entra.get("/Users?startIndex=99")["Resources"] == []
    assert entra.get("/Users?count=999999999")["itemsPerPage"] == 5
    for query in ("count=x", "startIndex=1e9", "count=9999999999999999999", "count=²", "startIndex=--1"):
        assert entra.get(f"/Users?{query}", 400)["scimType"] == "invalidValue"


def test_a_user_is_replaced(entra: Entra, sidecar: Sidecar) -> None:
    """RFC 7644 §3.5.1: what is left out is gone; id and meta are ours."""
    made = entra.create(user("Kari Nordmann", "1001"))
    body = user("Kari Hansen", "1001", userName="Kari@rollag.example", id="0" * 32)
    del body["title"]
    changed = said(entra.ask("PUT", f"/Users/{made['id']}", body))
    assert (changed["id"], changed["name"]["familyName"], "title" in changed) == (made["id"], "Hansen", False)
    assert changed["meta"]["version"] == 'W/"2"'
    kept = employments(sidecar)["1001"]
    assert kept.position == ""
    with sidecar.reading() as db:
        assert db.get_one(Person, kept.person_id).last_name == "Hansen"


def test_what_changes_nothing_is_no_new_version(entra: Entra) -> None:
    made = entra.create(user("Kari Nordmann", "1001"))
    again = entra.patch(f"/Users/{made['id']}", {"op": "Replace", "path": "title", "value": "Sykepleier"})
    assert again == made


def test_deactivating_ends_the_employment_and_activating_begins_it_again(entra: Entra, sidecar: Sidecar) -> None:
    """RFC 7644 §3.5.2 with Entra ID's "False" as text."""
    made = entra.create(user("Kari Nordmann", "1001"))
    entra.create(user("Ola Nordmann", "1002"))
    assert entra.deactivate(made["id"])["active"] is False
    assert employments(sidecar)["1001"].ended_on == sidecar.today()
    assert entra.get(f"/Users/{made['id']}")["active"] is False
    entra.patch(f"/Users/{made['id']}", {"op": "Replace", "value": {"active": "True"}})
    kept = employments(sidecar)
    assert (kept["1001"].ended_on, len(kept)) == (None, 2)


def test_deleting_ends_the_employment_and_forgets_the_user(entra: Entra, sidecar: Sidecar) -> None:
    """RFC 7644 §3.6: 204, then 404; the employment stays known."""
    made, other = entra.create(user("Kari Nordmann", "1001")), entra.create(user("Ola Nordmann", "1002"))
    crew = entra.create(group("Alle", made["id"], other["id"]), kind="Groups")
    entra.ask("DELETE", f"/Users/{made['id']}", status=204)
    assert entra.get(f"/Users/{made['id']}", 404)["status"] == "404"
    assert entra.get(f"/Groups/{crew['id']}")["members"] == [{"value": other["id"]}]
    assert employments(sidecar)["1001"].ended_on == sidecar.today()
    entra.create(user("Kari Nordmann", "1001"))
    assert (employments(sidecar)["1001"].ended_on, count(sidecar, Person)) == (None, 2)


def test_another_employee_number_is_another_employment(entra: Entra, sidecar: Sidecar) -> None:
    made = entra.create(user("Kari Nordmann", "1001"))
    entra.create(user("Ola Nordmann", "1002"))
    entra.patch(f"/Users/{made['id']}", {"op": "Replace", "path": f"{ENTERPRISE}:employeeNumber", "value": "2001"})
    kept = employments(sidecar)
    assert (kept["1001"].ended_on, kept["2001"].ended_on) == (sidecar.today(), None)


def test_the_manager_is_known_by_their_number(entra: Entra, sidecar: Sidecar) -> None:
    boss = entra.create(user("Liv Leder", "1"))
    made = entra.create(user("Kari Nordmann", "1001"))
    entra.patch(f"/Users/{made['id']}", {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": boss["id"]})
    assert employments(sidecar)["1001"].manager_number == "1"


def test_what_another_source_keeps_is_not_ended(entra: Entra, sidecar: Sidecar, rollag: Municipality) -> None:
    made = entra.create(user("Kari Nordmann", "1001"))
    with sidecar.transaction() as db:
        db.scalars(select(Employment)).one().source_id = None
    entra.deactivate(made["id"])
    assert employments(sidecar)["1001"].ended_on is None


def test_an_older_version_is_not_changed(entra: Entra) -> None:
    """RFC 7644 §3.14: 412 where the version that the client has read is not the newest."""
    made = entra.create(user("Kari Nordmann", "1001"))
    path = f"/Users/{made['id']}"
    entra.deactivate(made["id"])
    for method, body in (("PUT", user("Kari Nordmann", "1001")), ("PATCH", {"Operations": []}), ("DELETE", None)):
        entra.ask(method, path, body, 412, If_Match='W/"1"')
    entra.ask("DELETE", path, status=204, If_Match='W/"1", W/"2"')
    other = entra.create(user("Ola Nordmann", "1002"))
    entra.ask("DELETE", f"/Users/{other['id']}", status=204, If_Match="*")


def test_groups_have_users_as_members(entra: Entra) -> None:
    """RFC 7643 §4.2; Entra ID reads a group without its members."""
    made, other = entra.create(user("Kari Nordmann", "1001")), entra.create(user("Ola Nordmann", "1002"))
    crew = entra.create(group("Alle"), kind="Groups")
    path = f"/Groups/{crew['id']}"
    entra.patch(path, {"op": "Add", "path": "members", "value": [{"value": made["id"]}, {"value": other["id"]}]})
    assert len(entra.get(path)["members"]) == 2
    assert "members" not in entra.get(f"{path}?excludedAttributes=members")
    assert entra.find('displayName eq "ALLE"', "Groups", excludedAttributes="members")["totalResults"] == 1
    assert entra.find(f'id eq "{crew["id"]}" and members eq "{made["id"]}"', "Groups")["totalResults"] == 1
    entra.patch(path, {"op": "Remove", "path": "members", "value": [{"value": made["id"]}]})
    assert entra.find(f'id eq "{crew["id"]}" and members eq "{made["id"]}"', "Groups")["totalResults"] == 0
    assert entra.create(group("alle"), 409, "Groups")["scimType"] == "uniqueness"
    entra.ask("DELETE", path, status=204)
    entra.get(path, 404)


def test_the_service_tells_what_it_can_do(entra: Entra) -> None:
    """RFC 7644 §4."""
    service = entra.get("/ServiceProviderConfig")
    assert (service["patch"], service["etag"], service["bulk"]["supported"]) == (
        {"supported": True},
        {"supported": True},
        False,
    )
    types = {one["id"]: one for one in entra.get("/ResourceTypes")["Resources"]}
    assert (types["User"]["endpoint"], types["Group"]["endpoint"]) == ("/Users", "/Groups")
    assert entra.get("/ResourceTypes/User") == types["User"]
    schemas = {one["id"]: one for one in entra.get("/Schemas")["Resources"]}
    assert ENTERPRISE in schemas
    for key, schema in schemas.items():
        assert entra.get(f"/Schemas/{key}") == schema
    entra.get("/Schemas/urn:nothing", 404)
    entra.get("/ResourceTypes/Nothing", 404)
