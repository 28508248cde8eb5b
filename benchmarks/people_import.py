"""Time the people of all Norwegian municipalities from one CSV file: 450,000 employees, at first and unchanged again.

The file goes the way of every source: read into a spool, compared, judged, written in batches on SQLite. The second
run reads the same file and writes nothing to people. What counts is our own time on a processor, since the machine may
have other work. Exits 1 past a limit. `python -m benchmarks.people_import [rows]`
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.fixtures.machine import watched_load

ROWS = 450_000
TARGET_S = 60.0
TARGET_MIB = 300.0
UNITS = 1500
EXPECTED = {"first run": "added", "unchanged": "unchanged"}
"""What everybody counts as in each of the runs."""

HEADINGS = "ansattnummer;fornavn;etternavn;epost;enhet;stilling;stillingsprosent;startdato;leder"

RUN = """
import sys, time
from pathlib import Path
from sqlalchemy import func, select
from benchmarks.fixtures.machine import peak_kib
from sidecar.connecting import add_connection
from sidecar.core.access import operator_at_the_console
from sidecar.core.municipalities import Municipality, add_municipality
from sidecar.core.people import Employment
from sidecar.core.people_sources import SyncRun
from sidecar.runtime import Sidecar
from sidecar.schema import upgrade
from sidecar.settings import read_settings
from sidecar.sync import intakes, sources
sidecar = Sidecar(read_settings({"SIDECAR_DATA": sys.argv[2]}))
viewer = operator_at_the_console()
upgrade(sidecar.engine)
with sidecar.transaction() as db:
    one = add_municipality(db, Municipality(org_number="942402465", slug="all", name="All", created_at=sidecar.now()))
    municipality_id = one.id
connection = add_connection(sidecar, viewer, municipality_id, "hr_csv", {"file": sys.argv[1]})
source = sources.add_source(sidecar, viewer, connection.id, interval_minutes=0)
for _ in range(2):
    run_id = sources.run_now(sidecar, viewer, source.id)
    began, cpu_began = time.perf_counter(), time.process_time()
    while True:
        intakes.run_part(sidecar, run_id)
        with sidecar.reading() as db:
            run = db.get_one(SyncRun, run_id)
            if run.state not in ("waiting", "running"):
                break
    took = time.perf_counter() - began, time.process_time() - cpu_began
    print("RUN", *took, peak_kib(), run.state, run.error_code, run.counts, flush=True, sep="\\t")
"""


def write_file(path: Path, rows: int) -> None:
    """Write a file of employees who don't exist."""
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{HEADINGS}\n")
        for n in range(rows):
            unit = n % UNITS
            mail = f"fornavn{n % 977}.etternavn{n}@kommune{n % 357}.example.no"
            name = f"Fornavn{n % 977};Etternavn{n % 9973}"
            file.write(
                f"{100000 + n};{name};{mail};Enhet {unit};Stilling {n % 211};{20 + n % 80};2020-01-01;{100000 + unit}\n"
            )


def main() -> int:
    """Run both, print them and judge them."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with watched_load(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_file(folder / "people.csv", rows)
        command = [sys.executable, "-c", RUN, str(folder / "people.csv"), str(folder / "data")]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    runs = [line.split("\t")[1:] for line in told.splitlines() if line.startswith("RUN")]
    is_well = True
    for title, (seconds, cpu, kib, state, code, counts) in zip(("first run", "unchanged"), runs, strict=True):
        took, mib = float(seconds), int(kib) / 1024
        print(f"{title}: {state} {code if code != 'None' else ''} {counts}")
        print(f"  {took:.1f} s ({took / TARGET_S:.2f} of {TARGET_S:.0f} s), {rows / took:,.0f} people per second")
        print(f"  {float(cpu):.1f} s of it at work on a processor ({float(cpu) / TARGET_S:.2f})")
        print(f"  {mib:.0f} MiB at most ({mib / TARGET_MIB:.2f} of {TARGET_MIB:.0f} MiB)")
        told_all = str({EXPECTED[title]: rows}) == counts and state == "done"
        is_well = is_well and told_all and float(cpu) <= TARGET_S * rows / ROWS and mib <= TARGET_MIB
    return int(not is_well)


if __name__ == "__main__":
    sys.exit(main())
