"""Test what is noted where nobody knows whether an attempt got through, and where there is no room for one."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest

from sidecar.connectors.base import BusyError, ConnectorError, Progress, RejectedError, UnreachableError
from sidecar.connectors.over_mail import MailServerBusyError
from sidecar.core.access import operator_at_the_console
from sidecar.core.deliveries import Delivery, needs_files
from sidecar.core.ledgers import Wanted, list_ledger
from sidecar.core.outbox import TryLater
from sidecar.reports import deliver
from sidecar.reports.resending import resend
from sidecar.runtime import Sidecar
from tests.fakes.channel import Followed, Known, Plain, Post
from tests.fakes.clock import FakeClock
from tests.fakes.worker import perform_all_due
from tests.sidecar.reports.waiting_delivery import SetChannel, see

CONSOLE = operator_at_the_console()


@pytest.mark.parametrize(
    ("kind", "problem", "may_be_twice"),
    [
        (Plain, UnreachableError(), True),
        (Plain, BusyError(wait_s=5), False),
        (Plain, MailServerBusyError(status=451), False),
        (Known, UnreachableError(), False),
    ],
)
def test_what_was_not_answered_may_be_there_twice(
    sidecar: Sidecar,
    asked: Delivery,
    post: Post,
    use: SetChannel,
    clock: FakeClock,
    kind: type[Plain],
    problem: ConnectorError,
    may_be_twice: bool,
) -> None:
    use(kind)
    post.problems = [problem]
    with pytest.raises(TryLater):
        deliver.hand_over(sidecar, asked.id)
    assert (see(sidecar, asked).state, see(sidecar, asked).may_be_twice) == ("waiting", may_be_twice)
    clock.advance(minutes=1)
    deliver.hand_over(sidecar, asked.id)
    assert (see(sidecar, asked).state, see(sidecar, asked).may_be_twice) == ("delivered", may_be_twice)


def test_a_full_disk_is_waited_out(
    sidecar: Sidecar, asked: Delivery, post: Post, use: SetChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Iterator[bytes]:
        raise OSError(errno.ENOSPC, "No space left on device")

    use(Plain)
    with monkeypatch.context() as patch:
        patch.setattr("sidecar.reports.kept.read", full)
        with pytest.raises(TryLater, match="insufficient-storage"):
            deliver.hand_over(sidecar, asked.id)
    found = see(sidecar, asked)
    assert (found.state, found.error_code, found.may_be_twice) == ("waiting", "insufficient-storage", False)
    deliver.hand_over(sidecar, asked.id)
    assert (see(sidecar, asked).state, len(post.taken)) == ("delivered", 1)


def test_what_is_tried_again_after_a_refusal_says_nothing_of_the_refused_one(
    sidecar: Sidecar, asked: Delivery, post: Post, use: SetChannel, clock: FakeClock
) -> None:
    use(Followed)
    perform_all_due(sidecar)
    post.says = Progress("refused", reason="no such organisation")
    clock.advance(minutes=11)
    perform_all_due(sidecar)
    assert see(sidecar, asked).progress is not None
    deliver.retry(sidecar, CONSOLE, asked.id)
    found = see(sidecar, asked)
    assert (found.receipt, found.progress, found.followed_at) == (None, None, None)


def test_a_resend_that_failed_is_over_once_the_next_arrives(
    sidecar: Sidecar, asked: Delivery, post: Post, use: SetChannel, clock: FakeClock
) -> None:
    use(Plain)
    perform_all_due(sidecar)
    clock.advance(minutes=1)
    post.problems = [RejectedError(reason="full")]
    failed = resend(sidecar, CONSOLE, asked.id, "lost")
    perform_all_due(sidecar)
    assert see(sidecar, failed).state == "failed"
    clock.advance(minutes=1)
    resend(sidecar, CONSOLE, asked.id, "lost, and they made room")
    with sidecar.reading() as db:
        assert list_ledger(db, CONSOLE, Wanted(state="attention")).total == 1
    perform_all_due(sidecar)
    with sidecar.reading() as db:
        assert list_ledger(db, CONSOLE, Wanted(state="attention")).total == 0


@pytest.mark.parametrize(("state", "is_needed"), [("failed", True), ("delivered", False)])
def test_only_what_failed_needs_its_files_anew(asked: Delivery, state: str, is_needed: bool) -> None:
    asked.state, asked.files_removed_at = state, asked.created_at
    assert needs_files(asked) is is_needed
