"""Answer for a month: what was to be delivered to whom, and what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal, get_args

from sqlalchemy import and_, case, func, not_, or_, select
from sqlalchemy.orm import Session

from sidecar.core import report_schedules
from sidecar.core.access import Viewer
from sidecar.core.checklists import list_visible
from sidecar.core.connections import Connection, may_see_connection
from sidecar.core.db import JsonValue
from sidecar.core.deliveries import Delivery, is_replaced
from sidecar.core.delivery_following import NeverAnsweredError, is_silent
from sidecar.core.ledgers import is_seen
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import Period, day_of
from sidecar.core.report_definitions import list_lines, looked_after
from sidecar.core.report_runs import SINCE_LAST, ReportDue, ReportRun, is_live
from sidecar.core.report_specs import Defined

Verdict = Literal["wanting", "no-channel", "under-way", "delivered", "nothing"]
"""What a municipality's line says: something failed or is missing; it has no way to get what was due; all is on its
way; all is there; nothing was due."""

VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)


@dataclass(frozen=True)
class Channel:
    """A way by which a municipality gets reports."""

    id: str
    municipality_id: str
    connector: str
    created_at: datetime


@dataclass(frozen=True)
class Due:
    """A report that was due in the month.

    Attributes:
        period: which it is about; None where that differs from municipality to municipality.
        under_way: ids of the municipalities of which it is still to be made in a run that is not over yet.
        is_retired: its definition is, so nothing makes it now.
    """

    defined: Defined
    due_at: datetime
    period: Period | None
    municipality_ids: frozenset[str]
    under_way: frozenset[str]
    is_retired: bool

    def fits(self, channel: Channel) -> bool:
        """Tell whether it goes out by channels of this kind."""
        return not self.defined.spec.connectors or channel.connector in self.defined.spec.connectors

    def goes_by(self, channel: Channel) -> bool:
        """Tell whether it was to go out by a channel."""
        return channel.created_at <= self.due_at and self.fits(channel)


@dataclass(frozen=True)
class Missing:
    """A report that was due and was never made for a channel."""

    due: Due
    municipality_id: str


@dataclass(frozen=True)
class MonthLine:
    """What became of a municipality's reports in a month.

    Attributes:
        wayless: how many of the reports that were due none of its channels takes.
        failed: among them those of which the other side never said whether they arrived.
        sent: the other side has them, and has not said yet whether they arrived.
        missing: reports that were due and not made.
    """

    municipality: Municipality
    wayless: int
    delivered: int
    read: int
    sent: int
    waiting: int
    failed: int
    missing: Sequence[Missing] = field(default=())

    @property
    def verdict(self) -> Verdict:
        """What the line says, the worst first."""
        if self.failed or self.missing:
            return "wanting"
        if self.wayless:
            return "no-channel"
        if self.sent or self.waiting:
            return "under-way"
        return "delivered" if self.delivered else "nothing"


@dataclass(frozen=True)
class Cause:
    """Deliveries that failed for the same reason, over the same kind of channel.

    Attributes:
        is_past_retry: their files were removed, so that only a new run of the report mends it.
        problem: {template, facts} of one of them; `is_same`: they all say just that.
        municipalities: whose they are, by name, each once.
    """

    code: str
    connector: str
    is_past_retry: bool
    problem: JsonValue
    is_same: bool
    delivery_ids: Sequence[str]
    municipalities: Sequence[Municipality]


@dataclass(frozen=True)
class Month:
    """The answer for a month: a line for each municipality by name, what failed by cause, the reports that were due."""

    lines: Sequence[MonthLine]
    causes: Sequence[Cause]
    due: Sequence[Due]

    def count(self, verdict: Verdict) -> int:
        """Return how many municipalities it says this of."""
        return sum(line.verdict == verdict for line in self.lines)

    def total(self, what: str) -> int:
        """Return the sum of a number of the lines."""
        return sum(getattr(line, what) for line in self.lines)

    @property
    def missing(self) -> Sequence[Missing]:
        """All that was due and not made."""
        return [each for line in self.lines for each in line.missing]

    @property
    def verdict(self) -> Verdict:
        """What the whole month says: the worst that any line says."""
        said = {line.verdict for line in self.lines}
        return next((each for each in VERDICTS if each in said), "nothing")


@dataclass(frozen=True)
class _Told:
    """What the ledger says of one delivery."""

    id: str
    municipality_id: str
    definition: str
    connection_id: str
    connector: str
    period_end: date
    created_at: datetime
    state: str
    read_at: datetime | None
    error_code: str | None
    error: JsonValue | None
    files_removed_at: datetime | None

    @property
    def is_past_retry(self) -> bool:
        """Tell whether it can be mended by a new run only: its files are gone, and there is nobody to ask."""
        return self.files_removed_at is not None and self.error_code != NeverAnsweredError.code

    @property
    def through(self) -> date:
        """The last day it tells of; one that was made before its period had ended tells of the days till then."""
        return min(self.period_end, day_of(self.created_at) - timedelta(days=1))


def answer(db: Session, viewer: Viewer, month: Period, is_channel: Callable[[str], bool]) -> Month:
    """Say how it stands with a month's reports of the municipalities that the viewer looks after.

    Args:
        month: in which the reports were due or asked for, in Europe/Oslo.
        is_channel: tells by a connector's name whether reports go out by it.
    """
    due = list_due(db, viewer, month)
    seen = [one for one in list_visible(db, viewer) if viewer.role_in(one.id) in ("operator", "rkk")]
    ids = {one.id for one in seen}
    told = [each for each in _list_told(db, viewer, month, due) if each.municipality_id in ids]
    channels = _list_channels(db, viewer, is_channel)
    theirs = defaultdict[str, list[_Told]](list)
    for each in told:
        theirs[each.municipality_id].append(each)
    lines = [
        _line(one, channels.get(one.id, []), [each for each in due if one.id in each.municipality_ids], theirs[one.id])
        for one in seen
    ]
    return Month(lines, _group(told, seen), due)


def _group(told: Sequence[_Told], municipalities: Sequence[Municipality]) -> Sequence[Cause]:
    """Return what failed by cause, the most frequent first."""
    groups = defaultdict[tuple[str, str, bool], list[_Told]](list)
    for each in told:
        if each.state == "failed":
            groups[each.error_code or "", each.connector, each.is_past_retry].append(each)
    causes = []
    for (code, connector, is_past_retry), group in groups.items():
        owners = {each.municipality_id for each in group}
        causes.append(
            Cause(
                code=code,
                connector=connector,
                is_past_retry=is_past_retry,
                problem=group[0].error,
                is_same=all(each.error == group[0].error for each in group),
                delivery_ids=[each.id for each in group],
                municipalities=[one for one in municipalities if one.id in owners],
            )
        )
    return sorted(causes, key=lambda one: (-len(one.delivery_ids), one.code, one.connector, one.is_past_retry))


def list_due(db: Session, viewer: Viewer, month: Period) -> Sequence[Due]:
    """Return the reports that were due in a month, each definition's last due time."""
    in_month = ReportDue.due_at >= month.begins_at, ReportDue.due_at < month.ends_at
    query = select(ReportDue.definition_id, func.max(ReportDue.due_at)).where(*in_month)
    times: dict[str, datetime] = dict(db.execute(query.group_by(ReportDue.definition_id)).all())
    running = db.scalars(select(ReportRun).where(is_live(), ReportRun.definition_id.in_(times))).all() if times else ()
    members: dict[tuple[str | None, Period | None], Sequence[Municipality]] = {}
    found = []
    for line in list_lines(db, viewer) if times else ():
        if due_at := times.get(line.definition.id):
            definition, spec = line.definition, line.defined.spec
            period = report_schedules.period_before(spec.period, due_at)
            key = definition.region_id, period
            if key not in members:
                members[key] = looked_after(db, definition.region_id, period or month)
            named = (one.id for one in members[key] if not spec.municipalities or one.slug in spec.municipalities)
            wanted, name = frozenset(named), period.name if period else SINCE_LAST
            of_it = [run for run in running if (run.definition_id, run.period) == (definition.id, name)]
            under_way = frozenset(one for one in wanted for run in of_it if _is_for(run, one))
            found.append(Due(line.defined, due_at, period, wanted, under_way, definition.retired_at is not None))
    return found


def _is_for(run: ReportRun, municipality_id: str) -> bool:
    """Tell whether a run that is not over has a municipality's report still to make."""
    if run.todo is None:
        return run.chosen is None or municipality_id in run.chosen
    return any(municipality_id == key for key, *_ in run.todo)


def _list_told(db: Session, viewer: Viewer, month: Period, due: Sequence[Due]) -> Sequence[_Told]:
    """Return what counts: what was asked for in the month, and what was due in it, whenever it was asked for.

    Of what was not delivered yet, that is the first that makes up for it: later ones belong to later months.
    """
    was_due = {one.defined.id: one for one in due}
    asked = and_(Delivery.created_at >= month.begins_at, Delivery.created_at < month.ends_at)
    of_period = Delivery.period_end.in_({one.period.end for one in due if one.period})
    since_last = Delivery.definition.in_({one.defined.id for one in due if one.period is None})
    made_up = and_(since_last, Delivery.created_at >= month.ends_at)
    query = (
        select(
            Delivery.id,
            Delivery.municipality_id,
            Delivery.definition,
            Delivery.connection_id,
            Connection.connector,
            Delivery.period_end,
            Delivery.created_at,
            case((is_silent(), "failed"), else_=Delivery.state),
            Delivery.read_at,
            Delivery.error_code,
            Delivery.error,
            Delivery.files_removed_at,
            asked,
        )
        .join(Connection, Connection.id == Delivery.connection_id)
        .where(or_(asked, of_period, made_up), is_seen(viewer), not_(is_replaced()), Connection.removed_at.is_(None))
        .order_by(Delivery.created_at, Delivery.id)
    )
    found: list[_Told] = []
    made = set[tuple[str, str]]()
    for row in db.execute(query):
        told, was_asked = _Told(*row[:-1]), row[-1]
        its_due, place = was_due.get(told.definition), (told.definition, told.connection_id)
        if its_due is None or not _is_it(told, its_due):
            found += [told] if was_asked else []
            continue
        if was_asked or its_due.period or place not in made:
            found.append(told)
        made.add(place)
    return found


def _list_channels(db: Session, viewer: Viewer, is_channel: Callable[[str], bool]) -> Mapping[str, list[Channel]]:
    columns = Connection.id, Connection.municipality_id, Connection.connector, Connection.created_at
    in_use = Connection.removed_at.is_(None), Connection.municipality_id.is_not(None), may_see_connection(viewer)
    found = defaultdict[str, list[Channel]](list)
    for key, owner, connector, created_at in db.execute(select(*columns).where(*in_use)):
        if owner and is_channel(connector):
            found[owner].append(Channel(key, owner, connector, created_at))
    return found


def _line(one: Municipality, channels: Sequence[Channel], due: Sequence[Due], told: Sequence[_Told]) -> MonthLine:
    states = [each.state for each in told]
    return MonthLine(
        municipality=one,
        wayless=sum(
            not any(map(each.fits, channels)) and not any(_is_it(report, each) for report in told) for each in due
        ),
        delivered=states.count("delivered"),
        read=sum(each.read_at is not None for each in told),
        sent=states.count("sent"),
        waiting=states.count("waiting") + states.count("delivering") + sum(one.id in each.under_way for each in due),
        failed=states.count("failed"),
        missing=[
            Missing(each, one.id)
            for each in due
            if one.id not in each.under_way
            for channel in channels
            if each.goes_by(channel)
            and not any(report.connection_id == channel.id and _is_it(report, each) for report in told)
        ],
    )


def _is_it(told: _Told, due: Due) -> bool:
    """Tell whether a delivery is the report that was due; what was not delivered yet reaches to the day before."""
    if told.definition != due.defined.id:
        return False
    if due.period:
        return told.period_end == due.period.end
    return told.through >= day_of(due.due_at) - timedelta(days=1)
