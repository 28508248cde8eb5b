"""Choose courses for a unit of Open edX in our picker, and let the library judge our answer."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt

from practice_lms.browsing import Form
from sidecar import tool
from sidecar.core.courses import Course
from tests.fakes.platform import make_key
from tests.platforms.conftest import COURSES, Connected
from tests.platforms.tokens import claims_of, with_claims
from tests.platforms.xblock.visitor import LEARNER, TEACHER, Visitor

pytestmark = pytest.mark.slow

ITEMS = "https://purl.imsglobal.org/spec/lti-dl/claim/content_items"
SETTINGS = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
RESPONSE = "/lti-dl/response"


@pytest.fixture
def teacher(xblock: Connected) -> Visitor:
    return xblock.visitor(TEACHER)


@pytest.fixture
def answer(teacher: Visitor) -> Form:
    """Our answer with both courses, on its way."""
    return teacher.choose("chosen", *COURSES)


def test_two_courses_are_chosen_and_both_launch(xblock: Connected, teacher: Visitor, answer: Form) -> None:
    assert answer.action.endswith(RESPONSE)
    assert teacher.bring(answer) == 200
    items = xblock.platform.content_items()
    assert [one["custom"] for one in items] == [{"course": key} for key in COURSES]
    assert all(one["title"] and one["lineItem"]["scoreMaximum"] == 100 for one in items)
    learner = xblock.visitor(LEARNER)
    links = learner.chosen_links("chosen")
    assert len(links) == 2
    for link, key in zip(links, COURSES, strict=True):
        page = learner.send(learner.ask_at(link))
        assert page.status == 200
        assert "player-data" in page.data
        assert newest_course(xblock) == key


def newest_course(xblock: Connected) -> str:
    with xblock.sidecar.reading() as db:
        return db.get_one(Course, xblock.launches()[-1].course_id).key


def test_the_answer_of_a_second_choice_takes_the_place_of_the_first(xblock: Connected, teacher: Visitor) -> None:
    for keys in (list(COURSES), ["brannvern"]):
        assert teacher.bring(teacher.choose("chosen", *keys)) == 200
        assert [one["custom"]["course"] for one in xblock.platform.content_items()] == keys


def refused(xblock: Connected, teacher: Visitor, answer: Form, token: str) -> bool:
    """The library says 403, and keeps nothing."""
    before = xblock.platform.content_items()
    status = teacher.bring(answer, JWT=token)
    return status == 403 and xblock.platform.content_items() == before


def test_an_answer_that_was_changed_is_refused(xblock: Connected, teacher: Visitor, answer: Form) -> None:
    token = answer.fields["JWT"]
    items = claims_of(token)[ITEMS]
    items[0]["custom"]["course"] = "another"
    assert refused(xblock, teacher, answer, with_claims(token, **{ITEMS: items}))


def test_an_answer_whose_signature_was_changed_is_refused(xblock: Connected, teacher: Visitor, answer: Form) -> None:
    head, _, signature = answer.fields["JWT"].rpartition(".")
    assert refused(xblock, teacher, answer, f"{head}.{signature[::-1]}")


def test_an_answer_that_another_key_signed_is_refused(xblock: Connected, teacher: Visitor, answer: Form) -> None:
    key, claims = make_key(79), claims_of(answer.fields["JWT"])
    token = jwt.encode({"alg": "RS256", "kid": tool.active_tool_key(xblock.sidecar).kid}, claims, key)
    assert refused(xblock, teacher, answer, token)


def test_a_launch_is_no_answer(xblock: Connected, teacher: Visitor, answer: Form) -> None:
    """The platform's own token, played back to it."""
    assert refused(xblock, teacher, answer, teacher.ask("chosen", to="choose").fields["id_token"])


def test_a_learner_cannot_bring_the_teachers_answer(xblock: Connected, answer: Form) -> None:
    assert refused(xblock, xblock.visitor(LEARNER), answer, answer.fields["JWT"])


def elsewhere(token: str) -> dict[str, Any]:
    """The claims of a question whose answer shall go to another server."""
    claims = claims_of(token)
    return claims | {SETTINGS: claims[SETTINGS] | {"deep_link_return_url": "https://elsewhere.example/response"}}


def test_a_question_that_was_changed_is_refused(xblock: Connected, teacher: Visitor) -> None:
    form, (_, refusals) = teacher.ask("chosen", to="choose"), xblock.count()
    token = form.fields["id_token"]
    assert teacher.send(form, id_token=with_claims(token, **elsewhere(token))).status == 400
    assert xblock.refusals()[refusals:] == ["signature-invalid"]


def test_a_question_whose_answer_shall_go_elsewhere_is_refused(xblock: Connected, teacher: Visitor) -> None:
    form, (_, refusals) = teacher.ask("chosen", to="choose"), xblock.count()
    signed = xblock.platform.sign(elsewhere(form.fields["id_token"]))
    assert teacher.send(form, id_token=signed).status == 400
    assert xblock.refusals()[refusals:] == ["return-url-foreign"]
