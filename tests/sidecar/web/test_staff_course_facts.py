"""What is known of a course: said on its page, found in the list of courses."""

from datetime import date

import pytest
from sqlalchemy import select

from sidecar.core.access import operator_at_the_console
from sidecar.core.course_facts import Facts, change_facts, facts_of
from sidecar.core.courses import Course
from sidecar.runtime import Sidecar
from tests.fakes.lms import add_course
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.town import Town

FACTS = "/staff/courses/brannvern/facts"
TYPED = {
    "subject": " Brann ,, Beredskap, Brann",
    "audience": "Alle på  kjøkkenet",
    "licence": "CC BY 4.0",
    "owner": "Brann- og redningsetaten",
    "duration_minutes": "15",
    "review_by": "2031-05-17",
    "laws": "Arbeidsmiljøloven § 3-2\r\n\r\n Brann\u200b- og eksplosjonsvernloven § 6 ",
}


def course_of(sidecar: Sidecar) -> Course:
    with sidecar.reading() as db:
        return db.scalars(select(Course).where(Course.key == "brannvern")).one()


def test_facts_are_tidied_kept_and_shown(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    staff = sign_in("rkk", region="kongsbergregionen")
    with sidecar.transaction() as db:
        db.get_one(Course, course_of(sidecar).id).statutory_basis = {"roles": ["kjøkken"]}
    assert staff.post(FACTS, TYPED) == "/staff/courses/brannvern"
    course = course_of(sidecar)
    assert facts_of(course) == Facts(
        subject="Brann, Beredskap",
        audience="Alle på kjøkkenet",
        licence="CC BY 4.0",
        owner="Brann- og redningsetaten",
        duration_minutes=15,
        review_by=date(2031, 5, 17),
        laws=("Arbeidsmiljøloven § 3-2", "Brann - og eksplosjonsvernloven § 6"),
    )
    assert course.statutory_basis["roles"] == ["kjøkken"]  # what the form does not hold stays
    assert "17. mai 2031" in staff.get("/staff/courses/brannvern")
    assert 'value="2031-05-17"' in staff.get(FACTS)
    staff.post(FACTS, {})
    assert facts_of(course_of(sidecar)) == Facts()


@pytest.mark.parametrize(
    "wrong",
    [
        {"duration_minutes": "0"},
        {"duration_minutes": "6001"},
        {"duration_minutes": "²"},
        {"duration_minutes": "1e3"},
        {"review_by": "17.5.2031"},
        {"review_by": "2020-01-01"},
        {"subject": "x" * 201},
        {"laws": "x" * 301},
        {"laws": "§\n" * 31},
    ],
)
def test_what_cannot_be_used_is_explained_and_not_lost(
    sign_in: SignIn, town: Town, sidecar: Sidecar, wrong: dict[str, str]
) -> None:
    before = facts_of(course_of(sidecar))
    page = sign_in("operator").post(FACTS, {"owner": "Etaten", **wrong}, 400)
    assert 'role="alert"' in page
    assert 'value="Etaten"' in page
    assert facts_of(course_of(sidecar)) == before


def test_only_who_looks_after_a_course_changes_them(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    stranger, before = sign_in("content-developer", municipality="rollag"), facts_of(course_of(sidecar))
    stranger.get(FACTS, 404)
    stranger.post(FACTS, TYPED, 404)
    assert facts_of(course_of(sidecar)) == before


def test_courses_are_found_by_words_subject_and_state(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    add_course(sidecar, "hygiene", "Håndhygiene")
    with sidecar.transaction() as db:
        facts = Facts(subject="Brann", review_by=date(2020, 1, 1))
        change_facts(db, operator_at_the_console(), "brannvern", facts, sidecar.now())
    staff = sign_in("operator")

    def found(query: str) -> set[str]:
        page = staff.get(f"/staff/courses?{query}")
        return {key for key in ("brannvern", "hygiene") if f'href="/staff/courses/{key}"' in page}

    assert found("") == {"brannvern", "hygiene"}
    assert found("q=H%C3%85ND") == {"hygiene"}
    assert found("subject=Brann") == {"brannvern"}
    assert found("status=review-due") == {"brannvern"}
    assert found("status=published") == {"hygiene"}
    assert found("q=finnes+ikke") == set()
    assert 'href="/staff/courses"' in staff.get("/staff/courses?q=finnes+ikke")
