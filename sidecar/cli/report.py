"""Run reports and keep an eye on their deliveries."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

import click

from sidecar.cli.output import REFUSED, clean, json_option, show, with_sidecar
from sidecar.core.access import operator_at_the_console
from sidecar.core.deliveries import Delivery, find_delivery, list_deliveries
from sidecar.core.municipalities import find_municipality, list_municipalities
from sidecar.core.outbox import GiveUp, TryLater
from sidecar.core.periods import Period, read_period
from sidecar.errors import SidecarError
from sidecar.language import say_template
from sidecar.reports import deliver
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
)
SHORT = ("id", "municipality", "period", "state", "rows", "late", "attempts", "receipt", "message")
WAIT_S = 60


@click.group()
def report() -> None:
    """Run completion reports."""


@report.command("run")
@click.option("--municipality", help="Organisation number or slug.")
@click.option("--all", "everyone", is_flag=True, help="For every municipality.")
@click.option("--period", "period_text", required=True, help="2026-09, 2026-H2, 2026 or 2026-01-01/2026-03-31.")
@click.option("--queue", is_flag=True, help="Leave the delivery to the worker instead of doing it now.")
@json_option
@with_sidecar
def run(
    sidecar: Sidecar, municipality: str | None, everyone: bool, period_text: str, queue: bool, as_json: bool
) -> None:
    """Build and deliver the report of a period; the same content is never delivered twice.

    Ends with 1 when a delivery failed or must be tried again, or a municipality has no channel or its report can't be
    built; with --all the others get theirs.
    """
    if bool(municipality) == everyone:
        raise click.UsageError("Give either --municipality or --all.")
    period = read_period(period_text)
    with sidecar.reading() as db:
        wanted = list_municipalities(db) if everyone else [find_municipality(db, municipality or "")]
        slugs = {one.id: one.slug for one in wanted}
    asked, refused = _request(sidecar, slugs, period, go_on=everyone)
    delivery_ids = [one.id for found in asked.values() for one in found]
    ended = [_see(sidecar, one) if queue else _hand_over(sidecar, one) for one in delivery_ids]
    _show(as_json, ended, slugs)
    without = [slugs[owner_id] for owner_id, found in asked.items() if not found]
    for slug in without:
        click.echo(f"{slug} has no channel. Add one: sidecar connection add folder --municipality {slug} …", err=True)
    for slug, error in refused.items():
        click.echo(clean(f"{slug}: {error}"), err=True)
    if refused or without or any(one.state == "failed" or (one.state != "delivered" and not queue) for one in ended):
        raise SystemExit(REFUSED)


def _request(
    sidecar: Sidecar, slugs: dict[str, str], period: Period, *, go_on: bool
) -> tuple[dict[str, list[Delivery]], dict[str, SidecarError]]:
    """Ask for the reports.

    Args:
        slugs: by municipality id.
        go_on: after an error, with the next municipality.

    Returns:
        The deliveries by municipality id, and the errors by slug.
    """
    asked: dict[str, list[Delivery]] = {}
    refused: dict[str, SidecarError] = {}
    for owner_id, slug in slugs.items():
        try:
            asked[owner_id] = deliver.request_for(sidecar, operator_at_the_console(), owner_id, period)
        except SidecarError as error:
            if not go_on:
                raise
            refused[slug] = error
    return asked, refused


def _hand_over(sidecar: Sidecar, delivery_id: str) -> Delivery:
    """Deliver in this process; where a worker was faster, wait for it."""
    until = time.monotonic() + WAIT_S
    while True:
        with suppress(GiveUp, TryLater):  # the ledger says what came of it
            deliver.hand_over(sidecar, delivery_id)
        found = _see(sidecar, delivery_id)
        if found.state != "delivering" or time.monotonic() > until:
            return found
        time.sleep(0.2)


def _see(sidecar: Sidecar, delivery_id: str) -> Delivery:
    with sidecar.reading() as db:
        found = find_delivery(db, operator_at_the_console(), delivery_id)
        db.expunge(found)
        return found


def _show(as_json: bool, found: Sequence[Delivery], slugs: dict[str, str]) -> None:
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
    }


@click.group()
def delivery() -> None:
    """Look into the ledger of deliveries."""


@delivery.command("list")
@click.option("--municipality", help="Organisation number or slug; all when left out.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many.")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, municipality: str | None, limit: int, as_json: bool) -> None:
    """List deliveries, the newest first."""
    with sidecar.reading() as db:
        slugs = {one.id: one.slug for one in list_municipalities(db)}
        owner_id = find_municipality(db, municipality).id if municipality else None
        found = list_deliveries(db, operator_at_the_console(), owner_id, limit=limit)
        _show(as_json, found, slugs)


@delivery.command("retry")
@click.argument("delivery_id")
@click.option("--queue", is_flag=True, help="Leave the delivery to the worker instead of doing it now.")
@json_option
@with_sidecar
def retry(sidecar: Sidecar, delivery_id: str, queue: bool, as_json: bool) -> None:
    """Try a delivery again that failed or waits."""
    deliver.retry(sidecar, operator_at_the_console(), delivery_id)
    found = _see(sidecar, delivery_id) if queue else _hand_over(sidecar, delivery_id)
    with sidecar.reading() as db:
        slugs = {one.id: one.slug for one in list_municipalities(db)}
    _show(as_json, [found], slugs)
    if found.state != "delivered" and not queue:
        raise SystemExit(REFUSED)
