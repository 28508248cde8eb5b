"""Time the check, the import and the upload of a 200 MB package against plain tools that do the same with its bytes.

- check: `check_package` in a fresh process, against `unzip -t`, and against Python's zipfile reading every entry with a
  SHA-256 of the file.
- import: as `sidecar package add` does it, against `unzip` and `sync`.
- upload: over HTTP into `sidecar web`, from the first byte sent to the answer that it is checked and stored; against a
  Flask application under the same gunicorn that receives the same bytes, hashes them, tests every entry, stores each
  under its SHA-256 and syncs.

All take turns in each round; told are the best seconds, and the highest resident memory. With `--gigabytes 5` the media
are that large; it takes five times as much room in the temporary folder.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.fixtures.course import FILM_BYTES, FILMS, write_course
from benchmarks.fixtures.fresh import measure
from benchmarks.fixtures.machine import watched_load
from benchmarks.fixtures.served import gunicorn, peak_mib, web_server
from benchmarks.fixtures.town import Town, open_town
from benchmarks.package_import import import_package, unzip
from scorm_packages.authoring.source import read_source
from scorm_packages.building.package import build_package
from sidecar.core import sign_ins
from sidecar.core.staff import Scope, grant, identity_named
from sidecar.web.access import csrf_token
from tests.fakes.ports import free_port

ROUNDS = 3
BOUNDARY = "benchmark"
PIECE_BYTES = 1024**2
PATIENCE_S = 1800
MEASURE = """
import hashlib, json, sys, time, zipfile
from pathlib import Path
from benchmarks.fixtures.machine import peak_kib
path, tool = Path(sys.argv[1]), sys.argv[2]
if tool == "check":
    from scorm_packages.check import check_package
began = time.perf_counter()
if tool == "check":
    assert check_package(path).verdict == "accept"
else:
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
seconds = time.perf_counter() - began
print(json.dumps([seconds, peak_kib()]))
"""


@dataclass
class Seen:
    """What was seen of one tool, all rounds together."""

    seconds: list[float] = field(default_factory=list)
    mib: float = float("nan")

    def add(self, seconds: float, mib: float = float("nan")) -> None:
        """Add a round."""
        self.seconds.append(seconds)
        self.mib = max(mib, self.mib) if self.mib == self.mib else mib

    def line(self, name: str, to: Seen | None = None) -> str:
        """Return the line that tells it, beside its peer."""
        memory = f"{self.mib:6.0f} MiB" if self.mib == self.mib else " " * 10
        ratio = f"  {min(self.seconds) / min(to.seconds):5.2f} times" if to else ""
        return f"{name:<28} {min(self.seconds):7.2f} s (worst {max(self.seconds):.2f})  {memory}{ratio}"


def time_unzip(package: Path) -> float:
    """Return the seconds of `unzip -t`, or of what stands in for it."""
    command = shutil.which("unzip")
    tool = [command, "-tqq"] if command else [sys.executable, "-m", "zipfile", "-t"]
    began = time.perf_counter()
    subprocess.run([*tool, str(package)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def upload(port: int, path: str, package: Path, form: dict[str, str], headers: dict[str, str]) -> float:
    """Send a package as a browser does, a piece at a time; return the seconds till it is stored."""
    fields = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{form[name]}\r\n' for name in form]
    opening = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="package"; filename="kurs.zip"\r\n\r\n'
    start, end = ("".join(fields) + opening).encode(), f"\r\n--{BOUNDARY}--\r\n".encode()
    length = len(start) + package.stat().st_size + len(end)
    told = headers | {"Content-Length": str(length), "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    began = time.perf_counter()
    connection.putrequest("POST", path)
    for name, value in told.items():
        connection.putheader(name, value)
    connection.endheaders(start)
    with package.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            connection.send(piece)
    connection.send(end)
    answer = connection.getresponse()
    text = answer.read()
    seconds = time.perf_counter() - began
    connection.close()
    if answer.status not in (200, 303):
        raise RuntimeError(f"{path} answered {answer.status}: {text[:500]!r}")
    return seconds


def signed_in(town: Town, public_url: str) -> tuple[dict[str, str], dict[str, str]]:
    """Sign an operator in; return what each form and its headers must say."""
    with town.sidecar.transaction() as db:
        identity = identity_named(db, "Ola Operatør", now=town.sidecar.now())
        grant(db, identity.id, "operator", Scope(), now=town.sidecar.now())
        secret = sign_ins.start(db, identity.id, None, town.sidecar.now())
    headers = {"Cookie": f"sidecar-staff={secret}", "Origin": public_url, "Sec-Fetch-Site": "same-origin"}
    return {"csrf_token": csrf_token(secret)}, headers


def measure_files(package: Path, folder: Path, seen: Callable[[str], Seen]) -> None:
    """Do a round of what works on files."""
    seen("unzip -t").add(time_unzip(package))
    for name, tool in (("zipfile and SHA-256", "plain"), ("check_package", "check")):
        seconds, kib = measure(MEASURE, str(package), tool)
        seen(name).add(seconds, kib / 1024)
    seen("unzip, sync").add(unzip(package, folder / "plain", and_sync=True))
    shutil.rmtree(folder / "plain")
    seconds, mib = import_package(package, folder / "data")
    seen("add_package").add(seconds, mib)
    shutil.rmtree(folder / "data")


def measure_uploads(package: Path, folder: Path, rounds: int, seen: Callable[[str], Seen]) -> None:
    """Upload into both servers, in turns."""
    port, peer_port = free_port(), free_port()
    public_url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        town = stack.enter_context(open_town(public_url=public_url, content_url=f"http://localhost:{port}"))
        form, headers = signed_in(town, public_url)
        ours = stack.enter_context(web_server(town, port, 1))
        (folder / "peer").mkdir()
        env = {"BENCH_UPLOADS": str(folder / "peer"), "TMPDIR": str(folder)}
        factory = "benchmarks.fixtures.plain_upload:served_upload()"
        peer = stack.enter_context(gunicorn(factory, env, peer_port, 1))
        print(f"servers before an upload: Flask {peak_mib(peer):.0f} MiB, sidecar web {peak_mib(ours):.0f} MiB")
        for number in range(rounds):
            seen("upload to Flask").add(upload(peer_port, "/", package, {}, {}), peak_mib(peer))
            sent = {**form, "key": f"kurs-{number}", "owner": "", "title": ""}
            seen("upload to sidecar web").add(upload(port, "/staff/courses", package, sent, headers), peak_mib(ours))


def main() -> None:
    """Run the comparison and print it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--gigabytes", type=int, default=0, help="How large the media are, instead of 168 MB.")
    wanted = options.parse_known_args()[0].gigabytes  # `make bench` hands every benchmark the same arguments
    rounds = 1 if wanted else ROUNDS
    found: dict[str, Seen] = {}
    with watched_load(), tempfile.TemporaryDirectory(prefix="bench-large-") as name:
        folder, package = Path(name), Path(name) / "kurs.zip"
        write_course(folder / "source", film_bytes=wanted * 10**9 // FILMS if wanted else FILM_BYTES)
        build_package(read_source(folder / "source"), package)
        shutil.rmtree(folder / "source")
        for _ in range(rounds):
            measure_files(package, folder, lambda tool: found.setdefault(tool, Seen()))
        measure_uploads(package, folder, rounds, lambda tool: found.setdefault(tool, Seen()))
        print(f"{package.stat().st_size} bytes")
    peers = {"check_package": "zipfile and SHA-256", "add_package": "unzip, sync"}
    peers["upload to sidecar web"] = "upload to Flask"
    for tool, what in found.items():
        print(what.line(tool, found[peers[tool]] if tool in peers else None))


if __name__ == "__main__":
    main()
