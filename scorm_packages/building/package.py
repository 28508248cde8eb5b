"""Build a package from a course: the same bytes from the same source, and either a whole file or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scorm_packages.authoring.course_source import CourseSource
from scorm_packages.authoring.media_type import ending_of
from scorm_packages.building.editions import Editions
from scorm_packages.building.errors import LanguageMissingError, MediaChangedError, TargetNotWritableError
from scorm_packages.building.manifests import write_cmi5, write_manifest
from scorm_packages.building.media_types import packs_well
from scorm_packages.building.metadata import write_learning_resource, write_lom
from scorm_packages.building.runtime_files import write_script, write_style
from scorm_packages.building.schemas import read_schemas
from scorm_packages.building.standards import DEFAULT_STANDARD, Standard
from scorm_packages.building.zip_writer import ZipWriter
from scorm_packages.whole_file import replacing

OWN_FILES: Final = frozenset({"course.toml", "pages", "media"})
"""What of a source's folder is its author's, so that no package goes there."""


@dataclass(frozen=True)
class Built:
    """A package that was built; `digest`: its SHA-256 in hexadecimal digits."""

    path: Path
    standard: Standard
    languages: tuple[str, ...]
    size_bytes: int
    file_count: int
    digest: str


def build_package(
    course: CourseSource,
    target: Path,
    *,
    standard: Standard = DEFAULT_STANDARD,
    languages: Sequence[str] = (),
) -> Built:
    """Write a course's package to a file, replacing it only when all is written.

    Args:
        languages: which go in, the main one first; all of the course's where it is empty.

    Raises:
        LanguageMissingError: the course is not written in one of them.
        MediaChangedError: a file changed meanwhile.
        SchemasMissingError: the schemas are not there.
        TargetNotWritableError: the file can't be written.
        TooManyPartsError: a question has more options, pairs or steps than can be named.
    """
    editions = Editions(course, _choose(course, languages))
    texts = _write_texts(editions, standard)
    _refuse_target(course, target)
    try:
        with replacing(target) as file:
            writer = ZipWriter(file)
            for path, content in texts.items():
                writer.add_text(path, content)
            for media in editions.media:
                _add_media(writer, media.path, media.source, media.size_bytes)
            writer.close()
    except OSError as error:
        raise TargetNotWritableError(path=target, reason=error.strerror) from error
    return Built(
        target, standard, editions.languages, writer.size_bytes, len(texts) + len(editions.media), writer.digest
    )


def _choose(course: CourseSource, languages: Sequence[str]) -> tuple[str, ...]:
    written = course.facts.languages
    for language in languages:
        if language not in written:
            raise LanguageMissingError(language=language, languages=", ".join(written))
    return tuple(languages) or written


def _write_texts(editions: Editions, standard: Standard) -> dict[str, bytes]:
    """Return all files of a package but the media, by path, the manifest first: readers look for it there."""
    texts = {
        "index.html": editions.write_document(),
        "course/course.css": write_style(),
        "course/data.js": editions.write_data(_read_captions(editions) if standard == "web" else {}),
        "course/course.js": write_script(standard),
        "metadata.jsonld": write_learning_resource(editions),
        **read_schemas(standard),
    }
    if standard == "web":
        return texts
    if standard == "cmi5":
        return {"cmi5.xml": write_cmi5(editions), **texts}
    edition = "1.2" if standard == "scorm-1.2" else "2004"
    texts["metadata.xml"] = write_lom(editions, "lom-1.2.xml.j2" if edition == "1.2" else "lom.xml.j2")
    paths = [*texts, *(media.path for media in editions.media)]
    return {"imsmanifest.xml": write_manifest(editions, f"imsmanifest-{edition}.xml.j2", paths), **texts}


def _add_media(writer: ZipWriter, path: str, source: Path, size_bytes: int) -> None:
    if not packs_well(path, size_bytes):
        writer.add_file(path, source)
        return
    writer.add_text(path, _read(path, source))


def _read_captions(editions: Editions) -> dict[str, str]:
    captions = (media for media in editions.media if ending_of(media.path) == "vtt")
    return {media.path: _read(media.path, media.source).decode("utf-8", "replace") for media in captions}


def _read(path: str, source: Path) -> bytes:
    try:
        return source.read_bytes()
    except OSError:
        raise MediaChangedError(path=path) from None


def _refuse_target(course: CourseSource, target: Path) -> None:
    """Refuse to put a package where no file can lie, e.g. over a device, or over what the author wrote.

    Raises:
        TargetNotWritableError: it is such a place.
    """
    try:
        if not target.name or (target.exists() and not target.is_file()):
            raise TargetNotWritableError(path=target, reason="it is no file")
        place = target.parent.resolve() / target.name
    except OSError as error:
        raise TargetNotWritableError(path=target, reason=error.strerror) from error
    root = course.folder.resolve() if course.folder else None
    if root and place.is_relative_to(root) and place.relative_to(root).parts[0] in OWN_FILES:
        raise TargetNotWritableError(path=target, reason="the course source keeps its own files there")
