"""Employee numbers that are made of national identity numbers: the same again, and elsewhere another."""

from __future__ import annotations

from sqlalchemy import select

from sidecar.connecting import add_connection
from sidecar.connectors.base import set_up
from sidecar.connectors.ks_hr.connector import KsHr
from sidecar.core import sync_runs
from sidecar.core.access import operator_at_the_console
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment
from sidecar.core.people_sources import Source, SyncRun
from sidecar.core.person_matches import PersonIdentifier
from sidecar.http import GuardedFetch
from sidecar.runtime import Sidecar
from sidecar.sync.intakes import run_part
from sidecar.sync.lending import lend, pseudonyms
from sidecar.sync.national_ids import national_id_hasher
from sidecar.sync.sources import add_source
from tests.fakes.ks_hr import PASSWORD, USER, FakeKsHr, person, position, running_ks_hr, unit

KARI, OLA = "81888800001", "81888800002"


def test_a_number_is_short_stable_and_another_one_elsewhere(sidecar: Sidecar) -> None:
    here, there = pseudonyms(sidecar, "964963282"), pseudonyms(sidecar, "942402465")
    assert here(KARI) == pseudonyms(sidecar, "964963282")(KARI)
    assert len({here(KARI), here(OLA), there(KARI)}) == 3
    assert here(KARI).startswith("p-")
    assert len(here(KARI)) == 14
    assert here(KARI).isascii()
    assert national_id_hasher(sidecar)(KARI)[:12] not in here(KARI)


def test_a_connector_of_another_kind_is_lent_nothing(sidecar: Sidecar) -> None:
    connector = set_up(KsHr, {"url": "https://hr.example.no", "user": "u", "password": "p"})
    lend(sidecar, connector, "964963282")
    assert connector._number("81888800001", "").startswith("p-")


def test_a_source_brings_people_in_and_keeps_no_national_id(sidecar: Sidecar, rollag: Municipality) -> None:
    with running_ks_hr() as hr:
        hr.add("organisation", unit("1", "Rollag kommune"), unit("12", "Sykehjemmet", "1"))
        hr.add("person", person(KARI, "Kari", "Nordmann", email="kari@rollag.example"), person(OLA, "Ola", "Nordmann"))
        hr.add("employee_position", position(KARI, "12", "Sykepleier"), position(OLA, "12", "Leder", manager=True))
        _run(sidecar, rollag, hr)
    with sidecar.reading() as db:
        number = pseudonyms(sidecar, rollag.org_number)
        kept = {one.employee_number: one for one in db.scalars(select(Employment))}
        assert set(kept) == {number(KARI), number(OLA)}
        assert (kept[number(KARI)].unit, kept[number(KARI)].manager_number) == ("Sykehjemmet", number(OLA))
        identifiers = list(db.scalars(select(PersonIdentifier.value)))
    assert KARI not in "".join([*identifiers, *kept])
    path = sidecar.engine.url.database
    if sidecar.engine.dialect.name == "sqlite" and path:
        with open(path, "rb") as file:  # noqa: PTH123 (a file of the database's own)
            assert KARI.encode() not in file.read()


def _run(sidecar: Sidecar, municipality: Municipality, hr: FakeKsHr) -> None:
    sidecar.long_fetch = GuardedFetch(("127.0.0.1",))
    viewer, values = operator_at_the_console(), {"url": hr.url, "user": USER, "password": PASSWORD}
    connection = add_connection(sidecar, viewer, municipality.id, "ks_hr", values)
    source = add_source(sidecar, viewer, connection.id)
    with sidecar.transaction() as db:
        run_id = sync_runs.ask(db, db.get_one(Source, source.id), sidecar.now())
    run_part(sidecar, run_id)
    with sidecar.reading() as db:
        run = db.get_one(SyncRun, run_id)
        assert (run.state, run.error) == ("done", None)
