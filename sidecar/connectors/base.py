"""Define what a connector is: settings with a help text, capabilities, the records it speaks in, its errors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from types import NoneType
from typing import (
    Any,
    ClassVar,
    Literal,
    Protocol,
    TypeVar,
    dataclass_transform,
    get_args,
    get_type_hints,
    runtime_checkable,
)

from sidecar.connectors.records import CompletionPage, CoursePlan, CourseThere, Cursor, PeopleFeed
from sidecar.errors import SidecarError


class ConnectorError(SidecarError):
    """The outside system could not be used."""

    code = "connector-failed"


class UnreachableError(ConnectorError):
    """The outside system does not answer. It will be tried again."""

    code = "connector-unreachable"


class BusyError(UnreachableError):
    """The outside system wants to be asked again in {wait_s} seconds. It will be tried again."""

    code = "connector-busy"


class RefusedError(ConnectorError):
    """The outside system does not let us in. Check the user, the password or the access rights."""

    code = "connector-refused"


class RejectedError(ConnectorError):
    """The outside system will never take this item: {reason}"""

    code = "connector-rejected"


class MisconfiguredError(ConnectorError):
    """The setting "{setting}" of this connection can't be used. Correct it, then test the connection."""

    code = "connector-misconfigured"


class SettingMissingError(MisconfiguredError):
    """The setting "{setting}" is missing."""

    code = "setting-missing"


class SettingUnknownError(MisconfiguredError):
    """There is no setting "{setting}". This connector has: {known}"""

    code = "setting-unknown"


C = TypeVar("C", bound="Connector")


def setting(help: str, *, secret: bool = False, lines: int = 1, default: Any = MISSING) -> Any:  # noqa: A002, ANN401 (a field's own words)
    """Declare a setting of a connector.

    Args:
        help: what to write there, in English; the admin form and `sidecar connection add --help` show it.
        secret: never shown again once it is set.
        lines: how many lines of text a form has room for.
        default: what holds when nothing is set; without one the setting is required.
    """
    metadata = {"help": help, "secret": secret, "lines": lines}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(setting,))
def connector(name: str, title: str) -> Callable[[type[C]], type[C]]:
    """Make a class a connector: a frozen dataclass of its own settings.

    Args:
        name: what the entry point and the tables call it; never change it.
        title: what people call it, in English.
    """

    def make(cls: type[C]) -> type[C]:
        made = dataclass(frozen=True, kw_only=True, repr=False)(cls)
        made.name, made.title = name, title
        return made

    return make


class Connector(ABC):
    """Be one outside system, set up for one municipality."""

    name: ClassVar[str]
    title: ClassVar[str]

    def prepare(self) -> None:  # noqa: B027 (most connectors need nothing)
        """Make what the outside system needs, once, when an operator adds the connection.

        Raises:
            ConnectorError: it can't be made.
        """

    @abstractmethod
    def check(self) -> None:
        """Test the connection without leaving a trace.

        Raises:
            ConnectorError: it does not work; the class says what kind of failure it is.
        """


@dataclass(frozen=True)
class Setting:
    """What a form needs to know of a setting."""

    name: str
    help: str
    secret: bool
    required: bool
    kind: type
    lines: int


def settings_of(kind: type[Connector]) -> list[Setting]:
    """Return the settings of a connector, in the order of its class."""
    hints = get_type_hints(kind)
    return [_describe(entry, hints[entry.name]) for entry in fields(kind)]  # type: ignore[arg-type]  # made one by @connector


def _describe(entry: Field[Any], hint: type) -> Setting:
    kind = next((one for one in get_args(hint) if one is not NoneType), hint)  # Path of `Path | None`
    told = entry.metadata
    return Setting(entry.name, told["help"], told["secret"], entry.default is MISSING, kind, told["lines"])


def set_up(kind: type[C], values: Mapping[str, str]) -> C:
    """Make a connector from its settings as text; an empty one is not set.

    Raises:
        MisconfiguredError: a setting is missing, unknown or of the wrong kind.
    """
    known = {entry.name: entry for entry in settings_of(kind)}
    for name in values:
        if name not in known:
            raise SettingUnknownError(setting=name, known=", ".join(known))
    for entry in known.values():
        if entry.required and not values.get(entry.name):
            raise SettingMissingError(setting=entry.name)
    return kind(**{name: _read(known[name], value) for name, value in values.items() if value})


def _read(entry: Setting, value: str) -> object:
    try:
        return _READERS[entry.kind](value)
    except ValueError:
        raise MisconfiguredError(setting=entry.name) from None


def _absolute(value: str) -> Path:
    if "\0" in value:
        raise ValueError("no path")
    return Path(value).expanduser().absolute()


def _flag(value: str) -> bool:
    if value.lower() not in ("yes", "no"):
        raise ValueError("neither yes nor no")
    return value.lower() == "yes"


_READERS: Mapping[type, Callable[[str], object]] = {
    str: str,
    int: int,
    bool: _flag,
    date: date.fromisoformat,
    Path: _absolute,
}


class PeopleSource(Connector):
    """Know the employees of a municipality."""

    @abstractmethod
    def people(self, since: Cursor | None = None) -> PeopleFeed:
        """Return the employees.

        Args:
            since: the cursor of an earlier feed: only what changed since is wanted; a source that can't tell gives all.

        Raises:
            ConnectorError: the source can't be read; it fails as a whole, also while the feed is read.
        """


class CompletionSource(Connector):
    """Know who has completed what in an LMS."""

    @abstractmethod
    def completions(self, since: datetime | None = None, checkpoint: Cursor | None = None) -> Iterator[CompletionPage]:
        """Yield what the LMS tells, a page at a time.

        Args:
            since: only what was completed from then on; None: all.
            checkpoint: of the last page that was taken in.

        Raises:
            ConnectorError: the LMS can't be read.
        """


class CourseTarget(Connector):
    """Be an LMS in which courses are made, and people enrolled."""

    @abstractmethod
    def find_course(self, number: str) -> CourseThere | None:
        """Return the course that was made under a number of ours, or None.

        Raises:
            ConnectorError: the LMS can't be asked.
        """

    @abstractmethod
    def make_course(self, plan: CoursePlan) -> CourseThere:
        """Make a course that learners don't see yet.

        Raises:
            ConnectorError: it was not made, or nobody knows.
        """

    @abstractmethod
    def list_taking_part(self, course: CourseThere) -> frozenset[str]:
        """Return who takes part in a course, as the LMS numbers its users.

        Raises:
            ConnectorError: the LMS can't be asked.
        """

    @abstractmethod
    def enrol(self, course: CourseThere, users: Sequence[str]) -> None:
        """Let users take part in a course as learners; who does already goes on.

        Raises:
            RejectedError: the LMS will never enrol one of them, and enrolled nobody.
            ConnectorError: it can't be asked, or some may be enrolled.
        """


@dataclass(frozen=True)
class ParcelFile:
    """A file of a parcel; `read` yields its bytes from the start each time it is called."""

    name: str
    media_type: str
    sha256: str
    size_bytes: int
    read: Callable[[], Iterator[bytes]]


@dataclass(frozen=True)
class Contact:
    """Somebody of the municipality whom a channel may write to."""

    address: str = field(repr=False)
    language: str


@dataclass(frozen=True)
class Recipient:
    """The municipality that gets a parcel; `contacts`: whom it has named, for a channel that writes mails."""

    org_number: str
    slug: str
    name: str
    language: str
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True)
class Parcel:
    """What is handed over: files, or for connectors that send no bytes a `link` behind sign-in.

    Attributes:
        period: what the report is about, as in `2026-09`.
        left_off: where the last attempt left off, as the fact `left_off` of its error said; only the channel reads it.
    """

    recipient: Recipient
    subject: str
    files: tuple[ParcelFile, ...]
    link: str | None = None
    period: str = ""
    left_off: str = ""


@dataclass(frozen=True)
class Receipt:
    """What the outside system gave back: a reference it knows, and what else may be asked for later."""

    reference: str
    details: Mapping[str, str] = field(default_factory=dict)


Stage = Literal["sent", "delivered", "read", "refused"]
"""Where something stands on the other side: it waits there, has arrived, was read, or will not arrive."""


@dataclass(frozen=True)
class Progress:
    """What the other side says of a parcel it took; `details` as in a receipt, `reason` in its own words or code."""

    stage: Stage
    details: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


class ReportDelivery(Connector):
    """Hand a report to a municipality; a channel that can look up what it has got also has `find`.

    One where taking is not arriving also has `follow`.
    """

    most_bytes: ClassVar[int | None] = None
    """How much it takes at once, all files together; None where nothing is known of an end."""

    @abstractmethod
    def deliver(self, parcel: Parcel, key: str) -> Receipt:
        """Hand over a parcel; a second time with the same key changes nothing and gives the same receipt.

        Args:
            key: 64 hexadecimal characters; the same content to the same recipient has the same.

        Raises:
            ConnectorError: it was not handed over; the class says whether to try again.
        """


@runtime_checkable
class Findable(Protocol):
    """Be a channel that knows what was handed over under a key."""

    def find(self, key: str) -> Receipt | None:
        """Return the receipt of an earlier hand-over, or None."""


@runtime_checkable
class Followable(Protocol):
    """Be a channel that takes a parcel first, and says later whether it arrived."""

    def follow(self, receipt: Receipt) -> Progress:
        """Return how it stands with a parcel.

        Raises:
            ConnectorError: it could not be asked.
        """
