"""Take a course that this project built, as somebody with a keyboard or a mouse would."""

import re

from playwright.sync_api import Frame, Locator, Page, expect

from tests.fakes.course import KINDS, RIGHT

FIRST_COUNTED = 11


def question(page: Page | Frame, kind: str, first: int = FIRST_COUNTED) -> Locator:
    """The question of a kind: of the test, or with `first=1` of the practice."""
    return page.locator(f'.edition:not([hidden]) [data-question="q{first + KINDS.index(kind)}"]')


def answer(asked: Locator, kind: str, given: list[str]) -> None:
    """Answer a question; an ordering by pressing its buttons."""
    if kind in {"single", "multiple", "true-false"}:
        for field in asked.locator("input").all():
            letter = field.get_attribute("value")
            if letter in given or kind == "multiple":
                field.set_checked(letter in given)
    elif kind in {"fill-in", "numeric"}:
        asked.get_by_role("textbox").fill(given[0])
    elif kind == "matching":
        for field, letter in zip(asked.get_by_role("combobox").all(), given, strict=True):
            field.select_option(letter)
    else:
        sort(asked, given)


def sort(asked: Locator, wanted: list[str]) -> None:
    """Press "up" till everything stands where it should."""
    for place, letter in enumerate(wanted):
        while order(asked).index(letter) > place:
            asked.locator(f'[data-step="{letter}"] [data-move="up"]').click()


def order(asked: Locator) -> list[str]:
    """The steps of an ordering as they stand."""
    return [item.get_attribute("data-step") or "" for item in asked.locator("[data-step]").all()]


def answer_all(page: Page | Frame, wrong: tuple[str, ...] = ()) -> None:
    """Answer the whole test, some kinds wrongly, and hand it in."""
    for kind in KINDS:
        asked = question(page, kind)
        answer(asked, kind, WRONG[kind] if kind in wrong else RIGHT[kind])
    page.get_by_role("button", name=re.compile("Lever svar")).click()


WRONG = {
    "single": ["a"],
    "multiple": ["b"],
    "true-false": ["true"],
    "fill-in": ["112"],
    "numeric": ["23,5"],
    "matching": ["b", "a"],
    "ordering": ["c", "b", "a"],
}


def go_on(page: Page | Frame, title: str) -> None:
    """Go to the next page."""
    page.get_by_role("button", name="Neste").click()
    expect(page.get_by_role("heading", level=1, name=title)).to_be_focused()
