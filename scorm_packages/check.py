"""Check a package: one verdict, and everything that its author should know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from scorm_packages.accessibility.barrier import Barrier, Level
from scorm_packages.accessibility.static_scan import StaticScan
from scorm_packages.archive import Entry, Limits, open_package
from scorm_packages.content_scan import SCANNED_SUFFIXES, ContentScan, is_tracker
from scorm_packages.course import Manifest, Version
from scorm_packages.errors import EntryTooLargeError, ManifestTooLargeError, PackageError
from scorm_packages.finding import Finding, note, refuse, tally
from scorm_packages.learning_resource import CourseFacts, read_course_facts
from scorm_packages.manifest import read_manifest
from scorm_packages.package_root import MANIFESTS, is_junk
from scorm_packages.unpacked import Opened, OpenFile, Unpacked

MOST_DAMAGED = 20
SERVER_CODE = (
    *(".php", ".phtml", ".asp", ".aspx", ".jsp", ".cgi", ".pl", ".py", ".rb", ".sh", ".bash", ".bat", ".cmd"),
    *(".ps1", ".exe", ".dll", ".com", ".msi", ".jar", ".scr", ".vbs"),
)
OUR_FILES = frozenset({"index.html", "course/course.css", "course/course.js", "course/data.js", "metadata.jsonld"})
"""By these a package that was built here is known."""

ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".tgz")


@dataclass(frozen=True)
class Report:
    """Hold the result of a check; `entries` and `manifest` are empty where the package could not be read.

    `barriers` never change the verdict. `is_ours`: the package was built here, so that its author can mend them.
    `facts`: what it says of its course.
    """

    file: str
    verdict: Literal["accept", "reject"]
    version: Version
    title: str
    findings: tuple[Finding, ...]
    manifest: Manifest | None = None
    entries: tuple[Entry, ...] = ()
    barriers: tuple[Barrier, ...] = ()
    is_ours: bool = False
    facts: CourseFacts = field(default_factory=CourseFacts)

    @property
    def barrier_level(self) -> Level:
        """Return how barriers are meant: what others built they must mend."""
        return "warning" if self.is_ours else "advice"

    def to_json(self) -> dict[str, Any]:
        """Return what `package check --json` prints of a file."""
        return {
            "file": self.file,
            "verdict": self.verdict,
            "version": self.version,
            "title": self.title,
            "findings": [finding.to_json() for finding in self.findings],
            "accessibility": {
                "static": [barrier.to_json(self.barrier_level) for barrier in self.barriers],
                "browser": "not run",
            },
        }


def check_package(path: Path, limits: Limits | None = None) -> Report:
    """Check a file and read every byte of it once, in flat memory.

    Never raises for a bad package; raises OSError for a file that is not there or cannot be read.
    """
    limits = limits or Limits()
    try:
        with open_package(path, limits) as archive:
            return _check_open(str(path), archive, limits)
    except PackageError as error:
        return _conclude(str(path), [refuse(error)], None, ())


def check_unpacked(name: str, sizes: Mapping[str, int], open_file: OpenFile, limits: Limits | None = None) -> Report:
    """Check a package whose files lie apart, as `check_package` does.

    Args:
        name: what the report calls it.
        sizes: the size in bytes of each file, by its path.
    """
    limits = limits or Limits()
    try:
        return _check_open(name, Unpacked(sizes, open_file, limits), limits)
    except PackageError as error:
        return _conclude(name, [refuse(error)], None, ())


def _check_open(file: str, archive: Opened, limits: Limits) -> Report:
    findings: list[Finding] = []
    manifest = _read_manifest(archive, limits, findings)
    findings += manifest.findings if manifest else ()
    findings += _note_layout(archive)
    findings += _note_files(archive, manifest)
    facts, odd = read_course_facts(archive)
    findings += odd
    looks = StaticScan()
    findings += _read_all(archive, looks)
    is_ours = {entry.path for entry in archive.entries} >= OUR_FILES
    report = _conclude(file, findings, manifest, archive.entries)
    return replace(report, barriers=looks.barriers, is_ours=is_ours, facts=facts)


def _conclude(file: str, findings: Sequence[Finding], manifest: Manifest | None, entries: tuple[Entry, ...]) -> Report:
    rank = {"error": 0, "warning": 1, "advice": 2}
    ordered = tuple(sorted(findings, key=lambda finding: rank[finding.level]))
    return Report(
        file=file,
        verdict="reject" if any(finding.level == "error" for finding in ordered) else "accept",
        version=manifest.version if manifest else "unknown",
        title=manifest.title if manifest else "",
        findings=ordered,
        manifest=manifest,
        entries=entries,
    )


def _read_manifest(archive: Opened, limits: Limits, findings: list[Finding]) -> Manifest | None:
    try:
        xml = archive.read(archive.manifest_path, limits.manifest_bytes)
        return read_manifest(xml, [entry.path for entry in archive.entries], archive.read)
    except EntryTooLargeError:
        findings.append(refuse(ManifestTooLargeError(archive.manifest_path, limit=limits.manifest_bytes)))
    except PackageError as error:
        findings.append(refuse(error, archive.manifest_path))
    return None


def _note_layout(archive: Opened) -> Iterator[Finding]:
    if archive.root:
        yield note("manifest-in-folder", archive.root)
    paths = [entry.path for entry in archive.entries]
    others = [path for path in paths if path.rpartition("/")[2].lower() == "imsmanifest.xml" and "/" in path]
    yield from tally("several-manifests", others)
    yield from (note("two-standards", name) for name in MANIFESTS if name in paths and name != archive.manifest_path)


def _note_files(archive: Opened, manifest: Manifest | None) -> Iterator[Finding]:
    paths = [entry.path for entry in archive.entries]
    kept = [path for path in paths if not is_junk(path)]
    yield from tally("flash-file", _ending(kept, (".swf",)))
    yield from tally("server-code", _ending(kept, SERVER_CODE))
    yield from tally("nested-archive", _ending(kept, ARCHIVES))
    junk = [path for path in (*paths, *(entry.path for entry in archive.outside)) if is_junk(path)]
    yield from tally("system-junk", junk)
    if manifest is not None and manifest.version != "cmi5":
        undeclared = [path for path in kept if path not in manifest.declared and path != archive.manifest_path]
        yield from tally("undeclared-files", undeclared)


def _ending(paths: Sequence[str], suffixes: tuple[str, ...]) -> list[str]:
    return [path for path in paths if path.lower().endswith(suffixes)]


def _read_all(archive: Opened, looks: StaticScan) -> Iterator[Finding]:
    """Read every file to its end; yield the damaged ones and which hosts the pages call, and look at the pages."""
    callers: dict[str, list[str]] = {}
    damaged = 0
    for entry in archive.entries:
        scan = ContentScan()
        try:
            _read_one(archive, entry, scan, looks)
        except PackageError as error:
            damaged += 1
            yield refuse(error)
        for host in scan.hosts:
            callers.setdefault(host, []).append(entry.path)
        if damaged >= MOST_DAMAGED:
            return
    for entry in archive.outside:
        try:
            archive.verify(entry)
        except PackageError as error:
            yield refuse(error)
    for host, pages in sorted(callers.items()):
        yield note(
            "tracker" if is_tracker(host) else "external-resource",
            pages[0],
            host=host,
            count=len(pages),
            examples=", ".join(pages[:5]),
        )


def _read_one(archive: Opened, entry: Entry, scan: ContentScan, looks: StaticScan) -> None:
    is_scanned = entry.path.lower().endswith(SCANNED_SUFFIXES)
    page = looks.open(entry.path)
    for piece in archive.stream(entry.path):
        if is_scanned:
            scan.feed(piece)
        if page:
            page.feed(piece)
    if page:
        page.end()
