"""Let another thread come as far as it can while a transaction of ours is open."""

from threading import Event, Thread, current_thread

from sqlalchemy import event, text

from sidecar.runtime import Sidecar

PATIENCE_S = 20
LOCKED = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def start_and_let_wait(sidecar: Sidecar, other: Thread) -> None:
    """Start a thread that writes; return when it waits for what we hold, or has ended since nothing held it.

    PostgreSQL tells who waits for a lock. SQLite lets nobody begin to write beside us: there it has come to its BEGIN.
    """
    has_begun = Event()

    def note(*_: object) -> None:
        if current_thread() is other:
            has_begun.set()

    event.listen(sidecar.engine, "before_cursor_execute", note)
    try:
        other.start()
        assert has_begun.wait(PATIENCE_S)
    finally:
        event.remove(sidecar.engine, "before_cursor_execute", note)
    while sidecar.engine.dialect.name == "postgresql" and other.is_alive() and not _is_anybody_locked(sidecar):
        other.join(timeout=0.01)


def _is_anybody_locked(sidecar: Sidecar) -> bool:
    with sidecar.reading() as db:
        return bool(db.scalar(LOCKED))
