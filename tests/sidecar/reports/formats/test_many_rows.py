"""Test that the longest report is written without holding it in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.core.report_specs import FORMATS

ROWS = 200_000
MOST_MB = 40
_WRITE = """
import resource, sys
from importlib import import_module
from pathlib import Path
from tests.sidecar.reports.formats.documents import long_document
write = import_module(sys.argv[1]).write
write(long_document(100), Path(sys.argv[2]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
write(long_document(int(sys.argv[3])), Path(sys.argv[2]))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("module", [*(f"formats.{name}" for name in FORMATS), "kept_rows"])
def test_memory_stays_flat(tmp_path: Path, module: str) -> None:
    command = [sys.executable, "-c", _WRITE, f"sidecar.reports.{module}", str(tmp_path / "report"), str(ROWS)]
    more_mb = int(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout)
    assert more_mb < MOST_MB
