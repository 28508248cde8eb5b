"""Play the practice courses as a learner does: read, answer, be done."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from practice_lms.packages import COURSE_KEYS, Standard, build_package
from sidecar.core.completions import find_completion
from sidecar.runtime import Sidecar
from tests.e2e.playing import Open, saved, wait_for
from tests.fakes.learner import bring_learner

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("standard", ["scorm-1.2", "scorm-2004"])
@pytest.mark.parametrize("key", COURSE_KEYS)
def test_a_practice_course_opens_and_saves(
    sidecar: Sidecar, tmp_path: Path, open_player: Open, key: str, standard: Standard
) -> None:
    learner, _ = bring_learner(sidecar, build_package(key, standard, tmp_path), key)
    page = open_player(learner)
    course = page.frame_locator("#course").frame_locator("iframe[title]")
    expect(course.get_by_role("heading").first).to_be_visible()
    wait_for(page, lambda: saved(sidecar, learner) != {})
    expect(page.get_by_role("status")).to_have_text("Saved")
    with sidecar.reading() as db:
        assert find_completion(db, learner.attempt_id) is None
