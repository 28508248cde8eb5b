"""Test that lines come back in order, whether or not memory holds them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sidecar.reports.spool import Sorter, sort_key


@pytest.mark.parametrize("most", [1, 7, 1000, 100_000])
def test_lines_come_back_in_order_and_leave_no_file(tmp_path: Path, most: int) -> None:
    sorter = Sorter(tmp_path, "lines", most)
    numbers = list(range(5000 if most > 1 else 50))
    random.Random(1).shuffle(numbers)
    for number in numbers:
        sorter.add(f"{number:08}", f"linje {number}\n\t")
    assert list(sorter.lines()) == [f"linje {number}\n\t" for number in sorted(numbers)]
    assert list(tmp_path.iterdir()) == []
    assert list(sorter.lines()) == []


def test_words_sort_as_norwegian_sorts_and_alike_ones_by_their_letters() -> None:
    words = ["Ås", "Øye", "Ærø", "Zahl", "Aasen", "Émile", "Dahl", "Eng", "dal", "eng"]
    in_order = ["Dahl", "dal", "Émile", "Eng", "eng", "Zahl", "Ærø", "Øye", "Ås", "Aasen"]
    assert sorted(words, key=sort_key) == in_order


def test_a_shorter_unit_comes_before_all_of_a_longer_one() -> None:
    rows = [("Helse", "Åsen"), ("Helse og omsorg", "Berg"), ("Helse", "Berg")]
    assert sorted(rows, key=lambda row: sort_key(*row)) == [rows[2], rows[0], rows[1]]
