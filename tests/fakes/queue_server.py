"""The embedded queue server, for the length of a test."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sidecar.broker import held_folder, server_command, socket_path, wait_until_up


@contextmanager
def running_queue(data: Path) -> Iterator[str]:
    """Run it on a folder and give its URL."""
    url = f"unix://{socket_path(data)}"
    with held_folder(data):
        process = subprocess.Popen(server_command(data), stdout=subprocess.DEVNULL)
        try:
            assert wait_until_up(url)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=10)
