"""The pages of a connection's test and of failed launches: who sees what, and what they say."""

import pytest
from flask import Flask
from limits import RateLimitItemPerMinute
from sqlalchemy import delete, select

from lti.fetching import Response
from sidecar.core.access_log import Look
from sidecar.core.launches import FailedLaunch, record_failure
from sidecar.core.platforms import Platform, PlatformMunicipality
from sidecar.core.regions import Region, RegionMembership, join
from sidecar.runtime import Sidecar
from sidecar.web import limits
from tests.fakes.lms import RegisteredLms
from tests.fakes.open_lms import OpenLms
from tests.fakes.worker import perform_due
from tests.sidecar.web.checked import register_open
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.town import Town

CLAIMS = [{"name": "iss", "value": "https://lms.example"}, {"name": "sub", "kind": "text", "size": "4"}]


@pytest.fixture
def lms(sidecar: Sidecar, app: Flask, town: Town, monkeypatch: pytest.MonkeyPatch) -> RegisteredLms:
    assert town.course
    return register_open(sidecar, app, monkeypatch)


def look_after(sidecar: Sidecar, platform_id: str) -> None:
    """Let the region's office look after an LMS."""
    with sidecar.transaction() as db:
        db.get_one(Platform, platform_id).region_id = db.scalars(select(Region.id)).one()


def test_a_test_is_asked_for_and_shown(sidecar: Sidecar, lms: RegisteredLms, sign_in: SignIn) -> None:
    operator, path = sign_in("operator", name="Olga Operatør"), f"/staff/platforms/{lms.platform_id}/check"
    assert "Ingen har testet" in operator.get(path)
    assert operator.post(path) == path
    moving = operator.get(path)
    assert "blir testet" in moving
    assert 'hx-trigger="every 3s"' in moving
    assert "Se etter igjen" in moving  # and by a link, where there is no JavaScript
    perform_due(sidecar)
    page = operator.get(path)
    assert "av Olga Operatør" in page
    assert "Tilkoblingen virker, med merknader." in page
    assert "<code>token-granted</code>" in page
    assert "hx-trigger" not in page


def test_what_must_be_fixed_is_counted(sidecar: Sidecar, lms: RegisteredLms, sign_in: SignIn) -> None:
    assert isinstance(lms.platform, OpenLms)
    lms.platform.wrong["POST /token"] = Response(400, {}, b'{"error": "invalid_client"}')
    operator, path = sign_in("operator"), f"/staff/platforms/{lms.platform_id}/check"
    operator.post(path)
    perform_due(sidecar)
    page = operator.get(path)
    assert "1 ting må rettes." in page
    assert "Må rettes" in page


def test_the_office_of_the_region_sees_but_only_its_own_may_test(
    sidecar: Sidecar, lms: RegisteredLms, sign_in: SignIn
) -> None:
    rkk, path = sign_in("rkk", region="kongsbergregionen"), f"/staff/platforms/{lms.platform_id}/check"
    assert "<button" not in rkk.get(path).split("</h1>")[1].split("<footer")[0]
    rkk.post(path, status=403)
    rkk.post(f"{path}/dry", status=403)
    look_after(sidecar, lms.platform_id)
    rkk.post(path)
    assert "blir testet" in rkk.get(path)


def test_an_office_elsewhere_sees_nothing(sidecar: Sidecar, lms: RegisteredLms, town: Town, sign_in: SignIn) -> None:
    with sidecar.transaction() as db:
        join(db, "agder", town.rollag.id, sidecar.today())
        db.query(PlatformMunicipality).filter_by(municipality_id=town.rollag.id).delete()
        record_failure(db, "x", {}, reference="AAAAAAAA", platform_id=lms.platform_id, now=sidecar.now(), claims=CLAIMS)
        record_failure(db, "y", {}, reference="BBBBBBBB", platform_id=None, now=sidecar.now())
    agder = sign_in("rkk", name="Agnes Agder", region="agder")
    near = sign_in("rkk", name="Nora Nær", region="kongsbergregionen")
    path = f"/staff/platforms/{lms.platform_id}/check"
    agder.get(path, 404)
    agder.post(path, status=404)
    agder.post(f"{path}/dry", status=404)
    agder.get(f"{path}/dry", 404)
    agder.get("/staff/failures/AAAAAAAA", 404)
    assert "AAAAAAAA" not in agder.get("/staff/failures")
    assert "AAAAAAAA" in near.get("/staff/failures")
    near.get("/staff/failures/AAAAAAAA")
    near.get("/staff/failures/BBBBBBBB", 404)  # of no LMS: the operators' to see
    sign_in("operator", name="Olga Operatør").get("/staff/failures/BBBBBBBB")


def test_a_dry_launch_is_shown_and_the_look_written_down(
    sidecar: Sidecar, lms: RegisteredLms, town: Town, sign_in: SignIn
) -> None:
    operator, path = sign_in("operator"), f"/staff/platforms/{lms.platform_id}/check/dry"
    page = operator.post(path, {"course": town.course, "sourcedid": "rollag-1001"}, 200)
    assert "Kari Rollag, Rollag kommune" in page
    assert "fra installasjon 1: «" in page
    assert "på norsk bokmål." in page
    with sidecar.reading() as db:
        assert [(look.what, look.municipality_id) for look in db.scalars(select(Look))] == [
            ("dry-launch", town.rollag.id)
        ]
    hostile = operator.post(path, {"course": "<script>alert(1)</script>", "sourcedid": "x" * 9000}, 200)
    assert "<script>alert" not in hostile
    assert operator.client.get(path).headers["Location"] == path.removesuffix("/dry")


def test_a_dry_launch_names_only_people_of_the_office_that_tries(
    sidecar: Sidecar, lms: RegisteredLms, town: Town, sign_in: SignIn
) -> None:
    look_after(sidecar, lms.platform_id)
    with sidecar.transaction() as db:
        db.execute(delete(RegionMembership).where(RegionMembership.municipality_id == town.rollag.id))
    rkk = sign_in("rkk", region="kongsbergregionen")
    page = rkk.post(f"/staff/platforms/{lms.platform_id}/check/dry", {"sourcedid": "rollag-1001"}, 200)
    assert "Kari" not in page
    assert "dry-placed-elsewhere" in page


def test_who_tries_many_numbers_is_stopped_for_a_minute(
    lms: RegisteredLms, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DRY_LAUNCHES", RateLimitItemPerMinute(1, namespace="dry-launch"))
    path = f"/staff/platforms/{lms.platform_id}/check/dry"
    operator = sign_in("operator")
    operator.post(path, {"sourcedid": "1"}, 200)
    operator.post(path, {"sourcedid": "2"}, 429)


def test_a_failed_launch_is_found_by_the_reference_on_its_page(
    sidecar: Sidecar, lms: RegisteredLms, sign_in: SignIn
) -> None:
    shown = lms.browser().launch(custom={"course": "nothing-here"}, name="Geir Hemmelig", email="geir@hemmelig.no")
    (failed,) = lms.failures()
    assert failed.reference in shown.text
    operator = sign_in("operator")
    location = operator.client.get(f"/staff/failures?reference={failed.reference.lower()}").headers["Location"]
    assert location == f"/staff/failures/{failed.reference}"
    page = operator.get(location)
    assert "nothing-here" in page  # the course, in the reason and among the claims
    assert "custom.course" in page
    assert "Custom parameters" in page  # what to do
    assert "emmelig" not in page
    assert "lms.example" in page
    assert failed.reference in operator.get("/staff/failures?code=course-unknown&period=day")
    assert failed.reference not in operator.get("/staff/failures?code=claim-missing")
    assert failed.reference not in operator.get(f"/staff/failures?platform={'0' * 32}")


def test_what_strangers_send_leaves_no_claims(sidecar: Sidecar, lms: RegisteredLms) -> None:
    token = lms.platform.id_token()
    assert lms.browser().post_launch("no state of ours", token).status_code == 400
    assert [(each.code, each.claims) for each in lms.failures()] == [("state-unknown", None)]


@pytest.mark.parametrize("token", ["", "x.y.z", "é", "e30.e30.e30", "A" * 100_000])
def test_a_token_that_can_not_be_read_leaves_the_reason_alone(lms: RegisteredLms, token: str) -> None:
    browser = lms.browser()
    asked = dict(pair.split("=", 1) for pair in browser.login().headers["Location"].split("?")[1].split("&"))
    browser.post_launch(asked["state"], token)
    (failed,) = lms.failures()
    assert not failed.claims
    assert failed.platform_id == lms.platform_id


def test_the_token_itself_is_kept_nowhere(sidecar: Sidecar, lms: RegisteredLms) -> None:
    lms.browser().launch(custom={"course": "nothing-here"}, name="Geir Hemmelig")
    with sidecar.reading() as db:
        kept = str([(each.claims, each.facts) for each in db.scalars(select(FailedLaunch))])
    assert "eyJ" not in kept
    assert "Hemmelig" not in kept


def test_a_reference_that_is_not_kept_says_where_to_look(sign_in: SignIn) -> None:
    page = sign_in("operator").get("/staff/failures/ZZZZZZZZ", 404)
    assert "står bare i loggen" in page
    assert "<script" not in sign_in("operator").get("/staff/failures/%3Cscript%3E", 404).split("<main")[1]


@pytest.mark.parametrize(
    "query", ["page=-1", "page=x", "page=99999999999", "period=never", "code=%27", "platform=%F0%9F"]
)
def test_odd_filters_are_harmless(sign_in: SignIn, query: str) -> None:
    sign_in("operator").get(f"/staff/failures?{query}")
