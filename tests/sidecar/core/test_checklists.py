"""Who is counted for a municipality, and for whom."""

from datetime import timedelta

from sidecar.core.access import Viewer, for_municipality, operator_at_the_console
from sidecar.core.checklists import checklists, count_people, count_people_of
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Person
from sidecar.reports.channels import is_channel
from sidecar.runtime import Sidecar


def _employ(sidecar: Sidecar, municipality: Municipality, number: str, *, has_left: bool = False) -> None:
    with sidecar.transaction() as db:
        person = Person(first_name="Kari", last_name=number)
        db.add(person)
        db.flush()
        work = Employment(
            person_id=person.id, municipality_id=municipality.id, employee_number=number, imported_at=sidecar.now()
        )
        work.ended_on = sidecar.today() - timedelta(days=1) if has_left else None
        db.add(work)


def test_who_has_left_counts_no_more(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> None:
    _employ(sidecar, kongsberg, "1")
    _employ(sidecar, kongsberg, "2", has_left=True)
    _employ(sidecar, rollag, "3", has_left=True)
    everybody = operator_at_the_console()
    with sidecar.reading() as db:
        assert count_people(db, everybody) == {kongsberg.id: 1, rollag.id: 0}
        assert count_people_of(db, everybody, kongsberg.id) == 1
        found = {each.municipality.id: each.has_people for each in checklists(db, everybody, is_channel)}
        assert found == {kongsberg.id: True, rollag.id: False}


def test_others_municipalities_are_not_counted(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> None:
    _employ(sidecar, kongsberg, "1")
    _employ(sidecar, rollag, "2")
    with sidecar.reading() as db:
        assert count_people(db, for_municipality(kongsberg.id)) == {kongsberg.id: 1}
        assert count_people(db, Viewer()) == {}
        assert count_people_of(db, for_municipality(kongsberg.id), rollag.id) == 0
