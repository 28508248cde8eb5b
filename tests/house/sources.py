"""Read our own source code."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("lti", "scorm_packages", "sidecar", "practice_lms", "tests", "benchmarks")


@dataclass(frozen=True)
class Function:
    """A function or method: `where` is `path:name`, `lines` counts all of it."""

    where: str
    node: ast.FunctionDef | ast.AsyncFunctionDef

    @property
    def lines(self) -> int:
        assert self.node.end_lineno
        return self.node.end_lineno - self.node.lineno + 1

    @property
    def arguments(self) -> set[str]:
        given = self.node.args
        return {one.arg for one in [*given.posonlyargs, *given.args, *given.kwonlyargs]}


def python_files(*rooms: str) -> list[Path]:
    """Return the Python files of the rooms, by path, without generated revisions."""
    found = [path for room in rooms or ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return [path for path in found if path.parent.name != "versions" and "node_modules" not in path.parts]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """Return a page of Markdown without its fenced blocks, which show what others write."""
    return re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def functions(*rooms: str) -> Iterator[Function]:
    for path in python_files(*rooms):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Function(f"{relative(path)}:{node.name}", node)
