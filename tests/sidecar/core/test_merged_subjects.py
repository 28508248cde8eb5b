"""Who was merged is one data subject: one copy, one access log, one erasure, whichever id they are asked for by."""

import json
from datetime import date

import pytest
from sqlalchemy import func, select

from sidecar import privacy
from sidecar.core import access_log, merging
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.data_subjects import DataSubject, of_key
from sidecar.core.erasures import Erasure
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Person, Position
from sidecar.core.person_matches import PersonIdentifier, PersonMatch
from sidecar.runtime import Sidecar
from tests.fakes.lms import add_course
from tests.sidecar.core.folk import Folk

CONSOLE = operator_at_the_console()


@pytest.fixture
def pair(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> tuple[str, str]:
    """The kept person and who was merged into them; both were looked at before."""
    folk = Folk(sidecar)
    kept = folk.person(kongsberg.id, "1", email="kari@example.no", national="f00")
    gone = folk.person(rollag.id, "7", email="kari@example.no", national="f00")
    folk.earn(gone, add_course(sidecar, "brann", "Brann"), date(2026, 8, 1), folk.account(gone, "kari"))
    with sidecar.transaction() as db:
        for one in db.scalars(select(Employment)).all():
            one.manager_number = "7" if one.employee_number == "1" else None
            db.add(Position(employment_id=one.id, key="1", title="Lærer"))
        for one_id in (kept, gone):
            access_log.record(db, CONSOLE, "person-page", [one_id], municipality_id="", now=sidecar.now())
        merging.merge(db, kept, gone, rule="national-id", by=None, now=sidecar.now())
    return kept, gone


def find(sidecar: Sidecar, key: str, viewer: Viewer = CONSOLE) -> DataSubject:
    with sidecar.reading() as db:
        return of_key(db, viewer, key)


def test_they_are_found_by_either_id(sidecar: Sidecar, pair: tuple[str, str]) -> None:
    kept, gone = pair
    subject = find(sidecar, gone)
    assert subject == find(sidecar, kept) == find(sidecar, "rollag/7")
    assert (subject.id, subject.merged_ids, len(subject.employment_ids)) == (kept, (gone,), 2)


def test_the_copy_holds_both_and_who_saw_either(sidecar: Sidecar, pair: tuple[str, str]) -> None:
    told = json.loads("".join(privacy.export_own(sidecar, find(sidecar, pair[0]))))
    assert sorted(one["employee_number"] for one in told["employments"]) == ["1", "7"]
    assert [one["title"] for one in told["positions"]] == ["Lærer", "Lærer"]
    assert {one["kind"] for one in told["identifiers"]} == {"email", "national-id-hash"}
    assert [(one["rule"], one["state"]) for one in told["comparisons"]] == [("national-id", "merged")]
    assert len(told["completions"]) == 1
    assert sum(one["looks"] for one in told["seen_by"]) == 2


def test_a_contact_s_copy_tells_of_no_other_employer(
    sidecar: Sidecar, pair: tuple[str, str], kongsberg: Municipality
) -> None:
    subject = find(sidecar, "kongsberg/1", Viewer(municipality_ids=frozenset({kongsberg.id})))
    told = json.loads("".join(privacy.export_own(sidecar, subject)))
    assert [one["employee_number"] for one in told["employments"]] == ["1"]
    assert (told["identifiers"], told["comparisons"], len(told["positions"])) == ([], [], 1)


def test_erasing_one_erases_both(sidecar: Sidecar, pair: tuple[str, str]) -> None:
    privacy.erase(sidecar, CONSOLE, find(sidecar, pair[1]))
    with sidecar.reading() as db:
        assert {(one.first_name, one.email, one.erased_at is None) for one in db.scalars(select(Person))} == {
            ("", None, False)
        }
        for table in (PersonIdentifier, PersonMatch, Position):
            assert db.scalar(select(func.count()).select_from(table)) == 0
        assert set(db.scalars(select(Erasure.subject_id))) == set(pair)
        assert {one.manager_number for one in db.scalars(select(Employment))} == {None}
