"""Speak the recipient's language."""

import pytest

from sidecar.connectors.base import RejectedError, SettingMissingError
from sidecar.connectors.hr_csv_problems import ColumnMissingError
from sidecar.errors import MisconfiguredError, NotFoundError
from sidecar.language import LANGUAGES, choose, known, say, say_template, translator


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("nb", "nb"),
        ("no", "nb"),
        ("nb-NO", "nb"),
        ("nn_NO", "nn"),
        ("EN-us", "en"),
        ("de", None),
        ("", None),
        (None, None),
        ("../../etc", None),
    ],
)
def test_a_tag_means_one_of_three_languages_or_none(tag: str | None, language: str | None) -> None:
    assert known(tag) == language


def test_the_strongest_wish_that_we_speak_wins() -> None:
    assert choose([None, "de", "nn", "en"]) == "nn"
    assert choose([]) == "nb"
    assert choose(["fr"], default="en") == "en"


def test_an_error_is_said_with_its_facts() -> None:
    error = NotFoundError(what="course", key="100% {sure}")
    assert say(error, "en") == str(error)
    for language in LANGUAGES:
        assert "100% {sure}" in say(error, language)


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (NotFoundError(what="municipality", key="x"), "(kommune)"),
        (ColumnMissingError(heading="last name"), "«etternamn»"),
        (SettingMissingError(setting="folder"), "«mappe»"),
        (RejectedError(reason="Sperra av {mottakar}"), "Sperra av {mottakar}"),
        (MisconfiguredError(setting="", reason="SIDECAR_PORT"), "SIDECAR_PORT"),
    ],
)
def test_words_of_ours_among_the_facts_are_translated_and_others_are_kept(problem: Exception, said: str) -> None:
    text = say(problem, "nn")
    assert said in text
    assert "Project-Id" not in text  # what gettext answers to an empty text


def test_an_error_that_was_recorded_is_said_as_when_it_was_raised() -> None:
    error = NotFoundError(what="connection", key="7")
    for language in LANGUAGES:
        assert say_template(error.text(), error.facts, language) == say(error, language)


def test_a_text_without_translation_stays_english() -> None:
    assert translator("nn")("no such text anywhere") == "no such text anywhere"
    assert translator("xx")("Privacy") == "Privacy"
