"""Read the people of a municipality: the members of its cohort, with their department as unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sidecar.connectors.moodle.calls import Calls
from sidecar.connectors.moodle.errors import FieldsHiddenError, NoCohortError, PeopleHiddenError
from sidecar.connectors.moodle.people import User, list_cohorts, list_members, users_by_field
from sidecar.connectors.records import PeopleFeed, PersonRecord, SetAside
from sidecar.errors import SidecarError

AT_ONCE: Final = 200
"""How many people are asked for in one call."""


class NoNumberError(SidecarError):
    """The user in place {line} of the cohort has no ID number in Moodle. Write the employee number there."""

    code = "moodle-no-number"


def member_ids(calls: Calls, cohort: str) -> list[int]:
    """Return the ids of the users in a cohort, each once.

    Args:
        cohort: its ID number.

    Raises:
        NoCohortError: there is no such cohort.
    """
    found = next((each for each in list_cohorts(calls) if each.id_number == cohort), None)
    if found is None:
        raise NoCohortError(cohort=cohort)
    return sorted(set(list_members(calls, [found.id]).get(found.id, [])))


def people_of(calls: Calls, cohort: str, prefix: str) -> PeopleFeed:
    """Return who is in a cohort now; Moodle can't tell what changed.

    Args:
        prefix: what stands before the employee number in Moodle's ID number; may be "".
    """
    ids = member_ids(calls, cohort)
    aside: list[SetAside] = []
    return PeopleFeed(is_full=True, people=_people(calls, ids, prefix, aside), total=len(ids), set_aside=aside)


def _people(calls: Calls, ids: Sequence[int], prefix: str, aside: list[SetAside]) -> Iterator[PersonRecord]:
    for start in range(0, len(ids), AT_ONCE):
        for line, user in enumerate(_visible(calls, ids[start : start + AT_ONCE]), start=start + 1):
            if user.is_suspended:
                continue
            if user.id_number.strip():
                yield _record(user, prefix)
            else:
                aside.append(SetAside(line, NoNumberError.code))


def _visible(calls: Calls, ids: Sequence[int]) -> list[User]:
    """Return these users.

    Raises:
        PeopleHiddenError: Moodle does not show all: an answer without them looks as if they had left.
        FieldsHiddenError: it shows them without their names or numbers.
    """
    users = users_by_field(calls, "id", ids)
    if len({user.id for user in users} & set(ids)) < len(ids):
        raise PeopleHiddenError(seen=len(users), asked=len(ids))
    if not any(user.id_number for user in users) or not any(user.last_name for user in users):
        raise FieldsHiddenError
    return users


def _record(user: User, prefix: str) -> PersonRecord:
    return PersonRecord(
        employee_number=user.id_number.strip().removeprefix(prefix),
        first_name=user.first_name.strip(),
        last_name=user.last_name.strip(),
        email=user.email.strip() or None,
        unit=user.department.strip() or None,
        external_id=str(user.id),
    )
