"""Set up a learning path in an LMS from the command line."""

from __future__ import annotations

from dataclasses import asdict

import click

from sidecar.cli.output import json_option, show_one, with_sidecar
from sidecar.core.access import operator_at_the_console
from sidecar.provisioning import FIRST_CATEGORY, Wished, provision
from sidecar.runtime import Sidecar


@click.command("provision")
@click.argument("key")
@click.option("--connection", required=True, help="The connection of the LMS: its id, or the name of the LMS.")
@click.option("--category", default=FIRST_CATEGORY, show_default=True, help="Where in the LMS: the category's number.")
@click.option("--shortname", default="", help="The short name of the course in the LMS; the key where it is left out.")
@click.option("--audience/--no-audience", default=True, help="Enrol those who are expected to take the path.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@json_option
@with_sidecar
def provision_path(
    sidecar: Sidecar,
    key: str,
    connection: str,
    category: int,
    shortname: str,
    audience: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make the course of the learning path KEY in an LMS, and enrol those who are expected to take it.

    The course is hidden until a teacher shows it there; its activities are chosen there, by one choice in the picker.
    Run it again to enrol who is expected since; nothing is made twice. Who is expected no more is listed, and stays.
    """
    wished = Wished(category, shortname, with_audience=audience)
    found = provision(
        sidecar, operator_at_the_console(), key, connection, wished, is_trial=dry_run, progress=_tell_progress
    )
    unexpected = [f"{one.municipality} {one.employee_number}" for one in found.unexpected]
    show_one(as_json, {"path": key, "dry_run": dry_run, **asdict(found), "unexpected": unexpected})


def _tell_progress(done: int, total: int) -> None:
    click.echo(f"{done} of {total} enrolled", err=True)
