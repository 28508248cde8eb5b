"""The test column of a connection's test never stays in the LMS's gradebook, whatever goes wrong."""

from collections.abc import Callable

import pytest

from lti.fetching import Response
from sidecar.tool.checks.columns import LABEL, TAG
from sidecar.tool.checks.texts import WHY
from tests.fakes.open_lms import HTML, LINE_ITEMS, OpenLms
from tests.sidecar.tool.checks.causes import CAUSES, Steps


@pytest.mark.usefixtures("launched")
@pytest.mark.parametrize("wrong", ["html", "server-error", "broken", "timeout", "redirect", "missing", "too-large"])
@pytest.mark.parametrize("moment", ["read", "change"])
def test_a_test_column_never_stays_whatever_goes_wrong(
    check: Callable[[], Steps], lms: OpenLms, wrong: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = {"read": "GET", "change": "PUT"}[moment]
    honest = lms._answer_gradebook

    def answer(asked: str, url: str, body: bytes) -> Response:
        if asked == method and url.endswith("/lineitem"):
            if isinstance(cause := CAUSES[wrong], Exception):
                raise cause
            return cause
        return honest(asked, url, body)

    monkeypatch.setattr(lms, "_answer_gradebook", answer)
    steps = check()
    found = steps[{"read": "line-item-not-read", "change": "line-item-not-changed"}[moment]]
    assert (found.outcome, found.facts["reason"]) == ("failed", WHY[wrong])
    assert "line-item-left" not in steps
    assert lms.items == {}


@pytest.mark.usefixtures("launched")
def test_a_column_that_was_made_without_an_answer_is_found_by_its_tag(
    check: Callable[[], Steps], lms: OpenLms, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = lms._answer_gradebook

    def answer(method: str, url: str, body: bytes) -> Response:
        made = honest(method, url, body)
        return HTML if method == "POST" else made

    monkeypatch.setattr(lms, "_answer_gradebook", answer)
    assert check()["line-item-not-made"].outcome == "failed"
    assert lms.items == {}


@pytest.mark.usefixtures("launched")
def test_what_a_killed_test_left_is_swept_and_nothing_else(check: Callable[[], Steps], lms: OpenLms) -> None:
    base = f"{lms.issuer}{LINE_ITEMS}"
    left = {"label": LABEL, "scoreMaximum": 100, "tag": TAG}
    others = [{**left, "tag": "exam"}, {**left, "label": "Exam"}, {"label": LABEL, "scoreMaximum": 1}]
    for number, item in enumerate([left, left, *others]):
        lms.items[f"{base}/{number}/lineitem"] = {**item, "id": f"{base}/{number}/lineitem"}
    assert check()["line-item-swept"].facts == {"count": 2}
    assert len(lms.items) == len(others)


@pytest.mark.usefixtures("launched")
def test_a_column_that_can_not_be_deleted_is_told_of(
    check: Callable[[], Steps], lms: OpenLms, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = lms._answer_gradebook

    def answer(method: str, url: str, body: bytes) -> Response:
        return Response(403, {}, b"") if method == "DELETE" else honest(method, url, body)

    monkeypatch.setattr(lms, "_answer_gradebook", answer)
    found = check()["line-item-left"]
    assert (found.outcome, found.facts) == ("failed", {"label": LABEL, "reason": "it does not allow it"})
    monkeypatch.setattr(lms, "_answer_gradebook", honest)
    assert check()["line-item-swept"].facts == {"count": 1}
    assert lms.items == {}
