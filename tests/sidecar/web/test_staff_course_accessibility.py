"""The page of a course says what keeps people out of each version: where, what, and how to mend it."""

import io
from pathlib import Path

import pytest
from sqlalchemy import select, update

from scorm_packages.accessibility.barrier import barrier
from sidecar.core import browser_checks
from sidecar.core.audit import AuditEntry
from sidecar.core.browser_checks import KIND
from sidecar.core.courses import CourseVersion
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.runtime import Sidecar
from sidecar.web import staff_browser_checks
from tests.fakes.clock import FakeClock
from tests.fakes.package import make_package
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import SAME_ORIGIN, Staff

MINE = "/staff/courses/mine"


@pytest.fixture
def author(sign_in: SignIn, kongsberg: Municipality) -> Staff:
    return sign_in("content-developer", municipality="kongsberg")


def upload(who: Staff, owner: str, folder: Path, page: str) -> str:
    package = make_package(folder / "a.zip", pages={"a": page})
    form = {"package": (io.BytesIO(package.read_bytes()), "mine.zip"), "key": "mine", "owner": owner}
    assert who.post("/staff/courses", form) == f"{MINE}?done=uploaded&version=1#version-1"
    return who.get(MINE)


def test_each_remark_names_page_element_criterion_and_how_to_mend_it(
    author: Staff, kongsberg: Municipality, tmp_path: Path
) -> None:
    page = '<html lang="nb"><title>A</title><h1>A</h1><img src="<b>x">'
    told = upload(author, kongsberg.id, tmp_path, page)
    assert "Tilgjengelighet: 1 merknad" in told
    assert "<code>a.html</code>: Et bilde mangler alternativ tekst." in told
    assert "(WCAG 1.1.1)" in told
    assert "&lt;img src=&#34;&lt;b&gt;x&#34;&gt;" in told
    assert "Si i attributtet alt hva bildet forteller" in told
    assert "Kontroll i nettleser: ikke kjørt ennå, fordi ingen arbeidsprosess med nettleser er satt opp." in told
    assert "sidecar worker --browser" in told


def test_no_remark_is_no_pass(author: Staff, kongsberg: Municipality, tmp_path: Path) -> None:
    told = upload(author, kongsberg.id, tmp_path, '<html lang="nb"><title>A</title><h1>A</h1>')
    assert "Et menneske må vurdere resten." in told


def test_of_a_version_from_before_nothing_is_said_but_that_it_was_not_run(
    author: Staff, kongsberg: Municipality, sidecar: Sidecar, tmp_path: Path
) -> None:
    upload(author, kongsberg.id, tmp_path, "<title>A</title>")
    with sidecar.transaction() as db:
        db.execute(update(CourseVersion).values(accessibility=None))
        db.execute(update(OutboxItem).values(state="done"))
    told = author.get(MINE)
    assert "Kontroll i nettleser: ikke kjørt." in told
    assert "Tilgjengelighet:" not in told
    assert "Kontrollen av filene" not in told


def keep(sidecar: Sidecar, **browser: object) -> None:
    """Let the look have come to an end."""
    with sidecar.transaction() as db:
        version_id = db.scalars(select(OutboxItem.subject).where(OutboxItem.kind == KIND)).one()
        browser_checks.keep(db, version_id, {"at": "2026-09-01T08:00:00+00:00", **browser})
        db.execute(update(OutboxItem).where(OutboxItem.kind == KIND).values(state="done"))


def test_what_the_browser_saw_is_told_by_page_and_element_with_how_to_mend_it(
    author: Staff, kongsberg: Municipality, sidecar: Sidecar, tmp_path: Path
) -> None:
    upload(author, kongsberg.id, tmp_path, '<html lang="nb"><title>A</title><h1>A</h1>')
    found = barrier("keyboard-trap", "<b>.html", "<i>felle", criterion="2.1.2").to_json("advice")
    keep(sidecar, state="done", states=3, seen=["a", "b", "c"], stopped="out-of-time", findings=[found])
    told = author.get(MINE)
    assert "Kontroll i nettleser: 1 merknad" in told
    assert "<code>&lt;b&gt;.html</code>" in told
    assert "<code>&lt;i&gt;felle</code>" in told
    assert "Den så på 3 visninger av sidene" in told
    assert "Den ble stanset før den hadde sett alt: det tok for lang tid." in told
    assert "Noen andre har laget denne pakken" in told
    assert "Kontroller på nytt i nettleser" in told


def test_nothing_found_is_no_pass_either(
    author: Staff, kongsberg: Municipality, sidecar: Sidecar, tmp_path: Path
) -> None:
    upload(author, kongsberg.id, tmp_path, "<title>A</title>")
    keep(sidecar, state="done", states=1, seen=["a"], stopped="", findings=[])
    told = author.get(MINE)
    assert "Fant ikke noe som stenger folk ute." in told
    assert "Et menneske må vurdere resten." in told


@pytest.mark.parametrize(
    ("state", "reason", "said", "advice"),
    [
        ("failed", "out-of-memory", "forsøkt uten resultat: det tok for mye minne.", "at sidene er tunge"),
        ("failed", "not-started", "forsøkt uten resultat: Chromium startet ikke.", "Si fra til en driftsansvarlig"),
        ("failed", "abandoned", "forsøkt uten resultat: noe gikk galt på serveren.", "Si fra til en driftsansvarlig"),
        ("not-run", "too-large", "ikke kjørt: den er større enn", "Gå gjennom kurset selv"),
    ],
)
def test_where_no_look_came_of_it_the_page_says_why_and_what_to_do(
    state: str,
    reason: str,
    said: str,
    advice: str,
    author: Staff,
    kongsberg: Municipality,
    sidecar: Sidecar,
    tmp_path: Path,
) -> None:
    upload(author, kongsberg.id, tmp_path, "<title>A</title>")
    keep(sidecar, state=state, reason=reason)
    told = author.get(MINE)
    assert f"Kontroll i nettleser: {said}" in told
    assert advice in told
    assert "Fant ikke noe" not in told


@pytest.mark.parametrize(("state", "said"), [("waiting", "venter på tur"), ("claimed", "pågår")])
def test_the_page_says_that_a_look_is_awaited_and_looks_again_by_itself(
    state: str,
    said: str,
    author: Staff,
    kongsberg: Municipality,
    sidecar: Sidecar,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upload(author, kongsberg.id, tmp_path, "<title>A</title>")
    monkeypatch.setattr(staff_browser_checks, "is_browser_worker_seen", lambda _sidecar: True)
    with sidecar.transaction() as db:
        db.execute(update(OutboxItem).values(state=state))
    told = author.get(MINE)
    assert f"Kontroll i nettleser: {said}." in told
    assert 'hx-select="#browser-1"' in told
    assert "Kontroller på nytt" not in told


LOOK = f"{MINE}/versions/1/browser-check"


def asked(sidecar: Sidecar) -> list[str]:
    with sidecar.reading() as db:
        return list(db.scalars(select(OutboxItem.state).where(OutboxItem.kind == KIND).order_by(OutboxItem.created_at)))


def test_who_may_change_the_course_asks_for_another_look_once_at_a_time(
    author: Staff, kongsberg: Municipality, sidecar: Sidecar, clock: FakeClock, tmp_path: Path
) -> None:
    upload(author, kongsberg.id, tmp_path, "<title>A</title>")
    keep(sidecar, state="failed", reason="broke-off")
    clock.advance(minutes=1)
    for _ in range(2):
        assert author.post(LOOK) == f"{MINE}#version-1"
    assert asked(sidecar) == ["done", "waiting"]
    with sidecar.reading() as db:
        assert "browser" not in (db.scalars(select(CourseVersion)).one().accessibility or {})
        actions = db.scalars(
            select(AuditEntry.action).where(AuditEntry.action == "course_version.look_requested")
        ).all()
    assert len(actions) == 1


def test_nobody_else_may_and_not_without_the_token(
    author: Staff, sign_in: SignIn, kongsberg: Municipality, rollag: Municipality, sidecar: Sidecar, tmp_path: Path
) -> None:
    upload(author, kongsberg.id, tmp_path, "<title>A</title>")
    keep(sidecar, state="done", states=1, seen=["a"], stopped="", findings=[])
    stranger = sign_in("content-developer", municipality="rollag", name="Siri Stranger")
    assert stranger.post(LOOK, status=404)
    assert author.client.post(LOOK, headers=SAME_ORIGIN).status_code == 403
    assert asked(sidecar) == ["done"]
