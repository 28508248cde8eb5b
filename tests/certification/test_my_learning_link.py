"""A link of an LMS that opens no course but the learner's own learning: by custom parameter, and from the picker."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from sidecar.core.attempts import Attempt
from sidecar.core.rosters import Roster
from tests.certification.test_storage import attribute, come_back, hand_back, log_in
from tests.certification.verdicts import assert_refused
from tests.fakes.lms import HOST, Browser, RegisteredLms, add_course
from tests.fakes.picker import items_of, open_picker, review_all

LINK: dict[str, Any] = {"custom": {"page": "my-learning"}}


def test_a_learner_comes_to_their_learning_without_any_course(lms: RegisteredLms, browser: Browser) -> None:
    response = browser.launch(**LINK)
    (launch,) = lms.launches()
    assert response.headers["Location"] == f"/play/{launch.id}/learning"
    assert launch.course_id is None
    page = browser.get(response.headers["Location"])
    assert page.status_code == 200
    assert browser.get(f"/play/{launch.id}/me").status_code == 200
    assert browser.get(f"/play/{launch.id}").status_code == 404
    with lms.sidecar.reading() as db:
        assert db.query(Attempt).count() == 0
        assert db.query(Roster).count() == 0


def test_a_course_that_is_named_too_comes_first(lms: RegisteredLms, browser: Browser) -> None:
    add_course(lms.sidecar, "smittevern", "Smittevern")
    browser.launch(custom={"page": "my-learning", "course": "smittevern"})
    assert lms.launches()[0].course_id


@pytest.mark.parametrize("page", ["nothing", "../staff", "MY-LEARNING", "x" * 5000, "<b>"])
def test_an_unknown_page_is_refused_with_its_name(lms: RegisteredLms, browser: Browser, page: str) -> None:
    response = browser.launch(custom={"page": page})
    assert_refused(lms, response, "page-unknown")
    assert "<b>" not in response.text


def test_without_cookies_it_goes_on_in_a_window_of_its_own(lms: RegisteredLms) -> None:
    client: FlaskClient = lms.app.test_client(use_cookies=False)
    asked = log_in(lms, client)
    nonce = attribute(asked, "data-platform").split("nonce=", 1)[1].split("&", 1)[0]
    token = lms.platform.id_token(nonce=nonce, **LINK)
    onward = hand_back(client, come_back(lms, client, asked, id_token=token), attribute(asked, "data-value"))
    (launch,) = lms.launches()
    assert attribute(onward, "action") == f"/launch/{launch.id}/window/learning"
    form = {name: attribute(onward, name) for name in ("csrf_token", "launch_secret")}
    keeping = lms.app.test_client()
    opened = keeping.post(attribute(onward, "action"), base_url=HOST, data=form, headers={"Origin": HOST})
    assert opened.headers["Location"] == f"/play/{launch.id}/learning"
    assert keeping.get(opened.headers["Location"], base_url=HOST).status_code == 200
    stranger = lms.app.test_client()
    assert stranger.get(opened.headers["Location"], base_url=HOST).status_code == 401


@pytest.fixture
def offering(lms: RegisteredLms) -> RegisteredLms:
    add_course(lms.sidecar, "arkiv", "Arkiv")
    review_all(lms.sidecar)
    return lms


def test_the_picker_offers_it_among_courses(offering: RegisteredLms) -> None:
    picker = open_picker(offering.browser())
    assert 'value="-my-learning"' in picker.get().text
    claims = picker.answer("-my-learning", "arkiv", **{"grade--my-learning": "1", "grade-arkiv": "1"})
    course, own = items_of(claims)
    assert course["custom"] == {"course": "arkiv"}
    assert own["custom"] == {"page": "my-learning"}
    assert "lineItem" in course
    assert "lineItem" not in own
    assert own["url"] == f"{HOST}/lti/launch"


def test_an_lms_without_any_course_can_still_offer_it(lms: RegisteredLms) -> None:
    picker = open_picker(lms.browser())
    assert 'value="-my-learning"' in picker.get().text
    options = picker.get("/options", chosen="-my-learning")
    assert options.status_code == 200
    assert "grade--my-learning" not in options.text
    (own,) = items_of(picker.answer("-my-learning", **{"title--my-learning": "Mitt"}))
    assert own["title"] == "Mitt"


def test_what_takes_one_course_takes_it_alone(offering: RegisteredLms) -> None:
    picker = open_picker(offering.browser(), accept_multiple=False)
    assert 'type="radio" id="pick--my-learning"' in picker.get().text
    assert picker.post("answer", "-my-learning", "arkiv").status_code == 400
    assert len(items_of(picker.answer("-my-learning"))) == 1


def test_only_the_course_has_more_to_show(offering: RegisteredLms) -> None:
    picker = open_picker(offering.browser())
    assert picker.get("/course", look="-my-learning").status_code == 404
