"""Try the way that mails go."""

from __future__ import annotations

import click

from sidecar.cli.output import json_option, show_line, with_sidecar
from sidecar.language import DEFAULT, LANGUAGES
from sidecar.mailing import send_test
from sidecar.runtime import Sidecar


@click.group()
def mail() -> None:
    """Mails that warn operators."""


@mail.command()
@click.argument("address")
@click.option("--language", type=click.Choice(LANGUAGES), default=DEFAULT, show_default=True, help="Of the mail.")
@json_option
@with_sidecar
def test(sidecar: Sidecar, address: str, language: str, as_json: bool) -> None:
    """Send a mail to ADDRESS now; it says nothing but that mails arrive."""
    send_test(sidecar, address, language)
    show_line(as_json, {"state": "handed-over"}, "The mail server has taken it.")
