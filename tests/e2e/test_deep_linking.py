"""Let a teacher choose courses in the LMS's dialog, in a real Chromium; the learner gets a grade in the new column."""

from dataclasses import replace

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect
from sqlalchemy import update

from practice_lms.config import Link
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.municipalities import Municipality
from sidecar.language import translator
from sidecar.runtime import Sidecar
from tests.e2e.learning import log_in, nb, open_here, press, tab_to, take_course
from tests.e2e.region import Region
from tests.fakes.lms import add_course
from tests.sidecar.web.looking import check, check_fits

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ITEM = {"identifier": "a", "visible": True, "href": "a.html", "scaled_passing_score": None, "mastery_score": 80.0}
TOPICS = ("Førstehjelp", "Arkiv og journal", "Personvern", "Medisinhåndtering", "Forflytning", "Universell utforming")
WIDTHS = (320, 360, 800, 1280)
SUMMARY = "Et kort kurs for alle nyansatte: hva du gjør, hvem du sier fra til, og hvor du finner rutinene hos oss."


@pytest.fixture
def locale() -> str:
    return "nb-NO"


@pytest.fixture
def catalogue(sidecar: Sidecar, region: Region, kongsberg: Municipality) -> Region:
    """The two real courses among thirty others, some of Kongsberg's own, one of them in nynorsk."""
    for number in range(30):
        course_id = add_course(sidecar, f"kurs-{number}", f"{TOPICS[number % len(TOPICS)]}, del {number // 6 + 1}")
        with sidecar.transaction() as db:
            course = db.get_one(Course, course_id)
            course.language = "nn" if number == 7 else "nb"
            course.summary = SUMMARY if number % 3 else None
            course.municipality_id = kongsberg.id if number % 4 == 0 else None
            contents = [ITEM | {"title": f"Del {part}", "children": []} for part in (1, 2, 3)]
            version = update(CourseVersion).where(CourseVersion.course_id == course_id)
            db.execute(version.values(reviewed_at=sidecar.now(), manifest={"items": contents}))
    return region


def open_dialog(page: Page, region: Region) -> FrameLocator:
    page.goto(f"{region.lms.config.issuer}/course")
    page.get_by_role("link", name="Velg innhold").click()
    return page.frame_locator("main iframe")


def check_each_width(page: Page, name: str) -> None:
    """Hold the picker against the width of windows, and in the narrowest and the widest against axe."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        (check if width in (WIDTHS[0], WIDTHS[-1]) else check_fits)(page, f"{name}-{width}", framed=True)


def search(tool: FrameLocator, words: str, found: int, *, back: bool = False) -> None:
    box = tool.get_by_label(nb("Search in titles and descriptions"))
    tab_to(box.page, box, back=back)
    box.page.keyboard.press("Control+A")
    box.page.keyboard.type(words)
    expect(tool.get_by_role("status")).to_have_text(f"{found} kurs")


def tick(tool: FrameLocator, title: str) -> None:
    """Tick a course by the keyboard."""
    press(page_of(tool), tool.get_by_role("checkbox", name=title), "Space")
    expect(tool.get_by_role("checkbox", name=title)).to_be_checked()


def page_of(tool: FrameLocator) -> Page:
    return tool.locator("body").page


def added(region: Region, title: str) -> Link:
    return next(link for link in region.lms.config.links if link.title == title)


def test_a_teacher_picks_two_of_many_and_a_learner_gets_the_grade(context: BrowserContext, catalogue: Region) -> None:
    region, page = catalogue, log_in(context, catalogue, catalogue.teacher())
    before = len(region.lms.config.links)
    tool = open_dialog(page, region)
    expect(tool.get_by_role("status")).to_have_text("32 kurs")
    search(tool, "brannvern", 1)
    tick(tool, "Brannvern på arbeidsplassen")
    search(tool, "arkiv DEL 2", 1, back=True)
    expect(tool.get_by_role("group", name=nb("Chosen so far")).get_by_role("checkbox")).to_be_checked()
    tick(tool, "Arkiv og journal, del 2")
    press(page, tool.get_by_role("button", name=nb("Go on"), exact=True))
    group = tool.get_by_role("group", name="Brannvern på arbeidsplassen")
    title = group.get_by_label(nb("Name of the activity"))
    press(page, title, "Control+A")
    page.keyboard.type("Brannvern i høst")
    press(page, tool.get_by_role("button", name="Legg til 2 kurs"))
    page.wait_for_url(f"{region.lms.config.issuer}/course")
    expect(page.get_by_role("heading", name="Brannvern i høst")).to_be_visible()
    expect(page.get_by_role("heading", name="Arkiv og journal, del 2")).to_be_visible()
    assert len(region.lms.config.links) == before + 2
    page.get_by_role("link", name="Karakterbok").click()
    for name in ("Brannvern i høst", "Arkiv og journal, del 2"):
        expect(page.get_by_role("columnheader", name=name)).to_be_visible()
    page.get_by_role("button", name="Logg ut").click()
    person, link = region.learner("kongsberg"), added(region, "Brannvern i høst")
    learner = log_in(context, region, person)
    take_course(open_here(learner, region, link.link_id), "brannvern")
    region.run_jobs()
    assert region.score_of(person, link.link_id) == 100


def test_nothing_is_added_where_the_teacher_cancels(context: BrowserContext, catalogue: Region) -> None:
    before = catalogue.lms.config.links
    page = log_in(context, catalogue, catalogue.teacher())
    tool = open_dialog(page, catalogue)
    tool.get_by_role("button", name=nb("Cancel")).click()
    page.wait_for_url(f"{catalogue.lms.config.issuer}/course")
    assert catalogue.lms.config.links == before


def test_one_course_and_what_the_lms_wants_back(context: BrowserContext, catalogue: Region) -> None:
    config = replace(
        catalogue.lms.config, accept_multiple=False, accept_targets=("window",), content_data='å"<&\u2028' * 50
    )
    catalogue.lms.config = config
    page = log_in(context, catalogue, catalogue.teacher())
    tool = open_dialog(page, catalogue)
    tool.get_by_role("radio", name="Arkiv og journal, del 1").check()
    tool.get_by_role("button", name=nb("Next")).click()
    first = tool.get_by_role("group", name=nb("Chosen so far")).get_by_role("radio")
    expect(first).to_be_checked()
    tool.get_by_role("group", name=nb("Courses")).get_by_role("radio").first.check()
    expect(first).not_to_be_checked()
    tool.get_by_role("button", name=nb("Go on"), exact=True).click()
    tool.get_by_role("button", name="Legg til 1 kurs").click()
    page.wait_for_url(f"{config.issuer}/course")
    assert catalogue.lms.config.links[-1].window == "window"
    assert len(catalogue.lms.config.links) == len(config.links) + 1


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_every_page_of_the_picker_is_accessible(context: BrowserContext, catalogue: Region, language: str) -> None:
    _, region = translator(language), catalogue
    region.lms.config = replace(region.lms.config, locale=language)
    page = log_in(context, region, region.teacher())
    tool = open_dialog(page, region)
    tool.get_by_role("checkbox").nth(2).check()
    check_each_width(page, f"pick-{language}-list")
    tool.get_by_role("button", name=_("Next")).click()
    tool.get_by_role("group", name=_("Chosen so far")).wait_for()
    check_each_width(page, f"pick-{language}-page2")
    tool.get_by_role("button", name=_("More")).last.click()
    tool.get_by_role("heading", name=_("Contents")).wait_for()
    check_each_width(page, f"pick-{language}-course")
    tool.get_by_role("button", name=_("Choose this course")).click()
    tool.get_by_role("button", name=_("Go on"), exact=True).click()
    tool.get_by_role("heading", name=_("How shall they look in the LMS?")).wait_for()
    check_each_width(page, f"pick-{language}-options")
    tool.get_by_role("button", name=_("Back to the list")).click()
    tool.get_by_label(_("Search in titles and descriptions")).fill("finnes ikke")
    tool.get_by_text(_("No course fits. Try fewer words, or another language.")).wait_for()
    check_each_width(page, f"pick-{language}-none")
    for box in tool.get_by_role("checkbox").all():
        box.uncheck()
    tool.get_by_role("button", name=_("Go on"), exact=True).click()
    tool.get_by_role("alert").wait_for()
    check_each_width(page, f"pick-{language}-nothing")
    page.goto("about:blank")


def test_a_learner_is_told_why_and_an_empty_catalogue_says_what_to_do(
    context: BrowserContext, region: Region, sidecar: Sidecar
) -> None:
    with sidecar.transaction() as db:
        db.execute(update(CourseVersion).values(reviewed_at=None))
    page = log_in(context, region, region.teacher())
    page.set_viewport_size({"width": 800, "height": 900})
    tool = open_dialog(page, region)
    expect(tool.get_by_role("button", name=nb("Cancel"))).to_be_visible()
    check(page, "pick-empty", framed=True)
