"""Time the check of a package of 9,500 files against the plain integrity test of the standard library.

Prints seconds, their ratio and the highest resident memory of the check, each measured in a fresh process.
"""

import tempfile
from pathlib import Path

from benchmarks.fixtures.fresh import measure
from benchmarks.fixtures.package import FILES, write_package

ROUNDS = 3
MEASURE = """
import json, resource, sys, time, zipfile
from pathlib import Path
path, tool = Path(sys.argv[1]), sys.argv[2]
if tool == "check":
    from scorm_packages.check import check_package
began = time.perf_counter()
if tool == "check":
    assert check_package(path).verdict == "accept"
else:
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
seconds = time.perf_counter() - began
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


def main() -> None:
    """Run the comparison and print it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "package.zip"
        write_package(path)
        plain_s, plain_kib = measure(MEASURE, str(path), "testzip", rounds=ROUNDS)
        check_s, check_kib = measure(MEASURE, str(path), "check", rounds=ROUNDS)
    print(f"zipfile.testzip  {plain_s:6.2f} s  {plain_kib / 1024:6.1f} MiB")
    print(f"check_package    {check_s:6.2f} s  {check_kib / 1024:6.1f} MiB  ({FILES} files)")
    print(f"ratio            {check_s / plain_s:6.2f}")


if __name__ == "__main__":
    main()
