"""Offer every task of the operator as `sidecar <command>`."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module

import click

from sidecar.cli.output import SidecarGroup

RUN = {
    "up": "sidecar.cli.serve:up",
    "web": "sidecar.cli.serve:web",
    "worker": "sidecar.cli.serve:worker",
    "schedule": "sidecar.cli.serve:schedule",
    "migrate": "sidecar.cli.serve:migrate",
    "check": "sidecar.cli.check:check",
}
KEEP = {
    "municipality": "sidecar.cli.municipality:municipality",
    "contact": "sidecar.cli.contact:contact",
    "people": "sidecar.cli.people:people",
    "person": "sidecar.cli.person:person",
    "matching": "sidecar.cli.matching:matching",
    "staff": "sidecar.cli.staff:staff",
    "token": "sidecar.cli.token:token",
    "sign-in-link": "sidecar.cli.staff:sign_in_link",
    "sign-in": "sidecar.cli.sign_ins:sign_in",
    "audit": "sidecar.cli.audit:audit",
    "why": "sidecar.cli.why:why",
    "platform": "sidecar.cli.platforms:platform",
    "keys": "sidecar.cli.keys:keys",
    "region-key": "sidecar.cli.region_key:region_key",
    "secrets": "sidecar.cli.resealing:secrets",
    "package": "sidecar.cli.package:package",
    "connection": "sidecar.cli.connection:connection",
    "source": "sidecar.cli.source:source",
    "completion": "sidecar.cli.completion:completion",
    "course": "sidecar.cli.course:course",
    "gathering": "sidecar.cli.gathering:gathering",
    "path": "sidecar.cli.path:path",
    "peer": "sidecar.cli.peer:peer",
    "ring": "sidecar.cli.ring:ring",
    "agreement": "sidecar.cli.agreement:agreement",
    "report": "sidecar.cli.report:report",
    "delivery": "sidecar.cli.delivery:delivery",
    "retention": "sidecar.cli.retention:retention",
    "mail": "sidecar.cli.mail:mail",
    "storage": "sidecar.cli.storage:storage",
    "backup": "sidecar.cli.backup:backup",
    "restore": "sidecar.cli.backup:restore",
}


class Commands(MutableMapping[str, click.Command]):
    """Commands by name, imported when they are asked for: a command doesn't wait for what only others need."""

    def __init__(self, places: dict[str, str]) -> None:
        """Take where each command stands, as `module:attribute`."""
        self._places = places
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            module, _, attribute = self._places[name].partition(":")
            self._loaded[name] = getattr(import_module(module), attribute)
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._loaded[name] = command
        self._places[name] = ""

    def __delitem__(self, name: str) -> None:
        del self._places[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


@click.group(
    cls=SidecarGroup,
    commands=Commands(RUN | KEEP),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="laeringslop-sidecar", prog_name="sidecar")
def main() -> None:
    """Run the training sidecar: launches from your LMS, courses, completions, reports."""
