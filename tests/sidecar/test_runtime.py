"""A part that fails holds up no more than it must."""

import socket
import time
from dataclasses import replace
from pathlib import Path

from sidecar.core import outbox
from sidecar.core.outbox import OutboxItem
from sidecar.runtime import Sidecar
from sidecar.settings import Settings


def test_a_queue_that_hangs_holds_nobody_up_and_loses_nothing(settings: Settings, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "deaf"))
        deaf.listen()
        sidecar = Sidecar(replace(settings, redis_url=f"unix://{tmp_path / 'deaf'}"))
        began = time.monotonic()
        with sidecar.transaction() as db:
            for number in range(3):
                outbox.put(db, "note", "s", key=str(number), now=sidecar.now())
        assert time.monotonic() - began < 5
        with sidecar.reading() as db:
            assert db.query(OutboxItem).count() == 3
        sidecar.close()
