"""Test that reports of every kind go out in every format, and leave nothing of an erased employee in any."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sidecar import privacy
from sidecar.core.access import operator_at_the_console
from sidecar.core.course_audiences import CourseAudience
from sidecar.core.data_subjects import of_key
from sidecar.core.deliveries import Delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import read_period
from sidecar.core.report_specs import FORMATS, KINDS, Defined, Kind, Spec
from sidecar.reports import asking, kept
from sidecar.runtime import Sidecar
from tests.sidecar.reports.world import World

SEPTEMBER = read_period("2026-09")


@pytest.fixture
def folder(world: World, kongsberg: Municipality, tmp_path: Path) -> Path:
    world.folder(kongsberg, tmp_path / "reports")
    return tmp_path / "reports"


def _contents(sidecar: Sidecar, delivery: Delivery) -> dict[str, bytes]:
    return {file["name"].rpartition(".")[2]: b"".join(kept.read(sidecar, delivery, file)) for file in delivery.files}


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
@pytest.mark.parametrize(("kind", "per_person"), [*((kind, False) for kind in KINDS), *((k, True) for k in KINDS[:2])])
def test_every_kind_in_every_format(
    sidecar: Sidecar, world: World, kongsberg: Municipality, folder: Path, kind: Kind, per_person: bool, language: str
) -> None:
    course = world.course("brann", "Brannvern")
    for number in range(12):
        one = world.employ(kongsberg, f"10{number:02d}", "Kari Nordmann", unit=("Helse", "Skole")[number % 2])
        world.complete(world.identity(f"k{number}", one.person_id), course, datetime(2026, 9, 3, 10, tzinfo=UTC), 0.9)
    spec = Spec(kind=kind, per_person=per_person, language=language, formats=FORMATS)
    (delivery,) = asking.request(sidecar, kongsberg.id, SEPTEMBER, Defined("d" * 32, "", 1, spec))
    contents = _contents(sidecar, delivery)
    assert list(contents) == list(FORMATS)
    assert all(contents[name] for name in ("csv", "xlsx", "pdf", "html"))
    assert f'<html lang="{language}">'.encode() in contents["html"]


def test_who_only_misses_a_course_is_erased_from_the_files_too(
    sidecar: Sidecar, world: World, kongsberg: Municipality, folder: Path
) -> None:
    employed, course = world.employ(kongsberg, "7731", "Kanari Fugl"), world.course("brann", "Brannvern")
    with sidecar.transaction() as db:
        db.add(CourseAudience(course_id=course.course_id, starts_on=date(2026, 1, 1)))
    spec = Spec(kind="status", formats=FORMATS)
    (delivery,) = asking.request(sidecar, kongsberg.id, SEPTEMBER, Defined("d" * 32, "", 1, spec))
    assert "Kanari" in _contents(sidecar, delivery)["csv"].decode()
    operator = operator_at_the_console()
    with sidecar.reading() as db:
        subject = of_key(db, operator, employed.person_id)
    privacy.erase(sidecar, operator, subject)
    with sidecar.reading() as db:
        after = db.get_one(Delivery, delivery.id)
        contents = _contents(sidecar, after)
    assert after.file_key != delivery.file_key
    for name in ("csv", "html", "ndjson"):
        assert not {"Kanari", "Fugl", "7731"} & set(contents[name].decode().replace(";", " ").split())
    assert "slettet" in contents["csv"].decode()
