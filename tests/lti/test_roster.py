"""Rosters are read as the standard has them and as Moodle writes them; junk is refused or left out."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from lti.errors import ServiceUnreachable
from lti.fetching import Response
from lti.roster import Member, first_page_url, read_members_page, walk_members
from lti.service_errors import AnswerNotJson, PagesLoop
from tests.fakes.platform import FakePlatform
from tests.lti.recordings import read_recording

URL = "https://lms.example/memberships"
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"


def read(body: object, headers: Mapping[str, str] | None = None) -> tuple[Member, ...]:
    platform = FakePlatform()
    platform.answers["/memberships"] = Response(200, headers or {}, json.dumps(body).encode())
    return read_members_page(platform.fetch, "token-1", URL).items


def read_one(**member: object) -> Member:
    return read({"members": [{"user_id": "7", "roles": ["Learner"]} | member]})[0]


@pytest.mark.parametrize("name", ["lti_nrps_limit5", "lti_nrps_rlid"])
def test_moodles_page_is_read(name: str) -> None:
    recording = read_recording(name)
    platform = FakePlatform("https://moodle.example")
    path = "/mod/lti/services.php/CourseSection/5/bindings/1/memberships"
    link = {"link": recording["headers"]["Link"]}
    platform.answers[path] = Response(200, link, json.dumps(recording["json"]).encode())
    page = read_members_page(platform.fetch, "token-1", recording["url"])
    assert page.items[0] == Member(
        "19", "Active", ("Learner",), "EMP00017", "Lars Bakken", "u017@kongsberg.example.invalid"
    )
    assert all(member.is_learner for member in page.items)
    assert page.next_url == recording["headers"]["Link"].split("<")[1].split(">")[0]
    asked = platform.requests[-1].headers
    assert asked["Accept"] == "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
    assert asked["Authorization"] == "Bearer token-1"


def test_the_first_page_is_asked_for_with_filters() -> None:
    assert (
        first_page_url(f"{URL}?a=1", role="Learner", limit=3, link_id="8") == f"{URL}?a=1&role=Learner&limit=3&rlid=8"
    )
    assert first_page_url(URL) == URL


ROLES: dict[str, bool] = {
    "Learner": True,
    LEARNER: True,
    "http://purl.imsglobal.org/vocab/lis/v2/membership/Learner#GuestLearner": True,
    "urn:lti:role:ims/lis/Learner": True,
    "Instructor": False,
    "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor": False,
    "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Learner": False,
    "learner-of-nothing": False,
}


@pytest.mark.parametrize("role", ROLES)
def test_a_learner_is_known_by_short_and_full_names(role: str) -> None:
    assert read_one(roles=[role]).is_learner is ROLES[role]
    assert read_one(roles=["Instructor", role]).is_learner is ROLES[role]


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({}, "Active"),
        ({"status": "Inactive"}, "Inactive"),
        ({"status": "Deleted"}, "Deleted"),
        ({"status": 5}, "Inactive"),
    ],
)
def test_a_member_without_a_status_is_active(told: dict[str, object], status: str) -> None:
    assert read_one(**told).status == status


def test_a_name_is_put_together_where_it_comes_in_parts() -> None:
    assert read_one(given_name=" Lars ", family_name="Bakken\n").name == "Lars Bakken"


@pytest.mark.parametrize("junk", [5, ["x"], "x" * 500, "a\x00b", "", {}, "\ud800"], ids=range(7))
def test_what_is_no_text_or_too_long_is_left_out(junk: object) -> None:
    member = read_one(name=junk, email=junk, lis_person_sourcedid=junk)
    assert (member.name, member.email, member.person_sourcedid) == (None, None, None)


def test_a_variable_that_was_not_filled_in_is_left_out() -> None:
    assert read_one(lis_person_sourcedid="$Person.sourcedId").person_sourcedid is None


@pytest.mark.parametrize("roles", [None, "Learner", [5, None, "", "x" * 300, "a\nb"], {}], ids=range(4))
def test_roles_of_another_shape_are_none(roles: object) -> None:
    assert read_one(roles=roles).roles == ()


JUNK: list[Any] = [None, [], 5, "x", {}, {"members": None}, {"members": {}}, {"members": [5]}, {"members": [{}]}]
JUNK += [{"members": [{"user_id": value}]} for value in (5, "", "x" * 256, None, "a\nb", "\ud800")]


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_a_page_without_members_or_their_ids_is_refused(junk: object) -> None:
    with pytest.raises(ServiceUnreachable) as caught:
        read(junk)
    assert caught.value.reason == "answer-malformed"


def test_a_web_page_is_no_roster() -> None:
    platform = FakePlatform()
    platform.answers["/memberships"] = Response(200, {"content-type": "text/html"}, b"<!DOCTYPE html><html>")
    with pytest.raises(AnswerNotJson):
        read_members_page(platform.fetch, "token-1", URL)


def test_a_roster_whose_pages_loop() -> None:
    platform = FakePlatform()
    body = json.dumps({"members": [{"user_id": "7"}]}).encode()
    platform.answers["/memberships"] = Response(200, {"link": f'<{URL}?from=1>; rel="next"'}, body)
    pages = walk_members(URL, lambda url: read_members_page(platform.fetch, "token-1", url))
    with pytest.raises(PagesLoop):
        list(pages)
    assert len(platform.requests) == 2


def test_a_member_prints_no_person() -> None:
    printed = repr(read_one(name="Lars Bakken", email="lars@example.invalid", lis_person_sourcedid="EMP1"))
    assert not [word for word in ("Lars", "lars", "EMP1", "'7'") if word in printed]
