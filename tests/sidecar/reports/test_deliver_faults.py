"""Test what the ledger says when a channel, a worker or the other side fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from sidecar.connecting import remove_connection
from sidecar.connectors.base import Progress, RejectedError, UnreachableError
from sidecar.core import backlog
from sidecar.core.access import Viewer, operator_at_the_console, viewer_by
from sidecar.core.audit import AuditEntry
from sidecar.core.deliveries import Delivery, DeliveryItem, FilesRemovedError, NotRetryableError, TooLargeError
from sidecar.core.delivery_following import KIND, LOOKS, NotFollowableError, next_look
from sidecar.core.delivery_pages import tell
from sidecar.core.delivery_resending import NotResendableError, ReasonMissingError, ReasonTooLongError
from sidecar.core.ledgers import Wanted, list_ledger
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import MAX_ATTEMPTS, GiveUp, OutboxItem
from sidecar.core.periods import read_period
from sidecar.core.regions import join, leave
from sidecar.core.report_specs import BASIC
from sidecar.core.staff import Grant
from sidecar.errors import NotFoundError
from sidecar.jobs import HANDLERS, perform_item
from sidecar.reports import asking, deliver, following
from sidecar.reports.channels import ChannelRemovedError
from sidecar.reports.resending import resend
from sidecar.runtime import Sidecar
from tests.fakes.channel import Followed, Known, Narrow, Plain, Post
from tests.fakes.clock import FakeClock
from tests.fakes.worker import perform_all_due
from tests.sidecar.reports.waiting_delivery import SetChannel, see

SEPTEMBER = read_period("2026-09")
CONSOLE = operator_at_the_console()


def killed() -> None:
    raise KeyboardInterrupt


def test_a_parcel_names_the_page_behind_sign_in(
    sidecar: Sidecar, kongsberg: Municipality, asked: Delivery, post: Post, use: SetChannel
) -> None:
    use(Plain)
    deliver.hand_over(sidecar, asked.id)
    (_, parcel), found = post.taken[0], see(sidecar, asked)
    assert parcel.link == f"{sidecar.settings.public_url}/reports/{asked.id}"
    assert (parcel.subject, parcel.period) == ("Fullføringer Kongsberg kommune 2026-09", "2026-09")
    assert (found.state, found.sent_at, found.may_be_twice) == ("delivered", found.delivered_at, False)


def test_killed_before_it_was_sent_it_is_sent_once(
    sidecar: Sidecar, asked: Delivery, post: Post, use: SetChannel, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(Known)
    with monkeypatch.context() as patch:
        patch.setattr("sidecar.reports.deliver._parcel", lambda *_: killed())
        with pytest.raises(KeyboardInterrupt):
            deliver.hand_over(sidecar, asked.id)
    assert post.taken == []
    clock.advance(minutes=10)
    deliver.hand_over(sidecar, asked.id)
    assert (len(post.taken), see(sidecar, asked).may_be_twice) == (1, False)


@pytest.mark.parametrize(("kind", "times", "may_be_twice"), [(Known, 1, False), (Plain, 2, True)])
def test_killed_between_sending_and_recording_it_is_looked_up_or_said_to_be_there_twice(
    sidecar: Sidecar,
    asked: Delivery,
    post: Post,
    use: SetChannel,
    clock: FakeClock,
    kind: type[Plain],
    times: int,
    may_be_twice: bool,
) -> None:
    use(kind)
    post.on_taken = killed
    with pytest.raises(KeyboardInterrupt):
        deliver.hand_over(sidecar, asked.id)
    post.on_taken = lambda: None
    clock.advance(minutes=10)
    deliver.hand_over(sidecar, asked.id)

    found = see(sidecar, asked)
    assert (found.state, found.may_be_twice, found.attempts) == ("delivered", may_be_twice, 2)
    assert post.keys == [asked.key] * times


def test_a_retry_by_hand_of_what_was_cut_off_may_be_there_twice_too(
    sidecar: Sidecar, asked: Delivery, post: Post, use: SetChannel, clock: FakeClock
) -> None:
    use(Plain)
    post.on_taken = killed
    with pytest.raises(KeyboardInterrupt):
        deliver.hand_over(sidecar, asked.id)
    post.on_taken = lambda: None
    clock.advance(minutes=10)
    deliver.retry(sidecar, CONSOLE, asked.id)
    deliver.hand_over(sidecar, asked.id)
    assert see(sidecar, asked).may_be_twice


def test_what_is_busy_now_says_when_it_is_tried_next_and_arrives(
    sidecar: Sidecar, asked: Delivery, post: Post, use: SetChannel, clock: FakeClock
) -> None:
    use(Plain)
    post.problems = [UnreachableError()]
    perform_all_due(sidecar)
    with sidecar.reading() as db:
        [line] = list_ledger(db, CONSOLE, Wanted(state="retrying")).lines
    assert (line.delivery.error_code, line.next_try_at) == ("connector-unreachable", clock() + timedelta(minutes=1))
    clock.advance(minutes=2)
    perform_all_due(sidecar)
    assert (see(sidecar, asked).state, see(sidecar, asked).error_code) == ("delivered", None)


def test_what_is_larger_than_the_channel_takes_is_not_sent(
    sidecar: Sidecar, asked: Delivery, post: Post, use: SetChannel
) -> None:
    use(Narrow)
    with pytest.raises(GiveUp, match=TooLargeError.code):
        deliver.hand_over(sidecar, asked.id)
    found = see(sidecar, asked)
    assert (post.taken, found.state, found.error_code) == ([], "failed", "report-too-large")
    assert found.error is not None
    assert found.error["facts"]["most"] == "10 B"

    again = asking.request(
        sidecar, found.municipality_id, SEPTEMBER, replace(BASIC, spec=replace(BASIC.spec, formats=("csv",)))
    )
    assert ([one.id for one in again], len(again[0].files), again[0].state) == ([asked.id], 1, "waiting")


def test_a_channel_that_is_gone_says_so(sidecar: Sidecar, asked: Delivery, post: Post, use: SetChannel) -> None:
    use(Followed)
    deliver.hand_over(sidecar, asked.id)
    remove_connection(sidecar, CONSOLE, asked.connection_id)
    following.follow(sidecar, asked.id)
    assert (see(sidecar, asked).state, see(sidecar, asked).error_code) == ("sent", ChannelRemovedError.code)
    with pytest.raises(ChannelRemovedError):
        resend(sidecar, CONSOLE, asked.id, "lost")


# --- what the other side says later


@pytest.fixture
def sent(sidecar: Sidecar, asked: Delivery, post: Post, use: SetChannel) -> Delivery:
    """A delivery that the other side has taken."""
    use(Followed)
    perform_all_due(sidecar)
    assert post.asked == []
    return see(sidecar, asked)


def test_the_other_side_is_asked_till_it_says_that_it_was_read(
    sidecar: Sidecar, sent: Delivery, post: Post, clock: FakeClock
) -> None:
    assert (sent.state, sent.delivered_at, sent.sent_at) == ("sent", None, clock())
    clock.advance(minutes=11)
    perform_all_due(sidecar)
    assert (see(sidecar, sent).state, len(post.asked)) == ("sent", 1)

    post.says = Progress("delivered", {"id": "7"})
    clock.advance(hours=1)
    perform_all_due(sidecar)
    found = see(sidecar, sent)
    assert (found.state, found.delivered_at, found.read_at) == ("delivered", clock(), None)

    post.says = Progress("read")
    clock.advance(hours=6)
    perform_all_due(sidecar)
    assert see(sidecar, sent).read_at == clock()
    clock.advance(days=2)
    perform_all_due(sidecar)
    assert len(post.asked) == 3


def test_what_is_refused_later_has_failed_and_is_sent_under_another_key_when_tried_again(
    sidecar: Sidecar, sent: Delivery, post: Post, clock: FakeClock
) -> None:
    post.says = Progress("refused", reason="no such organisation")
    clock.advance(minutes=11)
    perform_all_due(sidecar)
    found = see(sidecar, sent)
    assert (found.state, found.error_code) == ("failed", "refused-later")
    assert found.error is not None
    assert found.error["facts"] == {"reason": "no such organisation"}

    post.says = Progress("delivered")
    deliver.retry(sidecar, CONSOLE, sent.id)
    perform_all_due(sidecar)
    assert (len(post.taken), len(set(post.keys))) == (2, 2)
    clock.advance(minutes=11)
    perform_all_due(sidecar)
    assert see(sidecar, sent).state == "delivered"


def test_a_side_that_never_answers_is_told_of(sidecar: Sidecar, sent: Delivery, post: Post, clock: FakeClock) -> None:
    for _ in range(20):
        clock.advance(days=1)
        perform_all_due(sidecar)
    found = see(sidecar, sent)
    assert (found.state, found.error_code) == ("sent", "never-answered")
    assert len(post.asked) == 14
    with pytest.raises(NotRetryableError):
        deliver.retry(sidecar, CONSOLE, sent.id)
    with sidecar.reading() as db:
        assert list_ledger(db, CONSOLE, Wanted(state="attention")).total == 1
        assert [count for _, _, count in backlog.list_failing_municipalities(db)] == [1]
        assert backlog.count_deliveries(db) == {"sent": 0, "never-answered": 1}

    post.says = Progress("delivered")
    following.ask_now(sidecar, CONSOLE, sent.id)
    perform_all_due(sidecar)
    assert (see(sidecar, sent).state, see(sidecar, sent).error_code) == ("delivered", None)


def test_a_side_that_can_not_be_asked_is_asked_again(
    sidecar: Sidecar, sent: Delivery, post: Post, clock: FakeClock
) -> None:
    post.says = UnreachableError()
    clock.advance(minutes=11)
    perform_all_due(sidecar)
    assert (see(sidecar, sent).state, see(sidecar, sent).error_code) == ("sent", "connector-unreachable")
    post.says = Progress("sent")
    clock.advance(hours=1)
    perform_all_due(sidecar)
    assert (see(sidecar, sent).error_code, len(post.asked)) == (None, 2)


def test_asking_now_leaves_the_turns_as_they_are(
    sidecar: Sidecar, sent: Delivery, post: Post, clock: FakeClock
) -> None:
    clock.advance(minutes=5)
    following.ask_now(sidecar, CONSOLE, sent.id)
    perform_all_due(sidecar)
    assert len(post.asked) == 1
    clock.advance(minutes=6)
    perform_all_due(sidecar)
    assert len(post.asked) == 2


def test_a_connector_that_breaks_while_it_is_asked_is_asked_again(
    sidecar: Sidecar, sent: Delivery, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*_: object) -> Progress:
        raise KeyError("Kari")

    monkeypatch.setattr(Followed, "follow", defect)
    following.follow(sidecar, sent.id)
    assert (see(sidecar, sent).state, see(sidecar, sent).error_code) == ("sent", "connector-broken")


def test_asking_that_is_cut_off_each_time_is_told_of(sidecar: Sidecar, sent: Delivery, clock: FakeClock) -> None:
    with sidecar.transaction() as db:
        item = db.scalars(select(OutboxItem).where(OutboxItem.kind == KIND)).one()
        item.attempts = MAX_ATTEMPTS
    clock.advance(minutes=11)
    perform_item(sidecar, item.id, HANDLERS)
    assert (see(sidecar, sent).state, see(sidecar, sent).error_code) == ("sent", "never-answered")


def test_only_what_is_followed_can_be_asked_after(sidecar: Sidecar, asked: Delivery, use: SetChannel) -> None:
    use(Plain)
    deliver.hand_over(sidecar, asked.id)
    with pytest.raises(NotFollowableError):
        following.ask_now(sidecar, CONSOLE, asked.id)
    following.follow(sidecar, asked.id)
    assert see(sidecar, asked).state == "delivered"


def test_the_turns_go_from_minutes_to_days() -> None:
    at = datetime(2026, 9, 1, tzinfo=UTC)
    assert next_look(at, at) == at + timedelta(minutes=10)
    assert next_look(at, at + timedelta(hours=2)) == at + timedelta(hours=6)
    assert next_look(at, at + timedelta(days=3)) == at + timedelta(days=4)
    assert next_look(at, at + LOOKS[-1]) is None


# --- sending again


def test_a_delivered_report_is_sent_again_with_a_reason(
    sidecar: Sidecar, asked: Delivery, post: Post, use: SetChannel
) -> None:
    use(Known)
    perform_all_due(sidecar)
    again = resend(sidecar, CONSOLE, asked.id, "  the file was  lost ")
    assert resend(sidecar, CONSOLE, asked.id, "clicked twice").id == again.id
    perform_all_due(sidecar)

    first, second = see(sidecar, asked), see(sidecar, again)
    assert (second.state, second.resends_id, second.resend_reason) == ("delivered", first.id, "the file was lost")
    assert (second.content_hash, second.files) == (first.content_hash, first.files)
    assert len(set(post.keys)) == len(post.taken) == 2
    with sidecar.reading() as db:
        assert db.query(DeliveryItem).count() == 2
        assert [one.subject for one in db.query(AuditEntry).where(AuditEntry.action == "delivery.resent")] == [again.id]
        assert [one.id for one in tell(db, CONSOLE, asked.id).again] == [again.id]

    third = resend(sidecar, CONSOLE, asked.id, "lost once more")
    assert third.id != again.id
    assert asking.request(sidecar, asked.municipality_id, SEPTEMBER)[0].id == asked.id


def test_what_failed_is_replaced_by_what_was_sent_again(
    sidecar: Sidecar, asked: Delivery, post: Post, use: SetChannel
) -> None:
    use(Plain)
    post.problems = [RejectedError(reason="full")]
    perform_all_due(sidecar)
    with sidecar.reading() as db:
        assert list_ledger(db, CONSOLE, Wanted(state="attention")).total == 1
    resend(sidecar, CONSOLE, asked.id, "they made room")
    perform_all_due(sidecar)
    with sidecar.reading() as db:
        assert list_ledger(db, CONSOLE, Wanted(state="attention")).total == 0


def test_a_resend_is_refused_without_a_reason_or_files_or_before_it_went_out(
    sidecar: Sidecar, asked: Delivery, use: SetChannel
) -> None:
    use(Plain)
    with pytest.raises(NotResendableError):
        resend(sidecar, CONSOLE, asked.id, "why")
    deliver.hand_over(sidecar, asked.id)
    with pytest.raises(ReasonMissingError):
        resend(sidecar, CONSOLE, asked.id, " \n ")
    with pytest.raises(ReasonTooLongError):
        resend(sidecar, CONSOLE, asked.id, "x" * 501)
    with sidecar.transaction() as db:
        db.get_one(Delivery, asked.id).files_removed_at = sidecar.now()
    with pytest.raises(FilesRemovedError):
        resend(sidecar, CONSOLE, asked.id, "why")


def test_a_municipality_that_left_the_region_is_seen_and_sent_again_by_nobody_there(
    sidecar: Sidecar, kongsberg: Municipality, asked: Delivery, use: SetChannel
) -> None:
    use(Plain)
    with sidecar.transaction() as db:
        region = join(db, "kongsbergregionen", kongsberg.id, sidecar.today() - timedelta(days=30))

    def office() -> Viewer:
        grant = Grant(identity_id="x", role="rkk", region_id=region.id, granted_at=sidecar.now())
        with sidecar.reading() as db:
            return viewer_by(db, "x", [grant], sidecar.today())

    with sidecar.reading() as db:
        assert list_ledger(db, office(), Wanted()).total == 1
    with sidecar.transaction() as db:
        leave(db, "kongsbergregionen", kongsberg.id, sidecar.today())
    perform_all_due(sidecar)  # what was asked for before still arrives
    assert see(sidecar, asked).state == "delivered"
    with sidecar.reading() as db:
        assert list_ledger(db, office(), Wanted()).total == 0
    with pytest.raises(NotFoundError):
        resend(sidecar, office(), asked.id, "why")
    with pytest.raises(NotFoundError):
        deliver.retry(sidecar, office(), asked.id)
