"""Walk through a course that was built here: every page, and every state of its questions, in every language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scorm_packages.accessibility.browser.page_scripts import ANSWER, PAGES, PRESS

if TYPE_CHECKING:
    from scorm_packages.accessibility.browser.session import Session

MOST_PAGES: Final = 2_000
SETTLE_MS: Final = 50


def walk_own_course(session: Session) -> None:
    """Look at a course in each of its languages."""
    for language in session.page.evaluate("() => courseData.languages"):
        session.open("index.html")  # the answers in the language before are forgotten
        _press(session, f'[data-switch="{language}"]')
        _walk(session)


def _walk(session: Session) -> None:
    for _ in range(MOST_PAGES):
        shown = session.page.evaluate(PAGES)
        name = f"index.html#{shown['id']}"
        session.look_at_all(name, "unanswered" if shown["practice"] or shown["exam"] else "opened")
        _answer(session, name, shown)
        if not shown["hasNext"]:
            return
        _press(session, '[data-go="next"]')


def _answer(session: Session, name: str, shown: dict[str, Any]) -> None:
    """Look at the questions of a page handed in without an answer, wrong, and right."""
    if not (shown["practice"] or shown["exam"]):
        return
    for state, is_right in (("not answered", None), ("wrong", False), ("right", True)):
        if is_right is not None:
            session.page.evaluate(ANSWER, is_right)
        _press(session, "[data-page] [data-check]")
        _press(session, '[data-exam="hand-in"]')
        session.look(name, state)
        if is_right is False:
            _press(session, '[data-exam="again"]')


def _press(session: Session, selector: str) -> None:
    session.page.evaluate(PRESS, selector)
    session.page.wait_for_timeout(SETTLE_MS)
