"""docs/privacy.md names every table, as holding data of a person or not; what holds such data is exported."""

from __future__ import annotations

import re
from dataclasses import fields

from sidecar.core import retention
from sidecar.core.launches import FAILURES_KEPT
from sidecar.core.personal_data import SECTIONS
from sidecar.core.tables import METADATA
from tests.house.sources import ROOT

PAGE = (ROOT / "docs" / "privacy.md").read_text("utf-8")
PEOPLE = {"person", "employment", "identity"}
NOT_EXPORTED = {"erasure", "erased_subject", "contact_mail", "contact_code", "contact_sign_in", "delivery_receipt"}
"""What is left once there is nobody to export; and what is kept of contacts, who are no persons here."""


def rows() -> list[list[str]]:
    """Return the cells of the table of tables."""
    lines = (line for line in PAGE.splitlines() if line.startswith("| `") and line.count("|") == 7)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def named(*, personal: bool) -> set[str]:
    return {name for row in rows() for name in re.findall(r"`(\w+)`", row[0]) if (row[1] == "P") is personal}


def test_every_table_is_named_once() -> None:
    assert named(personal=True) | named(personal=False) == set(METADATA.tables)
    assert named(personal=True) & named(personal=False) == set()


def test_what_refers_to_a_person_counts_as_personal() -> None:
    refers = {
        table.name for table in METADATA.sorted_tables for key in table.foreign_keys if key.column.table.name in PEOPLE
    }
    assert refers - named(personal=True) == set()


def test_what_is_personal_says_why_how_long_and_who_sees_it() -> None:
    assert [row for row in rows() if row[1] == "P" and not all(row)] == []


def test_what_is_personal_is_exported_and_the_shape_is_documented() -> None:
    told = {table for section in SECTIONS for table in section.tables}
    assert told == named(personal=True) - NOT_EXPORTED
    shape = PAGE.split("## A person's own copy")[1].split("## ")[0]
    documented = {
        name for line in shape.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line)
    }
    assert documented == {section.name for section in SECTIONS}


def test_the_periods_are_the_true_ones() -> None:
    for field in fields(retention.DEFAULTS):
        assert f"{getattr(retention.DEFAULTS, field.name)} days" in PAGE
    for kept in (retention.ACCESS_KEPT, retention.SIGN_INS_KEPT, retention.LEFT_KEPT, FAILURES_KEPT):
        assert f"{kept.days} days" in PAGE
