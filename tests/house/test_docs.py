"""What an operator can set or run is documented, and what is documented exists."""

import re
from collections.abc import Iterator

import click
import pytest

from sidecar.cli import main
from tests.house import commands
from tests.house.sources import ROOT, python_files

README = (ROOT / "README.md").read_text("utf-8")
FOR_TESTS = {"SIDECAR_TEST_DATABASE_URL"}


def variables_in_code() -> set[str]:
    code = "\n".join(path.read_text("utf-8") for path in python_files("sidecar"))
    return set(re.findall(r'"(SIDECAR_[A-Z0-9_]+)"', code))


def test_every_variable_is_documented_and_every_documented_one_is_read() -> None:
    documented = set(re.findall(r"^\| `(SIDECAR_[A-Z0-9_]+)` \|", README, re.MULTILINE))
    assert documented == variables_in_code() - FOR_TESTS


def test_the_settings_read_every_variable() -> None:
    settings = (ROOT / "sidecar" / "settings.py").read_text("utf-8")
    read = set(re.findall(r'"(SIDECAR_[A-Z0-9_]+)"', settings))
    assert variables_in_code() == read


def test_the_page_of_commands_is_up_to_date() -> None:
    written = commands.PAGE.read_text("utf-8") if commands.PAGE.exists() else ""
    assert written == commands.page(), "run python -m tests.house.commands"


def every_command(group: click.Group = main, path: str = "sidecar") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from every_command(command, f"{path} {name}")


RUN_UNTIL_STOPPED = {"sidecar up", "sidecar web", "sidecar worker", "sidecar schedule"}


@pytest.mark.parametrize(("path", "command"), list(every_command()), ids=lambda value: str(value))
def test_every_command_explains_itself(path: str, command: click.Command) -> None:
    assert command.get_short_help_str(), path
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help] == []
    if not isinstance(command, click.Group) and path not in RUN_UNTIL_STOPPED:
        assert "--json" in {name for one in options for name in one.opts}, path


def test_every_command_named_in_the_readme_exists() -> None:
    known = {path for path, command in every_command() if not isinstance(command, click.Group)}
    named = re.findall(r"(?:`|^ {4})(sidecar(?: [a-z][a-z-]*)+)", README, re.MULTILINE)
    assert len(named) > 5
    unknown = [words for words in named if not any(f"{words} ".startswith(f"{path} ") for path in known)]
    assert unknown == []
