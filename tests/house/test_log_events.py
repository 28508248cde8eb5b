"""A log event is a static `noun.verb_past` with primitives, and no fact is named after a person or a secret."""

import ast
import re
from collections.abc import Iterator

from sidecar.log import SENSITIVE_NAMES
from tests.house.sources import python_files, relative, tree_of

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
EVENT = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")
IRREGULAR = {
    "sent",
    "broke",
    "left",
    "begun",
    "put",
    "lost",
    "found",
    "made",
    "built",
    "read",
    "kept",
    "shown",
    "given",
}


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    for path in python_files("lti", "scorm_packages", "sidecar"):
        for node in ast.walk(tree_of(path)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in ("log", "logger")
            ):
                yield f"{relative(path)}:{node.lineno}", node


def is_past(event: str) -> bool:
    words = event.partition(".")[2].split("_")
    return any(word.endswith("ed") or word in IRREGULAR for word in words)


def test_events_are_static_and_tell_what_happened() -> None:
    calls = dict(log_calls())
    assert len(calls) > 5
    wrong = []
    for where, call in calls.items():
        event = call.args[0].value if len(call.args) == 1 and isinstance(call.args[0], ast.Constant) else None
        if not (isinstance(event, str) and EVENT.fullmatch(event) and is_past(event)):
            wrong.append(where)
    assert wrong == []


def test_facts_are_primitives_and_not_sensitive() -> None:
    wrong = []
    for where, call in log_calls():
        for fact in call.keywords:
            if fact.arg is None:
                continue  # a value's own fields: what they hold is hidden by name and by look at run time
            if SENSITIVE_NAMES.search(fact.arg) or isinstance(fact.value, ast.Dict | ast.Set):
                wrong.append(f"{where} {fact.arg}")
    assert wrong == []


def test_nothing_prints() -> None:
    for path in python_files("lti", "scorm_packages", "sidecar"):
        for node in ast.walk(tree_of(path)):
            is_print = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
            assert not is_print, relative(path)
