"""Bring grades to the platform of Open edX, and hear how it refuses those that are wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

import pytest

from lti.errors import ServiceRefused, ServiceRejected, ServiceUnreachable
from lti.grades import SCOPE_SCORE, completed_score, post_score
from lti.keys import ToolKey, as_tool_key
from lti.results import SCOPE_RESULT_READ, read_results
from lti.services import AccessTokens
from sidecar import tool
from sidecar.core import platform_settings, platforms
from sidecar.core.grades import Grade
from sidecar.core.people import Identity
from tests.fakes.platform import make_key
from tests.platforms.conftest import NAME, Connected

pytestmark = pytest.mark.slow


def pass_course(xblock: Connected, name: str, percent: int, unit: str = "graded") -> Grade:
    """Take the course of a unit, and return the grade that is to be sent."""
    visitor = xblock.visitor(name)
    play = visitor.launch(unit)
    visitor.begin(play)
    visitor.finish(play, percent)
    identity_id = xblock.launches()[-1].identity_id
    with xblock.sidecar.reading() as db:
        return db.query(Grade).filter_by(identity_id=identity_id).one()


def start_again(xblock: Connected, name: str) -> None:
    """Begin a new attempt at a course that is finished."""
    visitor = xblock.visitor(name)
    page = visitor.open_link("graded")
    form = next(one for one in page.forms if one.action.endswith("/again"))
    assert visitor.browser.send(urljoin(page.url, form.action), form.fields).status == 200


def subject_of(xblock: Connected, grade: Grade) -> str:
    with xblock.sidecar.reading() as db:
        return db.get_one(Identity, grade.identity_id).subject


def scores_of(xblock: Connected, subject: str) -> list[tuple[float, float, str, str]]:
    """Given, maximum, activity and grading of a user, in the library's own table."""
    return [row[1:] for row in xblock.platform.scores() if row[0] == subject]


def graded(xblock: Connected, name: str) -> list[float]:
    """The grades that came as far as Open edX's gradebook, scaled."""
    return [one["score"] for one in xblock.platform.heard() if one.get("graded") == name]


def test_a_grade_arrives_and_can_be_read_back(xblock: Connected) -> None:
    grade = pass_course(xblock, "deltaker010", 83)
    subject = subject_of(xblock, grade)
    assert xblock.run_jobs()[grade.id] == ("done", None)
    assert scores_of(xblock, subject) == [(83.0, 100.0, "Completed", "FullyGraded")]
    assert graded(xblock, "deltaker010") == [0.83]
    assert grade.lineitem_url
    results = read_results(xblock.fetch, xblock.token(SCOPE_RESULT_READ), grade.lineitem_url)
    assert [(one.score, one.maximum) for one in results if one.user_id == subject] == [(83.0, 100.0)]


@pytest.fixture
def _makes_columns(xblock: Connected) -> Iterator[None]:
    """An operator lets the tool make columns in this LMS."""
    for make in (True, False):
        with xblock.sidecar.transaction() as db:
            platform_id = platforms.find_platform(db, NAME).id
            platform_settings.set_line_items(db, platform_id, make=make, now=xblock.sidecar.now(), by=None)
        if make:
            yield


@pytest.mark.usefixtures("_makes_columns")
def test_a_unit_without_a_column_gets_one_of_ours_and_the_grade(xblock: Connected) -> None:
    grade = pass_course(xblock, "deltaker016", 100, "free")
    assert grade.lineitem_url is None
    assert xblock.run_jobs()[grade.id] == ("done", None)
    assert scores_of(xblock, subject_of(xblock, grade)) == [(100.0, 100.0, "Completed", "FullyGraded")]
    assert graded(xblock, "deltaker016") == [1.0]
    xblock.visitor("deltaker017").launch("free")
    assert xblock.launches()[-1].lineitem_url, "the column that we made is the unit's own from now on"


def test_a_better_result_takes_the_place_of_the_first(xblock: Connected) -> None:
    first = pass_course(xblock, "deltaker011", 83)
    xblock.run_jobs()
    start_again(xblock, "deltaker011")
    better = pass_course(xblock, "deltaker011", 100)
    assert better.id == first.id
    assert xblock.run_jobs()[better.id] == ("done", None)
    assert scores_of(xblock, subject_of(xblock, better)) == [(100.0, 100.0, "Completed", "FullyGraded")]
    assert graded(xblock, "deltaker011") == [0.83, 1.0]


def test_a_grade_of_somebody_unknown_waits(xblock: Connected) -> None:
    """The library itself fails at an unknown user, with 500: it may be known later."""
    grade = pass_course(xblock, "deltaker012", 100)
    with xblock.sidecar.transaction() as db:
        db.get_one(Identity, grade.identity_id).subject = "nobody"
    assert xblock.run_jobs()[grade.id] == ("waiting", "service-unreachable")
    assert scores_of(xblock, "nobody") == []
    assert graded(xblock, "deltaker012") == []
    with xblock.sidecar.reading() as db:
        assert db.get_one(Grade, grade.id).error_code == "service-unreachable"


def test_a_grade_for_a_line_item_that_is_gone_is_given_up(xblock: Connected) -> None:
    grade = pass_course(xblock, "deltaker013", 100)
    with xblock.sidecar.transaction() as db:
        db.get_one(Grade, grade.id).lineitem_url = f"{grade.lineitem_url}999"
    assert xblock.run_jobs()[grade.id] == ("failed", "line-item-gone")
    assert graded(xblock, "deltaker013") == []


@pytest.fixture
def lineitem_url(xblock: Connected) -> str:
    xblock.visitor("deltaker014").launch("graded")
    found = xblock.launches()[-1].lineitem_url
    assert found
    return found


def test_a_score_with_a_bad_token_is_refused(xblock: Connected, lineitem_url: str) -> None:
    before = xblock.platform.scores()
    head, _, tail = xblock.token(SCOPE_SCORE).rpartition(".")
    score = completed_score("somebody", datetime.now(UTC))
    for token in (f"{head}.{tail[::-1]}", "junk"):
        with pytest.raises(ServiceRefused) as caught:
            post_score(xblock.fetch, token, lineitem_url, score)
        assert (caught.value.code, caught.value.status) == ("service-refused", 403)
    assert xblock.platform.scores() == before


def test_a_score_without_its_scope_is_refused(xblock: Connected, lineitem_url: str) -> None:
    score, token = completed_score("somebody", datetime.now(UTC)), xblock.token(SCOPE_RESULT_READ)
    with pytest.raises(ServiceRefused) as caught:
        post_score(xblock.fetch, token, lineitem_url, score)
    assert (caught.value.code, caught.value.status) == ("service-refused", 403)


def test_results_without_their_scope_are_refused(xblock: Connected, lineitem_url: str) -> None:
    results = read_results(xblock.fetch, xblock.token(SCOPE_SCORE), lineitem_url)
    with pytest.raises(ServiceRefused):
        next(results)


def test_a_score_of_an_unknown_user_is_not_kept(xblock: Connected, lineitem_url: str) -> None:
    score, token = completed_score("nobody-at-all", datetime.now(UTC)), xblock.token(SCOPE_SCORE)
    with pytest.raises(ServiceUnreachable) as caught:
        post_score(xblock.fetch, token, lineitem_url, score)
    assert caught.value.reason == "status-500"
    assert scores_of(xblock, "nobody-at-all") == []


def test_an_older_score_is_rejected(xblock: Connected, lineitem_url: str) -> None:
    grade = pass_course(xblock, "deltaker015", 100)
    xblock.run_jobs()
    subject = subject_of(xblock, grade)
    late, token = completed_score(subject, datetime.now(UTC) - timedelta(hours=1), 10), xblock.token(SCOPE_SCORE)
    with pytest.raises(ServiceRejected) as caught:
        post_score(xblock.fetch, token, lineitem_url, late)
    assert caught.value.status == 400
    assert scores_of(xblock, subject) == [(100.0, 100.0, "Completed", "FullyGraded")]


def another_key(xblock: Connected) -> ToolKey:
    """A key of somebody else's, under the name of ours."""
    ours = tool.active_tool_key(xblock.sidecar)
    return replace(as_tool_key(make_key(78)), kid=ours.kid)


def test_a_token_asked_for_with_another_key_is_refused(xblock: Connected) -> None:
    tokens = AccessTokens(xblock.fetch, xblock.sidecar.now)
    with pytest.raises(ServiceRefused) as caught:
        tokens.token(xblock.registration(), [SCOPE_SCORE], another_key(xblock))
    assert (caught.value.status, caught.value.reason) == (400, "invalid_client")
