"""Write a gathering as a calendar file that people open in their own calendar.

Source: RFC 5545 (iCalendar); RFC 5546 §3.2.5 for a cancelled event.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

TYPE: Final = "text/calendar"
LINE_BYTES: Final = 75
PRODUCT: Final = "-//Laeringslop//Sidecar//NO"


@dataclass(frozen=True)
class CalendarEvent:
    """What a calendar shows; texts are "" where there is nothing to say.

    Attributes:
        uid: the same for ever, so that a newer file takes the place of an older one.
        sequence: grows with each change.
    """

    uid: str
    sequence: int
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    title: str
    place: str
    text: str
    url: str
    is_cancelled: bool


def write_calendar(event: CalendarEvent) -> str:
    """Return the file of one event, its lines folded and ended as the standard says."""
    return "".join(f"{_fold(line)}\r\n" for line in _lines(event))


def _lines(event: CalendarEvent) -> Iterator[str]:
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN")
    yield f"METHOD:{'CANCEL' if event.is_cancelled else 'PUBLISH'}"
    yield from ("BEGIN:VEVENT", f"UID:{_escape(event.uid)}", f"SEQUENCE:{event.sequence}")
    for name, moment in (("DTSTAMP", event.changed_at), ("DTSTART", event.starts_at), ("DTEND", event.ends_at)):
        yield f"{name}:{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    for name, text in (("SUMMARY", event.title), ("LOCATION", event.place), ("DESCRIPTION", event.text)):
        if text:
            yield f"{name}:{_escape(text)}"
    if event.url:
        yield f"URL:{event.url}"
    yield f"STATUS:{'CANCELLED' if event.is_cancelled else 'CONFIRMED'}"
    yield from ("END:VEVENT", "END:VCALENDAR")


def _escape(text: str) -> str:
    """Return a text as a value of the type TEXT.

    Source: RFC 5545 §3.3.11.
    """
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(plain.splitlines())


def _fold(line: str) -> str:
    """Return a line in pieces of at most 75 octets, none of them ending within a character.

    Source: RFC 5545 §3.1.
    """
    pieces, piece, room = [], "", LINE_BYTES
    for letter in line:
        size = len(letter.encode())
        if size > room:
            pieces.append(piece)
            piece, room = "", LINE_BYTES - 1
        piece, room = piece + letter, room - size
    return "\r\n ".join([*pieces, piece])
