"""Time export, verification and import of a learning path's bundle against `cp` and `sha256sum` of the same bytes.

- export: from the storage into a file, each part hashed on the way, on the disk at the end; against `cp` of the file, a
  sync of the copy, and `sha256sum`.
- verify: who signed it, every byte of it, every package; against `sha256sum`.
- import: into an installation that has nothing of it, checked and then stored and on the disk; against the same as the
  export.

All take turns in each round, each in a process of its own; told are the best seconds and the highest resident memory.
With `--gigabytes 2` the media are that large, which takes four times as much room in the temporary folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

from benchmarks.fixtures.fresh import measure
from benchmarks.fixtures.machine import watched_load
from sidecar.catalogue import add_package
from sidecar.core.access import operator_at_the_console
from sidecar.core.path_contents import Content, Part, Step
from sidecar.core.path_publishing import publish
from sidecar.core.paths import add_path
from sidecar.core.regions import Region
from sidecar.log import configure_log
from sidecar.runtime import Sidecar
from sidecar.schema import upgrade
from sidecar.settings import read_settings
from sidecar.sharing.region_signing import active_region_key
from sidecar.sharing.signatures import fingerprint_of
from tests.fakes.package import make_package

ROUNDS = 3
MEDIA_BYTES = 200 * 10**6
FILMS = 8
PIECE_BYTES = 1024**2
TARGET_RATIO = 2.0
KEY = "hms-lop"
MEASURE = """
import json, sys, time
from pathlib import Path
from benchmarks.fixtures.machine import peak_kib
from sidecar.core.access import operator_at_the_console
from sidecar.core.regions import find_region
from sidecar.log import configure_log
from sidecar.runtime import Sidecar
from sidecar.settings import read_settings
from sidecar.sharing.bundle import export_bundle, import_bundle, verify_bundle
configure_log("ERROR")
what, data, file, fingerprint = sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4]
sidecar = Sidecar(read_settings({"SIDECAR_DATA": data}))
with sidecar.reading() as db:
    region_id = find_region(db, "vesteralen").id if what == "import" else ""
began = time.perf_counter()
if what == "export":
    export_bundle(sidecar, operator_at_the_console(), "hms-lop", output=file)
elif what == "verify":
    verify_bundle(sidecar, file, fingerprint=fingerprint)
else:
    assert import_bundle(sidecar, region_id, file, fingerprint=fingerprint).is_new
seconds = time.perf_counter() - began
print(json.dumps([seconds, peak_kib()]))
"""


def open_installation(data: Path, region: str) -> Sidecar:
    """Make an installation with one region."""
    sidecar = Sidecar(read_settings({"SIDECAR_DATA": str(data), "SIDECAR_PUBLIC_URL": f"https://{region}.example.no"}))
    upgrade(sidecar.engine)
    with sidecar.transaction() as db:
        db.add(Region(slug=region, name=region.capitalize()))
    return sidecar


def publish_path(sidecar: Sidecar, folder: Path, media_bytes: int) -> None:
    """Publish a path with a course of pages and of films that do not compress."""
    pages = {f"p{number}": f"<!doctype html><title>{number}</title><p>Side {number}</p>" for number in range(200)}
    package = make_package(folder / "kurs.zip", pages=pages)
    with zipfile.ZipFile(package, "a", zipfile.ZIP_STORED) as archive:
        for number in range(FILMS):
            with archive.open(f"film-{number}.mp4", "w", force_zip64=True) as film:
                for _ in range(media_bytes // FILMS // PIECE_BYTES):
                    film.write(os.urandom(PIECE_BYTES))
    add_package(sidecar, package, key="kurs", is_published=True)
    package.unlink()
    me, content = operator_at_the_console(), Content("HMS", parts=(Part("a", steps=(Step("a", "course", "kurs"),)),))
    with sidecar.transaction() as db:
        region_id = db.query(Region).one().id
        add_path(db, me, content, sidecar.now(), region_id=region_id, key=KEY)
        publish(db, me, KEY, "", sidecar.now())


def time_command(*command: str) -> float:
    """Return the seconds that a command takes."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def measure_round(folder: Path, fingerprint: str, seen: dict[str, list[float]], peaks: dict[str, int]) -> None:
    """Do everything once."""
    bundle, data, there = folder / "path.zip", str(folder / "here"), folder / "there"
    open_installation(there, "vesteralen").close()
    ours = {"export": data, "verify": str(there), "import": str(there)}
    for what, where in ours.items():
        seconds, kib = measure(MEASURE, what, where, str(bundle), fingerprint)
        seen.setdefault(what, []).append(seconds)
        peaks[what] = max(peaks.get(what, 0), kib)
    shutil.rmtree(there)
    copy = folder / "copy.zip"
    peers = {"cp": ("cp", str(bundle), str(copy)), "sync": ("sync", str(copy)), "sha256sum": ("sha256sum", str(copy))}
    for what, command in peers.items():
        seen.setdefault(what, []).append(time_command(*command))
    copy.unlink()


def main() -> None:
    """Run the comparison and print it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--gigabytes", type=int, default=0, help="How large the media are, instead of 200 MB.")
    wanted = options.parse_known_args()[0].gigabytes  # `make bench` hands every benchmark the same arguments
    configure_log("ERROR")  # nothing listens to the queue
    seen: dict[str, list[float]] = {}
    peaks: dict[str, int] = {}
    with watched_load(), tempfile.TemporaryDirectory(prefix="bench-bundle-") as name:
        folder = Path(name)
        sidecar = open_installation(folder / "here", "kongsbergregionen")
        publish_path(sidecar, folder, wanted * 10**9 if wanted else MEDIA_BYTES)
        with sidecar.reading() as db:
            region_id = db.query(Region).one().id
        fingerprint = fingerprint_of(active_region_key(sidecar, region_id).public)
        sidecar.close()
        for _ in range(ROUNDS):
            measure_round(folder, fingerprint, seen, peaks)
        print(f"{(folder / 'path.zip').stat().st_size} bytes")
    best = {what: min(seconds) for what, seconds in seen.items()}
    for what in ("cp", "sync", "sha256sum"):
        print(f"{what:<10} {best[what]:7.2f} s")
    peers = {"export": ("cp", "sync", "sha256sum"), "verify": ("sha256sum",), "import": ("cp", "sync", "sha256sum")}
    for what, others in peers.items():
        ratio = best[what] / sum(best[one] for one in others)
        memory = f"{peaks[what] / 1024:.0f} MiB"
        print(
            f"{what:<10} {best[what]:7.2f} s  {memory}  {ratio:.2f} times {', '.join(others)} (target {TARGET_RATIO})"
        )
    print(f"without the sync: export {_bare(best, 'export'):.2f} times, import {_bare(best, 'import'):.2f} times")


def _bare(best: dict[str, float], what: str) -> float:
    return best[what] / (best["cp"] + best["sha256sum"])


if __name__ == "__main__":
    main()
