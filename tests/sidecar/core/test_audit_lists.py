"""The audit trail is read newest first, page by page, by whom it concerns, and as CSV that no spreadsheet runs."""

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from sidecar.core import audit, audit_lists
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.audit import AuditEntry
from sidecar.core.audit_export import say_who, write_trail
from sidecar.core.audit_lists import COMMAND_LINE, LMS, Line, Wanted, list_actors, list_entries
from sidecar.core.data_subjects import of_identity
from sidecar.core.db import new_id
from sidecar.core.erasures import erase
from sidecar.core.municipalities import Municipality
from sidecar.core.platforms import Platform
from sidecar.core.regions import join
from sidecar.core.staff import Scope, grant, identity_named
from sidecar.runtime import Sidecar

CONSOLE = operator_at_the_console()
NOBODY = Wanted()


@pytest.fixture
def identity_id(sidecar: Sidecar) -> str:
    with sidecar.transaction() as db:
        return identity_named(db, "Kari Kontakt", now=sidecar.now()).id


def record(sidecar: Sidecar, action: str, subject: str, by: str | None = None, days: float = 0, **facts: str) -> None:
    with sidecar.transaction() as db:
        audit.record(db, action, subject, at=sidecar.now() - timedelta(days=days), identity_id=by, **facts)


def read(sidecar: Sidecar, viewer: Viewer = CONSOLE, wanted: Wanted = NOBODY) -> list[Line]:
    with sidecar.reading() as db:
        return list(list_entries(db, viewer, wanted).lines)


def rkk(db: Session, sidecar: Sidecar, *municipalities: Municipality) -> Viewer:
    for one in municipalities:
        region = join(db, "r", one.id, sidecar.today())
    ids = frozenset(one.id for one in municipalities)
    return Viewer(new_id(), frozenset({"rkk"}), ids, rkk_for=ids, regions=frozenset({region.id}))


def test_pages_follow_each_other_without_a_gap_even_within_one_moment(sidecar: Sidecar) -> None:
    for number in range(7):
        record(sidecar, "municipality.added", f"{number}", days=number // 5)
    found, cursor = [], ""
    with sidecar.reading() as db:
        while True:
            page = list_entries(db, CONSOLE, NOBODY, cursor=cursor, limit=2)
            found += [line.entry for line in page.lines]
            cursor = page.older
            if not cursor:
                break
    assert len(found) == 7
    assert found == sorted(found, key=lambda one: (one.at, one.id), reverse=True)


@pytest.mark.parametrize(
    "cursor", ["x", "0-0", "9" * 30 + "-" + "0" * 32, "-1-" + "0" * 32, "' OR 1=1", "٣-" + "0" * 32]
)
def test_a_cursor_that_can_t_be_read_begins_anew(sidecar: Sidecar, cursor: str) -> None:
    record(sidecar, "municipality.added", "x")
    with sidecar.reading() as db:
        assert len(list_entries(db, CONSOLE, NOBODY, cursor=cursor).lines) == 1


def test_filters_by_day_in_norway_actor_action_and_subject(sidecar: Sidecar, identity_id: str) -> None:
    record(sidecar, "staff.granted", "a" * 32, identity_id)
    record(sidecar, "municipality.added", "b" * 32, days=3)
    with sidecar.transaction() as db:
        audit.record(db, "platform.added", "c" * 32, at=sidecar.now(), actor="lms")
    today = sidecar.today()
    asked = [
        (Wanted(since=today), 2),
        (Wanted(until=today - timedelta(days=1)), 1),
        (Wanted(since=today - timedelta(days=3), until=today), 3),
        (Wanted(actor=identity_id), 1),
        (Wanted(actor=COMMAND_LINE), 1),
        (Wanted(actor=LMS), 1),
        (Wanted(action="municipality.added"), 1),
        (Wanted(subject="a" * 32), 1),
        (Wanted(subject="' OR 1=1 --"), 0),
    ]
    assert [len(read(sidecar, wanted=wanted)) for wanted, _ in asked] == [count for _, count in asked]


def test_what_an_lms_did_itself_stands_under_its_name(sidecar: Sidecar) -> None:
    moodle = Platform(
        name="Felles Moodle",
        issuer="https://lms.example.no",
        client_id="1",
        auth_url="https://lms.example.no/auth",
        token_url="https://lms.example.no/token",
        jwks_url="https://lms.example.no/jwks",
        created_at=sidecar.now(),
    )
    with sidecar.transaction() as db:
        db.add(moodle)
        db.flush()
        audit.record(db, "platform.registered", moodle.id, at=sidecar.now(), actor="lms")
        audit.record(db, "platform.registered", "c" * 32, at=sidecar.now() - timedelta(days=1), actor="lms")
    record(sidecar, "platform.approved", moodle.id, days=2)
    itself, gone, by_command = read(sidecar)
    assert (itself.actor, say_who(itself, str)) == ("lms", "Felles Moodle")
    assert (gone.actor, say_who(gone, str)) == ("lms", "An LMS that registered itself")
    assert by_command.actor == "command-line"
    assert by_command.who is None
    assert not [*itself.seen_as, *gone.seen_as]
    with sidecar.reading() as db:
        _, first, *_ = csv.reader(io.StringIO("".join(write_trail(db, CONSOLE, NOBODY, str, set()))), delimiter=";")
    assert first[1] == "Felles Moodle"


def test_names_stand_for_ids_as_long_as_there_are_any(
    sidecar: Sidecar, kongsberg: Municipality, identity_id: str
) -> None:
    record(sidecar, "people.imported", kongsberg.id, identity_id)
    record(sidecar, "course_version.approved", new_id(), identity_id, days=1)
    first, second = read(sidecar)
    assert first.who
    assert first.subject
    assert first.actor == "named"
    assert (first.who.name, first.subject.name) == ("Kari Kontakt", "Kongsberg kommune")
    assert second.subject is None
    with sidecar.transaction() as db:
        erase(db, of_identity(db, identity_id), now=sidecar.now(), by=None)
    first, _ = read(sidecar)
    assert first.actor == "erased"
    assert not list(first.seen_as)


def test_an_rkk_reads_what_concerns_its_own_and_what_it_did(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, identity_id: str
) -> None:
    with sidecar.transaction() as db:
        viewer = rkk(db, sidecar, kongsberg)
        mine = grant(db, identity_id, "contact", Scope(municipality="kongsberg"), now=sidecar.now())
        operator = identity_named(db, "Olav Operatør", now=sidecar.now())
        grant(db, operator.id, "operator", Scope(), now=sidecar.now())
        stranger = identity_named(db, "Fremmed", now=sidecar.now())
    record(sidecar, "people.imported", kongsberg.id, identity_id)
    record(sidecar, "people.imported", rollag.id, identity_id)
    record(sidecar, "retention.changed", kongsberg.id, operator.id)
    record(sidecar, "report.requested", kongsberg.id, stranger.id)
    record(sidecar, "sign_in.started", identity_id, identity_id)
    lines = read(sidecar, viewer)
    assert {line.entry.subject for line in lines} == {kongsberg.id, mine.id}
    told = {line.entry.action: (line.actor, line.who.name if line.who else None) for line in lines}
    assert told == {
        "people.imported": ("named", "Kari Kontakt"),
        "retention.changed": ("operator", None),
        "report.requested": ("elsewhere", None),
        "staff.granted": ("command-line", None),
    }
    with sidecar.reading() as db:
        assert [line.name for line in list_actors(db, viewer)] == ["Kari Kontakt"]
        text = "".join(write_trail(db, viewer, NOBODY, str, set()))
    assert not any(hidden in text for hidden in (operator.id, stranger.id, "Olav", "Fremmed", rollag.id))


def test_the_csv_holds_everything_and_no_formula(sidecar: Sidecar, identity_id: str) -> None:
    for number in range(3):
        record(sidecar, "signing_key.revoked", "=kid", identity_id, days=number, reason="=1+1")
    seen: set[str] = set()
    with sidecar.reading() as db:
        text = "".join(write_trail(db, CONSOLE, NOBODY, str, seen))
    assert text.startswith("\ufeff")
    heading, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";")
    assert len(rows) == 3
    assert rows[0][heading.index("Who")] == "Kari Kontakt"
    assert rows[0][heading.index("Id of what")] == "'=kid"
    assert rows[0][heading.index("Facts")] == "reason: =1+1"
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert seen == {identity_id}


@pytest.mark.slow
def test_a_hundred_thousand_entries_are_read_by_an_index(sidecar: Sidecar, kongsberg: Municipality) -> None:
    now = sidecar.now()
    rows: list[dict[str, object]] = [
        {
            "id": f"{number:032x}",
            "at": now - timedelta(seconds=number),
            "actor": "cli",
            "action": "staff.granted" if number % 50_000 == 0 else "sign_in.started",
            "subject": f"{number:032x}",
            "facts": {},
        }
        for number in range(100_000)
    ]
    with sidecar.transaction() as db:
        db.execute(insert(AuditEntry), rows)
    with sidecar.transaction() as db:
        db.execute(text("ANALYZE"))
    for wanted in (NOBODY, Wanted(action="staff.granted"), Wanted(subject=f"{77:032x}")):
        assert "TEMP B-TREE FOR ORDER BY" not in plan(sidecar, wanted)
        assert "Seq Scan on audit_entry" not in plan(sidecar, wanted)
        assert read(sidecar, wanted=wanted)
    with sidecar.transaction() as db:
        viewer = rkk(db, sidecar, kongsberg)
    assert read(sidecar, viewer) == []


def plan(sidecar: Sidecar, wanted: Wanted) -> str:
    """Return how the database means to read the first page."""
    with sidecar.reading() as db:
        asked = audit_lists._query(CONSOLE, wanted, "").limit(51)
        query = asked.compile(db.get_bind(), compile_kwargs={"literal_binds": True})
        how = "EXPLAIN" if db.get_bind().dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        return "\n".join(" ".join(map(str, row)) for row in db.execute(text(f"{how} {query}")))
