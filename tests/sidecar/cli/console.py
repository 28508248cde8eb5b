"""Type commands as an operator and as a script would; the environment is that of the fixture `environment`."""

import json
from typing import Any

from click.testing import CliRunner, Result

from sidecar.cli import main

ADD = [
    *("platform", "add", "--issuer", "https://moodle.example.no", "--client-id", "abc"),
    *("--auth-url", "https://moodle.example.no/auth", "--token-url", "https://moodle.example.no/token"),
    *("--jwks-url", "https://moodle.example.no/certs", "--deployment-id", "1", "--municipality", "kongsberg"),
]
"""Adds an LMS that speaks for Kongsberg."""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def run_json(*arguments: str) -> Any:  # noqa: ANN401 (JSON)
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)
