"""Courses: the key that a new one gets."""

from __future__ import annotations

import pytest

from sidecar.core.courses import KEY_CHARACTERS, check_key, free_key
from sidecar.runtime import Sidecar
from tests.fakes.lms import add_course

LONG = "a" * KEY_CHARACTERS


@pytest.mark.parametrize(
    ("wished", "taken", "expected"),
    [
        ("brannvern", ("brannvern-2",), "brannvern"),
        ("brannvern", ("brannvern", "brannvern-2"), "brannvern-3"),
        ("new", (), "new-2"),
        (LONG, (LONG,), "a" * 75 + "-2"),
    ],
)
def test_a_key_that_is_taken_or_reserved_gets_a_number(
    sidecar: Sidecar, wished: str, taken: tuple[str, ...], expected: str
) -> None:
    for key in taken:
        add_course(sidecar, key, key)
    with sidecar.reading() as db:
        assert check_key(free_key(db, wished)) == expected
