"""Find in a package's pages and scripts which outside hosts they call, a piece at a time."""

import re
from collections.abc import Iterator

SCANNED_SUFFIXES = (".html", ".htm", ".xhtml", ".js", ".css")
SCANNED_BYTES = 4 * 1024**2
OVERLAP_BYTES = 2_048
MOST_ADDRESSES = 2_000
# The two slashes are found first: few places have them. A host that touches the end may be cut and does not count.
HOST = re.compile(rb"//([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,9})(?=\.?[^A-Za-z0-9.-])")
TAG = re.compile(rb"<(?:script|link|img|iframe|frame|embed|object|source|video|audio|track)\b[^<>]*", re.IGNORECASE)
ATTRIBUTE = re.compile(rb"""[\s"'](?:src|href|data)\s{0,9}=\s{0,9}["']?\s{0,9}(?:https?:)?\Z""", re.IGNORECASE)
STYLE = re.compile(rb"""(?:@import\s{1,9}|url\(\s{0,9})["']?\s{0,9}(?:https?:)?\Z""", re.IGNORECASE)
NOT_LOADED = re.compile(
    rb"""\brel\s{0,9}=\s{0,9}["']?\s{0,9}(?:canonical|alternate|author|license|help|next|prev)\b""", re.IGNORECASE
)
LONGEST_LEAD_BYTES = 48
LONGEST_TAG_BYTES = 1_500
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
        self._seen_addresses = 0
        self.hosts: set[str] = set()

    def feed(self, piece: bytes) -> None:
        """Look through the next piece of the file; past 4 MiB it is not looked at."""
        if self._seen_bytes >= SCANNED_BYTES:
            return
        self._seen_bytes += len(piece)
        window = self._rest + piece
        self.hosts.update(self._find_hosts(window))
        self._rest = window[-OVERLAP_BYTES:]

    def _find_hosts(self, window: bytes) -> Iterator[str]:
        yield from (tracker for tracker in TRACKERS if tracker.encode() in window)
        for found in HOST.finditer(window):
            self._seen_addresses += 1
            if self._seen_addresses > MOST_ADDRESSES:
                return
            if _is_loaded(window, found.start()):
                yield found[1].decode("ascii").lower()


def is_tracker(host: str) -> bool:
    """Tell whether a host belongs to a tracking service."""
    return any(host == tracker or host.endswith("." + tracker) for tracker in TRACKERS)


def _is_loaded(window: bytes, at: int) -> bool:
    """Tell whether the address that begins here is one that a browser loads by itself."""
    lead = window[max(0, at - LONGEST_LEAD_BYTES) : at]
    if STYLE.search(lead):
        return True
    if not ATTRIBUTE.search(lead):
        return False
    tag = TAG.match(window, max(0, window.rfind(b"<", max(0, at - LONGEST_TAG_BYTES), at)), at + LONGEST_TAG_BYTES)
    return tag is not None and tag.end() >= at and not NOT_LOADED.search(tag[0])
