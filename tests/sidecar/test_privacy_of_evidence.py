"""Erase what proves a completion: its words and its document go, and nobody else's are touched."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar import privacy
from sidecar.core.access import operator_at_the_console
from sidecar.core.data_subjects import DataSubject, of_key
from sidecar.core.evidence import Evidence
from sidecar.core.kept_files import named_digests
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.errors import NotFoundError
from sidecar.jobs import HANDLERS, perform_item
from sidecar.runtime import Sidecar
from tests.sidecar.canary import Planted, plant
from tests.sidecar.reports.world import World

pytestmark = pytest.mark.slow
OPERATOR = operator_at_the_console()


@pytest.fixture
def planted(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, tmp_path: Path) -> Planted:
    folder = tmp_path / "reports"
    folder.mkdir()
    return plant(sidecar, World(sidecar), kongsberg, rollag, folder)


def of_one(sidecar: Sidecar, key: str) -> DataSubject:
    with sidecar.reading() as db:
        return of_key(db, OPERATOR, key)


def run_jobs(sidecar: Sidecar) -> None:
    with sidecar.reading() as db:
        ids = db.scalars(select(OutboxItem.id).where(OutboxItem.kind == privacy.KIND)).all()
    for item_id in ids:
        perform_item(sidecar, item_id, HANDLERS)


def erase(sidecar: Sidecar, planted: Planted) -> privacy.Receipt:
    receipt = privacy.erase(sidecar, OPERATOR, of_one(sidecar, planted.person_id))
    run_jobs(sidecar)
    return receipt


def test_an_erasure_of_one_who_is_not_placed_leaves_what_others_wait_for(sidecar: Sidecar) -> None:
    world = World(sidecar)
    course, moment = world.course("brann", "Brannvern"), sidecar.now() + timedelta(hours=1)
    alone, other = world.identity("lms-kanari-55", None), world.identity("another", None)
    for who in (alone, other):
        world.complete(who, course, moment, 0.9)
    with sidecar.transaction() as db:
        db.add(Evidence(course_id=course.course_id, holder="1001", completed_at=moment, recorded_at=moment))
    privacy.erase(sidecar, OPERATOR, of_one(sidecar, alone.id))
    with sidecar.reading() as db:
        kept = db.scalars(select(Evidence).where(Evidence.identity_id.is_distinct_from(alone.id))).all()
        assert sorted((one.holder, one.score, one.completed_at) for one in kept if one.holder) == [
            ("1001", None, moment)
        ]
        assert [(one.score, one.completed_at) for one in kept if not one.holder] == [(0.9, moment)]


def test_the_document_of_what_was_entered_by_hand_goes_unless_another_row_names_it(
    sidecar: Sidecar, planted: Planted
) -> None:
    with sidecar.reading() as db:
        digest = db.scalars(select(Evidence.file_digest).where(Evidence.file_digest.is_not(None))).one() or ""
        course_id = db.scalars(select(Evidence.course_id)).first() or ""
    assert bytes.fromhex(digest) in _named(sidecar)
    with sidecar.transaction() as db:
        now = sidecar.now()
        same = Evidence(course_id=course_id, file_digest=digest, completed_at=now, recorded_at=now)
        db.add(same)
    erase(sidecar, planted)
    assert sidecar.storage.size(digest) > 0
    with sidecar.transaction() as db:
        db.get_one(Evidence, same.id).file_digest = None
    privacy.remove_file(sidecar, digest)
    with pytest.raises(NotFoundError):
        sidecar.storage.size(digest)


def _named(sidecar: Sidecar) -> set[bytes]:
    with sidecar.reading() as db:
        return named_digests(db)


def test_the_document_of_the_erased_is_gone(sidecar: Sidecar, planted: Planted) -> None:
    with sidecar.reading() as db:
        digest = db.scalars(select(Evidence.file_digest).where(Evidence.file_digest.is_not(None))).one() or ""
    erase(sidecar, planted)
    with pytest.raises(NotFoundError):
        sidecar.storage.size(digest)
