"""Read a municipality's employees from a KS HR Data API v3, which tells of changes, one a line.

The API knows people by their national identity number and has no employee number. Nobody's national identity number
may become one, so it comes from a field that the HR system adds to its records, where it adds one; else it is made of
the national identity number by a keyed hash, which nobody can turn back without the key.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from urllib.parse import urlencode

from stdnum.no import fodselsnummer

from sidecar import errors as outer
from sidecar.connectors.base import (
    ConnectorError,
    MisconfiguredError,
    PeopleSource,
    RefusedError,
    UnreachableError,
    connector,
    setting,
)
from sidecar.connectors.ks_hr.joining import Joined
from sidecar.connectors.ks_hr.streams import NDJSON, Change, read_changes
from sidecar.connectors.over_http import OverHttp
from sidecar.connectors.records import Cursor, PeopleFeed

PEOPLE: Final = "person"
UNITS: Final = "organisation"
POSITIONS: Final = "employee_position"
OVERLAP: Final = timedelta(hours=1)
"""How much of the time before the last run is asked for anew: their clock is not ours, and changes come late."""

LONGEST_WAIT_S: Final = 24 * 3600

K = TypeVar("K", bound="KsHr")


class KsHrUnreachableError(UnreachableError):
    """The HR system does not answer as it should (status {status}). It will be tried again."""

    code = "ks-hr-unreachable"


class KsHrBusyError(UnreachableError):
    """The HR system wants to be asked less often: again in {wait_s} seconds. It will be tried again."""

    code = "ks-hr-busy"


class KsHrTooLargeError(UnreachableError):
    """The HR system's answer is larger than can be taken in. Tell whoever operates the server."""

    code = "ks-hr-too-large"


class NumberFieldEmptyError(MisconfiguredError):
    """No record of the HR system has the field "{field}", which should hold the employee number.

    Correct the name in the setting "{setting}", or leave it empty.
    """

    code = "ks-hr-number-field-empty"


class NumberFieldForbiddenError(MisconfiguredError):
    """The field "{field}" of the HR system holds national identity numbers, which are never kept.

    Name another field in the setting "{setting}", or leave it empty.
    """

    code = "ks-hr-number-field-forbidden"


class NoNumbersError(ConnectorError):
    """The connection was not opened as it should be: it can't make employee numbers."""

    code = "ks-hr-no-numbers"


@connector("ks_hr", "KS HR Data API v3")
class KsHr(OverHttp, PeopleSource):
    """Ask an HR system for all employees, or for those of whom something has changed."""

    url: str = setting("The address of the API, without /v3, for example https://hr.example.no/api.")
    user: str = setting("The user name that the HR system has given us.")
    password: str = setting("The password that belongs to it.", secret=True)
    number_field: str = setting(
        "The field of person or employee_position that holds the employee number, where the HR system adds one. "
        "Left empty, a number like p-4k7q2m6xw3hd is made of the national identity number, by a hash with a secret "
        "key: it stays the same, and nobody can turn it back. The ID number in the LMS must then be that number.",
        default="",
    )
    with_email: bool = setting(
        "Whether its e-mail addresses are right: yes or no. With no, those we know already stay.", default=True
    )

    def lend(self: K, number_of: Callable[[str], str], now: Callable[[], datetime]) -> K:
        """Take what is no setting, and return the connector itself.

        Args:
            number_of: makes an employee number of a national id where the source gives none.
            now: the time.
        """
        object.__setattr__(self, "_number_of", number_of)
        object.__setattr__(self, "_now", now)
        return self

    def check(self) -> None:
        """Ask for the changes of the last minute; a source of a million lines is none to be read for a test."""
        until = datetime.now(UTC) if getattr(self, "_now", None) is None else self._clock()
        for stream in (PEOPLE, UNITS, POSITIONS):
            for _ in self._changes(stream, since=until - timedelta(minutes=1), until=until):
                pass

    def people(self, since: Cursor | None = None) -> PeopleFeed:
        """Return the employees: all, or after `since` those of whom anything changed.

        A change tells too little of a person by itself, so where there is one all is read, and of it those are told
        whom it concerns. Where a manager or a unit has changed, that may be everybody.

        Raises:
            ConnectorError: a stream can't be read to its end; then nothing of it is told.
        """
        until = self._clock()
        cursor = {"until": _iso(until)}
        if since is None:
            everything = self._read()
            people = everything.employees(self._number)
            return PeopleFeed(
                is_full=True, people=people, units=everything.units(), cursor=cursor, total=everything.count()
            )
        news = self._read(since=_moment(since) - OVERLAP, until=until)
        if not (news.changed_people or news.is_structure_changed):
            return PeopleFeed(is_full=False, people=(), cursor=cursor, total=0)
        everything = self._read()
        only = None if news.is_structure_changed else news.changed_people
        gone = set(news.gone(self._number)) - {one.employee_number for one in everything.employees(self._number)}
        return PeopleFeed(
            is_full=False,
            people=everything.employees(self._number, only),
            units=everything.units() if news.is_structure_changed else (),
            gone=sorted(gone),
            cursor=cursor,
            total=everything.count() if only is None else len(only),
        )

    def _read(self, *, since: datetime | None = None, until: datetime | None = None) -> Joined:
        joined = Joined(self.number_field, with_email=self.with_email)
        hearers = ((UNITS, joined.hear_unit), (PEOPLE, joined.hear_person), (POSITIONS, joined.hear_position))
        for stream, hear in hearers:
            for change in self._changes(stream, since=since, until=until):
                hear(change)
        if since is None and joined.gives_no_numbers():
            raise NumberFieldEmptyError(setting="number_field", field=self.number_field)
        return joined

    def _changes(self, stream: str, *, since: datetime | None, until: datetime | None) -> Iterator[Change]:
        query = {"fromDate": _iso(since), "toDate": _iso(until)} if since and until else {}
        address = f"{self.url.rstrip('/').removesuffix('/v3')}/v3/{stream}"
        with _told_as_ours():
            answer = self.fetch("GET", f"{address}?{urlencode(query)}" if query else address, headers=self._headers())
        _refuse(answer.status, answer.headers)
        return read_changes(stream, answer.headers.get("content-type", ""), answer.body)

    def _headers(self) -> dict[str, str]:
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")
        return {"Authorization": f"Basic {token}", "Accept": NDJSON[0]}

    def _number(self, national_id: str, told: str) -> str:
        """Return the employee number of somebody.

        Raises:
            NumberFieldForbiddenError: what should be one is a national identity number.
        """
        if not told:
            make: Callable[[str], str] | None = getattr(self, "_number_of", None)
            if make is None:
                raise NoNumbersError
            return make(national_id)
        if "".join(told.split()) == national_id or fodselsnummer.is_valid(told):
            raise NumberFieldForbiddenError(setting="number_field", field=self.number_field)
        return told

    def _clock(self) -> datetime:
        now: Callable[[], datetime] | None = getattr(self, "_now", None)
        if now is None:
            raise NoNumbersError
        return now()


@contextmanager
def _told_as_ours() -> Iterator[None]:
    """Let what keeps a request from its answer be an error of connectors."""
    try:
        yield
    except outer.ForbiddenAddressError:
        raise MisconfiguredError(setting="url") from None
    except outer.UnreachableError as error:
        if error.code == "answer-too-large":
            raise KsHrTooLargeError from error
        raise UnreachableError from error


def _refuse(status: int, headers: Mapping[str, str]) -> None:
    if status in (401, 403):
        raise RefusedError
    if status == 404 or 300 <= status < 400:
        raise MisconfiguredError(setting="url")
    if status == 429:
        raise KsHrBusyError(wait_s=_wait_s(headers.get("retry-after", "")))
    if status not in (200, 204):
        raise KsHrUnreachableError(status=status)


def _wait_s(told: str) -> int:
    """Return how long to wait; a minute where it is not said in seconds."""
    is_number = told.isascii() and told.isdigit() and len(told) < 9
    return min(int(told), LONGEST_WAIT_S) if is_number else 60


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(cursor: Cursor) -> datetime:
    return datetime.fromisoformat(str(cursor["until"]))
