"""The REST interface by which a municipality's own systems fetch changes."""

import json
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from sidecar.core import api_tokens
from sidecar.core.access import operator_at_the_console
from sidecar.core.change_feed import ChangePull
from sidecar.core.municipalities import Municipality
from sidecar.reports import changes
from sidecar.runtime import Sidecar
from sidecar.web.app import create_app
from tests.fakes.clock import FakeClock
from tests.sidecar.reports.world import World

URL = "/api/v1/changes"


@pytest.fixture
def client(sidecar: Sidecar) -> FlaskClient:
    return create_app(sidecar).test_client()


def token_of(sidecar: Sidecar, municipality: Municipality, scope: str = "changes") -> dict[str, str]:
    viewer = operator_at_the_console()
    with sidecar.transaction() as db:
        _, secret = api_tokens.add_token(
            db, viewer, municipality.id, scope=scope, name="Lønn", days=30, now=sidecar.now()
        )
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def filled(sidecar: Sidecar, kongsberg: Municipality) -> None:
    world = World(sidecar)
    course = world.course("brannvern", "Brannvern")
    for number in ("1", "2", "3"):
        employment = world.employ(kongsberg, number, f"Ada Lie{number}")
        world.complete(world.identity(number, employment.person_id), course, datetime(2026, 9, 1, tzinfo=UTC))
    changes.write_all(sidecar, kongsberg.id)


@pytest.mark.usefixtures("filled")
def test_a_system_reads_on_where_it_was(client: FlaskClient, sidecar: Sidecar, kongsberg: Municipality) -> None:
    token = token_of(sidecar, kongsberg)
    first = client.get(f"{URL}?limit=2", headers=token)
    assert first.mimetype == "application/x-ndjson"
    lines = [json.loads(line) for line in first.text.splitlines()]
    assert [line["seq"] for line in lines] == [1, 2]
    assert set(lines[0]) == {"seq", "changeType", "changeDate", "oldRecord", "newRecord"}
    assert (first.headers["Sidecar-Last-Seq"], first.headers["Sidecar-Newest-Seq"]) == ("2", "3")
    rest = client.get(f"{URL}?after=2", headers=token)
    assert [json.loads(line)["seq"] for line in rest.text.splitlines()] == [3]
    assert client.get(f"{URL}?after=3", headers=token).text == ""
    with sidecar.reading() as db:
        pulls = [tuple(row) for row in db.execute(select(ChangePull.after, ChangePull.last_seq).order_by("after"))]
    assert pulls == [(0, 2), (2, 3)]


@pytest.mark.usefixtures("filled")
def test_another_municipality_reads_nothing_of_it(client: FlaskClient, sidecar: Sidecar, rollag: Municipality) -> None:
    answer = client.get(URL, headers=token_of(sidecar, rollag))
    assert (answer.status_code, answer.text) == (200, "")


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "after=1.5", "after=" + "9" * 40, "after=١"])
def test_what_is_no_cursor_is_refused(
    client: FlaskClient, sidecar: Sidecar, kongsberg: Municipality, query: str
) -> None:
    answer = client.get(f"{URL}?{query}", headers=token_of(sidecar, kongsberg))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "bad-number")


@pytest.mark.usefixtures("filled")
def test_a_cursor_behind_the_end_says_begin_anew(
    client: FlaskClient, sidecar: Sidecar, kongsberg: Municipality
) -> None:
    answer = client.get(f"{URL}?after=9", headers=token_of(sidecar, kongsberg))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "cursor-ahead")


def test_without_its_own_token_nobody_reads(
    client: FlaskClient, sidecar: Sidecar, kongsberg: Municipality, clock: FakeClock
) -> None:
    assert client.get(URL).status_code == 401
    assert client.get(URL, headers=token_of(sidecar, kongsberg, "scim")).status_code == 401
    token = token_of(sidecar, kongsberg)
    clock.advance(days=31)
    assert client.get(URL, headers=token).status_code == 401


def test_too_many_questions_are_refused(client: FlaskClient, sidecar: Sidecar, kongsberg: Municipality) -> None:
    token = token_of(sidecar, kongsberg)
    statuses = {client.get(URL, headers=token).status_code for _ in range(130)}
    assert statuses == {200, 429}
