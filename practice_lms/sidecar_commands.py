"""Speak to a sidecar by its command line, as operators do."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from practice_lms.errors import PracticeError

COMMAND_TIMEOUT_S = 120


class SidecarCommands:
    """Run commands of the sidecar that an environment describes.

    Args:
        env: the whole environment of the commands, SIDECAR_* among it.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self.command = _find_command()
        self.env = dict(env)

    def run(self, *arguments: str) -> Any:  # noqa: ANN401 (whatever the command's JSON holds)
        """Run one command with `--json` and return what it says.

        Raises:
            PracticeError: the command failed, took too long or said no JSON.
        """
        line = [*self.command, *arguments, "--json"]
        try:
            done = subprocess.run(  # noqa: S603 (our own command, no shell)
                line, env=self.env, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise PracticeError(f"sidecar {' '.join(arguments)}: no end after {COMMAND_TIMEOUT_S} s") from error
        if done.returncode != 0:
            raise PracticeError(
                f"sidecar {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return _read_json(arguments, done.stdout)


def _find_command() -> list[str]:
    """Return the installed command, or the same through this Python in a checkout that isn't installed."""
    beside = Path(sys.executable).with_name("sidecar")
    return [str(beside)] if beside.exists() else [sys.executable, "-m", "sidecar.cli"]


def _read_json(arguments: tuple[str, ...], text: str) -> Any:  # noqa: ANN401 (whatever the JSON holds)
    try:
        return json.loads(text)
    except ValueError as error:
        raise PracticeError(f"sidecar {' '.join(arguments)}: no JSON but {text[:200]!r}") from error
