"""Read docker-compose.yml as Compose does: YAML with merge keys, then the variables of an environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from tests.house.sources import ROOT

FILE: Final = ROOT / "docker-compose.yml"
EXAMPLE: Final = ROOT / ".env.example"
_PLACE: Final = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?:(?P<kind>:[-?])(?P<word>[^}]*))?\})")


class VariableMissingError(Exception):
    """The compose file needs a variable that is not set."""


def read_compose(env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the compose file; with its variables filled in where an environment is given."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    if env is not None:
        found = _filled(found, env)
    return found


def read_example() -> dict[str, str]:
    """Return the variables of .env.example, those that are commented out too: the last of a name counts not."""
    pairs = re.findall(r"^#?([A-Z0-9_]+)=(.*)$", EXAMPLE.read_text("utf-8"), re.MULTILINE)
    return dict(reversed(pairs))


def places() -> list[tuple[str, str | None, str | None]]:
    """Return every `${…}` of the compose file: name, kind (`:?`, `:-` or None) and word."""
    text = FILE.read_text("utf-8")
    return [(m["name"], m["kind"], m["word"]) for m in _PLACE.finditer(text) if m["name"]]


def _filled(value: Any, env: Mapping[str, str]) -> Any:  # noqa: ANN401 (whatever YAML holds)
    if isinstance(value, dict):
        return {name: _filled(one, env) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, env) for one in value]
    return _PLACE.sub(lambda match: _word(match, env), value) if isinstance(value, str) else value


def _word(match: re.Match[str], env: Mapping[str, str]) -> str:
    if match["name"] is None:
        return "$"
    if found := env.get(match["name"]):
        return found
    if match["kind"] == ":?":
        raise VariableMissingError(match["name"])
    return match["word"] or "" if match["kind"] else ""
