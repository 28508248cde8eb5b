"""Deep Linking 2.0 over HTTP: which requests open a picker, and what goes back to the LMS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from lti.claims import LTI
from lti.deep_linking import DL
from sidecar.core import platforms
from sidecar.runtime import Sidecar
from tests.certification.verdicts import assert_let_in, assert_refused
from tests.conftest import PUBLIC_URL
from tests.fakes.lms import HOST, Browser, RegisteredLms, read_redirect
from tests.fakes.picker import Picker, items_of, open_picker
from tests.fakes.platform import ABSENT, make_key

RECORDINGS = Path(__file__).parents[1] / "data" / "moodle"
MEMBER = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
PERSON = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
RETURN_URL = "https://lms.example/mod/lti/contentitem_return.php?course=3&id=1&sesskey=1oOP6vvSfB"

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no settings": ({"deep_linking_settings": ABSENT}, "claim-missing"),
    "settings that are no object": ({"deep_linking_settings": ["iframe"]}, "claim-invalid"),
    "a learner": ({"roles": [MEMBER + "Learner"]}, "picking-not-allowed"),
    "a learner by the short name": ({"roles": ["Learner"]}, "picking-not-allowed"),
    "a student and user": (
        {
            "roles": [
                PERSON + "Student",
                MEMBER + "Learner",
                "http://purl.imsglobal.org/vocab/lis/v2/system/person#User",
            ]
        },
        "picking-not-allowed",
    ),
    "no roles claim": ({"roles": ABSENT}, "claim-missing"),
    "another target than the login's": ({"target_link_uri": f"{HOST}/other"}, "target-mismatch"),
    "signed by another key": ({"key": make_key(99)}, "signature-invalid"),
    "nonce of another login": ({"nonce": "invented"}, "nonce-mismatch"),
    "unknown deployment": ({"deployment_id": "9"}, "deployment-mismatch"),
}
BAD_SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "no return URL": ({"deep_link_return_url": ABSENT}, "claim-missing"),
    "empty return URL": ({"deep_link_return_url": ""}, "claim-invalid"),
    "return URL that is no text": ({"deep_link_return_url": ["https://lms.example/"]}, "claim-invalid"),
    "return URL that runs script": ({"deep_link_return_url": "javascript:alert(1)"}, "claim-invalid"),
    "return URL of 5,000 characters": ({"deep_link_return_url": f"https://lms.example/{'x' * 5000}"}, "claim-invalid"),
    "return URL on another origin": ({"deep_link_return_url": "https://evil.example/return"}, "return-url-foreign"),
    "return URL on another port": ({"deep_link_return_url": "https://lms.example:8443/return"}, "return-url-foreign"),
    "return URL without TLS": ({"deep_link_return_url": "http://lms.example/return"}, "return-url-foreign"),
    "return URL on a host that begins alike": (
        {"deep_link_return_url": "https://lms.example.evil.example/return"},
        "return-url-foreign",
    ),
    "return URL with the LMS as user name": (
        {"deep_link_return_url": "https://lms.example@evil.example/return"},
        "return-url-foreign",
    ),
    "return URL with a user name": ({"deep_link_return_url": "https://a@lms.example/return"}, "return-url-foreign"),
    "return URL with a backslash": (
        {"deep_link_return_url": "https://lms.example\\@evil.example/return"},
        "return-url-foreign",
    ),
    "no accept_types": ({"accept_types": ABSENT}, "claim-missing"),
    "accept_types that are no list": ({"accept_types": "ltiResourceLink"}, "claim-invalid"),
    "no links wanted": ({"accept_types": ["html", "image"]}, "links-not-accepted"),
    "no targets": ({"accept_presentation_document_targets": ABSENT}, "claim-missing"),
    "accept_multiple in words": ({"accept_multiple": "yes"}, "claim-invalid"),
}


@pytest.mark.parametrize(("changes", "code"), REFUSED.values(), ids=REFUSED)
def test_refused_requests(offering: RegisteredLms, browser: Browser, changes: dict[str, Any], code: str) -> None:
    assert_refused(offering, browser.launch(**(offering.platform.deep_linking() | changes)), code)


@pytest.mark.parametrize(("asked", "code"), BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_refused_settings(offering: RegisteredLms, browser: Browser, asked: dict[str, Any], code: str) -> None:
    assert_refused(offering, browser.launch(**offering.platform.deep_linking(**asked)), code)


def test_a_return_url_on_another_origin_is_refused_with_a_page_that_leads_nowhere(
    offering: RegisteredLms, browser: Browser
) -> None:
    page = browser.launch(**offering.platform.deep_linking(deep_link_return_url="https://evil.example/return"))
    assert page.status_code == 400
    assert "evil.example" not in page.text + str(page.headers)


ACCEPTED: dict[str, dict[str, Any]] = {
    "a teacher": {},
    "an administrator who is a learner too": {"roles": [MEMBER + "Learner", PERSON + "Administrator"]},
    "a designer by the short name": {"roles": ["ContentDeveloper"]},
    "nobody says who": {"roles": []},
    "no target, as the specification's example": {"target_link_uri": ABSENT},
    "no context, names or locale": {"context": ABSENT, "name": ABSENT, "launch_presentation": ABSENT, "lis": ABSENT},
}


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted_requests(offering: RegisteredLms, browser: Browser, changes: dict[str, Any]) -> None:
    page = open_picker(browser, changes).get()
    assert page.status_code == 200
    assert [title in page.text for title in ("Brannvern", "Førstehjelp på øya", "Arkiv for alle")] == [True] * 3
    assert (offering.launches(), offering.failures(), offering.sign_in_count()) == ([], [], 0)


def test_a_login_is_used_up_with_its_picker_and_not_before(
    offering: RegisteredLms, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_row: object) -> None:
        raise OSError

    asked = read_redirect(browser.login())
    token = offering.platform.id_token(nonce=asked["nonce"], **offering.platform.deep_linking())
    with monkeypatch.context() as broken:
        broken.setattr("sidecar.web.launch.pickers.insert_now", fail)
        assert browser.post_launch(asked["state"], token).status_code == 500
    assert browser.post_launch(asked["state"], token).status_code == 303


def test_the_return_url_may_be_on_the_origin_of_the_login(sidecar: Sidecar, offering: RegisteredLms) -> None:
    with sidecar.transaction() as db:
        db.execute(update(platforms.Platform).values(auth_url="https://login.lms.example:443/auth"))
    open_picker(offering.browser(), deep_link_return_url="https://login.lms.example/return")


def test_the_return_url_may_be_on_another_origin_of_its_pages(
    sidecar: Sidecar, offering: RegisteredLms, browser: Browser
) -> None:
    asked = offering.platform.deep_linking(deep_link_return_url="https://school.example/return")
    assert_refused(offering, browser.launch(**asked), "return-url-foreign")
    with sidecar.transaction() as db:
        db.execute(update(platforms.Platform).values(frame_origins=["https://school.example"]))
    open_picker(offering.browser(), deep_link_return_url="https://school.example/return")


def test_moodles_own_request_opens_a_picker(offering: RegisteredLms, browser: Browser) -> None:
    recorded = json.loads((RECORDINGS / "lti_deeplink_request.json").read_text("utf-8"))["id_token_claims"]
    settings = recorded[f"{DL}deep_linking_settings"]
    settings["deep_link_return_url"] = settings["deep_link_return_url"].replace("moodle.example", "lms.example")
    own = {"nonce", "iat", "exp", "iss", "aud", f"{LTI}target_link_uri"}
    said = {name.removeprefix(LTI): value for name, value in recorded.items() if name not in own}
    claims = open_picker(browser, {"resource_link": ABSENT} | said).answer("arkiv")
    assert f"{DL}data" not in claims
    assert items_of(claims)[0]["custom"] == {"course": "arkiv"}


def test_the_answer(offering: RegisteredLms, picker: Picker) -> None:
    fields = {"title-brannvern": " Brann  og\tredning ", "grade-brannvern": "1", "target-brannvern": "window"}
    claims = picker.answer("brannvern", "arkiv", **fields)
    now = int(offering.sidecar.now().timestamp())
    assert (claims["iss"], claims["aud"]) == ("client-1", "https://lms.example")
    assert now - 60 < claims["iat"] <= now < claims["exp"] <= now + 600
    assert len(claims["nonce"]) > 20
    assert claims[f"{LTI}deployment_id"] == "1"
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingResponse"
    assert claims[f"{LTI}version"] == "1.3.0"
    icon = {"url": f"{PUBLIC_URL}/lti/icon.png", "width": 128, "height": 128}
    assert items_of(claims) == [
        {
            "type": "ltiResourceLink",
            "title": "Brann og redning",
            "url": f"{PUBLIC_URL}/lti/launch",
            "icon": icon,
            "custom": {"course": "brannvern"},
            "lineItem": {
                "label": "Brann og redning",
                "scoreMaximum": 100,
                "resourceId": "brannvern",
                "tag": "laeringslop",
            },
            "window": {"targetName": "_blank"},
        },
        {
            "type": "ltiResourceLink",
            "title": "Arkiv for alle",
            "url": f"{PUBLIC_URL}/lti/launch",
            "icon": icon,
            "custom": {"course": "arkiv"},
            "iframe": {},
        },
    ]


def test_the_page_posts_to_the_lms_and_nowhere_else(picker: Picker) -> None:
    page = picker.post("answer", "arkiv")
    assert f'action="{RETURN_URL.replace("&", "&amp;")}"' in page.text
    assert "form-action 'self' https://lms.example;" in page.headers["Content-Security-Policy"]
    assert "form-action 'self';" in picker.get().headers["Content-Security-Policy"]


def test_nothing_chosen_comes_back_as_an_empty_list(picker: Picker) -> None:
    assert items_of(picker.read(picker.post("cancel"))) == []


DATA = {
    "letters": "Some random opaque data that MUST be sent back",
    "Norwegian and beyond": "æøå ÆØÅ ¡£ 漢字 👩🏽‍🚒 \u2028 e\u0301",
    "what HTML and JSON escape": "<b>&amp;\"'\\/</script>\n\r\t ",
    "control characters": "\x00\x01\x7f",
    "half a pair": "\ud83d",
    "5,000 characters": "å" * 5000,
    "nothing in it": "",
    "an object": {"a": [1, None, 1.5, {"å": True}]},
}


@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
def test_data_comes_back_as_it_went(offering: RegisteredLms, browser: Browser, data: object) -> None:
    assert open_picker(browser, data=data).answer("arkiv")[f"{DL}data"] == data


def test_only_one_where_the_lms_takes_one(offering: RegisteredLms, browser: Browser) -> None:
    picker = open_picker(browser, accept_multiple=False)
    assert 'type="radio"' in picker.get().text
    refused = picker.post("answer", "arkiv", "brannvern")
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text
    assert "JWT" not in refused.text
    assert picker.get("/options", chosen=["arkiv", "brannvern"]).status_code == 400
    assert len(items_of(picker.answer("arkiv"))) == 1


def test_one_at_a_time_where_the_lms_does_not_say(offering: RegisteredLms, browser: Browser) -> None:
    assert 'type="radio"' in open_picker(browser, accept_multiple=ABSENT).get().text


@pytest.mark.parametrize(("accepts", "asks"), [(True, True), (ABSENT, True), (False, False)])
def test_grade_columns_only_where_the_lms_takes_them(
    offering: RegisteredLms, browser: Browser, accepts: object, asks: bool
) -> None:
    picker = open_picker(browser, accept_lineitem=accepts)
    assert ("grade-arkiv" in picker.get("/options", chosen="arkiv").text) is asks
    assert ("lineItem" in items_of(picker.answer("arkiv", **{"grade-arkiv": "1"}))[0]) is asks


@pytest.mark.parametrize(
    ("targets", "wished", "shown"),
    [
        (["iframe", "window"], "window", {"window"}),
        (["iframe", "window"], "embed", {"iframe"}),
        (["window"], "iframe", {"window"}),
        (["embed", "frame"], "window", set()),
        ([], "iframe", set()),
    ],
)
def test_a_course_opens_as_the_lms_allows(
    offering: RegisteredLms, browser: Browser, targets: list[str], wished: str, shown: set[str]
) -> None:
    picker = open_picker(browser, accept_presentation_document_targets=targets)
    asks = "target-arkiv" in picker.get("/options", chosen="arkiv").text
    assert asks is (len(targets) == 2 and "window" in targets and "iframe" in targets)
    item = items_of(picker.answer("arkiv", **{"target-arkiv": wished}))[0]
    assert {"window", "iframe"} & item.keys() == shown


def test_what_is_typed_as_a_title_stays_a_title(picker: Picker) -> None:
    typed = {"title-arkiv": '<script>alert("x")</script>\x00' + "å" * 300, "title-brannvern": " \n "}
    items = items_of(picker.answer("arkiv", "brannvern", **typed))
    assert items[0]["title"] == ('<script>alert("x")</script> ' + "å" * 300)[:255]
    assert items[1]["title"] == "Brannvern"


@pytest.mark.parametrize("name", ["lti_launch_deeplinked_item1", "lti_launch_deeplinked_item2_nourl"])
def test_moodles_launches_of_chosen_items_open_their_course(
    sidecar: Sidecar, offering: RegisteredLms, browser: Browser, name: str
) -> None:
    recorded = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))["id_token_claims"]
    own = {"nonce", "iat", "exp", "iss", "aud", f"{LTI}target_link_uri", f"{LTI}custom"}
    said = {claim.removeprefix(LTI): value for claim, value in recorded.items() if claim not in own}
    custom = recorded[f"{LTI}custom"] | {"course": "arkiv"}
    endpoint = said.pop("https://purl.imsglobal.org/spec/lti-ags/claim/endpoint")
    assert_let_in(offering, browser.launch(**said, custom=custom, ags=endpoint))
    launch = offering.launches()[-1]
    assert launch.lineitems_url == endpoint["lineitems"]
    assert launch.lineitem_url == endpoint["lineitem"]


def test_the_icon_may_be_shown_by_any_lms(browser: Browser) -> None:
    response = browser.get("/lti/icon.png")
    assert (response.status_code, response.mimetype) == (200, "image/png")
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    response.close()
