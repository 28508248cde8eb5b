"""Who looks after a course is told 60 and 14 days before its review, and on the day; nobody else is."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from sidecar.core.access import Viewer
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.mails import Mail
from sidecar.core.municipalities import Municipality
from sidecar.core.notices import CALM, Notice, list_for
from sidecar.core.regions import join
from sidecar.core.staff import Scope, grant, identity_named
from sidecar.mailing import _letter
from sidecar.runtime import Sidecar
from sidecar.watch import watch
from tests.fakes.clock import FakeClock
from tests.fakes.lms import add_course


@pytest.fixture
def region(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, monkeypatch: pytest.MonkeyPatch) -> Sidecar:
    """An author in each municipality, the office of the one's region, an operator; a course of the one."""
    sidecar.settings = replace(
        sidecar.settings,
        smtp_url="smtp://127.0.0.1:9",
        mail_from="sidecar@example.no",
        alert_to=("drift@example.no",),
    )
    monkeypatch.setattr("sidecar.watch.examine", lambda _sidecar, **_: [])
    course_id = add_course(sidecar, "brann", "Brannvern")
    with sidecar.transaction() as db:
        join(db, "kongsbergregionen", kongsberg.id, sidecar.today())
        join(db, "vesteralen", rollag.id, sidecar.today())
        for name, role, scope in (
            ("author", "content-developer", Scope(municipality="kongsberg")),
            ("office", "rkk", Scope(region="kongsbergregionen")),
            ("stranger", "content-developer", Scope(municipality="rollag")),
            ("other-office", "rkk", Scope(region="vesteralen")),
            ("operator", "operator", Scope()),
        ):
            identity = identity_named(db, name, now=sidecar.now())
            identity.email = f"{name}@example.no"
            grant(db, identity.id, role, scope, now=sidecar.now())
        course = db.get_one(Course, course_id)
        course.municipality_id, course.review_by = kongsberg.id, sidecar.today() + timedelta(days=100)
    return sidecar


def pass_days(sidecar: Sidecar, clock: FakeClock, days: float) -> list[str]:
    """Let time pass, watch, and let what is over end; return who was mailed, about which course's matter."""
    with sidecar.reading() as db:
        before = set(db.scalars(select(Mail.id)))
    clock.advance(minutes=days * 24 * 60)
    watch(sidecar)
    clock.advance(minutes=CALM.total_seconds() / 60 + 1)
    watch(sidecar)
    with sidecar.reading() as db:
        query = select(Mail.id, Mail.address, Notice.code).join(Notice, Notice.id == Mail.notice_id)
        query = query.where(Notice.code.startswith("course-"))  # nobody sends these mails, so the queue stalls, too
        return sorted(f"{code} {to}" for key, to, code in db.execute(query) if key not in before)


def test_the_keepers_are_told_three_times(region: Sidecar, clock: FakeClock) -> None:
    assert pass_days(region, clock, 39) == []
    for days, code in ((1, "course-review-soon"), (46, "course-review-very-soon"), (14, "course-review-due")):
        assert pass_days(region, clock, days) == [f"{code} {who}@example.no" for who in ("author", "office")]
        assert pass_days(region, clock, 0.1) == []
    with region.reading() as db:
        about = select(Notice.id).where(Notice.code == "course-review-due")
        mail = db.scalars(select(Mail).where(Mail.notice_id.in_(about))).first()
        assert mail
        text = _letter(region, mail, db.get_one(Notice, mail.notice_id)).text
    assert "/staff/courses/brann" in text


def test_a_new_day_ends_it_without_a_word(region: Sidecar, clock: FakeClock) -> None:
    pass_days(region, clock, 100)
    with region.transaction() as db:
        db.execute(update(Course).values(review_by=region.today() + timedelta(days=365)))
    assert pass_days(region, clock, 1) == []
    with region.reading() as db:
        still = select(Notice).where(Notice.ended_at.is_(None), Notice.code.startswith("course-"))
        assert db.scalars(still).all() == []


@pytest.mark.parametrize("end", ["retired", "draft"])
def test_what_nobody_can_begin_is_not_due(region: Sidecar, clock: FakeClock, end: str) -> None:
    with region.transaction() as db:
        if end == "retired":
            db.execute(update(Course).values(retired_at=region.now()))
        else:
            db.execute(update(CourseVersion).values(state="draft"))
    assert pass_days(region, clock, 120) == []


def test_a_shared_course_is_every_office_s_and_operators_hear_where_nobody_else_does(
    region: Sidecar, clock: FakeClock
) -> None:
    with region.transaction() as db:
        db.execute(update(Course).values(municipality_id=None))
    shared = pass_days(region, clock, 50)
    assert shared == [f"course-review-soon {who}@example.no" for who in ("office", "other-office")]
    with region.transaction() as db:
        for name in ("office", "other-office"):
            identity_named(db, name, now=region.now()).email = None
    left = pass_days(region, clock, 40)
    assert left == [f"course-review-very-soon {who}@example.no" for who in ("drift", "operator")]


def test_it_stands_on_the_page_of_who_looks_after_the_course(
    region: Sidecar, clock: FakeClock, kongsberg: Municipality
) -> None:
    pass_days(region, clock, 120)
    with region.reading() as db:
        author = Viewer(authored_for=frozenset({kongsberg.id}))
        contact = Viewer(municipality_ids=frozenset({kongsberg.id}))
        assert [len(list_for(db, each)) for each in (author, contact)] == [1, 0]
