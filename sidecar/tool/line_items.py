"""Make a column in an LMS's gradebook for a link that brought none, once; list the columns an LMS holds for us."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from lti.errors import ServiceError, ServiceRefused
from lti.fetching import Fetch
from lti.grades import DEFAULT_MAXIMUM
from lti.line_items import SCOPE_LINE_ITEM, LineItem, create_line_item, list_line_items
from lti.login import Registration
from sidecar.core import grades, launches, line_items
from sidecar.core.courses import Course
from sidecar.core.grades import Grade
from sidecar.core.line_items import Place
from sidecar.core.outbox import GiveUp, TryLater
from sidecar.core.platform_life import refuse_inactive
from sidecar.core.platforms import Platform
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.tool.service import lti_fetch, registration_of, with_token

UNDER_WAY: Final = "line-item-under-way"
"""The code of a grade that waits while another job makes its column."""

TAG: Final = "laeringslop"
"""What marks a column in the gradebook as ours, made by us or with a link that a teacher chose."""

log = structlog.get_logger()


class LineItemsUnreadError(SidecarError):
    """{host} does not show the columns it holds for us ({reason}). Test the connection to see what is wrong."""

    code = "line-items-unread"


@dataclass(frozen=True)
class HeldLineItem:
    """A column that an LMS holds for us, and the course of the LMS it stands in."""

    context_id: str
    item: LineItem


@dataclass(frozen=True)
class _Task:
    """One column to find or make."""

    place: Place
    registration: Registration
    lineitems_url: str
    label: str
    resource_id: str


def ensure_line_item(sidecar: Sidecar, grade_id: str) -> None:
    """See to it that a grade which waits for a column of our own has one.

    The LMS is looked at before one is made: a job before this may have been killed after it made one. Of two jobs
    one does it, and the other comes back later.

    Raises:
        TryLater: another job is at it.
        GiveUp: the learner's newest launch did not allow it any more.
        ServiceError: the LMS did not let us.
    """
    task = _claim(sidecar, grade_id)
    if task is None:
        return
    try:
        with sidecar.keep(lambda db, now: line_items.renew(db, task.place, now), line_items.LEASE):
            url = _find_or_make(sidecar, task)
    except ServiceError:
        with sidecar.transaction() as db:
            line_items.let_go(db, task.place)
        raise
    with sidecar.transaction() as db:
        line_items.record(db, task.place, url, sidecar.now())
        grades.follow_made(db, task.place, url)
    log.info("line_item.made", platform=task.place.platform_id, course=task.place.course_id)


def _claim(sidecar: Sidecar, grade_id: str) -> _Task | None:
    with sidecar.transaction() as db:
        grade = db.get(Grade, grade_id)
        if grade is None or grade.state != "waiting" or grade.lineitem_url is not None:
            return None
        refuse_inactive(db, grade.platform_id, grade.deployment_id)
        place = grades.place_of(grade)
        if url := line_items.find_url(db, place):
            grades.follow_made(db, place, url)
            return None
        lineitems_url = grades.find_line_items_url(db, grade)
        if lineitems_url is None:
            raise GiveUp(ServiceRefused.code)
        if not line_items.claim(db, place, sidecar.now()):
            raise TryLater(UNDER_WAY)
        course = db.get_one(Course, grade.course_id)
        registration = registration_of(db, db.get_one(Platform, grade.platform_id))
        return _Task(place, registration, lineitems_url, course.title, course.key)


def _find_or_make(sidecar: Sidecar, task: _Task) -> str:
    fetch, link = lti_fetch(sidecar), task.place.resource_link_id

    def find_or_make(token: str) -> LineItem:
        where = task.lineitems_url
        found = list_line_items(fetch, token, where, resource_link_id=link, resource_id=task.resource_id)
        wanted = LineItem("", task.label, DEFAULT_MAXIMUM, task.resource_id, link, TAG)
        return found[0] if found else create_line_item(fetch, token, where, wanted)

    return with_token(sidecar, task.registration, SCOPE_LINE_ITEM, task.lineitems_url, find_or_make).id


def list_held(sidecar: Sidecar, platform_id: str) -> Iterator[HeldLineItem]:
    """Yield the columns that an LMS holds for us, of every course in it that has launched us and lets us look.

    Raises:
        LineItemsUnreadError: the LMS did not let us.
    """
    with sidecar.reading() as db:
        registration = registration_of(db, db.get_one(Platform, platform_id))
        places = launches.list_line_items_urls(db, platform_id)
    for context_id, url in places:
        try:
            held = with_token(sidecar, registration, SCOPE_LINE_ITEM, url, partial(_list, lti_fetch(sidecar), url))
        except ServiceError as error:
            raise LineItemsUnreadError(host=error.host, reason=error.code) from error
        yield from (HeldLineItem(context_id, item) for item in held)


def _list(fetch: Fetch, url: str, token: str) -> list[LineItem]:
    return list_line_items(fetch, token, url)
