"""Hold the starter catalogue to its promises: it builds and is accepted, has sources and dates, keeps to a language."""

import re
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from scorm_packages.authoring.course_source import Page, Question
from scorm_packages.building.standards import STANDARDS, Standard
from scorm_packages.check import check_package
from tests.fakes.starter_course import FOLDER, KEYS, build_course, read_course

LANGUAGES = ("nb", "nn")
FEWEST_WORDS, MOST_WORDS = 1000, 2200
FEWEST_QUESTIONS = 8
FEWEST_KINDS = 4
FEWEST_SOURCES = 3

BOKMAAL_ONLY = """
ikke jeg hva hvem hvordan hvorfor noe noen fra være mye bare uten en gjør kommer mer flere sykehjem ansatt ansatte leder
vann hjem skole hver hvis verneombud virksomhet allerede selv
"""
NYNORSK_ONLY = """
ikkje eg kva kven korleis kvifor noko nokon frå vere mykje berre dei utan ein eit gjer kjem meir fleire sjukeheim
tilsett tilsette leiar vatn òg heim skule kvar mellombels verneombod verksemd
"""
"""Words that the other form lacks; «de» and «et», for example, are words of both."""

each_course = pytest.mark.parametrize("key", KEYS)
each_language = pytest.mark.parametrize("language", LANGUAGES)


def text_of(html: str) -> str:
    return BeautifulSoup(html, "html.parser").get_text(" ")


def own_words(html: str) -> set[str]:
    """The words of a text, but those of titles and quotations, which are in whatever form they were written in."""
    soup = BeautifulSoup(html, "html.parser")
    for link in soup.find_all("a"):
        link.decompose()
    own = re.sub(r"«[^»]*»", " ", soup.get_text(" "))
    return {word.casefold() for word in re.findall(r"[\w-]+", own)}


def questions_of(pages: tuple[Page, ...]) -> list[Question]:
    return [question for page in pages for question in page.questions]


def everything_said(pages: tuple[Page, ...]) -> Iterator[str]:
    for page in pages:
        yield from (page.title, page.html)
        yield from (str(image["alt"]) for image in BeautifulSoup(page.html, "html.parser").select("img[alt]"))
    for question in questions_of(pages):
        said = [question.prompt, question.feedback, question.right, question.wrong, *question.steps]
        said += [text for option in question.options for text in (option.html, option.feedback)]
        said += [text for pair in question.pairs for text in pair]
        yield from said


def test_the_catalogue_holds_these_seven() -> None:
    assert sorted(path.name for path in FOLDER.iterdir() if path.is_dir()) == sorted(KEYS)


@each_course
def test_the_facts_are_whole(key: str) -> None:
    facts = read_course(key).facts
    assert facts.key == key
    assert facts.languages == LANGUAGES
    assert facts.review_by == date(2027, 11, 1)
    assert facts.licence == "CC-BY-4.0"
    assert facts.owner
    assert facts.subject
    assert facts.cover
    assert 70 <= facts.pass_percent <= 90
    assert 10 <= facts.duration_minutes <= 20
    for language in LANGUAGES:
        assert all(texts[language] for texts in (facts.title, facts.description, facts.audience))
        assert facts.statutory_basis[language]
        assert facts.keywords[language]


@each_language
@each_course
def test_it_can_be_read_in_the_time_it_promises(key: str, language: str) -> None:
    words = sum(len(text_of(page.html).split()) for page in read_course(key).pages[language])
    assert FEWEST_WORDS <= words <= MOST_WORDS


@each_language
@each_course
def test_the_quiz_has_enough_to_decide_on(key: str, language: str) -> None:
    questions = questions_of(read_course(key).pages[language])
    counted = [question for question in questions if question.is_counted]
    assert len(counted) >= FEWEST_QUESTIONS
    assert len(counted) < len(questions), "there is nothing to practise on"
    assert len({question.kind for question in counted}) >= FEWEST_KINDS


@each_language
@each_course
def test_every_answer_is_told_why(key: str, language: str) -> None:
    for question in questions_of(read_course(key).pages[language]):
        if question.kind in {"single", "multiple"}:
            assert all(option.feedback for option in question.options) or question.feedback, question.place
        else:
            assert question.feedback or (question.right and question.wrong), question.place


@each_language
@each_course
def test_the_last_page_names_its_sources_and_their_date(key: str, language: str) -> None:
    last = read_course(key).pages[language][-1]
    links = {str(link["href"]) for link in BeautifulSoup(last.html, "html.parser").select("a[href]")}
    assert last.title == {"nb": "Kilder", "nn": "Kjelder"}[language]
    assert len([link for link in links if link.startswith("https://")]) >= FEWEST_SOURCES
    assert "§" in last.html
    assert "2026" in last.html


@each_language
@each_course
def test_neither_form_of_norwegian_strays_into_the_other(key: str, language: str) -> None:
    words = set().union(*map(own_words, everything_said(read_course(key).pages[language])))
    strange = {"nb": NYNORSK_ONLY, "nn": BOKMAAL_ONLY}[language].split()
    assert words.isdisjoint(strange), words.intersection(strange)


@each_course
def test_both_languages_ask_the_same(key: str) -> None:
    nb, nn = (questions_of(read_course(key).pages[language]) for language in LANGUAGES)
    assert [shape(question) for question in nb] == [shape(question) for question in nn]


def shape(question: Question) -> tuple[object, ...]:
    rights = tuple(option.is_right for option in question.options)
    sizes = (len(question.blanks), len(question.pairs), len(question.steps))
    return (question.id, question.kind, question.is_counted, rights, sizes, question.range and question.range.low)


@pytest.mark.parametrize("standard", STANDARDS)
@each_course
def test_it_builds_and_is_accepted_without_a_finding(tmp_path: Path, key: str, standard: Standard) -> None:
    built = build_course(key, standard, tmp_path)
    with zipfile.ZipFile(built) as package:
        assert package.testzip() is None
        assert "index.html" in package.namelist()
    if standard != "web":
        report = check_package(built)
        assert report.verdict == "accept"
        assert {finding.code for finding in report.findings} <= {"cmi5-not-played"}
        facts = read_course(key).facts
        assert (report.title, report.manifest and report.manifest.language) == (facts.title["nb"], "nb")
        assert report.manifest
        assert standard == "cmi5" or report.manifest.description == facts.description["nb"]
