"""Say whom and which courses a report definition is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import Session

from sidecar.core.courses import Course
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment
from sidecar.core.report_definitions import UnknownCourseError
from sidecar.core.report_specs import Spec
from sidecar.core.units import below
from sidecar.reports import words


def is_selected(municipality: Municipality, spec: Spec, day: date) -> ColumnElement[bool]:
    """Return the condition on `Employment` and `Course`, but for the positions: see `holds_position`.

    Args:
        day: on which the tree of units is looked at.
    """
    return and_(works_in(municipality, spec, day), Course.key.in_(spec.courses) if spec.courses else true())


def works_in(municipality: Municipality, spec: Spec, day: date) -> ColumnElement[bool]:
    """Return the part of `is_selected` that is about `Employment` alone."""
    here = Employment.municipality_id == municipality.id
    if not spec.units:
        return here
    in_tree = Employment.unit_id.in_(below([(municipality.id, name) for name in spec.units], day))
    return and_(here, or_(in_tree, and_(Employment.unit_id.is_(None), Employment.unit.in_(spec.units))))


def holds_position(spec: Spec) -> Callable[[str], bool]:
    """Return what tells whether the title of a main position has one of the definition's words in it.

    The database can't do it: SQLite knows no capital letters beyond A to Z.
    """
    wanted = [word.casefold() for word in spec.positions]

    @lru_cache(maxsize=5_000)
    def holds(position: str) -> bool:
        return not wanted or any(word in position.casefold() for word in wanted)

    return holds


def check_courses(db: Session, spec: Spec) -> Sequence[str]:
    """Return the titles of the courses that a definition names, in its order; none where it is about all.

    Raises:
        UnknownCourseError: a key is nobody's.
    """
    query = select(Course.key, Course.title).where(Course.key.in_(spec.courses))
    known = dict(db.execute(query).all()) if spec.courses else {}
    for key in spec.courses:
        if key not in known:
            raise UnknownCourseError(course=key)
    return [known[key] for key in spec.courses]


def in_words(spec: Spec, titles: Sequence[str], language: str) -> tuple[tuple[str, str], ...]:
    """Return whom and which courses a report is about, as labels and texts for its head."""
    units = words.sentence("units", language, names=", ".join(spec.units)) if spec.units else ""
    positions = words.sentence("positions", language, names=", ".join(spec.positions)) if spec.positions else ""
    whom = "; ".join(filter(None, (units, positions))) or words.sentence("everyone", language)
    courses = ", ".join(titles) or words.sentence("all_courses", language)
    return ((words.sentence("whom", language), whom), (words.sentence("courses", language), courses))
