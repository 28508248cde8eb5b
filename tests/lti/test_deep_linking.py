"""Requests for content and the answers to them, as far as the library decides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from lti.claims import LTI
from lti.deep_linking import (
    DL,
    Answer,
    DeepLinkingRequest,
    Icon,
    LineItem,
    ResourceLink,
    read_items,
    read_request,
    sign_answer,
)
from lti.errors import LaunchError
from lti.keys import PlatformKeys, as_tool_key
from lti.launch import PendingLogin, validate_launch
from tests.fakes.platform import ABSENT, Clock, FakePlatform, make_key

RECORDED = Path(__file__).parents[1] / "data" / "moodle" / "lti_deeplink_request.json"
MEMBER = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
SYSTEM = "http://purl.imsglobal.org/vocab/lis/v2/system/person#"
LINK = ResourceLink(
    title="Brannvern",
    text="",
    url="https://tool.example/lti/launch",
    icon=Icon("https://tool.example/icon.png", 128, 128),
    custom={"course": "brannvern"},
    line_item=None,
    target=None,
)


def ask(platform: FakePlatform, keys: PlatformKeys, clock: Clock, changes: dict[str, Any]) -> DeepLinkingRequest:
    pending = PendingLogin("nonce-1", platform.registration(), platform.launch_url, "1")
    token = platform.id_token(**(platform.deep_linking() | changes))
    request = validate_launch(token, pending, keys, now=clock())
    assert isinstance(request, DeepLinkingRequest)
    return request


def test_moodles_request_is_read_whole() -> None:
    claims = json.loads(RECORDED.read_text("utf-8"))["id_token_claims"]
    registration = FakePlatform("https://moodle.example").registration(client_id=claims["aud"])
    request = read_request(claims, registration)
    settings = request.settings
    assert settings.return_url.startswith("https://moodle.example/mod/lti/contentitem_return.php?")
    assert settings.types == ("ltiResourceLink",)
    assert settings.targets == ("frame", "iframe", "window")
    assert (settings.multiple, settings.line_items, settings.data) == (True, None, None)
    assert (settings.title, settings.text) == ("Sidecar dummy", None)
    assert (request.subject, request.context_id, request.is_of_learner) == ("2", "3", False)
    assert "sesskey" not in repr(request)


@pytest.mark.parametrize(
    ("roles", "is_of_learner"),
    [
        ([MEMBER + "Learner"], True),
        (["Learner"], True),
        (["urn:lti:role:ims/lis/Learner"], True),
        (["urn:lti:role:ims/lis/Learner/NonCreditLearner"], True),
        (["urn:lti:instrole:ims/lis/Student"], True),
        (["urn:lti:role:ims/lis/Instructor/GuestInstructor"], False),
        ([MEMBER + "Learner", SYSTEM + "User"], True),
        (["http://purl.imsglobal.org/vocab/lis/v2/membership/Learner#NonCreditLearner"], True),
        ([MEMBER + "Learner", MEMBER + "Instructor"], False),
        ([MEMBER + "Instructor"], False),
        (["http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant"], False),
        ([SYSTEM + "User"], False),
        ([], False),
    ],
)
def test_whose_request_it_is(
    platform: FakePlatform, keys: PlatformKeys, clock: Clock, roles: list[str], is_of_learner: bool
) -> None:
    assert ask(platform, keys, clock, {"roles": roles}).is_of_learner is is_of_learner


def test_a_request_names_no_link(platform: FakePlatform, keys: PlatformKeys, clock: Clock) -> None:
    assert ask(platform, keys, clock, {"resource_link": ABSENT}).settings.multiple is True


@pytest.mark.parametrize("junk", [None, 0, 1.5, True, "", "x", [], {}, [[]], [None], {"a": 1}, "\x00", "\ud800"])
@pytest.mark.parametrize(
    "name",
    [
        *("deep_link_return_url", "accept_types", "accept_presentation_document_targets", "accept_media_types"),
        *("accept_multiple", "accept_lineitem", "auto_create", "title", "text", "data"),
    ],
)
def test_junk_is_refused_or_clean(
    platform: FakePlatform, keys: PlatformKeys, clock: Clock, name: str, junk: object
) -> None:
    settings = platform.deep_linking(**{name: junk})["deep_linking_settings"]
    try:
        read = ask(platform, keys, clock, {"deep_linking_settings": settings}).settings
    except LaunchError:
        return
    texts = [read.return_url, *read.types, *read.targets, read.title, read.text]
    assert all("\x00" not in text and text.encode() for text in texts if text)
    assert (read.data or "").isascii()


def test_an_answer_is_signed_by_the_active_key_and_says_only_what_it_has(platform: FakePlatform, clock: Clock) -> None:
    key = as_tool_key(make_key(50))
    answer = Answer("1", [LINK], None)
    token = sign_answer(answer, platform.registration(), key, clock())
    signed = jws.deserialize_compact(token, RSAKey.import_key(dict(key.public)), algorithms=["RS256"])
    claims = json.loads(signed.payload)
    assert signed.headers()["kid"] == key.kid
    assert claims.keys() == {
        *("iss", "aud", "iat", "exp", "nonce"),
        *(LTI + name for name in ("deployment_id", "message_type", "version")),
        DL + "content_items",
    }
    assert claims[DL + "content_items"][0].keys() == {"type", "title", "url", "icon", "custom"}
    again = sign_answer(answer, platform.registration(), key, clock())
    assert read_items(again) == read_items(token)
    assert json.loads(jws.extract_compact(again.encode()).payload)["nonce"] != claims["nonce"]


def test_an_answer_carries_messages_and_all_of_an_item(platform: FakePlatform, clock: Clock) -> None:
    column = LineItem("Karakter", "brannvern", "completion")
    link = ResourceLink("B", "Om B", LINK.url, LINK.icon, LINK.custom, column, "window")
    answer = Answer("1", [link], '"\\u0000\\ud800å"', message="Valgt", log="valgt")
    token = sign_answer(answer, platform.registration(), as_tool_key(make_key(50)), clock())
    claims = json.loads(jws.extract_compact(token.encode()).payload)
    assert (claims[DL + "data"], claims[DL + "msg"], claims[DL + "log"]) == ("\x00\ud800å", "Valgt", "valgt")
    item = claims[DL + "content_items"][0]
    assert (item["text"], item["window"]) == ("Om B", {"targetName": "_blank"})
    assert item["lineItem"] == {
        "label": "Karakter",
        "scoreMaximum": 100,
        "resourceId": "brannvern",
        "tag": "completion",
    }
