"""Call functions of Moodle's web services: a form in, JSON out, errors as errors.

The token stands in the form, never in an address or a log line. What only reads is tried three times.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from sidecar import errors as outer
from sidecar.connectors.base import ConnectorError
from sidecar.connectors.moodle import errors
from sidecar.connectors.over_http import Fetch, HttpAnswer

PATH: Final = "/webservice/rest/server.php"
PAUSES_S: Final = (1.0, 4.0)
"""How long to wait before the second and the third try."""

HEADERS: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
TOO_LARGE: Final = "answer-too-large"
_AGAIN: Final = (errors.MoodleDownError, errors.NotMoodleError, errors.MaintenanceError)

Value = str | int | bool | Mapping[str, Any] | Sequence[Any]


@dataclass(frozen=True)
class Calls:
    """Where to call, and with which token.

    Attributes:
        url: Moodle's address, without a slash at the end.
        pauses_s: how long to wait before each further try.
        pause: waits for so many seconds.
    """

    fetch: Fetch = field(repr=False)
    url: str
    token: str = field(repr=False)
    pauses_s: Sequence[float] = PAUSES_S
    pause: Callable[[float], None] = time.sleep

    def read(self, function: str, parameters: Mapping[str, Value] | None = None) -> Any:  # noqa: ANN401 (JSON)
        """Call a function that may be called again, and is where that could help.

        Raises:
            ConnectorError: it did not answer as it should; after the last try where another could have helped.
        """
        for pause_s in self.pauses_s:
            try:
                return self.write(function, parameters)
            except _AGAIN:
                self.pause(pause_s)
        return self.write(function, parameters)

    def write(self, function: str, parameters: Mapping[str, Value] | None = None) -> Any:  # noqa: ANN401 (JSON)
        """Call a function once.

        Raises:
            ConnectorError: it did not answer as it should; what it should change may be changed nevertheless.
        """
        form = {"wstoken": self.token, "wsfunction": function, "moodlewsrestformat": "json"}
        body = urlencode([*form.items(), *flatten(parameters or {})]).encode()
        try:
            answer = self.fetch("POST", f"{self.url}{PATH}", headers=HEADERS, body=body)
        except outer.ForbiddenAddressError:
            raise errors.AddressForbiddenError from None
        except outer.UnreachableError as error:
            if error.code == TOO_LARGE:
                raise errors.AnswerTooLongError from None
            raise errors.MoodleSilentError from error
        return read_answer(answer, function)


def flatten(parameters: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """Yield the fields of a form in PHP's way: `users[0][username]`; true is 1."""
    for name, value in parameters.items():
        yield from _flatten(name, value)


def _flatten(name: str, value: Value) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flatten(f"{name}[{key}]", inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, inner in enumerate(value):
            yield from _flatten(f"{name}[{index}]", inner)
    else:
        yield name, str(int(value)) if isinstance(value, bool) else str(value)


def read_answer(answer: HttpAnswer, function: str) -> Any:  # noqa: ANN401 (JSON)
    """Return the JSON of an answer; None is the literal null of functions that return nothing.

    Raises:
        ConnectorError: by the errorcode where there is one, else by the status.
    """
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise _error_of_status(answer.status) from None
    if isinstance(content, Mapping) and "errorcode" in content and "exception" in content:
        raise errors.error_of(content, function)
    if answer.status != 200:
        raise _error_of_status(answer.status)
    return content


def _error_of_status(status: int) -> ConnectorError:
    if status in (401, 403):
        return errors.WebServicesOffError(status=status)
    if status >= 500 or status in (408, 429):
        return errors.MoodleDownError(status=status)
    if status == 200:
        return errors.NotMoodleError()
    return errors.WrongAddressError(status=status)
