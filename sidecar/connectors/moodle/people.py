"""Read users and cohorts; put users into cohorts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sidecar.connectors.base import RejectedError
from sidecar.connectors.moodle.calls import Calls
from sidecar.connectors.moodle.shapes import Item, items, unwarned

USERS_BY_FIELD: Final = "core_user_get_users_by_field"
GET_USERS: Final = "core_user_get_users"
GET_COHORTS: Final = "core_cohort_get_cohorts"
COHORT_MEMBERS: Final = "core_cohort_get_cohort_members"
ADD_MEMBERS: Final = "core_cohort_add_cohort_members"

SEARCHABLE: Final = frozenset({"id", "lastname", "firstname", "idnumber", "username", "email", "auth"})
"""By any other key Moodle would return all users, with a warning."""

UserField = Literal["id", "idnumber", "username", "email"]


class NotSearchableError(RejectedError):
    """Moodle can't look for users by {key}."""

    code = "moodle-not-searchable"


@dataclass(frozen=True)
class User:
    """A user as Moodle shows one; "" for what it does not show to this token."""

    id: int
    username: str
    first_name: str
    last_name: str
    email: str
    id_number: str
    institution: str
    department: str
    time_zone: str
    is_suspended: bool


@dataclass(frozen=True)
class Cohort:
    """A cohort; `id_number` is what the site calls it, for example kommune-rollag."""

    id: int
    name: str
    id_number: str


def users_by_field(calls: Calls, field: UserField, values: Sequence[str | int]) -> list[User]:
    """Return the users whose field has one of these values; who may not be seen is left out like who is missing."""
    if not values:
        return []
    return [
        _user(each) for each in items(calls.read(USERS_BY_FIELD, {"field": field, "values": values}), USERS_BY_FIELD)
    ]


def find_users(calls: Calls, key: str, value: str) -> list[User]:
    """Return the users that a search finds; % stands for any text.

    Raises:
        NotSearchableError: Moodle has no such key, and would return everybody.
        WarnedError: Moodle looked for something else.
    """
    if key not in SEARCHABLE:
        raise NotSearchableError(key=key)
    answer = calls.read(GET_USERS, {"criteria": [{"key": key, "value": value}]})
    return [_user(each) for each in unwarned(answer, GET_USERS).items("users")]


def _user(found: Item) -> User:
    return User(
        id=found.whole("id"),
        username=found.text("username"),
        first_name=found.text("firstname"),
        last_name=found.text("lastname"),
        email=found.text("email"),
        id_number=found.text("idnumber"),
        institution=found.text("institution"),
        department=found.text("department"),
        time_zone=found.text("timezone"),
        is_suspended=bool(found.flag("suspended")),
    )


def list_cohorts(calls: Calls) -> list[Cohort]:
    """Return all cohorts of the site."""
    found = items(calls.read(GET_COHORTS), GET_COHORTS)
    return [Cohort(each.whole("id"), each.text("name"), each.text("idnumber")) for each in found]


def list_members(calls: Calls, cohort_ids: Sequence[int]) -> dict[int, list[int]]:
    """Return the ids of the users in each of these cohorts, by its id; of none where none is named."""
    if not cohort_ids:
        return {}  # Moodle would take an empty list for all
    found = items(calls.read(COHORT_MEMBERS, {"cohortids": cohort_ids}), COHORT_MEMBERS)
    return {each.whole("cohortid"): each.wholes("userids") for each in found}


def add_members(calls: Calls, cohort: str, user_ids: Sequence[int]) -> None:
    """Put users into a cohort; who is in it stays.

    Args:
        cohort: its ID number.

    Raises:
        WarnedError: one of them could not be added.
    """
    members = [
        {"cohorttype": {"type": "idnumber", "value": cohort}, "usertype": {"type": "id", "value": user_id}}
        for user_id in user_ids
    ]
    if members:
        unwarned(calls.write(ADD_MEMBERS, {"members": members}), ADD_MEMBERS)
