"""Offer every task of the operator as `sidecar <command>`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import click

from sidecar.cli.output import SidecarGroup

COMMANDS = {
    "municipality": ("municipality",),
    "staff": ("staff", "sign_in_link"),
    "people": ("people",),
    "connection": ("connection",),
    "report": ("report", "delivery"),
    "platform": ("platform", "keys"),
    "package": ("package",),
    "serve": ("up", "web", "worker", "schedule", "migrate", "check"),
}


@click.group(cls=SidecarGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="laeringslop-sidecar", prog_name="sidecar")
def main() -> None:
    """Run the training sidecar: launches from your LMS, courses, completions, reports."""


for _module, _names in COMMANDS.items():
    if find_spec(f"sidecar.cli.{_module}"):
        for _name in _names:
            if _command := getattr(import_module(f"sidecar.cli.{_module}"), _name, None):
                main.add_command(_command)
