"""A package whose files lie apart is judged as its zip file is."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scorm_packages.archive import Limits
from scorm_packages.check import Report, check_package, check_unpacked
from scorm_packages.errors import EntryMissingError, EntryTooLargeError, SizeLieError
from scorm_packages.unpacked import Unpacked
from tests.data.scorm.make import find_case

SAME = ["plain-12", "cdn", "tracker", "server-code", "flash", "undeclared", "multi-2004-4th", "adapt", "parameters"]
HOSTILE = ["xxe", "billion-laughs", "javascript-href", "drive-href", "empty-manifest", "aicc", "dtd-in-cmi5"]


def files_of(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def check(files: dict[str, bytes], limits: Limits | None = None) -> Report:
    sizes = {path: len(content) for path, content in files.items()}
    return check_unpacked("kurs", sizes, lambda path: iter([files[path]]), limits)


@pytest.mark.parametrize(
    ("list_name", "name"), [*(("accept", name) for name in SAME), *(("reject", name) for name in HOSTILE)]
)
def test_it_says_what_the_zip_file_says(list_name: str, name: str, tmp_path: Path) -> None:
    package = find_case(list_name, name, tmp_path)
    apart, whole = check(files_of(package)), check_package(package)
    assert apart.findings == whole.findings
    assert (apart.verdict, apart.version, apart.title) == (whole.verdict, whole.version, whole.title)
    assert apart.barriers == whole.barriers


MANIFEST = {"imsmanifest.xml": b"<manifest/>"}


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"../a": b""}, "path-leaves-package"),
        ({"/a": b""}, "absolute-path"),
        ({"C:a": b""}, "drive-path"),
        ({"a\\b": b""}, "backslash-path"),
        ({"a\u202eb": b""}, "unsafe-characters"),
        ({"./a": b""}, "name-not-text"),
        ({"": b""}, "name-not-text"),
        ({"a/" * 51 + "a": b""}, "path-too-deep"),
        ({"a" * 256: b""}, "name-too-long"),
        ({"a": b"", "A": b""}, "duplicate-name"),
        ({"a": b"", "a/b": b""}, "file-against-folder"),
        ({"a": b"x" * 100}, "package-too-large"),
        ({str(number): b"" for number in range(10)}, "too-many-entries"),
    ],
)
def test_names_and_sizes_are_judged_before_a_byte_is_read(files: dict[str, bytes], code: str) -> None:
    report = check({**MANIFEST, **files}, Limits(entries=10, total_bytes=100))
    assert [one.code for one in report.findings] == [code]


def test_a_package_that_stands_in_a_folder_is_refused() -> None:
    assert [one.code for one in check({"kurs/imsmanifest.xml": b""}).findings] == ["manifest-misplaced"]


def test_a_size_that_lies_is_noticed() -> None:
    def one(_path: str) -> Iterator[bytes]:
        yield b"12345"

    sizes = {"imsmanifest.xml": 5, "short": 4, "long": 6}
    package = Unpacked(sizes, one)
    assert b"".join(package.stream("imsmanifest.xml")) == b"12345"
    for path in ("short", "long"):
        with pytest.raises(SizeLieError):
            list(package.stream(path))
    with pytest.raises(EntryTooLargeError):
        package.read("long", 5)
    with pytest.raises(EntryMissingError):
        package.read("none", 5)
    with pytest.raises(EntryMissingError):
        package.verify(package.entries[0])
