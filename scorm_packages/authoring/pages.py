"""Find the pages of a course by the names of their files, and read each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from scorm_packages.authoring.blocks import write_block
from scorm_packages.authoring.context import Context, Numbering
from scorm_packages.authoring.course_source import Page, Place
from scorm_packages.authoring.file_problems import (
    NoLanguageError,
    NoPagesError,
    PageNotTranslatedError,
    SameNameError,
    SameOrderError,
    StrayFileError,
    TooManyFilesError,
    UnknownLanguageError,
)
from scorm_packages.authoring.front_matter import read_front_matter
from scorm_packages.authoring.media import MediaShelf
from scorm_packages.authoring.page_problems import EmptyPageError, NoTitleError, TwoTitlesError
from scorm_packages.authoring.problems import Problems
from scorm_packages.authoring.source_folder import SourceFile, SourceFolder
from scorm_packages.authoring.writer import Writer
from scorm_packages.entry_name import fold_name

MOST_PAGES: Final = 2_000
_NAME: Final = re.compile(r"pages/((\d{1,6})-[^/]+?)(?:\.([a-z]{2,3}(?:-[A-Z]{2})?))?\.md")


@dataclass(frozen=True)
class PageFile:
    """A file that holds a page in one language. `name`: with its order, without the language."""

    name: str
    order: int
    language: str
    file: SourceFile


@dataclass(frozen=True)
class ReadPage:
    """A page and how many text boxes it has, which each language must have."""

    page: Page
    reflections: int


def find_pages(folder: SourceFolder, languages: Sequence[str], problems: Problems) -> Mapping[str, list[PageFile]]:
    """Return the files of the pages by language, in order; what is wrong with their names is told."""
    found: dict[str, dict[str, PageFile]] = {language: {} for language in languages}
    for file in folder.files.values():
        if not file.path.startswith("pages/"):
            continue
        page = _page_file(file, languages, problems)
        if page is None:
            continue
        known = found[page.language].setdefault(fold_name(page.name), page)
        if known is not page:
            problems.add(SameNameError, Place(file.path), other=known.file.path)
    if not any(found.values()):
        problems.add(NoPagesError, Place("pages"), language=languages[0])
    pages = {each: sorted(found[each].values(), key=lambda page: (page.order, page.name)) for each in languages}
    _tell_orders(pages, problems)
    _tell_untranslated(found, problems)
    return {language: of_one[:MOST_PAGES] for language, of_one in pages.items()}


def _page_file(file: SourceFile, languages: Sequence[str], problems: Problems) -> PageFile | None:
    parts = _NAME.fullmatch(file.path)
    if parts is None:
        problems.add(StrayFileError, Place(file.path))
        return None
    name, order, language = parts[1], int(parts[2]), parts[3]
    if language is None and len(languages) == 1:
        language = languages[0]
    if language is None:
        problems.add(NoLanguageError, Place(file.path), name=name, language=languages[0])
        return None
    if language not in languages:
        problems.add(UnknownLanguageError, Place(file.path), language=language, languages=", ".join(languages))
        return None
    return PageFile(name, order, language, file)


def _tell_orders(pages: Mapping[str, list[PageFile]], problems: Problems) -> None:
    for of_one in pages.values():
        for before, page in pairwise(of_one):
            if before.order == page.order:
                problems.add(SameOrderError, Place(page.file.path), other=before.file.path)
        if len(of_one) > MOST_PAGES:
            problems.add(TooManyFilesError, Place("pages"), limit=MOST_PAGES)


def _tell_untranslated(found: Mapping[str, Mapping[str, PageFile]], problems: Problems) -> None:
    names = {name: page for of_one in found.values() for name, page in of_one.items()}
    for name, page in names.items():
        spelt = {of_one[name].name for of_one in found.values() if name in of_one}
        if len(spelt) > 1:
            problems.add(SameNameError, Place(page.file.path), other=", ".join(sorted(spelt - {page.name})))
        for language, of_one in found.items():
            if name not in of_one:
                problems.add(PageNotTranslatedError, Place(page.file.path), language=language, name=page.name)


def read_pages(
    folder: SourceFolder, files: Sequence[PageFile], language: str, media: MediaShelf, problems: Problems
) -> list[ReadPage]:
    """Return the pages of one language; what is wrong in them is told, and such a page may be missing."""
    names, numbering = [file.name for file in files], Numbering()
    found = []
    for file in files:
        text = folder.read_text(file.file)
        if text is not None:
            context = Context(problems, media, language, names, numbering)
            found.append(ReadPage(_read_page(file, text, context), context.reflections))
    return found


def _read_page(file: PageFile, text: str, context: Context) -> Page:
    path = file.file.path
    above = read_front_matter(text, path, context.problems)
    writer = Writer(context, path, above.body_line, write_block)
    html = writer.write_text(above.body)
    if above.title and writer.title_line:
        context.problems.add(TwoTitlesError, Place(path, writer.title_line))
    title = above.title or writer.title
    if not html and writer.is_read:
        context.problems.add(EmptyPageError, Place(path))
    elif not title and writer.is_read:
        context.problems.add(NoTitleError, Place(path, writer.title_line or 1))
    place = Place(path, above.title_line or writer.title_line or 1)
    quizzes, questions = tuple(context.quizzes), tuple(context.questions)
    return Page(file.name, title, html, place, above.in_menu, questions, quizzes)
