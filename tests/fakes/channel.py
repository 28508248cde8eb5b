"""Channels for tests: what they took, and how they misbehave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sidecar.connectors.base import ConnectorError, Parcel, Progress, Receipt, ReportDelivery


@dataclass
class Post:
    """What the other side knows, for every channel of a test.

    Attributes:
        taken: what it took, in order: key and parcel.
        problems: raised one after the other, each by one attempt.
        says: what it answers when it is asked after a parcel.
        on_taken: called when it has taken something, before the receipt is on its way.
    """

    taken: list[tuple[str, Parcel]] = field(default_factory=list)
    problems: list[ConnectorError] = field(default_factory=list)
    says: Progress | ConnectorError = field(default_factory=lambda: Progress("sent"))
    asked: list[Receipt] = field(default_factory=list)
    on_taken: Callable[[], None] = lambda: None

    @property
    def keys(self) -> list[str]:
        return [key for key, _ in self.taken]


class Plain(ReportDelivery):
    """Take a parcel, and know nothing of it afterwards."""

    def __init__(self, post: Post) -> None:
        self.post = post

    def check(self) -> None:
        pass

    def deliver(self, parcel: Parcel, key: str) -> Receipt:
        if self.post.problems:
            raise self.post.problems.pop(0)
        for file in parcel.files:
            assert sum(map(len, file.read())) == file.size_bytes
        self.post.taken.append((key, parcel))
        self.post.on_taken()
        return Receipt(f"r{len(self.post.taken)}")


class Known(Plain):
    """Know what was handed over under a key."""

    def find(self, key: str) -> Receipt | None:
        return Receipt(f"r{self.post.keys.index(key) + 1}") if key in self.post.keys else None


class Followed(Known):
    """Take a parcel first, and say later whether it arrived."""

    def follow(self, receipt: Receipt) -> Progress:
        self.post.asked.append(receipt)
        if isinstance(self.post.says, ConnectorError):
            raise self.post.says
        return self.post.says


class Narrow(Plain):
    """Take a few bytes only."""

    most_bytes = 10


def set_channel(monkeypatch: pytest.MonkeyPatch, kind: type[Plain], post: Post) -> None:
    """Let every connection open this channel."""
    for module in ("deliver", "following"):
        monkeypatch.setattr(f"sidecar.reports.{module}.open_channel", lambda *_: kind(post))
