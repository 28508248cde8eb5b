"""What an operator can set or run is documented, and what is documented exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sidecar.cli import main
from tests.house import commands
from tests.house.sources import ROOT, prose, python_files

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


RUN_UNTIL_STOPPED = {"sidecar package preview", "sidecar up", "sidecar web", "sidecar worker", "sidecar schedule"}


@pytest.mark.parametrize(("path", "command"), list(every_command()), ids=lambda value: str(value))
def test_every_command_explains_itself(path: str, command: click.Command) -> None:
    assert command.get_short_help_str(), path
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help] == []
    if not isinstance(command, click.Group) and path not in RUN_UNTIL_STOPPED:
        assert "--json" in {name for one in options for name in one.opts}, path


PAGES = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").glob("*.md")) if page != commands.PAGE)]


def commands_named(text: str) -> list[str]:
    """Return each `sidecar <command>` of inline code and of indented or fenced lines, up to its first argument."""
    return re.findall(
        r"(?:`|^ {4,}|^\s*(?:\$ )?|\"|&& )(sidecar(?: [a-z][a-z-]*)+)(?=[`\" \n])", code_of(text), re.MULTILINE
    )


def code_of(text: str) -> str:
    """Return the code of a page of Markdown alone, each piece on a line of its own between backticks or indented."""
    fenced = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^ {4,}\S.*$", text, re.MULTILINE)
    inline = re.findall(r"`[^`\n]+`", text)
    return "\n".join([*fenced, *indented, *inline]) + "\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_named_in_a_page_exists(page: Path) -> None:
    paths = dict(every_command())
    known = {path for path, command in paths.items() if not isinstance(command, click.Group)}
    named = commands_named(page.read_text("utf-8"))
    unknown = [words for words in named if words not in paths and not any(words.startswith(f"{p} ") for p in known)]
    assert unknown == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_variable_named_in_a_page_is_read(page: Path) -> None:
    named = set(re.findall(r"SIDECAR_[A-Z0-9_]*[A-Z0-9](?![A-Z0-9_*])", page.read_text("utf-8")))
    in_tests = {name for name in named if name.startswith("SIDECAR_TEST_")}
    assert named - in_tests - variables_in_code() == set()


def test_the_pages_name_something() -> None:
    assert len([words for page in PAGES for words in commands_named(page.read_text("utf-8"))]) > 40
    assert commands_named("Run `sidecar keys rotat` or\n\n    sidecar nothing --now\n") == [
        "sidecar nothing",
        "sidecar keys rotat",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    linked = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", prose(page))
    assert [each for each in linked if not (page.parent / each).exists()] == []
