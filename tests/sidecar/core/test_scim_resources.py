"""Erasing a person forgets the SCIM user they came from, and the copy of their data holds it until then."""

from sqlalchemy import event, select

from sidecar.core import data_subjects, erasures
from sidecar.core.access import operator_at_the_console
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment
from sidecar.core.personal_data import list_section
from sidecar.core.scim_resources import ScimMember, ScimResource, list_numbered
from sidecar.runtime import Sidecar
from sidecar.sync.scim import resources
from sidecar.sync.scim.resources import Client
from tests.fakes.entra import group, user
from tests.fakes.statements import counting


def test_an_erased_person_is_no_scim_user_any_more(sidecar: Sidecar, rollag: Municipality) -> None:
    client = Client(sidecar, rollag.id)
    kari = resources.create(client, "User", user("Kari Nordmann", "1001"))
    ola = resources.create(client, "User", user("Ola Nordmann", "1002"))
    crew = resources.create(client, "Group", group("Alle", kari.id, ola.id))
    with sidecar.transaction() as db:
        employment_id = db.scalars(select(Employment.id).where(Employment.employee_number == "1001")).one()
        subject = data_subjects.of_employment(db, operator_at_the_console(), employment_id)
        (told,) = list_section(db, subject, "scim_users")
        assert (told["municipality"], told["external_id"], told["body"]["title"]) == (
            "Rollag kommune",
            "kari",
            "Sykepleier",
        )
        assert told["groups"] == "alle"
        erasures.lock(db, subject)
        erasures.erase(db, subject, now=sidecar.now(), by=None)
    with sidecar.reading() as db:
        kept = {one.id: one.body for one in db.scalars(select(ScimResource))}
    assert kept.keys() == {ola.id, crew.id}
    assert kept[crew.id]["members"] == [{"value": ola.id}]
    assert "Kari" not in str(kept)


def test_deleting_a_user_reads_their_groups_only(sidecar: Sidecar, rollag: Municipality) -> None:
    client = Client(sidecar, rollag.id)
    kari = resources.create(client, "User", user("Kari Nordmann", "1001"))
    ola = resources.create(client, "User", user("Ola Nordmann", "1002"))
    crew = resources.create(client, "Group", group("Alle", kari.id, ola.id))
    others = [resources.create(client, "Group", group(f"Lag {one}", ola.id)) for one in range(3)]
    loaded: list[str] = []

    def note(found: ScimResource, _: object) -> None:
        loaded.append(found.id)

    event.listen(ScimResource, "load", note)
    try:
        resources.delete(client, "User", kari.id, "")
        resources.create(client, "User", user("Eva Nordmann", "1003"))
    finally:
        event.remove(ScimResource, "load", note)
    assert set(loaded) == {kari.id, crew.id}
    resources.delete(client, "Group", crew.id, "")
    resources.delete(client, "User", ola.id, "")
    with sidecar.reading() as db:
        kept = {one.id: one.body for one in db.scalars(select(ScimResource).where(ScimResource.kind == "Group"))}
        assert db.scalars(select(ScimMember)).all() == []
    assert [kept[one.id]["members"] for one in others] == [[], [], []]


def test_an_employee_number_is_found_by_an_index(sidecar: Sidecar, rollag: Municipality) -> None:
    client = Client(sidecar, rollag.id)
    kari = resources.create(client, "User", user("Kari Nordmann", "1001"))
    resources.replace(client, "User", kari.id, user("Kari Nordmann", "1009"), "")
    with sidecar.reading() as db:
        (found,) = list_numbered(db, rollag.id, "1009")
        assert (found.id, list(list_numbered(db, rollag.id, "1001"))) == (kari.id, [])
    with counting(sidecar) as said, sidecar.reading() as db:
        list_numbered(db, rollag.id, "1009")
    assert not any("json" in one.casefold() for one in said)
