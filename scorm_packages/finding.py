"""Say one thing about a package: a code, where, and facts that the application translates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from scorm_packages.errors import PackageError, show

Level = Literal["error", "warning", "advice"]

WARNINGS: Mapping[str, str] = {
    "cmi5-not-played": "This is a cmi5 package. It is kept, but cmi5 courses cannot be played yet.",
    "manifest-in-folder": "The whole package lies in the folder “{where}”, which is left out.",
    "several-manifests": "Further manifests in sub-folders: {count} ({examples}). The one at the top counts.",
    "two-standards": "The package holds a SCORM manifest and “{where}”; it is read as SCORM.",
    "encoding-guessed": "The manifest is not written in the encoding it declares ({declared}); it was read as {used}.",
    "byte-order-mark": "The manifest begins with a byte order mark.",
    "encoding-not-utf-8": "The manifest is written in {used}, not in UTF-8.",
    "schemaversion-missing": "The manifest does not say which version of SCORM it follows; “{version}” was assumed.",
    "schemaversion-unknown": "The manifest states the unknown version “{stated}”; “{version}” was assumed.",
    "namespace-missing": "The manifest does not declare the SCORM (adlcp) namespace.",
    "identifier-invalid": "Identifiers that are not valid XML names: {count} ({examples}).",
    "identifier-duplicate": "Identifiers used more than once: {count} ({examples}). The first of each counts.",
    "identifier-missing": "Items or resources without an identifier: {count}.",
    "default-organization-dangling": "The default organization “{where}” does not exist; the first one is used.",
    "organizations-several": "The manifest has {count} organizations; only “{where}” is played.",
    "organization-missing": "The manifest lists no items; the first resource that can be opened is used.",
    "identifierref-dangling": "The item “{where}” points to the resource “{reference}”, which cannot be opened.",
    "title-empty": "Items without a title: {count}.",
    "scormtype-missing": "Resources that do not say whether they report results: {count}. They play as if they did.",
    "mastery-score-invalid": "The mastery score “{value}” of the item “{where}” is not a number from 0 to 100.",
    "measure-invalid": "The value “{value}” of the item “{where}” is not a number from {low} to {high}.",
    "sub-manifest": "The manifest holds another manifest (line {line}), which is not played.",
    "href-backslash": "Addresses with backslashes: {count} ({examples}).",
    "href-inexact": "Addresses that differ from the file names in capital letters or encoding: {count} ({examples}).",
    "launch-file-missing": "The item “{where}” opens the file “{path}”, which is not in the package.",
    "launch-external": "The item “{where}” opens the outside address {url}.",
    "declared-file-missing": "Files that the manifest lists, but the package lacks: {count} ({examples}).",
    "flash-file": "Flash files (.swf), which play in no browser: {count} ({examples}).",
    "server-code": "Files with programs or server code, which never run here: {count} ({examples}).",
    "nested-archive": "Files that are archives themselves: {count} ({examples}). They are kept unopened.",
    "tracker": "The package reports to {host}, a tracking service ({examples}). Learners' data may leave you.",
}
ADVICE: Mapping[str, str] = {
    "metadata-unreadable": "The file with the description of the course ({where}) is missing or cannot be read.",
    "external-resource": "The package loads things from {host} ({examples}). Learners need the network.",
    "declared-file-external": "Files that the manifest lists at outside addresses: {count} ({examples}).",
    "undeclared-files": "Files that the manifest does not list: {count}. They are kept.",
    "system-junk": "Files that macOS or Windows left in the package: {count} ({examples}).",
}


def _subclasses(family: type[PackageError]) -> Iterator[type[PackageError]]:
    for member in family.__subclasses__():
        yield member
        yield from _subclasses(member)


ERRORS: Mapping[str, str] = {
    member.code: member.__doc__ or ""
    for member in _subclasses(PackageError)
    if member.__module__ == PackageError.__module__  # the others are no findings of a package
}
TEXTS: Mapping[str, str] = {**ERRORS, **WARNINGS, **ADVICE}
"""Every code with its English text; `{names}` in it stand for facts."""


@dataclass(frozen=True)
class Finding:
    """Hold one finding; `facts` always has `where`."""

    level: Level
    code: str
    where: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """Return the English text with the facts in it."""
        return TEXTS[self.code].format_map(self.facts)

    def to_json(self) -> dict[str, str]:
        """Return what `package check --json` prints of a finding."""
        return {"level": self.level, "code": self.code, "where": self.where, "message": self.message}


def note(code: str, where: str = "", **facts: object) -> Finding:
    """Make a warning or an advice; its level follows from its code."""
    level: Level = "warning" if code in WARNINGS else "advice"
    shown = show(where)
    return Finding(level, code, shown, {"where": shown, **{k: show(str(v)) for k, v in facts.items()}})


def tally(code: str, cases: list[str]) -> Iterator[Finding]:
    """Yield one finding for all cases of a kind, naming the first few; nothing where there is none."""
    if cases:
        yield note(code, cases[0], count=len(cases), examples=", ".join(cases[:5]))


def refuse(error: PackageError, where: str = "") -> Finding:
    """Turn a refusal into a finding; `where` stands in for a place that the error does not name."""
    place = error.where or where
    return Finding("error", error.code, place, {**error.facts, "where": place})
