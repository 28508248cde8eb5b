"""Let a hostile package keep the learner, or break what it plays in: she can always leave, and what was saved stays."""

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.e2e.hostile import World, attempts_of
from tests.e2e.playing import saved, state_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SET = "api.LMSSetValue('cmi.core.lesson_location', '7'); api.LMSCommit('');"
ASKS = (
    "for (const where of [window, parent]) where.addEventListener('beforeunload', (event) => event.preventDefault());"
)


def leave(page: Page, timeout_ms: int = 5_000) -> None:
    page.get_by_role("button", name="Exit", exact=True).click()
    expect(page.get_by_text("You have not finished yet.")).to_be_visible(timeout=timeout_ms)


def test_questions_whether_to_stay_keep_nobody(world: World) -> None:
    asked: list[str] = []
    page, frame, _ = world.play(
        SET + ASKS + "setInterval(() => alert('stay'), 300); addEventListener('unload', () => alert('stay'));"
    )

    def note(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", note)
    frame.locator("h1").click()  # a page that nobody touched may not ask
    page.wait_for_timeout(700)
    assert "alert" in asked, "the test means nothing where it can't ask"
    leave(page)
    assert "beforeunload" not in asked
    page.close()


def test_a_course_that_hangs_can_be_left(world: World) -> None:
    if not world.is_per_version:
        return  # it is the same there, and takes eight seconds
    page, frame, learner = world.play(SET)
    frame.evaluate("void setTimeout(() => { for (;;); })")
    page.wait_for_timeout(200)
    assert page.evaluate("1 + 1") == 2, "the page around it hangs too"
    leave(page, timeout_ms=15_000)
    assert saved(world.sidecar, learner)["a"]["cmi.core.lesson_location"] == "7"
    page.close(run_before_unload=False)


def test_a_course_that_fills_the_storage_is_saved_all_the_same(world: World) -> None:
    fill = (
        "try { for (let at = 0; ; at += 1) localStorage.setItem(at, 'x'.repeat(500000)) } catch { window.isFull = 1 }"
    )
    page, frame, learner = world.play(fill)
    assert frame.evaluate("isFull") == 1
    assert attempts_of(frame, "api.LMSSetValue('cmi.suspend_data', 'æ')", "api.LMSCommit('')") == ["true", "true"]
    page.evaluate("localStorage.setItem('ours', '1')")
    frame.evaluate("localStorage.clear()")
    assert saved(world.sidecar, learner)["a"]["cmi.suspend_data"] == "æ"
    page.close()


@pytest.mark.parametrize("damage", ["parent.document.body.replaceChildren()", "parent.API = null; parent.fetch = null"])
def test_a_course_that_wrecks_the_shim_harms_itself_only(world: World, damage: str) -> None:
    page, frame, learner = world.play(SET)
    frame.evaluate(f"void setTimeout(() => {{ {damage} }})")
    page.wait_for_timeout(300)
    leave(page, timeout_ms=15_000)
    assert saved(world.sidecar, learner)["a"]["cmi.core.lesson_location"] == "7"
    page.close()


def test_a_window_it_leaves_behind_still_speaks_for_its_own_attempt_only(world: World) -> None:
    page, frame, learner = world.play(SET)
    with world.context.expect_page() as opened:
        frame.evaluate("void window.open('window.html')")
    window = opened.value
    window.wait_for_load_state()
    leave(page)
    assert window.evaluate("opener === null || opener.closed"), "the API went with the page"
    assert state_of(world.sidecar, learner) == "open"
    window.close()
    page.close()
