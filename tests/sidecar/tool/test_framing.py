"""Origins of an LMS's pages: what is one, how it is written, and what would let anybody show our pages."""

import pytest

from sidecar.tool.framing import MOST_ORIGINS, FrameOriginError, TooManyOriginsError, read_frame_origins

ALLOWED = ("moodle.local", "10.0.0.0/8")


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://school.example.no", "https://school.example.no"),
        (" https://school.example.no/ ", "https://school.example.no"),
        ("HTTPS://School.Example.no:443", "https://school.example.no"),
        ("https://school.example.no:8443", "https://school.example.no:8443"),
        ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443"),
        ("http://moodle.local:8080", "http://moodle.local:8080"),
        ("http://10.1.2.3:80", "http://10.1.2.3"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(typed: str, origin: str) -> None:
    assert read_frame_origins([typed, "", "  "], ALLOWED) == (origin,)


@pytest.mark.parametrize(
    "typed",
    [
        "*",
        "https:",
        "https://",
        "https://*",
        "https://*.example.no",
        "school.example.no",
        "//school.example.no",
        "http://school.example.no",
        "http://11.1.2.3",
        "https://school.example.no/courses",
        "https://school.example.no?x=1",
        "https://school.example.no#x",
        "https://school.example.no:0",
        "https://school.example.no:99999",
        "https://me@school.example.no",
        "https://school.example.no\\@evil.example",
        "https://school.example.no evil.example",
        "https://school.example.no;script-src *",
        "https://school.example.no, https://evil.example",
        "https://school.example.no'unsafe-inline'",
        "https://skøle.example.no",
        "https://school.example.no\x00",
        "javascript:alert(1)",
        "data:text/html,x",
        "'self'",
        "none",
        "https://" + "x" * 250,
    ],
)
def test_what_is_no_origin_is_refused(typed: str) -> None:
    with pytest.raises(FrameOriginError):
        read_frame_origins(["https://school.example.no", typed], ALLOWED)


def test_an_origin_counts_once_and_there_is_an_end_to_them() -> None:
    many = [f"https://school-{number}.example.no" for number in range(MOST_ORIGINS)]
    assert len(read_frame_origins([*many, *many, f"{many[0]}/"], ())) == MOST_ORIGINS
    with pytest.raises(TooManyOriginsError):
        read_frame_origins([*many, "https://another.example.no"], ())
