"""Take in what an LMS tells of completions: page by page, only what differs, and so that a run may be cut off anywhere.

A run that tells what is new (a delta) adds and changes, and takes nothing away: an LMS does not tell that a completion
is no more. A run that tells all withdraws at its end what it has not told of; where that is more than the source's
share, it stops before and waits for somebody's word, as an LMS that refuses access often answers with nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

import structlog
from sqlalchemy import select

from sidecar.connectors.base import CompletionSource, ConnectorError
from sidecar.connectors.records import CompletionPage, CompletionRecord
from sidecar.core import lms_courses, lms_evidence
from sidecar.core.completion_matching import rules_for
from sidecar.core.lms_evidence import Speaker, Told
from sidecar.core.people_sources import APPROVED, FULL, REJECTED, Source, SyncRun
from sidecar.core.placing import VALUE_LIMIT
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.sync.running import HeldError, RunContext

CLOCKS_DIFFER: Final = timedelta(minutes=10)
EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
KEY_CHARACTERS: Final = 255
FEW: Final = 10
"""So many may go without anybody's word, whatever share of all they are."""

COUNTS: Final = ("new", "changed", "restored", "matched", "waiting", "erased", "withdrawn", "no_holder", "unusable")
"""What is counted of a run; `no_holder`: rows of people to whom the LMS gives no ID number."""

WOULD_WITHDRAW: Final = "would_withdraw"
"""What is counted of a run that somebody is asked about."""

log = structlog.get_logger()


class NoCompletionsError(ConnectorError):
    """This connection tells of no completions. Choose one of an LMS."""

    code = "no-completions"


class WithdrawalRejectedError(SidecarError):
    """The LMS still leaves out the {count} completions that were not to be withdrawn, and none was.

    See what the token's user may read there, and that the report shows all; then run the source again.
    """

    code = "completions-withdrawal-rejected"


def take_in(sidecar: Sidecar, run: RunContext) -> None:
    """Take in what a source tells, from where an earlier part of the run was cut off.

    Raises:
        ConnectorError: the LMS can't be read, or not understood.
        HeldError: a full run would withdraw too much.
        WithdrawalRejectedError: somebody was asked about as much, and said no.
    """
    if not isinstance(run.connector, CompletionSource):
        raise NoCompletionsError
    since = None if run.mode == FULL else run.since
    intake = _Intake(sidecar, run)
    for page in run.connector.completions(since, run.checkpoint):
        intake.take(page)
    if run.mode == FULL:
        intake.withdraw()
    intake.move_what_was_mapped_meanwhile()
    run.next_cursor = {"since": "last-run"}


class _Intake:
    """One part of a run: what has been counted, and which courses the source has."""

    def __init__(self, sidecar: Sidecar, run: RunContext) -> None:
        self._sidecar, self._run = sidecar, run
        self._counts = dict.fromkeys(COUNTS, 0) | run.counts
        self._rows_done = run.rows_done
        with sidecar.reading() as db:
            self._source = db.get_one(Source, run.source_id)
            self._rules = rules_for(db, run.platform_id, run.municipality_id)
            db.expunge_all()
        self._speaker = Speaker(run.source_id, run.platform_id, self._rules)
        self._courses: dict[str, tuple[str, str, str]] = {}
        self._read_courses()

    def take(self, page: CompletionPage) -> None:
        """Take in a page, some thousand rows at a time; only its end is a place to go on from."""
        rows = iter(page.rows)
        some = list(islice(rows, lms_evidence.KEYS_A_TIME))
        while further := list(islice(rows, lms_evidence.KEYS_A_TIME)):
            self._take(some, None, page.total)
            some = further
        self._take(some, page, page.total)
        self._run.rest_if_long()

    def _take(self, rows: Sequence[CompletionRecord], page: CompletionPage | None, total: int | None) -> None:
        self._learn_courses(rows)
        told, doubtful = self._usable(rows)
        self._rows_done += len(rows)
        checkpoint = page.checkpoint if page else self._run.checkpoint
        with self._sidecar.reading() as db:
            found = lms_evidence.compare(db, self._run.source_id, told)
            also_seen = lms_evidence.compare(db, self._run.source_id, doubtful).seen if doubtful else []
        seen = [*found.seen, *also_seen] if self._run.mode == FULL else []
        with self._sidecar.transaction() as db:
            if found.new or found.changed or found.waiting:
                found = lms_evidence.compare(db, self._run.source_id, told)  # nobody else writes from here on
                seen_in = self._run.run_id if self._run.mode == FULL else None
                self._add(lms_evidence.write(db, self._speaker, found, self._sidecar.now(), seen_in=seen_in))
            lms_evidence.mark_seen(db, seen, self._run.run_id)
            self._run.note(self._rows_done, total, self._counts, checkpoint, db=db)

    def _add(self, counts: dict[str, int]) -> None:
        for name, count in counts.items():
            self._counts[name] += count

    def _read_courses(self) -> None:
        with self._sidecar.reading() as db:
            known = lms_courses.list_known(db, self._run.source_id)
        self._courses = {key: (one.id, one.course_id, one.title) for key, one in known.items()}

    def _learn_courses(self, rows: Sequence[CompletionRecord]) -> None:
        """Add courses that are told of for the first time, and titles that changed."""
        told = {row.course_key: row.course_title for row in rows}
        known = self._courses
        news = {
            key: title
            for key, title in told.items()
            if _is_key(key) and (key not in known or known[key][2] != lms_courses.shown_title(title))
        }
        if not news:
            return
        with self._sidecar.transaction() as db:
            lms_courses.take_in(db, db.get_one(Source, self._run.source_id), news, self._sidecar.now())
        self._read_courses()

    def _usable(self, rows: Sequence[CompletionRecord]) -> tuple[dict[str, Told], dict[str, Told]]:
        """Return what can be taken in, by key, and what is told of with a time that can't be."""
        told: dict[str, Told] = {}
        doubtful: dict[str, Told] = {}
        latest, courses = self._sidecar.now() + CLOCKS_DIFFER, self._courses
        for row in rows:
            holder, completed_at = row.holder.strip(), row.completed_at
            if completed_at is None:
                continue
            course = courses.get(row.course_key)
            if not holder:
                self._counts["no_holder"] += 1
            elif course is None or len(holder) > VALUE_LIMIT or not holder.isprintable():
                self._counts["unusable"] += 1
            else:
                key = lms_courses.source_key(course[0], holder)
                one = Told(key, holder, course[1], completed_at, _share(row.score), course[0])
                if completed_at.tzinfo is None or not EARLIEST <= completed_at <= latest:
                    self._counts["unusable"] += 1
                    doubtful[key] = one
                else:
                    before = told.get(key)
                    told[key] = one if before is None else _better(before, one)
        return told, doubtful

    def move_what_was_mapped_meanwhile(self) -> None:
        """Ask for the move of what was written for a course that means another one since this part began."""
        before = self._courses
        self._read_courses()
        moved = [one[0] for key, one in self._courses.items() if key in before and before[key][1] != one[1]]
        if moved:
            with self._sidecar.transaction() as db:
                for lms_course_id in moved:
                    lms_courses.ask_to_move(db, lms_course_id, self._sidecar.now())

    def withdraw(self) -> None:
        """Withdraw what the LMS has not told of; somebody is asked first where that is much.

        Raises:
            HeldError: it is, and not so many were approved.
            WithdrawalRejectedError: as many were turned down.
        """
        run = self._run
        with self._sidecar.reading() as db:
            missing, total = lms_evidence.count_missing(db, run.source_id, run.run_id)
        if missing > FEW and missing * 100 > total * self._source.quarantine_percent:
            self._refuse_unapproved(missing)
        for count in self._withdrawn():
            self._counts["withdrawn"] += count
        if missing:
            run.note(self._rows_done, run.rows_total, self._counts, run.checkpoint)

    def _refuse_unapproved(self, missing: int) -> None:
        """Refuse to withdraw more than somebody has approved: what they said goes for so many, and no further."""
        decided = self._decided()
        if decided is None:
            raise HeldError(self._counts | {WOULD_WITHDRAW: missing})
        asked_about = decided.counts.get(WOULD_WITHDRAW, 0)
        if decided.state == REJECTED and missing == asked_about:
            raise WithdrawalRejectedError(count=missing)
        if decided.state == REJECTED or missing > asked_about:
            raise HeldError(self._counts | {WOULD_WITHDRAW: missing})

    def _decided(self) -> SyncRun | None:
        """Return the run that somebody last decided about, as long as the source keeps their word."""
        if not self._source.verdict:
            return None
        of_source = SyncRun.source_id == self._run.source_id, SyncRun.state.in_((APPROVED, REJECTED))
        with self._sidecar.reading() as db:
            found = db.scalars(select(SyncRun).where(*of_source).order_by(SyncRun.asked_at.desc()).limit(1)).first()
            db.expunge_all()
        return found

    def _withdrawn(self) -> Iterator[int]:
        while True:
            with self._sidecar.transaction() as db:
                run = self._run
                count = lms_evidence.withdraw_missing(db, run.source_id, run.run_id, self._sidecar.now())
            if not count:
                return
            yield count


def _is_key(key: str) -> bool:
    return 0 < len(key) <= KEY_CHARACTERS and key.isprintable()


def _share(score: float | None) -> float | None:
    """Return a score that can be one; what is not a number is none."""
    return score if score is not None and 0 <= score <= 1 else None


def _better(one: Told, other: Told) -> Told:
    """Join what is told twice of one course and holder, as reports do for two ways of enrolment: the earlier counts."""
    first = min(one, other, key=lambda each: each.completed_at)
    scores = [each.score for each in (one, other) if each.score is not None]
    return first._replace(score=max(scores, default=None))
