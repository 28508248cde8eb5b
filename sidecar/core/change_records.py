"""Say what other systems read of a completion: one record for each employment that is told of it.

Source: docs/rest-pull.md, whose fields are those that municipalities' systems agreed on.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.completions import Completion
from sidecar.core.courses import PATH, Course, CourseVersion
from sidecar.core.employer_sight import is_told
from sidecar.core.evidence import GATHERING, MANUAL, VALID, Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.path_completions import list_paths_by_step, version_number
from sidecar.core.path_contents import OWN_KINDS
from sidecar.core.people import Employment, Identity
from sidecar.core.platforms import Platform
from sidecar.core.units import Unit, UnitPlace, stands_on

PSEUDONYM_CHARACTERS: Final = 32
DIGEST_BYTES: Final = 16
E_LEARNING: Final = "e-learning"
"""The kind of evidence of what was neither entered by hand nor a gathering."""

KEYS_A_TIME: Final = 5_000
"""How many rows one statement names: PostgreSQL and SQLite take some 32,000 parameters."""

Record = dict[str, Any]


@dataclass(frozen=True)
class Naming:
    """By what people and records of a municipality are called; the key is the municipality's own."""

    key: bytes

    def __repr__(self) -> str:
        """Tell nothing of the key."""
        return "Naming()"

    def name(self, *parts: str) -> str:
        """Return what stands for ids: the same ones always give the same, and nobody without the key finds them."""
        return hmac.new(self.key, "\n".join(parts).encode(), hashlib.sha256).hexdigest()[:PSEUDONYM_CHARACTERS]

    @cached_property
    def mark(self) -> str:
        """What stands for the key in digests, so that another key changes each of them."""
        return self.name("digest")


class Told(NamedTuple):
    """A completion that an employment is told of, as the tables have it."""

    employment_id: str
    completion_id: str
    completed_at: datetime
    person_id: str
    unit_id: str | None
    unit: str
    employee_number: str
    score: float | None
    valid_until: date | None
    origin: str
    course: str
    minutes: int | None
    version: int | None
    lms: str | None
    provider: str | None
    employer: str
    path: str | None = None

    def digest(self, naming: Naming, unit_path: str | None, kind: str) -> str:
        """Return by what its record is known to be the same again, without making it.

        A path stands in it only where there is one: what was told before there were paths stays the same.
        """
        facts = self if self.path else self[:-1]
        told = repr((*facts, naming.mark, unit_path, kind)).encode()
        return hashlib.blake2b(told, digest_size=DIGEST_BYTES).hexdigest()

    def record(self, naming: Naming, unit_path: str | None, kind: str) -> Record:
        """Return what other systems read."""
        return {
            "record_id": naming.name("record", self.completion_id, self.employment_id),
            "report_id": None,
            "period_from": None,
            "period_to": None,
            "municipality_orgnr": self.employer,
            "unit_id": self.unit_id,
            "unit_path": unit_path,
            "employee_ref": self.employee_number,
            "person_pseudonym": naming.name("person", self.person_id),
            "course_id": self.course,
            "course_version": self.version,
            "path_id": self.path,
            "requirement_id": None,
            "status": "completed",
            "completed_at": self.completed_at.isoformat().replace("+00:00", "Z"),
            "score": self.score,
            "hours": None if self.minutes is None else round(self.minutes / 60, 2),
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            "evidence_kind": kind,
            "source_lms": self.lms,
            "provider_orgnr": self.provider,
        }


def list_told(db: Session, viewer: Viewer, employment_ids: Sequence[str], today: date) -> list[Told]:
    """Return what these employments are told of, oldest first; nothing of who was erased.

    What was completed has a path where it is one, belongs to one, or is a step of one that was finished with it.

    Args:
        today: the day in Europe/Oslo.
    """
    provider, employer = aliased(Municipality), aliased(Municipality)
    query = (
        select(
            Employment.id,
            Completion.id,
            Completion.completed_at,
            Completion.person_id,
            Employment.unit_id,
            Employment.unit,
            Employment.employee_number,
            Completion.score,
            Completion.valid_until,
            Completion.origin,
            Course.key,
            Course.duration_minutes,
            version_number(),
            Platform.name,
            provider.org_number,
            employer.org_number,
            Course.kind,
        )
        .join(Completion, Completion.person_id == Employment.person_id)
        .join(Course, Course.id == Completion.course_id)
        .join(employer, employer.id == Employment.municipality_id)
        .outerjoin(CourseVersion, CourseVersion.id == Completion.version_id)
        .outerjoin(Identity, Identity.id == Completion.identity_id)
        .outerjoin(Platform, Platform.id == Identity.platform_id)
        .outerjoin(provider, provider.id == Course.municipality_id)
        .where(Employment.id.in_(employment_ids), Employment.erased_at.is_(None), may_see_employment(viewer))
        .where(is_told(today))
        .order_by(Completion.completed_at, Completion.id, Employment.id)
    )
    rows = [tuple(row) for row in db.execute(query)]
    return _with_paths(db, [Told(*row[:-1]) for row in rows], [row[-1] for row in rows])


def _with_paths(db: Session, told: Sequence[Told], kinds: Sequence[str]) -> list[Told]:
    """Name the path of each; `told` is in order of time, `kinds` are those of their courses."""
    steps = list_paths_by_step(db, {one.course for one in told})
    finished = defaultdict[str, list[Told]](list)
    for one, kind in zip(told, kinds, strict=True):
        if kind == PATH:
            finished[one.employment_id].append(one)
    found = []
    for one, kind in zip(told, kinds, strict=True):
        within = steps.get(one.course, [])
        with_it = (path.course for path in finished[one.employment_id] if path.completed_at >= one.completed_at)
        by_course = {PATH: one.course, **dict.fromkeys(OWN_KINDS, min(within, default=None))}
        path = by_course[kind] if kind in by_course else next((key for key in with_it if key in within), None)
        found.append(one._replace(path=path) if path else one)
    return found


def kinds_of(db: Session, told: Sequence[Told]) -> dict[str, str]:
    """Return, by completion, the kind of what is no e-learning.

    A gathering is a session, and so is a course that was entered by hand; what else was entered is prior learning.
    """
    by_hand = [one.completion_id for one in told if one.origin == MANUAL]
    query = select(Evidence.completion_id, Evidence.basis).where(Evidence.state == VALID)
    kinds = {one.completion_id: "session" for one in told if one.origin == GATHERING}
    for start in range(0, len(by_hand), KEYS_A_TIME):
        mine = query.where(Evidence.completion_id.in_(by_hand[start : start + KEYS_A_TIME]))
        for key, basis in db.execute(mine.order_by(Evidence.completed_at.desc())):
            kinds[key or ""] = "session" if basis == "course" else "prior-learning"
    return kinds


def paths_on(db: Session, municipality_id: str, day: date) -> dict[str, str]:
    """Return the path of each unit of a municipality on a day, from the top, by its id: `Helse / Hjemmetjenesten`."""
    query = select(Unit.id, Unit.name, UnitPlace.parent_id).join(UnitPlace, UnitPlace.unit_id == Unit.id)
    rows = db.execute(query.where(Unit.municipality_id == municipality_id, stands_on(day)))
    places = {key: (name, above) for key, name, above in rows}
    return {key: " / ".join(_names(key, places)) for key in places}


def _names(key: str, places: Mapping[str, tuple[str, str | None]]) -> list[str]:
    names: list[str] = []
    seen: set[str] = set()
    above: str | None = key
    while above is not None and above in places and above not in seen:
        seen.add(above)
        name, above = places[above]
        names.insert(0, name)
    return names
