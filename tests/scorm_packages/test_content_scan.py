"""Find the outside hosts that a page calls, in pieces of any size."""

import pytest

from scorm_packages.content_scan import ContentScan, is_tracker


def scan(content: bytes, piece_bytes: int = 65_536) -> set[str]:
    found = ContentScan()
    for at in range(0, len(content), piece_bytes):
        found.feed(content[at : at + piece_bytes])
    return found.hosts


@pytest.mark.parametrize(
    "content",
    [
        b'<script src="https://cdn.example.com/a.js"></script>',
        b"<SCRIPT defer\n SRC = 'HTTP://CDN.example.com:8080/a.js'></SCRIPT>",
        b"<img src=//cdn.example.com/a.png>",
        b'<link rel="stylesheet" href="https://cdn.example.com/a.css">',
        b'<iframe title="a > b"></iframe><object data="https://cdn.example.com"></object>',
        b"@import 'https://cdn.example.com/a.css';",
        b"a { background: url(https://cdn.example.com/a.png) }",
    ],
)
@pytest.mark.parametrize("piece_bytes", [1, 7, 65_536])
def test_finds_what_a_browser_loads(content: bytes, piece_bytes: int) -> None:
    assert scan(b"<p>x</p>" + content, piece_bytes) == {"cdn.example.com"}


@pytest.mark.parametrize(
    "content",
    [
        b'<a href="https://example.com/">lenke</a>',
        b'<link rel="canonical" href="https://example.com/">',
        b'<script src="lib/a.js"></script> // example.com',
        b'<svg xmlns="http://www.w3.org/2000/svg"></svg>',
        b'<img alt="x"> src="https://example.com/"',
    ],
)
def test_leaves_out_what_is_only_named(content: bytes) -> None:
    assert scan(content + b" ") == set()


def test_trackers_are_found_in_scripts_and_below_their_domain() -> None:
    assert scan(b"s.src='https://www.google-analytics.com/ga.js'") == {"google-analytics.com"}
    assert is_tracker("www.google-analytics.com")
    assert not is_tracker("notgoogle-analytics.com")


@pytest.mark.parametrize(
    "pattern", [b"<img ", b"//a.b", b"@import    ", b'<img src="', b"a" * 9, b"url(\t", b"//" + b"a." * 9]
)
def test_hostile_text_is_read_in_linear_time(pattern: bytes) -> None:
    scan(pattern * (4 * 1024**2 // len(pattern)))
