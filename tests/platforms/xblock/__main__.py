"""Run the platform by hand: `python -m tests.platforms.xblock --tool http://127.0.0.1:8080 --course brannvern`.

Start the tool with SIDECAR_ALLOWED_PRIVATE=localhost, register what is printed, then open the addresses in a browser.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from tests.platforms.xblock.environment import ensure
from tests.platforms.xblock.running import Xblock, running
from tests.platforms.xblock.visitor import LEARNER, TEACHER


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser("tests.platforms.xblock", description=__doc__)
    parser.add_argument("--tool", default="http://127.0.0.1:8080", help="origin of the tool (default: %(default)s)")
    parser.add_argument("--course", default="", help="key of the course that two of the units open")
    parser.add_argument("--port", type=int, default=8200, help="default: %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, suppress(KeyboardInterrupt):
        place = {"tool": options.tool, "course": options.course, "port": options.port}
        with running(ensure(), Path(folder), **place) as platform:
            sys.stdout.write(describe(platform))
            sys.stdout.flush()
            threading.Event().wait()


def describe(platform: Xblock) -> str:
    """Say what to register, and where to go."""
    options = [f"--{name.replace('_', '-')} {value}" for name, value in platform.facts.items()]
    command = " \\\n  ".join(["sidecar platform add --name xblock --municipality <slug>", *options])
    addresses = {
        "Learner": f"{platform.url}/login/{LEARNER}?next=/units/graded/open",
        "Teacher": f"{platform.url}/login/{TEACHER}?next=/units/free/open",
        "Choose content": f"{platform.url}/login/{TEACHER}?next=/units/chosen/choose",
        "What was chosen": f"{platform.url}/login/{LEARNER}?next=/units/chosen/open",
    }
    lines = [f"{name:<16}{address}" for name, address in addresses.items()]
    return "\n".join([command, "", *lines, "", "Ctrl-C ends it.", ""])


if __name__ == "__main__":
    main()
