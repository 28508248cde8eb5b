"""Look whether the outside links of the versions that learners get lead anywhere: at first, and then once a week.

It is done slowly, in parts of half a minute: other people's servers answer, and none shall notice it. A part may be cut
off anywhere; the next goes on with the links that are left.
"""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import urldefrag, urlsplit

import structlog
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import dead_links, outbox
from sidecar.core.dead_links import ALIVE, FAILURES, KIND, MOST_LINKS, UNKNOWN
from sidecar.core.outbox import OutboxItem
from sidecar.core.periods import OSLO
from sidecar.errors import ForbiddenAddressError, NotFoundError, UnreachableError
from sidecar.http import AnswerTooLargeError, why_unreachable
from sidecar.runtime import Sidecar

HOUR: Final = 3
"""The hour of Monday in Europe/Oslo from which a week's look is due."""

APART: Final = timedelta(days=3)
"""How far two looks are apart at least: one that is down over a Sunday night must not be seen twice."""

PAUSE_S: Final = 1.0
LONGEST_S: Final = 30.0
"""After how long a job leaves the rest to the next one: a grade that comes meanwhile may wait for its worker."""

READING_S: Final = 10.0
"""How long one version's pages are read for links; those of a course that takes longer are found in its first pages."""

PAGE_BYTES: Final = 2 * 1024**2
URL_CHARACTERS: Final = 2000
LEADING: Final = {"href": ("a", "area"), "src": ("iframe", "img", "video", "audio", "source")}
"""Which elements lead somewhere, by the attribute that says where."""

NOT_BY_HEAD: Final = 400
"""From this status on an answer to HEAD is not believed: some servers know GET only."""

log = structlog.get_logger()


def ask_for_this_week(sidecar: Sidecar) -> bool:
    """Put the look of this week into the outbox, once, and a further part where a version came since; tell whether.

    A part that failed is not followed by another: whatever was in its way, it would be tried every ten seconds.
    """
    now = sidecar.now().astimezone(OSLO)
    monday = now.date() - timedelta(days=now.weekday())
    if now.weekday() == 0 and now.hour < HOUR:
        return False
    with sidecar.reading() as db:
        part, state = _last_part(db, monday)
        if part and (state != "done" or not dead_links.list_due(db, _due_before(monday))):
            return False
    with sidecar.transaction() as db:
        outbox.put_part(db, KIND, monday, part + 1, now=sidecar.now())
    return True


def _last_part(db: Session, monday: date) -> tuple[int, str]:
    """Return number and state of the last part of a week that was asked for; 0 where there is none."""
    of_week = OutboxItem.kind == KIND, OutboxItem.subject.startswith(f"{monday.isoformat()}:")
    rows = db.execute(select(OutboxItem.subject, OutboxItem.state).where(*of_week))
    return max(((outbox.read_part(subject)[1], state) for subject, state in rows), default=(0, ""))


def _due_before(monday: date) -> datetime:
    """Return since when a link must have been looked at to be left alone in a week."""
    return datetime.combine(monday - APART, datetime.min.time(), tzinfo=OSLO)


def run_part(sidecar: Sidecar, week_and_part: str, *, pause: Callable[[float], None] = time.sleep) -> None:
    """Look at links for at most `LONGEST_S`; what is left is the next part of the week (the outbox calls this)."""
    monday, part = outbox.read_part(week_and_part)
    ends = time.monotonic() + LONGEST_S
    looked, is_done = 0, True
    with sidecar.transaction() as db:
        dead_links.forget_replaced(db)
    for has_asked in _looks(sidecar, _due_before(monday)):
        looked += has_asked
        if time.monotonic() > ends:
            is_done = False
            break
        if has_asked:
            pause(PAUSE_S)
    log.info("links.checked", looked=looked, is_done=is_done)
    if not is_done:
        with sidecar.transaction() as db:
            outbox.put_part(db, KIND, monday, part + 1, now=sidecar.now())


def _looks(sidecar: Sidecar, before: datetime) -> Iterator[bool]:
    """Look at one link after the other of those that were not looked at since a moment.

    Yields after each step, whether it asked another server: reading a version for its links does not.
    """
    with sidecar.reading() as db:
        due = dead_links.list_due(db, before)
    for version_id in due:
        if _find_links(sidecar, version_id):
            yield False
        while True:
            with sidecar.reading() as db:
                link = dead_links.next_link(db, version_id, before)
            if link is None:
                break
            outcome = look_at(sidecar, link.url)
            with sidecar.transaction() as db:
                dead_links.record(db, version_id, link.url_digest, outcome, sidecar.now())
            yield True
        with sidecar.transaction() as db:
            dead_links.record_round(db, version_id, sidecar.now())


def _find_links(sidecar: Sidecar, version_id: str) -> bool:
    """Find the links of a version, where that was not done before; tell whether it was done now."""
    with sidecar.reading() as db:
        if dead_links.is_read(db, version_id):
            return False
        pages = dead_links.list_pages(db, version_id)
    links: dict[str, str] = {}
    ends = time.monotonic() + READING_S
    for path, digest in pages:
        for url in links_of(_read(sidecar, digest)):
            links.setdefault(url, path)
        if len(links) >= MOST_LINKS or time.monotonic() > ends:
            break
    with sidecar.transaction() as db:
        dead_links.note_links(db, version_id, links)
    return True


def _read(sidecar: Sidecar, digest: str) -> bytes:
    try:
        return b"".join(sidecar.storage.stream(digest, 0, PAGE_BYTES))
    except NotFoundError:  # the version was removed meanwhile, and the storage swept
        return b""


def links_of(page: bytes) -> Iterator[str]:
    """Yield the http(s) addresses that a page leads to, without what stands after "#"."""
    parser = etree.HTMLParser(no_network=True, recover=True, encoding="utf-8" if _is_utf8(page) else None)
    tree = etree.fromstring(page, parser) if page.strip() else None
    elements = [] if tree is None else [(name, each) for name, tags in LEADING.items() for each in tree.iter(*tags)]
    for name, element in elements:
        url = urldefrag("".join((element.get(name) or "").split())).url
        url = f"https:{url}" if url.startswith("//") else url
        if url.lower().startswith(("http://", "https://")) and len(url) <= URL_CHARACTERS and _has_host(url):
            yield url


def _is_utf8(page: bytes) -> bool:
    """Tell whether a page is UTF-8, whatever it says of itself; it may be cut off amid a character.

    The parser reads any other page by what it declares, and takes one that declares nothing for latin-1.
    """
    try:
        codecs.getincrementaldecoder("utf-8")().decode(page)
    except UnicodeDecodeError:
        return False
    return True


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def look_at(sidecar: Sidecar, url: str) -> str:
    """Tell how a link stands: alive, unknown, or one of `FAILURES`.

    A host that may not be reached from here, one that is slow, and a page that asks who we are say nothing.
    """
    status = 0
    for method in ("HEAD", "GET"):
        try:
            status = sidecar.fetch(method, url, headers={}).status
        except AnswerTooLargeError:
            return ALIVE
        except ForbiddenAddressError:
            return UNKNOWN
        except UnreachableError as error:
            return "dns" if why_unreachable(error) == "dns" else UNKNOWN
        except ValueError:  # a name that no host can have
            return UNKNOWN
        if status < NOT_BY_HEAD:
            return ALIVE
    return str(status) if str(status) in FAILURES else UNKNOWN
