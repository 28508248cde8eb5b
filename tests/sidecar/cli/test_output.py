"""Every command answers people in sentences, scripts in JSON, and both with an exit code they can trust."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from sidecar.cli.output import SidecarGroup, json_option, show, show_line, show_one, tell_error, with_sidecar
from sidecar.errors import MisconfiguredError, NotFoundError
from sidecar.runtime import Sidecar
from sidecar.settings import Settings

ROWS = [("kongsberg", 3, None, True, ["a", "b"])]
COLUMNS = ("slug", "people_count", "number", "placed", "urls")


@click.group(cls=SidecarGroup)
def cli() -> None:
    pass


@cli.command("list")
@json_option
def list_rows(as_json: bool) -> None:
    show(as_json, COLUMNS, ROWS)


@cli.command("empty")
@json_option
def list_nothing(as_json: bool) -> None:
    show(as_json, COLUMNS, [])


@cli.command("one")
@json_option
def one(as_json: bool) -> None:
    show_one(as_json, {"login_url": "https://x/lti/login", "municipalities": ["a", "b"]})


@cli.command("refused")
@json_option
def refused(as_json: bool) -> None:
    raise NotFoundError(what="municipality", key="nowhere")


@cli.command("misconfigured")
@json_option
def misconfigured(as_json: bool) -> None:
    raise MisconfiguredError(setting="SIDECAR_PORT", reason="it must be a whole number.")


@cli.command("opened")
@json_option
@with_sidecar
def opened(sidecar: Sidecar, as_json: bool) -> None:
    show_one(as_json, {"url": sidecar.settings.public_url})


def run(*args: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(cli, args, env=env)


def test_rows_as_a_table() -> None:
    lines = run("list").stdout.splitlines()
    assert lines[0].split() == ["Slug", "People", "count", "Number", "Placed", "Urls"]
    assert lines[1].split() == ["kongsberg", "3", "–", "yes", "a,", "b"]


def test_rows_as_json() -> None:
    found = json.loads(run("list", "--json").stdout)
    assert found == [{"slug": "kongsberg", "people_count": 3, "number": None, "placed": True, "urls": ["a", "b"]}]


def test_no_rows() -> None:
    assert run("empty").stdout == "Nothing yet.\n"
    assert json.loads(run("empty", "--json").stdout) == []


def test_moments_and_days_are_iso_8601(capsys: pytest.CaptureFixture[str]) -> None:
    show_one(True, {"at": datetime(2026, 9, 15, 8, tzinfo=UTC), "on": date(2026, 9, 15)})
    assert json.loads(capsys.readouterr().out) == {"at": "2026-09-15T08:00:00+00:00", "on": "2026-09-15"}


def test_one_thing() -> None:
    lines = run("one").stdout.splitlines()
    assert lines == ["Login url       https://x/lti/login", "Municipalities  a", " " * 16 + "b"]
    assert json.loads(run("one", "--json").stdout)["municipalities"] == ["a", "b"]


def test_a_refusal_ends_with_1_and_a_sentence_on_stderr() -> None:
    result = run("refused")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith('Error: There is no municipality "nowhere".')


def test_a_refusal_as_json_carries_code_and_facts() -> None:
    result = run("refused", "--json")
    error = json.loads(result.stderr)["error"]
    assert (result.exit_code, error["code"]) == (1, "not-found")
    assert error["facts"] == {"what": "municipality", "key": "nowhere"}


def test_what_could_not_run_ends_with_2() -> None:
    assert run("misconfigured").exit_code == 2
    assert run("list", "--nonsense").exit_code == 2


def test_a_command_gets_an_opened_sidecar(settings: Settings) -> None:
    env = {"SIDECAR_DATA": str(settings.data), "SIDECAR_DATABASE_URL": settings.database_url}
    result = run("opened", env=env)
    assert (result.exit_code, result.stdout) == (0, "Url  http://127.0.0.1:8080\n")


def test_a_database_without_tables_is_refused(tmp_path: Path) -> None:
    result = run("opened", "--json", env={"SIDECAR_DATA": str(tmp_path)})
    assert (result.exit_code, json.loads(result.stderr)["error"]["code"]) == (2, "not-migrated")


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/none", "sqlite:////nowhere/at/all.sqlite3"])
def test_a_database_that_is_away_is_told(tmp_path: Path, url: str) -> None:
    result = run("opened", "--json", env={"SIDECAR_DATA": str(tmp_path), "SIDECAR_DATABASE_URL": url})
    assert (result.exit_code, json.loads(result.stderr)["error"]["code"]) == (2, "database-unreachable")


HOSTILE = "\x1b]0;pwned\x07\x1b[2J\x9b1A\u202eløv\u2066\r\nError: all well\ud800\x00\x7f"
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@click.command()
@json_option
@click.option("--as", "kind", default="rows")
def hostile(as_json: bool, kind: str) -> None:
    if kind == "rows":
        show(as_json, ("name", "names"), [(HOSTILE, [HOSTILE])])
    elif kind == "one":
        show_one(as_json, {"name": HOSTILE, "names": [HOSTILE]})
    elif kind == "line":
        show_line(as_json, {"name": HOSTILE}, HOSTILE)
    else:
        tell_error(NotFoundError(what="platform", key=HOSTILE), as_json=as_json)


@pytest.mark.parametrize("kind", ["rows", "one", "line", "error"])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_names_that_others_chose_never_steer_the_terminal(kind: str, form: list[str]) -> None:
    told = CliRunner().invoke(hostile, ["--as", kind, *form])
    assert told.exit_code == 0, told.exception
    assert "løv" in told.output
    assert RAW.findall(told.output) == []
    if form:
        assert any(HOSTILE in text for text in values(json.loads(told.output)))


def values(found: object) -> list[str]:
    if isinstance(found, dict):
        return [text for each in found.values() for text in values(each)]
    return [text for each in found for text in values(each)] if isinstance(found, list) else [str(found)]


def test_a_name_makes_no_line_of_its_own_in_a_table() -> None:
    told = CliRunner().invoke(hostile)
    assert not any(line.startswith("Error") for line in told.output.splitlines())
