"""Change the keys that encrypt what is secret in the database."""

from __future__ import annotations

import time
from pathlib import Path

import click
from sqlalchemy import Column

from sidecar.cli.output import json_option, show_line, show_one, with_sidecar
from sidecar.core import audit
from sidecar.core.sealed import BATCH, Batch, reseal_some, sealed_columns
from sidecar.runtime import Sidecar
from sidecar.secrets import KEY_FILE, held_key_file, keep_first_key, make_key, put_new_key_first

SETTLE_S = 5.0
"""How long a request may take from sealing a value to its commit; only then is everything looked at."""

AFTERWARDS = (
    "Everything is sealed with the first key. Take the others out of SIDECAR_SECRET_KEYS everywhere and restart web, "
    "worker and scheduler. Keep the old key as long as you keep backups from before."
)
FILE_AFTERWARDS = "Everything is sealed with a new key in {file}. Keep a copy of it apart from the backups."


@click.group()
def secrets() -> None:
    """Make and change the keys that encrypt connection settings and signing keys in the database."""


@secrets.command()
@json_option
def generate(as_json: bool) -> None:
    """Print a new key for SIDECAR_SECRET_KEYS."""
    key = make_key()
    show_line(as_json, {"key": key}, key)


@secrets.command()
@json_option
@with_sidecar
def rotate(sidecar: Sidecar, as_json: bool) -> None:
    """Encrypt everything anew with the first of SIDECAR_SECRET_KEYS, or with a new key in the key file.

    It may be broken off and run again at any time. With SIDECAR_SECRET_KEYS: add the new key as the second one
    everywhere and restart; put it first everywhere and restart; run this; take the old key out everywhere.
    """
    file = None if sidecar.settings.secret_keys else sidecar.settings.data / KEY_FILE
    counts = _reseal_with_file(sidecar, file) if file else _reseal_all(sidecar)
    with sidecar.transaction() as db:
        audit.record(db, "secrets.rotated", "secrets", at=sidecar.now(), resealed=sum(counts.values()))
    show_one(as_json, {"resealed": counts if as_json else _words(counts), "next": _next_step(file)})


def _reseal_with_file(sidecar: Sidecar, file: Path) -> dict[str, int]:
    with held_key_file(file):
        put_new_key_first(file)
        time.sleep(SETTLE_S)  # also where another put it there, who may have been killed in this very wait
        counts = _reseal_all(sidecar)
        keep_first_key(file)
    return counts


def _reseal_all(sidecar: Sidecar) -> dict[str, int]:
    return {f"{column.table.name}.{column.name}": _reseal(sidecar, column) for column in sealed_columns()}


def _reseal(sidecar: Sidecar, column: Column[bytes]) -> int:
    """Seal a column anew, a transaction a batch; return how many values were."""
    resealed, batch = 0, Batch(BATCH, 0, ())
    while batch.seen == BATCH:
        with sidecar.transaction() as db:
            batch = reseal_some(db, sidecar.secrets, column, batch.last or None)
        resealed += batch.resealed
    return resealed


def _words(counts: dict[str, int]) -> list[str]:
    return [f"{name}: {count}" for name, count in counts.items()]


def _next_step(file: Path | None) -> str:
    return FILE_AFTERWARDS.format(file=file) if file else AFTERWARDS
