"""Write docs/commands.md from the help texts of the command line.

python -m tests.house.commands
"""

from collections.abc import Iterator

import click

from sidecar.cli import main
from tests.house.sources import ROOT

PAGE = ROOT / "docs" / "commands.md"
HEADING = """# Commands

Written by `python -m tests.house.commands` from the help texts; a test compares. Every command that lists or shows
takes `--json`: JSON on stdout, or on stderr `{"error": {"code", "facts", "message"}}`. Exit codes: 0 done; 1 what was
asked for failed or was refused; 2 the command could not run (usage, settings, database).
"""


def page() -> str:
    sections = [f"## sidecar {name}\n\n{text}" for name, text in describe(main, "")]
    return "\n".join([HEADING, *sections])


def describe(group: click.Group, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield every command, by its path, with its help text."""
    for name, command in sorted(group.commands.items()):
        path = f"{prefix}{name}"
        if isinstance(command, click.Group):
            yield from describe(command, f"{path} ")
        else:
            context = click.Context(command, info_name=f"sidecar {path}", terminal_width=100, **main.context_settings)
            yield path, f"```\n{command.get_help(context)}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
