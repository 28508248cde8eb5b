"""Lists are followed over their pages, also over Moodle's; one that leads astray is left with a clear code."""

from collections.abc import Callable
from itertools import count

import pytest

from lti.errors import ServiceError
from lti.paging import Page, find_link, walk
from lti.service_errors import PageElsewhere, PagesLoop, TooManyPages

HERE = "https://lms.example/members?limit=5"


def following(first: str | None, *more: str | None) -> Callable[[str], Page[str]]:
    """Return a reader whose pages lead to these addresses, one after the other."""
    ahead = iter([first, *more])
    return lambda url: Page((url,), next(ahead))


HEADERS = {
    '<https://LMS.example/Members?From=B&Limit=5>; rel="next"': "https://LMS.example/Members?From=B&Limit=5",
    '<https://lms.example/a>; rel="prev", <https://lms.example/c>; rel="next"': "https://lms.example/c",
    "<https://lms.example/a>;rel=prev,<https://lms.example/c>;rel=next": "https://lms.example/c",
    '<https://lms.example/a,b;c?d="e">; rel="next"': 'https://lms.example/a,b;c?d="e"',
    '<https://lms.example/c>; title="x, <y>"; rel="next"': "https://lms.example/c",
    '<https://lms.example/c>; rel="last Next"': "https://lms.example/c",
    '<https://lms.example/c> ; REL = "next"': "https://lms.example/c",
    "</members?from=5>; rel=next": "https://lms.example/members?from=5",
    "<?from=5>; rel=next": "https://lms.example/members?from=5",
    "<https://lms.example/l?limit=2&amp;from=2>; rel=“next”": "https://lms.example/l?limit=2&from=2",
    "<https://lms.example/l?limit=2&amp;from=2>; rel=â\x80\x9cnextâ\x80\x9d": "https://lms.example/l?limit=2&from=2",
    '<https://lms.example/c>; rel="next"; anchor="/elsewhere"': None,
    '<https://lms.example/c>; rel="nextish"': None,
    "https://lms.example/c; rel=next": None,
    '<https://lms.example/c>; rel="next': None,
    "": None,
}


@pytest.mark.parametrize(("header", "url"), HEADERS.items(), ids=range(len(HEADERS)))
def test_a_link_header_is_read(header: str, url: str | None) -> None:
    assert find_link({"link": header}, "next", HERE) == url


def test_differences_stand_beside_the_next_page() -> None:
    headers = {"link": '<https://lms.example/2>; rel="next", <https://lms.example/d?since=1>; rel="differences"'}
    assert find_link(headers, "differences", HERE) == "https://lms.example/d?since=1"


@pytest.mark.parametrize("header", ['<a>; rel="' * 3000, "<" * 16_000, '<a>;"\\' * 4000, "<a>; rel=next" * 3000])
def test_a_link_header_made_to_take_long_is_read_at_once(header: str) -> None:
    assert find_link({"link": header}, "differences", HERE) is None


def test_pages_are_read_one_after_the_other() -> None:
    second, third = "https://lms.example/members?from=5", "https://LMS.example:443/members?from=10"
    pages = list(walk(HERE, following(second, third, None)))
    assert [page.items for page in pages] == [(HERE,), (second,), (third,)]


ASTRAY: dict[str, tuple[type[ServiceError], str | None]] = {
    "to itself": (PagesLoop, HERE),
    "to another host": (PageElsewhere, "https://evil.example/members"),
    "to a host that ends alike": (PageElsewhere, "https://evil.lms.example/members"),
    "to a longer host": (PageElsewhere, "https://lms.example.evil.example/"),
    "to another scheme": (PageElsewhere, "http://lms.example/members"),
    "to no scheme of the network": (PageElsewhere, "file:///etc/passwd"),
    "to another port": (PageElsewhere, "https://lms.example:8443/members"),
    "behind a user name": (PageElsewhere, "https://lms.example@evil.example/"),
    "to what is no address": (PageElsewhere, "https://[::"),
    "to nothing": (PageElsewhere, ""),
}


@pytest.mark.parametrize("way", ASTRAY)
def test_a_list_that_leads_astray(way: str) -> None:
    kind, url = ASTRAY[way]
    read: list[Page[str]] = []
    with pytest.raises(kind) as caught:
        read.extend(walk(HERE, following(url)))
    assert caught.value.host == "lms.example"


def test_a_list_whose_pages_loop_over_several() -> None:
    second = "https://lms.example/members?from=5"
    pages = walk(HERE, following(second, HERE))
    assert [next(pages).items, next(pages).items] == [(HERE,), (second,)]
    with pytest.raises(PagesLoop):
        next(pages)


def test_a_list_without_end() -> None:
    numbers = count()
    pages = walk(HERE, lambda url: Page((url,), f"https://lms.example/{next(numbers)}"), most_pages=30)
    with pytest.raises(TooManyPages) as caught:
        list(pages)
    assert (caught.value.limit, next(numbers)) == (30, 30)


@pytest.mark.parametrize(
    "target", ["https://lms.example/a b", "https://lms.example/" + "a" * 5000, "https://[", "\x00"]
)
def test_a_next_page_that_is_no_address_leads_elsewhere(target: str) -> None:
    assert find_link({"link": f"<{target}>; rel=next"}, "next", HERE) == ""
