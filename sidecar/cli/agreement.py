"""Keep what is agreed with other regions about completions from the command line."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import click

from sidecar.cli.output import json_option, show, show_line, with_sidecar
from sidecar.core import crossing_agreements, crossing_sent
from sidecar.core.access import operator_at_the_console
from sidecar.core.crossing_agreements import TO_THEM, TO_US, AgreementLine, WantedAgreement
from sidecar.runtime import Sidecar

CONSOLE: Final = operator_at_the_console()
COLUMNS = ("id", "region", "peer", "employer", "org_number", "to", "starts_on", "ends_on", "said", "told", "error_code")
DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def agreement() -> None:
    """Keep what is agreed with other regions: which employers' completions cross over.

    PEER is the id or exchange address of a region that you share with; see `sidecar peer list`.
    """


@agreement.command("list")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, as_json: bool) -> None:
    """List the agreements, also those that are over; `told` counts what was told by what became of it."""
    with sidecar.reading() as db:
        lines = crossing_agreements.list_agreements(db, CONSOLE)
        rows = [
            _row(one) | {"told": crossing_sent.count_by_state(db, one.agreement.peer_id, one.agreement.org_number)}
            for one in lines
        ]
    show(as_json, COLUMNS, rows)


@agreement.command("add")
@click.argument("peer")
@click.argument("org_number", metavar="ORG-NUMBER")
@click.option("--name", required=True, help="What the employer is called.")
@click.option("--to", type=click.Choice([TO_THEM, TO_US]), help="Who is told; by default the employer's region.")
@click.option("--from", "starts", type=DAY, help="The first day; today by default.")
@click.option("--until", "ends", type=DAY, help="The last day; none by default.")
@click.option("--text", default="", help="What was agreed, and where it is archived.")
@json_option
@with_sidecar
def add(
    sidecar: Sidecar,
    peer: str,
    org_number: str,
    name: str,
    to: str | None,
    starts: datetime | None,
    ends: datetime | None,
    text: str,
    as_json: bool,
) -> None:
    """Record that completions of the people of the employer ORG-NUMBER cross over to or from PEER.

    Both regions record it. Where the employer is theirs, we tell them; where it is ours, they tell us.
    """
    starts_on = starts.date() if starts else sidecar.today()
    wanted = WantedAgreement(org_number, name, starts_on, ends.date() if ends else None, text, to or "")
    with sidecar.transaction() as db:
        now, today = sidecar.now(), sidecar.today()
        made = crossing_agreements.record_agreement(db, CONSOLE, peer, wanted, now=now, today=today)
        told = {"id": made.id, "to": made.to}
    text = {TO_THEM: "Recorded. They are told from now on.", TO_US: "Recorded. We listen from now on."}[told["to"]]
    show_line(as_json, told, text)


@agreement.command("end")
@click.argument("agreement_id", metavar="ID")
@json_option
@with_sidecar
def end(sidecar: Sidecar, agreement_id: str, as_json: bool) -> None:
    """End an agreement: nothing new crosses over. What was told is still corrected and withdrawn."""
    with sidecar.transaction() as db:
        now, today = sidecar.now(), sidecar.today()
        crossing_agreements.end_agreement(db, CONSOLE, agreement_id, now=now, today=today)
    show_line(as_json, {"id": agreement_id, "state": "ended"}, "The agreement is ended.")


def _row(line: AgreementLine) -> dict[str, object]:
    found = {column: getattr(line.agreement, column, None) for column in COLUMNS}
    return found | {"region": line.region, "peer": line.peer.address}
