"""What a Moodle 4.5 sent, recorded."""

import json
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parents[1] / "data" / "moodle"


def read_recording(name: str) -> dict[str, Any]:
    recording: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    return recording
