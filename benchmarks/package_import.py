"""Time the import of a package of 9,500 files against `unzip` of the same file, onto the same disk.

The import checks the package, keeps every file under its SHA-256, whole and on the disk before the database names it,
and writes the version. `unzip` is measured twice: as it is, when nothing need be on the disk yet, and with `sync`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.fixtures.machine import watched_load
from benchmarks.fixtures.package import FILES, write_package

TARGET_RATIO = 2.0
IMPORT = """
import sys, time
from pathlib import Path
from benchmarks.fixtures.machine import peak_kib
from sidecar import catalogue
from sidecar.core.db import open_engine
from sidecar.runtime import Sidecar
from sidecar.schema import upgrade
from sidecar.settings import read_settings
sidecar = Sidecar(read_settings({"SIDECAR_DATA": sys.argv[2]}))
upgrade(sidecar.engine)
before_kib = peak_kib()
began = time.perf_counter()
catalogue.add_package(sidecar, Path(sys.argv[1]), key="bench", is_published=True)
print(time.perf_counter() - began, peak_kib() - before_kib)
"""


def unzip(package: Path, folder: Path, *, and_sync: bool) -> float:
    """Return the seconds that `unzip` takes."""
    command = shutil.which("unzip")
    tool = [command, "-q"] if command else [sys.executable, "-m", "zipfile", "-e"]
    to = ["-d", str(folder)] if command else [str(folder)]
    began = time.perf_counter()
    subprocess.run([*tool, str(package), *to], check=True)
    if and_sync:
        subprocess.run(["sync"], check=True)
    return time.perf_counter() - began


def import_package(package: Path, folder: Path) -> tuple[float, float]:
    """Return the seconds that the import takes, and how many MiB its memory grew."""
    told = subprocess.run([sys.executable, "-c", IMPORT, str(package), str(folder)], check=True, capture_output=True)
    seconds, kib = told.stdout.split()
    return float(seconds), int(kib) / 1024


def main() -> None:
    """Run the comparison and print it."""
    with watched_load(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_package(folder / "package.zip")
        subprocess.run(["sync"], check=True)
        plain_s = unzip(folder / "package.zip", folder / "plain", and_sync=False)
        synced_s = unzip(folder / "package.zip", folder / "synced", and_sync=True)
        import_s, mib = import_package(folder / "package.zip", folder / "data")
    tool = "unzip" if shutil.which("unzip") else "python -m zipfile (unzip is not installed)"
    print(f"{tool:<8} {plain_s:6.2f} s, with sync {synced_s:.2f} s")
    print(f"import   {import_s:6.2f} s, memory +{mib:.0f} MiB  ({FILES} files)")
    print(
        f"ratio    {import_s / plain_s:6.2f} (target {TARGET_RATIO}), against unzip and sync {import_s / synced_s:.2f}"
    )


if __name__ == "__main__":
    main()
