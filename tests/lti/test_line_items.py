"""Columns of the gradebook are listed, made, read, changed and deleted, also as Moodle answers."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from lti.errors import ServiceRejected, ServiceUnreachable
from lti.fetching import Response
from lti.line_items import (
    LineItem,
    create_line_item,
    delete_line_item,
    list_line_items,
    read_line_item,
    update_line_item,
)
from lti.results import Result, read_results
from lti.service_errors import LineItemGone, PagesLoop
from tests.fakes.platform import Clock, FakePlatform
from tests.lti.recordings import read_recording

TOKEN = "token-1"
ITEM_PATH = "/lineitems/4/lineitem"
MOODLE = "https://moodle.example"
LINE_ITEMS = f"{MOODLE}/mod/lti/services.php/5/lineitems?type_id=1"


@pytest.fixture
def platform(clock: Clock) -> FakePlatform:
    return FakePlatform(MOODLE, clock, tokens=[TOKEN])


def answer(body: object, status: int = 200, **headers: str) -> Response:
    return Response(status, headers, json.dumps(body).encode())


def recorded(name: str, status: int = 200) -> Response:
    return answer(read_recording(name)["json"], status)


def item(number: int, **more: object) -> dict[str, Any]:
    return {"id": f"{MOODLE}/lineitems/{number}/lineitem", "label": f"Kurs {number}", "scoreMaximum": 100} | more


def test_moodles_columns_are_listed(platform: FakePlatform) -> None:
    platform.answers[urlsplit(LINE_ITEMS).path] = recorded("lti_ags_lineitems")
    found = list_line_items(platform.fetch, TOKEN, LINE_ITEMS)
    assert [(one.label, one.resource_link_id, one.resource_id) for one in found][:2] == [
        ("LTI grade", "8", None),
        ("LTI pass", "9", None),
    ]
    asked = platform.requests[-1]
    assert asked.url == LINE_ITEMS
    assert asked.headers["Accept"] == "application/vnd.ims.lis.v2.lineitemcontainer+json"


def test_filters_are_asked_for_and_held_to(platform: FakePlatform) -> None:
    every = [item(1, resourceId="a", tag="t"), item(2, resourceId="b"), item(3, resourceId="a", resourceLinkId="8")]
    platform.answers["/lineitems"] = answer(every)
    url = f"{MOODLE}/lineitems?type_id=1"
    found = list_line_items(platform.fetch, TOKEN, url, resource_link_id="8", resource_id="a", tag=None, limit=50)
    assert platform.requests[-1].url == f"{url}&resource_link_id=8&resource_id=a&limit=50"
    assert [one.label for one in found] == ["Kurs 3"]
    assert [one.label for one in list_line_items(platform.fetch, TOKEN, url, tag="t")] == ["Kurs 1"]


def test_columns_over_several_pages(platform: FakePlatform) -> None:
    platform.answers["/lineitems"] = answer([item(1)], link=f'<{MOODLE}/more?Page=B>; rel="next"')
    platform.answers["/more"] = answer([item(2)])
    found = list_line_items(platform.fetch, TOKEN, f"{MOODLE}/lineitems", limit=1)
    assert [one.label for one in found] == ["Kurs 1", "Kurs 2"]
    assert platform.requests[-1].url == f"{MOODLE}/more?Page=B"


def test_columns_whose_pages_loop(platform: FakePlatform) -> None:
    platform.answers["/lineitems"] = answer([item(1)], link=f'<{MOODLE}/lineitems>; rel="next"')
    with pytest.raises(PagesLoop):
        list_line_items(platform.fetch, TOKEN, f"{MOODLE}/lineitems")


def test_a_column_is_made_and_read(platform: FakePlatform) -> None:
    platform.answers[urlsplit(LINE_ITEMS).path] = recorded("lti_ags_lineitem_create", 201)
    platform.answers[ITEM_PATH] = recorded("lti_ags_lineitem_create")
    made = create_line_item(
        platform.fetch, TOKEN, LINE_ITEMS, LineItem("", "Eget element", 10, "own-1", "link-1", tag="t")
    )
    sent = platform.requests[-1]
    assert sent.headers["Content-Type"] == "application/vnd.ims.lis.v2.lineitem+json"
    assert json.loads(sent.body) == {
        "label": "Eget element",
        "scoreMaximum": 10,
        "resourceId": "own-1",
        "resourceLinkId": "link-1",
        "tag": "t",
    }
    assert made.id == f"{MOODLE}/mod/lti/services.php/5/lineitems/15/lineitem?type_id=1"
    assert read_line_item(platform.fetch, TOKEN, platform.lineitem_url) == made
    assert platform.requests[-1].headers["Accept"] == "application/vnd.ims.lis.v2.lineitem+json"


def test_a_change_sends_back_what_we_do_not_know(platform: FakePlatform) -> None:
    platform.answers[ITEM_PATH] = answer(item(4, startDateTime="2026-11-22T10:00:00Z", ltiLinkId="8", tag="t"))
    read = read_line_item(platform.fetch, TOKEN, f"{MOODLE}{ITEM_PATH}")
    changed = update_line_item(platform.fetch, TOKEN, replace(read, label="Nytt navn", tag=None))
    sent = platform.requests[-1]
    assert (sent.method, sent.url) == ("PUT", read.id)
    assert json.loads(sent.body) == {
        "id": read.id,
        "label": "Nytt navn",
        "scoreMaximum": 100,
        "startDateTime": "2026-11-22T10:00:00Z",
        "ltiLinkId": "8",
    }
    assert changed.label == "Kurs 4", "what the platform stored counts"


def test_a_change_that_is_answered_by_nothing(platform: FakePlatform) -> None:
    platform.answers[ITEM_PATH] = Response(200, {}, b"")
    wanted = LineItem(f"{MOODLE}{ITEM_PATH}", "Kurs", 100)
    assert update_line_item(platform.fetch, TOKEN, wanted) is wanted


@pytest.mark.parametrize("status", [200, 204, 404, 410])
def test_a_column_that_is_deleted_or_gone(platform: FakePlatform, status: int) -> None:
    platform.answers[ITEM_PATH] = Response(status, {}, b"")
    delete_line_item(platform.fetch, TOKEN, f"{MOODLE}{ITEM_PATH}")
    assert platform.requests[-1].method == "DELETE"


def test_a_column_that_may_not_be_deleted(platform: FakePlatform) -> None:
    platform.answers[ITEM_PATH] = Response(405, {}, b"")
    with pytest.raises(ServiceRejected):
        delete_line_item(platform.fetch, TOKEN, f"{MOODLE}{ITEM_PATH}")


def test_a_column_that_was_deleted_is_gone_for_good(platform: FakePlatform) -> None:
    gone = LineItem(f"{MOODLE}{ITEM_PATH}", "Kurs", 100)
    calls: list[Callable[[], object]] = [
        lambda: read_line_item(platform.fetch, TOKEN, gone.id),
        lambda: update_line_item(platform.fetch, TOKEN, gone),
        lambda: list(read_results(platform.fetch, TOKEN, gone.id)),
    ]
    for call in calls:
        with pytest.raises(LineItemGone):
            call()


def test_a_column_on_another_server_is_not_taken(platform: FakePlatform) -> None:
    platform.answers["/lineitems"] = answer([item(1, id="https://evil.example/lineitem")])
    with pytest.raises(ServiceUnreachable) as caught:
        list_line_items(platform.fetch, TOKEN, f"{MOODLE}/lineitems")
    assert caught.value.reason == "answer-malformed"


def test_results_are_read_without_limit(platform: FakePlatform) -> None:
    platform.answers[f"{ITEM_PATH}/results"] = recorded("lti_ags_results")
    results = list(read_results(platform.fetch, TOKEN, platform.lineitem_url, user_id="18"))
    assert platform.requests[-1].url == f"{MOODLE}/lineitems/4/lineitem/results?type_id=1&user_id=18"
    assert results[0] == Result("18", 85, 100)
    assert len(results) == 5


def test_results_over_several_pages(platform: FakePlatform) -> None:
    page = [{"userId": "7", "resultScore": 1, "resultMaximum": 2}]
    platform.answers[f"{ITEM_PATH}/results"] = answer(page, link='</second?a=1>; rel="next"')
    platform.answers["/second"] = answer([{"userId": "8"}])
    found = list(read_results(platform.fetch, TOKEN, platform.lineitem_url))
    assert found == [Result("7", 1, 2), Result("8", None, None)]


JUNK: list[Any] = [None, 5, "text", [5], [[]], [{}], {}, {"id": 5}, {"id": "a", "label": "b"}]
JUNK += [item(1, scoreMaximum=value) for value in ("ten", True, 10**400, float("nan"), None)]
JUNK += [
    item(1, id=value) for value in ("", "no address", "ftp://moodle.example/", "https://me@moodle.example/", "//[")
]


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_answers_of_another_shape_are_a_service_error(platform: FakePlatform, junk: object) -> None:
    platform.answers[ITEM_PATH] = platform.answers[f"{ITEM_PATH}/results"] = answer(junk)
    platform.answers["/lineitems"] = answer([junk])
    calls: list[Callable[[], object]] = [
        lambda: read_line_item(platform.fetch, TOKEN, platform.lineitem_url),
        lambda: list(read_results(platform.fetch, TOKEN, platform.lineitem_url)),
        lambda: list_line_items(platform.fetch, TOKEN, f"{MOODLE}/lineitems"),
    ]
    for call in calls:
        with pytest.raises(ServiceUnreachable) as caught:
            call()
        assert caught.value.reason == "answer-malformed"


def test_a_label_holds_no_control_characters(platform: FakePlatform) -> None:
    hostile = item(1, label="\x1b]0;pwned\x07\x1b[2JKurs\n\ud800")
    platform.answers[urlsplit(LINE_ITEMS).path] = answer([hostile])
    (found,) = list_line_items(platform.fetch, TOKEN, LINE_ITEMS)
    assert found.label == "]0;pwned [2JKurs"


def test_a_column_whose_label_is_nothing_but_control_characters_is_no_column(platform: FakePlatform) -> None:
    platform.answers[urlsplit(LINE_ITEMS).path] = answer([item(1, label="\x1b\x07")])
    with pytest.raises(ServiceUnreachable):
        list_line_items(platform.fetch, TOKEN, LINE_ITEMS)
