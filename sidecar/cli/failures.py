"""Show refused launches: why, what the LMS said, and what to do."""

from __future__ import annotations

from collections.abc import Mapping

import click

from sidecar.cli.output import json_option, show, show_one, with_sidecar
from sidecar.core.access import operator_at_the_console
from sidecar.core.failed_launches import Failure, find_failure, list_failures
from sidecar.runtime import Sidecar
from sidecar.tool.launch_advice import advise, say_reason

COLUMNS = ("reference", "failed_at", "platform", "code", "facts")


@click.command()
@click.argument("reference", required=False)
@json_option
@with_sidecar
def failures(sidecar: Sidecar, reference: str | None, as_json: bool) -> None:
    """List the newest refused launches; or, by the REFERENCE on the learner's page, say why one was and what to do."""
    viewer = operator_at_the_console()
    with sidecar.reading() as db:
        if reference is not None:
            show_one(as_json, _told(find_failure(db, viewer, reference), as_json))
            return
        found = list_failures(db, viewer).lines
        rows = [(f.row.reference, f.row.failed_at, f.platform, f.row.code, f.row.facts) for f in found]
    show(as_json, COLUMNS, rows)


def _told(failure: Failure, as_json: bool) -> dict[str, object]:
    row = failure.row
    claims = row.claims or []
    return {
        "reference": row.reference,
        "failed_at": row.failed_at,
        "platform": failure.platform,
        "code": row.code,
        "facts": row.facts if as_json else [f"{name}: {value}" for name, value in row.facts.items()],
        "reason": say_reason(row.code, row.facts, "en"),
        "what_to_do": advise(row.code),
        "claims": claims if as_json else [_claim(each) for each in claims],
    }


def _claim(row: Mapping[str, str]) -> str:
    """Write a claim in a line; of a masked one its kind, and how long it is at most."""
    return (
        f"{row['name']}: {row['value']}" if "value" in row else f"{row['name']}: ••• ({row['kind']}, ≤ {row['size']})"
    )
