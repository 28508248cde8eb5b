"""Speak the recipient's language."""

import pytest

from sidecar.errors import NotFoundError
from sidecar.language import LANGUAGES, choose, known, say, translator


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


def test_a_text_without_translation_stays_english() -> None:
    assert translator("nn")("no such text anywhere") == "no such text anywhere"
    assert translator("xx")("Privacy") == "Privacy"
