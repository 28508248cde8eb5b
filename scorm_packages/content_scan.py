"""Find in a package's pages and scripts which outside hosts they call, a piece at a time."""

import re
from collections.abc import Iterator

SCANNED_SUFFIXES = (".html", ".htm", ".xhtml", ".js", ".css")
SCANNED_BYTES = 4 * 1024**2
OVERLAP_BYTES = 2_048
# `<` ends a tag that was never closed, so that no text is read twice.
TAG = re.compile(
    rb"<(?:script|link|img|iframe|frame|embed|object|source|video|audio|track)\b([^<>]{0,2000})>", re.IGNORECASE
)
ADDRESS = re.compile(
    rb"""(?:^|[\s"'])(?:src|href|data)\s{0,9}=\s{0,9}["']?\s{0,9}(?:https?:)?//([A-Za-z0-9.-]{1,253})""", re.IGNORECASE
)
NOT_LOADED = re.compile(
    rb"""\brel\s{0,9}=\s{0,9}["']?\s{0,9}(?:canonical|alternate|author|license|help|next|prev)\b""", re.IGNORECASE
)
STYLE = re.compile(
    rb"""(?:@import\s{1,9}|url\(\s{0,9})["']?\s{0,9}(?:https?:)?//([A-Za-z0-9.-]{1,253})""", re.IGNORECASE
)
TRACKERS = (
    "google-analytics.com",
    "googletagmanager.com",
    "doubleclick.net",
    "connect.facebook.net",
    "hotjar.com",
    "clarity.ms",
    "segment.com",
    "mixpanel.com",
    "matomo.cloud",
    "browser.sentry-cdn.com",
    "fullstory.com",
    "amplitude.com",
)


class ContentScan:
    """Gather hosts from one file whose pieces are fed in order; remembers no more than a piece."""

    def __init__(self) -> None:
        self._rest = b""
        self._seen_bytes = 0
        self.hosts: set[str] = set()

    def feed(self, piece: bytes) -> None:
        """Look through the next piece of the file; past 4 MiB it is not looked at."""
        if self._seen_bytes >= SCANNED_BYTES:
            return
        self._seen_bytes += len(piece)
        window = self._rest + piece
        self.hosts.update(host.lower().strip(".") for host in _find_hosts(window))
        self._rest = window[-OVERLAP_BYTES:]


def is_tracker(host: str) -> bool:
    """Tell whether a host belongs to a tracking service."""
    return any(host == tracker or host.endswith("." + tracker) for tracker in TRACKERS)


def _find_hosts(window: bytes) -> Iterator[str]:
    for tag in TAG.finditer(window):
        if not NOT_LOADED.search(tag[1]):
            yield from (address[1].decode("ascii") for address in ADDRESS.finditer(tag[1]))
    yield from (address[1].decode("ascii") for address in STYLE.finditer(window))
    yield from (tracker for tracker in TRACKERS if tracker.encode() in window)
