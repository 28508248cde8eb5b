"""What people asked for and took part in goes with them: to who they turn out to be, away in time, and once erased."""

import pytest
from sqlalchemy import select

from sidecar import privacy
from sidecar.core import merging, own_gatherings, retention
from sidecar.core.access import for_municipality
from sidecar.core.data_subjects import of_employment, of_key
from sidecar.core.db import Base
from sidecar.core.evidence import Evidence
from sidecar.core.gatherings import Gathering, GatheringAttendance
from sidecar.core.municipalities import Municipality
from sidecar.core.personal_data import list_section
from sidecar.core.sign_off_requests import SignOffRequest
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.walking import OPERATOR, TASK_KEY, Walk, make_walk


@pytest.fixture
def walk(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Walk:
    return make_walk(sidecar, kongsberg, rollag)


@pytest.fixture
def gathering_id(walk: Walk) -> str:
    """A gathering that both take part in; Rolf also asks for a task, and goes to another one."""
    both, other, now = walk.gather(), walk.gather(municipality_id=walk.rollag.id), walk.sidecar.now()
    with walk.sidecar.transaction() as db:
        for who, where in ((walk.account, both), (walk.account_of_rolf, both), (walk.account_of_rolf, other)):
            own_gatherings.sign_up(db, walk.subject(who), where, identity_id=who, now=now)
        db.add(SignOffRequest(person_id=walk.rolf, course_id=walk.course_id(TASK_KEY), asked_at=now))
    return both


def owners(walk: Walk, table: type[GatheringAttendance] | type[SignOffRequest]) -> list[str]:
    with walk.sidecar.reading() as db:
        return sorted(db.scalars(select(table.person_id)))


def count(walk: Walk, table: type[Base]) -> int:
    with walk.sidecar.reading() as db:
        return len(db.execute(select(table.__table__)).all())


def test_they_go_over_with_a_merge_and_come_back(walk: Walk, gathering_id: str) -> None:
    with walk.sidecar.transaction() as db:
        match = merging.merge(db, walk.kari, walk.rolf, rule="manual", by=None, now=walk.sidecar.now())
        match_id = match.id
    assert owners(walk, SignOffRequest) == [walk.kari]
    assert owners(walk, GatheringAttendance).count(walk.kari) == 2
    assert walk.parts(gathering_id)[walk.kari] == "signed-up"
    with walk.sidecar.transaction() as db:
        merging.unmerge(db, db.get_one(type(match), match_id), by=None, now=walk.sidecar.now())
    assert owners(walk, SignOffRequest) == [walk.rolf]
    assert owners(walk, GatheringAttendance).count(walk.rolf) == 2


def test_they_are_exported_and_a_contact_s_copy_leaves_out_what_is_elsewhere(walk: Walk, gathering_id: str) -> None:
    with walk.sidecar.reading() as db:
        whole = of_key(db, OPERATOR, walk.rolf)
        assert len(list(list_section(db, whole, "gatherings"))) == 2
        assert [one["task"] for one in list_section(db, whole, "sign_offs_asked")] == ["Vis håndvask"]
        assert len(list(list_section(db, whole, "gathering_lists_kept"))) == 2
    with walk.sidecar.transaction() as db:
        walk.folk.employ(db, walk.rolf, walk.kongsberg.id, "77")
    with walk.sidecar.reading() as db:
        works = walk.employment(walk.rolf)
        part = of_employment(db, for_municipality(walk.rollag.id), works)
        assert not part.is_whole
        assert [one["place"] for one in list_section(db, part, "gatherings")] == ["Rådhuset, møterom 2"]


def test_nothing_of_them_is_left_once_they_are_erased(walk: Walk, gathering_id: str) -> None:
    with walk.sidecar.transaction() as db:
        db.get_one(Gathering, gathering_id).instructor = "ROLF Rollheim"
    with walk.sidecar.reading() as db:
        subject = of_key(db, OPERATOR, walk.rolf)
    privacy.erase(walk.sidecar, OPERATOR, subject)
    assert (owners(walk, SignOffRequest), owners(walk, GatheringAttendance)) == ([], [walk.kari])
    with walk.sidecar.reading() as db:
        assert db.get_one(Gathering, gathering_id).instructor is None
        assert "Inger Instruktør" in db.scalars(select(Gathering.instructor)).all()


def test_lists_and_wishes_go_in_time_and_completions_stay(walk: Walk, gathering_id: str, clock: FakeClock) -> None:
    walk.finish("samling")
    names = ("gathering_attendances", "gatherings", "sign_off_requests")
    sweeps = [next(one for one in retention.SWEEPS if one.name == name) for name in names]

    def sweep() -> list[int]:
        with walk.sidecar.transaction() as db:
            return [retention.sweep(db, one, walk.sidecar.now(), 100) for one in sweeps]

    assert sweep() == [0, 0, 0]
    clock.advance(days=366)
    assert sweep() == [0, 0, 1]
    clock.advance(days=366)
    assert sweep() == [3, 2, 0]
    assert count(walk, Evidence) == 1
