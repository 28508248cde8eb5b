"""The page where the web services of an LMS are connected: who may, what it says, and that no token is shown."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from practice_lms.web_services.accounts import Account
from practice_lms.web_services.reporting import ASKED_FOR
from sidecar.core.connections import Connection
from sidecar.core.platforms import Platform
from sidecar.runtime import Sidecar
from tests.fakes.moodle import TOKEN, URL, PracticeMoodle
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.test_staff_checks import look_after
from tests.sidecar.web.town import Town

SHOWN = f"<code>{URL}</code>"
FORM = {"url": URL, "token": "reader-token", "report_id": str(ASKED_FOR.id)}


@pytest.fixture
def platform_id(sidecar: Sidecar, town: Town) -> str:
    with sidecar.reading() as db:
        assert town.course
        return db.scalars(select(Platform.id)).one()


@pytest.fixture
def moodle(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> PracticeMoodle:
    made = PracticeMoodle(Account("reader-token"))
    monkeypatch.setattr(sidecar, "fetch", made)
    return made


def _test_path(sidecar: Sidecar, path: str) -> str:
    with sidecar.reading() as db:
        query = select(Connection.id).where(Connection.platform_id.is_not(None), Connection.removed_at.is_(None))
        return f"{path}/{db.scalars(query).one()}/test"


def test_it_is_connected_tested_and_removed(
    sidecar: Sidecar, moodle: PracticeMoodle, sign_in: SignIn, platform_id: str
) -> None:
    operator, path = sign_in("operator"), f"/staff/platforms/{platform_id}/web-services"
    assert path in operator.get(f"/staff/platforms/{platform_id}")
    assert "Ingen tilkobling ennå" in operator.get(path)
    assert operator.post(path, FORM) == path
    assert "Ikke testet ennå" in operator.get(path)
    page = operator.post(_test_path(sidecar, path), status=200)
    assert "Tidene i rapporten er UTC." in page
    assert "reader-token" not in page
    assert moodle.lms.ws_calls
    assert "Virker" in operator.get(path)
    assert operator.post(_test_path(sidecar, path).removesuffix("/test") + "/remove") == path
    assert "Ingen tilkobling ennå" in operator.get(path)


def test_a_renewed_token_is_written_in_place_and_the_rest_stays(
    sidecar: Sidecar, moodle: PracticeMoodle, sign_in: SignIn, platform_id: str
) -> None:
    operator, path = sign_in("operator"), f"/staff/platforms/{platform_id}/web-services"
    operator.post(path, FORM)
    tested = _test_path(sidecar, path)
    (connection_id,) = re.findall("web-services/([^/]+)/test", tested)
    named = {f"{connection_id}-{name}": value for name, value in FORM.items()}
    moodle.lms.accounts["newer-token"] = moodle.lms.accounts.pop("reader-token")
    assert "Tidene i rapporten er UTC." not in operator.post(tested, status=200)
    change = tested.replace("/test", "/change")
    assert operator.post(change, named | {f"{connection_id}-token": "newer-token"}) == path
    assert "Ikke testet ennå" in operator.get(path)
    assert operator.post(change, named | {f"{connection_id}-token": ""}) == path
    assert "Tidene i rapporten er UTC." in operator.post(tested, status=200)
    moved = operator.post(change, {f"{connection_id}-url": "https://other.example"}, status=400)
    assert "token" in moved
    assert "newer-token" not in moved
    assert operator.get(change, status=303)
    office = sign_in("rkk", region="kongsbergregionen", name="Our office")
    with sidecar.transaction() as db:
        db.get_one(Platform, platform_id).region_id = None  # the operators look after it
    assert office.post(change, named, status=403)


def test_what_lacks_is_said_with_what_to_make(
    sidecar: Sidecar, moodle: PracticeMoodle, sign_in: SignIn, platform_id: str
) -> None:
    moodle.lms.accounts["reader-token"].zone = "Europe/Oslo"
    operator, path = sign_in("operator"), f"/staff/platforms/{platform_id}/web-services"
    operator.post(path, FORM)
    page = operator.post(_test_path(sidecar, path), status=200)
    assert "Tidssonen til tokenets bruker er Europe/Oslo" in page
    assert "moodle/reportbuilder:viewall" in page
    assert operator.get(_test_path(sidecar, path), status=303)  # who changes the language there comes back by GET
    assert "Testen feilet" in operator.get(path) or "Testen mislyktes" in operator.get(path)


def test_what_can_not_be_used_is_said_and_the_token_not_shown_again(
    moodle: PracticeMoodle, sign_in: SignIn, platform_id: str
) -> None:
    operator, path = sign_in("operator"), f"/staff/platforms/{platform_id}/web-services"
    page = operator.post(path, FORM | {"report_id": "five"}, status=400)
    assert 'value="five"' in page
    assert "reader-token" not in page
    assert moodle.lms.ws_calls == []
    assert re.search('role="alert"', operator.post(path, FORM | {"url": "nowhere"}, status=400))


def test_only_who_looks_after_the_lms_may(
    sidecar: Sidecar, moodle: PracticeMoodle, sign_in: SignIn, platform_id: str
) -> None:
    path = f"/staff/platforms/{platform_id}/web-services"
    operator = sign_in("operator")
    operator.post(path, FORM)
    with sidecar.transaction() as db:
        db.get_one(Platform, platform_id).region_id = None  # the operators look after it
    office = sign_in("rkk", region="kongsbergregionen", name="Our office")
    assert SHOWN not in office.get(path)
    assert office.post(path, FORM, status=403)
    assert office.post(_test_path(sidecar, path), status=403)
    look_after(sidecar, platform_id)
    assert SHOWN in office.get(path)
    assert "Tidene i rapporten er UTC." in office.post(_test_path(sidecar, path), status=200)
    assert TOKEN not in office.get(path)
