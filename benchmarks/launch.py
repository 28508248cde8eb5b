"""Measure what one launch costs in the LTI library: login and validation, platform keys cached, one thread.

The peer is joserfc alone, decoding the same token and checking its times. Exits 1 past the design's limit.
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from joserfc import jwt
from joserfc.jwt import JWTClaimsRegistry

from lti.keys import PlatformKeys
from lti.launch import PendingLogin, validate_launch
from lti.login import begin_login, read_login
from tests.fakes.platform import Clock, FakePlatform, make_key

LAUNCHES = 3000
LIMIT_MS = 1.5
FILLER = {f"parameter_{number}": "x" * 40 for number in range(30)}


def measure_ms(action: Callable[[], object]) -> float:
    """Return the CPU time of one call in milliseconds."""
    started = time.process_time()
    for _ in range(LAUNCHES):
        action()
    return (time.process_time() - started) / LAUNCHES * 1000


def main() -> int:
    """Print the measurement and judge it."""
    clock = Clock(datetime.now(UTC))
    platform = FakePlatform("https://lms.example", clock)
    keys, registration = PlatformKeys(platform.fetch, clock), platform.registration()
    params = {"iss": platform.issuer, "login_hint": "7", "target_link_uri": platform.launch_url}
    token, key = platform.id_token(custom=FILLER), make_key(1)
    pending = PendingLogin("nonce-1", registration, platform.launch_url, "1")

    def launch() -> None:
        begin_login(read_login(params), registration, launch_url=platform.launch_url, now=clock())
        validate_launch(token, pending, keys, now=clock())

    def decode() -> None:
        JWTClaimsRegistry(leeway=60).validate(jwt.decode(token, key, algorithms=["RS256"]).claims)

    launch_ms, peer_ms = measure_ms(launch), measure_ms(decode)
    print(f"launch {launch_ms:.3f} ms CPU (limit {LIMIT_MS}), joserfc alone {peer_ms:.3f} ms,", end=" ")
    print(f"ratio {launch_ms / peer_ms:.2f}, token {len(token)} bytes")
    return int(launch_ms > LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
