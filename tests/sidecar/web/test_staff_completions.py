"""Pages of completions from elsewhere: entered and confirmed, imported from a file, mapped, and valid for a time."""

from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar.core import lms_courses, outbox
from sidecar.core.access_log import Look
from sidecar.core.completions import Completion
from sidecar.core.connections import Connection
from sidecar.core.courses import Course
from sidecar.core.data_subjects import of_employment
from sidecar.core.evidence import Evidence
from sidecar.core.people import Identity
from sidecar.core.people_sources import LmsCourse, Source
from sidecar.core.retention import DOCUMENTS_KEPT
from sidecar.housekeeping import run
from sidecar.jobs import HANDLERS, perform_item
from sidecar.privacy import erase
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import Staff
from tests.sidecar.web.town import EVERYTHING, Town

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
TYPED = {
    "course": "brannvern",
    "day": "2026-05-04",
    "basis": "certificate",
    "place": "Norsk brannskole",
    "note": "Sett <b>original</b>",
}


def employee(town: Town) -> str:
    return f"/staff/municipalities/{town.kongsberg.slug}/people/{town.kari}/completions"


def piece_of(sidecar: Sidecar, origin: str = "manual") -> Evidence:
    with sidecar.reading() as db:
        found = db.scalars(select(Evidence).where(Evidence.origin == origin)).one()
        db.expunge(found)
    return found


def know(sidecar: Sidecar, *staff: Staff) -> None:
    """Give each an e-mail address: without one nobody is a second person."""
    with sidecar.transaction() as db:
        for one in staff:
            db.get_one(Identity, one.identity_id).email = f"{one.identity_id}@example.no"


def do_all(sidecar: Sidecar, kind: str) -> None:
    with sidecar.reading() as db:
        due = outbox.list_due(db, sidecar.now(), kind=kind)
    for item in due:
        perform_item(sidecar, item, HANDLERS)


def test_what_is_entered_waits_and_counts_once_another_has_confirmed_it(
    sign_in: SignIn, town: Town, sidecar: Sidecar
) -> None:
    first = sign_in("contact", name="Første", municipality="kongsberg")
    second = sign_in("contact", name="Andre", municipality="kongsberg")
    know(sidecar, first, second)
    sent = {**TYPED, "document": (BytesIO(PDF), "../../kurs bevis.html")}
    assert first.post(employee(town), sent).endswith("?done=entered")
    here = f"/staff/completions/{piece_of(sidecar).id}"
    assert "Se på det som er ført inn" not in first.get("/staff/")
    assert "Se på det som er ført inn" in second.get("/staff/")
    assert "&lt;b&gt;original" in first.get(here)
    first.post(f"{here}/confirm", status=400)
    second.post(f"{here}/confirm")
    assert piece_of(sidecar).state == "valid"
    second.post(f"{here}/refuse", {"reason": "x"}, status=400)
    second.post(f"{here}/withdraw", {"reason": ""}, status=400)
    second.post(f"{here}/withdraw", {"reason": "Feil person"})
    assert (piece_of(sidecar).state, piece_of(sidecar).reason) == ("withdrawn", "Feil person")


def test_a_document_is_only_ever_saved(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    staff = sign_in("contact", municipality="kongsberg")
    staff.post(employee(town), {**TYPED, "document": (BytesIO(PDF), 'bevis"\r\n.svg')})
    answer = staff.client.get(f"/staff/completions/{piece_of(sidecar).id}/document")
    assert answer.data == PDF
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert ".pdf" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    with sidecar.reading() as db:
        assert "document" in set(db.scalars(select(Look.what)))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("kurs.pdf", b"<html><script>alert(1)</script>"),
        ("kurs.pdf", b"%PDF-1.7\n and never an end"),
        ("kurs.png", b"\x89PNG\r\n\x1a\n half"),
        ("kurs.jpg", b"\xff\xd8\xff" + b"0" * 1000 + b"\xff\xd9"),
        ("kurs.exe", b"MZ"),
        ("kurs.pdf", b""),
    ],
)
def test_other_documents_are_refused(
    sign_in: SignIn, town: Town, sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes
) -> None:
    monkeypatch.setattr("sidecar.core.evidence_documents.LARGEST_BYTES", 1000)
    staff = sign_in("contact", municipality="kongsberg")
    staff.post(employee(town), {**TYPED, "document": (BytesIO(content), name)}, status=400)
    with sidecar.reading() as db:
        assert db.scalar(select(Evidence.id).where(Evidence.origin == "manual")) is None


@pytest.mark.parametrize(
    "wrong", [{"day": ""}, {"day": "i går"}, {"day": "2999-01-01"}, {"course": "nei"}, {"basis": ""}]
)
def test_what_can_not_be_is_told_of_and_what_was_typed_stays(
    sign_in: SignIn, town: Town, wrong: dict[str, str]
) -> None:
    staff = sign_in("contact", municipality="kongsberg")
    assert "Norsk brannskole" in staff.post(employee(town), {**TYPED, **wrong}, status=400)


def test_another_municipality_sees_nothing_of_it(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    sign_in("contact", name="Første", municipality="kongsberg").post(
        employee(town), {**TYPED, "document": (BytesIO(PDF), "bevis.pdf")}
    )
    here = f"/staff/completions/{piece_of(sidecar).id}"
    stranger = sign_in("contact", name="Fremmed", municipality="rollag")
    for path in (here, f"{here}/document", employee(town)):
        stranger.get(path, 404)
    for act in ("confirm", "refuse", "withdraw"):
        stranger.post(f"{here}/{act}", {"reason": "x"}, status=404)
    assert "Nordmann" not in stranger.get("/staff/completions")
    manager = sign_in("manager", name="Leder", municipality="kongsberg", unit="Sykehjemmet")
    manager.get(here, 403)


def test_documents_go_with_the_person_and_a_while_after_they_were_refused(
    sign_in: SignIn, town: Town, sidecar: Sidecar, clock: FakeClock
) -> None:
    first = sign_in("contact", name="Første", municipality="kongsberg")
    second = sign_in("contact", name="Andre", municipality="kongsberg")
    know(sidecar, first, second)
    first.post(employee(town), {**TYPED, "document": (BytesIO(PDF), "bevis.pdf")})
    digest = piece_of(sidecar).file_digest
    assert digest
    second.post(f"/staff/completions/{piece_of(sidecar).id}/refuse", {"reason": "Uleselig"})
    run(sidecar)
    assert sidecar.storage.size(digest) == len(PDF)
    clock.advance(days=DOCUMENTS_KEPT.days + 1)
    run(sidecar)
    assert piece_of(sidecar).file_digest is None
    with sidecar.transaction() as db:
        piece = db.get_one(Evidence, piece_of(sidecar).id)
        piece.file_digest = sidecar.storage.put([PDF]).digest
        subject = of_employment(db, EVERYTHING, town.kari)
    erase(sidecar, EVERYTHING, subject)
    do_all(sidecar, "erasure")
    assert digest not in {held.digest for held in sidecar.storage.list_held()}
    gone = piece_of(sidecar)
    assert (gone.note, gone.place, gone.reason, gone.file_digest) == (None, None, None, None)


def test_a_file_is_previewed_then_taken_in(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    staff = sign_in("contact", municipality="kongsberg")
    base = f"/staff/municipalities/{town.kongsberg.slug}/completions/import"
    bad = "ansattnummer;kurs;dato\n9999;brannvern;2026-05-04\n"
    assert "ansattnummer" in staff.post(base, {"completions": (BytesIO(bad.encode()), "f.csv")}, status=400).casefold()
    good = "ansattnummer;kurs;dato\n1001;brannvern;2026-05-04\n"
    page = staff.post(base, {"completions": (BytesIO(good.encode()), "f.csv")}, status=200)
    with sidecar.reading() as db:
        assert db.scalar(select(Evidence.id).where(Evidence.origin == "file")) is None
    token = page.split('name="token" value="')[1].split('"')[0]
    staff.post(f"{base}/confirm", {"token": token}, status=200)
    assert piece_of(sidecar, "file").municipality_id == town.kongsberg.id
    other = sign_in("contact", name="Andre", municipality="kongsberg")
    other.post(f"{base}/confirm", {"token": token}, status=401)


def test_a_course_is_valid_for_a_time_from_now_on_and_for_current_completions_if_asked(
    sign_in: SignIn, town: Town, sidecar: Sidecar
) -> None:
    staff = sign_in("rkk", region="kongsbergregionen")
    here = "/staff/courses/brannvern/validity"
    typed = {"kind": "months", "months": "12", "renewal_days": "30", "sharing": "no"}
    staff.post(here, typed)
    with sidecar.reading() as db:
        course = db.scalars(select(Course).where(Course.key == "brannvern")).one()
        assert (course.validity_months, course.renewal_days, course.is_transferable) == (12, 30, False)
        assert [one.valid_until for one in db.scalars(select(Completion))] == [None]
    staff.post(here, {**typed, "apply": "yes"})
    do_all(sidecar, "course-rule")
    with sidecar.reading() as db:
        assert [str(one.valid_until) for one in db.scalars(select(Completion))] == ["2027-08-20"]
    assert "checked" in staff.get(here)
    for wrong in ({"months": "0"}, {"months": "x"}, {"sharing": "perhaps"}):
        staff.post(here, {**typed, **wrong}, status=400)
    staff.post(here, {**typed, "kind": "window", "window_month": "02", "window_day": "30"}, status=400)
    developer = sign_in("content-developer", name="Utvikler", municipality="kongsberg")
    developer.post(here, typed, status=403)


def test_each_field_of_a_course_s_validity_has_its_own_message(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    staff = sign_in("rkk", region="kongsbergregionen")
    here = "/staff/courses/brannvern/validity"
    window = {"kind": "window", "months": "", "window_month": "08", "window_day": "", "sharing": "default"}
    page = staff.post(here, window, status=400)
    assert page.count("ds-validation-message") == 2
    assert 'id="months-problem"' in page
    assert 'id="window-problem"' in page
    assert 'value="08" selected' in page
    staff.post(here, {**window, "months": "24", "window_day": "01"})
    with sidecar.reading() as db:
        course = db.scalars(select(Course).where(Course.key == "brannvern")).one()
        assert (course.validity_months, course.validity_window) == (24, "08-01")
    assert '<option value="08" selected>august</option>' in staff.get(here)
    page = staff.post(here, {"kind": "months", "months": "12", "renewal_days": "x", "sharing": "default"}, status=400)
    assert page.count("ds-validation-message") == 1
    assert 'id="renewal_days-problem"' in page


def lms_course(sidecar: Sidecar, town: Town) -> str:
    with sidecar.transaction() as db:
        now = sidecar.now()
        connection = Connection(connector="fake", settings=b"", created_at=now, municipality_id=town.kongsberg.id)
        db.add(connection)
        db.flush()
        source = Source(
            connection_id=connection.id, kind="completions", created_at=now, municipality_id=town.kongsberg.id
        )
        db.add(source)
        db.flush()
        lms_courses.take_in(db, source, {"BRANN": "Brann i <Moodle>"}, now)
        one = db.scalars(select(LmsCourse)).one()
        subject = of_employment(db, EVERYTHING, town.kari)
        key = lms_courses.source_key(one.id, "1001")
        piece = Evidence(person_id=subject.person_id, course_id=one.course_id, completed_at=now, recorded_at=now)
        piece.origin, piece.source_id, piece.source_key, piece.lms_course_id = "lms", source.id, key, one.id
        db.add(piece)
        return one.id


def test_a_course_of_an_lms_means_one_of_ours_and_stands_for_itself_again(
    sign_in: SignIn, town: Town, sidecar: Sidecar
) -> None:
    here = f"/staff/lms-courses/{lms_course(sidecar, town)}"
    staff = sign_in("rkk", region="kongsbergregionen")
    assert "Brann i &lt;Moodle&gt;" in staff.get("/staff/lms-courses?q=brann")
    own = piece_of(sidecar, "lms").course_id
    staff.post(here, {"course": "brannvern"})
    do_all(sidecar, lms_courses.KIND)
    moved = piece_of(sidecar, "lms")
    assert moved.course_id != own
    with sidecar.reading() as db:
        (done,) = db.scalars(select(Completion).where(Completion.withdrawn_at.is_(None)))
        assert done.id == moved.completion_id
    staff.post(here, {"course": ""})
    do_all(sidecar, lms_courses.KIND)
    assert piece_of(sidecar, "lms").course_id == own
    with sidecar.reading() as db:
        assert len(db.scalars(select(Completion).where(Completion.withdrawn_at.is_(None))).all()) == 2
        key = db.scalar(select(Course.key).where(Course.id == own))
    staff.post(here, {"course": "finnes-ikke"}, status=404)
    assert f"/staff/courses/{key}" not in staff.get("/staff/courses"), "it is nothing to play or publish"
    staff.get(f"/staff/courses/{key}", 303)
    stranger = sign_in("contact", name="Fremmed", municipality="rollag")
    stranger.get(here, 403)


def test_an_unknown_piece_is_no_page(sign_in: SignIn, town: Town, tmp_path: Path) -> None:
    staff = sign_in("operator")
    for path in ("/staff/completions/nei", "/staff/completions/nei/document", "/staff/lms-courses/nei"):
        staff.get(path, 404)
