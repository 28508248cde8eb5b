"""Filters: comparisons with eq joined by and, and nothing else (RFC 7644 §3.4.2.2)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.scim_resources import ENTERPRISE
from sidecar.sync.scim.attributes import USER, fold_name
from sidecar.sync.scim.errors import ScimFilterError
from sidecar.sync.scim.filters import Comparison, read_filter

READ = {
    'userName eq "kari@rollag.example"': [Comparison("username", "kari@rollag.example")],
    'USERNAME EQ "Kari"': [Comparison("username", "Kari")],
    ' externalId  eq   "a b" ': [Comparison("externalid", "a b")],
    'id eq "1" and manager eq "2"': [Comparison("id", "1"), Comparison("manager", "2")],
    "active eq true": [Comparison("active", True)],
    "active eq False": [Comparison("active", False)],
    'userName eq "a\\"b and c"': [Comparison("username", 'a"b and c')],
    'userName eq "\\u00e6"': [Comparison("username", "æ")],
    f'{USER}:userName eq "x"': [Comparison("username", "x")],
    f'{ENTERPRISE}:manager.value eq "x"': [Comparison("manager.value", "x")],
}
REFUSED = [
    "",
    "userName",
    "userName eq",
    "userName pr",
    'userName ne "x"',
    'userName co "x"',
    'userName eq "x" or id eq "y"',
    'not (userName eq "x")',
    '(userName eq "x")',
    "userName eq x",
    "userName eq 7",
    "userName eq null",
    'userName eq "x',
    'userName eq "x" and',
    'userName eq "x" and and id eq "y"',
    'emails[type eq "work"] eq "x"',
    '"userName" eq "x"',
    'userName eq "a\\u0000"',
    'userName eq "\\ud800"',
    'userName eq "x" ' + 'and id eq "y" ' * 5,
    "(" * 1000,
    "userName eq " + '"' + "x" * 2000 + '"',
]


@pytest.mark.parametrize("text", READ)
def test_what_clients_ask_is_read(text: str) -> None:
    assert read_filter(text) == READ[text]


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ScimFilterError):
        read_filter(text)


@given(st.text(max_size=200))
def test_no_text_makes_a_fault(text: str) -> None:
    with suppress(ScimFilterError):
        read_filter(text)


def test_names_are_compared_without_case_and_tricks() -> None:
    """RFC 7643 §4.1.1: userName is not case-sensitive."""
    assert fold_name("KARI") == fold_name("kari") == fold_name("Ｋari") == fold_name("ᴷARI") == "kari"
    assert fold_name("Å") == fold_name("A\u030a") == "å"
    assert fold_name("kari") != fold_name("каri")
