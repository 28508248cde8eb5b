"""Make, read, change and list columns in the gradebook of Open edX, and hear what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from lti.errors import ServiceRefused, ServiceRejected
from lti.line_items import (
    SCOPE_LINE_ITEM,
    SCOPE_LINE_ITEM_READ,
    LineItem,
    create_line_item,
    delete_line_item,
    list_line_items,
    read_line_item,
    update_line_item,
)
from lti.service_errors import LineItemGone
from tests.platforms.conftest import NAME, Connected
from tests.platforms.tokens import claims_of
from tests.platforms.xblock.visitor import LEARNER

pytestmark = pytest.mark.slow

ENDPOINT = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
COURSE = "course-v1:Laeringslop+HMS+2026"
NEW = LineItem("", "Brannvern", 100, resource_id="brannvern", tag="sidecar")


@pytest.fixture(scope="package")
def lineitems_url(xblock: Connected) -> str:
    """Where the unit that lets tools make columns keeps them."""
    endpoint = claims_of(xblock.visitor(LEARNER).ask("columns").fields["id_token"])[ENDPOINT]
    assert SCOPE_LINE_ITEM in endpoint["scope"]
    return str(endpoint["lineitems"])


@pytest.fixture
def token(xblock: Connected) -> str:
    return xblock.token(SCOPE_LINE_ITEM)


@pytest.fixture
def made(xblock: Connected, token: str, lineitems_url: str) -> LineItem:
    return create_line_item(xblock.fetch, token, lineitems_url, NEW)


def test_a_column_is_made_and_read(xblock: Connected, token: str, made: LineItem) -> None:
    assert made == replace(NEW, id=made.id)
    assert read_line_item(xblock.fetch, token, made.id) == made
    stored = xblock.platform.rows("SELECT label, score_maximum, resource_id, tag FROM lti_consumer_ltiagslineitem")
    assert ("Brannvern", 100, "brannvern", "sidecar") in stored


def test_a_column_is_changed(xblock: Connected, token: str, made: LineItem) -> None:
    changed = update_line_item(xblock.fetch, token, replace(made, label="Brannvern 2026", score_maximum=50))
    assert (changed.label, changed.score_maximum, changed.id) == ("Brannvern 2026", 50, made.id)
    assert read_line_item(xblock.fetch, token, made.id) == changed


def test_columns_are_found_by_what_they_are_for(
    xblock: Connected, token: str, made: LineItem, lineitems_url: str
) -> None:
    other = create_line_item(xblock.fetch, token, lineitems_url, replace(NEW, resource_id="another"))
    everything = list_line_items(xblock.fetch, token, lineitems_url)
    assert {made, other} <= set(everything)
    found = list_line_items(xblock.fetch, token, lineitems_url, resource_id="another", tag="sidecar")
    assert made not in found
    assert other in found


def test_an_operator_lists_the_columns_by_command(xblock: Connected) -> None:
    assert xblock.visitor(LEARNER).open_link("graded").status == 200
    _, listed = xblock.command("platform", "line-items", NAME)
    told = {one["address"]: one for one in listed}[f"{xblock.platform.url}/api/lti_consumer/v1/lti/1/lti-ags/1"]
    assert (told["label"], told["maximum"], told["course_in_lms"]) == ("Unit graded", 1, COURSE)


def test_a_column_that_is_not_there_is_gone(xblock: Connected, token: str, lineitems_url: str) -> None:
    with pytest.raises(LineItemGone):
        read_line_item(xblock.fetch, token, f"{lineitems_url}/9999")


def test_the_library_lets_nobody_delete(xblock: Connected, token: str, made: LineItem) -> None:
    """Its list of actions says `delete` where its views say `destroy`, so that no scope is enough (11.4.4)."""
    with pytest.raises(ServiceRefused) as caught:
        delete_line_item(xblock.fetch, token, made.id)
    assert caught.value.status == 403
    assert read_line_item(xblock.fetch, token, made.id) == made


def test_a_column_for_nothing_is_rejected(xblock: Connected, token: str, lineitems_url: str) -> None:
    with pytest.raises(ServiceRejected) as caught:
        create_line_item(xblock.fetch, token, lineitems_url, replace(NEW, resource_id=None))
    assert caught.value.status == 400


WRITES: dict[str, Callable[[Connected, str, LineItem], object]] = {
    "make": lambda xblock, token, made: create_line_item(xblock.fetch, token, made.id.rpartition("/")[0], NEW),
    "change": lambda xblock, token, made: update_line_item(xblock.fetch, token, replace(made, label="Changed")),
}


@pytest.mark.parametrize("what", WRITES)
def test_writing_with_leave_to_read_is_refused(xblock: Connected, token: str, made: LineItem, what: str) -> None:
    with pytest.raises(ServiceRefused):
        WRITES[what](xblock, xblock.token(SCOPE_LINE_ITEM_READ), made)
    assert read_line_item(xblock.fetch, token, made.id) == made


@pytest.mark.parametrize("token", ["junk", "eyJhbGciOiJub25lIn0.e30."])
def test_a_bad_token_is_refused(xblock: Connected, lineitems_url: str, token: str) -> None:
    with pytest.raises(ServiceRefused):
        list_line_items(xblock.fetch, token, lineitems_url)
