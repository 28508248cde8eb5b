"""Offer every task of the operator as `sidecar <command>`."""

from __future__ import annotations

import click

from sidecar.cli import invitations, platform_life, platform_services
from sidecar.cli.audit import audit
from sidecar.cli.backup import backup, restore
from sidecar.cli.check import check
from sidecar.cli.connection import connection
from sidecar.cli.failures import failures
from sidecar.cli.keys import keys
from sidecar.cli.mail import mail
from sidecar.cli.municipality import municipality
from sidecar.cli.output import SidecarGroup
from sidecar.cli.package import package
from sidecar.cli.people import people
from sidecar.cli.person import person
from sidecar.cli.platform import platform
from sidecar.cli.report import delivery, report
from sidecar.cli.resealing import secrets
from sidecar.cli.retention import retention
from sidecar.cli.serve import migrate, schedule, up, web, worker
from sidecar.cli.sign_ins import sign_in
from sidecar.cli.staff import sign_in_link, staff
from sidecar.cli.storage import storage
from sidecar.cli.why import why

RUN = (up, web, worker, schedule, migrate, check)
KEEP = (
    municipality,
    people,
    person,
    staff,
    sign_in_link,
    sign_in,
    audit,
    why,
    platform,
    keys,
    secrets,
    package,
    connection,
    report,
    delivery,
    retention,
    mail,
    storage,
    backup,
    restore,
)


@click.group(cls=SidecarGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="laeringslop-sidecar", prog_name="sidecar")
def main() -> None:
    """Run the training sidecar: launches from your LMS, courses, completions, reports."""


for _command in (*RUN, *KEEP):
    main.add_command(_command)
platform.add_command(failures)
for _command in (*invitations.COMMANDS, *platform_life.COMMANDS, *platform_services.COMMANDS):
    platform.add_command(_command)
