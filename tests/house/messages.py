"""Collect every text people see, and keep the catalogues of Bokmål and Nynorsk in step with the code.

Run `python -m tests.house.messages` to bring the catalogues up to date; it prints how many texts wait for translation.
"""

from __future__ import annotations

import importlib
import inspect
import io
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import get_args

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

import lti
import lti.errors
import scorm_packages
import scorm_packages.errors
import sidecar
import sidecar.errors
from scorm_packages.accessibility.browser.running import REASONS
from scorm_packages.accessibility.evidence import TEXTS as EVIDENCE
from scorm_packages.accessibility.rules import RULES
from scorm_packages.authoring.media_problems import MediaKind, VttFault
from scorm_packages.authoring.question_problems import Trait
from scorm_packages.errors import HeaderField, XmlFault, ZipFault
from scorm_packages.finding import TEXTS
from sidecar.connectors.base import settings_of
from sidecar.connectors.hr_csv import HEADINGS
from sidecar.connectors.registry import list_connectors
from sidecar.errors import Noun
from sidecar.language import FOLDER
from sidecar.sync.completion_file import HEADINGS as COMPLETION_HEADINGS

METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"silent": "false"}}
ROOTS = (sidecar.errors.SidecarError, lti.errors.LtiError, scorm_packages.errors.PackageError)


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    """Import and give every module of a package, the migrations left out."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if ".migrations" not in found.name and not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def error_classes() -> list[type[Exception]]:
    """Give every class of the three error families, the roots included."""
    for package in (sidecar, lti, scorm_packages):
        list(modules_of(package))
    waiting: list[type[Exception]] = list(ROOTS)
    found: list[type[Exception]] = []
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if not kind.__module__.startswith("tests"):
            found.append(kind)
    return sorted(set(found), key=lambda kind: (kind.__module__, kind.__qualname__))


def error_text(kind: type[Exception]) -> str:
    """Give the English text of an error class."""
    return " ".join((inspect.getdoc(kind) or "").split())


def words() -> Iterator[tuple[str, str]]:
    """Give the words that go into texts as facts, and what connectors say of themselves; with the file of each."""
    yield from ((noun, "sidecar/errors.py") for noun in get_args(Noun))
    for words_of in (ZipFault, HeaderField, XmlFault):
        yield from ((word, "scorm_packages/errors.py") for word in get_args(words_of))
    for words_of in (MediaKind, VttFault):
        yield from ((word, "scorm_packages/authoring/media_problems.py") for word in get_args(words_of))
    yield from ((word, "scorm_packages/authoring/question_problems.py") for word in get_args(Trait))
    yield from ((heading, "sidecar/connectors/hr_csv.py") for heading in HEADINGS.values())
    yield from ((heading, "sidecar/sync/completion_file.py") for heading in COMPLETION_HEADINGS.values())
    for kind in (installed.kind for installed in list_connectors() if installed.kind):
        if kind.__module__.startswith("sidecar."):
            source = kind.__module__.replace(".", "/") + ".py"
            told = (text for entry in settings_of(kind) for text in (entry.name, entry.help))
            yield from ((text, source) for text in (kind.title, *told))


def collect() -> Catalog:
    """Give the catalogue of all texts as they stand in the code."""
    catalogue = Catalog(project="sidecar", charset="utf-8")
    root = Path(sidecar.__file__).parent
    for name, _line, message, _comments, context in extract_from_dir(
        root, METHODS, OPTIONS, keywords={"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
    ):
        catalogue.add(message, locations=[(f"sidecar/{name}", 0)], context=context)
    for kind in error_classes():
        catalogue.add(error_text(kind), locations=[(kind.__module__.replace(".", "/") + ".py", 0)])
    for text in TEXTS.values():
        catalogue.add(text, locations=[("scorm_packages/finding.py", 0)])
    for rule in RULES.values():
        for text in (rule.text, rule.mend):
            catalogue.add(text, locations=[("scorm_packages/accessibility/rules.py", 0)])
    for text in EVIDENCE.values():
        catalogue.add(text, locations=[("scorm_packages/accessibility/evidence.py", 0)])
    for text in REASONS.values():
        catalogue.add(text, locations=[("scorm_packages/accessibility/browser/running.py", 0)])
    for word, source in words():
        catalogue.add(word, locations=[(source, 0)])
    return catalogue


def catalogue_path(lang: str) -> Path:
    """Give where a language's texts lie."""
    return FOLDER / lang / "LC_MESSAGES" / "messages.po"


def read(lang: str) -> Catalog:
    """Read a language's catalogue; an empty one where there is none yet."""
    path = catalogue_path(lang)
    if not path.exists():
        return Catalog(locale=lang, project="sidecar", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=lang)


def written(catalogue: Catalog) -> bytes:
    """Give a catalogue as the bytes of its file, the same for the same texts."""
    text = io.BytesIO()
    write_po(
        text, catalogue, width=110, sort_output=True, omit_header=False, include_lineno=False, ignore_obsolete=True
    )
    kept = [line for line in text.getvalue().splitlines(keepends=True) if not line.startswith(CHANGING)]
    return b"".join(kept)


CHANGING = (b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Generated-By', b'"Report-Msgid', b'"Last-Translator')


def is_translated(message: Message) -> bool:
    """Tell whether a message has its text, in every plural form."""
    texts = [message.string] if isinstance(message.string, str) else list(message.string or [""])
    return all(texts)


def main() -> None:
    """Bring the catalogues up to date."""
    template = collect()
    for lang in ("nb", "nn"):
        catalogue = read(lang)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue_path(lang).parent.mkdir(parents=True, exist_ok=True)
        catalogue_path(lang).write_bytes(written(catalogue))
        missing = [message for message in catalogue if message.id and not is_translated(message)]
        print(f"{lang}: {len(catalogue)} texts, {len(missing)} to translate in {catalogue_path(lang).name}")  # noqa: T201


if __name__ == "__main__":
    main()
