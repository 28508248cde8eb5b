"""Hold the error family of the application: a stable code, facts, and an English text."""

from __future__ import annotations

import inspect
from typing import ClassVar, Literal

Noun = Literal[
    "agreement",
    "attempt",
    "audience",
    "completion",
    "connection",
    "connector",
    "contact",
    "course",
    "delivery",
    "deployment",
    "employer",
    "erasure",
    "evidence",
    "file",
    "first operator",
    "gathering",
    "grant",
    "held identity",
    "identity",
    "invitation",
    "key",
    "learning path",
    "match",
    "matching rule",
    "municipality",
    "offer",
    "part",
    "person",
    "platform",
    "readable file",
    "region",
    "report definition",
    "ring",
    "roster",
    "row error",
    "sign-in",
    "sign-off",
    "run",
    "source",
    "step",
    "token",
    "version",
]
"""What may be missing or there already; each is translated, see `tests.house.messages`."""


class SidecarError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"

    def __init__(self, **facts: str | int) -> None:
        """Keep the facts; their names stand in the docstring of the class as `{name}`.

        Args:
            facts: what the message tells, never personal data and never a secret.
        """
        self.facts = facts
        super().__init__(self.text().format(**facts))

    @classmethod
    def text(cls) -> str:
        """Return the English text of this error, with `{fact}` where a fact goes in."""
        return " ".join((inspect.getdoc(cls) or "").split())


class NotFoundError(SidecarError):
    """There is no {what} "{key}". Check the spelling, or list what exists."""

    code = "not-found"

    def __init__(self, *, what: Noun, key: str) -> None:
        """Say what was looked for, and by which name."""
        super().__init__(what=what, key=key)


class ConflictError(SidecarError):
    """There is already a {what} "{key}". Choose another, or use the one that exists."""

    code = "conflict"

    def __init__(self, *, what: Noun, key: str) -> None:
        """Say what is there, and under which name."""
        super().__init__(what=what, key=key)


class InvalidInputError(SidecarError):
    """The value of {field} can't be used: {reason}"""

    code = "invalid-input"


class NotAllowedError(SidecarError):
    """You don't have access to this. Ask your regional competence office if you should have."""

    code = "not-allowed"


class MisconfiguredError(SidecarError):
    """The setting {setting} is missing or wrong: {reason}"""

    code = "misconfigured"


class UnreachableError(SidecarError):
    """{host} did not answer. It will be tried again."""

    code = "unreachable"


class ForbiddenAddressError(SidecarError):
    """{host} is on a private network or not encrypted. List it in SIDECAR_ALLOWED_PRIVATE if it is yours."""

    code = "forbidden-address"
