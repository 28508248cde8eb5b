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

    event.listen(sidecar.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(sidecar.engine, "before_cursor_execute", note)
