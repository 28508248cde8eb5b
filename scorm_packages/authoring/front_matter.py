"""Read what may stand above a page's text: TOML between two lines of `+++`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from scorm_packages.authoring.course_facts import TITLE_CHARACTERS
from scorm_packages.authoring.course_source import Place
from scorm_packages.authoring.fact_problems import BadValueError, FrontMatterOpenError, UnknownKeyError
from scorm_packages.authoring.problems import Problems
from scorm_packages.authoring.toml_text import TomlText, is_text

EXAMPLES: Final = {"title": 'title = "Rom og dører"', "menu": "menu = false"}
_FENCE: Final = re.compile(r"^\+\+\+[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class FrontMatter:
    """What stands above a page; `body` is the rest, which begins on the line `body_line` of the file."""

    body: str
    body_line: int = 1
    title: str = ""
    title_line: int = 0
    in_menu: bool = True


def read_front_matter(text: str, file: str, problems: Problems) -> FrontMatter:
    """Divide a page into front matter and text; what is wrong above is told."""
    fences = list(_FENCE.finditer(text))[:2]
    if not fences or text[: fences[0].start()].strip():
        return FrontMatter(text)
    opened_line = text.count("\n", 0, fences[0].start()) + 1
    if len(fences) < 2:
        problems.add(FrontMatterOpenError, Place(file, opened_line))
        return FrontMatter("")
    toml = TomlText(text[fences[0].end() + 1 : fences[1].start()], file, problems, opened_line + 1)
    for key in toml.unknown(EXAMPLES):
        problems.add(UnknownKeyError, toml.place(key), key=key, known=", ".join(EXAMPLES))
    title, in_menu = toml.values.get("title", ""), toml.values.get("menu", True)
    for key, is_right in (
        ("title", "title" not in toml.values or is_text(title, TITLE_CHARACTERS)),
        ("menu", isinstance(in_menu, bool)),
    ):
        if not is_right:
            problems.add(BadValueError, toml.place(key), key=key, example=EXAMPLES[key])
    return FrontMatter(
        text[fences[1].end() + 1 :],
        text.count("\n", 0, fences[1].end()) + 2,
        title.strip() if isinstance(title, str) else "",
        toml.place("title").line if title else 0,
        in_menu is not False,
    )
