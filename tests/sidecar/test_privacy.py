"""Test that a person can be exported and erased: nothing of them is left, and every count stays true."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, null, select, update

from sidecar import privacy
from sidecar.core import erasures, outbox
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.attempts import Attempt
from sidecar.core.audit import AuditEntry
from sidecar.core.commits import AttemptFinishedError, Piece, Said, add_piece, commit
from sidecar.core.completions import Completion
from sidecar.core.courses import CourseVersion
from sidecar.core.data_subjects import DataSubject, of_identity, of_key
from sidecar.core.deliveries import Delivery, find_delivery
from sidecar.core.evidence import Evidence
from sidecar.core.kept_files import list_stored
from sidecar.core.launches import Learner, welcome
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.core.people import Employment, Identity
from sidecar.core.periods import read_period
from sidecar.core.sign_ins import SignIn
from sidecar.errors import NotAllowedError, NotFoundError
from sidecar.jobs import HANDLERS, perform_item
from sidecar.reports import asking, kept, rewriting
from sidecar.reports.build import Built, build
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.canary import FIRST, LAST, SEPTEMBER, WORDS, Planted, dump, found_in, plant
from tests.sidecar.reports.listing import Listed, list_report
from tests.sidecar.reports.world import World

pytestmark = pytest.mark.slow
OPERATOR = operator_at_the_console()


@pytest.fixture
def planted(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, tmp_path: Path) -> Planted:
    folder = tmp_path / "reports"
    folder.mkdir()
    return plant(sidecar, World(sidecar), kongsberg, rollag, folder)


def _subject(sidecar: Sidecar, key: str, viewer: Viewer = OPERATOR) -> DataSubject:
    with sidecar.reading() as db:
        return of_key(db, viewer, key)


def _report(sidecar: Sidecar, municipality: Municipality) -> Listed:
    with sidecar.reading() as db:
        return list_report(db, OPERATOR, municipality, SEPTEMBER, "none", sidecar.today())


def _totals(report: Listed) -> Counter[tuple[str, str]]:
    return Counter((str(row["course"]), str(row["unit"])) for row in report.rows)


def _run_jobs(sidecar: Sidecar) -> None:
    with sidecar.reading() as db:
        ids = db.scalars(select(OutboxItem.id).where(OutboxItem.kind == privacy.KIND)).all()
    for item_id in ids:
        perform_item(sidecar, item_id, HANDLERS)


def _deliveries(sidecar: Sidecar, planted: Planted) -> list[Delivery]:
    with sidecar.reading() as db:
        found = [find_delivery(db, OPERATOR, one) for one in planted.delivery_ids]
        db.expunge_all()
    return found


def _erase(sidecar: Sidecar, planted: Planted) -> privacy.Receipt:
    receipt = privacy.erase(sidecar, OPERATOR, _subject(sidecar, planted.person_id))
    _run_jobs(sidecar)
    return receipt


def test_the_canary_is_planted_in_full(sidecar: Sidecar, planted: Planted) -> None:
    assert found_in(dump(sidecar)) == set(WORDS)


def test_nothing_of_an_erased_person_is_left(sidecar: Sidecar, planted: Planted) -> None:
    _erase(sidecar, planted)
    assert found_in(dump(sidecar)) == set()


@pytest.mark.sqlite
def test_nothing_is_left_in_the_raw_file_and_its_log(sidecar: Sidecar, planted: Planted) -> None:
    _erase(sidecar, planted)
    files = list(sidecar.settings.data.glob("sidecar.sqlite3*"))
    assert files
    assert found_in("\n".join(path.read_bytes().decode("latin-1") for path in files)) == set()


def test_every_count_stays_true(sidecar: Sidecar, planted: Planted, kongsberg: Municipality) -> None:
    before = _report(sidecar, kongsberg)
    _erase(sidecar, planted)
    after = _report(sidecar, kongsberg)
    assert len(after.rows) == len(before.rows) == 9
    assert _totals(after) == _totals(before)
    assert sum(row["last_name"] == "erased" for row in after.rows) == 2
    assert after.items == before.items


def test_a_unit_of_few_is_not_kept(sidecar: Sidecar, planted: Planted, rollag: Municipality) -> None:
    _erase(sidecar, planted)
    after = _report(sidecar, rollag)
    assert _totals(after) == {("Brannvern", ""): 1, ("Førstehjelp", ""): 1}


def test_only_the_day_of_a_completion_is_kept(sidecar: Sidecar, planted: Planted) -> None:
    _erase(sidecar, planted)
    with sidecar.reading() as db:
        evidence = db.scalars(select(Evidence).where(Evidence.identity_id == planted.identity_id)).all()
        completions = db.scalars(select(Completion).where(Completion.person_id == planted.person_id)).all()
        attempts = db.scalar(select(func.count()).where(Attempt.identity_id == planted.identity_id))
        for kept in (evidence, completions):
            told = [(one.completed_at.isoformat(), one.score) for one in kept]
            assert told == [("2026-09-02T22:00:00+00:00", None)] * 2
        assert attempts == 2


def test_kept_reports_are_rewritten_and_the_rest_of_them_stays(sidecar: Sidecar, planted: Planted) -> None:
    before = _deliveries(sidecar, planted)[0]
    lines = b"".join(kept.read(sidecar, before, before.files[0])).decode().splitlines()
    _erase(sidecar, planted)
    after = _deliveries(sidecar, planted)[0]
    assert [file["name"] for file in after.files] == [file["name"] for file in before.files]
    new = b"".join(kept.read(sidecar, after, after.files[0])).decode().splitlines()
    assert [line for line in new if "slettet" not in line] == [line for line in lines if LAST not in line]
    assert [line for line in new if "slettet" in line] == [
        "slettet;slettet;slettet;Helse;Brannvern;1;fullført;2026-09-03;;Moodle Kongsbergregionen",
        "slettet;slettet;slettet;Helse;Førstehjelp;1;fullført;2026-09-03;;Moodle Kongsbergregionen",
    ]
    assert (after.receipt, after.content_hash, after.key) == (before.receipt, before.content_hash, before.key)
    assert after.rewritten_at == sidecar.now()
    assert after.file_key != before.file_key
    assert list_stored(before).isdisjoint(list_stored(after))
    for digest in list_stored(before):
        with pytest.raises(NotFoundError):
            sidecar.storage.size(digest)


def test_a_file_that_another_delivery_names_too_stays(sidecar: Sidecar, planted: Planted) -> None:
    first, other = _deliveries(sidecar, planted)
    digest = first.files[0]["stored"]
    with sidecar.transaction() as db:
        other.files = [*other.files, first.files[0] | {"media_type": "application/pdf"}]
        db.execute(update(Delivery).where(Delivery.id == other.id).values(files=other.files))
        db.execute(update(Delivery).where(Delivery.id == other.id).values(files_removed_at=None))
    privacy.remove_file(sidecar, digest)
    assert sidecar.storage.size(digest) > 0


def test_a_file_that_can_t_be_rebuilt_is_removed(sidecar: Sidecar, planted: Planted) -> None:
    odd = {"name": "odd.bin", "media_type": "application/octet-stream", "size_bytes": 1}
    digest = sidecar.storage.put([LAST.encode()]).digest
    with sidecar.transaction() as db:
        where = Delivery.id == planted.delivery_ids[0]
        db.execute(
            update(Delivery).where(where).values(files=[odd | {"digest": digest}], kept_rows=null(), file_key=None)
        )
    _erase(sidecar, planted)
    assert _deliveries(sidecar, planted)[0].files == []
    assert _deliveries(sidecar, planted)[1].files != []
    with pytest.raises(NotFoundError):
        sidecar.storage.size(digest)


def test_the_old_files_wait_for_a_delivery_under_way(sidecar: Sidecar, planted: Planted) -> None:
    privacy.erase(sidecar, OPERATOR, _subject(sidecar, planted.person_id))
    with sidecar.transaction() as db:
        db.execute(update(Delivery).where(Delivery.id == planted.delivery_ids[0]).values(state="delivering"))
    with pytest.raises(outbox.TryLater):
        privacy.remove_file(sidecar, "0" * 64)


def test_the_receipt_names_the_reports_that_the_municipalities_have(sidecar: Sidecar, planted: Planted) -> None:
    receipt = _erase(sidecar, planted)
    assert [(one.municipality, one.period) for one in receipt.delivered] == [
        ("Kongsberg kommune", "2026-09"),
        ("Rollag kommune", "2026-09"),
    ]
    assert all(one.reference for one in receipt.delivered)


def test_a_second_erasure_changes_nothing(sidecar: Sidecar, planted: Planted, clock: FakeClock) -> None:
    first, text = _erase(sidecar, planted), dump(sidecar)
    clock.advance(days=1)
    assert _erase(sidecar, planted) == first
    assert dump(sidecar) == text


def test_a_kill_between_the_files_and_the_rows_loses_nothing(
    sidecar: Sidecar, planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(erasures, "erase", killed)
        with pytest.raises(KeyboardInterrupt):
            _erase(sidecar, planted)
    assert found_in(dump(sidecar)) == set(WORDS)
    assert _deliveries(sidecar, planted)[0].rewritten_at is None
    _erase(sidecar, planted)
    assert found_in(dump(sidecar)) == set()


def test_a_report_made_in_between_is_rewritten_too(
    sidecar: Sidecar, planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite, turns = rewriting.rewrite_files, list[int]()

    def rewrite_late(*args: object, **kwargs: object) -> object:
        if not turns:
            with sidecar.transaction() as db:
                where = Delivery.id == planted.delivery_ids[0]
                db.execute(update(Delivery).where(where).values(files=_deliveries(sidecar, planted)[0].files[:1]))
        turns.append(1)
        return rewrite(*args, **kwargs)  # type: ignore[arg-type]  # what it was called with

    monkeypatch.setattr(rewriting, "rewrite_files", rewrite_late)
    _erase(sidecar, planted)
    assert len(turns) == 4
    assert len(_deliveries(sidecar, planted)[0].files) == 1


def test_no_report_that_was_read_before_an_erasure_is_written_after_it(
    sidecar: Sidecar, planted: Planted, kongsberg: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build_then_erase(*args: object, **kwargs: object) -> Built:
        built = build(*args, **kwargs)  # type: ignore[arg-type]  # what it was called with
        monkeypatch.undo()
        _erase(sidecar, planted)
        return built

    monkeypatch.setattr(asking, "build", build_then_erase)
    with pytest.raises(erasures.ErasedMeanwhileError):
        asking.request(sidecar, kongsberg.id, read_period("2026"))
    assert len(asking.request(sidecar, kongsberg.id, read_period("2026"))) == 1


def test_sign_ins_end_and_jobs_under_way_end(sidecar: Sidecar, planted: Planted) -> None:
    _erase(sidecar, planted)
    with sidecar.reading() as db:
        assert db.scalar(select(func.count()).where(SignIn.identity_id == planted.identity_id)) == 0
        jobs = db.scalars(select(OutboxItem).where(OutboxItem.kind == "grade")).all()
        assert [(one.state, one.error_code) for one in jobs] == [("failed", "erased")]


def test_a_page_that_is_still_open_saves_nothing_more(sidecar: Sidecar, planted: Planted) -> None:
    with sidecar.transaction() as db:
        db.execute(update(CourseVersion).values(manifest={"items": []}))
        attempts = db.execute(select(Attempt.id, Attempt.state).where(Attempt.identity_id == planted.identity_id)).all()
    _erase(sidecar, planted)
    for attempt_id, state in attempts:
        late = Piece(seq=9, session="s", number=0, of=2, text="kanarisvar")
        refusal = NotFoundError if state == "open" else AttemptFinishedError
        with pytest.raises(refusal), sidecar.transaction() as db:
            add_piece(db, attempt_id, late)
        said = Said(seq=9, after=0, sco_id="a", changes={"cmi.comments": "kanarisvar"}, session="s")
        with pytest.raises(refusal), sidecar.transaction() as db:
            commit(db, attempt_id, said, launch_id="0" * 32, now=sidecar.now())
    assert found_in(dump(sidecar)) == set()


def test_the_same_lms_user_comes_back_as_somebody_new(sidecar: Sidecar, planted: Planted) -> None:
    _erase(sidecar, planted)
    with sidecar.transaction() as db:
        platform_id = db.get_one(Identity, planted.identity_id).platform_id
        came = welcome(db, platform_id or "", Learner("lms-kanari-55", f"{FIRST} {LAST}"), sidecar.now())
        assert came.id != planted.identity_id
        assert came.person_id is None


def test_the_same_employee_number_may_be_imported_again(
    sidecar: Sidecar, planted: Planted, kongsberg: Municipality
) -> None:
    _erase(sidecar, planted)
    again = World.employ(_world(sidecar), kongsberg, "nr-7731-kanari", "Ny Person")
    assert again.person_id != planted.person_id


def _world(sidecar: Sidecar) -> World:
    world = World.__new__(World)
    world.sidecar = sidecar
    return world


def test_the_audit_trail_tells_of_it_without_personal_data(sidecar: Sidecar, planted: Planted) -> None:
    _erase(sidecar, planted)
    with sidecar.reading() as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.action == "person.erased")).one()
        assert entry.subject == planted.person_id
        assert entry.facts == {"employments": 2, "identities": 1, "completions": 2, "attempts": 3, "deliveries": 2}


def test_an_identity_that_is_not_placed_can_be_erased(sidecar: Sidecar) -> None:
    world = World(sidecar)
    alone = world.identity("lms-kanari-55", None)
    privacy.erase(sidecar, OPERATOR, _subject(sidecar, alone.id))
    assert found_in(dump(sidecar)) == set()


def _rkk(*municipalities: Municipality) -> Viewer:
    ids = frozenset(one.id for one in municipalities)
    return Viewer(roles=frozenset({"rkk"}), municipality_ids=ids, rkk_for=ids)


def _contact(municipality: Municipality) -> Viewer:
    return Viewer(roles=frozenset({"contact"}), municipality_ids=frozenset({municipality.id}))


def test_who_may_erase(sidecar: Sidecar, planted: Planted, kongsberg: Municipality, rollag: Municipality) -> None:
    both = Viewer(municipality_ids=frozenset({kongsberg.id, rollag.id}))
    for viewer, may in [
        (OPERATOR, True),
        (_rkk(kongsberg, rollag), True),
        (_rkk(kongsberg), False),
        (_contact(kongsberg), False),
        (both, False),
    ]:
        subject = _subject(sidecar, planted.person_id, viewer)
        assert privacy.may_erase(viewer, subject) is may
        if not may:
            with pytest.raises(NotAllowedError):
                privacy.erase(sidecar, viewer, subject)
    assert found_in(dump(sidecar))


def _export(sidecar: Sidecar, viewer: Viewer, key: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads("".join(privacy.export(sidecar, viewer, _subject(sidecar, key, viewer))))
    return found


def test_the_export_holds_all_that_the_canary_is(sidecar: Sidecar, planted: Planted) -> None:
    found = _export(sidecar, OPERATOR, "kongsberg/nr-7731-kanari")
    assert found["complete"] is True
    assert found_in(json.dumps(found, ensure_ascii=False)) == set(WORDS)
    counts = {name: len(entries) for name, entries in found.items() if isinstance(entries, list)}
    assert counts["employments"] == 2
    assert counts["reports"] == 2
    assert counts["attempts"] == 3
    empty = (
        "courses_uploaded courses_reviewed courses_sent_to_review courses_published courses_retired "
        "links_bound comparisons_decided connections_tested invitations_made matching_rules_changed "
        "tokens_made lms_courses_mapped course_rules_applied completions_entered completions_decided "
        "contacts_added row_errors_answered reports_defined reports_run scim_users source_changes "
        "source_runs rosters acts agreements_recorded crossings_decided regions_trusted regions_invited "
        "rings_recorded paths_drafted paths_published paths_offered paths_wanted"
    )
    assert {name for name, count in counts.items() if not count} == set(empty.split())
    assert [(one["what"], one["role"], one["viewer"]) for one in found["seen_by"]] == [
        ("export", "operator", None),
        ("export", "operator", None),
        ("person-page", "operator", None),
    ]


def test_a_contact_exports_nothing_of_another_employer_s(
    sidecar: Sidecar, planted: Planted, rollag: Municipality
) -> None:
    found = _export(sidecar, _contact(rollag), planted.person_id)
    assert found["complete"] is False
    assert [one["employee_number"] for one in found["employments"]] == ["nr-8842-kanari"]
    assert [one["municipality"] for one in found["reports"]] == ["Rollag kommune"]
    assert len(found["completions"]) == 2
    assert (found["identities"], found["attempts"], found["launches"]) == ([], [], [])
    assert "nr-7731" not in json.dumps(found)


def test_a_stranger_finds_nobody(sidecar: Sidecar, planted: Planted) -> None:
    for key in (planted.person_id, planted.identity_id, "kongsberg/nr-7731-kanari"):
        with pytest.raises(NotFoundError):
            _subject(sidecar, key, Viewer())


def test_one_s_own_export_is_whole_and_leaves_no_trace(sidecar: Sidecar, planted: Planted) -> None:
    with sidecar.reading() as db:
        subject = of_identity(db, planted.identity_id)
    found = json.loads("".join(privacy.export_own(sidecar, subject)))
    assert len(found["employments"]) == 2
    assert [one["what"] for one in found["seen_by"]] == ["person-page"]


def test_an_erased_employee_is_listed_no_more(sidecar: Sidecar, planted: Planted, kongsberg: Municipality) -> None:
    _erase(sidecar, planted)
    with sidecar.reading() as db:
        left = db.scalar(select(func.count()).where(Employment.erased_at.is_not(None)))
    assert left == 2
