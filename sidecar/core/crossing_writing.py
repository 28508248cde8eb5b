"""Compare what another region is to be told of some people with what it was told, and write down each difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from sidecar.core.completions import Completion
from sidecar.core.crossing_courses import ThirdCourseError, TooManyRegionCoursesError
from sidecar.core.crossing_records import WITHDRAWN, Record, digest_of
from sidecar.core.crossing_sent import REFUSED, UNANSWERED, CrossingSent
from sidecar.core.crossing_taking import NoAgreementError, NoEmployerError, TooManyWaitingError
from sidecar.core.crossing_told import Route, Subject, list_told
from sidecar.core.db import new_id

AGAIN_AFTER: Final = timedelta(days=1)
NOT_READY: Final = (
    NoAgreementError.code,
    NoEmployerError.code,
    ThirdCourseError.code,
    TooManyRegionCoursesError.code,
    TooManyWaitingError.code,
)
"""Why another region refuses what it may take once its staff have done their part: it is told again, daily."""

Values = dict[str, Any]


class _Known(NamedTuple):
    """What was written down for a completion and employee before."""

    completion_id: str | None
    employee_ref: str | None
    id: str
    revision: int
    digest: str | None
    state: str
    code: str | None
    answered_at: datetime | None

    def is_to_be_told_again(self, now: datetime) -> bool:
        """Tell whether the other region refused what it might take by now."""
        is_long_ago = self.answered_at is not None and self.answered_at < now - AGAIN_AFTER
        return self.state == REFUSED and self.code in NOT_READY and is_long_ago


def write_differences(db: Session, route: Route, person_ids: Sequence[str], today: date, now: datetime) -> int:
    """Write down what differs for some people, as records that are yet to be told; return how many.

    Args:
        today: the day in Europe/Oslo.
    """
    known = _list_known(db, route, person_ids)
    told = list_told(db, route, person_ids, today)
    added, changed = _compare(route, told, known, now)
    if added:
        db.execute(insert(CrossingSent), added)
    if changed:
        db.execute(update(CrossingSent), changed)
    db.flush()
    return len(added) + len(changed)


def _list_known(db: Session, route: Route, person_ids: Sequence[str]) -> dict[Subject, _Known]:
    about = CrossingSent.peer_id == route.peer_id, CrossingSent.org_number == route.org_number
    columns = CrossingSent.id, CrossingSent.revision, CrossingSent.digest, CrossingSent.state, CrossingSent.code
    query = (
        select(CrossingSent.completion_id, CrossingSent.employee_ref, *columns, CrossingSent.answered_at)
        .join(Completion, Completion.id == CrossingSent.completion_id)
        .where(*about, Completion.person_id.in_(person_ids))
    )
    known = map(_Known._make, db.execute(query))
    return {Subject(one.completion_id or "", one.employee_ref or ""): one for one in known}


def _compare(
    route: Route, told: Mapping[Subject, Record], known: dict[Subject, _Known], now: datetime
) -> tuple[list[Values], list[Values]]:
    """Return what is new and what changed; of `known` what is not told any more is left."""
    added: list[Values] = []
    changed: list[Values] = []
    for subject, record in told.items():
        before, digest = known.pop(subject, None), digest_of(record)
        content = {"record": record, "digest": digest}
        if not (route.is_open or (before and before.digest)):
            continue
        if before is None:
            added.append(_row(route, subject) | content | {"written_at": now})
        elif before.digest != digest or before.is_to_be_told_again(now):
            changed.append(_changed(before, now) | content)
    gone = (one for one in known.values() if one.digest is not None)
    changed += [_changed(one, now) | {"record": {"status": WITHDRAWN}, "digest": None} for one in gone]
    return added, changed


def _row(route: Route, subject: Subject) -> Values:
    about = {"peer_id": route.peer_id, "org_number": route.org_number, "state": UNANSWERED, "revision": 1}
    return about | {"id": new_id()} | subject._asdict()


def _changed(before: _Known, now: datetime) -> Values:
    return {"id": before.id, "revision": before.revision + 1, "written_at": now}
