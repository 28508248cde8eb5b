"""Type commands as an operator and as a script would; the environment is that of the fixture `environment`."""

import json
from typing import Any

from click.testing import CliRunner, Result

from sidecar.cli import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def run_json(*arguments: str) -> Any:  # noqa: ANN401 (JSON)
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)
