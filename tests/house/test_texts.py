"""Every text that a person sees has its Bokmål and Nynorsk, with the same places for facts."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message

from lti.errors import LtiError
from scorm_packages.finding import TEXTS
from sidecar.connectors.hr_csv import HEADINGS, read_people
from sidecar.connectors.hr_csv_problems import NoHeadingsError, UnknownColumnError
from sidecar.language import LANGUAGES, say, say_template, translator
from tests.house import messages
from tests.house.sources import ROOT, python_files

TRANSLATED = ("nb", "nn")
SAMPLE = "employee number;first name;last name;email;unit;position"
TEMPLATES = sorted((ROOT / "sidecar" / "web" / "templates").rglob("*.html"))
NAMES = {"Læringsløp", "SCORM"}
"""What is called the same in every language."""

_PERCENT = re.compile(r"%\((\w+)\)s")
_JINJA = re.compile(r"\{% block body_class %\}.*?\{% endblock %\}|\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_SPOKEN_ATTRIBUTES = ("alt", "aria-label", "aria-description", "label", "placeholder", "title")
_UNSPOKEN_ELEMENTS = ("script", "style", "code")


@pytest.fixture(scope="session")
def texts() -> Catalog:
    """All texts as they stand in the code."""
    return messages.collect()


@pytest.fixture(scope="session")
def errors() -> list[type[Exception]]:
    """Every class of the three error families."""
    return messages.error_classes()


def places(text: str) -> set[str]:
    """Give the names of the facts that go into a text."""
    if found := set(_PERCENT.findall(text)):
        return found
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """Give the forms of a text: one, or singular and plural."""
    return (text,) if isinstance(text, str) else tuple(text or ())


@pytest.mark.parametrize("lang", TRANSLATED)
def test_the_catalogue_is_what_the_code_says(texts: Catalog, lang: str) -> None:
    catalogue = messages.read(lang)
    catalogue.update(texts, no_fuzzy_matching=True)
    is_same = messages.written(catalogue) == messages.catalogue_path(lang).read_bytes()
    assert is_same, "run `make messages`, then translate what it left empty"


@pytest.mark.parametrize("lang", TRANSLATED)
def test_every_text_is_translated_with_the_same_places(texts: Catalog, lang: str) -> None:
    catalogue = messages.read(lang)
    wrong = [message.id for message in texts if message.id and not _fits(message, catalogue.get(message.id))]
    assert wrong == []


def _fits(message: Message, said: Message | None) -> bool:
    if said is None or said.fuzzy or not messages.is_translated(said):
        return False
    wanted = set(chain.from_iterable(map(places, forms(message.id))))
    return all(places(form) == wanted for form in forms(said.string))


@pytest.mark.parametrize("root", messages.ROOTS, ids=lambda root: root.__name__)
def test_a_code_names_one_error_of_its_family(errors: list[type[Exception]], root: type[Exception]) -> None:
    codes = Counter(vars(kind).get("code") for kind in errors if issubclass(kind, root))
    assert codes.pop(None, 0) == 0, "an error without a code of its own"
    assert [code for code, count in codes.items() if count > 1] == []


def test_every_error_can_be_said_in_every_language(errors: list[type[Exception]]) -> None:
    for kind in errors:
        english = messages.error_text(kind)
        for lang in LANGUAGES:
            said = say(_made(kind, english), lang)
            assert said.count("§") >= len(places(english)), (kind, lang)
            assert not set("{}") & set(said), (kind, lang)
            assert (said == english.format_map(dict.fromkeys(places(english), "§"))) == (lang == "en"), (kind, lang)


def _made(kind: type[Exception], english: str) -> Exception:
    """Make an error with a sign for every fact, whatever its constructor wants."""
    if issubclass(kind, LtiError):
        return kind(**{field.name: "§" for field in fields(kind)})
    error = kind.__new__(kind)
    error.facts = dict.fromkeys(places(english), "§")  # type: ignore[attr-defined]  # both other families have them
    return error


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_finding_can_be_said(lang: str) -> None:
    for template in TEXTS.values():
        text = " ".join(template.split())
        assert "{" not in say_template(text, dict.fromkeys(places(text), "1"), lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_headings_we_ask_for_are_those_we_read(lang: str) -> None:
    told = [translator(lang)(heading) for heading in HEADINGS.values()]
    listed = "; ".join(told)
    assert say(NoHeadingsError(), lang).endswith(f": {listed}")
    assert say(UnknownColumnError(found="x", column=1), lang).endswith(f": {listed}")
    assert translator(lang)(SAMPLE) == ";".join(told)
    [person] = read_people(f"{translator(lang)(SAMPLE)}\n1;Kari;Moen;k@x.no;Skolen;Lærer\n".encode())
    assert (person.employee_number, person.last_name, person.position) == ("1", "Moen", "Lærer")


def test_pages_raise_no_error_that_holds_untranslated_reasons() -> None:
    assert [path.name for path in python_files("sidecar/web") if "InvalidInputError(" in path.read_text()] == []


class Spoken(HTMLParser):
    """Collect what a page says aloud: its text, and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent = self._silent or tag in _UNSPOKEN_ELEMENTS
        self.found += [value or "" for name, value in attrs if name in _SPOKEN_ATTRIBUTES]

    def handle_endtag(self, tag: str) -> None:
        self._silent = self._silent and tag not in _UNSPOKEN_ELEMENTS

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


def literals(template: str) -> Iterator[str]:
    """Yield what a template says without asking for a translation."""
    page = Spoken()
    page.feed(_JINJA.sub(" ", template))
    page.close()
    for text in page.found:
        words = " ".join(text.split()).strip("–- ")
        if any(map(str.isalpha, words)) and words not in NAMES:
            yield words


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_template_says_nothing_untranslated(path: Path) -> None:
    assert list(literals(path.read_text())) == []


def test_a_literal_text_is_found() -> None:
    page = (
        '<a href="/x" title="Two">{{ _("One") }}</a>{% if a > b %}<p>Three{# Four #}</p>{% endif %}<i>Læringsløp –</i>'
    )
    assert list(literals(page)) == ["Two", "Three"]
