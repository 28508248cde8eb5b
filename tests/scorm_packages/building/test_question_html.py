"""What is said of a question's parts is what they show, also where that is a picture."""

from dataclasses import replace

from scorm_packages.building.question_html import write_question
from tests.fakes.course import question

CARD = '<img src="media/a.png" alt="Rødt kort" loading="lazy">'


def test_a_step_that_is_a_picture_is_called_what_it_shows() -> None:
    asked = replace(question(1, "ordering", "nb", is_counted=False), steps=(CARD, "<strong>Slå</strong>ss"))
    html = write_question(asked, "nb")
    for said in ('data-text="Rødt kort"', 'aria-label="Flytt opp: Rødt kort"', "Riktig svar: Rødt kort; Slåss"):
        assert said in html
