"""Time the build of a 200 MB course (168 MB of media, 600 pages) against Python's zipfile storing the same files.

Prints seconds, their ratio and the highest resident memory, each measured in a fresh process: of writing the package,
of reading the source before that, and of the check of what was built. With `--gigabytes 5` the media are that large.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.fixtures.course import FILM_BYTES, FILMS, write_course
from benchmarks.fixtures.fresh import measure

ROUNDS = 3
MEASURE = """
import json, os, pickle, sys, time, zipfile
from pathlib import Path
from benchmarks.fixtures.machine import peak_kib
folder, tool = Path(sys.argv[1]), sys.argv[2]
source, target = folder / "source", folder / f"{tool}.zip"
if tool == "build":
    from scorm_packages.building.package import build_package
    course = pickle.loads((folder / "read").read_bytes())
elif tool == "read":
    from scorm_packages.authoring.source import read_source
elif tool == "check":
    from scorm_packages.check import check_package
began = time.perf_counter()
if tool == "build":
    build_package(course, target)
elif tool == "read":
    course = read_source(source)
elif tool == "check":
    assert check_package(folder / "build.zip").verdict == "accept"
else:
    with zipfile.ZipFile(target, "w") as package:
        for path in sorted(source.rglob("*.*")):
            package.write(path, path.relative_to(source))
seconds = time.perf_counter() - began
if tool == "read":
    (folder / "read").write_bytes(pickle.dumps(course))
print(json.dumps([seconds, peak_kib()]))
"""


def main() -> None:
    """Run the comparison and print it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--gigabytes", type=int, default=0, help="How large the media are, instead of 168 MB.")
    wanted = options.parse_known_args()[0].gigabytes  # `make bench` hands every benchmark the same arguments
    rounds = 1 if wanted else ROUNDS
    with tempfile.TemporaryDirectory(prefix="bench-build-") as name:
        folder = Path(name)
        write_course(folder / "source", film_bytes=wanted * 10**9 // FILMS if wanted else FILM_BYTES)
        read_s, read_kib = measure(MEASURE, name, "read")
        store_s, store_kib = measure(MEASURE, name, "store", rounds=rounds)
        (folder / "store.zip").unlink()
        build_s, build_kib = measure(MEASURE, name, "build", rounds=rounds)
        check_s, check_kib = measure(MEASURE, name, "check")
        size = (folder / "build.zip").stat().st_size
    print(f"zipfile stored   {store_s:6.2f} s  {store_kib / 1024:6.1f} MiB")
    print(f"build_package    {build_s:6.2f} s  {build_kib / 1024:6.1f} MiB  ({size} bytes)")
    print(f"ratio            {build_s / store_s:6.2f}")
    print(f"read_source      {read_s:6.2f} s  {read_kib / 1024:6.1f} MiB")
    print(f"check_package    {check_s:6.2f} s  {check_kib / 1024:6.1f} MiB")


if __name__ == "__main__":
    main()
