"""What a source tells is made such that tables take it, whatever letters stand there."""

import pytest

from sidecar.connectors.records import PersonRecord, PositionRecord
from sidecar.sync.people_records import pack, text_of


@pytest.mark.parametrize("dirt", ["\ud800", "\x00", "\udfff\x00"])
def test_no_text_of_a_record_stops_its_source(dirt: str) -> None:
    held = PositionRecord(key=f"a{dirt}b", unit_key=f"a{dirt}b", title=f"a{dirt}b", code=f"a{dirt}b")
    record = PersonRecord(
        "1",
        f"a{dirt}b",
        f"a{dirt}b",
        unit=f"a{dirt}b",
        position=f"a{dirt}b",
        manager_number=f"a{dirt}b",
        external_id=f"a{dirt}b",
        positions=(held,),
    )
    text, digest = text_of(pack(record, None, "source", {}, str))
    assert digest
    assert text.encode().count(b"a b") == 11
    assert "\\u0000" not in text


def test_a_printed_record_tells_no_national_id() -> None:
    printed = repr(PersonRecord("1001", "Kari", "Nordmann", national_id="15108695088"))
    assert "15108695088" not in printed
    assert "1001" in printed
