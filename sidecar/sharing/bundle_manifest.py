"""Name what a bundle of a learning path holds: the path, its courses, and whose it is.

Docs: docs/bundle.md. It is read and written by `sidecar.sharing.bundle_wire`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sidecar.core.path_contents import Content
from sidecar.core.validity import RENEWAL_DAYS


@dataclass(frozen=True)
class Facts:
    """What is known of a path or course beside its title; see `sidecar.core.courses.Course`."""

    subject: str = ""
    audience: str = ""
    owner: str = ""
    duration_minutes: int | None = None
    review_by: date | None = None
    statutory_basis: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_transferable: bool | None = None
    validity_months: int | None = None
    validity_window: str | None = None
    renewal_days: int = RENEWAL_DAYS


@dataclass(frozen=True)
class BundledFile:
    """A file of a course's package: its path in it, and the part that holds its bytes."""

    path: str
    digest: str
    size_bytes: int


@dataclass(frozen=True)
class Barriers:
    """What a course's origin says that keeps people out: how often, by the code of what it is.

    `browser`: what a browser saw; None where none has looked. `looked_at`: when it did.
    """

    static: Mapping[str, int] = field(default_factory=dict)
    browser: Mapping[str, int] | None = None
    looked_at: datetime | None = None


@dataclass(frozen=True)
class BundledCourse:
    """A course that steps are about.

    Attributes:
        kind: own, which has a package here, or one that each region has for itself: lms, task, gathering, link.
        version: the number of the package at its origin; None where there is no package.
        accessibility: None where nobody has looked.
    """

    key: str
    kind: str
    title: str
    language: str = ""
    summary: str = ""
    licence: str = ""
    facts: Facts = field(default_factory=Facts)
    version: int | None = None
    standard: str = ""
    accessibility: Barriers | None = None
    files: tuple[BundledFile, ...] = ()


@dataclass(frozen=True)
class BundledRegion:
    """Whose path it is: a name for people, and the exchange address that makes it one."""

    name: str
    address: str


@dataclass(frozen=True)
class Provenance:
    """A path of which this one was made: version and digest of what was adapted, and whose it was."""

    origin: str
    version: int
    digest: str
    region: str


@dataclass(frozen=True)
class Change:
    """What was new in a version."""

    version: int
    published_at: datetime
    note: str = ""


@dataclass(frozen=True)
class Manifest:
    """What a bundle holds."""

    origin: str
    version: int
    region: BundledRegion
    published_at: datetime
    content: Content
    facts: Facts
    licence: str
    provenance: tuple[Provenance, ...]
    changes: tuple[Change, ...]
    courses: tuple[BundledCourse, ...]

    @property
    def parts(self) -> dict[str, int]:
        """The size in bytes of each content, by its SHA-256, in order."""
        return dict(sorted({one.digest: one.size_bytes for one in self.files()}.items()))

    def files(self) -> Iterator[BundledFile]:
        """Yield every file of every course."""
        for course in self.courses:
            yield from course.files
