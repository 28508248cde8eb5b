"""Read a whole course source, or say all that is wrong with it."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Final

from scorm_packages.authoring.agreement import tell_differences
from scorm_packages.authoring.course_facts import read_facts
from scorm_packages.authoring.course_source import CourseSource, Facts, Place
from scorm_packages.authoring.fact_problems import NothingDecidesError
from scorm_packages.authoring.file_problems import NoCourseFileError, NoFolderError
from scorm_packages.authoring.media import MediaShelf
from scorm_packages.authoring.pages import ReadPage, find_pages, read_pages
from scorm_packages.authoring.problems import Problems
from scorm_packages.authoring.source_folder import SourceFolder
from scorm_packages.authoring.toml_text import TomlText

COURSE_BYTES: Final = 64 * 1024


def read_source(folder: Path) -> CourseSource:
    """Return what an author wrote; the folder is read only.

    Args:
        folder: holds `course.toml`, `pages/` and `media/`.

    Raises:
        SourceError: something is wrong; it holds all problems, sorted by file and line.
    """
    problems = Problems()
    source = SourceFolder(folder, problems)
    toml = _read_course_file(source, problems)
    if toml.is_broken:  # its languages are not known, so that whatever is said about pages would be wrong
        problems.refuse()
    facts = read_facts(toml, folder.resolve().name, problems)
    media = MediaShelf(source, problems)
    if facts.cover:
        media.use(facts.cover, "picture", toml.place("cover"))
    files = find_pages(source, facts.languages, problems)
    pages = {each: read_pages(source, files[each], each, media, problems) for each in facts.languages}
    main = facts.languages[0]
    for language in facts.languages[1:]:
        tell_differences(pages[main], pages[language], (main, language), problems)
    _tell_nothing_decides(facts, list(chain.from_iterable(pages.values())), toml, problems)
    problems.refuse()
    return CourseSource(facts, {each: tuple(read.page for read in pages[each]) for each in pages}, media.used, folder)


def _read_course_file(source: SourceFolder, problems: Problems) -> TomlText:
    """Return what `course.toml` says.

    Raises:
        SourceError: there is no folder, or no such file that can be read; nothing else can be told then.
    """
    if not source.root.is_dir():
        problems.add(NoFolderError, Place(""), folder=str(source.root))
    elif file := source.course_file():
        text = source.read_text(file, COURSE_BYTES)
        if text is not None:
            return TomlText(text, file.path, problems)
    elif not len(problems):
        problems.add(NoCourseFileError, Place("course.toml"))
    problems.refuse()
    raise AssertionError("a file that cannot be read is told")


def _tell_nothing_decides(facts: Facts, pages: list[ReadPage], toml: TomlText, problems: Problems) -> None:
    if facts.pass_percent and pages and not any(read.page.quizzes for read in pages):
        problems.add(NothingDecidesError, toml.place("pass_mark"), percent=facts.pass_percent)
