"""Write films and sounds with what those need who cannot see or hear them; and files to fetch."""

from __future__ import annotations

import re
from html import escape
from typing import Final
from urllib.parse import quote

from markdown_it.tree import SyntaxTreeNode

from scorm_packages.authoring.course_source import Place
from scorm_packages.authoring.language_names import language_name
from scorm_packages.authoring.media import Medium
from scorm_packages.authoring.media_problems import MediaKind
from scorm_packages.authoring.media_type import ending_of, size_in_words
from scorm_packages.authoring.page_problems import (
    BlockFileError,
    BlockMisplacedError,
    BlockTitleError,
    NoCaptionsError,
    NoTranscriptError,
)
from scorm_packages.authoring.settings import Settings, read_settings
from scorm_packages.authoring.words import word
from scorm_packages.authoring.writer import Writer, block_name, block_words

EXAMPLES: Final = {
    "video": "::: video media/film.mp4 How a door is closed",
    "audio": "::: audio media/sound.mp3 The alarm",
    "download": "::: download media/form.pdf The form",
}
_FILE_AND_TITLE: Final = re.compile(r"(?:<([^<>]+)>|(\S+))(?:\s+(.*))?")


def write_video(writer: Writer, node: SyntaxTreeNode) -> str:
    """Return a film: captions and a text version are required."""
    settings = read_settings(writer, node, ("captions", "transcript", "poster"))
    film, title = _file_and_title(writer, node, "film")
    captions = _setting(writer, settings, "captions", "captions")
    poster = _setting(writer, settings, "poster", "picture")
    if "captions" not in settings.given:
        writer.tell(NoCaptionsError, writer.line(node))
    language = writer.context.language
    source = f'<source src="{_address(film)}" type="{film.mime}">' if film else ""
    shown = f' poster="{_address(poster)}"' if poster else ""
    track = (
        f'<track kind="captions" src="{_address(captions)}" srclang="{escape(language)}"'
        f' label="{escape(language_name(language))}" default>'
        if captions
        else ""
    )
    return (
        f'<figure class="video"><video controls preload="metadata"{shown}>{source}{track}</video>'
        f"<figcaption>{escape(title)}</figcaption>{_transcript(writer, node, settings)}</figure>"
    )


def write_audio(writer: Writer, node: SyntaxTreeNode) -> str:
    """Return a sound: a text version is required."""
    settings = read_settings(writer, node, ("transcript",))
    sound, title = _file_and_title(writer, node, "audio")
    return (
        f'<figure class="audio"><audio controls preload="none" src="{_address(sound)}"></audio>'
        f"<figcaption>{escape(title)}</figcaption>{_transcript(writer, node, settings)}</figure>"
    )


def write_download(writer: Writer, node: SyntaxTreeNode) -> str:
    """Return a link that fetches a file, with its kind and size."""
    file, title = _file_and_title(writer, node, "download")
    language = writer.context.language
    size = f"{ending_of(file.path).upper()}, {size_in_words(file.size_bytes, language)}" if file else ""
    return (
        f'<p class="download"><a href="{_address(file)}" download>{escape(title)}</a>'
        f' <span class="size">({size})</span></p>{writer.write(node.children)}'
    )


def _file_and_title(writer: Writer, node: SyntaxTreeNode, what: MediaKind) -> tuple[Medium | None, str]:
    name, place = block_name(node), Place(writer.file, writer.line(node))
    found = _FILE_AND_TITLE.fullmatch(block_words(node))
    if found is None:
        writer.tell(BlockFileError, place.line, name=name, example=EXAMPLES[name])
        return None, ""
    if not found[3]:
        writer.tell(BlockTitleError, place.line, name=name, example=EXAMPLES[name])
    return writer.context.media.use(found[1] or found[2], what, place), found[3] or ""


def _setting(writer: Writer, settings: Settings, name: str, what: MediaKind) -> Medium | None:
    setting = settings.given.get(name)
    if setting is None:
        return None
    return writer.context.media.use(setting.value.strip("<>"), what, Place(writer.file, setting.line))


def _transcript(writer: Writer, node: SyntaxTreeNode, settings: Settings) -> str:
    html = writer.write(settings.rest)
    if file := _setting(writer, settings, "transcript", "text"):
        text = writer.context.media.read_text(file.path)
        html = Writer(writer.context, file.path, 1, _refuse_block).write_text(text or "") + html
    if not html and "transcript" not in settings.given:
        writer.tell(NoTranscriptError, writer.line(node))
    summary = escape(word(writer.context.language, "transcript"))
    return f'<details class="transcript"><summary>{summary}</summary>{html}</details>'


def _refuse_block(writer: Writer, node: SyntaxTreeNode) -> str:
    """Refuse blocks in text versions: they are text."""
    writer.tell(BlockMisplacedError, writer.line(node), name=block_name(node), outer="transcript")
    return ""


def _address(medium: Medium | None) -> str:
    return escape(quote(medium.path)) if medium else ""
