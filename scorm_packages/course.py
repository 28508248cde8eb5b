"""Hold the course tree that a manifest describes; the application stores it as JSON."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from scorm_packages.finding import Finding

Version = Literal["scorm-1.2", "scorm-2004-2nd", "scorm-2004-3rd", "scorm-2004-4th", "cmi5", "unknown"]
ScormType = Literal["sco", "asset"]


@dataclass(frozen=True)
class ControlModes:
    """Say how a learner may move among the children of an item.

    Source: IMS Simple Sequencing 1.0, 3.2.1 (defaults). SCORM 1.2 has no such rules: all have their defaults.
    """

    choice: bool = True
    flow: bool = False
    forward_only: bool = False
    choice_exit: bool = True


@dataclass(frozen=True)
class Item:
    """Hold one node of the table of contents.

    `href` is the path of the file to open within the package (decoded), or an http(s) address, or None where there
    is nothing to open; `launch` is what to append to its encoded form (query, parameters and fragment).
    """

    identifier: str
    title: str
    href: str | None = None
    launch: str = ""
    scorm_type: ScormType | None = None
    visible: bool = True
    prerequisites: str | None = None
    mastery_score: float | None = None
    max_time_allowed: str | None = None
    time_limit_action: str | None = None
    data_from_lms: str = ""
    scaled_passing_score: float | None = None
    completion_threshold: float | None = None
    control: ControlModes = field(default_factory=ControlModes)
    hide_lms_ui: frozenset[str] = frozenset()
    children: tuple["Item", ...] = ()

    def walk(self) -> Iterator["Item"]:
        """Yield the item and all below it in document order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        plain = {name: value for name, value in vars(self).items() if name not in {"control", "children"}}
        return plain | {
            "control": asdict(self.control),
            "hide_lms_ui": sorted(self.hide_lms_ui),
            "children": [child.to_json() for child in self.children],
        }


@dataclass(frozen=True)
class Manifest:
    """Hold what a manifest says: the tree, and what is odd about it. `control` rules the topmost items.

    `description`: from the metadata, for people who choose the course; no part of the tree.
    """

    version: Version
    title: str
    language: str | None = None
    items: tuple[Item, ...] = ()
    control: ControlModes = field(default_factory=ControlModes)
    findings: tuple[Finding, ...] = ()
    declared: frozenset[str] = frozenset()
    description: str = ""

    @property
    def launchable(self) -> Iterator[Item]:
        """Yield every item that opens something, in document order."""
        return (item for top in self.items for item in top.walk() if item.href is not None)

    def to_json(self) -> dict[str, Any]:
        """Return the course tree as plain values, without what only a check needs."""
        return {
            "version": self.version,
            "title": self.title,
            "language": self.language,
            "items": [item.to_json() for item in self.items],
            "control": asdict(self.control),
        }
