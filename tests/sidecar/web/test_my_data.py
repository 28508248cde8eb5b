"""Test that people see all that is kept about themselves, who looked, and nothing about anybody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from sidecar import privacy
from sidecar.core import sign_ins
from sidecar.core.completions import Completion
from sidecar.core.launches import Launch
from sidecar.core.people import Identity
from sidecar.core.periods import month
from sidecar.reports import asking, deliver
from sidecar.runtime import Sidecar
from sidecar.web.access import launch_cookie
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.town import Town

PEOPLE = "/staff/municipalities/kongsberg/people"


@pytest.fixture
def kari(app: Flask, sidecar: Sidecar, town: Town) -> tuple[FlaskClient, str]:
    """The browser of Kari, who has launched a course; and her page."""
    with sidecar.transaction() as db:
        identity = db.scalars(select(Identity).where(Identity.subject == "u1")).one()
        launch = Launch(
            platform_id=identity.platform_id or "",
            deployment_id="1",
            identity_id=identity.id,
            resource_link_id="link",
            launched_at=sidecar.now(),
        )
        db.add(launch)
        db.flush()
        secret = sign_ins.start(db, identity.id, launch.id, sidecar.now())
    client = app.test_client()
    with app.app_context():
        client.set_cookie(launch_cookie(launch.id), secret)
    client.set_cookie("sidecar-language", "en")
    return client, f"/play/{launch.id}/me"


def test_a_learner_sees_what_is_kept_and_who_has_looked(
    kari: tuple[FlaskClient, str], sidecar: Sidecar, town: Town, sign_in: SignIn
) -> None:
    delivery = asking.request(sidecar, town.kongsberg.id, month(2026, 8))[0]
    deliver.hand_over(sidecar, delivery.id)
    contact = sign_in("contact", name="Kontakt Kontaktsen", municipality="kongsberg")
    for _ in range(3):
        contact.get(PEOPLE)
    contact.get(f"{PEOPLE}/{town.kari}")
    client, path = kari
    text = client.get(path, headers={"Accept-Language": "en"}).text
    for part in ("Kari Nordmann", "1001", "Sykehjemmet", "Fagarbeider", "Felles Moodle", "Brannvern", "2026-08"):
        assert part in text, part
    assert "Kontakt Kontaktsen" in text
    assert "Ola" not in text
    assert "Hansen" not in text


def test_what_was_entered_by_hand_has_a_day_and_says_so(kari: tuple[FlaskClient, str], sidecar: Sidecar) -> None:
    client, path = kari
    with sidecar.transaction() as db:
        done = db.scalars(select(Completion)).one()
        done.origin, done.version_id = "manual", None
        done.completed_at = datetime(2026, 10, 1, 21, 59, tzinfo=UTC)
    text = client.get(path).text
    assert "Entered by hand" in text
    assert "1 October 2026</td>" in text
    assert "23:59" not in text
    assert "None</td>" not in text


def test_a_learner_takes_everything_along(kari: tuple[FlaskClient, str], town: Town) -> None:
    client, path = kari
    answer = client.get(f"{path}/export")
    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"] == "attachment; filename=laeringslop-person.json"
    found = json.loads(answer.get_data(as_text=True))
    assert (found["format"], found["version"], found["complete"]) == ("laeringslop-person", 1, True)
    assert [one["last_name"] for one in found["person"]] == ["Nordmann"]
    assert len(found["completions"]) == 1
    assert found["seen_by"] == []


def test_one_s_own_look_is_not_logged_and_another_s_page_is_shut(kari: tuple[FlaskClient, str], town: Town) -> None:
    client, path = kari
    client.get(path)
    assert json.loads(client.get(f"{path}/export").get_data(as_text=True))["seen_by"] == []
    assert client.get(f"/play/{'0' * 32}/me").status_code == 401


def test_staff_see_their_own(sign_in: SignIn, town: Town) -> None:
    contact = sign_in("contact", name="Kontakt Kontaktsen", municipality="kongsberg")
    contact.get(PEOPLE)
    page = contact.get("/staff/me")
    assert "Kontakt Kontaktsen" in page
    assert "Nordmann" not in page
    found = json.loads(contact.get("/staff/me/export"))
    assert [one["role"] for one in found["roles"]] == ["contact"]
    assert [(one["what"], one["people"]) for one in found["looks_at_others"]] == [("people-list", 2)]
    assert "Nordmann" not in json.dumps(found)


def test_an_export_is_whole_before_it_is_sent(kari: tuple[FlaskClient, str], monkeypatch: pytest.MonkeyPatch) -> None:
    client, path = kari
    with client.get(f"{path}/export") as answer:
        assert int(answer.headers["Content-Length"]) == len(answer.data) > 0

    def break_off(*_: object) -> Iterator[str]:
        yield "{"
        raise OSError("the disk is away")

    monkeypatch.setattr(privacy, "export_own", break_off)
    assert client.get(f"{path}/export").status_code == 500
