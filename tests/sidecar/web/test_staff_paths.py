"""The pages of learning paths: listed, begun, shown, retired; where people stand; and whose paths are whose."""

from datetime import date

import pytest
from sqlalchemy import select

from sidecar.core import course_audiences
from sidecar.core.access_log import Look
from sidecar.core.course_audiences import Audience
from sidecar.core.courses import Course
from sidecar.core.people import Employment
from sidecar.core.regions import Region, join
from sidecar.runtime import Sidecar
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.pathway import CONSOLE, Pathway, add_whole_path, begin
from tests.sidecar.web.signed_in import Staff
from tests.sidecar.web.town import Town

OF_PATHS = ("", "/edit", "/edit/about", "/preview", "/publish", "/versions", "/people", "/retire")
OF_COURSES = ("/facts", "/validity", "/audience", "/use", "/retire")


@pytest.fixture
def rkk(sign_in: SignIn, town: Town) -> Staff:
    return sign_in("rkk", region="kongsbergregionen")


@pytest.fixture
def key(sidecar: Sidecar, town: Town) -> str:
    """A published path of the region, which all of Kongsberg is expected to take."""
    with sidecar.reading() as db:
        region_id = db.scalars(select(Region.id)).one()
    key = add_whole_path(sidecar, region_id)
    with sidecar.transaction() as db:
        course_audiences.add(db, CONSOLE, key, Audience(date(2026, 1, 1), municipality="kongsberg"), sidecar.now())
    return key


def test_who_has_no_path_reads_how_to_begin(rkk: Staff) -> None:
    page = rkk.get("/staff/paths")
    assert "/staff/paths/new" in page
    assert "<table" not in page
    assert 'href="/staff/paths"' in rkk.get("/staff/")


def test_a_path_is_begun_and_listed(sidecar: Sidecar, rkk: Staff, town: Town) -> None:
    made = begin(sidecar, rkk, " Brannvern  på\tarbeidsplassen ")
    again = begin(sidecar, rkk, "Brannvern")
    assert made.line.course.title == "Brannvern på arbeidsplassen"
    assert made.line.region == "Kongsbergregionen"
    assert again.key == "brannvern-2"
    assert again.shape == "part-1:"
    page = rkk.get("/staff/paths")
    assert page.index(again.base) < page.index(made.base)


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"title": ""}, 400),
        ({"title": " \u200b "}, 400),
        ({"title": "x" * 201}, 400),
        ({"title": "Sti", "language": "tlh"}, 400),
        ({"title": "Sti", "region": "0" * 32}, 404),
    ],
)
def test_what_no_path_can_be_is_not_begun(sidecar: Sidecar, rkk: Staff, typed: dict[str, str], status: int) -> None:
    page = rkk.post("/staff/paths/new", {"language": "nb", **typed}, status)
    assert 'role="alert"' in page or status == 404
    with sidecar.reading() as db:
        assert db.scalars(select(Course).where(Course.kind == "path")).all() == []


def test_operators_make_paths_of_nobodys_region_or_of_any(sidecar: Sidecar, sign_in: SignIn, town: Town) -> None:
    operator = sign_in("operator")
    assert begin(sidecar, operator).line.region == ""
    with sidecar.reading() as db:
        region_id = db.scalars(select(Region.id)).one()
    address = operator.post("/staff/paths/new", {"title": "Deres", "language": "", "region": region_id})
    assert Pathway(sidecar, operator, address.split("/")[3]).line.region == "Kongsbergregionen"


def test_a_path_tells_how_many_take_it(rkk: Staff, key: str) -> None:
    for page in (rkk.get("/staff/paths"), rkk.get(f"/staff/paths/{key}")):
        assert ">2<" in page
    assert "Brannvern på arbeidsplassen" in rkk.get(f"/staff/paths/{key}")


def test_people_are_listed_searched_and_noted(sidecar: Sidecar, rkk: Staff, key: str, town: Town) -> None:
    address = f"/staff/paths/{key}/people"
    page = rkk.get(address)
    assert "Nordmann, Kari" in page
    assert "Hansen, Ola" in page
    assert "Rollag, Kari" not in page
    with sidecar.reading() as db:
        seen = set(db.scalars(select(Look.subject_id).where(Look.what == "people-list")))
        assert seen == set(
            db.scalars(select(Employment.person_id).where(Employment.municipality_id == town.kongsberg.id))
        )
    assert "Hansen" not in rkk.post(address, {"search": "nordmann"}, 200)
    assert "Hansen" not in rkk.post(address, {"standing": "under-way"}, 200)
    for odd in (
        {"page": "9" * 30},
        {"page": "-1"},
        {"standing": "gone", "search": "%' OR 1=1 --"},
        {"search": "x" * 9_999},
    ):
        rkk.post(address, odd, 200)


def test_a_path_is_retired_and_brought_back(rkk: Staff, key: str) -> None:
    base = f"/staff/paths/{key}"
    assert f"{base}/edit" in rkk.get(base)
    assert rkk.post(f"{base}/retire") == base
    page = rkk.get(base)
    assert f'href="{base}/edit"' not in page
    for path in ("/edit", "/publish"):
        rkk.get(base + path, 400)
    rkk.post(f"{base}/edit/about", {"title": "x", "draft_number": "1"}, 400)
    rkk.post(f"{base}/bring-back")
    rkk.get(f"{base}/edit")


def test_the_pages_of_courses_know_paths(rkk: Staff, key: str) -> None:
    for path in ("/facts", "/validity", "/audience", "/use"):
        assert f'href="/staff/paths/{key}"' in rkk.get(f"/staff/courses/{key}{path}")
    rkk.get(f"/staff/courses/{key}", 303)
    rule = {"kind": "months", "months": "12", "renewal_days": "60", "sharing": "default"}
    rkk.post(f"/staff/courses/{key}/validity", rule)
    rkk.post(f"/staff/courses/{key}/facts", {"laws": "Arbeidsmiljøloven § 3-2"})
    page = rkk.get(f"/staff/paths/{key}")
    assert "12 " in page
    assert "Arbeidsmiljøloven § 3-2" in page


def test_another_regions_path_is_none(sign_in: SignIn, sidecar: Sidecar, key: str, town: Town) -> None:
    with sidecar.transaction() as db:
        join(db, "andre", town.rollag.id, sidecar.today())
    stranger = sign_in("rkk", name="Andre", region="andre")
    assert key not in stranger.get("/staff/paths")
    for path in OF_PATHS:
        stranger.get(f"/staff/paths/{key}{path}", 404)
    for path in ("/edit", "/edit/about", "/publish", "/discard", "/retire", "/bring-back", "/people"):
        stranger.post(f"/staff/paths/{key}{path}", {"title": "Min", "act": "part-add", "draft_number": "1"}, 404)
    for path in OF_COURSES:
        stranger.get(f"/staff/courses/{key}{path}", 404)
    stranger.post(f"/staff/courses/{key}/retire", status=404)
    stranger.post(f"/staff/courses/{key}/facts", {"owner": "Meg"}, 404)


def test_authors_of_courses_do_not_change_paths(sign_in: SignIn, key: str) -> None:
    author = sign_in("content-developer")
    author.get("/staff/paths", 403)
    author.post(f"/staff/courses/{key}/retire", status=404)
