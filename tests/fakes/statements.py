"""Count what is asked of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from sidecar.runtime import Sidecar


@contextmanager
def counting(sidecar: Sidecar) -> Iterator[list[str]]:
    """Note the statements that reach the database meanwhile."""
    said: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        said.append(statement)

    engines = {one.pool: one for one in (sidecar.reader, sidecar.engine)}.values()  # on PostgreSQL they are one
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
