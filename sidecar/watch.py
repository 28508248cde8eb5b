"""Watch for what an operator must know of: begin and end notices, and write the mails that tell of them.

A thing that is wrong is an error whose text says what to do. A scheduler that is dead can't watch itself: the staff
pages and `/readyz` look at its heartbeat.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.orm import Session

from sidecar.core import (
    course_reminders,
    dead_links,
    erasure_reminders,
    heartbeats,
    mails,
    notices,
    source_reminders,
)
from sidecar.core.backlog import (
    count_failed_mails,
    count_overdue,
    list_failing_municipalities,
    list_failing_platforms,
)
from sidecar.core.erasure_reminders import OF_ERASURES
from sidecar.core.notices import OF_COURSES, OF_SOURCES, Notice, Observation
from sidecar.core.signing_keys import active_key
from sidecar.errors import SidecarError
from sidecar.health import Finding, WorkerNotSeenError, examine
from sidecar.language import DEFAULT
from sidecar.runtime import BROWSER, Sidecar

NAME: Final = "watch"
EVERY: Final = timedelta(seconds=60)
STALLED: Final = timedelta(minutes=10)
GRADES_SINCE: Final = timedelta(days=7)
MAILS_SINCE: Final = timedelta(days=1)
BACKUP_EVERY: Final = timedelta(hours=49)
"""A daily backup may fail once before it is told of."""

KEY_GRACE: Final = timedelta(days=14)
KEY_DAYS: Final = 365
"""How old a signing key may get where nobody set `SIDECAR_KEY_DAYS`."""

log = structlog.get_logger()


class QueueStalledError(SidecarError):
    """Overdue jobs: {count}, for up to {minutes} minutes. See that "sidecar worker" runs; if so, add another."""

    code = "queue-stalled"


class DeliveriesFailingError(SidecarError):
    """Failed deliveries to {municipality}: {count}. Open them in the ledger; try again when the cause is gone."""

    code = "deliveries-failing"


class GradesFailingError(SidecarError):
    """Grades that {platform} refused in the last week: {count}. See that the LMS still knows us and the activity."""

    code = "grades-failing"


class KeyOldError(SidecarError):
    """The key that signs to the LMSs is {days} days old. Run "sidecar keys rotate"."""

    code = "key-old"


class BackupOldError(SidecarError):
    """The last backup was taken {hours} hours ago. Run "sidecar backup", and see what became of its timer."""

    code = "backup-old"


class MailFailingError(SidecarError):
    """Mails that could not be sent since yesterday: {count}. Run "sidecar mail test" with your address; it says why."""

    code = "mail-failing"


NEVER_MAILED: Final = frozenset({MailFailingError.code})


def watch(sidecar: Sidecar) -> bool:
    """Look at everything once a minute, whichever scheduler comes first; tell whether this call looked."""
    with sidecar.reading() as db:
        if not _is_due(db, sidecar.now()):
            return False
    found = examine(sidecar, of_service=True)
    with sidecar.transaction() as db:
        now = sidecar.now()
        slept = heartbeats.silence_of(db, NAME, now)
        heartbeats.beat(db, NAME, now)  # whoever comes second waits here for the first, and finds all settled
        if not _is_worker_missed(db, found, slept, now):
            found = [one for one in found if one.code != WorkerNotSeenError.code]
        turn = notices.settle(db, _observe(sidecar, db, found, now), now)
        if sidecar.settings.smtp_url:
            _write_mails(sidecar, db, turn, now)
    for notice in turn.begun:
        log.warning("notice.begun", code=notice.code, notice=notice.id)
    for notice in turn.ended:
        log.info("notice.ended", code=notice.code, notice=notice.id)
    return True


def _is_worker_missed(db: Session, found: list[Finding], slept: timedelta | None, now: datetime) -> bool:
    """Tell whether no worker was seen for longer than it takes to start one, while somebody watched.

    Args:
        slept: for how long nobody watched; None where nobody ever did.
    """
    code = WorkerNotSeenError.code
    is_seen = all(one.code != code for one in found)
    if not is_seen and any(one.code == code for one in notices.list_open(db)):
        return True
    silence = heartbeats.silence_of(db, heartbeats.WORKER, now)
    if is_seen or silence is None or slept is None or slept > heartbeats.SILENCE:
        heartbeats.beat(db, heartbeats.WORKER, now)
        return False
    return silence > heartbeats.SILENCE


def _is_due(db: Session, now: datetime) -> bool:
    silence = heartbeats.silence_of(db, NAME, now)
    return silence is None or silence >= EVERY


def _write_mails(sidecar: Sidecar, db: Session, turn: notices.Turn, now: datetime) -> None:
    extra = [mails.Recipient(address, DEFAULT) for address in sidecar.settings.alert_to]
    operators = [*extra, *mails.list_operators(db, now, DEFAULT)]
    for phase, changed in (("begun", turn.begun), ("ended", turn.ended)):
        for notice in changed:
            if notice.code.startswith(OF_COURSES):
                _remind(sidecar, db, notice, phase, operators)
            elif notice.code.startswith(OF_SOURCES):
                keepers = source_reminders.list_keepers(db, notice.subject, now, sidecar.today(), DEFAULT)
                mails.put(db, notice, phase, [*operators, *keepers], now)
            elif notice.code.startswith(OF_ERASURES):
                _tell_of_wish(sidecar, db, notice, phase, operators)
            elif notice.code not in NEVER_MAILED:
                mails.put(db, notice, phase, operators, now)


def _remind(sidecar: Sidecar, db: Session, notice: Notice, phase: str, operators: Sequence[mails.Recipient]) -> None:
    """Tell those who look after a course, once; operators where nobody does."""
    if phase == "begun":
        now, today = sidecar.now(), sidecar.today()
        keepers = course_reminders.list_keepers(db, notice.municipality_id, now, today, DEFAULT)
        mails.put(db, notice, phase, keepers or operators, now)


def _tell_of_wish(
    sidecar: Sidecar, db: Session, notice: Notice, phase: str, operators: Sequence[mails.Recipient]
) -> None:
    """Tell those who may answer a wish to be erased, once."""
    if phase == "begun":
        now = sidecar.now()
        keepers = erasure_reminders.list_keepers(db, notice.subject, now, sidecar.today(), DEFAULT)
        mails.put(db, notice, phase, [*operators, *keepers], now)


def _observe(sidecar: Sidecar, db: Session, found: list[Finding], now: datetime) -> list[Observation]:
    findings = [_observation(one.problem) for one in found if one.problem and one.what != "scheduler"]
    courses = [*course_reminders.observe(db, sidecar.today()), *dead_links.observe(db), *source_reminders.observe(db)]
    wishes = erasure_reminders.observe(db)
    seen = [*findings, *_of_work(db, now), *_of_keys(sidecar, db, now), *_of_backup(db, now), *courses, *wishes]
    return list({(one.code, one.subject): one for one in seen}.values())


def _observation(problem: SidecarError, subject: str = "", municipality_id: str | None = None) -> Observation:
    return Observation(problem.code, problem.text(), dict(problem.facts), subject, municipality_id)


def _of_work(db: Session, now: datetime) -> Iterator[Observation]:
    count, oldest = count_overdue(db, now, since=STALLED, without=BROWSER)
    if count:
        yield _observation(QueueStalledError(count=count, minutes=int(oldest.total_seconds() // 60)))
    for key, name, failed in list_failing_municipalities(db):
        yield _observation(DeliveriesFailingError(count=failed, municipality=name), key, key)
    for key, name, failed in list_failing_platforms(db, since=now - GRADES_SINCE):
        yield _observation(GradesFailingError(count=failed, platform=name), key)
    if failed := count_failed_mails(db, since=now - MAILS_SINCE):
        yield _observation(MailFailingError(count=failed))


def _of_keys(sidecar: Sidecar, db: Session, now: datetime) -> Iterator[Observation]:
    key = active_key(db)
    if key is None:
        return
    age = now - (key.activated_at or key.created_at)
    if age > timedelta(days=sidecar.settings.key_days or KEY_DAYS) + KEY_GRACE:
        yield _observation(KeyOldError(days=age.days))


def _of_backup(db: Session, now: datetime) -> Iterator[Observation]:
    """Notice that backups have stopped; who never took one here has other ways."""
    age = heartbeats.silence_of(db, heartbeats.BACKUP, now)
    if age and age > BACKUP_EVERY:
        yield _observation(BackupOldError(hours=int(age.total_seconds() // 3600)))


def beat(sidecar: Sidecar) -> None:
    """Note that the scheduler lives."""
    with sidecar.transaction() as db:
        heartbeats.beat(db, heartbeats.SCHEDULER, sidecar.now())
