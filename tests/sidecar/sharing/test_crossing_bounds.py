"""What a region may tell of, and what it takes in, ends at its own municipalities, courses, paths and agreements."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from sidecar.core import crossing_courses, crossing_matching, crossing_taking
from sidecar.core.courses import TASK, Course
from sidecar.core.crossing_agreements import (
    AgreementOtherRegionError,
    ExchangeAgreement,
    end_agreement,
)
from sidecar.core.crossing_courses import CourseOrigin, stand_for
from sidecar.core.crossing_received import CrossingReceived
from sidecar.core.crossing_sent import CrossingSent
from sidecar.core.evidence import SIGN_OFF
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.platforms import Platform
from sidecar.core.regions import Region, RegionMembership
from tests.sidecar.sharing.crossing import DAY, Crossing, Side
from tests.sidecar.sharing.test_crossing_hostile import Liar

THIRD = "https://ostfold.example.no/exchange/ostfold/courses"


@pytest.fixture
def liar(crossing: Crossing) -> Liar:
    crossing.there.folk.person(crossing.there.municipality.id, "77")
    return Liar(crossing)


def test_no_region_agrees_to_tell_of_another_one_s_municipality(crossing: Crossing, rollag: Municipality) -> None:
    """The form's default would make it the other region's employer, and tell its employee numbers."""
    _add_region(crossing.here, rollag.id)
    with pytest.raises(AgreementOtherRegionError):
        crossing.here.agree(crossing.there.office, rollag.org_number)
    with pytest.raises(AgreementOtherRegionError):
        crossing.here.agree(crossing.there.office, rollag.org_number, to="them")
    crossing.here.join(rollag.id)
    assert crossing.here.agree(crossing.there.office, rollag.org_number, to="them")


def test_who_joins_another_region_later_is_told_of_no_more(crossing: Crossing, rollag: Municipality) -> None:
    here = crossing.here
    here.agree(crossing.there.office, rollag.org_number)
    with here.sidecar.transaction() as db:
        here.folk.employ(db, crossing.kari, rollag.id, "555").started_on = DAY - timedelta(days=2)
    crossing.earn(here.course(is_transferable=True))
    crossing.tell()
    assert crossing.sent().employee_ref == "555"
    _add_region(here, rollag.id)
    crossing.tell()
    assert (crossing.sent().digest, crossing.sent().revision) == (None, 2)


@pytest.mark.parametrize("whose", ["municipality", "path", "lms"])
def test_what_another_region_of_the_installation_gave_is_not_told(
    crossing: Crossing, rollag: Municipality, whose: str
) -> None:
    here = crossing.here
    other = _add_region(here, rollag.id)
    course_id = here.course(municipality_id=rollag.id if whose == "municipality" else None)
    if whose == "path":
        here.change(Course, course_id, kind=TASK)
        here.publish(course_id, region_id=other)
    if whose == "lms":
        with here.sidecar.reading() as db:
            platform_id = db.get_one(Identity, crossing.account).platform_id
        here.change(Platform, platform_id or "", region_id=other)
    crossing.earn(course_id, origin=SIGN_OFF if whose == "path" else "player")
    crossing.name()
    crossing.tell()
    assert here.count(CrossingSent) == 0


def test_a_task_of_the_region_s_own_path_is_told(crossing: Crossing) -> None:
    task = crossing.here.course(kind=TASK)
    crossing.here.publish(task)
    crossing.earn(task, origin=SIGN_OFF)
    crossing.name()
    crossing.tell()
    assert crossing.sent().state == "waiting"


def test_what_staff_turned_down_does_not_come_back_by_a_withdrawal(liar: Liar) -> None:
    liar.say(liar.record())
    _turn_down(liar.crossing)
    assert [one.state for one in liar.say(liar.record(seq=2, status="withdrawn"))] == ["refused"]
    assert liar.code(seq=3) == "crossing-not-taken"
    assert liar.code(seq=1) == "crossing-rolled-back"
    assert liar.crossing.counted() == []


@pytest.mark.parametrize("ref", ["77", "nobody"])
def test_what_staff_turned_down_does_not_come_back_as_another_record(liar: Liar, ref: str) -> None:
    """Also where it waited. The same employee's other courses are another matter."""
    liar.say(liar.record(employee_ref=ref))
    _turn_down(liar.crossing)
    assert liar.code(record_id="b" * 32, employee_ref=ref) == "crossing-not-taken"
    assert liar.code(record_id="c" * 32, employee_ref=ref, course_id=_theirs(liar, "hms")) is None
    assert liar.code(record_id="c" * 32, employee_ref=ref, seq=2) == "crossing-not-taken"


def test_who_is_erased_where_it_was_earned_is_forgotten_though_turned_down(liar: Liar) -> None:
    liar.say(liar.record())
    _turn_down(liar.crossing)
    assert [one.state for one in liar.say(liar.record(seq=2, status="erased"))] == ["removed"]
    assert liar.crossing.received().document is None
    assert [one.state for one in liar.say(liar.record(seq=3, status="withdrawn"))] == ["removed"]


def test_a_learner_alone_does_not_bring_back_what_was_turned_down(crossing: Crossing) -> None:
    crossing.there.folk.person(crossing.there.municipality.id, "77")
    crossing.earn(crossing.here.course())
    crossing.name()
    crossing.tell()
    _turn_down(crossing)
    crossing.answer()
    crossing.take_back()
    crossing.tell()
    crossing.name()
    crossing.tell()
    assert (crossing.counted(), crossing.sent().code) == ([], "crossing-not-taken")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"completed_at": "2026-09-04T10:00:00Z"}, "crossing-agreement-ended"),
        ({"course_id": "hms"}, "crossing-agreement-ended"),
        ({"score": 0.9}, None),
        ({"completed_at": "2026-09-02T10:00:00Z"}, None),
    ],
)
@pytest.mark.parametrize("ref", ["77", "nobody"])
def test_after_the_agreement_a_record_is_corrected_and_says_nothing_new(
    liar: Liar, changed: dict[str, Any], code: str | None, ref: str
) -> None:
    there = liar.crossing.there
    liar.say(liar.record(employee_ref=ref))
    (agreement,) = there.all(ExchangeAgreement)
    with there.sidecar.transaction() as db:
        now, today = there.sidecar.now(), there.sidecar.today()
        end_agreement(db, there.office.viewer, agreement.id, now=now, today=today)
    if "course_id" in changed:
        changed = {"course_id": _theirs(liar, changed["course_id"])}
    assert liar.code(seq=2, employee_ref=ref, **changed) == code


@pytest.mark.parametrize("whose", ["nobody", "another"])
def test_a_course_of_ours_that_we_never_shared_is_not_completed_elsewhere(liar: Liar, whose: str) -> None:
    there = liar.crossing.there
    task = there.course("handvask", "Vis håndvask", kind=TASK)
    if whose == "another":
        there.publish(task, region_id=_add_region(there))
    own = f"{there.office.address}/courses/handvask"
    assert liar.code(course_id=own) == "crossing-course"
    there.publish(task)
    assert liar.code(course_id=own) is None


def test_no_region_names_the_courses_of_a_third(liar: Liar) -> None:
    there = liar.crossing.there
    assert liar.code(course_id=f"{THIRD}/legemidler") == "crossing-third-course"
    assert (there.count(Course), there.count(CourseOrigin)) == (0, 0)
    known = there.course("legemidler", "Legemidler")
    with there.sidecar.transaction() as db:
        stand_for(db, there.office.region_id, f"{THIRD}/legemidler", known, there.sidecar.now())
    assert liar.code(course_id=f"{THIRD}/legemidler") is None
    assert [one.course_id for one in liar.crossing.counted()] == [known]


def test_what_was_never_told_is_taken_back_without_a_trace(liar: Liar) -> None:
    withdrawn, erased = liar.record(status="withdrawn"), liar.record(record_id="b" * 32, status="erased")
    assert [one.state for one in liar.say(withdrawn, erased)] == ["withdrawn", "removed"]
    assert liar.crossing.there.count(CrossingReceived) == 0


def test_not_endlessly_many_records_wait(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crossing_taking, "MOST_WAITING", 2)
    waiting = [liar.record(record_id=one * 32, employee_ref="nobody") for one in "abc"]
    assert [one.code for one in liar.say(*waiting)] == [None, None, "crossing-too-many-waiting"]
    assert liar.code(record_id="d" * 32, employee_ref="nobody") == "crossing-too-many-waiting"
    assert liar.code(record_id="a" * 32, employee_ref="nobody", seq=2) is None
    assert liar.code(record_id="e" * 32) is None
    assert liar.crossing.there.count(CrossingReceived) == 3


def test_the_courses_of_one_region_leave_room_for_those_of_another(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crossing_courses, "MOST_COURSES", 1)
    there = liar.crossing.there
    other, mine = _add_region(there), there.office.region_id
    origins = [(mine, f"{THIRD}/a"), (other, _theirs(liar, "b"))]
    for region_id, origin in origins:
        told = there.course(origin[-1], kind="region")
        with there.sidecar.transaction() as db:
            stand_for(db, region_id, origin, told, there.sidecar.now())
    assert liar.code() is None
    assert liar.code(record_id="b" * 32, course_id=_theirs(liar, "hms")) == "crossing-too-many-courses"


def _theirs(liar: Liar, key: str) -> str:
    return f"{liar.crossing.here.office.address}/courses/{key}"


def _turn_down(crossing: Crossing) -> None:
    there = crossing.there
    with there.sidecar.transaction() as db:
        received_id = crossing.received().id
        crossing_matching.turn_down(db, there.office.viewer, received_id, now=there.sidecar.now())


def _add_region(side: Side, *municipality_ids: str) -> str:
    """Add another region to a side's installation, with these municipalities; return its id."""
    with side.sidecar.transaction() as db:
        region = Region(slug="annen", name="Annen region")
        db.add(region)
        db.flush()
        joined = date(2026, 1, 1)
        db.add_all(
            RegionMembership(region_id=region.id, municipality_id=one, joined_on=joined) for one in municipality_ids
        )
        return region.id
