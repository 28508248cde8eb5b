"""Offer what is done with learning paths; each file of commands stands here with its line."""

from __future__ import annotations

import click

from sidecar.cli import path_adopting, path_bundle, path_drafts, path_offering, path_provision, path_versions


@click.group()
def path() -> None:
    """Make learning paths, publish them, and hand them from region to region."""


for command in (
    *path_drafts.COMMANDS,
    *path_versions.COMMANDS,
    path_bundle.export_path,
    path_bundle.verify_path,
    path_bundle.import_path,
    *path_offering.COMMANDS,
    path_provision.provision_path,
    *path_adopting.COMMANDS,
):
    path.add_command(command)
