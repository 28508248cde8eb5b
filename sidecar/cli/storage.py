"""Look after the stored files."""

from __future__ import annotations

import click

from sidecar.cli.output import REFUSED, json_option, progress, show_line, with_sidecar
from sidecar.runtime import Sidecar
from sidecar.storage import open_storage_at
from sidecar.stored_files import GRACE, Copied, Swept, copy, sweep

HOURS = int(GRACE.total_seconds() // 3600)


@click.group()
def storage() -> None:
    """Look after the stored files of packages and reports."""


@storage.command("sweep")
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@json_option
@with_sidecar
def sweep_files(sidecar: Sidecar, dry_run: bool, as_json: bool) -> None:
    """Take away the files that nothing names any more, such as those of an import that was killed.

    Only what has lain there for 24 hours goes, so that an import under way loses nothing.
    """
    swept = sweep(sidecar, dry_run=dry_run)
    show_line(as_json, {**vars(swept), "dry_run": dry_run}, _sentence(swept, dry_run=dry_run))


@storage.command("copy")
@click.option("--to", required=True, help="The other storage: s3://bucket/prefix or file:///folder.")
@json_option
@with_sidecar
def copy_files(sidecar: Sidecar, to: str, as_json: bool) -> None:
    """Carry all files from the storage in use to another one; run it again to go on, or for what came since.

    An s3:// storage is reached by SIDECAR_S3_*. Nothing is switched: that is done by SIDECAR_STORAGE_URL.
    """
    copied = copy(sidecar, open_storage_at(to, sidecar.settings), progress("files"))
    show_line(as_json, {**vars(copied), "to": to}, _sentence_of_copy(copied))
    if copied.damaged:
        raise SystemExit(REFUSED)


def _sentence(swept: Swept, *, dry_run: bool) -> str:
    verb = "would go" if dry_run else "gone"
    size = f"{swept.size_bytes:,} bytes".replace(",", " ")
    return f"{swept.files} files {verb} ({size}) that nothing named for {HOURS} hours; {swept.leftovers} leftovers."


def _sentence_of_copy(copied: Copied) -> str:
    text = f"{copied.files} files lie there now, {copied.copied} of them since this run."
    if copied.damaged:
        text += f" {len(copied.damaged)} could not be copied, their bytes are damaged: {', '.join(copied.damaged)}"
    return text
