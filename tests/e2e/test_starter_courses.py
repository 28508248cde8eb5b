"""Take each starter course in the real player: it can be passed, with all of its questions answered right."""

from pathlib import Path

import pytest

from scorm_packages.authoring.course_source import Question
from scorm_packages.building.question_keys import right_answer
from scorm_packages.building.standards import Standard
from sidecar.core.earning import find_evidence
from sidecar.runtime import Sidecar
from tests.e2e.learning import course_in, following, number_of
from tests.e2e.playing import Open, wait_for
from tests.fakes.learner import bring_learner
from tests.fakes.starter_course import KEYS, build_course, read_course

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STANDARDS: tuple[Standard, Standard] = ("scorm-1.2", "scorm-2004")
TAKE = """answers => {
  const shown = selector => [...document.querySelectorAll(selector)].filter(each => each.checkVisibility());
  while (!shown("[data-exam=hand-in]").length) shown("[data-go=next]")[0].click();
  for (const place of shown(".question")) {
    const answer = answers[place.dataset.question];
    answer.forEach((letter, index) => {
      const item = place.querySelector(`[data-step="${letter}"]`);
      const siblings = item?.parentElement.children ?? [];
      while ([...siblings].indexOf(item) > index) item.querySelector("[data-move=up]").click();
    });
    [...place.querySelectorAll("input, select")].forEach((field, index) => {
      if (field.matches("[type=radio], [type=checkbox]")) field.checked = answer.includes(field.value);
      else field.value = answer[index];
    });
  }
  shown("[data-exam=hand-in]")[0].click();
}"""
"""All at once, as it is about the courses here; `test_main_job` goes through two of them with mouse and keys."""


def answer_to(question: Question) -> list[str]:
    if question.range:
        return [number_of(question.range.low)]
    return [blank.accepted[0] for blank in question.blanks] or right_answer(question)


@pytest.mark.parametrize("key", KEYS)
def test_it_can_be_passed(sidecar: Sidecar, tmp_path: Path, open_player: Open, key: str) -> None:
    standard = STANDARDS[KEYS.index(key) % 2]
    learner, _ = bring_learner(sidecar, build_course(key, standard, tmp_path), key)
    page = open_player(learner)
    course = course_in(page)
    following(course).wait_for()
    questions = [question for each in read_course(key).pages["nb"] for question in each.questions]
    course.locator("body").evaluate(f"(_, answers) => ({TAKE})(answers)", {one.id: answer_to(one) for one in questions})

    def is_passed_in_full() -> bool:
        with sidecar.reading() as db:
            found = find_evidence(db, learner.attempt_id)
            return found is not None and found.score == 1

    wait_for(page, is_passed_in_full)
