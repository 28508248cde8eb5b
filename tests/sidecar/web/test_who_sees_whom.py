"""Bound every staff page by who looks: another's id is not there."""

import io

import pytest

from sidecar.core.course_life import CHECKLIST
from sidecar.core.periods import month
from sidecar.core.regions import Region
from sidecar.core.staff import Scope, grant
from sidecar.reports import asking
from sidecar.runtime import Sidecar
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.town import Town

KONGSBERG, ROLLAG = "/staff/municipalities/kongsberg", "/staff/municipalities/rollag"


@pytest.fixture
def delivery_id(sidecar: Sidecar, town: Town) -> str:
    """A delivery of Kongsberg."""
    return asking.request(sidecar, town.kongsberg.id, month(2026, 8))[0].id


def test_a_contact_sees_their_municipality_alone(sign_in: SignIn, town: Town, delivery_id: str) -> None:
    contact = sign_in("contact", municipality="rollag")
    for path in ("", "/people", "/not-placed", "/import", "/reports"):
        contact.get(ROLLAG + path)
        contact.get(KONGSBERG + path, 404)
    contact.get(f"{KONGSBERG}/people/{town.kari}", 404)
    contact.get(f"{ROLLAG}/people/{town.kari}", 404)
    contact.get(f"{ROLLAG}/people/{town.rolf}")
    assert "Kongsberg" not in contact.get("/staff/municipalities") + contact.get("/staff/ledger") + contact.get(
        "/staff/"
    )
    contact.get("/staff/ledger?municipality=kongsberg", 404)


def test_a_contact_changes_nothing_of_another(sign_in: SignIn, town: Town, delivery_id: str) -> None:
    contact = sign_in("contact", municipality="rollag")
    contact.get(f"/staff/ledger/{delivery_id}", 404)
    contact.post(f"/staff/ledger/{delivery_id}/retry", status=404)
    contact.post(f"{KONGSBERG}/reports", {"period": "2026-08"}, 404)
    contact.post(f"{KONGSBERG}/people", {"search": "Kari"}, 404)
    for base in (KONGSBERG, ROLLAG):
        contact.post(f"{base}/connections/{town.connection_id}/test", status=404)
    people = {"people": (io.BytesIO(b"ansattnummer;fornavn;etternavn\n1;A;B\n"), "p.csv")}
    contact.post(f"{KONGSBERG}/import", people, 404)


def test_the_files_of_a_report_are_for_who_sees_the_whole_municipality(
    sign_in: SignIn, town: Town, delivery_id: str, sidecar: Sidecar
) -> None:
    mine = sign_in("contact", name="Mine", municipality="kongsberg")
    page = mine.get(f"/staff/ledger/{delivery_id}")
    path = next(part.split('"')[0] for part in page.split('href="') if "/files/" in part and ".csv" in part)
    response = mine.client.get(path)
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert b"Nordmann" in response.data
    mine.get(f"/staff/ledger/{delivery_id}/files/other.csv", 404)
    sign_in("contact", name="Theirs", municipality="rollag").get(path, 404)
    sign_in("manager", name="Leader", municipality="kongsberg", unit="Sykehjemmet").get(path, 403)


def test_a_manager_sees_their_unit_alone(sign_in: SignIn, town: Town) -> None:
    manager = sign_in("manager", municipality="kongsberg", unit="Hjemmetjenesten")
    page = manager.get(f"{KONGSBERG}/people")
    assert "Hansen" in page
    assert "Nordmann" not in page
    assert "Sykehjemmet" not in page
    assert "Nordmann" not in manager.post(f"{KONGSBERG}/people", {"search": "1001"}, 200)
    manager.get(f"{KONGSBERG}/people/{town.kari}", 404)
    manager.get(f"{ROLLAG}/people", 404)
    assert "Ukjent" not in page


def test_rkk_sees_the_municipalities_of_its_region(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    rkk = sign_in("rkk", region="kongsbergregionen")
    assert "Ukjent Bruker" in rkk.get(f"{KONGSBERG}/not-placed")
    assert "Uten Nummer" in rkk.get(f"{KONGSBERG}/not-placed")
    rkk.get(f"{ROLLAG}/reports")


def test_a_contact_sees_only_the_unplaced_that_name_their_municipality(sign_in: SignIn, town: Town) -> None:
    kongsberg = sign_in("contact", name="K", municipality="kongsberg").get(f"{KONGSBERG}/not-placed")
    assert "Ukjent Bruker" in kongsberg
    assert "Uten Nummer" not in kongsberg
    rollag = sign_in("contact", name="R", municipality="rollag").get(f"{ROLLAG}/not-placed")
    assert "Ukjent Bruker" not in rollag


def test_a_content_developer_sees_courses_and_nobody(sign_in: SignIn, town: Town) -> None:
    developer = sign_in("content-developer", municipality="kongsberg")
    developer.get("/staff/courses")
    for path in ("/staff/municipalities", "/staff/ledger", f"{KONGSBERG}/people"):
        developer.get(path, 403)
    assert "Nordmann" not in developer.get("/staff/")


def test_a_content_developer_changes_their_own_courses_alone(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        db.add(Region(slug="vesteralen", name="Vesterålen"))
    developer = sign_in("content-developer", municipality="kongsberg")
    developer.get(f"/staff/courses/{town.course}", 404)  # shared, not Kongsberg's
    package = next(town.folder.parent.glob("brannvern*.zip")).read_bytes()

    def upload(key: str, owner: str) -> dict[str, object]:
        return {"package": (io.BytesIO(package), "brannvern.zip"), "key": key, "owner": owner}

    developer.post("/staff/courses", upload(town.course, town.kongsberg.id), 400)
    developer.post("/staff/courses", upload("mine", town.rollag.id), 403)
    developer.post("/staff/courses", upload("mine", ""), 403)
    developer.post(f"/staff/courses/{town.course}/versions", upload("", ""), 404)
    assert developer.post("/staff/courses", upload("mine", town.kongsberg.id)).startswith("/staff/courses/mine?")
    assert "Send to review" in developer.client.get("/staff/courses/mine", headers={"Accept-Language": "en"}).text
    developer.get("/staff/courses/mine/versions/1/publish", 403)
    developer.post("/staff/courses/mine/versions/1/publish", status=403)
    stranger = sign_in("rkk", name="Both", region="vesteralen")
    with sidecar.transaction() as db:
        grant(db, stranger.identity_id, "content-developer", Scope(municipality="kongsberg"), now=sidecar.now())
    stranger.get("/staff/courses/mine/versions/1/publish", 403)
    stranger.post("/staff/courses/mine/versions/1/publish", status=403)
    rkk = sign_in("rkk", name="RKK", region="kongsbergregionen")
    assert rkk.post("/staff/courses/mine/versions/1/publish", {"ticked": list(CHECKLIST)}) == "/staff/courses/mine"
