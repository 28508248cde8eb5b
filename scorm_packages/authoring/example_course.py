"""Write a small course to begin with: every kind of block and question, in the languages that one wants."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

EXAMPLE: Final = Path(__file__).parent / "example"
WRITTEN: Final = ("nb", "nn", "en")
"""The languages the example is written in; in others it begins in English."""

TITLES: Final = {"nb": "Et nytt kurs", "nn": "Eit nytt kurs", "en": "A new course"}
DESCRIPTIONS: Final = {
    "nb": "Et eksempel som viser hva et kurs kan inneholde: tekst, bilder, film, øvinger og en prøve.",
    "nn": "Eit døme som viser kva eit kurs kan innehalde: tekst, bilete, film, øvingar og ein prøve.",
    "en": "An example that shows what a course can hold: text, pictures, film, practice and a quiz.",
}
AUDIENCES: Final = {"nb": "Alle ansatte", "nn": "Alle tilsette", "en": "All employees"}
DURATION_MINUTES: Final = 10
_NAMED: Final = re.compile(r"(.+)\.([a-z]{2})\.(\w+)")


def is_free(folder: Path) -> bool:
    """Tell whether nothing is there yet, or an empty folder.

    Raises:
        OSError: the folder cannot be looked into.
    """
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def write_example(folder: Path, languages: Sequence[str], title: str = "") -> None:
    """Write the example course, all of it or nothing.

    Args:
        folder: does not exist, or is empty.
        languages: the main one first, each once.
        title: in every language; empty for the example's own.

    Raises:
        FileExistsError: the folder holds something.
        OSError: the folder cannot be written.
    """
    folder = folder.resolve()
    if not is_free(folder):
        raise FileExistsError(str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Made beside its place and moved there as a whole, so that a full disk leaves no half course.
    making = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(making, languages, title)
        making.chmod(0o755)
        making.rename(folder)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


def _write(folder: Path, languages: Sequence[str], title: str) -> None:
    (folder / "course.toml").write_text(_course_file(languages, title), "utf-8")
    for source in sorted(each for each in EXAMPLE.rglob("*") if each.is_file()):
        target = folder / source.relative_to(EXAMPLE)
        target.parent.mkdir(parents=True, exist_ok=True)
        named = _NAMED.fullmatch(source.name)
        if named is None:
            shutil.copyfile(source, target)
            continue
        for language in languages:
            if named[2] == _written(language):
                _copy_in(source, target.with_name(f"{named[1]}.{language}.{named[3]}"), language)


def _copy_in(source: Path, target: Path, language: str) -> None:
    """Copy a file of one language; where it names its other files, it then names those of the course's language."""
    text = source.read_text("utf-8")
    target.write_text(re.sub(rf"(media/\w+)\.{_written(language)}\.", rf"\1.{language}.", text), "utf-8")


def _written(language: str) -> str:
    base = language.partition("-")[0]
    return base if base in WRITTEN else "en"


def _course_file(languages: Sequence[str], title: str) -> str:
    titles = dict.fromkeys(TITLES, title) if title else TITLES
    return "\n".join(
        (
            f"languages = {json.dumps(list(languages))}",
            f"title = {_table(languages, titles)}",
            f"description = {_table(languages, DESCRIPTIONS)}",
            f"audience = {_table(languages, AUDIENCES)}",
            "subject = []",
            'licence = "CC-BY-4.0"',
            f"duration_minutes = {DURATION_MINUTES}",
            "pass_mark = 80",
            'cover = "media/door.svg"',
            "",
            "# Take the sign # away from a line to use it:",
            '# owner = "…"',
            "# review_by = 2027-11-01",
            f'# statutory_basis = {{ {languages[0]} = ["…"] }}',
            f'# keywords = {{ {languages[0]} = ["…"] }}',
            "",
        )
    )


def _table(languages: Sequence[str], texts: Mapping[str, str]) -> str:
    """Write texts as an inline table of TOML, whose strings are those of JSON."""
    pairs = (f"{language} = {json.dumps(texts[_written(language)], ensure_ascii=False)}" for language in languages)
    return f"{{ {', '.join(pairs)} }}"
