"""Do what learners do in a browser: log in at the LMS, open an activity, read, answer, leave; by mouse or by keys."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import BrowserContext, FrameLocator, Locator, Page, expect

from practice_lms.people import Person
from scorm_packages.authoring.course_source import Question
from scorm_packages.authoring.words import word
from scorm_packages.building.question_keys import letter, right_answer
from sidecar.language import translator
from tests.e2e.region import Region
from tests.fakes.course_taker import order, sort
from tests.fakes.starter_course import read_course

Surface = FrameLocator | Page
"""Where the tool shows itself: the LMS's frame, or a window of its own."""

nb = translator("nb")


def log_in(context: BrowserContext, region: Region, person: Person) -> Page:
    """Log in at the LMS in a new tab."""
    page = context.new_page()
    page.goto(region.lms.config.issuer)
    page.get_by_label("Bruker").select_option(person.user_id)
    page.get_by_role("button", name="Logg inn").click()
    return page


def open_here(page: Page, region: Region, link_id: str) -> FrameLocator:
    """Open an activity inside the LMS's page."""
    page.goto(f"{region.lms.config.issuer}/course")
    link_to(page, region, link_id, "Åpne her").click()
    return page.frame_locator("main iframe")


def open_in_new_window(page: Page, region: Region, link_id: str) -> Page:
    """Open an activity in a window of its own."""
    page.goto(f"{region.lms.config.issuer}/course")
    with page.context.expect_page() as opened:
        link_to(page, region, link_id, "Åpne i nytt vindu").click()
    return opened.value


def link_to(page: Page, region: Region, link_id: str, name: str) -> Locator:
    """The link of an activity on the LMS's course page."""
    link = region.lms.config.link(link_id)
    assert link
    activity = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=link.title))
    return activity.get_by_role("link", name=name)


def course_in(tool: Surface) -> FrameLocator:
    """The package's own page, two frames below the player."""
    return tool.frame_locator("#course").frame_locator("iframe[title]")


def text(name: str, **facts: object) -> str:
    """A word of the course's own pages, in Bokmål."""
    return word("nb", name).format_map(facts)


def title_of(course: FrameLocator) -> Locator:
    """The title above the pages."""
    return course.locator("[data-title]:visible").first  # until its script runs a course shows all its languages


def following(course: FrameLocator) -> Locator:
    """The button that turns to the next page."""
    return course.get_by_role("button", name=text("next"), exact=True)


def hand_in(course: FrameLocator) -> Locator:
    """The button that hands in the test."""
    return course.get_by_role("button", name=text("hand-in"))


def go_to_quiz(course: FrameLocator) -> None:
    """Turn the pages up to the test."""
    expect(following(course)).to_be_visible()
    while not hand_in(course).is_visible():
        following(course).click()


def answer(course: FrameLocator, key: str, *, wrong: int = 0) -> None:
    """Take the test, the first `wrong` questions wrongly, and hand it in."""
    for number, (question, place) in enumerate(asked(course, key)):
        give(question, place, is_wrong=number < wrong)
    hand_in(course).click()
    expect(course.locator("[data-exam=result]:visible")).to_be_focused()


def asked(course: FrameLocator, key: str) -> Iterator[tuple[Question, Locator]]:
    """The questions of the page that is open, as they stand there, with their places."""
    questions = {question.id: question for page in read_course(key).pages["nb"] for question in page.questions}
    for place in course.locator(".question:visible").all():
        yield questions[place.get_attribute("data-question") or ""], place


def give(question: Question, place: Locator, *, is_wrong: bool) -> None:
    """Answer a question with the mouse, or leave out what would make it right."""
    if question.kind == "fill-in":
        for field, blank in zip(place.get_by_role("textbox").all(), question.blanks, strict=True):
            field.fill("?" if is_wrong else blank.accepted[0])
    elif question.range:
        place.get_by_role("textbox").fill(number_of(question.range.low - is_wrong))
    elif question.kind == "matching":
        for field, right in zip(place.get_by_role("combobox").all(), right_answer(question), strict=True):
            field.select_option("a" if is_wrong else right)
    elif question.kind == "ordering":
        if not is_wrong:  # it never comes in the right order
            sort(place, right_answer(question))
    else:
        for letter in _other(question) if is_wrong else right_answer(question):
            place.locator(f'input[value="{letter}"]').check()


def number_of(value: float) -> str:
    """A number as it is typed."""
    return f"{value:g}".replace(".", ",")


def _other(question: Question) -> list[str]:
    letters = ["true", "false"] if question.kind == "true-false" else [letter(n) for n in range(len(question.options))]
    return [next(one for one in letters if one not in right_answer(question))]


def leave(tool: Surface) -> None:
    """Leave the player for the page at the end."""
    tool.get_by_role("button", name=nb("Exit"), exact=True).click()
    expect(tool.get_by_text(nb("Last saved"))).to_be_visible()


def take_course(tool: Surface, key: str, *, wrong: int = 0) -> None:
    """Take a whole course, up to the page at the end."""
    course = course_in(tool)
    go_to_quiz(course)
    answer(course, key, wrong=wrong)
    leave(tool)


def tab_to(page: Page, target: Locator, *, back: bool = False) -> None:
    """Press Tab until the focus is there."""
    for _ in range(60):
        if target.evaluate("it => document.hasFocus() && it === document.activeElement"):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"the keyboard never reached {target}")


def press(page: Page, target: Locator, key: str = "Enter", *, back: bool = False) -> None:
    """Go somewhere by Tab and press a key there."""
    tab_to(page, target, back=back)
    page.keyboard.press(key)


def answer_by_keys(page: Page, course: FrameLocator, key: str) -> None:
    """Take the test with the keyboard, all answers right."""
    for question, place in asked(course, key):
        if question.kind in {"single", "true-false"}:
            _choose_by_keys(page, place, right_answer(question)[0])
        elif question.kind == "multiple":
            for one in place.get_by_role("checkbox").all():
                if one.get_attribute("value") in right_answer(question):
                    press(page, one, "Space")
        elif question.kind == "ordering":
            _sort_by_keys(page, place, right_answer(question))
        else:
            _fill_in_by_keys(page, question, place)


def _choose_by_keys(page: Page, place: Locator, wanted: str) -> None:
    values = [one.get_attribute("value") for one in place.get_by_role("radio").all()]
    tab_to(page, place.get_by_role("radio").first)
    for name in ["ArrowDown"] * values.index(wanted) or ["Space"]:
        page.keyboard.press(name)


def _sort_by_keys(page: Page, place: Locator, wanted: list[str]) -> None:
    for number, one in enumerate(wanted):
        while order(place).index(one) > number:
            press(page, place.locator(f'[data-step="{one}"] [data-move="up"]'))


def _fill_in_by_keys(page: Page, question: Question, place: Locator) -> None:
    if question.kind == "matching":
        for field, one in zip(place.get_by_role("combobox").all(), right_answer(question), strict=True):
            tab_to(page, field)
            values = [option.get_attribute("value") for option in field.locator("option").all()]
            for _ in range(values.index(one)):
                page.keyboard.press("ArrowDown")
        return
    texts = [number_of(question.range.low)] if question.range else [blank.accepted[0] for blank in question.blanks]
    for field, typed in zip(place.get_by_role("textbox").all(), texts, strict=True):
        tab_to(page, field)
        page.keyboard.type(typed)
