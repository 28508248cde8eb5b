"""A clock that stands still until it is told to go on."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Starts 2026-09-15T08:00Z, which is 10:00 in Oslo."""

    def __init__(self) -> None:
        self.time = datetime(2026, 9, 15, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> datetime:
        self.time += timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        return self.time

    def set(self, time: datetime) -> None:
        self.time = time
