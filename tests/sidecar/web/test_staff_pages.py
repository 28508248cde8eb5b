"""Do the work of staff by forms alone, without any script."""

import io
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import func, select

from sidecar.connectors.folder import FolderMissingError
from sidecar.core.connections import Connection
from sidecar.core.deliveries import Delivery
from sidecar.core.people import Employment
from sidecar.reports import running
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import Staff
from tests.sidecar.web.town import Town

KONGSBERG = "/staff/municipalities/kongsberg"
PEOPLE = "ansattnummer;fornavn;etternavn;enhet\n1001;Kari;Nordmann;Sykehjemmet\n3001;Åse;Ødegård;Skolen\n".encode(
    "latin-1"
)


def employees(sidecar: Sidecar, town: Town) -> int:
    with sidecar.reading() as db:
        query = select(func.count()).where(Employment.municipality_id == town.kongsberg.id)
        return db.scalar(query) or 0


def preview(staff: Staff, content: bytes, status: int = 200) -> str:
    return staff.post(f"{KONGSBERG}/import", {"people": (io.BytesIO(content), "people.csv")}, status)


def token_of(page: str) -> str:
    return page.split('name="token" value="')[1].split('"')[0]


def test_people_are_imported_after_a_preview(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    staff = sign_in("contact", municipality="kongsberg")
    page = preview(staff, PEOPLE)
    assert employees(sidecar, town) == 2
    assert "Ødegård" not in page  # what the form carries is encrypted
    staff.post(f"{KONGSBERG}/import/confirm", {"token": token_of(page)}, 200)
    assert employees(sidecar, town) == 3
    assert "Ødegård" in staff.get(f"{KONGSBERG}/people")


def test_a_preview_is_confirmed_by_who_saw_it_in_time_and_for_that_municipality(
    sign_in: SignIn, town: Town, sidecar: Sidecar, clock: FakeClock
) -> None:
    staff = sign_in("rkk", region="kongsbergregionen")
    token = token_of(preview(staff, PEOPLE))
    staff.post("/staff/municipalities/rollag/import/confirm", {"token": token}, 401)
    sign_in("operator", name="Other").post(f"{KONGSBERG}/import/confirm", {"token": token}, 401)
    staff.post(f"{KONGSBERG}/import/confirm", {"token": "made up"}, 401)
    clock.advance(minutes=31)
    staff.post(f"{KONGSBERG}/import/confirm", {"token": token}, 401)
    assert employees(sidecar, town) == 2


def test_a_bad_people_file_is_explained_and_changes_nothing(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    staff = sign_in("contact", municipality="kongsberg")
    page = preview(staff, b"ansattnummer;fornavn;etternavn\n1;=cmd();B\n1;A;B\n", 400)
    assert page.count("<li>") >= 2
    assert "cmd()" not in page
    preview(staff, b"", 400)
    preview(staff, b"\x00\x01\x02", 400)
    assert employees(sidecar, town) == 2


def test_people_are_found_by_a_part_of_the_name_or_the_number(sign_in: SignIn, town: Town) -> None:
    staff = sign_in("contact", municipality="kongsberg")

    def found(**fields: str) -> list[bool]:
        page = staff.post(f"{KONGSBERG}/people", fields, 200)
        return ["Nordmann, Kari" in page, "Hansen, Ola" in page]

    assert found(search="nord") == [True, False]
    assert found(search="ola hans") == [False, True]
    assert found(search="1001") == [True, False]
    assert found(search="%") == [False, False]
    assert found(unit="Hjemmetjenesten") == [False, True]
    assert found(search="", page="9") == [False, False]


def test_a_search_as_one_types_does_not_count_who_is_not_placed(
    sign_in: SignIn, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = sign_in("contact", municipality="kongsberg")
    assert "/not-placed" in staff.post(f"{KONGSBERG}/people", {"search": "nord"}, 200)

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("counted")

    monkeypatch.setattr("sidecar.web.staff_people.list_unplaced", refuse)
    staff.client.environ_base["HTTP_HX_REQUEST"] = "true"
    assert "Nordmann, Kari" in staff.post(f"{KONGSBERG}/people", {"search": "nord"}, 200)


def test_what_a_person_completed_is_shown(sign_in: SignIn, town: Town) -> None:
    page = sign_in("contact", municipality="kongsberg").get(f"{KONGSBERG}/people/{town.kari}")
    assert "Brannvern" in page
    assert "90" in page


def ask_for_august(staff: Staff, sidecar: Sidecar) -> None:
    """Press "Deliver this report now", and let the worker do it."""
    run = staff.post(f"{KONGSBERG}/reports", {"period": "2026-08"})
    running.run_part(sidecar, run.removeprefix("/staff/report-runs/"))


def test_a_report_is_previewed_and_delivered_once(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    staff = sign_in("contact", municipality="kongsberg")
    assert "Nordmann" in staff.get(f"{KONGSBERG}/reports?period=2026-08")
    assert "Nordmann" not in staff.get(f"{KONGSBERG}/reports?period=2026-07")
    for _time in range(2):
        ask_for_august(staff, sidecar)
    with sidecar.reading() as db:
        delivery = db.scalars(select(Delivery)).one()
    assert delivery.state == "waiting"
    assert "2026-08" in staff.get("/staff/ledger")
    assert delivery.content_hash in staff.get(f"/staff/ledger/{delivery.id}")


def test_a_period_that_makes_no_sense_is_explained(sign_in: SignIn, town: Town) -> None:
    staff = sign_in("contact", municipality="kongsberg")
    for period in ("2026-13", "<script>", "2031"):
        assert "<script>" not in staff.get(f"{KONGSBERG}/reports?period={period}", 400)


def test_a_failed_delivery_is_tried_again(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    staff = sign_in("contact", municipality="kongsberg")
    ask_for_august(staff, sidecar)
    with sidecar.transaction() as db:
        delivery = db.scalars(select(Delivery)).one()
        delivery.state, delivery.error_code = "failed", "folder-missing"
        delivery.error = {"template": FolderMissingError.text(), "facts": {"folder": "/100 %(s) {gone}"}}
    assert "Mappen /100 %(s) {gone} er borte" in staff.get(f"/staff/ledger/{delivery.id}")
    assert delivery.id in staff.get("/staff/ledger?state=failed")
    assert staff.post(f"/staff/ledger/{delivery.id}/retry") == f"/staff/ledger/{delivery.id}"
    assert delivery.id not in staff.get("/staff/ledger?state=failed")


def test_an_operator_sets_up_a_channel_and_a_contact_tests_it(
    sign_in: SignIn, town: Town, sidecar: Sidecar, tmp_path: Path
) -> None:
    operator, contact = sign_in("operator", name="O"), sign_in("contact", name="C", municipality="rollag")
    rollag = "/staff/municipalities/rollag"
    for wrong in ("", "below/the/server"):
        operator.post(f"{rollag}/connections", {"folder": wrong}, 400)
    operator.post(f"{rollag}/connections", {"folder": str(tmp_path)})
    with sidecar.reading() as db:
        connection = db.scalars(select(Connection).where(Connection.municipality_id == town.rollag.id)).one()
    assert str(tmp_path) in operator.get(rollag)
    assert str(tmp_path) not in contact.get(rollag)
    contact.post(f"{rollag}/connections/{connection.id}/test")
    assert "data-done" in contact.get(rollag)
    operator.post(f"{rollag}/connections/{connection.id}/remove")
    contact.post(f"{rollag}/connections/{connection.id}/test", status=404)


def test_a_channel_that_does_not_work_is_explained(sign_in: SignIn, town: Town) -> None:
    staff = sign_in("contact", municipality="kongsberg")
    town.folder.rename(town.folder.with_name("away"))
    page = staff.post(f"{KONGSBERG}/connections/{town.connection_id}/test", status=400)
    assert 'role="alert"' in page


def test_a_package_that_is_none_is_explained(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    staff = sign_in("operator")
    page = staff.post("/staff/courses", {"package": (io.BytesIO(b"no zip"), "../../x.zip"), "key": "new"}, 400)
    assert 'data-color="danger"' in page
    staff.get("/staff/courses/new")
    staff.post("/staff/courses", {"key": "new"}, 400)
    assert not [each for each in sidecar.settings.data.iterdir() if each.name.startswith("tmp")]


def test_a_key_that_cannot_be_used_is_explained_in_the_form(sign_in: SignIn, town: Town) -> None:
    package = next(town.folder.parent.glob("brannvern*.zip")).read_bytes()
    form = {"package": (io.BytesIO(package), "a.zip"), "key": "Ikke Bra!", "title": "En tittel"}
    page = sign_in("operator").post("/staff/courses", form, 400)
    assert 'value="Ikke Bra!"' in page
    assert 'value="En tittel"' in page
    assert "brannvern-2026" in page


def test_a_course_page_tells_what_to_paste_in_the_lms(sign_in: SignIn, town: Town) -> None:
    page = sign_in("operator").get(f"/staff/courses/{town.course}")
    assert "course=brannvern" in page
    assert "https://sidecar.example.no/lti/launch" in page
