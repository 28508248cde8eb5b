"""Bound how often one address may start launches and sign in, how often it may fail, and what one LMS may send.

A whole municipality comes from one address. Of 8,000 employees half may open a course within ten minutes of a morning:
400 logins a minute, twice that where browsers are asked for a cookie first, and several municipalities may share one
way out. So what goes well is bounded generously, and what fails tightly: then only what fails is refused, as an honest
launch must not suffer for a stranger behind the same address.
"""

from __future__ import annotations

import ipaddress
import re
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import structlog
from flask import Flask, current_app, request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from redis import Redis
from redis.exceptions import RedisError
from werkzeug.exceptions import TooManyRequests
from werkzeug.middleware.proxy_fix import ProxyFix

from sidecar.core.one_way import hash_secret
from sidecar.runtime import Sidecar

LOGINS: Final = RateLimitItemPerMinute(3000, namespace="login")
LAUNCHES: Final = RateLimitItemPerMinute(3000, namespace="launch")
PLATFORM_LAUNCHES: Final = RateLimitItemPerMinute(20_000, namespace="platform-launch")
"""Launches that an LMS signed. Half of the 100,000 employees of a hundred municipalities within ten minutes are 5,000 a
minute; four times that are no learners but a mistake there."""

FAILED_LAUNCHES: Final = RateLimitItemPerMinute(120, namespace="failed-launch")
SIGN_INS: Final = RateLimitItemPerMinute(60, namespace="sign-in")
FAILED_SIGN_INS: Final = RateLimitItemPerMinute(10, namespace="failed-sign-in")
LINK_TRIES: Final = RateLimitItemPerMinute(5, namespace="link")
DRY_LAUNCHES: Final = RateLimitItemPerMinute(20, namespace="dry-launch")
"""How many numbers somebody may try out: what an LMS sends is looked at, not all that there are."""

SCIM_REQUESTS: Final = RateLimitItemPerMinute(3000, namespace="scim")
"""What one token may ask. Entra ID wants to send 25 requests a second, which are 1,500 a minute."""

CHANGE_REQUESTS: Final = RateLimitItemPerMinute(120, namespace="changes")
"""What one token may ask; each request gets up to 10,000 changes."""

EXCHANGE_REQUESTS: Final = RateLimitItemPerMinute(600, namespace="exchange")
"""What one region's sidecar may ask; a request for a file gets up to 8 MiB of it."""

FAILED_TOKENS: Final = RateLimitItemPerMinute(60, namespace="failed-token")
INVITATION_TRIES: Final = RateLimitItemPerMinute(20, namespace="invitation")

WINDOW_S: Final = 60
TOLD_EVERY_S: Final = 1.0
"""How often a process tells the others what it counted of an LMS."""

AWAY_S: Final = 30.0
"""How long a server of the queue that did not answer is left alone."""

MOST_SHARES: Final = 10_000
"""Of how many addresses and LMSs a process remembers what it counted; then it forgets them, and asks again."""

SHARED: Final = {"sign_in.start": SIGN_INS}
"""Endpoint → what one address may ask of all web processes together."""

SHARED_SOON: Final = {"launch.login": LOGINS}
"""Likewise, but what other processes counted is known within a second: a launch waits for nobody on the network."""

OF_THIS_PROCESS: Final = {"launch.launch": LAUNCHES, "launch.launch_stored": LAUNCHES}
"""Endpoint → what one address may ask of each web process: each needs a login, and those are counted together."""

_WITH_PORT: Final = re.compile(r"^(?:\[([^\]]+)\]|([\d.]+))(?::\d+)?$", re.ASCII)

log = structlog.get_logger()


@dataclass
class _Share:
    """What this process counted and has not told yet, and how many all had counted at its last telling."""

    untold: int = 0
    known: int = 0
    told_at: float = -TOLD_EVERY_S
    lock: threading.Lock = field(default_factory=threading.Lock)


class Limiter:
    """Count in the queue's server, so that all web processes count together; in memory while it is away."""

    def __init__(self, redis: Redis) -> None:
        """Prepare; nothing is reached yet."""
        self._shared = RedisStorage("redis://", connection_pool=redis.connection_pool, key_prefix="sidecar-limit")
        self._own = MemoryStorage()
        self._shares: dict[str, _Share] = {}
        self._away_until = 0.0
        self.has_warned = False

    def hit(self, item: RateLimitItem, who: str) -> bool:
        """Count once, in one round trip; tell whether it is within the limit."""
        return self._count(item, who, 1) <= item.amount

    def hit_told_later(self, item: RateLimitItem, who: str) -> bool:
        """Count once, and tell the other processes within a second; tell whether it is within the limit."""
        if len(self._shares) >= MOST_SHARES:
            self._shares.clear()
        share = self._shares.setdefault(item.key_for(who), _Share())
        with share.lock:
            share.untold += 1
            if time.monotonic() >= share.told_at + TOLD_EVERY_S:
                share.known = self._count(item, who, share.untold)
                share.untold, share.told_at = 0, time.monotonic()
            return share.known + share.untold <= item.amount

    def hit_here(self, item: RateLimitItem, who: str) -> bool:
        """Count once in this process; tell whether it is within the limit."""
        return self._own.incr(item.key_for(who), item.get_expiry()) <= item.amount

    def _count(self, item: RateLimitItem, who: str, times: int) -> int:
        """Return how many all processes counted in this window; this one alone while the server is away."""
        if time.monotonic() >= self._away_until:
            try:
                return self._shared.incr(item.key_for(who), item.get_expiry(), times)
            except RedisError as error:
                self._away_until = time.monotonic() + AWAY_S
                log.warning("limits.not_shared", error=type(error).__name__)
        return self._own.incr(item.key_for(who), item.get_expiry(), times)


def add_limits(app: Flask, sidecar: Sidecar) -> None:
    """Count launches and sign-ins of an application, by the address that its trusted proxies tell."""
    app.extensions["limiter"] = Limiter(sidecar.redis)
    proxies = sidecar.settings.proxies
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0)  # type: ignore[method-assign]
    app.before_request(refuse_flood)


def refuse_flood() -> None:
    """Refuse a launch or sign-in when its address has asked too often (runs before requests)."""
    endpoint = request.endpoint or ""
    if endpoint in SHARED or endpoint in SHARED_SOON or endpoint in OF_THIS_PROCESS:
        _warn_of_proxy()
    if endpoint in SHARED:
        refuse_beyond_of_address(SHARED[endpoint])
    elif endpoint in SHARED_SOON and (address := _address()):
        _refuse_unless(_limiter().hit_told_later(SHARED_SOON[endpoint], address))
    elif endpoint in OF_THIS_PROCESS and (address := _address()):
        _refuse_unless(_limiter().hit_here(OF_THIS_PROCESS[endpoint], address))


def refuse_beyond(item: RateLimitItem, who: str) -> None:
    """Count something of somebody; refuse it when there was too much of it.

    Args:
        who: an id, or a secret, of which only a hash is kept.
    """
    _refuse_unless(_limiter().hit(item, hash_secret(who)[:16]))


def refuse_beyond_of_platform(platform_id: str) -> None:
    """Count a launch that an LMS signed; refuse it when there were too many."""
    _refuse_unless(_limiter().hit_told_later(PLATFORM_LAUNCHES, platform_id))


def refuse_beyond_of_address(item: RateLimitItem, about: str = "") -> None:
    """Count something of the client's address; refuse it when there was too much of it.

    Args:
        about: what it is about, which is counted apart from all else; only a hash of it is kept.
    """
    address = _address()
    if address:
        _refuse_unless(_limiter().hit(item, f"{address}{hash_secret(about)[:16] if about else ''}"))


def _address() -> str:
    """Return what stands for the client's address; "" for our own machine, where only an uncounted proxy could be."""
    return _stand_in(request.remote_addr or "")


@lru_cache(maxsize=1000)
def _stand_in(told: str) -> str:
    address = _read_address(told)
    if address is None or address.is_loopback:
        return ""
    # a home or an office has a whole /64 of IPv6
    whole = ipaddress.ip_network((address, 64), strict=False) if address.version == 6 else address
    return hash_secret(str(whole))[:16]


def _read_address(told: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address as proxies write it: some with its port, and IPv4 as ::ffff:192.0.2.1 where both are served."""
    bare = _WITH_PORT.sub(r"\1\2", told)
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if address.version == 6 else address


def _warn_of_proxy() -> None:
    """Say once that a proxy stands in front which the settings don't count: everybody would share its limits."""
    uncounted = not current_app.extensions["sidecar"].settings.proxies and "X-Forwarded-For" in request.headers
    if uncounted and not _limiter().has_warned:
        _limiter().has_warned = True
        log.warning("proxy.not_counted", setting="SIDECAR_PROXIES")


def _limiter() -> Limiter:
    found: Limiter = current_app.extensions["limiter"]
    return found


def _refuse_unless(is_within: bool) -> None:
    if not is_within:
        log.warning("limit.exceeded", endpoint=request.endpoint or "")
        raise TooManyRequests(retry_after=WINDOW_S)
