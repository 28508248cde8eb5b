"""Every act that the code records in the audit trail can be told in plain words, with its facts."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from sidecar.core.audit_actions import ACTIONS, FACTS
from sidecar.core.erasures import Holding
from sidecar.core.retention import Periods
from sidecar.sync.people_import import Imported
from tests.house.sources import python_files, relative, tree_of


@dataclass
class Recording:
    """One call of `audit.record`, or of a function that hands an action on to it."""

    where: str
    action: str
    facts: set[str] = field(default_factory=set)


ARGUMENTS = {"at", "identity_id", "actor"}


def recordings() -> Iterator[Recording]:
    """Yield what is recorded where; a function that is given the action is followed to its callers."""
    for path in python_files("sidecar"):
        tree = tree_of(path)
        handed_on = {}
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            names = [one.arg for one in function.args.args]
            for call in _calls(function):
                action = call.args[1]
                facts = {one.arg for one in call.keywords if one.arg} - ARGUMENTS
                for said in _literals(action):
                    yield Recording(f"{relative(path)}:{function.name}", said, facts)
                if isinstance(action, ast.Name) and action.id in names:
                    handed_on[function.name] = (names.index(action.id), facts)
                else:
                    assert _literals(action), f"{relative(path)}:{call.lineno} records an action that can't be read"
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = call.func.id if isinstance(call.func, ast.Name) else ""
            if name in handed_on:
                position, facts = handed_on[name]
                for said in _literals(call.args[position]):
                    yield Recording(f"{relative(path)}:{name}", said, facts)


def _calls(function: ast.FunctionDef) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
            yield node


def _literals(node: ast.expr) -> list[str]:
    if isinstance(node, ast.IfExp):
        return [*_literals(node.body), *_literals(node.orelse)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def test_every_act_has_a_text() -> None:
    found = list(recordings())
    assert len(found) > 25
    assert {(one.where, one.action) for one in found if one.action not in ACTIONS} == set(), (
        "say it in audit_actions.py"
    )


def test_every_fact_has_a_name() -> None:
    said = {fact for one in recordings() for fact in one.facts}
    said |= {one.name for kind in (Holding, Imported, Periods) for one in fields(kind)}
    assert said - set(FACTS) == set()


def test_an_action_fits_its_column() -> None:
    assert [name for name in ACTIONS if len(name) > 60 or name.count(".") != 1] == []
