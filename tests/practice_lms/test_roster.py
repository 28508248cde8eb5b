"""Test the roster service: Moodle's pages and short roles, its forgotten filter, and differences where they are on."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from practice_lms.app import create_app, lms_of
from practice_lms.claims import NRPS, build_claims
from practice_lms.config import Config
from practice_lms.state import Launch, Lms
from tests.practice_lms.conftest import LEARNER, TEACHER, Tool, get_token

MEMBERS = "/mod/lti/services.php/CourseSection/5/bindings/1/memberships"
MEMBERS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"


def bearer_of(lms: Lms) -> str:
    return lms.issue_token(frozenset({SCOPE}))


def read(client: FlaskClient, lms: Lms, query: str = "", accept: str = MEMBERS_TYPE) -> TestResponse:
    headers = {"Authorization": f"Bearer {bearer_of(lms)}", "Accept": accept}
    return client.get(f"{MEMBERS}{query}", headers=headers)


def ids(answer: TestResponse) -> list[str]:
    body: dict[str, Any] = answer.get_json(force=True)
    return [member["user_id"] for member in body["members"]]


def test_a_launch_says_where_the_roster_is(lms: Lms, config: Config) -> None:
    claim = build_claims(lms, Launch(LEARNER, "1", "iframe"), "nonce")[f"{NRPS}claim/namesroleservice"]
    assert claim == {
        "context_memberships_url": f"{config.services}{MEMBERS}",
        "service_versions": ["1.0", "2.0"],
    }


def test_a_member_is_told_of_as_moodle_does(client: FlaskClient, lms: Lms) -> None:
    answer = read(client, lms)
    member = answer.get_json(force=True)["members"][0]
    assert answer.content_type.startswith(MEMBERS_TYPE)
    assert (member["status"], member["roles"], member["user_id"]) == ("Active", ["Learner"], LEARNER)
    assert member["lis_person_sourcedid"]
    assert "Link" not in answer.headers


def test_pages_follow_one_another(client: FlaskClient, lms: Lms) -> None:
    everybody, found, query = ids(read(client, lms)), [], "?limit=10"
    for _ in range(3):
        answer = read(client, lms, query)
        found += ids(answer)
        query = "?" + answer.headers.get("Link", "?>").partition("?")[2].partition(">")[0]
    assert found == everybody
    assert len(everybody) == 22


def test_a_role_is_asked_for_short_or_in_full_and_the_next_page_forgets_it(client: FlaskClient, lms: Lms) -> None:
    for role in ("Instructor", "http://purl.imsglobal.org/vocab/lis/v2/membership%23Instructor"):
        assert ids(read(client, lms, f"?role={role}")) == [TEACHER]
    assert "role" not in read(client, lms, "?role=Learner&limit=3&rlid=1").headers["Link"]


def test_a_roster_of_pages_as_large_as_the_lms_wants() -> None:
    app = create_app(Config(roster_page_size=8))
    answer = read(app.test_client(), lms_of(app), "?limit=500")
    assert len(ids(answer)) == 8
    assert "limit=8" in answer.headers["Link"]


def test_differences_tell_who_has_come_and_gone() -> None:
    app = create_app(Config(roster_differences=True))
    lms, client = lms_of(app), app.test_client()
    link = read(client, lms).headers["Link"]
    assert 'rel="differences"' in link
    lms.enrol(LEARNER, is_in=False)
    query = "?" + link.partition("?")[2].partition(">")[0]
    answer = read(client, lms, query)
    assert [(one["user_id"], one["status"]) for one in answer.get_json(force=True)["members"]] == [(LEARNER, "Deleted")]
    assert LEARNER not in ids(read(client, lms))
    lms.enrol(LEARNER, is_in=True)
    again = "?" + answer.headers["Link"].partition("?")[2].partition(">")[0]
    assert ids(read(client, lms, again)) == [LEARNER]


def test_what_is_asked_for_wrongly_is_refused(client: FlaskClient, lms: Lms) -> None:
    assert read(client, lms, accept="application/json").status_code == 400
    headers = {"Authorization": f"Bearer {lms.issue_token(frozenset({'scope/score'}))}", "Accept": MEMBERS_TYPE}
    assert client.get(MEMBERS, headers=headers).status_code == 403
    assert client.get(MEMBERS, headers={"Accept": MEMBERS_TYPE}).status_code == 401


def test_an_lms_without_rosters_says_nothing_of_them() -> None:
    app = create_app(Config(has_roster=False))
    lms = lms_of(app)
    assert f"{NRPS}claim/namesroleservice" not in build_claims(lms, Launch(LEARNER, "1", "iframe"), "nonce")
    assert read(app.test_client(), lms).status_code == 404


def test_a_token_for_the_roster_is_granted(client: FlaskClient, config: Config, tool: Tool) -> None:
    answer = get_token(client, tool.sign(config), scope=SCOPE)
    assert answer.get_json(force=True)["scope"] == SCOPE


LINE_ITEMS = "/mod/lti/services.php/5/lineitems"
AGS_SCOPES = "https://purl.imsglobal.org/spec/lti-ags/scope/"


@pytest.mark.parametrize("like_moodle", [True, False])
def test_columns_and_results_come_in_pages(like_moodle: bool) -> None:
    app = create_app(Config(pages_like_moodle=like_moodle))
    client, lms = app.test_client(), lms_of(app)
    token = lms.issue_token(frozenset({f"{AGS_SCOPES}lineitem", f"{AGS_SCOPES}result.readonly"}))
    items = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.ims.lis.v2.lineitemcontainer+json"}
    answer = client.get(f"{LINE_ITEMS}?type_id=1&limit=1", headers=items)
    assert len(answer.get_json(force=True)) == 1
    assert ("&amp;" in answer.headers["Link"]) is like_moodle
    assert ('rel="next"' in answer.headers["Link"]) is not like_moodle
    results = items | {"Accept": "application/vnd.ims.lis.v2.resultcontainer+json"}
    broken = client.get(f"{LINE_ITEMS}/11/lineitem/results?limit=2", headers=results)
    assert (broken.status_code == 404) is like_moodle
