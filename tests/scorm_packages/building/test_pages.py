"""The pages of a built course serve everybody: by eye, ear, keyboard, on a phone, on paper and without a script."""

import zipfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from scorm_packages.authoring.course_source import CourseSource, MediaFile
from scorm_packages.building.package import build_package
from tests.browsers import violations
from tests.fakes.course import KINDS, RIGHT
from tests.fakes.course_taker import WRONG, answer, answer_all, go_on, order, question
from tests.scorm_packages.building.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = ((1280, 900), (320, 640))


def looks(page: Page) -> list[str]:
    """What is wrong with a page for somebody, on a desk and on a small phone (or at 400 %)."""
    found = violations(page)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"wider than {width}")
    return found


def test_every_page_and_every_state_of_a_question_is_accessible(
    course: CourseSource, open_built: Open, faults: list[str]
) -> None:
    page = open_built(course)
    assert looks(page) == []
    go_on(page, "Sju slags spørsmål")
    for given in (WRONG, RIGHT):
        for kind in KINDS:
            asked = question(page, kind, first=1)
            answer(asked, kind, given[kind])
            asked.get_by_role("button", name="Sjekk svaret").click()
            told = "Det er riktig." if given is RIGHT else "Det er ikke riktig."
            expect(asked.get_by_role("status").filter(has_text=told)).to_be_visible()
        assert looks(page) == []
    go_on(page, "Test")
    page.get_by_role("button", name="Lever svarene").click()
    expect(page.get_by_text("Spørsmål uten svar: 6.")).to_be_visible()
    assert looks(page) == []
    answer_all(page, wrong=KINDS)
    expect(page.get_by_text("0 av 7 riktige (0 %).")).to_be_visible()
    assert looks(page) == []
    page.get_by_role("button", name="Prøv igjen").click()
    answer_all(page)
    expect(page.get_by_text("Du har bestått testen.")).to_be_visible()
    assert looks(page) == []
    assert faults == []


def test_a_test_says_what_to_read_again(course: CourseSource, open_built: Open) -> None:
    page = open_built(course)
    go_on(page, "Sju slags spørsmål")
    go_on(page, "Test")
    answer_all(page, wrong=("single",))
    again = page.locator(".result li a")
    expect(again).to_have_text(["Hva først?", "Hvorfor øve?"])
    again.nth(1).click()
    expect(page.get_by_role("heading", level=1, name="Hvorfor øve?")).to_be_focused()
    assert page.title() == "Hvorfor øve? – Brannvern & rømning"


def test_the_keyboard_alone_goes_everywhere(course: CourseSource, open_built: Open) -> None:
    page = open_built(course)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Hopp til innholdet")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    go_on(page, "Sju slags spørsmål")
    asked = question(page, "ordering", first=1)
    start = order(asked)
    asked.locator("li").first.get_by_role("button", name="Flytt ned").focus()
    page.keyboard.press("Enter")
    assert order(asked) == [start[1], start[0], start[2]]
    expect(asked.locator("[data-moved]")).to_contain_text("står nå på plass 2 av 3")
    page.keyboard.press("Enter")
    assert order(asked) == [start[1], start[2], start[0]]
    expect(asked.locator("li").last.get_by_role("button", name="Flytt opp")).to_be_focused()
    passed = []
    for _ in range(40):
        page.keyboard.press("Tab")
        passed.append(page.evaluate("document.activeElement.outerHTML.slice(0, 90)"))
    assert all(one != other for one, other in pairwise(passed))
    assert any("Bokmål" in each or "data-switch" in each for each in passed)


def test_the_language_is_switched_without_losing_the_place_or_what_was_typed(
    course: CourseSource, open_built: Open
) -> None:
    page = open_built(course)
    page.get_by_role("textbox", name="Hva ville du gjort?").fill("Gått ut")
    go_on(page, "Sju slags spørsmål")
    question(page, "fill-in", first=1).get_by_role("textbox").fill("halvferdig")
    page.get_by_role("button", name="Nynorsk").click()
    expect(page.get_by_role("button", name="Nynorsk")).to_be_focused()
    assert page.evaluate("document.documentElement.lang") == "nn"
    expect(page.locator(".edition:not([hidden]) .steps .where")).to_have_text("Side 2 av 3")
    expect(question(page, "fill-in", first=1).get_by_role("textbox")).to_have_value("halvferdig")
    page.reload()
    page.locator(".steps:visible").wait_for()
    assert page.evaluate("document.documentElement.lang") == "nn"
    page.get_by_role("button", name="Førre").click()
    expect(page.get_by_role("heading", level=1, name="Kvifor øve?")).to_be_visible()
    expect(page.locator('.edition[lang="nn"] textarea')).to_have_value("Gått ut")


def test_everything_is_there_without_a_script_and_on_paper(
    browser: Browser, course: CourseSource, tmp_path: Path
) -> None:
    built = build_package(course, tmp_path / "web.zip", standard="web")
    with zipfile.ZipFile(built.path) as archive:
        archive.extractall(tmp_path / "web")
    address = (tmp_path / "web" / "index.html").as_uri()
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(address)
    assert plain.locator("h1:visible").count() == 6
    expect(plain.get_by_text("Velg ett eller flere svar.").first).to_be_visible()
    scripted = browser.new_page(locale="nn-NO")
    scripted.goto(address)
    expect(scripted.get_by_role("heading", level=1, name="Kvifor øve?")).to_be_visible()
    assert scripted.locator("h1:visible").count() == 1
    scripted.get_by_role("link", name="Sju slags spørsmål").click()
    asked = question(scripted, "single", first=1)
    answer(asked, "single", ["a"])
    asked.get_by_role("button", name="Sjekk svaret").click()
    expect(asked.get_by_text("Det er ikkje rett.")).to_be_visible()
    scripted.emulate_media(media="print")
    assert scripted.locator("h1:visible").count() == 3
    expect(asked.get_by_text("Det er ikkje rett.")).to_be_hidden()
    scripted.context.close()
    plain.context.close()


def test_captions_are_shown_in_pages_opened_from_a_folder(
    browser: Browser, course: CourseSource, tmp_path: Path
) -> None:
    captions = tmp_path / "kilde" / "film æ.vtt"
    captions.write_text("WEBVTT\n\nNOTE no cue\n\n1\n00:01.500 --> 01:00:02.000 line:0\nEn dør\nlukkes\n", "utf-8")
    first = course.pages["nb"][0]
    film = (
        '<video controls><track kind="captions" src="media/film%20%C3%A6.vtt" srclang="nb" label="nb" default></video>'
    )
    filmed = replace(first, html=first.html + film)
    media = (*course.media, MediaFile("media/film æ.vtt", captions, captions.stat().st_size))
    shown = replace(course, pages={"nb": (filmed, *course.pages["nb"][1:])}, media=media)
    built = build_package(shown, tmp_path / "web.zip", standard="web", languages=["nb"])
    with zipfile.ZipFile(built.path) as archive:
        archive.extractall(tmp_path / "web")
    page = browser.new_page()
    page.goto((tmp_path / "web" / "index.html").as_uri())
    page.locator(".steps:visible").wait_for()
    told = """() => [...document.querySelector("video").textTracks].map(
        ({mode, language, cues}) => [mode, language, [...cues].map((cue) => [cue.startTime, cue.endTime, cue.text])])"""
    assert page.evaluate(told) == [["showing", "nb", [[1.5, 3602, "En dør\nlukkes"]]]]
    page.close()


def test_colours_of_ones_own_and_still_pages_are_respected(course: CourseSource, open_built: Open) -> None:
    page = open_built(course)
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    assert violations(page) == []
    style = "each => getComputedStyle(each).transitionDuration"
    assert page.get_by_role("button", name="Neste").evaluate(style) == "0s"
