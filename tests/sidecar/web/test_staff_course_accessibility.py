"""The page of a course says what keeps people out of each version: where, what, and how to mend it."""

import io
from pathlib import Path

import pytest
from sqlalchemy import update

from sidecar.core.courses import CourseVersion
from sidecar.runtime import Sidecar
from tests.fakes.package import make_package
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import Staff
from tests.sidecar.web.town import Town

MINE = "/staff/courses/mine"


@pytest.fixture
def author(sign_in: SignIn, town: Town) -> Staff:
    return sign_in("content-developer", municipality="kongsberg")


def upload(who: Staff, owner: str, folder: Path, page: str) -> str:
    package = make_package(folder / "a.zip", pages={"a": page})
    form = {"package": (io.BytesIO(package.read_bytes()), "mine.zip"), "key": "mine", "owner": owner}
    assert who.post("/staff/courses", form) == f"{MINE}?done=uploaded&version=1#version-1"
    return who.get(MINE)


def test_each_remark_names_page_element_criterion_and_how_to_mend_it(author: Staff, town: Town, tmp_path: Path) -> None:
    page = '<html lang="nb"><title>A</title><h1>A</h1><img src="<b>x">'
    told = upload(author, town.kongsberg.id, tmp_path, page)
    assert "Tilgjengelighet: 1 merknad" in told
    assert "<code>a.html</code>: Et bilde mangler alternativ tekst." in told
    assert "(WCAG 1.1.1)" in told
    assert "&lt;img src=&#34;&lt;b&gt;x&#34;&gt;" in told
    assert "Si i attributtet alt hva bildet forteller" in told
    assert "Kontroll i nettleser: ikke kjørt her." in told


def test_no_remark_is_no_pass(author: Staff, town: Town, tmp_path: Path) -> None:
    told = upload(author, town.kongsberg.id, tmp_path, '<html lang="nb"><title>A</title><h1>A</h1>')
    assert "Et menneske må vurdere resten." in told


def test_nothing_is_said_of_a_version_from_before(author: Staff, town: Town, sidecar: Sidecar, tmp_path: Path) -> None:
    upload(author, town.kongsberg.id, tmp_path, "<title>A</title>")
    with sidecar.transaction() as db:
        db.execute(update(CourseVersion).values(accessibility=None))
    assert "Kontroll i nettleser" not in author.get(MINE)
