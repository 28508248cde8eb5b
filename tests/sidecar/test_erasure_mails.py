"""A wish to be erased is mailed once to who may answer it, without a name, and leads to the page that answers."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from sidecar import mailing
from sidecar.core import erasure_requests, notices
from sidecar.core.data_subjects import of_identity
from sidecar.core.mails import Mail
from sidecar.core.municipalities import Municipality
from sidecar.core.notices import CALM, Notice
from sidecar.core.own_wishes import ErasureRequest
from sidecar.core.regions import join
from sidecar.core.staff import Scope, grant, identity_named
from sidecar.runtime import Sidecar
from sidecar.watch import watch
from tests.fakes.clock import FakeClock
from tests.sidecar.core.folk import Folk


@pytest.fixture
def asked(sidecar: Sidecar, kongsberg: Municipality, queue_url: str, monkeypatch: pytest.MonkeyPatch) -> Sidecar:
    """An installation that sends mails, and in which somebody of Kongsberg asks to be erased."""
    sidecar.settings = replace(
        sidecar.settings,
        redis_url=queue_url,
        smtp_url="smtp://127.0.0.1:9",
        mail_from="sidecar@example.no",
        alert_to=("drift@example.no",),
    )
    monkeypatch.setattr("sidecar.health.silence_of_workers", lambda _sidecar: timedelta(0))
    monkeypatch.setattr("sidecar.health.free_part", lambda _sidecar: 0.5)
    folk = Folk(sidecar)
    account = folk.account(folk.person(kongsberg.id, "1", "Kari Særnavn"), "kari")
    with sidecar.transaction() as db:
        join(db, "her", kongsberg.id, sidecar.today())
        office = identity_named(db, "Kontoret", now=sidecar.now())
        office.email, office.language = "rkk@example.no", "nn"
        grant(db, office.id, "rkk", Scope(region="her"), now=sidecar.now())
        erasure_requests.ask(db, of_identity(db, account), identity_id=account, now=sidecar.now())
    return sidecar


def look(sidecar: Sidecar, clock: FakeClock, minutes: float = 1) -> list[str]:
    clock.advance(minutes=minutes)
    assert watch(sidecar)
    with sidecar.reading() as db:
        return [one.code for one in notices.list_open(db)]


def test_it_is_told_once_and_not_when_it_is_over(asked: Sidecar, clock: FakeClock) -> None:
    for _ in range(2):
        assert look(asked, clock) == ["erasure-asked"]
    with asked.transaction() as db:
        db.execute(delete(ErasureRequest))
    look(asked, clock)
    assert look(asked, clock, CALM.total_seconds() / 60) == []
    with asked.reading() as db:
        told = [
            (phase, address) for phase, address in db.execute(select(Mail.phase, Mail.address).order_by(Mail.address))
        ]
    assert told == [("begun", "drift@example.no"), ("begun", "rkk@example.no")]


def test_the_mail_names_nobody_and_leads_to_the_answer(asked: Sidecar, clock: FakeClock) -> None:
    look(asked, clock)
    with asked.reading() as db:
        mail = db.scalars(select(Mail).where(Mail.address == "rkk@example.no")).one()
        letter = mailing._letter(asked, mail, db.get_one(Notice, mail.notice_id))
    assert "Kongsberg kommune" in letter.text
    assert "Særnavn" not in letter.text + letter.subject
    assert f"{asked.settings.public_url}/staff/erasure-requests\n" in letter.text
    assert "ber om å bli sletta" in letter.text
