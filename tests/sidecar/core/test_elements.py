"""Let packages set what their standard has, and nothing else."""

import pytest

from sidecar.core.durations import read_seconds, write_12, write_2004
from sidecar.core.elements import (
    BadValueError,
    TooMuchDataError,
    UnknownElementError,
    check_changes,
    check_size,
    writable,
)

GOOD_12 = [
    ("cmi.core.lesson_status", "not attempted"),
    ("cmi.core.exit", ""),
    ("cmi.core.session_time", "0001:02:03.45"),
    ("cmi.core.score.raw", "87.5"),
    ("cmi.core.score.raw", ""),
    ("cmi.suspend_data", "æ" * 64_000),
    ("cmi.suspend_data", "\ud800 a lone surrogate, as compressors make"),
    ("cmi.interactions.12.objectives.0.id", "o"),
    ("cmi.interactions.0.result", "0.5"),
    ("cmi.interactions.0.result", "wrong"),
    ("cmi.objectives.1999.status", "passed"),
]
GOOD_2004 = [
    ("cmi.completion_status", "unknown"),
    ("cmi.score.scaled", "-1"),
    ("cmi.session_time", "PT1H2M3.45S"),
    ("cmi.session_time", "P1DT5S"),
    ("cmi.interactions.0.timestamp", "2026-11-22T05:38:00.0Z"),
    ("cmi.interactions.0.timestamp", "2026-11-22T05:38:00"),
    ("cmi.interactions.3.correct_responses.1.pattern", "a[,]b"),
    ("cmi.comments_from_learner.0.comment", "{lang=nb}Fint"),
    ("cmi.location", "x" * 1000),
]


@pytest.mark.parametrize(("name", "value"), GOOD_12)
def test_scorm_12_takes(name: str, value: str) -> None:
    check_changes("scorm-1.2", {name: value})


@pytest.mark.parametrize(("name", "value"), GOOD_2004)
def test_scorm_2004_takes(name: str, value: str) -> None:
    check_changes("scorm-2004-3rd", {name: value})


@pytest.mark.parametrize(
    "name",
    [
        *("cmi", "cmi.core", "cmi.objectives", "cmi.objectives.0", "cmi.core.student_id", "cmi.core.total_time"),
        *("cmi.objectives.2000.id", "cmi.objectives.01.id", "cmi.objectives.-1.id", "cmi.objectives.n.id"),
        *(
            "cmi.objectives.٣.id",
            "cmi.core.lesson_status.x",
            "CMI.core.lesson_status",
            "",
            "__proto__",
            "cmi.__proto__.x",
        ),
        *("cmi.completion_status", "adl.nav.request", "cmi.objectives.0.id\n", "cmi.objectives.99999999.id"),
    ],
)
def test_no_other_element_of_scorm_12_can_be_set(name: str) -> None:
    with pytest.raises(UnknownElementError):
        check_changes("scorm-1.2", {name: "x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cmi.core.lesson_status", "Passed"),
        ("cmi.core.lesson_status", "passed\n"),
        ("cmi.core.exit", "later"),
        ("cmi.core.score.raw", "101"),
        ("cmi.core.score.raw", "-1"),
        ("cmi.core.score.raw", "NaN"),
        ("cmi.core.score.raw", "inf"),
        ("cmi.core.score.raw", "1e2"),
        ("cmi.core.score.raw", "٣"),
        ("cmi.core.score.raw", "."),
        ("cmi.core.session_time", "1 hour"),
        ("cmi.suspend_data", "x" * 64_001),
        ("cmi.core.lesson_location", "x" * 256),
        ("cmi.interactions.0.type", "essay"),
    ],
)
def test_scorm_12_refuses_the_value(name: str, value: str) -> None:
    with pytest.raises(BadValueError) as error:
        check_changes("scorm-1.2", {name: value})
    assert error.value.facts == {"element": name}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cmi.score.scaled", "1.01"),
        ("cmi.completion_status", "passed"),
        ("cmi.progress_measure", "2"),
        ("cmi.session_time", "P"),
        ("cmi.session_time", "00:01:00"),
        ("cmi.exit", "leave"),
        ("cmi.interactions.0.timestamp", "yesterday"),
        ("cmi.learner_preference.audio_captioning", "2"),
    ],
)
def test_scorm_2004_refuses_the_value(name: str, value: str) -> None:
    with pytest.raises(BadValueError):
        check_changes("scorm-2004-4th", {name: value})


def test_a_state_has_a_limit() -> None:
    check_size({"cmi.suspend_data": "x" * 64_000})
    with pytest.raises(TooMuchDataError):
        check_size({f"cmi.interactions.{n}.learner_response": "x" * 64_000 for n in range(64)})


def test_the_browser_gets_the_names() -> None:
    assert "cmi.objectives.n.score.raw" in writable("scorm-1.2")
    assert "cmi.score.scaled" in writable("scorm-2004-2nd")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:00:00", 0),
        ("0100:02:03.5", 360_123.5),
        ("PT1H30M", 5400),
        ("P1DT1S", 86_401),
        ("PT0.25S", 0.25),
        ("nonsense", 0),
        ("PT1.2.3H", 0),
        ("", 0),
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert read_seconds(text) == seconds


def test_durations_are_written() -> None:
    assert write_12(360_123.456) == "0100:02:03.46"
    assert write_2004(3_725.5) == "PT1H2M5.50S"
    assert write_12(59.999) == "0000:01:00.00"
    assert read_seconds(write_12(10**12)) == 9999 * 3600
