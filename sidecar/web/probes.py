"""Answer the probes of load balancers and supervisors, whatever host they ask for: they often know an address only.

`/healthz`: this process answers. `/readyz`: what it needs can be used too; 503 where something needed can't. Neither
tells a setting, a path or a version; `sidecar check` on the machine says more.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Final

from werkzeug.wrappers import Response

from sidecar.health import Finding, examine
from sidecar.runtime import Sidecar

PATHS: Final = {"/healthz": (200,), "/readyz": (200, 503)}
"""Path → the statuses it is answered with."""

KEPT_S: Final = 5.0
"""How long an answer is given again, so that any number of probes costs no more than one look in this time."""

PATIENCE_S: Final = 2.0
"""How long a probe waits for the look of another; a thread that waits serves nobody."""


class Probes:
    """The answers of one process."""

    def __init__(self, sidecar: Sidecar, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Look at nothing yet."""
        self._sidecar = sidecar
        self._clock = clock
        self._lock = threading.Lock()
        self._found: Sequence[Finding] = ()
        self._looked = float("-inf")

    def answer(self, path: str, method: str) -> Response:
        """Return the answer to a probe."""
        if method not in ("GET", "HEAD"):
            return _json(405, {"state": "error"})
        if path == "/healthz":
            return _json(200, {"state": "alive"})
        with ExitStack() as held:
            if not self._lock.acquire(timeout=PATIENCE_S):
                return _json(503, {"state": "busy"})
            held.push(self._lock)
            return _tell(self._look())

    def _look(self) -> Sequence[Finding]:
        if self._clock() - self._looked >= KEPT_S:
            self._found = examine(self._sidecar, of_service=True)
            self._looked = self._clock()
        return self._found


def _tell(found: Sequence[Finding]) -> Response:
    is_ready = all(one.is_bearable for one in found)
    state = "ready" if all(one.is_ok for one in found) else "degraded" if is_ready else "not-ready"
    checks = [{"check": one.what, "code": one.code, "needed": one.is_needed} for one in found]
    return _json(200 if is_ready else 503, {"state": state, "checks": checks})


def _json(status: int, told: dict[str, object]) -> Response:
    response = Response(json.dumps(told) + "\n", status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
