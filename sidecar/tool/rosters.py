"""Keep rosters fresh: read an LMS's pages outside any transaction, write them down in small ones.

A look is whole once a week, and where the LMS offers no differences; else it asks for what has changed. It may be cut
off anywhere: the next one begins anew and finds everybody again. Who a whole look did not find, takes part no longer.
We ask without a role filter, which Moodle forgets from the second page on; only learners are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from lti.errors import ServiceError, ServiceRefused, ServiceRejected, ServiceUnreachable
from lti.fetching import Response, host_of
from lti.login import Registration
from lti.paging import Page
from lti.roster import SCOPE_MEMBERS, Member, first_page_url, read_members_page, walk_members
from lti.service_errors import PageElsewhere, PagesLoop, RosterTooLarge, TooManyPages
from sidecar.core import enrolments, launches, rosters
from sidecar.core.enrolments import Enrolled
from sidecar.core.launches import Learner
from sidecar.core.outbox import GiveUp, TryLater
from sidecar.runtime import Sidecar
from sidecar.tool.deadlines import TIMEOUT
from sidecar.tool.service import later, lti_fetch, registration_of, with_token

PAGE_MEMBERS: Final = 500
"""How many members we ask for at a time; Moodle looks through all of a course for each page."""

BATCH: Final = 100
"""How many members one transaction writes: a launch may be waiting for its turn."""

MOST_MEMBERS: Final = 50_000
"""How many members one course may have: more than anybody employs."""

MOST_BYTES: Final = 200 * 1024 * 1024
"""How much an LMS may send for one look: four kilobytes for each member."""

LOOK_AT_MOST: Final = timedelta(minutes=4)
"""After how long no further page is asked for, so that a look ends well before its job would be stopped."""

TURN: Final = timedelta(minutes=1)
"""How long a look waits while another at the same LMS is under way."""

_HOPELESS: Final = (ServiceRejected, ServiceRefused, PagesLoop, PageElsewhere, TooManyPages, RosterTooLarge)
"""What is not better in five minutes; it is tried anew a day later."""

log = structlog.get_logger()


@dataclass(frozen=True)
class _Look:
    """One look at one roster."""

    roster_id: str
    platform_id: str
    registration: Registration
    memberships_url: str
    differences_url: str | None
    began_at: datetime


def ask_for_rosters(sidecar: Sidecar) -> int:
    """Ask for the looks that are due; doing it twice, or in two processes, asks for none twice.

    Returns:
        How many.
    """
    with sidecar.reading() as db:
        due = rosters.list_due(db, sidecar.now())
    for roster_id in due:
        with sidecar.transaction() as db:
            rosters.ask_if_due(db, roster_id, sidecar.now())
    return len(due)


def refresh_roster(sidecar: Sidecar, roster_id: str) -> None:
    """Look at who takes part in a course of an LMS (the outbox calls this).

    Raises:
        TryLater: the LMS can't tell now.
        GiveUp: the LMS does not tell.
    """
    look = _begin(sidecar, roster_id)
    if look is None:
        return
    try:
        count = _look_at(sidecar, look)
    except ServiceError as error:
        with sidecar.transaction() as db:
            rosters.fail(db, roster_id, error.code)
        log.warning("roster.not_read", roster=roster_id, code=error.code, host=error.host)
        if isinstance(error, _HOPELESS):
            raise GiveUp(error.code) from error
        raise later(error) from error
    log.info("roster.read", roster=roster_id, members=count)


def _begin(sidecar: Sidecar, roster_id: str) -> _Look | None:
    """Return what to look at, or None where nobody may look any more.

    Raises:
        TryLater: another roster of the same LMS is being looked at; one LMS may keep one worker busy, not all.
    """
    now = sidecar.now()
    with sidecar.transaction() as db:
        found = rosters.find_open(db, roster_id)
        if found is None:
            return None
        roster, platform = found
        if rosters.is_another_looked_at(db, roster, now):
            raise TryLater("another-look", wait=TURN)
        rosters.begin(db, roster_id, now)
        is_recent = roster.whole_at is not None and now - roster.whole_at < rosters.WHOLE_EVERY
        return _Look(
            roster_id=roster.id,
            platform_id=platform.id,
            registration=registration_of(db, platform),
            memberships_url=roster.memberships_url,
            differences_url=roster.differences_url if is_recent else None,
            began_at=now,
        )


def _look_at(sidecar: Sidecar, look: _Look) -> int:
    """Look at the differences, or at all where there are none to be had; return how many were told of."""
    if look.differences_url is not None:
        try:
            return _read_all(sidecar, look, look.differences_url, is_whole=False)
        except ServiceRejected:  # the address has gone stale
            with sidecar.transaction() as db:
                rosters.forget_differences(db, look.roster_id)
    return _read_all(sidecar, look, first_page_url(look.memberships_url, limit=PAGE_MEMBERS), is_whole=True)


def _read_all(sidecar: Sidecar, look: _Look, first: str, *, is_whole: bool) -> int:
    count, differences_url = 0, None
    for page in _pages(sidecar, look, first):
        count, differences_url = count + len(page.items), page.differences_url or differences_url
        if count > MOST_MEMBERS:
            raise RosterTooLarge(host=host_of(first), limit=MOST_MEMBERS)
        for start in range(0, len(page.items), BATCH):
            _write(sidecar, look, page.items[start : start + BATCH])
    with sidecar.transaction() as db:
        if is_whole:
            enrolments.leave_unseen(db, look.roster_id, look.began_at)
        rosters.finish(db, look.roster_id, began_at=look.began_at, is_whole=is_whole, differences_url=differences_url)
    return count


def _pages(sidecar: Sidecar, look: _Look, first: str) -> Iterator[Page[Member]]:
    received = 0

    def fetch(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        nonlocal received
        answer = lti_fetch(sidecar)(method, url, headers=headers, body=body)
        received += len(answer.body)
        if received > MOST_BYTES:
            raise RosterTooLarge(host=host_of(url), limit=MOST_MEMBERS)
        return answer

    def read(url: str) -> Page[Member]:
        if sidecar.now() - look.began_at >= LOOK_AT_MOST:
            raise ServiceUnreachable(host=host_of(url), reason=TIMEOUT)
        return with_token(
            sidecar, look.registration, SCOPE_MEMBERS, url, lambda token: read_members_page(fetch, token, url)
        )

    return walk_members(first, read)


def _write(sidecar: Sidecar, look: _Look, members: Sequence[Member]) -> None:
    """Write some members down: who has another name or number now, then who takes part, and who does no longer."""
    here = {one.user_id: one for one in members}
    present = [Enrolled(_learner(one), one.roles) for one in here.values() if _takes_part(one)]
    gone = [one.user_id for one in here.values() if not _takes_part(one)]
    with sidecar.reading() as db:
        changed = enrolments.list_changed(db, look.platform_id, [one.learner for one in present])
    for learner in changed:  # one at a time, as a launch of theirs locks them too
        with sidecar.transaction() as db:
            launches.hear_of(db, look.platform_id, learner, look.began_at)
    with sidecar.transaction() as db:
        enrolments.enrol(db, look.roster_id, look.platform_id, present, look.began_at)
        if gone:
            enrolments.leave(db, look.roster_id, look.platform_id, gone, look.began_at)


def _takes_part(member: Member) -> bool:
    return member.status == "Active" and member.is_learner


def _learner(member: Member) -> Learner:
    return Learner(member.user_id, member.name, member.email, member.person_sourcedid)
