"""Follow a list over its pages, as far as an honest platform would lead us and no farther.

Source: RFC 8288 §3; Assignment and Grade Services 2.0 §3.2.6, Names and Role Provisioning Services 2.0 §2.4.2.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from urllib.parse import urljoin, urlsplit

from lti.fetching import host_of
from lti.service_errors import PageElsewhere, PagesLoop, TooManyPages
from lti.wire import is_same_origin

MOST_PAGES: Final = 2000
HEADER_LIMIT: Final = 16_384
URL_LIMIT: Final = 4000
_LINK: Final = re.compile(r"<([^<>]*)>((?:[^<\"]|\"(?:[^\"\\]|\\.)*\")*)")
_REL: Final = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|[“”„']([^“”„']*)[“”„']|([^\s;,\"]+))", re.IGNORECASE)
_HAS_ANCHOR: Final = re.compile(r";\s*anchor\s*=", re.IGNORECASE)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f]")

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Hold one page of a list, and where the platform says the next one is.

    Attributes:
        differences_url: where a later look finds only what has changed since.
    """

    items: tuple[T, ...]
    next_url: str | None
    differences_url: str | None = None


def walk(first: str, read: Callable[[str], Page[T]], *, most_pages: int = MOST_PAGES) -> Iterator[Page[T]]:
    """Yield the pages of a list, each read when it is asked for.

    Raises PagesLoop, PageElsewhere or TooManyPages, and whatever `read` raises.
    """
    seen: set[str] = set()
    url: str | None = first
    while url is not None:
        _refuse_astray(first, url, seen, most_pages)
        seen.add(url)
        page = read(url)
        yield page
        url = page.next_url


def _refuse_astray(first: str, url: str, seen: set[str], most_pages: int) -> None:
    """Refuse a page that was read, one that another server gives (it would get our token), and one too many."""
    host = host_of(first)
    if url in seen:
        raise PagesLoop(host=host)
    if not is_same_origin(url, first):
        raise PageElsewhere(host=host)
    if len(seen) >= most_pages:
        raise TooManyPages(host=host, limit=most_pages)


def find_link(headers: Mapping[str, str], rel: str, url: str) -> str | None:
    """Return where a Link header leads, letter for letter, or None; `url` is that of the page itself.

    Moodle writes typographic quotes around `next`, in UTF-8 that HTTP clients read as Latin-1, and `&amp;` for `&`.
    """
    for target, parameters in _LINK.findall(_as_meant(headers.get("link", ""))[:HEADER_LIMIT]):
        found = _REL.search(parameters)
        relations = next(filter(None, found.groups()), "").lower().split() if found else []
        if rel in relations and not _HAS_ANCHOR.search(parameters):
            return _resolve(target.replace("&amp;", "&"), url)
    return None


def _as_meant(header: str) -> str:
    try:
        return header.encode("latin-1").decode()
    except ValueError:
        return header


def _resolve(target: str, url: str) -> str:
    """Return a target as an address of its own; an impossible one leads elsewhere and is refused as such.

    An absolute one stays as it is, since `urljoin` would write it anew.
    """
    if len(target) > URL_LIMIT or _UNPRINTABLE.search(target):
        return ""
    try:
        return target if urlsplit(target).scheme else urljoin(url, target)
    except ValueError:
        return ""
