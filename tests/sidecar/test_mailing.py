"""Mails go to a real server, are tried again where that helps, and end in a final state."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from sidecar import schedule
from sidecar.cli import main
from sidecar.core import mails, notices
from sidecar.core.mails import Mail, Recipient
from sidecar.core.notices import Notice, Observation
from sidecar.core.outbox import MAX_ATTEMPTS, OutboxItem
from sidecar.errors import MisconfiguredError, UnreachableError
from sidecar.jobs import HANDLERS, perform_item
from sidecar.mailing import send_test
from sidecar.runtime import Sidecar
from sidecar.settings import read_settings
from sidecar.smtp import MailNotSetUpError, MailRefusedError, MailServerUntrustedError, RecipientRefusedError
from tests.fakes.clock import FakeClock
from tests.fakes.mail_server import LATER, REFUSED, MailServer, make_certificate, running_mail_server

DISK = Observation("disk-full", "Of the disk only {percent} % is free. Make room.", {"percent": 4})


@pytest.fixture
def server() -> Iterator[MailServer]:
    with running_mail_server() as running:
        yield running


@pytest.fixture
def mailing(sidecar: Sidecar, server: MailServer) -> Sidecar:
    """The application with a server to send by."""
    return use(sidecar, f"smtp://127.0.0.1:{server.port}")


def use(sidecar: Sidecar, url: str, ca_file: Path | None = None) -> Sidecar:
    sidecar.settings = replace(
        sidecar.settings, smtp_url=url, mail_from="Sidecar <sidecar@example.no>", ca_file=ca_file
    )
    return sidecar


def put(sidecar: Sidecar, address: str, phase: str = "begun", language: str = "en") -> str:
    with sidecar.transaction() as db:
        turn = notices.settle(db, [DISK], sidecar.now())
        notice = [*turn.begun, *notices.list_open(db)][0]
        mails.put(db, notice, phase, [Recipient(address, language)], sidecar.now())
    with sidecar.reading() as db:
        return db.scalars(select(Mail.id).where(Mail.address == address, Mail.phase == phase)).one()


def work(sidecar: Sidecar, mail_id: str) -> tuple[str, str | None, str]:
    """Do the mail's item once; return how mail and item stand."""
    with sidecar.reading() as db:
        item_id = db.scalars(select(OutboxItem.id).where(OutboxItem.subject == mail_id)).one()
    perform_item(sidecar, item_id, HANDLERS)
    with sidecar.reading() as db:
        mail, item = db.get_one(Mail, mail_id), db.get_one(OutboxItem, item_id)
        return mail.state, mail.error_code, item.state


def test_a_mail_arrives_once_with_proper_headers(mailing: Sidecar, server: MailServer) -> None:
    mail_id = put(mailing, "ola@example.no")
    assert work(mailing, mail_id) == ("sent", None, "done")
    assert work(mailing, mail_id) == ("sent", None, "done")
    (taken,) = server.taken
    assert (taken["From"], taken["To"]) == ("Sidecar <sidecar@example.no>", "ola@example.no")
    assert taken["Subject"] == "sidecar.example.no: Of the disk only 4 % is free"
    assert taken["Message-ID"] == f"<{mail_id}@sidecar.example.no>"
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken["Date"] == "Tue, 15 Sep 2026 08:00:00 +0000"
    assert taken.get_content_type() == "text/plain"
    text = taken.get_content()
    assert "Of the disk only 4 % is free. Make room." in text
    assert "15 September 2026 10:00" in text
    assert "https://sidecar.example.no/staff/" in text
    with mailing.reading() as db:
        assert db.scalars(select(Notice)).one().mailed_at == mailing.now()


@pytest.mark.parametrize(
    ("language", "words"), [("nb", "Dette er over"), ("nn", "Dette er over"), ("en", "This is over")]
)
def test_the_end_is_told_in_the_recipients_language(
    mailing: Sidecar, server: MailServer, language: str, words: str
) -> None:
    work(mailing, put(mailing, "ola@example.no", "ended", language))
    (taken,) = server.taken
    assert words in taken.get_content()
    assert taken["Content-Language"] == language


def test_without_a_worker_the_scheduler_sends_it(
    mailing: Sidecar, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(mailing, "ola@example.no")
    monkeypatch.setattr("sidecar.health.silence_of_workers", lambda _sidecar: timedelta(0))
    assert schedule.mail_alone(mailing) == 0
    assert server.taken == []
    monkeypatch.setattr("sidecar.health.silence_of_workers", lambda _sidecar: None)
    assert schedule.tick(mailing) == []
    assert "ola@example.no" in [taken["To"] for taken in server.taken]
    assert schedule.mail_alone(mailing) == 0


def test_a_recipient_that_is_refused_is_given_up(mailing: Sidecar) -> None:
    assert work(mailing, put(mailing, REFUSED)) == ("failed", "recipient-refused", "failed")


@pytest.mark.parametrize(
    "address",
    [
        "ola@example.no\r\nBcc: others@example.no",
        "ola@example.no\n",
        "ola@example.no\u2028Bcc: others@example.no",
        "ola@example.no, others@example.no",
        "Ola <ola@example.no>",
        "=?utf-8?q?a=0aBcc?=@example.no",
        "<",
        "a@[",
        " ",
    ],
)
def test_what_is_no_single_address_gets_nothing(mailing: Sidecar, server: MailServer, address: str) -> None:
    assert work(mailing, put(mailing, address)) == ("failed", "no-mail-address", "failed")
    assert server.taken == []


def test_a_line_break_in_a_name_starts_no_header(mailing: Sidecar, server: MailServer) -> None:
    evil = Observation("evil", "Failed deliveries to {municipality}", {"municipality": "By\r\nBcc: others@example.no"})
    with mailing.transaction() as db:
        turn = notices.settle(db, [evil], mailing.now())
        mails.put(db, turn.begun[0], "begun", [Recipient("ola@example.no", "en")], mailing.now())
    with mailing.reading() as db:
        mail_id = db.scalars(select(Mail.id)).one()
    assert work(mailing, mail_id) == ("sent", None, "done")
    (taken,) = server.taken
    assert taken["Bcc"] is None
    assert taken["Subject"] == "sidecar.example.no: Failed deliveries to By Bcc: others@example.no"


def test_a_full_mailbox_is_tried_again(mailing: Sidecar) -> None:
    assert work(mailing, put(mailing, LATER)) == ("waiting", None, "waiting")


def test_a_server_that_is_away_is_tried_again_and_then_given_up(sidecar: Sidecar, clock: FakeClock) -> None:
    use(sidecar, "smtp://127.0.0.1:9")
    mail_id = put(sidecar, "ola@example.no")
    for _ in range(MAX_ATTEMPTS - 1):
        assert work(sidecar, mail_id) == ("waiting", None, "waiting")
        clock.advance(hours=13)
    assert work(sidecar, mail_id) == ("failed", "unreachable", "failed")


def test_signs_in_over_tls_with_a_certificate_of_our_own_authority(sidecar: Sidecar, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with running_mail_server(certificate) as server:
        url = f"127.0.0.1:{server.port}?starttls=1"
        send_test(use(sidecar, f"smtp://sidecar:p%40ss%2Fword@{url}", certificate), "ola@example.no", "nb")
        assert server.taken[0]["Subject"] == "sidecar.example.no: en prøve"
        use(sidecar, f"smtp://sidecar:wrong@{url}", certificate)
        with pytest.raises(MailRefusedError):
            send_test(sidecar, "ola@example.no", "nb")
        use(sidecar, f"smtp://sidecar:p%40ss%2Fword@{url}")
        with pytest.raises(MailServerUntrustedError):
            send_test(sidecar, "ola@example.no", "nb")
        assert len(server.taken) == 1


def test_says_why_a_test_mail_did_not_go(sidecar: Sidecar, server: MailServer) -> None:
    with pytest.raises(MailNotSetUpError):
        send_test(sidecar, "ola@example.no", "en")
    with pytest.raises(UnreachableError):
        send_test(use(sidecar, "smtp://127.0.0.1:9"), "ola@example.no", "en")
    use(sidecar, f"smtp://127.0.0.1:{server.port}?starttls=1")
    with pytest.raises(MailRefusedError):
        send_test(sidecar, "ola@example.no", "en")  # it offers no TLS, and nothing is sent without
    use(sidecar, f"smtp://127.0.0.1:{server.port}")
    with pytest.raises(RecipientRefusedError):
        send_test(sidecar, REFUSED, "en")
    assert server.taken == []


def test_the_command_sends_a_test_mail(sidecar: Sidecar, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDECAR_DATA", str(sidecar.settings.data))
    monkeypatch.setenv("SIDECAR_DATABASE_URL", sidecar.settings.database_url)
    monkeypatch.setenv("SIDECAR_SMTP_URL", f"smtp://127.0.0.1:{server.port}")
    monkeypatch.setenv("SIDECAR_MAIL_FROM", "sidecar@example.no")
    told = CliRunner().invoke(main, ["mail", "test", "ola@example.no", "--json"])
    assert (told.exit_code, told.stdout.strip()) == (0, '{"state": "handed-over"}')
    assert server.taken[0]["To"] == "ola@example.no"


@pytest.mark.parametrize(
    ("url", "sender", "wrong"),
    [
        ("http://mail.example.no", "a@example.no", "SIDECAR_SMTP_URL"),
        ("smtp://mail.example.no:587?tls=1", "a@example.no", "SIDECAR_SMTP_URL"),
        ("smtp://mail.example.no:25", "a@example.no", "SIDECAR_SMTP_URL"),
        ("smtps://mail.example.no:99999", "a@example.no", "SIDECAR_SMTP_URL"),
        ("smtps://mail.example.no:abc", "a@example.no", "SIDECAR_SMTP_URL"),
        ("smtps://mail.example.no", "", "SIDECAR_MAIL_FROM"),
    ],
)
def test_settings_by_which_no_mail_could_go_are_refused(url: str, sender: str, wrong: str) -> None:
    with pytest.raises(MisconfiguredError) as caught:
        read_settings({"SIDECAR_SMTP_URL": url, "SIDECAR_MAIL_FROM": sender})
    assert caught.value.facts["setting"] == wrong


def test_a_listed_host_may_be_unencrypted_and_the_password_never_prints() -> None:
    env = {
        "SIDECAR_SMTP_URL": "smtp://u:hemmelig@relay.internal:25",
        "SIDECAR_MAIL_FROM": "a@example.no",
        "SIDECAR_ALLOWED_PRIVATE": "relay.internal",
        "SIDECAR_ALERT_TO": "a@example.no, b@example.no",
    }
    settings = read_settings(env)
    assert settings.alert_to == ("a@example.no", "b@example.no")
    assert "hemmelig" not in repr(settings)


def test_no_address_stands_in_the_log(mailing: Sidecar, log_lines: StringIO) -> None:
    work(mailing, put(mailing, "ola@example.no"))
    work(mailing, put(mailing, REFUSED))
    assert "mail.sent" in log_lines.getvalue()
    assert "example.no" not in log_lines.getvalue().replace("sidecar.example.no", "")
