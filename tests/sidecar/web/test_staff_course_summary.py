"""What a course is about: its package says it first, then whoever looks after the course."""

import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar.catalogue import add_package
from sidecar.core.audit import AuditEntry
from sidecar.core.courses import Course
from sidecar.runtime import Sidecar
from tests.fakes.package import make_package
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.town import Town

LOM = "<lom><general><description><langstring>Om  brann\u200b &amp; røyk.</langstring></description></general></lom>"


def summary_of(sidecar: Sidecar, key: str) -> str | None:
    with sidecar.reading() as db:
        return db.scalars(select(Course.summary).where(Course.key == key)).one()


def described(path: Path, words: str, page: str = "<p>A</p>") -> Path:
    """Return a package whose metadata hold these words of LOM."""
    plain = make_package(path.with_name("plain.zip"), pages={"a": page})
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name).decode()
            target.writestr(name, content.replace("</schemaversion>", f"</schemaversion>{words}"))
    return path


def test_the_first_package_says_what_the_course_is_about(sidecar: Sidecar, tmp_path: Path) -> None:
    add_package(sidecar, described(tmp_path / "a.zip", LOM), key="ny", is_published=True)
    assert summary_of(sidecar, "ny") == "Om brann & røyk."
    other = LOM.replace("røyk", "ild")
    add_package(sidecar, described(tmp_path / "b.zip", other, "<p>B</p>"), key="ny", is_published=True)
    assert summary_of(sidecar, "ny") == "Om brann & røyk."


@pytest.mark.parametrize("lom", ["", "<lom/>", "<lom><general><description/></general></lom>"])
def test_a_package_that_says_nothing_leaves_it_open(sidecar: Sidecar, tmp_path: Path, lom: str) -> None:
    add_package(sidecar, described(tmp_path / "a.zip", lom), key="ny", is_published=True)
    assert summary_of(sidecar, "ny") is None


def test_a_description_longer_than_it_may_be_is_cut_on_import(sidecar: Sidecar, tmp_path: Path) -> None:
    long = LOM.replace("røyk", "x" * 2000)
    add_package(sidecar, described(tmp_path / "a.zip", long), key="ny", is_published=True)
    assert len(summary_of(sidecar, "ny") or "") == 1000


def test_an_author_changes_it_and_takes_it_away(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    author, path = sign_in("content-developer", municipality="kongsberg"), f"/staff/courses/{town.course}"
    with sidecar.transaction() as db:
        course = db.scalars(select(Course).where(Course.key == town.course)).one()
        course.municipality_id = town.kongsberg.id
    assert author.post(f"{path}/summary", {"summary": " Om <b>brann</b>\r\n og røyk. "}) == path
    assert summary_of(sidecar, town.course) == "Om <b>brann</b> og røyk."
    assert "Om &lt;b&gt;brann&lt;/b&gt; og røyk.</textarea>" in author.get(path)
    author.post(f"{path}/summary", {"summary": ""})
    assert summary_of(sidecar, town.course) is None
    with sidecar.reading() as db:
        acts = db.scalars(select(AuditEntry).where(AuditEntry.action == "course.described")).all()
    assert [(each.identity_id, each.facts) for each in acts] == [(author.identity_id, {"course": town.course})] * 2


def test_one_that_is_too_long_is_explained_and_not_lost(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    operator, path = sign_in("operator"), f"/staff/courses/{town.course}/summary"
    before = summary_of(sidecar, town.course)
    page = operator.post(path, {"summary": "brann " * 200}, 400)
    assert "1000" in page
    assert "brann brann brann" in page
    assert summary_of(sidecar, town.course) == before


def test_the_author_of_another_municipality_changes_nothing(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    stranger = sign_in("content-developer", municipality="rollag")
    before = summary_of(sidecar, town.course)
    stranger.post(f"/staff/courses/{town.course}/summary", {"summary": "Mitt"}, 404)
    assert summary_of(sidecar, town.course) == before


def test_an_author_says_in_which_language_it_is(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    author, path = sign_in("operator"), f"/staff/courses/{town.course}"
    author.post(f"{path}/summary", {"summary": "Om brann", "language": "nn"})
    author.post(f"{path}/summary", {"summary": "Om brann", "language": '"><b>'}, 400)
    author.post(f"{path}/summary", {"summary": "Om ild"})
    with sidecar.reading() as db:
        course = db.scalars(select(Course).where(Course.key == town.course)).one()
    assert (course.summary, course.language) == ("Om ild", "nn")
    assert '<option value="nn" selected>' in author.get(path)
