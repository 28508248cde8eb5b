"""Run reports, and offer what else is done with them."""

from __future__ import annotations

import click

from sidecar.cli.delivery import hand_over, see, show_deliveries
from sidecar.cli.output import REFUSED, clean, json_option, with_sidecar
from sidecar.cli.report_definitions import COMMANDS
from sidecar.core.access import operator_at_the_console
from sidecar.core.deliveries import HANDED_OVER, Delivery
from sidecar.core.municipalities import find_municipality
from sidecar.core.periods import Period, read_period
from sidecar.core.report_definitions import find_defined
from sidecar.core.report_specs import BASIC, Defined
from sidecar.errors import SidecarError
from sidecar.reports import asking, running
from sidecar.runtime import Sidecar


@click.group()
def report() -> None:
    """Define reports, look at them, and run them."""


@report.command("run")
@click.option("--municipality", help="Organisation number or slug.")
@click.option("--all", "everyone", is_flag=True, help="For every municipality.")
@click.option("--period", "period_text", required=True, help="2026-09, 2026-H2, 2026 or 2026-01-01/2026-03-31.")
@click.option(
    "--definition", "definition_id", default=BASIC.id, show_default=True, help="Which report; see `report list`."
)
@click.option("--queue", is_flag=True, help="Leave the delivery to the worker instead of doing it now.")
@json_option
@with_sidecar
def run(
    sidecar: Sidecar,
    municipality: str | None,
    everyone: bool,
    period_text: str,
    definition_id: str,
    queue: bool,
    as_json: bool,
) -> None:
    """Build and deliver the report of a period; the same content is never delivered twice.

    Ends with 1 when a delivery failed or must be tried again, or a municipality has no channel or its report can't be
    built; with --all the others get theirs.
    """
    if bool(municipality) == everyone:
        raise click.UsageError("Give either --municipality or --all.")
    period = read_period(period_text)
    defined, slugs = _look_up(sidecar, definition_id, period, None if everyone else municipality)
    asked, refused = _request(sidecar, slugs, period, defined, go_on=everyone)
    delivery_ids = [one.id for found in asked.values() for one in found]
    ended = [see(sidecar, one) if queue else hand_over(sidecar, one) for one in delivery_ids]
    show_deliveries(as_json, ended, slugs)
    without = [slugs[owner_id] for owner_id, found in asked.items() if not found]
    for slug in without:
        click.echo(f"{slug} has no channel. Add one: sidecar connection add folder --municipality {slug} …", err=True)
    for slug, error in refused.items():
        click.echo(clean(f"{slug}: {error}"), err=True)
    left = [one for one in ended if one.state == "failed" or (one.state not in HANDED_OVER and not queue)]
    if refused or without or left:
        raise SystemExit(REFUSED)


def _look_up(sidecar: Sidecar, key: str, period: Period, municipality: str | None) -> tuple[Defined, dict[str, str]]:
    """Return a definition and the slugs of whom it is for, by id.

    Args:
        municipality: the only one; None for all.
    """
    viewer = operator_at_the_console()
    with sidecar.reading() as db:
        only = find_municipality(db, municipality) if municipality else None
        defined = find_defined(db, viewer, key)
        running.refuse_retired(db, key)
        slugs = {one.id: one.slug for one in running.list_owners(db, viewer, defined, period)}
        if only is None:
            return defined, slugs
        if only.id not in slugs:
            raise running.NotForItError(municipality=only.name, period=period.name)
        return defined, {only.id: only.slug}


def _request(
    sidecar: Sidecar, slugs: dict[str, str], period: Period, defined: Defined, *, go_on: bool
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
            asked[owner_id] = asking.request_for(sidecar, operator_at_the_console(), owner_id, period, defined)
        except SidecarError as error:
            if not go_on:
                raise
            refused[slug] = error
    return asked, refused


for command in COMMANDS:
    report.add_command(command)
