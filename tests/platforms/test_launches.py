"""Launch from the platform of Open edX, and send its messages on changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from practice_lms.browsing import Page
from tests.fakes.platform import make_key
from tests.platforms.conftest import Connected
from tests.platforms.tokens import claims_of, with_claims
from tests.platforms.xblock.visitor import LEARNER, TEACHER, Visitor

pytestmark = pytest.mark.slow

DEPLOYMENT = "https://purl.imsglobal.org/spec/lti/claim/deployment_id"


@pytest.fixture
def learner(xblock: Connected) -> Visitor:
    return xblock.visitor(LEARNER)


def test_a_learner_launches_the_course_of_the_unit(xblock: Connected, learner: Visitor) -> None:
    play = learner.launch("graded")
    assert play.is_2004
    newest = xblock.launches()[-1]
    assert newest.resource_link_id.endswith("@graded")
    assert newest.lineitem_url == f"{xblock.platform.url}/api/lti_consumer/v1/lti/1/lti-ags/1"


def test_a_teacher_launches_too(xblock: Connected) -> None:
    assert xblock.visitor(TEACHER).launch("graded").is_2004


def test_a_unit_that_names_no_course_is_explained(xblock: Connected, learner: Visitor) -> None:
    before = xblock.count()
    page = learner.open_link("empty")
    assert_refused(xblock, page, "course-not-chosen", before)
    assert "Nobody has chosen the course" in page.text


def signed_with(**changes: Any) -> Callable[[Connected, str], str]:  # noqa: ANN401
    """Change claims, and sign them with the platform's own key."""
    return lambda xblock, token: xblock.platform.sign(claims_of(token) | changes)


NOW = int(time.time())
TAMPERED: dict[str, tuple[Callable[[Connected, str], str], str]] = {
    "signed by another key": (
        lambda xblock, token: xblock.platform.sign(claims_of(token), make_key(77)),
        "signature-invalid",
    ),
    "another person, not signed again": (lambda _, token: with_claims(token, sub="somebody-else"), "signature-invalid"),
    "for another tool": (signed_with(aud="another-tool", azp="another-tool"), "wrong-audience"),
    "expired": (signed_with(iat=NOW - 7200, exp=NOW - 3600), "token-expired"),
    "of a day ahead": (signed_with(iat=NOW + 86400, exp=NOW + 90000), "token-from-future"),
    "of another issuer": (signed_with(iss="http://localhost:1"), "wrong-issuer"),
    "of another deployment": (signed_with(**{DEPLOYMENT: "2"}), "deployment-mismatch"),
    "with another nonce": (signed_with(nonce="never-issued"), "nonce-mismatch"),
    "of no platform": (lambda _, token: "junk", "token-malformed"),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_message_that_was_tampered_with_is_refused(xblock: Connected, learner: Visitor, how: str) -> None:
    change, code = TAMPERED[how]
    form, before = learner.ask("graded"), xblock.count()
    page = learner.send(form, id_token=change(xblock, form.fields["id_token"]))
    assert_refused(xblock, page, code, before)


def test_the_platforms_own_answer_to_an_altered_nonce_is_refused(xblock: Connected, learner: Visitor) -> None:
    form, before = learner.ask("graded", nonce="altered-on-the-way"), xblock.count()
    assert claims_of(form.fields["id_token"])["nonce"] == "altered-on-the-way"
    assert_refused(xblock, learner.send(form), "nonce-mismatch", before)


def test_a_launch_that_is_replayed_is_refused(xblock: Connected, learner: Visitor) -> None:
    form = learner.ask("graded")
    assert learner.send(form).status == 200
    before = xblock.count()
    assert_refused(xblock, learner.send(form), "state-spent", before)


def test_a_launch_in_somebody_elses_browser_is_refused(xblock: Connected, learner: Visitor) -> None:
    form, before = learner.ask("graded"), xblock.count()
    assert_refused(xblock, xblock.visitor("deltaker003").send(form), "browser-unknown", before)


def assert_refused(xblock: Connected, page: Page, code: str, before: tuple[int, int]) -> None:
    """Nobody came in, and the reason is the one that stands in the list of failures."""
    launches, refusals = before
    assert 400 <= page.status < 500, page.text
    assert xblock.refusals()[refusals:] == [code]
    assert len(xblock.launches()) == launches
