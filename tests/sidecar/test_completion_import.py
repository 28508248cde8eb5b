"""A file of completions is taken in whole or not at all, and the same file again changes nothing."""

from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from sidecar.core import manual_evidence
from sidecar.core.access import operator_at_the_console
from sidecar.core.attempts import Attempt
from sidecar.core.completion_matching import rules_for
from sidecar.core.connections import Connection
from sidecar.core.courses import CourseVersion
from sidecar.core.db import new_id
from sidecar.core.earning import record
from sidecar.core.evidence import Evidence
from sidecar.core.lms_evidence import Differences, Speaker, Told, write
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity, Person
from sidecar.core.people_sources import Source
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from sidecar.sync.completion_file_problems import CompletionFileRefusedError
from sidecar.sync.completion_import import ImportedCompletions, import_completions
from tests.sidecar.training import Training, make_training

HEAD = "Ansattnummer;Kurs;Fullført;Poeng;Merknad"
EVERYTHING = operator_at_the_console()


@pytest.fixture
def world(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Training:
    return make_training(sidecar, kongsberg, rollag)


def take(world: Training, folder: Path, *lines: str, dry_run: bool = False) -> ImportedCompletions:
    path = folder / "fil.csv"
    path.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    return import_completions(world.sidecar, EVERYTHING, world.kongsberg.id, path, dry_run=dry_run)


def refused(world: Training, folder: Path, *lines: str) -> list[str]:
    with pytest.raises(CompletionFileRefusedError) as raised:
        take(world, folder, *lines)
    assert world.completions() == []
    return [one.code for one in raised.value.problems]


def test_a_file_is_taken_in_and_again_changes_nothing(world: Training, tmp_path: Path) -> None:
    line = "1001;Brannvern;04.05.2026;85 %;Klasserom"
    assert take(world, tmp_path, line, dry_run=True).added == 1
    assert world.completions() == []
    assert take(world, tmp_path, line).added == 1
    (done,) = world.completions()
    assert (done.person_id, done.origin, done.completed_on, done.score) == (
        world.kari[0],
        "file",
        date(2026, 5, 4),
        0.85,
    )
    assert take(world, tmp_path, line) == ImportedCompletions(1, 0, 0, 1, 0)
    assert take(world, tmp_path, line.replace("85", "90")).changed == 1
    assert [one.score for one in world.completions()] == [0.9]


def test_a_workbook_says_the_same(world: Training, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Employee number", "Course", "Completed on"])
    sheet.append([1001, "brannvern", datetime(2026, 5, 4, 12)])  # noqa: DTZ001 (a workbook knows no zone)
    path = tmp_path / "fil.xlsx"
    book.save(path)
    assert import_completions(world.sidecar, EVERYTHING, world.kongsberg.id, path).added == 1


def test_every_problem_is_listed_and_nothing_is_changed(world: Training, tmp_path: Path) -> None:
    codes = refused(
        world,
        tmp_path,
        "1001;brannvern;2026-05-04;;",
        "9999;brannvern;2026-05-04;;",
        "1001;finnes-ikke;2026-05-04;;",
        "1001;brannvern;04.05.2026;;",
        "1001;brannvern;2026-09-16;;",
        "1001;brannvern;i går;;",
        "1001;brannvern;2026-05-05;0,85;",
        "1001;brannvern;2026-05-06;101;",
        "1001;;2026-05-06;;",
        "1001;brannvern;2026-05-07;;=cmd()",
        "1001;brannvern;2026-05-07;;01010101006",
        "1001;brannvern;2026-05-07",
    )
    assert sorted(codes) == sorted(
        [
            "completion-file-employee",
            "completion-file-course",
            "completion-file-duplicate",
            "completion-file-future",
            "completion-file-day",
            "completion-file-score",
            "completion-file-score",
            "completion-file-value-missing",
            "completion-file-hidden",
            "completion-file-national-id",
            "completion-file-ragged",
        ]
    )


def test_a_file_without_headings_tells_nothing_of_what_stands_there(world: Training, tmp_path: Path) -> None:
    path = tmp_path / "fil.csv"
    path.write_text("1001;Kari Hansen;x\n")
    with pytest.raises(CompletionFileRefusedError) as raised:
        import_completions(world.sidecar, EVERYTHING, world.kongsberg.id, path)
    assert "Kari" not in " ".join(map(str, raised.value.problems))
    path.write_bytes(b"")
    with pytest.raises(CompletionFileRefusedError):
        import_completions(world.sidecar, EVERYTHING, world.kongsberg.id, path)


def test_times_are_meant_in_norway(world: Training, tmp_path: Path) -> None:
    take(world, tmp_path, "1001;brannvern;2026-05-04T23:30;;")
    (done,) = world.completions()
    assert (done.completed_on, done.completed_at) == (date(2026, 5, 4), datetime(2026, 5, 4, 21, 30, tzinfo=UTC))


def test_another_municipality_is_not_imported_into(world: Training, tmp_path: Path) -> None:
    (tmp_path / "fil.csv").write_text(HEAD)
    with pytest.raises(NotFoundError):
        import_completions(world.sidecar, world.contact(world.rollag), world.kongsberg.id, tmp_path / "fil.csv")


def test_nobody_imports_what_is_about_themselves(world: Training, tmp_path: Path) -> None:
    path = tmp_path / "fil.csv"
    path.write_text(f"{HEAD}\n1001;brannvern;2026-05-04;;\n")
    with world.sidecar.transaction() as db:
        db.get_one(Person, world.kari[0]).email = "Kari@example.no"
    for same in (
        world.contact(world.kongsberg, person_id=world.kari[0]),
        world.contact(world.kongsberg, email="kari@example.no"),
    ):
        with pytest.raises(CompletionFileRefusedError) as refusal:
            import_completions(world.sidecar, same, world.kongsberg.id, path)
        assert [(one.code, one.facts) for one in refusal.value.problems] == [("completion-file-oneself", {"line": 2})]
    assert world.completions() == []
    import_completions(world.sidecar, world.contact(world.kongsberg), world.kongsberg.id, path)
    assert len(world.completions()) == 1


def test_what_staff_have_withdrawn_does_not_come_back_with_the_file(world: Training, tmp_path: Path) -> None:
    line = "1001;brannvern;2026-05-04;;"
    take(world, tmp_path, line)
    with world.sidecar.transaction() as db:
        piece = db.scalars(select(Evidence)).one()
        manual_evidence.withdraw(db, EVERYTHING, piece.id, "Feil i filen", world.sidecar.now())
    assert take(world, tmp_path, line).withdrawn == 1
    assert world.completions() == []


def test_the_same_from_player_lms_and_file_is_one_completion_and_the_earliest_counts(
    world: Training, tmp_path: Path
) -> None:
    at = datetime(2026, 5, 4, 10, 30, 20, tzinfo=UTC)
    _play(world, at)
    _tell(world, at.replace(second=0))
    take(world, tmp_path, "1001;brannvern;2026-05-04;;")
    (done,) = world.completions()
    assert (done.completed_at, done.origin) == (at.replace(second=0), "lms")
    with world.sidecar.transaction() as db:
        pieces = {one.origin: one for one in db.scalars(select(Evidence))}
        assert set(pieces) == {"player", "lms", "file"}
        assert {one.completion_id for one in pieces.values()} == {done.id}
        manual_evidence.withdraw(db, EVERYTHING, pieces["file"].id, "Feil", world.sidecar.now())
    assert [one.id for one in world.completions()] == [done.id]


def _play(world: Training, at: datetime) -> None:
    with world.sidecar.transaction() as db:
        version = CourseVersion(
            course_id=world.course_id,
            number=1,
            standard="scorm-1.2",
            manifest={},
            findings=[],
            package_digest="0" * 64,
            size_bytes=1,
            file_count=1,
            uploaded_at=at,
        )
        who = Identity(subject="u1", first_seen_at=at, last_seen_at=at, person_id=world.kari[0])
        db.add_all([version, who])
        db.flush()
        attempt = Attempt(
            identity_id=who.id,
            course_id=world.course_id,
            version_id=version.id,
            number=1,
            state="completed",
            started_at=at,
            finished_at=at,
        )
        db.add(attempt)
        db.flush()
        record(db, attempt, 0.7, at)


def _tell(world: Training, at: datetime) -> None:
    with world.sidecar.transaction() as db:
        connection = Connection(connector="fake", settings=b"", created_at=at, municipality_id=world.kongsberg.id)
        db.add(connection)
        db.flush()
        source = Source(connection_id=connection.id, kind="completions", created_at=at)
        db.add(source)
        db.flush()
        speaker = Speaker(source.id, None, rules_for(db, None, world.kongsberg.id))
        told = Told(f"{new_id()}:1001", "1001", world.course_id, at, None)
        write(db, speaker, Differences(new=[told]), at, seen_in=None)
