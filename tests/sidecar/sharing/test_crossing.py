"""A completion follows the person to the employer in another region, exactly once, and is corrected there."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from sidecar.core import merging, settling
from sidecar.core.access import for_municipality
from sidecar.core.adopted_courses import Origin, add_course
from sidecar.core.completions import Completion
from sidecar.core.courses import PATH, REGION_ONLY, Course
from sidecar.core.crossing_agreements import ExchangeAgreement, end_agreement
from sidecar.core.crossing_courses import list_origins, stand_for
from sidecar.core.crossing_received import CrossingReceived
from sidecar.core.crossing_sent import CrossingSent
from sidecar.core.evidence import FILE, GATHERING, LMS, MANUAL, REGION, SELF, SIGN_OFF, Evidence
from sidecar.core.evidence import PATH as PATH_DONE
from sidecar.core.municipalities import add_municipality
from sidecar.core.outbox import TryLater
from sidecar.core.paths import LearningPath, LearningPathStep, LearningPathVersion
from sidecar.core.people import Employment
from sidecar.core.periods import read_period
from sidecar.http import Response
from sidecar.sharing import crossing_hearing, crossing_telling
from tests.fakes.two_regions import Sent
from tests.sidecar.reports.listing import list_report
from tests.sidecar.sharing.crossing import DAY, HADSEL, SORTLAND, Crossing


def test_what_somebody_completed_counts_at_the_employer_they_named(crossing: Crossing) -> None:
    there = crossing.there
    ola = there.folk.person(there.municipality.id, "77")
    crossing.earn(crossing.here.course(), score=0.8)
    crossing.name()
    crossing.tell()
    (done,) = crossing.counted()
    (course,) = there.all(Course)
    (evidence,) = there.all(Evidence)
    assert (done.person_id, done.completed_on, done.score, done.origin) == (ola, DAY, 0.8, REGION)
    assert (course.kind, course.title) == (REGION_ONLY, "Brannvern")
    assert (evidence.place, evidence.basis) == ("Kongsbergregionen", "e-learning")
    assert (crossing.sent().state, crossing.received().state) == ("counted", "counted")
    assert crossing.sent().record is None


def test_it_stands_in_that_municipality_s_next_report(crossing: Crossing) -> None:
    there = crossing.there
    there.folk.person(there.municipality.id, "77", "Kari Nordmann")
    crossing.earn(crossing.here.course())
    crossing.name()
    crossing.tell()
    with there.sidecar.reading() as db:
        viewer, today = for_municipality(there.municipality.id), there.sidecar.today()
        listed = list_report(db, viewer, there.municipality, read_period("2026-09"), "none", today)
    assert [(row["course"], row["employee_number"]) for row in listed.rows] == [("Brannvern", "77")]


def test_nothing_is_told_that_nobody_named_and_no_employment_shows(crossing: Crossing) -> None:
    crossing.earn(crossing.here.course())
    crossing.tell()
    assert crossing.here.count(CrossingSent) == 0
    assert not [one for one in crossing.regions.wire.sent if one.url.endswith("/completions")]


def test_what_an_employment_that_we_hold_may_know_is_told_by_itself(crossing: Crossing) -> None:
    """A course that goes along with people crosses over; one for which they must agree does not."""
    here, there = crossing.here, crossing.there
    there.folk.person(there.municipality.id, "9")
    with here.sidecar.transaction() as db:
        now = here.sidecar.now()
        sortland = type(there.municipality)(org_number=SORTLAND, slug="sortland", name="Sortland", created_at=now)
        add_municipality(db, sortland)
        here.folk.employ(db, crossing.kari, sortland.id, "9").started_on = DAY + timedelta(days=2)
    crossing.earn(here.course("brann", "Brannvern", is_transferable=True))
    crossing.earn(here.course("lek", "Lekeplass"))
    crossing.tell()
    assert [one.title for one in there.all(Course)] == ["Brannvern"]
    assert crossing.sent().employee_ref == "9"


def test_two_employers_of_one_person_are_both_told(crossing: Crossing) -> None:
    here, there = crossing.here, crossing.there
    with there.sidecar.transaction() as db:
        now = there.sidecar.now()
        hadsel = type(there.municipality)(org_number=HADSEL, slug="hadsel", name="Hadsel kommune", created_at=now)
        add_municipality(db, hadsel)
    there.join(hadsel.id)
    here.agree(there.office, HADSEL)
    there.agree(here.office, HADSEL)
    ola = there.folk.person(there.municipality.id, "77")
    with there.sidecar.transaction() as db:
        there.folk.employ(db, ola, hadsel.id, "5")
    crossing.earn(here.course())
    crossing.name()
    crossing.name("5", HADSEL)
    crossing.tell()
    assert [one.person_id for one in crossing.counted()] == [ola]
    assert {one.state for one in there.all(CrossingReceived)} == {"counted"}
    assert there.count(CrossingReceived) == 2
    for municipality in (there.municipality, hadsel):
        with there.sidecar.reading() as db:
            viewer, today = for_municipality(municipality.id), there.sidecar.today()
            assert len(list_report(db, viewer, municipality, read_period("2026-09"), "none", today).rows) == 1


def test_a_better_score_follows_and_a_withdrawal_too(crossing: Crossing) -> None:
    crossing.there.folk.person(crossing.there.municipality.id, "77")
    evidence_id = crossing.earn(crossing.here.course(), score=0.5)
    crossing.name()
    crossing.tell()
    crossing.here.change(Evidence, evidence_id, score=0.9)
    crossing.tell()
    assert [one.score for one in crossing.counted()] == [0.9]
    assert crossing.received().revision == 2
    crossing.withdraw(evidence_id)
    crossing.tell()
    assert crossing.counted() == []
    assert (crossing.sent().state, crossing.received().state) == ("withdrawn", "withdrawn")
    assert crossing.received().employee_ref is None
    crossing.here.change(Evidence, evidence_id, state="valid")
    with crossing.here.sidecar.transaction() as db:
        course_id = db.scalars(select(Course.id)).one()
        settling.settle(db, {(crossing.kari, course_id)}, crossing.here.sidecar.now())
    crossing.tell()
    assert len(crossing.counted()) == 1


def test_what_is_the_same_is_told_once(crossing: Crossing) -> None:
    crossing.earn(crossing.here.course())
    crossing.name()
    crossing.tell()
    before = len(crossing.regions.wire.sent)
    crossing.tell()
    assert len(crossing.regions.wire.sent) == before


def test_a_kill_between_sending_and_noting_has_one_effect(crossing: Crossing) -> None:
    crossing.there.folk.person(crossing.there.municipality.id, "77")
    crossing.earn(crossing.here.course())
    crossing.name()

    def lose(sent: Sent, answer: Response) -> Response:
        return Response(503, {}, b"") if sent.url.endswith("/completions") else answer

    crossing.regions.wire.on_answer = lose
    with pytest.raises(TryLater):
        crossing.tell()
    assert crossing.sent().record is not None
    crossing.regions.wire.on_answer = lambda sent, answer: answer
    crossing.tell()
    assert (crossing.there.count(Evidence), crossing.there.count(CrossingReceived)) == (1, 1)
    assert crossing.sent().state == "counted"


def test_with_the_network_cut_nothing_is_lost(crossing: Crossing) -> None:
    crossing.earn(crossing.here.course())
    crossing.name()
    crossing.regions.wire.is_cut = True
    with pytest.raises(TryLater):
        crossing.tell()
    crossing.regions.wire.is_cut = False
    crossing.tell()
    assert crossing.sent().state == "waiting"


@pytest.mark.parametrize("origin", [LMS, GATHERING, SIGN_OFF])
def test_what_was_earned_here_is_told(crossing: Crossing, origin: str) -> None:
    crossing.earn(crossing.here.course(), origin=origin)
    crossing.name()
    crossing.tell()
    assert crossing.sent().state == "waiting"


@pytest.mark.parametrize("origin", [REGION, FILE, SELF])
def test_what_was_earned_elsewhere_is_not_told_on(crossing: Crossing, origin: str) -> None:
    crossing.earn(crossing.here.course(), origin=origin)
    crossing.name()
    crossing.tell()
    assert crossing.here.count(CrossingSent) == 0


def test_what_a_municipality_of_ours_recognised_is_told_as_such(crossing: Crossing) -> None:
    crossing.there.folk.person(crossing.there.municipality.id, "77")
    own, none = crossing.here.course(), crossing.here.course("hjelp", "Førstehjelp")
    crossing.earn(own, origin=MANUAL, basis="prior-learning", municipality_id=crossing.here.municipality.id)
    crossing.earn(none, origin=MANUAL, basis="prior-learning")
    crossing.name()
    crossing.tell()
    assert [one.basis for one in crossing.there.all(Evidence)] == ["prior-learning"]


@pytest.mark.parametrize(("origin", "told"), [(LMS, 2), (REGION, 0), (SELF, 0)])
def test_a_path_with_a_step_from_elsewhere_is_not_told(crossing: Crossing, origin: str, told: int) -> None:
    here, now = crossing.here, crossing.here.sidecar.now()
    step, path = here.course(), here.course("vei", "Ny leder", kind=PATH)
    with here.sidecar.transaction() as db:
        row = LearningPath(course_id=path, draft={}, drafted_at=now, created_at=now)
        db.add(row)
        db.flush()
        version = LearningPathVersion(path_id=row.id, number=1, content={}, digest="0" * 64, published_at=now)
        db.add(version)
        db.flush()
        db.add(LearningPathStep(version_id=version.id, key="a", course_id=step))
    crossing.earn(path, origin=PATH_DONE, source_key=version.id)
    crossing.earn_bare(step, origin)
    crossing.name()
    crossing.tell()
    assert here.count(CrossingSent) == told


def test_the_end_of_an_agreement_ends_what_is_new_and_what_was_told_is_still_withdrawn(crossing: Crossing) -> None:
    crossing.there.folk.person(crossing.there.municipality.id, "77")
    first = crossing.earn(crossing.here.course())
    crossing.name()
    crossing.tell()
    for side in (crossing.here, crossing.there):
        (agreement,) = side.all(ExchangeAgreement)
        with side.sidecar.transaction() as db:
            now, today = side.sidecar.now(), side.sidecar.today()
            end_agreement(db, side.office.viewer, agreement.id, now=now, today=today)
    crossing.earn(crossing.here.course("hjelp", "Førstehjelp"))
    crossing.tell()
    assert crossing.here.count(CrossingSent) == 1
    crossing.withdraw(first)
    crossing.tell()
    assert crossing.counted() == []


def test_who_takes_an_employer_back_is_withdrawn_there(crossing: Crossing) -> None:
    crossing.there.folk.person(crossing.there.municipality.id, "77")
    crossing.earn(crossing.here.course())
    crossing.name()
    crossing.tell()
    crossing.take_back()
    crossing.tell()
    assert crossing.counted() == []
    assert crossing.sent().state == "withdrawn"


def test_another_number_moves_what_was_told(crossing: Crossing) -> None:
    there = crossing.there
    wrong, right = (there.folk.person(there.municipality.id, number) for number in ("77", "78"))
    crossing.earn(crossing.here.course())
    crossing.name("77")
    crossing.tell()
    assert [one.person_id for one in crossing.counted()] == [wrong]
    crossing.name("78")
    crossing.tell()
    assert [one.person_id for one in crossing.counted()] == [right]


def test_who_named_it_before_two_people_were_made_one_is_told_still(crossing: Crossing) -> None:
    crossing.earn(crossing.here.course())
    crossing.name()
    crossing.tell()
    sidecar = crossing.here.sidecar
    kept = crossing.here.folk.person(crossing.here.municipality.id, "2")
    with sidecar.transaction() as db:
        match = merging.merge(db, kept, crossing.kari, rule="manual", by=None, now=sidecar.now())
    crossing.tell()
    assert crossing.sent().revision == 1
    with sidecar.transaction() as db:
        merging.unmerge(db, db.merge(match), by=None, now=sidecar.now())
    crossing.tell()
    assert (crossing.sent().revision, crossing.sent().state) == (1, "waiting")


def test_one_s_own_course_comes_home_as_itself(crossing: Crossing) -> None:
    """What was adopted counts for the course that it came from."""
    there = crossing.there
    there.folk.person(there.municipality.id, "77")
    theirs = there.course("brann", "Brannvern i Vesterålen")
    there.publish(theirs)
    here = crossing.here.course("brann-adoptert", "Brannvern")
    crossing.adopt(here, f"{there.office.address}/courses/brann")
    crossing.earn(here)
    crossing.name()
    crossing.tell()
    assert [one.course_id for one in crossing.counted()] == [theirs]


def test_an_adopted_course_is_the_one_it_came_from(crossing: Crossing) -> None:
    """Here it is told by its origin; there what was told before it was adopted moves along with the next."""
    here, there = crossing.here, crossing.there
    there.folk.person(there.municipality.id, "77")
    first = crossing.earn(here.course(), date(2026, 8, 1))
    crossing.name()
    crossing.tell()
    origin = Origin(there.office.region_id, here.office.address)
    with there.sidecar.transaction() as db:
        adopted = add_course(db, origin, "brann", "Brannvern, vår", "own", there.sidecar.now()).id
    here.change(Evidence, first, score=1.0)
    crossing.tell()
    assert [(one.course_id, one.score) for one in crossing.counted()] == [(adopted, 1.0)]
    with there.sidecar.reading() as db:
        known = list_origins(db, there.office.region_id, [adopted])
    assert known == {adopted: f"{here.office.address}/courses/brann"}


def test_what_was_told_before_another_course_stood_for_it_moves_along(crossing: Crossing) -> None:
    there = crossing.there
    there.folk.person(there.municipality.id, "77")
    crossing.earn(crossing.here.course())
    crossing.name()
    crossing.tell()
    own = there.course("brann-adoptert", "Brannvern")
    with there.sidecar.transaction() as db:
        origin = f"{crossing.here.office.address}/courses/brann"
        stand_for(db, there.office.region_id, origin, own, there.sidecar.now())
    assert [one.course_id for one in crossing.counted()] == [own]


def test_the_rule_of_a_course_comes_along_where_the_receiver_has_none(crossing: Crossing) -> None:
    there = crossing.there
    there.folk.person(there.municipality.id, "77")
    crossing.earn(crossing.here.course(validity_months=12))
    crossing.name()
    crossing.tell()
    assert [one.valid_until for one in crossing.counted()] == [date(2027, 9, 3)]


def test_a_completion_that_had_expired_before_is_not_told(crossing: Crossing) -> None:
    crossing.earn(crossing.here.course(validity_months=1), date(2026, 1, 10))
    crossing.name()
    crossing.tell()
    assert crossing.here.count(CrossingSent) == 0


def test_what_matches_nobody_waits_and_counts_when_the_employee_comes(crossing: Crossing) -> None:
    crossing.earn(crossing.here.course())
    crossing.name()
    crossing.tell()
    assert (crossing.sent().state, crossing.there.count(Completion)) == ("waiting", 0)
    crossing.there.folk.person(crossing.there.municipality.id, "77")
    assert crossing_hearing.ask_where_due(crossing.there.sidecar) == 1
    crossing.answer()
    assert len(crossing.counted()) == 1
    assert crossing.sent().state == "counted"
    assert crossing_hearing.ask_where_due(crossing.there.sidecar) == 0


def test_who_had_left_before_is_not_meant(crossing: Crossing) -> None:
    there = crossing.there
    there.folk.person(there.municipality.id, "77")
    (work,) = there.all(Employment)
    there.change(Employment, work.id, ended_on=DAY - timedelta(days=1))
    crossing.earn(crossing.here.course())
    crossing.name()
    crossing.tell()
    assert (crossing.sent().state, there.count(Evidence)) == ("waiting", 0)


def test_after_ninety_days_nothing_is_kept_and_the_sender_is_told(crossing: Crossing) -> None:
    crossing.earn(crossing.here.course())
    crossing.name()
    crossing.tell()
    crossing.pass_days(89)
    assert crossing_hearing.ask_where_due(crossing.there.sidecar) == 0
    crossing.pass_days(1)
    crossing.regions.wire.is_cut = True
    with pytest.raises(TryLater):
        crossing.answer()
    assert (crossing.received().employee_ref, crossing.received().document) == (None, None)
    crossing.regions.wire.is_cut = False
    crossing.answer()
    assert crossing.there.count(CrossingReceived) == 0
    assert crossing.sent().state == "expired"
    crossing.tell()
    assert crossing.there.count(CrossingReceived) == 0


def test_the_schedule_asks_for_what_is_due_and_the_worker_does_it(crossing: Crossing) -> None:
    crossing.earn(crossing.here.course())
    crossing.name()
    assert crossing_telling.ask_where_due(crossing.here.sidecar) == 1
    assert crossing_telling.ask_where_due(crossing.here.sidecar) == 0
    crossing.regions.clock.advance(minutes=1)
    assert crossing.here.office.work("crossing") == ["crossing"]
    assert crossing.sent().state == "waiting"
    assert crossing_telling.ask_where_due(crossing.here.sidecar) == 0
    crossing.regions.clock.advance(minutes=15)
    assert crossing_telling.ask_where_due(crossing.here.sidecar) == 1
