"""Test the demo as a person runs it: as a process, by its exit code and its words."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.ports import free_port

ROOT = Path(__file__).parents[2]
FULL_RUN_S = 600


def run_demo(*arguments: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "ONCE"}
    return subprocess.run(
        [sys.executable, "-m", "practice_lms.demo", "--once", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def test_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_demo("--port", str(port), "--folder", str(tmp_path / "d"))
    assert done.returncode == 1
    assert f"port {port} is taken" in done.stderr
    assert not (tmp_path / "d").exists()


def test_sidecar_that_does_not_start_is_told_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the data folder should be", encoding="utf-8")
    done = run_demo("--port", str(free_port()), "--lms-port", str(free_port()), "--folder", str(tmp_path))
    assert done.returncode == 1
    assert "sidecar up ended by itself" in done.stderr
    assert f"--- the end of {tmp_path}/sidecar.log" in done.stderr


@pytest.mark.slow
def test_main_job_runs_to_its_end(tmp_path: Path) -> None:
    ports = ("--port", str(free_port()), "--lms-port", str(free_port()))
    done = run_demo(*ports, "--folder", str(tmp_path), timeout_s=FULL_RUN_S)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All grades are in the LMS's gradebook" in done.stdout
    rows = (next((tmp_path / "reports" / "rollag").glob("*.csv"))).read_text(encoding="utf-8-sig").splitlines()
    assert re.search(r"^1001;Prøvesen;Multe;.*Brannvern", "\n".join(rows), re.MULTILINE)
    assert len(list((tmp_path / "reports").glob("*/fullfor*.xlsx"))) >= 7
    assert_counted_at_both(done.stdout, tmp_path)


def assert_counted_at_both(text: str, folder: Path) -> None:
    """See that what was taken in Vesterålen stands in the newest reports of both employers."""
    assert "3 completions crossed over to Kongsbergregionen" in text
    courses = ["Brannvern på arbeidsplassen", "Informasjonssikkerhet i hverdagen", "Ny i kommunen"]
    for reports, number in ((folder / "reports" / "rollag", 1003), (folder / "vesteralen/reports/sortland", 2003)):
        newest = max(reports.glob("*.csv"), key=lambda file: file.stat().st_mtime_ns)
        rows = [row.split(";") for row in newest.read_text(encoding="utf-8-sig").splitlines()]
        assert [row[4] for row in rows if row[:3] == [str(number), "Eksempelsen", "Multe"]] == courses
