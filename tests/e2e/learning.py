"""Do what learners do in a browser: log in at the LMS, open an activity, read, answer, leave; by mouse or by keys."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import BrowserContext, FrameLocator, Locator, Page, expect

from practice_lms.packages import Question, read_course
from practice_lms.people import Person
from sidecar.language import translator
from tests.e2e.region import Region

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


def go_to_quiz(course: FrameLocator) -> None:
    """Turn the pages up to the test."""
    following = course.locator("#next")
    expect(following).to_be_visible()
    while following.is_visible():
        following.click()


def answer(course: FrameLocator, key: str, *, wrong: int = 0) -> None:
    """Take the test, the first `wrong` questions wrongly, and hand it in."""
    for field, values in answers(key, wrong):
        for value in values:
            course.locator(f"{field} input[value={value}]").check()
    course.get_by_role("button", name="Lever testen").click()
    expect(course.get_by_role("heading", name="Resultatet ditt")).to_be_visible()


def answers(key: str, wrong: int = 0) -> Iterator[tuple[str, list[str]]]:
    """Give the field and the values of each answer."""
    for number, question in enumerate(read_course(key).questions, 1):
        places = _wrong(question) if number <= wrong else question.right
        yield f"#sporsmal-{number}", ["abcdefgh"[place - 1] for place in places]


def _wrong(question: Question) -> tuple[int, ...]:
    return (next(place for place in range(1, len(question.options) + 1) if (place,) != question.right),)


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
    for field, values in answers(key):
        if course.locator(f"{field} input[type=checkbox]").count():
            for value in values:
                press(page, course.locator(f"{field} input[value={value}]"), "Space")
        else:
            tab_to(page, course.locator(f"{field} input[value=a]"))
            steps = "abcdefgh".index(values[0])
            for name in ["ArrowDown"] * steps or ["Space"]:
                page.keyboard.press(name)
