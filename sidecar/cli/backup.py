"""Back up the installation, and restore it elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from sidecar.backup import Restored, Taken, restore_backup, take_backup
from sidecar.cli.output import json_option, progress, show_line, with_sidecar
from sidecar.core import heartbeats
from sidecar.runtime import Sidecar
from sidecar.settings import read_settings

KEYS = (
    "The secret keys are not in it: keep SIDECAR_SECRET_KEYS (or the key file) apart; without, its channels are lost."
)


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The new file.")
@json_option
@with_sidecar
def backup(sidecar: Sidecar, output: Path, as_json: bool) -> None:
    """Write database and files into one file, while everything runs.

    The file holds personal data; only its owner may read it. The secret keys are not in it.
    """
    taken = take_backup(sidecar, output, progress("files"))
    with sidecar.transaction() as db:
        heartbeats.beat(db, heartbeats.BACKUP, sidecar.now())
    show_line(as_json, {**vars(taken), "file": str(output)}, _sentence(taken, output))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--keys-lost", is_flag=True, help="Restore though the keys at hand don't open the stored secrets.")
@json_option
def restore(file: Path, keys_lost: bool, as_json: bool) -> None:
    """Bring back the backup FILE into an empty database and storage, all or nothing.

    Stop web, worker and scheduler first. SIDECAR_SECRET_KEYS must hold the keys of the installation that was backed up.
    """
    sidecar = Sidecar(read_settings())
    try:
        restored = restore_backup(sidecar, file, progress("files"), are_keys_lost=keys_lost)
    finally:
        sidecar.close()
    show_line(as_json, vars(restored), _sentence_of_restore(restored))


def _sentence(taken: Taken, output: Path) -> str:
    text = f"{output}: {taken.rows} rows and {taken.files} files. {KEYS}"
    return text + _missing(taken.missing_files)


def _sentence_of_restore(restored: Restored) -> str:
    text = f"Restored what was there at {restored.taken_at}: {restored.rows} rows and {restored.files} files."
    if restored.pending_deliveries:
        text += f" {restored.pending_deliveries} reports that waited then will be handed over when the worker starts."
    return text + _missing(restored.missing_files)


def _missing(digests: tuple[str, ...]) -> str:
    return f"\nWarning: {len(digests)} files that were missing from the storage are not in it." if digests else ""
