"""Pull completions in bulk through a report: whole, or what was completed since.

The filter of a report is kept by Moodle for the token's user. So two pulls never run at once, a whole pull begins by
resetting it, and each page is checked: a delta for rows outside its time, a whole pull for its number of rows.
Pages are counted in rows, so one that is taken away while reading shifts the rest: the page before is read once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Final

from sidecar.connectors.base import ConnectorError
from sidecar.connectors.moodle import reports
from sidecar.connectors.moodle.calls import Calls
from sidecar.connectors.moodle.courses import list_courses
from sidecar.connectors.moodle.errors import FilterIgnoredError, ReportMovedError, TimeZoneError
from sidecar.connectors.moodle.reports import ReportPage
from sidecar.connectors.moodle.rows import Key, Layout, completed_at, layout_of, records
from sidecar.connectors.records import CompletionPage, CompletionRecord, Cursor

PAGE_ROWS: Final = 5000
"""Each call counts all rows anew, so that small pages are slow; larger ones gain little more."""

OVERLAP: Final = timedelta(days=1)
"""How far a delta reaches back: Moodle shows minutes, and its cron may set a time that is hours old."""

FAR_AHEAD_S: Final = 4_102_444_800
"""The year 2100."""

STEPS_BACK: Final = 20
FIRST_TRIES: Final = 3


@dataclass
class Pull:
    """One pull of a report; `rows` is how many to a page.

    Attributes:
        since: a delta reaches from then (and `OVERLAP` before) on; None for a whole pull.
    """

    calls: Calls
    report_id: int
    since: datetime | None = None
    rows: int = PAGE_ROWS
    _titles: dict[str, str] | None = field(default=None, init=False)
    _last: Key | None = field(default=None, init=False)

    def pages(self, checkpoint: Cursor | None = None) -> Iterator[CompletionPage]:
        """Yield the pages, from the one that an earlier pull's checkpoint names.

        Raises:
            ConnectorError: the report can't be read, or not be trusted.
        """
        number, total = _read_checkpoint(checkpoint)
        begin = self._begin()
        page = self._first(number, begin)
        layout = layout_of(page.headings)
        steps_back = 0
        while True:
            if total is not None and page.total < total and number > 0:
                steps_back += 1
                if total - page.total > self.rows or steps_back > STEPS_BACK:
                    raise ReportMovedError
                number -= 1
                total = page.total
                page = self._page(number)
                continue
            self._refuse_holes(page, number, layout)
            found = self._records(page, layout, begin)
            number, total = number + 1, page.total
            yield CompletionPage(found, {"page": number, "total": total}, total)
            if number * self.rows >= total:
                break
            page = self._page(number)
        if begin is not None:
            reports.reset_filters(self.calls, self.report_id)

    def _begin(self) -> datetime | None:
        if self.since is None:
            return None
        return self.since.astimezone(UTC).replace(second=0, microsecond=0) - OVERLAP

    def _page(self, number: int) -> ReportPage:
        return reports.retrieve(self.calls, self.report_id, number, self.rows)

    def _first(self, number: int, begin: datetime | None) -> ReportPage:
        """Return the first page, after making sure that the filter is what it should be."""
        if begin is not None:
            reports.filter_by_time(self.calls, self.report_id, int(begin.timestamp()), FAR_AHEAD_S)
            return self._page(number)
        for _ in range(FIRST_TRIES):
            reports.reset_filters(self.calls, self.report_id)
            page = self._page(number)
            if number > 0 or self._is_whole(page):
                return page
        raise ReportMovedError

    def _is_whole(self, page: ReportPage) -> bool:
        """Tell whether nobody had set a filter while the first page was read; and see that its times are UTC."""
        prove_time_zone(self.calls, self.report_id, page)
        return reports.retrieve(self.calls, self.report_id, 0, 1).total == page.total

    def _refuse_holes(self, page: ReportPage, number: int, layout: Layout) -> None:
        if layout_of(page.headings) != layout:
            raise ReportMovedError
        left = max(0, page.total - number * self.rows)
        if len(page.rows) != min(self.rows, left):
            raise ReportMovedError

    def _records(self, page: ReportPage, layout: Layout, begin: datetime | None) -> Sequence[CompletionRecord]:
        titles = {} if layout.full_name is not None or not page.rows else self._full_names()
        found = list(records(page, layout, titles, self._last))
        if begin is not None and any(each.completed_at is None or each.completed_at < begin for each in found):
            raise FilterIgnoredError
        if found:
            self._last = (found[-1].holder, found[-1].course_key)
        return found

    def _full_names(self) -> dict[str, str]:
        """Return the full names of courses, as far as the token's user may see them; a report need not have them."""
        if self._titles is None:
            self._titles = {}
            with suppress(ConnectorError):  # the short names do
                self._titles = {unescape(one.short_name): unescape(one.full_name) for one in list_courses(self.calls)}
        return self._titles


def prove_time_zone(calls: Calls, report_id: int, page: ReportPage) -> bool:
    """See that a time of the report is UTC, by filtering for it in seconds; the filter is reset afterwards.

    Returns:
        Whether there was anything to prove it by: a row with a time, and a filter that works.

    Raises:
        TimeZoneError: at the time that a row shows nothing was completed.
    """
    layout = layout_of(page.headings)
    at = next(filter(None, (completed_at(row, layout) for row in page.rows)), None)
    if at is None:
        return False
    begin = int(at.timestamp())
    reports.filter_by_time(calls, report_id, begin, begin + 60)
    try:
        found = reports.retrieve(calls, report_id, 0, 1)
    finally:
        reports.reset_filters(calls, report_id)
    if found.total == page.total:
        return False
    if not any(completed_at(row, layout) == at for row in found.rows):
        raise TimeZoneError
    return True


def _read_checkpoint(checkpoint: Mapping[str, object] | None) -> tuple[int, int | None]:
    """Return the page to go on with, and how many rows there were; a checkpoint that is not ours begins anew."""
    number, total = (checkpoint or {}).get("page"), (checkpoint or {}).get("total")
    if isinstance(number, int) and isinstance(total, int) and number >= 0:
        return number, total
    return 0, None
