"""The pages of sources: what came in, what waits for a word, and who may do what."""

import io
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar.connecting import add_connection
from sidecar.core.access_log import Look
from sidecar.core.audit import AuditEntry
from sidecar.core.municipalities import Municipality
from sidecar.core.people_sources import Source, SyncRun
from sidecar.core.regions import join
from sidecar.core.scim_resources import ScimResource
from sidecar.runtime import Sidecar
from sidecar.sync import sources
from sidecar.watch import watch
from tests.sidecar.sync.hr import OPERATOR, Hr, finish, open_hr
from tests.sidecar.web.conftest import SignIn


@pytest.fixture
def hr(sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path) -> Hr:
    with sidecar.transaction() as db:
        join(db, "kongsbergregionen", kongsberg.id, sidecar.today())
    opened = open_hr(sidecar, kongsberg, tmp_path)
    opened.write(*opened.staff(20))
    return opened


def hold(hr: Hr) -> SyncRun:
    hr.run()
    hr.write(*hr.staff(10))
    return hr.run()


def test_the_list_says_how_each_source_stands(sign_in: SignIn, hr: Hr) -> None:
    page = sign_in("operator").get("/staff/sources")
    assert "Kongsberg kommune" in page
    assert "Ikke kjørt ennå" in page
    hr.run()
    page = sign_in("operator").get("/staff/sources")
    assert re.search(r"Nye?: 20", page)


def test_a_run_under_way_shows_how_far_it_has_come_and_refreshes_itself(sign_in: SignIn, hr: Hr) -> None:
    run_id = sources.run_now(hr.sidecar, OPERATOR, hr.source_id)
    with hr.sidecar.transaction() as db:
        run = db.get_one(SyncRun, run_id)
        run.state, run.rows_done, run.rows_total = "running", 4000, 9000
    page = sign_in("operator").get(f"/staff/sources/{hr.source_id}")
    assert 'hx-trigger="every 3s"' in page
    assert 'max="9000" value="4000"' in page


def test_a_failed_run_says_what_to_do(sign_in: SignIn, hr: Hr) -> None:
    hr.file.unlink()
    hr.run()
    assert "Filen kan ikke leses" in sign_in("operator").get(f"/staff/sources/{hr.source_id}")


def test_the_changes_are_shown_and_the_look_is_logged(sign_in: SignIn, hr: Hr) -> None:
    hold(hr)
    page = sign_in("operator").get(f"/staff/sources/{hr.source_id}/changes")
    assert page.count("Slutter: er ikke med lenger") == 10
    with hr.sidecar.reading() as db:
        assert len(db.scalars(select(Look).where(Look.what == "source-changes")).all()) == 10


def test_the_overview_asks_while_a_run_waits_and_no_longer(sign_in: SignIn, hr: Hr) -> None:
    staff = sign_in("rkk", region="kongsbergregionen")
    run = hold(hr)
    page = staff.get("/staff/")
    assert f'href="/staff/sources/{hr.source_id}"' in page
    assert "Alt er i orden" not in page
    assert watch(hr.sidecar), "a notice is open now"
    assert staff.get("/staff/").count(f'href="/staff/sources/{hr.source_id}"') == 1
    staff.post(f"/staff/sources/{hr.source_id}/runs/{run.id}/reject")
    assert f'href="/staff/sources/{hr.source_id}"' not in staff.get("/staff/")


def test_who_approves_lets_it_in(sign_in: SignIn, hr: Hr) -> None:
    run = hold(hr)
    staff = sign_in("rkk", region="kongsbergregionen")
    staff.post(f"/staff/sources/{hr.source_id}/runs/{run.id}/approve")
    assert finish(hr.sidecar, hr.last_run().id).state == "done"


def test_a_contact_sees_and_decides_nothing(sign_in: SignIn, hr: Hr) -> None:
    run = hold(hr)
    staff = sign_in("contact", municipality="kongsberg")
    assert "Kongsberg kommune" in staff.get("/staff/sources")
    page = staff.get(f"/staff/sources/{hr.source_id}/changes")
    assert "approve" not in page
    staff.post(f"/staff/sources/{hr.source_id}/runs/{run.id}/approve", status=403)


def test_another_municipality_sees_nothing(sign_in: SignIn, hr: Hr, rollag: Municipality) -> None:
    hold(hr)
    staff = sign_in("contact", municipality="rollag")
    assert "Kongsberg" not in staff.get("/staff/sources")
    staff.get(f"/staff/sources/{hr.source_id}", status=404)
    staff.get(f"/staff/sources/{hr.source_id}/changes", status=404)


def test_a_file_is_uploaded_mapped_previewed_and_taken_in(sign_in: SignIn, hr: Hr) -> None:
    staff = sign_in("operator")
    base = staff.post("/staff/sources/new", {"municipality": hr.municipality.id})
    upload = {"people": (io.BytesIO(b"Nr;fornavn;etternavn\n7;Kari;Nordmann\n"), "x.csv")}
    refused = staff.post(f"{base}/file", upload, status=400)
    token = re.search(r'name="token" value="([^"]+)"', refused)
    assert token
    form = {
        "token": token[1],
        "column": ["Nr", "fornavn", "etternavn"],
        "meaning": ["employee_number", "first_name", "last_name"],
    }
    assert "Nordmann" in staff.post(f"{base}/preview", form, status=200)
    assert hr.people() == {}
    staff.post(f"{base}/take-in", form)
    with hr.sidecar.reading() as db:
        run_id = db.scalars(select(SyncRun.id)).one()
        kept = db.get_one(Source, base.rsplit("/", 1)[1])
        assert kept.mapping == {"columns": {"Nr": "employee_number", "fornavn": "first_name", "etternavn": "last_name"}}
    assert finish(hr.sidecar, run_id).counts == {"added": 1}


def test_who_rejected_by_mistake_is_asked_again(sign_in: SignIn, hr: Hr) -> None:
    staff, base = sign_in("rkk", region="kongsbergregionen"), f"/staff/sources/{hr.source_id}"
    run = hold(hr)
    assert "Vurder på nytt" not in staff.get(base)
    staff.post(f"{base}/runs/{run.id}/reject")
    page = staff.get(base)
    assert "ble avslått" in page
    assert f'action="{base}/reconsider"' in page
    assert f'action="{base}/reconsider"' not in sign_in("contact", name="C", municipality="kongsberg").get(base)
    preview = staff.post(f"{base}/preview", status=200)
    assert "Vurder på nytt" in preview
    assert "Ta det inn" not in preview
    staff.post(f"{base}/reconsider")
    assert finish(hr.sidecar, hr.last_run().id).state == "quarantined"
    staff.post(f"{base}/reconsider", status=400)
    with hr.sidecar.reading() as db:
        assert "source.reconsidered" in set(db.scalars(select(AuditEntry.action)))


def test_a_rejected_file_that_is_given_again_is_asked_about_anew(sign_in: SignIn, hr: Hr) -> None:
    staff = sign_in("operator")
    base = staff.post("/staff/sources/new", {"municipality": hr.municipality.id})

    def give(people: range, **more: str) -> str:
        rows = "".join(f"{n};{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[n]}a;{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[n]}sen\n" for n in people)
        file = io.BytesIO(f"ansattnr;fornavn;etternavn\n{rows}".encode())
        page = staff.post(f"{base}/file", {"people": (file, "x.csv")}, status=200)
        token = re.search(r'name="token" value="([^"]+)"', page)
        assert token
        staff.post(f"{base}/take-in", {"token": token[1], **more})
        with hr.sidecar.reading() as db:
            last = db.scalars(select(SyncRun.id).order_by(SyncRun.asked_at.desc())).first()
        assert last
        assert finish(hr.sidecar, last).state == ("done" if len(people) == 20 else "quarantined")
        return last

    give(range(20))
    staff.post(f"{base}/runs/{give(range(10))}/reject")
    give(range(10), again="yes")


def test_the_list_is_that_of_a_municipality(sign_in: SignIn, hr: Hr, rollag: Municipality) -> None:
    staff = sign_in("operator")
    assert 'href="/staff/sources?municipality=kongsberg"' in staff.get("/staff/municipalities/kongsberg")
    assert hr.source_id in staff.get("/staff/sources?municipality=kongsberg")
    assert hr.source_id not in staff.get("/staff/sources?municipality=rollag")
    sign_in("contact", name="C", municipality="rollag").get("/staff/sources?municipality=kongsberg", status=404)


def test_connections_are_named_by_what_people_call_them(sign_in: SignIn, hr: Hr, rollag: Municipality) -> None:
    add_connection(hr.sidecar, OPERATOR, rollag.id, "hr_csv", {"file": "/srv/x.csv"})
    page = sign_in("operator").get("/staff/sources/new")
    option = re.search(r"<option[^>]*>([^<]*: Rollag kommune)</option>", page)
    assert option
    assert "hr_csv" not in option[1]


def test_a_source_that_is_pushed_to_says_when_it_was_told_last(sign_in: SignIn, hr: Hr) -> None:
    connection = add_connection(hr.sidecar, OPERATOR, hr.municipality.id, "scim", {})
    base = f"/staff/sources/{sources.add_source(hr.sidecar, OPERATOR, connection.id).id}"
    staff = sign_in("operator")
    assert "Ingenting sendt ennå" in staff.get(base)
    now = hr.sidecar.now()
    with hr.sidecar.transaction() as db:
        here = hr.municipality.id
        db.add(ScimResource(municipality_id=here, kind="User", name="x", body={}, created_at=now, changed_at=now))
    page = staff.get(base)
    assert "sendte sist" in page
    assert "Sender selv" in page
    assert "Sendte sist" in staff.get("/staff/sources")


def test_the_columns_have_an_example_and_never_a_national_id(sign_in: SignIn, hr: Hr) -> None:
    staff = sign_in("operator")
    base = staff.post("/staff/sources/new", {"municipality": hr.municipality.id})
    rows = "Nr;fornavn;etternavn;Fnr;Ansatt fra;Ansatt til\n"
    rows += ";Kari;Nordmann;15108695088;01.02.2026;\n7001;Ola;Hansen;15108695088;;\n"
    page = staff.post(f"{base}/file", {"people": (io.BytesIO(rows.encode()), "x.csv")}, status=400)
    assert "Velg nedenfor hvilken kolonne dette er: Ansattnummer" in page
    assert "For eksempel: 7001" in page
    assert "15108695088" not in page
    assert 'value="started_on" selected' in page
    assert 'value="ended_on" selected' in page


def test_a_form_that_makes_no_sense_is_refused_with_a_reason(sign_in: SignIn, hr: Hr) -> None:
    staff = sign_in("operator")
    base = f"/staff/sources/{hr.source_id}"
    for every, percent in (("5", "10"), ("60", "101"), ("x", "10")):
        staff.post(f"{base}/configure", {"every": every, "quarantine": percent}, status=400)
    staff.post(f"{base}/configure", {"every": "60", "quarantine": "20"})
    staff.post("/staff/sources/new", status=400)
