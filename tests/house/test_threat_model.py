"""Each test that the threat model names exists, so that no defence is only a claim."""

import ast
import re

from tests.house.sources import ROOT, tree_of

MODEL = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
ROW = re.compile(r"^\|(?! ?threat| ?who| ?a package that …|-).*\|$", re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def functions_of(path: str) -> set[str]:
    file = ROOT / path
    if not file.exists():
        return set()
    return {node.name for node in ast.walk(tree_of(file)) if isinstance(node, ast.FunctionDef)}


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(MODEL)
    assert len(named) > 30
    assert [f"{path}::{name}" for path, name in named if name not in functions_of(path)] == []


def test_every_defence_names_its_test() -> None:
    defences = MODEL.partition("## Launches")[2].partition("## Not defended")[0]
    rows = ROW.findall(defences)
    assert len(rows) > 20
    assert [row for row in rows if not NAMED.search(row)] == []
