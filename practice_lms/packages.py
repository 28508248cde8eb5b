"""Build the practice courses as SCORM packages: `python -m practice_lms.packages FOLDER`.

The same sources give the same bytes: files in a fixed order, stored, with a fixed time.
"""

import sys
import tomllib
import zipfile
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Literal, get_args

Standard = Literal["scorm-1.2", "scorm-2004"]
COURSES = Path(__file__).parent / "courses"
COURSE_KEYS = ("informasjonssikkerhet", "brannvern")
_SHARED = COURSES / "shared"
_PAGES_OF_TEST = 2
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_KEYWORD_XML = {
    "scorm-1.2": '    <keyword><langstring xml:lang="{language}">{word}</langstring></keyword>',
    "scorm-2004": '    <keyword><string language="{language}">{word}</string></keyword>',
}


@dataclass(frozen=True)
class Question:
    """Ask one question; `right` counts the options from 1, several right ones make it a tick-all question."""

    text: str
    options: tuple[str, ...]
    right: tuple[int, ...]
    good: str
    bad: str


@dataclass(frozen=True)
class Course:
    """Hold what a course's folder says."""

    key: str
    title: str
    description: str
    language: str
    keywords: tuple[str, ...]
    duration: str
    pass_percent: int
    after: str
    pages: str
    questions: tuple[Question, ...]


def read_course(key: str) -> Course:
    """Read a course from its folder under `courses/`."""
    folder = COURSES / key
    facts = tomllib.loads((folder / "course.toml").read_text(encoding="utf-8"))
    questions = tuple(
        Question(one["text"], tuple(one["options"]), tuple(one["right"]), one["good"], one["bad"])
        for one in facts.pop("questions")
    )
    facts["keywords"] = tuple(facts["keywords"])
    return Course(**facts, pages=(folder / "pages.html").read_text(encoding="utf-8").strip(), questions=questions)


def build_package(key: str, standard: Standard, folder: Path) -> Path:
    """Write the package of one course and return its path, `<key>-<standard>.zip`."""
    course = read_course(key)
    files = {
        "index.html": _write_page(course),
        "metadata.xml": _write_metadata(course, standard),
        **{name: (_SHARED / name).read_text(encoding="utf-8") for name in ("course.css", "course.js", "scorm.js")},
    }
    files = {"imsmanifest.xml": _write_manifest(course, standard, sorted(files)), **dict(sorted(files.items()))}
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{key}-{standard}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as package:
        for name, text in files.items():
            package.writestr(_entry(name), text.encode("utf-8"))
    return target


def build_all(folder: Path) -> list[Path]:
    """Write every course in both standards."""
    return [build_package(key, standard, folder) for key in COURSE_KEYS for standard in get_args(Standard)]


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _ZIP_TIME)
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry


def _fill(name: str, **values: object) -> str:
    return Template((_SHARED / name).read_text(encoding="utf-8")).substitute(values)


def _write_page(course: Course) -> str:
    return _fill(
        "shell.html",
        language=course.language,
        title=escape(course.title),
        page_count=course.pages.count('<section class="page"') + _PAGES_OF_TEST,
        pages=course.pages,
        pass_percent=course.pass_percent,
        question_count=len(course.questions),
        questions="\n".join(_write_question(number, question) for number, question in enumerate(course.questions, 1)),
        after=course.after,
    )


def _letter(number: int) -> str:
    return chr(ord("a") + number - 1)


def _write_question(number: int, question: Question) -> str:
    name = f"sporsmal-{number}"
    kind = "radio" if len(question.right) == 1 else "checkbox"
    options = "\n".join(
        f'<label><input type="{kind}" name="{name}" value="{_letter(place)}"> <span>{escape(option)}</span></label>'
        for place, option in enumerate(question.options, 1)
    )
    right = " ".join(_letter(place) for place in question.right)
    return (
        f'<fieldset id="{name}" data-right="{right}">\n<legend>{number}. {escape(question.text)}</legend>\n'
        f"{options}\n"
        f'<p data-feedback="right" hidden><strong>Riktig.</strong> {escape(question.good)}</p>\n'
        f'<p data-feedback="wrong" hidden><strong>Ikke riktig.</strong> {escape(question.bad)}</p>\n</fieldset>'
    )


def _write_manifest(course: Course, standard: Standard, names: list[str]) -> str:
    return _fill(
        f"imsmanifest-{standard}.xml",
        key=course.key,
        title=escape(course.title),
        pass_percent=course.pass_percent,
        pass_share=course.pass_percent / 100,
        files="\n".join(f'      <file href="{name}"/>' for name in names),
    )


def _write_metadata(course: Course, standard: Standard) -> str:
    line = _KEYWORD_XML[standard]
    return _fill(
        f"metadata-{standard}.xml",
        language=course.language,
        title=escape(course.title),
        description=escape(course.description),
        duration=course.duration,
        keywords="\n".join(line.format(language=course.language, word=escape(word)) for word in course.keywords),
    )


if __name__ == "__main__":
    for path in build_all(Path(sys.argv[1] if len(sys.argv) > 1 else ".")):
        print(path)
