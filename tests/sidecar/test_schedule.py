"""The scheduler goes on, whatever becomes of one of its steps."""

import json
import threading
from io import StringIO

import pytest

from sidecar import schedule
from sidecar.runtime import Sidecar


def test_a_step_with_a_defect_is_logged_and_the_others_are_made(
    sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch, log_lines: StringIO
) -> None:
    stop = threading.Event()

    def break_off(_: Sidecar) -> None:
        raise FileNotFoundError("/data of a disk that is away")

    def end(_: Sidecar) -> None:
        stop.set()

    monkeypatch.setattr(schedule, "STEPS", (break_off, end))
    schedule.run(sidecar, stop)
    told = json.loads(log_lines.getvalue().splitlines()[0])
    assert (told["event"], told["error"], told["step"]) == ("tick.broke_off", "FileNotFoundError", "break_off")
    assert "/data of a disk" not in log_lines.getvalue()
