"""Read the settings of a block: lines `name: value` at its beginning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from markdown_it.tree import SyntaxTreeNode

from scorm_packages.authoring.fact_problems import BadValueError
from scorm_packages.authoring.page_problems import UnknownSettingError
from scorm_packages.authoring.writer import Writer, block_name

_SETTING: Final = re.compile(r"([a-z]+):(?:[ \t]+(.*))?")
_NUMBER: Final = re.compile(r"\d{1,4}")


@dataclass(frozen=True)
class Setting:
    """A setting as it stands in a file."""

    value: str
    line: int


@dataclass(frozen=True)
class Settings:
    """What the first lines of a block say; `rest` are the blocks below them."""

    given: Mapping[str, Setting]
    rest: list[SyntaxTreeNode]

    def number(self, writer: Writer, name: str, example: str, most: int) -> int | None:
        """Return a whole number from 0; None where it is not given, or none, which is told."""
        setting = self.given.get(name)
        if setting is None:
            return None
        if _NUMBER.fullmatch(setting.value) and int(setting.value) <= most:
            return int(setting.value)
        writer.tell(BadValueError, setting.line, key=name, example=example)
        return None


def read_settings(writer: Writer, node: SyntaxTreeNode, known: tuple[str, ...]) -> Settings:
    """Divide a block into its settings and the rest; unknown settings are told."""
    first = node.children[0] if node.children else None
    if first is None or first.type != "paragraph":
        return Settings({}, node.children)
    [inner] = first.children
    lines = inner.content.split("\n")
    if not _SETTING.fullmatch(lines[0].strip()):
        return Settings({}, node.children)
    given: dict[str, Setting] = {}
    for line, text in enumerate(lines, writer.line(inner)):
        found = _SETTING.fullmatch(text.strip())
        if found and found[1] in known and found[1] not in given:
            given[found[1]] = Setting((found[2] or "").strip(), line)
        else:
            told = {"block": block_name(node), "name": found[1] if found else text.strip()[:40]}
            writer.tell(UnknownSettingError, line, **told, known=", ".join(known))
    return Settings(given, node.children[1:])
