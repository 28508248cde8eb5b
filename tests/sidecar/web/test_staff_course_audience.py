"""Who is expected to take a course: said and counted on its page, by who looks after the place."""

import pytest
from sqlalchemy import select

from sidecar.core.course_audiences import CourseAudience
from sidecar.core.courses import Course
from sidecar.core.regions import join
from sidecar.runtime import Sidecar
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.town import Town

PAGE = "/staff/courses/brannvern/audience"
OURS = {"place": "municipality:kongsberg", "starts_on": "2026-01-01"}


def rows(sidecar: Sidecar) -> list[CourseAudience]:
    with sidecar.reading() as db:
        return list(db.scalars(select(CourseAudience)))


def test_the_office_adds_ends_and_removes(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    office = sign_in("rkk", region="kongsbergregionen")
    assert PAGE in office.get("/staff/courses/brannvern")
    assert office.post(PAGE, OURS | {"word": "Fagarbeider"}) == f"{PAGE}?done=added"
    (row,) = rows(sidecar)
    assert (row.municipality_id, row.word, row.ends_on) == (town.kongsberg.id, "fagarbeider", None)
    page = office.get(PAGE)
    assert "<strong>1 " in page
    assert "fagarbeider" in page
    office.post(f"{PAGE}/{row.id}/end", {"last_day": "2026-02-01"})
    assert str(rows(sidecar)[0].ends_on) == "2026-02-01"
    assert "<strong>0 " in office.get(PAGE)
    office.post(f"{PAGE}/{row.id}/remove")
    assert rows(sidecar) == []
    office.post(PAGE, {"place": "region:kongsbergregionen"})
    assert "<strong>4 " in office.get(PAGE)


@pytest.mark.parametrize(
    "wrong", [{"unit": "Finnes ikke"}, {"ends_on": "2025-01-01"}, {"starts_on": "i morgen"}, {"word": "x" * 101}]
)
def test_what_can_not_be_kept_is_explained_and_not_lost(
    sign_in: SignIn, town: Town, sidecar: Sidecar, wrong: dict[str, str]
) -> None:
    page = sign_in("operator").post(PAGE, {**OURS, "word": "kokk", **wrong}, 400)
    assert 'role="alert"' in page
    assert rows(sidecar) == []


def test_places_and_courses_of_others_are_not_there(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        join(db, "andre", town.rollag.id, sidecar.today())
    operator = sign_in("operator", name="Olav Operator")
    operator.post(PAGE, {"place": "everywhere"})
    operator.post(PAGE, OURS)
    everywhere, ours = sorted(rows(sidecar), key=lambda row: row.municipality_id or "")
    stranger = sign_in("rkk", name="Andre", region="andre")
    page = stranger.get(PAGE)
    assert everywhere.id not in page
    assert ours.id not in page
    assert "Kongsberg" not in page
    for row in (everywhere, ours):
        stranger.post(f"{PAGE}/{row.id}/remove", status=404)
        stranger.post(f"{PAGE}/{row.id}/end", {"last_day": "2026-09-01"}, 404)
    for place in ("municipality:kongsberg", "region:kongsbergregionen", "everywhere", "", "x:y"):
        stranger.post(PAGE, {"place": place}, 404)
    assert len(rows(sidecar)) == 2
    with sidecar.transaction() as db:
        db.scalars(select(Course)).one().municipality_id = town.kongsberg.id
    stranger.get(PAGE, 404)
    stranger.post(PAGE, {"place": "municipality:rollag"}, 404)


def test_authors_do_not_decide_it(sign_in: SignIn, town: Town) -> None:
    author = sign_in("content-developer", municipality="kongsberg")
    author.get(PAGE, 403)
    author.post(PAGE, OURS, 403)
