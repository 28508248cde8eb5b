"""Read a form in PHP's way (`users[0][username]=…`), and what a function expects of it."""

import re
from collections.abc import Iterable
from typing import Any

from practice_lms.web_services.errors import invalid_parameter

_PART = re.compile(r"\[([^\]]*)\]")


def read_form(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the fields as nested objects and lists."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        head, bracket, rest = name.partition("[")
        path = [head, *_PART.findall(bracket + rest)]
        place = tree
        for part in path[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise invalid_parameter()
        place[path[-1]] = value
    return {name: _listed(value) for name, value in tree.items()}


def _listed(value: Any) -> Any:  # noqa: ANN401 (JSON)
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(each) for key, each in value.items()}
    return list(inner.values()) if all(key.isdigit() for key in inner) else inner


def whole(form: dict[str, Any], name: str, default: int | None = None) -> int:
    """Return a whole number.

    Raises:
        WsError: invalidparameter, it is missing or none.
    """
    value = form.get(name, default)
    try:
        return int(value)  # type: ignore[arg-type]  # None ends below
    except (TypeError, ValueError):
        raise invalid_parameter() from None


def text(form: dict[str, Any], name: str, default: str | None = None) -> str:
    """Return a text.

    Raises:
        WsError: invalidparameter, it is missing or none.
    """
    value = form.get(name, default)
    if not isinstance(value, str):
        raise invalid_parameter()
    return value


def many(form: dict[str, Any], name: str) -> list[Any]:
    """Return a list, which is empty where it is left out.

    Raises:
        WsError: invalidparameter, it is none.
    """
    value = form.get(name, [])
    if not isinstance(value, list):
        raise invalid_parameter()
    return value
