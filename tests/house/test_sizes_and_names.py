"""A file says one thing: nothing grows past the maximum, and no module is named after nothing."""

from tests.house.sources import ROOT, functions, python_files, relative

LONGEST_FILE_LINES = 400
LONGEST_FUNCTION_LINES = 50
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "managers", "manager", "misc"}


def test_no_file_is_too_long() -> None:
    own_assets = [
        path
        for kind in ("js", "css", "html")
        for path in (ROOT / "sidecar" / "web").rglob(f"*.{kind}")
        if "vendor" not in path.parts
    ]
    lengths = {relative(path): len(path.read_text("utf-8").splitlines()) for path in [*python_files(), *own_assets]}
    assert len(lengths) > 100
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    lengths = {function.where: function.lines for function in functions()}
    assert len(lengths) > 500
    assert {where: lines for where, lines in lengths.items() if lines > LONGEST_FUNCTION_LINES} == {}


def test_every_module_is_named_after_something() -> None:
    assert [relative(path) for path in python_files() if path.stem in NAMES_THAT_SAY_NOTHING] == []
