"""Say what SvarUt and Maskinporten answer that is no success, each by what is to be done about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from sidecar import errors as outer
from sidecar.connectors.base import BusyError, MisconfiguredError, RefusedError, RejectedError, UnreachableError
from sidecar.connectors.over_http import HttpAnswer

LONGEST_WAIT_S: Final = 24 * 3600
REASON_CHARACTERS: Final = 200
_OAUTH_ERROR = re.compile(r"[a-z_]{1,40}")


class SvarUtUnreachableError(UnreachableError):
    """{system} does not answer as it should (status {status}). It will be tried again."""

    code = "svarut-unreachable"


class SvarUtUnreadableError(UnreachableError):
    """{system} answered with something that can't be read. It will be tried again."""

    code = "svarut-unreadable"


class SvarUtBusyError(BusyError):
    """{system} wants to be asked again in {wait_s} seconds. It will be tried again."""

    code = "svarut-busy"


class SvarUtRefusedError(RefusedError):
    """SvarUt does not let us in (status {status}).

    Check the ID and the password of the integration, and that it may use the account.
    """

    code = "svarut-refused"


class MaskinportenRefusedError(RefusedError):
    """Maskinporten gives us no access ({told}). Check the client, its key, and that it has the scope ks:fiks."""

    code = "maskinporten-refused"


class SvarUtRejectedError(RejectedError):
    """SvarUt does not take this report (status {status}): {told}"""

    code = "svarut-rejected"


class AccountUnknownError(MisconfiguredError):
    """SvarUt knows no such account. Correct the setting "{setting}"."""

    code = "svarut-account-unknown"


class EnvironmentUnknownError(MisconfiguredError):
    """The setting "{setting}" is neither production nor test."""

    code = "svarut-environment-unknown"


class KeyBadError(MisconfiguredError):
    """The setting "{setting}" is no private RSA key of 2048 bits or more in PEM. Give the one known to Maskinporten."""

    code = "svarut-key-bad"


class IdBadError(MisconfiguredError):
    """The setting "{setting}" is not an ID like 0b5d8a2e-1f3c-4a67-9b58-2c6d7e8f9a01."""

    code = "svarut-id-bad"


class DigitalIdBadError(MisconfiguredError):
    """The setting "{setting}" is no organisation number. Correct it, or leave it empty."""

    code = "svarut-digital-id-bad"


class FileNameBadError(RejectedError):
    """A file of this delivery has a name that can't be used in SvarUt. Tell whoever develops this service."""

    code = "svarut-file-name-bad"


class ParcelTooLargeError(RejectedError):
    """The report is larger than the {most} MB that go through SvarUt at once. Choose fewer or smaller files."""

    code = "svarut-too-large"


@contextmanager
def told_as_ours() -> Iterator[None]:
    """Let what keeps a request from its answer be an error of connectors."""
    try:
        yield
    except outer.ForbiddenAddressError:
        raise MisconfiguredError(setting="environment") from None
    except outer.UnreachableError as error:
        raise UnreachableError from error


def refuse_passing(answer: HttpAnswer, system: str) -> None:
    """Refuse an answer that another try may mend: too busy, down, or a redirect to a page of maintenance.

    Raises:
        SvarUtBusyError: it says when to ask again.
        SvarUtUnreachableError: it does not.
    """
    status = answer.status
    told = answer.headers.get("retry-after", "")
    if status in (429, 503) and told.isascii() and told.isdigit() and len(told) < 9 and int(told):
        raise SvarUtBusyError(system=system, wait_s=min(int(told), LONGEST_WAIT_S))
    if status >= 500 or status in (408, 425, 429) or 300 <= status < 400 or status < 200:
        raise SvarUtUnreachableError(system=system, status=status)


def read_object(answer: HttpAnswer, system: str) -> Mapping[str, Any]:
    """Return the JSON object of an answer.

    Raises:
        SvarUtUnreadableError: it is a page, half of an answer, or something else.
    """
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise SvarUtUnreadableError(system=system) from None
    if not isinstance(content, Mapping):
        raise SvarUtUnreadableError(system=system)
    return content


def message_of(answer: HttpAnswer) -> str:
    """Return what an error of SvarUt says, in one line; "" where it says nothing that can be read.

    Source: KS SvarUt REST v2, the schema `ErrorMessage`.
    """
    try:
        content = read_object(answer, "SvarUt")
    except SvarUtUnreadableError:
        return ""
    told = content.get("message") or content.get("error") or ""
    return clean(told) if isinstance(told, str) else ""


def oauth_error_of(answer: HttpAnswer) -> str:
    """Return the error code of Maskinporten, or the status where it gives none."""
    try:
        told = read_object(answer, "Maskinporten").get("error")
    except SvarUtUnreadableError:
        told = None
    return told if isinstance(told, str) and _OAUTH_ERROR.fullmatch(told) else str(answer.status)


def clean(told: str) -> str:
    """Return a text of the other side in one line, of bounded length."""
    printable = "".join(sign if sign.isprintable() else " " for sign in told[: 10 * REASON_CHARACTERS])
    return " ".join(printable.split())[:REASON_CHARACTERS]
