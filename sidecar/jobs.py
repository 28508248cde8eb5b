"""Run what the outbox says: ids in, one call down, the outcome recorded."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from redis import Redis
from redis.client import Pipeline
from rq import Queue, Worker
from rq.job import Job
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty
from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars

from sidecar import browser_checks, course_links, housekeeping, privacy
from sidecar.contact_mailing import send_code, send_confirmation
from sidecar.core import browser_checks as asked_looks
from sidecar.core import (
    change_feed,
    contact_codes,
    contact_mails,
    course_rules,
    crossing_agreements,
    crossing_received,
    dead_links,
    deliveries,
    delivery_following,
    grades,
    lms_courses,
    mails,
    matching_rules,
    offered_paths,
    outbox,
    path_offers,
    path_use,
    paths,
    peers,
    placing,
    platform_checks,
    report_runs,
    resuming,
    rosters,
    sync_runs,
)
from sidecar.core.outbox import ABANDONED, MAX_ATTEMPTS, Claim, GiveUp, TryLater
from sidecar.lifeline import die_with_parent
from sidecar.mailing import send_mail
from sidecar.reports import changes
from sidecar.reports import running as report_running
from sidecar.reports.deliver import hand_over
from sidecar.reports.following import follow
from sidecar.room import NoRoomError, is_no_room
from sidecar.runtime import PATIENT_QUEUE, QUEUE, QUEUE_TIMEOUT_S, Sidecar
from sidecar.settings import read_settings
from sidecar.sharing import crossing_hearing, crossing_telling, fetching, following, offering, use
from sidecar.sync import course_changes, intakes, late_placing, look_alikes, running
from sidecar.tally import Tally
from sidecar.tool import refresh_roster, resume_grades, send_grade
from sidecar.tool.checking import check_asked


@dataclass(frozen=True)
class Handler:
    """What a kind of item calls.

    Attributes:
        perform: does it, outside any transaction; gets the subject.
        give_up: leaves the subject in its final state when nothing more will be tried; gets the subject and the code.
            None where people see no state but the item's own.
    """

    perform: Callable[[Sidecar, str], None]
    give_up: Callable[[Session, str, str], None] | None = None


HANDLERS: Final[dict[str, Handler]] = {
    "grade": Handler(send_grade, grades.give_up),
    resuming.KIND: Handler(resume_grades),
    rosters.KIND: Handler(refresh_roster, rosters.fail),
    "delivery": Handler(hand_over, deliveries.give_up),
    delivery_following.KIND: Handler(follow, delivery_following.give_up),
    report_runs.KIND: Handler(report_running.run_part, report_running.give_up),
    mails.KIND: Handler(send_mail, mails.give_up),
    contact_mails.KIND: Handler(send_confirmation, contact_mails.give_up),
    contact_codes.KIND: Handler(send_code),
    housekeeping.KIND: Handler(housekeeping.run_part),
    dead_links.KIND: Handler(course_links.run_part),
    asked_looks.KIND: Handler(browser_checks.look, asked_looks.give_up),
    privacy.KIND: Handler(privacy.remove_file),
    platform_checks.KIND: Handler(check_asked),
    sync_runs.KIND: Handler(intakes.run_part, running.give_up),
    lms_courses.KIND: Handler(course_changes.move_completed),
    course_rules.KIND: Handler(course_changes.apply_rule),
    paths.KIND: Handler(course_changes.finish_path),
    change_feed.KIND: Handler(changes.write_changes),
    crossing_agreements.KIND: Handler(crossing_telling.tell, crossing_telling.give_up),
    crossing_received.MATCHING: Handler(crossing_hearing.match_waiting),
    crossing_received.ANSWERING: Handler(crossing_hearing.answer),
    placing.KIND: Handler(late_placing.place_waiting),
    matching_rules.KIND: Handler(look_alikes.look_on),
    peers.KIND: Handler(following.pull),
    offered_paths.KIND: Handler(fetching.fetch_parts, offered_paths.give_up),
    path_offers.KIND: Handler(offering.make_ready, path_offers.give_up),
    path_use.KIND: Handler(use.tell),
}
"""What each kind of item calls."""


log = structlog.get_logger()


class OutOfTimeError(BaseException):
    """Say that a job ran for too long; no handler may take it for a failure of what it calls."""


class DefectError(Exception):
    """Name the class of an error and no more: the queue keeps and logs what it is given, and messages hold values."""


def perform(item_id: str) -> None:
    """Do one item of the outbox; this is what the queue calls, in a process that does nothing else."""
    sidecar = Sidecar(read_settings())
    sidecar.on_lost_claim = partial(os.kill, os.getpid(), signal.SIGKILL)
    try:
        perform_item(sidecar, item_id, HANDLERS)
    except Exception as error:
        log.exception("job.broke_off", item=item_id)
        raise DefectError(type(error).__name__) from None
    finally:
        sidecar.tally.hand_over(sidecar.redis)
        sidecar.close()


def perform_item(sidecar: Sidecar, item_id: str, handlers: Mapping[str, Handler]) -> None:
    """Claim an item, run its handler outside any transaction, and record how it went.

    An item that another has claimed, that is not due or that has ended is left alone.
    """
    with sidecar.transaction() as db:
        claim = outbox.claim(db, item_id, sidecar.now())
    if claim is None:
        return
    # what nobody's request asked for goes by the item's own id from here on
    with bound_contextvars(job_id=item_id, request_id=claim.request_id or item_id):
        _perform(sidecar, claim, handlers)


def _perform(sidecar: Sidecar, claim: Claim, handlers: Mapping[str, Handler]) -> None:
    began = time.perf_counter()
    handler = handlers.get(claim.kind)
    wish = _run(sidecar, claim, handler)
    with sidecar.transaction() as db:
        outcome = _record(db, claim, wish, handler, sidecar.now())
    duration_s = time.perf_counter() - began
    log.info(
        "job.ended",
        kind=claim.kind,
        attempt=claim.attempt,
        code=wish.code if wish else "done",
        duration_ms=round(duration_s * 1000, 1),
    )
    sidecar.tally.observe("job", claim.kind if handler else "unknown", outcome, duration_s=duration_s)


def _run(sidecar: Sidecar, claim: Claim, handler: Handler | None) -> TryLater | GiveUp | None:
    """Run the handler; return what it wishes, None for done."""
    if claim.attempt > MAX_ATTEMPTS:
        return GiveUp(ABANDONED)
    if handler is None:
        return GiveUp("unknown-kind")
    try:
        with sidecar.keep(lambda db, now: outbox.renew(db, claim, now), outbox.LEASE):
            handler.perform(sidecar, claim.subject)
    except (TryLater, GiveUp) as wish:
        return wish
    except OutOfTimeError:
        log.exception("job.stopped_late", kind=claim.kind)
        return TryLater("out-of-time")
    except Exception as error:  # a defect must not lose the item: it is logged, recorded and tried again
        log.exception("job.broke_off", kind=claim.kind)
        return TryLater(NoRoomError.code if is_no_room(error) else type(error).__name__)
    return None


def _record(db: Session, claim: Claim, wish: TryLater | GiveUp | None, handler: Handler | None, now: datetime) -> str:
    """Record how it went; return done, failed or retried."""
    if wish is None:
        outbox.record_done(db, claim, now)
        return "done"
    if isinstance(wish, GiveUp) or claim.is_last:
        if handler and handler.give_up:
            handler.give_up(db, claim.subject, wish.code)
        outbox.record_failed(db, claim, wish.code, now)
        return "failed"
    outbox.record_retry(db, claim, wish.code, now, wait=wish.wait)
    return "retried"


class _Deadline(UnixSignalDeathPenalty):
    """Raise `OutOfTimeError` in a job that has run for too long."""

    def __init__(self, timeout: int, exception: type[BaseException], **options: object) -> None:
        in_a_job = exception is JobTimeoutException
        super().__init__(  # type: ignore[no-untyped-call]
            timeout, OutOfTimeError if in_a_job else exception, **options
        )


class SafeWorker(Worker):
    """Take an abandoned job up again within seconds, and leave no orphan behind that would run beside it.

    RQ's defaults wait for minutes, and a forked job outlives a worker that was killed.
    """

    death_penalty_class = _Deadline

    def __init__(self, url: str, queues: Sequence[str] = (QUEUE, PATIENT_QUEUE), role: str = "worker") -> None:
        """Work on the queues of a server, in this order, by a connection of its own: its reads wait for jobs.

        Args:
            role: what the metrics call it.
        """
        self._role = role
        connection = Redis.from_url(url, socket_connect_timeout=QUEUE_TIMEOUT_S)
        super().__init__(
            [Queue(name, connection=connection, serializer="json") for name in queues],
            connection=connection,
            serializer="json",
            worker_ttl=20,
            maintenance_interval=5,
            job_monitoring_interval=3,
            log_job_description=False,
        )

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:  # noqa: ARG002 (RQ's own signature)
        """Return after how many silent seconds a job counts as abandoned."""
        return 12

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Say that the worker lives, to RQ and to the metrics."""
        super().heartbeat(timeout, pipeline)
        if os.getpid() == self.pid:  # the forked process of a job does so too
            Tally().hand_over(self.connection, self._role)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Run the job in the forked process, which dies with its worker."""
        die_with_parent(signal.SIGKILL)
        super().main_work_horse(job, queue)
