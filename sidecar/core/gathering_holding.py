"""Make gatherings, change them and cancel them; who has signed up sees it on their own pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import attendances, audit
from sidecar.core.access import Viewer
from sidecar.core.courses import GATHERING, Course
from sidecar.core.gatherings import (
    NOTE_CHARACTERS,
    PLACE_CHARACTERS,
    URL_CHARACTERS,
    Gathering,
    find_gathering,
    lock,
    runs,
)
from sidecar.core.manual_evidence import may_be_entered
from sidecar.core.periods import day_of
from sidecar.core.short_texts import tidy
from sidecar.core.web_addresses import is_web_address
from sidecar.errors import NotAllowedError, NotFoundError, SidecarError

MOST_SEATS: Final = 10_000
LONGEST: Final = timedelta(days=31)
OLDEST: Final = timedelta(days=365)
"""How long ago a gathering may have ended when it is made or changed."""


class GatheringTimesError(SidecarError):
    """The gathering must end after it begins, and within {days} days. Correct the times."""

    code = "gathering-times"


class GatheringLongAgoError(SidecarError):
    """The gathering may not have ended more than {days} days ago. Correct the times."""

    code = "gathering-long-ago"


class GatheringWhereError(SidecarError):
    """Nobody would know where to go. Write a place, a meeting link, or both."""

    code = "gathering-where"


class MeetingLinkError(SidecarError):
    """The meeting link can't be used. Write it whole, like https://meet.example.no/rom."""

    code = "gathering-link"


class GatheringSeatsError(SidecarError):
    """The number of seats must be 1 to {most}. Leave it empty for as many as come."""

    code = "gathering-seats"


class GatheringCancelledError(SidecarError):
    """This gathering is cancelled. Choose another date."""

    code = "gathering-cancelled"


class GatheringHeldError(SidecarError):
    """Somebody is listed as having attended. Correct the list before you cancel it or move it to a time to come."""

    code = "gathering-held"


@dataclass(frozen=True)
class Meeting:
    """What somebody says of a gathering; `course` is its key, texts are "" where there is nothing to say."""

    course: str
    starts_at: datetime
    ends_at: datetime
    place: str = ""
    meeting_url: str = ""
    instructor: str = ""
    seats: int | None = None
    note: str = ""


def add_gathering(
    db: Session,
    viewer: Viewer,
    meeting: Meeting,
    now: datetime,
    *,
    region_id: str | None = None,
    municipality_id: str | None = None,
) -> Gathering:
    """Make a gathering, of a region, of a municipality, or of the operators.

    Raises:
        NotAllowedError: the viewer holds none there.
        NotFoundError: there is no such course of the kind gathering, or it can't be used there.
        GatheringTimesError, GatheringLongAgoError, GatheringWhereError, MeetingLinkError, GatheringSeatsError,
            TextTooLongError: it can't be.
    """
    if not runs(viewer, region_id, municipality_id) or (region_id and municipality_id):
        raise NotAllowedError
    made = Gathering(
        course_id=_find_course(db, viewer, meeting.course).id,
        region_id=region_id,
        municipality_id=municipality_id,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        made_at=now,
        made_by=viewer.identity_id,
        changed_at=now,
    )
    _describe(made, meeting, now)
    db.add(made)
    db.flush()
    audit.record(db, "gathering.made", made.id, at=now, identity_id=viewer.identity_id, course=meeting.course)
    return made


def change_gathering(db: Session, viewer: Viewer, gathering_id: str, meeting: Meeting, now: datetime) -> Gathering:
    """Change when and where people meet; further seats go to those who wait, and completions follow the end.

    The course stays what it is.

    Raises:
        NotFoundError, NotAllowedError: there is none that the viewer sees, or holds.
        GatheringCancelledError: it is cancelled.
        GatheringHeldError: somebody has attended, and it would be still to come.
        SidecarError: as `add_gathering`.
    """
    found = _find_own(db, viewer, gathering_id, now)
    if meeting.starts_at > now:
        _refuse_held(db, found)
    found.starts_at, found.ends_at = meeting.starts_at, meeting.ends_at
    _describe(found, meeting, now)
    found.changed_at, found.changes = now, found.changes + 1
    db.flush()
    attendances.fill_seats(db, found, now)
    attendances.follow_times(db, found, now)
    audit.record(db, "gathering.changed", found.id, at=now, identity_id=viewer.identity_id)
    db.flush()
    return found


def cancel_gathering(db: Session, viewer: Viewer, gathering_id: str, now: datetime) -> Gathering:
    """Cancel a gathering; its list stays, so that those who signed up see it.

    Raises:
        NotFoundError, NotAllowedError: there is none that the viewer sees, or holds.
        GatheringCancelledError: it is cancelled already.
        GatheringHeldError: somebody has attended.
    """
    found = _find_own(db, viewer, gathering_id, now)
    _refuse_held(db, found)
    found.cancelled_at, found.changed_at, found.changes = now, now, found.changes + 1
    audit.record(db, "gathering.cancelled", found.id, at=now, identity_id=viewer.identity_id)
    db.flush()
    return found


def _find_own(db: Session, viewer: Viewer, gathering_id: str, now: datetime) -> Gathering:
    lock(db, gathering_id)
    line = find_gathering(db, viewer, gathering_id, day_of(now))
    if not line.runs:
        raise NotAllowedError
    if line.gathering.cancelled_at is not None:
        raise GatheringCancelledError
    return line.gathering


def _refuse_held(db: Session, found: Gathering) -> None:
    if attendances.count_attended(db, found.id):
        raise GatheringHeldError


def _find_course(db: Session, viewer: Viewer, key: str) -> Course:
    fits = Course.key == key, Course.kind == GATHERING, may_be_entered(viewer), Course.retired_at.is_(None)
    found = db.scalar(select(Course).where(*fits))
    if found is None:
        raise NotFoundError(what="course", key=key[:80])
    return found


def _describe(one: Gathering, meeting: Meeting, now: datetime) -> None:
    if not timedelta() < meeting.ends_at - meeting.starts_at <= LONGEST:
        raise GatheringTimesError(days=LONGEST.days)
    if meeting.ends_at < now - OLDEST:
        raise GatheringLongAgoError(days=OLDEST.days)
    if meeting.seats is not None and not 1 <= meeting.seats <= MOST_SEATS:
        raise GatheringSeatsError(most=MOST_SEATS)
    one.place = tidy(meeting.place, PLACE_CHARACTERS) or None
    one.meeting_url = _check_url(tidy(meeting.meeting_url, URL_CHARACTERS)) or None
    if not (one.place or one.meeting_url):
        raise GatheringWhereError
    one.instructor = tidy(meeting.instructor, PLACE_CHARACTERS) or None
    one.note, one.seats = tidy(meeting.note, NOTE_CHARACTERS) or None, meeting.seats


def _check_url(url: str) -> str:
    if url and not is_web_address(url):
        raise MeetingLinkError
    return url
