"""Test what an import of people changes, and what it leaves."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

import pytest
from sqlalchemy import func, select

from sidecar.connectors.records import PersonRecord
from sidecar.core.access import for_municipality, operator_at_the_console
from sidecar.core.audit import AuditEntry
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, PeopleImport, Person
from sidecar.core.platforms import Platform, PlatformMunicipality
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from sidecar.sync.people_import import Imported, import_people

OPERATOR = operator_at_the_console()
KARI = PersonRecord("1001", "Kari", "Nordmann", "kari@example.no", "Helse", "Lege")
OLA = PersonRecord("1002", "Ola", "Hansen", "", "Skole", "Lærer")


def _people(sidecar: Sidecar, municipality: Municipality) -> list[tuple[str, str, str | None, str, str]]:
    query = (
        select(Employment, Person)
        .join(Person)
        .where(Employment.municipality_id == municipality.id)
        .order_by(Employment.employee_number)
    )
    with sidecar.reading() as db:
        return [(e.employee_number, p.last_name, p.email, e.unit, e.position) for e, p in db.execute(query)]


def test_people_are_added(sidecar: Sidecar, kongsberg: Municipality) -> None:
    done = import_people(sidecar, OPERATOR, kongsberg.id, [KARI, OLA])
    assert done == Imported(rows=2, added=2, changed=0, unchanged=0, missing=0, placed=0)
    assert _people(sidecar, kongsberg) == [
        ("1001", "Nordmann", "kari@example.no", "Helse", "Lege"),
        ("1002", "Hansen", None, "Skole", "Lærer"),
    ]


def test_the_same_again_changes_nothing(sidecar: Sidecar, kongsberg: Municipality) -> None:
    import_people(sidecar, OPERATOR, kongsberg.id, [KARI, OLA])
    done = import_people(sidecar, OPERATOR, kongsberg.id, [OLA, KARI])
    assert done == Imported(rows=2, added=0, changed=0, unchanged=2, missing=0, placed=0)


def test_people_are_changed_and_who_is_missing_is_kept(sidecar: Sidecar, kongsberg: Municipality) -> None:
    import_people(sidecar, OPERATOR, kongsberg.id, [KARI, OLA])
    married = PersonRecord("1001", "Kari", "Berg", "", "Oppvekst", "Rektor")
    done = import_people(sidecar, OPERATOR, kongsberg.id, [married])
    assert done == Imported(rows=1, added=0, changed=1, unchanged=0, missing=1, placed=0, renamed=1, moved=1)
    assert _people(sidecar, kongsberg) == [
        ("1001", "Berg", None, "Oppvekst", "Rektor"),
        ("1002", "Hansen", None, "Skole", "Lærer"),
    ]


def test_a_column_the_source_lacks_keeps_the_old_value(sidecar: Sidecar, kongsberg: Municipality) -> None:
    import_people(sidecar, OPERATOR, kongsberg.id, [KARI])
    done = import_people(sidecar, OPERATOR, kongsberg.id, [PersonRecord("1001", "Kari", "Nordmann")])
    assert done.unchanged == 1
    assert _people(sidecar, kongsberg) == [("1001", "Nordmann", "kari@example.no", "Helse", "Lege")]


def test_who_comes_back_is_employed_again(sidecar: Sidecar, kongsberg: Municipality) -> None:
    import_people(sidecar, OPERATOR, kongsberg.id, [KARI])
    with sidecar.transaction() as db:
        db.scalars(select(Employment)).one().ended_on = date(2026, 1, 1)
    assert import_people(sidecar, OPERATOR, kongsberg.id, [OLA]).missing == 0
    assert import_people(sidecar, OPERATOR, kongsberg.id, [KARI]).changed == 1
    with sidecar.reading() as db:
        assert set(db.scalars(select(Employment.ended_on))) == {None}


def test_numbers_and_mail_addresses_of_two_municipalities_are_two_people(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    import_people(sidecar, OPERATOR, kongsberg.id, [KARI])
    import_people(sidecar, OPERATOR, rollag.id, [KARI])
    with sidecar.reading() as db:
        assert len(set(db.scalars(select(Employment.person_id)))) == 2


def test_a_dry_run_counts_and_changes_nothing(sidecar: Sidecar, kongsberg: Municipality) -> None:
    done = import_people(sidecar, OPERATOR, kongsberg.id, [KARI], dry_run=True)
    assert done == Imported(rows=1, added=1, changed=0, unchanged=0, missing=0, placed=0)
    assert _people(sidecar, kongsberg) == []
    with sidecar.reading() as db:
        assert db.scalar(select(func.count()).select_from(PeopleImport)) == 0


def test_an_import_places_who_waits(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> None:
    now = sidecar.now()
    platform = Platform(
        name="LMS", issuer="https://lms", client_id="c", auth_url="a", token_url="t", jwks_url="j", created_at=now
    )
    with sidecar.transaction() as db:
        db.add(platform)
        db.flush()
        db.add(PlatformMunicipality(platform_id=platform.id, municipality_id=kongsberg.id))
        for subject, number in (("kari", "1001"), ("stranger", "9999")):
            identity = Identity(platform_id=platform.id, subject=subject, first_seen_at=now, last_seen_at=now)
            identity.person_sourcedid = number
            db.add(identity)

    assert import_people(sidecar, OPERATOR, rollag.id, [KARI]).placed == 0
    assert import_people(sidecar, OPERATOR, kongsberg.id, [KARI], dry_run=True).placed == 0
    assert import_people(sidecar, OPERATOR, kongsberg.id, [KARI]).placed == 1
    with sidecar.reading() as db:
        placed = db.scalars(select(Identity.subject).where(Identity.person_id.is_not(None))).all()
    assert placed == ["kari"]


def test_an_import_is_recorded_without_names(sidecar: Sidecar, kongsberg: Municipality) -> None:
    done = import_people(sidecar, OPERATOR, kongsberg.id, [KARI, OLA])
    with sidecar.reading() as db:
        entry = db.scalars(select(PeopleImport)).one()
        audit = db.scalars(select(AuditEntry).where(AuditEntry.action == "people.imported")).one()
        assert (entry.rows, entry.added, entry.imported_at) == (2, 2, sidecar.now())
        assert audit.facts == asdict(done)


def test_only_who_sees_the_whole_municipality_imports(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    with pytest.raises(NotFoundError):
        import_people(sidecar, for_municipality(rollag.id), kongsberg.id, [KARI])
    assert _people(sidecar, kongsberg) == []


def test_what_breaks_off_changes_nothing(
    sidecar: Sidecar, kongsberg: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object) -> int:
        raise RuntimeError

    monkeypatch.setattr("sidecar.sync.people_intake.place_waiting", break_off)
    with pytest.raises(RuntimeError):
        import_people(sidecar, OPERATOR, kongsberg.id, [KARI])
    assert _people(sidecar, kongsberg) == []
