"""Real launches recorded at a Moodle 4.5 parse into what we need of them."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from lti.claims import LTI, read_launch
from lti.errors import ForeignTarget
from lti.fetching import Response
from lti.keys import PlatformKeys, read_jwks
from lti.launch import PendingLogin, validate_launch
from lti.login import Registration, begin_login, read_login
from tests.fakes.platform import Clock, FakePlatform
from tests.lti.recordings import RECORDINGS, read_recording

LAUNCHES = ["lti_launch_deeplinked_item1", "lti_launch_deeplinked_item2_nourl", "lti_launch_hms_grade"]


@pytest.mark.parametrize("name", LAUNCHES)
def test_a_recorded_launch_validates(name: str, platform: FakePlatform, keys: PlatformKeys, clock: Clock) -> None:
    claims = read_recording(name)["id_token_claims"]
    clock.now = datetime.fromtimestamp(claims["iat"], UTC)
    registration = platform.registration(issuer=claims["iss"], client_id=claims["aud"])
    pending = PendingLogin(claims["nonce"], registration, claims[LTI + "target_link_uri"], "1")
    launch = validate_launch(platform.sign(json.dumps(claims).encode()), pending, keys, now=clock())
    assert (launch.subject, launch.person_sourcedid) == ("7", "EMP00005")
    assert launch.roles == ("http://purl.imsglobal.org/vocab/lis/v2/membership#Learner",)


def test_a_recorded_launch_says_all_we_need() -> None:
    claims = read_recording("lti_launch_deeplinked_item2_nourl")["id_token_claims"]
    launch = read_launch(claims, claims["aud"])
    assert (launch.issuer, launch.client_id) == ("https://moodle.example", "j9v6NEp6C3HwZdf")
    assert (launch.resource_link_id, launch.resource_link_title) == ("2", "SCORM kurs 2")
    assert (launch.context_id, launch.context_title) == ("3", "Brannvern grunnkurs")
    assert (launch.name, launch.given_name, launch.family_name) == ("Geir Bråten", "Geir", "Bråten")
    assert (launch.locale, launch.document_target, launch.platform_name) == ("en", "iframe", "kbr")
    assert launch.return_url is not None
    assert launch.return_url.startswith("https://moodle.example/mod/lti/return.php?")
    assert launch.ags is not None
    assert launch.ags.lineitem == "https://moodle.example/mod/lti/services.php/3/lineitems/5/lineitem?type_id=1"
    assert "https://purl.imsglobal.org/spec/lti-ags/scope/score" in launch.ags.scopes
    assert launch.nrps_url == "https://moodle.example/mod/lti/services.php/CourseSection/3/bindings/1/memberships"


def test_variables_that_moodle_left_alone_are_absent() -> None:
    claims = read_recording("lti_launch_hms_grade")["id_token_claims"]
    claims[LTI + "lis"]["person_sourcedid"] = "$Person.sourcedId"
    claims[LTI + "custom"]["number"] = 5
    launch = read_launch(claims, claims["aud"])
    assert launch.person_sourcedid is None
    assert not {"inst", "linkhist", "number"} & launch.custom.keys()
    assert launch.custom["muni"] == "fixed-value"
    assert launch.custom["groups"] == ""


def test_a_recorded_login_gives_moodle_the_request_it_expects() -> None:
    recording = read_recording("lti_launch_deeplinked_item2_nourl")
    params, expected = recording["login_initiation"]["params"], recording["auth_request"]
    registration = Registration(
        issuer=params["iss"],
        client_id=params["client_id"],
        auth_url="https://moodle.example/mod/lti/auth.php",
        token_url="https://moodle.example/mod/lti/token.php",
        jwks_url="https://moodle.example/mod/lti/certs.php",
        deployments=frozenset({"1"}),
    )
    launch_url = params["target_link_uri"]
    start = begin_login(read_login(params), registration, launch_url=launch_url, now=datetime.now(UTC))
    sent = _query(start.redirect_url)
    assert sent | {"state": expected["state"], "nonce": expected["nonce"]} == expected
    assert (sent["state"], sent["nonce"]) == (start.state, start.nonce)


def test_a_deep_link_with_an_address_of_its_own_is_foreign(platform: FakePlatform) -> None:
    params = read_recording("lti_launch_deeplinked_item1")["login_initiation"]["params"]
    registration = platform.registration(issuer=params["iss"], client_id=params["client_id"])
    with pytest.raises(ForeignTarget):
        begin_login(read_login(params), registration, launch_url="http://127.0.0.1:8911/launch", now=datetime.now(UTC))


def test_moodles_key_set_is_read() -> None:
    body = (RECORDINGS / "lti_jwks_moodle.json").read_bytes()
    assert list(read_jwks(Response(200, {}, body))) == ["41c5901c21470d180c31"]


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))
