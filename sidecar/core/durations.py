"""Read and write the durations of both standards, and add them up.

Source: SCORM 1.2 RTE 3.4.4 CMITimespan (HHHH:MM:SS.SS); SCORM 2004 RTE 4.1.1.7 timeinterval (ISO 8601).
"""

from __future__ import annotations

import re

_SPAN_12 = re.compile(r"(\d+):(\d{2}):(\d{2}(?:\.\d+)?)", re.ASCII)
_UNITS = (("Y", 365 * 86400), ("M", 30 * 86400), ("W", 7 * 86400), ("D", 86400))
_NUMBER = r"(?:([\d.,]+){})?"
_SPAN_2004 = re.compile(
    "P" + "".join(_NUMBER.format(unit) for unit, _ in _UNITS) + "T?" + "".join(_NUMBER.format(u) for u in "HMS"),
    re.ASCII,
)
_SECONDS = (*(seconds for _, seconds in _UNITS), 3600, 60, 1)
_MOST_S = 9999 * 3600


def read_seconds(value: str) -> float:
    """Return the seconds of a duration of either standard; 0 for what is none."""
    if match := _SPAN_12.fullmatch(value):
        hours, minutes, seconds = match.groups()
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    if match := _SPAN_2004.fullmatch(value):
        parts = zip(match.groups(), _SECONDS, strict=True)
        return sum(_number(amount) * seconds for amount, seconds in parts if amount)
    return 0.0


def write_12(seconds: float) -> str:
    """Write a duration for SCORM 1.2."""
    hours, minutes, rest = _split(seconds)
    return f"{hours:04d}:{minutes:02d}:{rest:05.2f}"


def write_2004(seconds: float) -> str:
    """Write a duration for SCORM 2004."""
    hours, minutes, rest = _split(seconds)
    return f"PT{hours}H{minutes}M{rest:.2f}S"


def _split(seconds: float) -> tuple[int, int, float]:
    hundredths = round(min(seconds, _MOST_S) * 100)
    minutes, rest = divmod(hundredths, 6000)
    return *divmod(minutes, 60), rest / 100


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return 0.0
