"""Look into the ledger of deliveries; try again, send again and ask after them from the command line."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

import click

from sidecar.cli.output import REFUSED, json_option, show, show_one, with_sidecar
from sidecar.core.access import operator_at_the_console
from sidecar.core.deliveries import HANDED_OVER, Delivery, find_delivery
from sidecar.core.delivery_pages import tell
from sidecar.core.ledgers import STATES, Wanted, list_ledger
from sidecar.core.municipalities import find_municipality, list_municipalities
from sidecar.core.outbox import GiveUp, TryLater
from sidecar.core.periods import read_period
from sidecar.language import say_template
from sidecar.reports import deliver, following, resending
from sidecar.runtime import Sidecar

COLUMNS = (
    "id",
    "municipality",
    "period",
    "state",
    "rows",
    "late",
    "attempts",
    "files",
    "receipt",
    "error",
    "message",
    "content_hash",
    "created_at",
    "delivered_at",
    "definition",
    "sent_at",
    "read_at",
    "may_be_twice",
    "corrects",
    "resends",
    "reason",
)
SHORT = ("id", "municipality", "period", "state", "rows", "late", "attempts", "receipt", "message")
WAIT_S = 60


@click.group()
def delivery() -> None:
    """Look into the ledger of deliveries."""


@delivery.command("list")
@click.option("--municipality", help="Organisation number or slug; all when left out.")
@click.option("--state", type=click.Choice(STATES), help="“attention”: somebody must do something about it.")
@click.option("--definition", default="", help="Id of a report definition.")
@click.option("--month", help="In which it was asked for, for example 2026-09.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many.")
@json_option
@with_sidecar
def list_all(
    sidecar: Sidecar,
    municipality: str | None,
    state: str | None,
    definition: str,
    month: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List deliveries, the newest first."""
    with sidecar.reading() as db:
        slugs = {one.id: one.slug for one in list_municipalities(db)}
        owner_id = find_municipality(db, municipality).id if municipality else ""
        wanted = Wanted(owner_id, state or "", definition, read_period(month) if month else None)
        page = list_ledger(db, operator_at_the_console(), wanted, page_size=limit)
        show_deliveries(as_json, [line.delivery for line in page.lines], slugs)


@delivery.command("show")
@click.argument("delivery_id")
@json_option
@with_sidecar
def show_story(sidecar: Sidecar, delivery_id: str, as_json: bool) -> None:
    """Show one delivery: what came of it, who confirmed it, what it corrects and what came after it."""
    with sidecar.reading() as db:
        story = tell(db, operator_at_the_console(), delivery_id)
        facts = _line(story.delivery, story.municipality.slug) | {
            "channel": story.connection.connector,
            "next_try_at": story.next_try_at,
            "followed_at": story.delivery.followed_at,
            "other_side": story.delivery.progress["stage"] if story.delivery.progress else None,
            "confirmed_at": [when for when, _ in story.confirmed],
            "corrected_by": [one.id for one in story.corrected_by],
            "sent_again_by": [one.id for one in story.again],
            "files_removed_at": story.delivery.files_removed_at,
        }
    show_one(as_json, facts)


@delivery.command("retry")
@click.argument("delivery_id")
@click.option("--queue", is_flag=True, help="Leave the delivery to the worker instead of doing it now.")
@json_option
@with_sidecar
def retry(sidecar: Sidecar, delivery_id: str, queue: bool, as_json: bool) -> None:
    """Try a delivery again that failed or waits."""
    deliver.retry(sidecar, operator_at_the_console(), delivery_id)
    _end(sidecar, delivery_id, queue=queue, as_json=as_json)


@delivery.command("resend")
@click.argument("delivery_id")
@click.option("--reason", required=True, help="Why; it stands in the ledger.")
@click.option("--queue", is_flag=True, help="Leave the delivery to the worker instead of doing it now.")
@json_option
@with_sidecar
def resend(sidecar: Sidecar, delivery_id: str, reason: str, queue: bool, as_json: bool) -> None:
    """Send the files of a delivery again over its channel, as a delivery of their own."""
    again = resending.resend(sidecar, operator_at_the_console(), delivery_id, reason)
    _end(sidecar, again.id, queue=queue, as_json=as_json)


@delivery.command("follow")
@click.argument("delivery_id")
@json_option
@with_sidecar
def follow(sidecar: Sidecar, delivery_id: str, as_json: bool) -> None:
    """Ask the other side now what became of a delivery."""
    following.ask_now(sidecar, operator_at_the_console(), delivery_id)
    following.follow(sidecar, delivery_id)
    _end(sidecar, delivery_id, queue=True, as_json=as_json)


def _end(sidecar: Sidecar, delivery_id: str, *, queue: bool, as_json: bool) -> None:
    """Hand a delivery over, unless it is left to the worker, and show it; end with 1 where it did not go out."""
    found = see(sidecar, delivery_id) if queue else hand_over(sidecar, delivery_id)
    with sidecar.reading() as db:
        slugs = {one.id: one.slug for one in list_municipalities(db)}
    show_deliveries(as_json, [found], slugs)
    if found.state not in HANDED_OVER and not queue:
        raise SystemExit(REFUSED)


def hand_over(sidecar: Sidecar, delivery_id: str) -> Delivery:
    """Deliver in this process; where a worker was faster, wait for it."""
    until = time.monotonic() + WAIT_S
    while True:
        with suppress(GiveUp, TryLater):  # the ledger says what came of it
            deliver.hand_over(sidecar, delivery_id)
        found = see(sidecar, delivery_id)
        if found.state != "delivering" or time.monotonic() > until:
            return found
        time.sleep(0.2)


def see(sidecar: Sidecar, delivery_id: str) -> Delivery:
    """Return a delivery as it is now."""
    with sidecar.reading() as db:
        found = find_delivery(db, operator_at_the_console(), delivery_id)
        db.expunge(found)
        return found


def show_deliveries(as_json: bool, found: Sequence[Delivery], slugs: Mapping[str, str]) -> None:
    """Print deliveries.

    Args:
        slugs: by municipality id.
    """
    columns = COLUMNS if as_json else SHORT
    rows = [_line(one, slugs[one.municipality_id]) for one in found]
    show(as_json, columns, [{name: row[name] for name in columns} for row in rows])


def _line(one: Delivery, slug: str) -> dict[str, object]:
    return {
        "id": one.id,
        "municipality": slug,
        "period": one.period,
        "state": one.state,
        "rows": one.row_count,
        "late": one.late_count,
        "attempts": one.attempts,
        "files": [file["name"] for file in one.files],
        "receipt": one.receipt["reference"] if one.receipt else None,
        "error": one.error_code,
        "message": say_template(one.error["template"], one.error["facts"], "en") if one.error else None,
        "content_hash": one.content_hash,
        "created_at": one.created_at,
        "delivered_at": one.delivered_at,
        "definition": one.definition,
        "sent_at": one.sent_at,
        "read_at": one.read_at,
        "may_be_twice": one.may_be_twice,
        "corrects": one.corrects_id,
        "resends": one.resends_id,
        "reason": one.resend_reason,
    }
