"""Turn what connectors tell of employees into what the tables take: short enough, clean, and comparable."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

from sidecar.connectors.records import PersonRecord, PositionRecord
from sidecar.core.people_plans import Employee, HeldPosition
from sidecar.core.person_matches import EMAIL, NATIONAL_ID, plain_email
from sidecar.sync.national_ids import is_national_id

NUMBER_CHARACTERS: Final = 100
NAME_CHARACTERS: Final = 200
EMAIL_CHARACTERS: Final = 320
CODE_CHARACTERS: Final = 40
DIGEST_BYTES: Final = 16
STARTED_ON: Final = 7
"""Where the first day stands in a packed record."""

HR_PERSON: Final = "hr-person"

_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")  # the last are halves of letters, which no database takes

UNUSABLE_NUMBER: Final = "people-number-unusable"
NATIONAL_ID_AS_NUMBER: Final = "people-file-national-id"
NAMELESS: Final = "people-nameless"

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def problem_of(record: PersonRecord) -> str | None:
    """Return the code of what keeps a record out, None where it can be taken in."""
    number = record.employee_number
    if not number or len(number) > NUMBER_CHARACTERS or not number.isprintable():
        return UNUSABLE_NUMBER
    if number.isdigit() and is_national_id(number):
        return NATIONAL_ID_AS_NUMBER
    if not record.first_name and not record.last_name:
        return NAMELESS
    return None


def email_of(record: PersonRecord) -> tuple[str | None, bool]:
    """Return the e-mail address to take in, and whether one was kept out since it can't be one."""
    email = record.email
    if not email:
        return email, False
    email = email.strip()
    if len(email) <= EMAIL_CHARACTERS and _EMAIL.fullmatch(email) and email.isprintable():
        return email, False
    return None, True


def pack(
    record: PersonRecord,
    email: str | None,
    source_id: str | None,
    names: Mapping[str, str],
    hashed: Callable[[str], str],
) -> list[Any]:
    """Return a record as JSON can carry it, in the order of `Employee`.

    Args:
        names: of units, by their keys.
        hashed: what a national identity number becomes.
    """
    positions = [_pack_position(one) for one in record.positions]
    main = next((one for one in record.positions if one.is_main), None) or next(iter(record.positions), None)
    unit_key = main.unit_key if main and main.unit_key is not None else record.unit
    unit = record.unit if record.unit is not None else names.get(unit_key or "", unit_key)
    return [
        record.employee_number,
        _short(record.first_name),
        _short(record.last_name),
        email,
        None if unit is None else _short(unit),
        None if unit_key is None else _short(unit_key),
        _short(record.position) if record.position is not None else _short(main.title) if main else None,
        _day(record.started_on),
        _day(record.ended_on),
        record.percentage if record.percentage is not None else _all_together(record.positions),
        None if record.manager_number is None else _manager(record.manager_number),
        positions,
        _identifiers(record, email, source_id, hashed),
    ]


def text_of(packed: list[Any]) -> tuple[str, str]:
    """Return a packed record as text, and the digest by which it is known to be the same again."""
    text = _encode(packed)
    return text, hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


def unpack(packed: list[Any], digest: str | None, *, shares_email: bool = False) -> Employee:
    """Return the employee that a packed record tells of; an address that several have is nobody's."""
    number, first, last, email, unit, unit_key, position, started, ended, percentage, manager, held, identifiers = (
        packed
    )
    return Employee(
        number,
        first,
        last,
        None if shares_email else email,
        unit,
        unit_key,
        position,
        _date(started),
        _date(ended),
        percentage,
        manager,
        () if _says_no_more(held) else tuple(map(_unpack_position, held)),
        tuple([(kind, scope, value) for kind, scope, value in identifiers if kind != EMAIL or not shares_email]),
        digest,
    )


def employee_by_hand(record: PersonRecord) -> Employee:
    """Return what somebody tells of an employee by hand, whom no source keeps."""
    email, _ = email_of(record)
    employee = unpack(pack(record, email, None, {}, str), None)
    return employee._replace(email=record.email)


def merge(packed: list[Any], other: list[Any]) -> bool:
    """Take the positions of another row of the same employee over; False where it is somebody else."""
    if packed[1:3] != other[1:3]:
        return False
    known = {one[0] for one in packed[11]}
    if not any(one[5] for one in packed[11]) and any(one[5] for one in other[11]):
        packed[4:7] = other[4:7]
    packed[11] += [one for one in other[11] if one[0] not in known]
    starts, ends = [one[7] for one in packed[11]], [one[8] for one in packed[11]]
    packed[7] = min(filter(None, starts), default=None)
    packed[8] = None if None in ends else max(ends, default=None)
    shares = [one[4] for one in packed[11] if one[4] is not None]
    packed[9] = round(sum(shares), 2) if shares else packed[9]
    _put_main_first(packed)
    return True


def _put_main_first(packed: list[Any]) -> None:
    """Let one position be the main one, whose unit and title are the employee's; the first of several that are."""
    chosen = next((one for one in packed[11] if one[5]), None)
    for one in packed[11]:
        one[5] = one is chosen


def _says_no_more(held: list[list[Any]]) -> bool:
    """Tell whether positions say nothing that the employment does not."""
    return not held or (len(held) == 1 and held[0][3] is None and not held[0][6])


def _pack_position(one: PositionRecord) -> list[Any]:
    unit = None if one.unit_key is None else _short(one.unit_key)
    code = None if one.code is None else storable(one.code)[:CODE_CHARACTERS]
    days = _day(one.started_on), _day(one.ended_on)
    return [_short(one.key), unit, _short(one.title), code, one.percentage, one.is_main, one.is_manager, *days]


def _unpack_position(packed: list[Any]) -> HeldPosition:
    key, unit, title, code, percentage, is_main, is_manager, started, ended = packed
    days = _date(started), _date(ended)
    return HeldPosition(key, unit, title, code, percentage, is_main, is_manager, *days)


def _identifiers(
    record: PersonRecord, email: str | None, source_id: str | None, hashed: Callable[[str], str]
) -> list[tuple[str, str, str]]:
    found = []
    if email:
        found.append((EMAIL, "", plain_email(email)))
    if record.external_id and source_id:
        found.append((HR_PERSON, source_id, storable(record.external_id)[:EMAIL_CHARACTERS]))
    if record.national_id and is_national_id(record.national_id):
        found.append((NATIONAL_ID, "", hashed(record.national_id)))
    return found


def _all_together(positions: tuple[PositionRecord, ...]) -> float | None:
    told = [one.percentage for one in positions if one.percentage is not None and one.ended_on is None]
    return round(sum(told), 2) if told else None


def _manager(number: str) -> str | None:
    return None if is_national_id(number) else storable(number)[:NUMBER_CHARACTERS]


def storable(text: str) -> str:
    """Return a text without what a database can't take or a page can't show."""
    return text if text.isprintable() else _UNSEEN.sub(" ", text)


def _short(text: str) -> str:
    return (text if text.isprintable() else storable(text))[:NAME_CHARACTERS]


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


@lru_cache(maxsize=4096)
def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
