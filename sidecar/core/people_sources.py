"""Keep the sources of people and completions, how each run went, and what waits for somebody's word."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Id, JsonValue, Key, new_id

PEOPLE: Final = "people"
COMPLETIONS: Final = "completions"
FULL: Final = "full"
DELTA: Final = "delta"
WAITING: Final = "waiting"
RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"
QUARANTINED: Final = "quarantined"
APPROVED: Final = "approved"
REJECTED: Final = "rejected"
LIVE: Final = (WAITING, RUNNING)
"""The states of a run that has not ended; of each source at most one is in them."""

QUARANTINE_PERCENT: Final = 10
INTERVAL_MINUTES: Final = 24 * 60

LIVE_CONDITION: Final = text("state IN ('waiting', 'running')")


class Source(Base, kw_only=True):
    """What is brought in by itself over a connection: a municipality's people, or an LMS's completions.

    Attributes:
        kind: people or completions.
        municipality_id: whose people they are; None for what an LMS tells, which is matched by its platform's rules.
        interval_minutes: from one run to the next; 0: it is pushed to us, or run by hand only.
        quarantine_percent: a run that would end, move or bring back more than this share waits for approval.
        mapping: the columns of a file by our names; see the connector.
        file_digest: of the stored file that the next run reads, where files are uploaded; None once it is taken in, or
            nobody will.
        cursor: where the next delta begins, as the connector has it.
        verdict: what somebody decided of a run in quarantine: {"approved": its id}, whose changes may be taken in, or
            {"rejected": the digest of the changes} that may not; None otherwise.
        recent_changes: how many changes nobody was asked about, by day; see `core.recent_changes`.
        last_success_at: when the last run that went well began, `last_full_at`: the last of them that read all.
        failures: how many runs in a row have failed.
    """

    __tablename__ = "source"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    connection_id: Mapped[Id] = mapped_column(ForeignKey("connection.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    municipality_id: Mapped[Id | None] = mapped_column(ForeignKey("municipality.id"), default=None, index=True)
    interval_minutes: Mapped[int] = mapped_column(default=INTERVAL_MINUTES)
    quarantine_percent: Mapped[int] = mapped_column(default=QUARANTINE_PERCENT)
    mapping: Mapped[JsonValue | None] = mapped_column(default=None)
    file_digest: Mapped[str | None] = mapped_column(String(64), default=None)
    cursor: Mapped[JsonValue | None] = mapped_column(default=None)
    verdict: Mapped[JsonValue | None] = mapped_column(default=None)
    recent_changes: Mapped[JsonValue | None] = mapped_column(default=None)
    next_run_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    last_success_at: Mapped[datetime | None] = mapped_column(default=None)
    last_full_at: Mapped[datetime | None] = mapped_column(default=None)
    failures: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    paused_at: Mapped[datetime | None] = mapped_column(default=None)
    removed_at: Mapped[datetime | None] = mapped_column(default=None)


class SyncRun(Base, kw_only=True):
    """One run of a source.

    Attributes:
        mode: full or delta.
        state: waiting, running, done, failed, quarantined, approved, rejected.
        rows_done: how many rows are taken in; `rows_total`: of how many, as far as the source says.
        counts: what changed, in numbers by name.
        checkpoint: where a run that was cut off goes on, as the connector has it.
        remarks: what was set aside: [{line, code}], the first ones; never what stands there.
        error: {template, facts} of what made it fail, in English, to be said in the reader's language.
    """

    __tablename__ = "sync_run"
    __table_args__ = (
        Index(
            "uq_sync_run_source_id_live",
            "source_id",
            unique=True,
            sqlite_where=LIVE_CONDITION,
            postgresql_where=LIVE_CONDITION,
        ),
        Index("ix_sync_run_source_id_asked_at", "source_id", "asked_at"),
    )

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    source_id: Mapped[Id] = mapped_column(ForeignKey("source.id"))
    mode: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    asked_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    rows_done: Mapped[int] = mapped_column(default=0)
    rows_total: Mapped[int | None] = mapped_column(default=None)
    counts: Mapped[JsonValue] = mapped_column(default_factory=dict)
    checkpoint: Mapped[JsonValue | None] = mapped_column(default=None)
    remarks: Mapped[JsonValue | None] = mapped_column(default=None)
    error_code: Mapped[str | None] = mapped_column(String(60), default=None)
    error: Mapped[JsonValue | None] = mapped_column(default=None)
    decided_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)


class SyncChange(Base, kw_only=True):
    """What a run in quarantine would do to one employment; gone once it is taken in or turned down.

    `kind`: end, move, replace, rename, return or earlier. `before`, `after`: the words that differ, by field.
    """

    __tablename__ = "sync_change"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    run_id: Mapped[Id] = mapped_column(ForeignKey("sync_run.id"), index=True)
    employment_id: Mapped[Id] = mapped_column(ForeignKey("employment.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    before: Mapped[JsonValue]
    after: Mapped[JsonValue]


class LmsCourse(Base, kw_only=True):
    """A course that an LMS tells completions of, by the LMS's own key; mapped to one of ours, or standing for itself.

    `mapped_by`: who mapped it; None where it stands for itself, as at first.
    """

    __tablename__ = "lms_course"
    __table_args__ = (UniqueConstraint("source_id", "key"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    source_id: Mapped[Id] = mapped_column(ForeignKey("source.id"))
    key: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(Text)
    own_course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"))
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"))
    mapped_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    mapped_at: Mapped[datetime | None] = mapped_column(default=None)
