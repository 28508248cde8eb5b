"""Gatherings from the command line."""

import json

import pytest
from sqlalchemy import select

from sidecar.core.completions import Completion
from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.sidecar.cli.shell import Shell
from tests.sidecar.walking import GATHERING_KEY, Walk, make_walk

TIMES = ("--begins", "2026-10-01T09:00", "--ends", "2026-10-01T15:00")
PAST = ("--begins", "2026-01-01T09:00", "--ends", "2026-01-01T15:00", "--place", "Rådhuset")


@pytest.fixture
def walk(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Walk:
    return make_walk(sidecar, kongsberg, rollag)


@pytest.fixture
def shell(settings: Settings, walk: Walk) -> Shell:
    return Shell(settings)


def rows(shell: Shell, *words: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(shell.run("gathering", "list", *words, "--json").stdout)
    return found


def test_a_gathering_is_made_listed_and_attended(shell: Shell, walk: Walk) -> None:
    made = shell.run("gathering", "add", GATHERING_KEY, *PAST, "--municipality", "kongsberg", "--seats", "1", "--json")
    one = json.loads(made.stdout)["id"]
    (row,) = rows(shell, "--past")
    assert (row["id"], row["for"], row["seats"], row["came"]) == (one, "Kongsberg kommune", 1, 0)
    assert shell.run("gathering", "attend", one, "kongsberg/1").exit_code == 0
    assert rows(shell, "--past")[0]["came"] == 1
    with walk.sidecar.reading() as db:
        assert db.scalars(select(Completion.origin)).one() == "gathering"
    assert json.loads(shell.run("gathering", "attend", one, "kongsberg/1", "--absent", "--json").stdout)["changed"] == 1
    assert rows(shell, "--past")[0]["came"] == 0
    assert "Rådhuset" in shell.run("gathering", "list", "--past").stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", GATHERING_KEY, *TIMES), 1),
        (("add", GATHERING_KEY, *TIMES, "--place", "Her", "--region", "finnes-ikke"), 1),
        (("add", GATHERING_KEY, *TIMES, "--place", "Her", "--region", "x", "--municipality", "y"), 2),
        (("add", "finnes-ikke", *TIMES, "--place", "Her"), 1),
        (("add", GATHERING_KEY, "--begins", "i dag", "--ends", "i morgen"), 2),
        (("attend", "finnes-ikke", "kongsberg/1"), 1),
        (("attend", "finnes-ikke", "kongsberg/finnes-ikke"), 1),
    ],
)
def test_what_can_not_be_done_is_refused(shell: Shell, words: tuple[str, ...], code: int) -> None:
    assert shell.run("gathering", *words).exit_code == code
