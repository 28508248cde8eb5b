"""Answer for users and cohorts."""

import re
from typing import Any

from practice_lms.people import Person
from practice_lms.state import Lms
from practice_lms.web_services import shapes
from practice_lms.web_services.accounts import Account
from practice_lms.web_services.errors import invalid_parameter, no_permission
from practice_lms.web_services.form import many, text

SEARCHABLE = ("id", "lastname", "firstname", "idnumber", "username", "email", "auth")
FIELDS = ("id", "idnumber", "username", "email")
_ALL_DETAILS = ("username", "idnumber", "institution", "department", "auth", "confirmed", "lang", "theme", "timezone")


def users_by_field(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """List users; who may not be seen is left out, as if there were nobody."""
    name, wanted = text(form, "field"), {str(value) for value in many(form, "values")}
    if name not in FIELDS:
        raise invalid_parameter()
    own = [shapes.own(lms, account)] if name == "id" and str(account.user_id) in wanted else []
    return own + [each for each in _visible(lms, account) if str(each.get(name, "")) in wanted]


def find_users(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """Search for users; a key that is not known finds everybody, with a warning."""
    users, warnings = _visible(lms, account), []
    for each in many(form, "criteria"):
        key, value = each["key"], each["value"]
        if key not in SEARCHABLE:
            message = f'The search key "{key}" is not supported, look at the web service documentation'
            warnings.append({"item": key, "warningcode": "invalidfieldparameter", "message": message})
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in value.split("%")), re.IGNORECASE)
        users = [user for user in users if pattern.fullmatch(str(user.get(key, "")))]
    return {"users": users, "warnings": warnings}


def _visible(lms: Lms, account: Account) -> list[dict[str, Any]]:
    if not account.may("moodle/user:viewdetails"):
        return []
    return [_limited(account, shapes.user(lms, person)) for person in lms.people.values()]


def _limited(account: Account, user: dict[str, Any]) -> dict[str, Any]:
    hidden: tuple[str, ...] = ()
    if not account.may("moodle/user:viewalldetails"):
        hidden += _ALL_DETAILS
    if not account.may("moodle/site:viewfullnames"):
        hidden += ("firstname", "lastname")
    return {name: value for name, value in user.items() if name not in hidden} if hidden else user


def list_cohorts(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """List cohorts; an empty list of ids means all."""
    _refuse_cohorts(account)
    wanted = {str(each) for each in many(form, "cohortids")}
    return [
        {
            "id": number,
            "name": name.removeprefix("kommune-").title(),
            "idnumber": name,
            "description": "",
            "descriptionformat": 1,
            "visible": True,
            "theme": "",
            "customfields": [],
        }
        for number, name in enumerate(lms.training.cohorts, start=1)
        if not wanted or str(number) in wanted
    ]


def _refuse_cohorts(account: Account) -> None:
    if not account.may("moodle/cohort:view"):
        raise no_permission("View site-wide cohorts")


def list_members(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """List the ids of the users in cohorts."""
    _refuse_cohorts(account)
    cohorts = list(lms.training.cohorts.values())
    return [
        {"cohortid": int(each), "userids": [int(user_id) for user_id in cohorts[int(each) - 1]]}
        for each in many(form, "cohortids")
    ]


def add_members(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """Put users into cohorts; what can't be done is told as a warning."""
    if not account.may("moodle/cohort:assign"):
        raise no_permission("Assign cohort members")
    warnings = []
    for each in many(form, "members"):
        members = lms.training.cohorts.get(each["cohorttype"]["value"])
        person = _find(lms, each["usertype"]["type"], each["usertype"]["value"])
        if members is None or person is None:
            warnings.append({"warningcode": "1", "message": "not found"})
        elif person.user_id not in members:
            members.append(person.user_id)
            lms.training.changes += 1
    return {"warnings": warnings}


def _find(lms: Lms, kind: str, value: str) -> Person | None:
    people = lms.people.values()
    return next((one for one in people if value == (one.user_id if kind == "id" else one.username)), None)
