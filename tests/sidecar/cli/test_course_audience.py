"""Say who is expected to take a course from the command line."""

import json

import pytest

from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.fakes.lms import add_course
from tests.sidecar.cli.shell import Shell
from tests.sidecar.core.folk import Folk

AUDIENCE = ("course", "audience")


@pytest.fixture
def shell(settings: Settings, sidecar: Sidecar, kongsberg: Municipality) -> Shell:
    add_course(sidecar, "brannvern", "Brannvern")
    Folk(sidecar).person(kongsberg.id, "1")
    return Shell(settings)


def test_a_course_gets_an_audience_that_ends_and_goes(shell: Shell) -> None:
    added = shell.run(*AUDIENCE, "add", "brannvern", "--municipality", "kongsberg", "--position", "LÆRER", "--json")
    key = json.loads(added.stdout)["id"]
    (row,) = json.loads(shell.run(*AUDIENCE, "list", "brannvern", "--json").stdout)
    assert (row["place"], row["position"], row["holds"], row["employees"]) == ("Kongsberg kommune", "lærer", True, 1)
    assert "Kongsberg kommune" in shell.run(*AUDIENCE, "list", "brannvern").stdout
    assert shell.run(*AUDIENCE, "end", "brannvern", key, "--on", "2099-01-01").exit_code == 0
    assert json.loads(shell.run(*AUDIENCE, "list", "brannvern", "--json").stdout)[0]["to"] == "2099-01-01"
    assert shell.run(*AUDIENCE, "remove", "brannvern", key).exit_code == 0
    assert json.loads(shell.run(*AUDIENCE, "list", "brannvern", "--json").stdout) == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", "brannvern"), 2),
        (("add", "brannvern", "--everywhere", "--region", "x"), 2),
        (("add", "finnes-ikke", "--everywhere"), 1),
        (("add", "brannvern", "--region", "finnes-ikke"), 1),
        (("add", "brannvern", "--everywhere", "--unit", "Skolen"), 1),
        (("end", "brannvern", "finnes-ikke"), 1),
    ],
)
def test_what_can_not_be_done_is_refused(shell: Shell, words: tuple[str, ...], code: int) -> None:
    assert shell.run(*AUDIENCE, *words).exit_code == code
