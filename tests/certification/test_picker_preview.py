"""Try a course from the picker: in a window of its own, without the picker's cookie, and nothing of it counts."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from sidecar.core import platforms
from sidecar.core.attempts import Attempt
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.deep_links import DeepLinkRequest
from sidecar.core.launches import Launch
from sidecar.core.municipalities import Municipality
from sidecar.core.previews import Preview
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.lms import HOST, Browser, RegisteredLms
from tests.fakes.picker import SAME_ORIGIN, Picker, items_of, open_picker

PART = {"title": "Del 1", "visible": True, "identifier": "a", "href": "a.html", "mastery_score": None}


@pytest.fixture
def picker(sidecar: Sidecar, offering: RegisteredLms, browser: Browser) -> Picker:
    with sidecar.transaction() as db:
        manifest = {"items": [PART | {"scaled_passing_score": None, "children": []}]}
        db.execute(update(CourseVersion).values(manifest=manifest))
    return open_picker(browser)


def offered(picker: Picker, key: str = "arkiv") -> str:
    """Return the token that stands in the form beside a course."""
    page = picker.get("/course", look=key, chosen="brannvern").text
    form = re.search(r'<form method="post" action="/preview/offered" target="_blank".*?</form>', page, re.DOTALL)
    assert form
    token = re.search(r'name="offer" value="([^"]+)"', form[0])
    assert token
    assert 'name="chosen" value="brannvern"' in page.replace(form[0], "")
    return unescape(token[1])


def try_course(lms: RegisteredLms, token: str) -> TestResponse:
    """Send the form from a new window, which has none of the cookies that the LMS's frame has."""
    client = lms.app.test_client()
    return client.post("/preview/offered", base_url=HOST, data={"offer": token}, headers=SAME_ORIGIN)


def test_a_new_window_without_cookies_opens_the_preview(
    sidecar: Sidecar, offering: RegisteredLms, picker: Picker
) -> None:
    answer = try_course(offering, offered(picker))
    assert answer.status_code == 303
    with sidecar.reading() as db:
        preview, row = db.query(Preview).one(), db.query(DeepLinkRequest).one()
        assert (answer.headers["Location"], preview.origin) == (f"/preview/{preview.id}", "picker")
        assert (preview.identity_id, preview.language) == (row.identity_id, row.language)
        assert (
            db.get_one(CourseVersion, preview.version_id).course_id
            == db.query(Course.id).filter_by(key="arkiv").scalar()
        )
        assert (db.query(Attempt).count(), db.query(Launch).count(), row.answered_at) == (0, 0, None)
    assert items_of(picker.answer("arkiv"))[0]["title"] == "Arkiv for alle"


def test_to_look_at_a_course_starts_nothing(sidecar: Sidecar, picker: Picker) -> None:
    offered(picker)
    with sidecar.reading() as db:
        assert db.query(Preview).count() == 0


def test_what_is_not_on_offer_any_more_is_not_tried(
    sidecar: Sidecar, offering: RegisteredLms, picker: Picker, rollag: Municipality
) -> None:
    token = offered(picker)
    with sidecar.transaction() as db:
        db.execute(update(Course).where(Course.key == "arkiv").values(municipality_id=rollag.id))
    assert try_course(offering, token).status_code == 404


def test_the_token_ends_with_the_picker(offering: RegisteredLms, picker: Picker, clock: FakeClock) -> None:
    clock.advance(hours=3)
    token = offered(picker)
    assert try_course(offering, token).status_code == 303
    clock.advance(hours=1, minutes=1)
    assert try_course(offering, token).status_code == 410
    clock.advance(hours=3)
    assert try_course(offering, token).status_code == 401


def test_the_token_ends_with_the_lms(sidecar: Sidecar, offering: RegisteredLms, picker: Picker) -> None:
    token = offered(picker)
    with sidecar.transaction() as db:
        db.execute(update(platforms.Platform).values(disabled_at=sidecar.now()))
    assert try_course(offering, token).status_code == 401


def test_other_tokens_of_ours_open_no_preview(sidecar: Sidecar, offering: RegisteredLms, picker: Picker) -> None:
    for claims in ({"attempt": "0" * 32, "launch": "0" * 32}, {"preview": "0" * 32}, {}):
        assert try_course(offering, sidecar.secrets.token(claims, sidecar.now())).status_code == 403
    for token in ("", "x", "é" * 1000):
        assert try_course(offering, token).status_code == 401
    url = f"/api/previews/{'0' * 32}/commits"
    headers = {"Authorization": f"Bearer {offered(picker)}"}
    assert offering.app.test_client().post(url, base_url=HOST, json={}, headers=headers).status_code == 403
