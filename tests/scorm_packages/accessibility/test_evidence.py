"""The evidence names each criterion that binds, how it was judged, and never says that a machine passed a course."""

from collections.abc import Mapping
from datetime import date

import html5lib
import pytest

from scorm_packages.accessibility.barrier import Barrier, barrier
from scorm_packages.accessibility.criteria import BINDING, LEFT_OUT
from scorm_packages.accessibility.evidence import TEXTS, Evidence, write_evidence

DAY = date(2026, 11, 22)


def evidence(*barriers: Barrier, is_ours: bool = True, not_run: str = "no browser") -> Evidence:
    return Evidence("Brann <vern>", "a.zip", "ab" * 32, DAY, barriers, is_ours, not_run, 0 if not_run else 12)


def say(text: str, facts: Mapping[str, str]) -> str:
    return text.format_map(facts)


def outcomes(known: Evidence) -> dict[str, str]:
    return {row.criterion.number: row.outcome for row in known.rows}


def test_the_47_criteria_that_bind_are_there() -> None:
    assert len({each.number for each in BINDING}) == 47
    assert sorted({each.level for each in BINDING}) == ["A", "AA"]
    assert [each.level for each in BINDING].count("A") == 29
    assert not {each.number for each in BINDING} & set(LEFT_OUT)


def test_what_a_machine_cannot_judge_is_left_to_a_person() -> None:
    told = outcomes(evidence())
    assert told["1.3.3"] == "person"
    assert told["2.1.2"] == "person"
    assert told["1.1.1"] == "nothing-found"
    assert told["2.5.4"] == "built-so"
    assert outcomes(evidence(not_run=""))["2.1.2"] == "nothing-found"


def test_nothing_is_said_of_how_others_build() -> None:
    told = outcomes(evidence(is_ours=False))
    assert "built-so" not in told.values()
    assert told["2.5.4"] == "person"


def test_a_fault_stands_at_its_criterion_with_how_to_mend_it() -> None:
    found = barrier("image-no-alt", "pages/01.md", '<img src="x">')
    known = evidence(found, barrier("pages-cut", "", count=3))
    assert outcomes(known)["1.1.1"] == "faults"
    page = write_evidence(known, "en", say).decode()
    assert "&lt;img src=" in page
    assert "Brann &lt;vern&gt;" in page
    assert found.mend.replace('"', "&#34;") in page
    assert "Files that were not looked at: 3." in page
    assert "not run: no browser" in page
    assert "passed" not in page


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_the_file_is_whole_html_in_its_language(language: str) -> None:
    page = write_evidence(evidence(), language, say).decode()
    html5lib.HTMLParser(strict=True).parse(page)
    assert f'<html lang="{language}">' in page
    assert page.count("<tr data-outcome") == 47
    for criterion in BINDING:
        assert getattr(criterion, language) in page


def test_every_text_is_used() -> None:
    said: list[str] = []

    def keep(text: str, facts: Mapping[str, str]) -> str:
        said.append(text)
        return say(text, facts)

    for known in (
        evidence(barrier("image-no-alt", "a"), barrier("pages-cut", "", count=1)),
        evidence(is_ours=False, not_run=""),
        Evidence("a", "a", "", DAY, (), True, "", 3, "it took too long"),
    ):
        write_evidence(known, "en", keep)
    assert set(TEXTS.values()) <= set(said)
