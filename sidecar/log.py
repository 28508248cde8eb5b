"""Write the log: static events, primitives only, and nothing that is secret or about a person."""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

HIDDEN: Final = "[hidden]"

SENSITIVE_NAMES: Final = re.compile(
    r"pass(word|phrase)?$|secret|token|authorization|cookie|credential|private|assertion|nonce|csrf"
    r"|e_?mail|first_?name|last_?name|given_?name|family_?name|full_?name|person|sourcedid|employee|national|birth"
    r"|(^|_)name$|^(sub|subject|state|learner)$",
    re.IGNORECASE,
)
"""Names of facts whose value never stands in the log."""

SENSITIVE_VALUES: Final = (
    re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"),  # an e-mail address
    re.compile(r"(?<!\d)\d{6}[ -]?\d{5}(?!\d)"),  # a national identity number
    re.compile(r"eyJ[\w-]{8,}(\.[\w-]*){1,4}"),  # a signed or encrypted token
    re.compile(r"gAAAA[\w=-]{20,}"),  # what our own keys sealed
    re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"),
    re.compile(r"(?<=://)[^/\s@]+@"),  # user name and password in a URL
    re.compile(r"(?<=\?)[^\s\"']+"),  # the query of a URL
)
"""What is hidden wherever it stands."""

OWN_ID: Final = re.compile(r"[0-9a-f]{32}(?:[0-9a-f]{32})?")
"""An id or digest of ours, which may happen to hold eleven digits in a row."""


HARMLESS: Final = re.compile(r"[a-z._/<>:-]{0,200}|[A-Z]{1,10}")
"""An event, a route or a level: none of what is hidden in texts is written with these letters alone."""


def hide_sensitive(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide secrets and person data, by the name of the fact and by what the value looks like."""
    return {name: _hidden(name, value) for name, value in event.items()}


def _hidden(name: str, value: Any) -> Any:  # noqa: ANN401 (a log record holds anything)
    if value is None or isinstance(value, bool | int | float) or name.startswith("_"):
        return value
    if _is_sensitive(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(key): _hidden(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden("item", inner) for inner in value]
    return hide_in_text(str(value))


@lru_cache(maxsize=1000)
def _is_sensitive(name: str) -> bool:
    return SENSITIVE_NAMES.search(name) is not None


def hide_in_text(text: str) -> str:
    """Return the text without what looks like a secret or a person."""
    if HARMLESS.fullmatch(text) or OWN_ID.fullmatch(text):
        return text
    for pattern in SENSITIVE_VALUES:
        text = pattern.sub(HIDDEN, text)
    return text


ADDRESSES: Final = re.compile(
    r"(?<![\w.:])(\d{1,3}(\.\d{1,3}){3}|([0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}|[0-9a-f:]*::[0-9a-f:.]*)(?![\w.])",
    re.IGNORECASE,
)
"""An IP address, which the log of a library may tell; our own names those of other servers only."""


def _hide_addresses(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["event"] = ADDRESSES.sub(HIDDEN, str(event["event"]))
    return event


def frames_of(error: BaseException) -> list[str]:
    """Return where an error arose, `file:line function`, without its message, which may hold anything."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _frames_for_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put the class and the frames of an error in the place of its message and traceback."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event.update(error=type(error).__name__, frames=frames_of(error))
    return event


def configure_log(level: str, *, stream: TextIO | None = None, as_json: bool | None = None) -> None:
    """Send every log line of ours and of the libraries through the same processors.

    Args:
        level: name of the lowest level written, e.g. `INFO`.
        stream: None means stderr.
        as_json: None means JSON unless the stream is a terminal.
    """
    as_json = not (stream or sys.stderr).isatty() if as_json is None else as_json
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _frames_for_traceback,
        hide_sensitive,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    _spare_what_no_line_tells()
    _configure_libraries(level, stream, shared, as_json=as_json)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _spare_what_no_line_tells() -> None:
    """Let the standard library not look up thread, process and source of each line: a fifth of what a line costs.

    Source: Python's "Logging HOWTO", Optimization.
    """
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None


def _log_uncaught(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
    """Log where an error arose that ends the process or a thread; Python itself would print its message too."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error or kind(), traceback)
    elif not issubclass(kind, SystemExit):
        structlog.get_logger().critical("process.broke_off", exc_info=error)


class _Stderr(logging.StreamHandler[TextIO]):
    """Write to what stderr is at that moment."""

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, _stream: TextIO) -> None:
        """Ignore what the parent's constructor sets."""


def _configure_libraries(level: str, stream: TextIO | None, shared: list[Any], *, as_json: bool) -> None:
    last = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    handler = logging.StreamHandler(stream) if stream else _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared, _hide_addresses],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    # the database's and the network's own logs hold rows and bodies, so they stay quiet at every level
    for chatty in ("rq.worker", "rq.job", "alembic", "urllib3", "sqlalchemy", "redis", "botocore", "paramiko"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))
