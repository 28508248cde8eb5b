"""Speak the recipient's language: Bokmål, Nynorsk or English, from .po files compiled in memory."""

from __future__ import annotations

import gettext
import inspect
import io
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("nb", "nn", "en")
DEFAULT = "nb"
NAMES = {"nb": "Bokmål", "nn": "Nynorsk", "en": "English"}
FOLDER = Path(__file__).parent / "translations"
SPOKEN = ("what", "heading", "reason", "field", "setting")
"""The facts that may hold English words of ours; they are said in the reader's language too."""


class Finding(Protocol):
    """Be what a package check found: a template with `{fact}` places, and the facts."""

    @property
    def template(self) -> str:
        """The English text."""

    @property
    def facts(self) -> dict[str, str]:
        """What goes into the places."""


@cache
def catalogue(lang: str) -> gettext.NullTranslations:
    """Return the messages of a language; English is the text in the code itself."""
    path = FOLDER / lang / "LC_MESSAGES" / "messages.po"
    if lang not in LANGUAGES or not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as file:
        messages = read_po(file, locale=lang)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def N_(message: str) -> str:  # noqa: N802 (the name by which such texts are collected everywhere)
    """Return a message as it is: it is translated where it is shown."""
    return message


def translator(lang: str) -> Callable[[str], str]:
    """Return the function that turns an English message into a language."""
    return catalogue(lang).gettext


def name_in_sentence(code: str, lang: str) -> str:
    """Return what a language calls another amid a sentence, e.g. `norsk bokmål`; the code where it has no name."""
    return str(Locale.parse(lang).languages.get(code, code))


def known(tag: str | None) -> str | None:
    """Return which of our languages a tag means (`no`, `nb-NO` and `nb_NO` are nb), or None."""
    primary = (tag or "").replace("_", "-").split("-")[0].lower()
    primary = "nb" if primary == "no" else primary
    return primary if primary in LANGUAGES else None


def choose(wishes: Iterable[str | None], default: str = DEFAULT) -> str:
    """Return the first wish that is one of our languages.

    Args:
        wishes: language tags, the strongest first; None and unknown ones are passed over.
    """
    return next((lang for lang in map(known, wishes) if lang), default)


def say(problem: Exception | Finding, lang: str) -> str:
    """Return the text of an error or finding in a language.

    Args:
        problem: an error whose class docstring is the English text, or a finding with `template`; both with
            `facts`.
    """
    return say_template(template_of(problem), getattr(problem, "facts", {}), lang)


def say_template(template: str, facts: Mapping[str, object], lang: str) -> str:
    """Return a text in a language, from its English template and the facts that go in."""
    translate = translator(lang)
    words = {name: translate(word) for name in SPOKEN if isinstance(word := facts.get(name), str) and word}
    return translate(template).format(**{**facts, **words})


def template_of(problem: Exception | Finding) -> str:
    """Return the English text of an error or finding, with `{fact}` where a fact goes in."""
    return getattr(problem, "template", None) or " ".join((inspect.getdoc(type(problem)) or "").split())
