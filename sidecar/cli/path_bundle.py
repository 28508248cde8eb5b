"""Hand learning paths over as signed files, and receive those of other regions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sidecar.cli.output import json_option, show_line, with_sidecar
from sidecar.cli.region_option import OWN_REGION, own_region
from sidecar.core.access import operator_at_the_console
from sidecar.runtime import Sidecar
from sidecar.sharing.bundle import export_bundle, import_bundle, verify_bundle
from sidecar.sharing.bundle_manifest import Manifest
from sidecar.sharing.signatures import fingerprint_of_kid
from sidecar.sharing.trust import Signer

FILE = click.Path(path_type=Path)
FINGERPRINT = click.option(
    "--fingerprint", default="", help="Fingerprint of the region's key, if you have compared it by telephone."
)


@click.command("export")
@click.argument("key")
@click.option("--version", "number", type=click.IntRange(min=1), help="The version; the newest, if left out.")
@click.option("--output", type=FILE, help="The file; KEY-VERSION.bundle.zip in this folder, if left out.")
@json_option
@with_sidecar
def export_path(sidecar: Sidecar, key: str, number: int | None, output: Path | None, as_json: bool) -> None:
    """Write a version of the learning path KEY into one file, signed by its region's key.

    It holds the path, the packages of its courses, and what is known of them. The same version is the same file each
    time, as long as the region signs with the same key.
    """
    path, made = export_bundle(sidecar, operator_at_the_console(), key, number=number, output=output)
    size_bytes = path.stat().st_size
    facts = {"path": key, "version": made.version, "file": str(path), "size_bytes": size_bytes, "digest": made.digest}
    show_line(as_json, facts, f"Wrote version {made.version} of {key} to {path} ({size_bytes} bytes).")


@click.command("verify")
@click.argument("file", type=FILE)
@FINGERPRINT
@json_option
@with_sidecar
def verify_path(sidecar: Sidecar, file: Path, fingerprint: str, as_json: bool) -> None:
    """Read all of FILE as an import does, and say whose learning path it is; change nothing.

    It must be signed by a region that one of yours shares with, or by the key that --fingerprint names.
    """
    signer, manifest = verify_bundle(sidecar, file, fingerprint=fingerprint)
    show_line(as_json, _facts(signer, manifest), f"Whole and signed: {_sentence(signer, manifest)}")


@click.command("import")
@click.argument("file", type=FILE)
@OWN_REGION
@FINGERPRINT
@json_option
@with_sidecar
def import_path(sidecar: Sidecar, file: Path, region: str | None, fingerprint: str, as_json: bool) -> None:
    """Receive the learning path in FILE: check all of it, and keep it for the region to look at.

    Learners see nothing of it before the region adopts it. The same file again changes nothing; an older version than
    the region has is refused.
    """
    received = import_bundle(sidecar, own_region(sidecar, region).id, file, fingerprint=fingerprint)
    facts = {**_facts(received.signer, received.manifest), "id": received.path_id, "received": received.is_new}
    begin = "Received" if received.is_new else "Nothing changed, this was received before:"
    told = f"{begin} {_sentence(received.signer, received.manifest)}"
    show_line(as_json, facts, f"{told} Look through it, or adopt it: sidecar path adopt {received.manifest.origin}")


def _facts(signer: Signer, manifest: Manifest) -> dict[str, Any]:
    return {
        "origin": manifest.origin,
        "version": manifest.version,
        "title": manifest.content.title,
        "region": manifest.region.name,
        "address": signer.address,
        "fingerprint": fingerprint_of_kid(signer.kid),
        "licence": manifest.licence,
        "courses": len(manifest.courses),
        "parts": len(manifest.parts),
        "size_bytes": sum(manifest.parts.values()),
    }


def _sentence(signer: Signer, manifest: Manifest) -> str:
    title, region = manifest.content.title, manifest.region.name
    key = fingerprint_of_kid(signer.kid)
    return f'version {manifest.version} of "{title}" of {region} ({signer.address}), signed by the key {key}.'
