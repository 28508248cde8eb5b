"""Test what a municipality's own systems read line by line."""

from __future__ import annotations

import json
from pathlib import Path

from sidecar.reports.formats import ndjson
from tests.sidecar.reports.formats.documents import HOSTILE, ROW, document, row


def test_an_object_a_line_by_the_keys_of_the_columns(tmp_path: Path) -> None:
    ndjson.write(document(ROW, row(score=None)), tmp_path / "report")
    first, second = (tmp_path / "report").read_text("utf-8").splitlines()
    assert first == (
        '{"employee_number":"0071","last_name":"Ås","unit":"Helse","course":"Brannvern",'
        '"course_version":2,"completed_on":"2026-09-03","score":0.855}'
    )
    assert json.loads(second)["score"] is None


def test_text_stays_as_it_is(tmp_path: Path) -> None:
    ndjson.write(document(*(row(last_name=one) for one in HOSTILE)), tmp_path / "report")
    lines = (tmp_path / "report").read_bytes().split(b"\n")
    assert [json.loads(line)["last_name"] for line in lines if line] == HOSTILE


def test_an_empty_report_is_empty(tmp_path: Path) -> None:
    ndjson.write(document(), tmp_path / "report")
    assert (tmp_path / "report").read_bytes() == b""
