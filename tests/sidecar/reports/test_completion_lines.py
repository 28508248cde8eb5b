"""Test that the completion list says to the byte, on both databases, what it said when each row was made by itself.

The hashes are of those days: what is delivered again for nothing would show here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from sidecar.core.access import for_municipality
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.deliveries import Delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.own_wishes import SharingConsent
from sidecar.core.people import Employment, Person
from sidecar.core.periods import read_period
from sidecar.core.platforms import Platform
from sidecar.core.report_specs import Defined, Spec
from sidecar.reports.build import build
from sidecar.reports.formats import csv
from sidecar.runtime import Sidecar
from tests.sidecar.reports.world import World

ALL = Spec(formats=("csv",), language="nb")
NAMES = (
    "Åse Aas", "Aase Ås", "Kari Nordmann", "kari nordmann", "Kari Nordmann", "Émile Ærø", 'Ola "Bæ\\r" Øye',
    "=Per\tNy\nLinje -Dahl", "Ida \x01\x1f\x7f\u2028Zahl", "Đorđe Đøre", "Ola null", "Straße STRASSE", "Åse 𝔸s",
)  # fmt: skip
UNITS = ("Helse; omsorg", "helse; omsorg", 'Skole, "nord"', "\\N", "", "Å\\tdal")
SCORES = (None, 0.0, 1.0, 0.1 + 0.2, 1e-05, 2 / 3, 0.875, 0.0001)
SPECS: Mapping[str, Spec] = {
    "all": ALL,
    "course": replace(ALL, courses=("hjelp", "brann")),
    "unit": replace(ALL, units=("Helse; omsorg", "\\N")),
    "position": replace(ALL, positions=("SYKEPLEIER", "ærø")),
    "columns": replace(ALL, columns=("source", "valid_until", "score", "status", "course", "unit", "course_version")),
    "one column": replace(ALL, columns=("position",)),
    "later": ALL,
}


@pytest.fixture
def here(sidecar: Sidecar, world: World, kongsberg: Municipality, tmp_path: Path) -> Municipality:
    """Kongsberg, with all that a list must bear; one of the employees was erased, one begins later."""
    versions = [world.course(*one) for one in (("brann", "Brannvern"), ("hjelp", "brannvern"), ("it", 'Å "IT"\t\\'))]
    with sidecar.transaction() as db:
        db.execute(update(Course).where(Course.key == "it").values(is_transferable=True))
        db.execute(update(Platform).values(name='Moodle "Nord"; ÆØÅ'))
    made = 0
    for at, name in enumerate(NAMES):
        employment = world.employ(kongsberg, f"{at % 7}-{at}", name, unit=UNITS[at % len(UNITS)])
        identity = world.identity(f"i{at}", employment.person_id)
        with sidecar.transaction() as db:
            _change(db.get_one(Employment, employment.id), at)
            for version in versions:
                done_on = date(2026, 8, 20) + timedelta(days=made * 7 % 60)
                own: dict[str, Any] = {"version_id": version.id, "identity_id": identity.id} if made % 3 else {}
                one = Completion(
                    id=f"c{made}",
                    person_id=employment.person_id,
                    course_id=version.course_id,
                    origin=("player", "lms", "file", "manual")[made % 4],
                    completed_at=datetime(2026, 8, 20, tzinfo=UTC),
                    completed_on=done_on,
                    valid_until=done_on + timedelta(days=400) if made % 2 else None,
                    score=SCORES[made % len(SCORES)],
                    recorded_at=sidecar.now(),
                    withdrawn_at=sidecar.now() if made % 13 == 5 else None,
                    **own,
                )
                db.add(one)
                made += 1
    _erase(sidecar, "Kari", "Nordmann")
    _share(sidecar, kongsberg, versions[0].course_id)
    _close_august(sidecar, world, kongsberg, tmp_path)
    return kongsberg


def _change(one: Employment, at: int) -> None:
    one.position = ("Sykepleier", "lærer", "ÆRØ-sykepleier", "")[at % 4]
    one.started_on = date(2026, 9, 15) if at % 5 == 3 else None
    one.ended_on = date(2026, 9, 25) if at % 6 == 4 else None


def _erase(sidecar: Sidecar, first_name: str, last_name: str) -> None:
    with sidecar.transaction() as db:
        for person in db.query(Person).where(Person.first_name == first_name, Person.last_name == last_name):
            person.first_name = person.last_name = ""
            for one in db.query(Employment).where(Employment.person_id == person.id):
                one.erased_at, one.unit = sidecar.now(), ""


def _share(sidecar: Sidecar, municipality: Municipality, course_id: str) -> None:
    with sidecar.transaction() as db:
        for one in db.query(Employment).where(Employment.started_on.is_not(None)):
            keys: dict[str, Any] = {
                "person_id": one.person_id,
                "municipality_id": municipality.id,
                "course_id": course_id,
            }
            db.add(SharingConsent(**keys, given_at=sidecar.now()))


def _close_august(sidecar: Sidecar, world: World, municipality: Municipality, folder: Path) -> None:
    """Let August be delivered, with nothing in it."""
    told: dict[str, Any] = {"content_hash": "c" * 64, "row_count": 0, "files": [], "created_at": sidecar.now()}
    days: dict[str, Any] = {"period": "2026-08", "period_start": date(2026, 8, 1), "period_end": date(2026, 8, 31)}
    channel = world.folder(municipality, folder / "reports").id
    where: dict[str, Any] = {"municipality_id": municipality.id, "connection_id": channel, "definition": "told"}
    with sidecar.transaction() as db:
        db.add(Delivery(key="k", state="delivered", **where, **days, **told))


@dataclass(frozen=True)
class Said:
    """What a list said: how many rows, late ones and erased employees, and the first letters of both hashes."""

    rows: int
    late: int
    erased: int
    content: str
    csv: str


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("all", Said(33, 0, 2, "bc312bd014e4", "4a0312452c1c")),
        ("course", Said(12, 0, 1, "1f29a3cb5a90", "524663b41538")),
        ("unit", Said(10, 0, 0, "b7b7d0625a4d", "445307e9acfa")),
        ("position", Said(10, 0, 1, "b35bd4e05854", "e913708e2699")),
        ("columns", Said(19, 0, 1, "f8516d6a20e5", "e4b1f9d4a355")),
        ("one column", Said(19, 0, 1, "09818ac3adf0", "e4a3e4259971")),
        ("later", Said(23, 4, 1, "72d4383b03a2", "24ae859e93ba")),
    ],
)
def test_a_list_says_what_it_said_before(
    sidecar: Sidecar, here: Municipality, chosen: str, said: Said, tmp_path: Path
) -> None:
    period = read_period("2026-H2" if chosen == "all" else "2026-09")
    defined = Defined("told" if chosen == "later" else "new", "", 1, SPECS[chosen])
    with sidecar.reading() as db:
        channel = db.scalars(select(Delivery.connection_id)).one()
        built = build(db, for_municipality(here.id), here, defined, period, channel, date(2027, 1, 1), tmp_path)
    csv.write(built.document, tmp_path / "csv")
    digest = hashlib.sha256((tmp_path / "csv").read_bytes()).hexdigest()
    counts = built.document.row_count, built.late_count, built.erased_count
    assert Said(*counts, built.content_hash[:12], digest[:12]) == said
