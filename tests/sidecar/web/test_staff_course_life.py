"""A course goes its way on the staff pages: draft, review by a second person, published, gone back, retired."""

import io
from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar.core.course_life import CHECKLIST
from sidecar.core.courses import Course, CourseVersion
from sidecar.runtime import Sidecar
from tests.fakes.package import make_package
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import Staff
from tests.sidecar.web.town import Town

MINE = "/staff/courses/mine"
TICKED = {"ticked": list(CHECKLIST)}


@pytest.fixture
def author(sign_in: SignIn, town: Town) -> Staff:
    return sign_in("content-developer", name="Author", municipality="kongsberg")


@pytest.fixture
def office(sign_in: SignIn, town: Town) -> Staff:
    return sign_in("rkk", name="Office", region="kongsbergregionen")


def upload(who: Staff, owner: str, folder: Path, words: str = "A", *, path: str = "/staff/courses") -> None:
    package = make_package(folder / f"{words}.zip", pages={"a": f"<title>{words}</title>"})
    form = {"package": (io.BytesIO(package.read_bytes()), "mine.zip"), "key": "mine", "owner": owner}
    assert who.post(path, form).startswith(f"{MINE}?done=uploaded&version=")


def states(sidecar: Sidecar) -> list[str]:
    with sidecar.reading() as db:
        course = db.scalars(select(Course.id).where(Course.key == "mine")).one()
        query = select(CourseVersion.state).where(CourseVersion.course_id == course)
        return list(db.scalars(query.order_by(CourseVersion.number)))


def test_author_and_reviewer_lead_a_version_to_the_learners(
    author: Staff, office: Staff, town: Town, sidecar: Sidecar, tmp_path: Path
) -> None:
    upload(author, town.kongsberg.id, tmp_path)
    assert author.post(f"{MINE}/versions/1/note", {"note": "Nytt om <b>røyk</b>"}) == MINE
    sent = author.post(f"{MINE}/versions/1/review", {"note": ""})
    assert sent == f"{MINE}?done=sent&version=1#version-1"
    page = author.get(sent)
    assert page.index('id="version-1"') < page.index("sendt til gjennomgang.")
    assert "Trekk tilbake" in page
    assert "forfatteren leser" not in page
    assert "Trekk tilbake" not in office.get(MINE)
    assert "sendt til gjennomgang." not in author.get(f"{MINE}?done=sent&version=2")
    assert "?status=in-review" in office.get("/staff/")
    assert f'href="{MINE}"' in office.get("/staff/courses?status=in-review")
    assert states(sidecar) == ["in-review"]
    page = office.get(f"{MINE}/versions/1/publish")
    assert "Nytt om &lt;b&gt;røyk&lt;/b&gt;" in page
    assert page.count('name="ticked"') == len(CHECKLIST)
    assert 'name="alone"' not in page
    assert office.post(f"{MINE}/versions/1/send-back", {"reply": "Alt-tekst mangler"}) == MINE
    assert "Alt-tekst mangler" in author.get(MINE)
    assert f'href="{MINE}#version-1"' in author.get("/staff/")
    assert f"{MINE}#version-1" not in office.get("/staff/")
    author.post(f"{MINE}/versions/1/review")
    assert f"{MINE}#version-1" not in author.get("/staff/")
    assert office.post(f"{MINE}/versions/1/publish", {**TICKED, "review_by": "2031-05-17"}) == MINE
    assert states(sidecar) == ["published"]
    assert "17. mai 2031" in author.get(MINE)


def test_what_is_left_out_is_asked_for_and_what_was_ticked_stays(
    author: Staff, office: Staff, town: Town, sidecar: Sidecar, tmp_path: Path
) -> None:
    upload(author, town.kongsberg.id, tmp_path)
    page = office.post(f"{MINE}/versions/1/publish", {"ticked": ["quiz"], "review_by": "2031-01-01"}, 400)
    assert 'value="quiz" checked' in page
    assert 'value="2031-01-01"' in page
    for day in ("2020-01-01", "i morgen", "9999-99-99"):
        assert 'role="alert"' in office.post(f"{MINE}/versions/1/publish", {**TICKED, "review_by": day}, 400)
    assert states(sidecar) == ["draft"]


def test_one_who_is_alone_says_so(office: Staff, town: Town, sidecar: Sidecar, tmp_path: Path) -> None:
    upload(office, town.kongsberg.id, tmp_path)
    assert 'name="alone"' in office.get(f"{MINE}/versions/1/publish")
    office.post(f"{MINE}/versions/1/publish", TICKED, 400)
    assert states(sidecar) == ["draft"]
    office.post(f"{MINE}/versions/1/publish", {**TICKED, "alone": "1"})
    assert states(sidecar) == ["published"]


def test_a_version_is_replaced_and_brought_back_and_the_course_retired(
    office: Staff, author: Staff, town: Town, sidecar: Sidecar, tmp_path: Path
) -> None:
    upload(author, town.kongsberg.id, tmp_path)
    office.post(f"{MINE}/versions/1/publish", TICKED)
    upload(author, town.kongsberg.id, tmp_path, "B", path=f"{MINE}/versions")
    assert f"{MINE}/versions/2/publish" in office.get(MINE)
    assert "Tilgjengelighet: 1 merknad" in office.get(f"{MINE}/versions/2/publish")
    office.post(f"{MINE}/versions/2/publish", TICKED)
    page = office.get(f"{MINE}/versions/1/publish")
    assert "Gå tilbake til versjon 1" in page
    assert 'name="ticked"' not in page  # it was reviewed
    office.post(f"{MINE}/versions/1/publish")
    page = office.get(f"{MINE}/versions/2/publish")
    assert "Gå tilbake til versjon 2" not in page
    assert "Publiser versjon 2" in page[page.index("<h1") : page.index("</h1>")]
    with sidecar.reading() as db:
        newest = select(CourseVersion.number).order_by(CourseVersion.publishing.desc()).limit(1)
        assert db.scalar(newest) == 1
    assert author.get(f"{MINE}/retire")
    assert author.post(f"{MINE}/retire") == MINE
    assert f"{MINE}/bring-back" in author.get(MINE)
    assert author.post(f"{MINE}/bring-back") == MINE
    assert f"{MINE}/retire" in author.get(MINE)


def test_a_newer_version_takes_the_reminder_away(author: Staff, office: Staff, town: Town, tmp_path: Path) -> None:
    upload(author, town.kongsberg.id, tmp_path)
    author.post(f"{MINE}/versions/1/review")
    office.post(f"{MINE}/versions/1/send-back", {"reply": "Alt-tekst mangler"})
    assert f"{MINE}#version-1" in author.get("/staff/")
    upload(author, town.kongsberg.id, tmp_path, "B", path=f"{MINE}/versions")
    assert f"{MINE}#version-" not in author.get("/staff/")


def test_another_municipalitys_author_reaches_none_of_it(
    author: Staff, sign_in: SignIn, town: Town, sidecar: Sidecar, tmp_path: Path
) -> None:
    upload(author, town.kongsberg.id, tmp_path)
    stranger = sign_in("content-developer", name="Stranger", municipality="rollag")
    for step in ("versions/1/review", "versions/1/note", "versions/1/send-back", "retire", "bring-back"):
        stranger.post(f"{MINE}/{step}", status=404)
    stranger.get(f"{MINE}/retire", 404)
    assert states(sidecar) == ["draft"]
