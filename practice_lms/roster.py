"""Offer Names and Role Provisioning Services: who takes part in the course, as Moodle does.

Source: LTI Names and Role Provisioning Services 2.0; Moodle 4.5 mod/lti/service/memberships.
"""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, abort, request

from practice_lms.config import Config
from practice_lms.guarding import answer, link, page_of, service
from practice_lms.people import Person
from practice_lms.scopes import MEMBERS_SCOPE
from practice_lms.session import current_lms
from practice_lms.state import COURSE_ID, COURSE_LABEL, COURSE_TITLE, Lms

blueprint = Blueprint("roster", __name__, url_prefix="/mod/lti/services.php/CourseSection")
MEMBERS = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
_ROLES = {"learner": "Learner", "teacher": "Instructor"}
_MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"


@blueprint.get("/<course_id>/bindings/1/memberships")
@service(MEMBERS, MEMBERS_SCOPE)
def list_members(course_id: str) -> Response:
    """List who takes part, by role and in pages as asked; like Moodle's, the next page forgets the role."""
    lms = current_lms()
    if course_id != COURSE_ID or not lms.config.has_roster:
        abort(404, "Course not found")
    since = request.args.get("since", type=int)
    told = _list_changes(lms, since) if since is not None else _list_present(lms)
    role = request.args.get("role", "").removeprefix(_MEMBERSHIP)
    wanted = [member for member in told if role in ("", *member["roles"])]
    shown, following = page_of(wanted, most=lms.config.roster_page_size)
    url = _address(lms)
    response = answer({"id": url, "context": _describe_context(), "members": shown}, MEMBERS)
    if links := list(_links(lms, url, following, len(shown))):
        response.headers["Link"] = ", ".join(links)
    return response


def _links(lms: Lms, url: str, following: int | None, size: int) -> Iterator[str]:
    if following is not None:
        kept = {name: request.args[name] for name in ("rlid", "since") if name in request.args}
        yield link(url, "next", limit=size, **{"from": following}, **kept)
    elif lms.config.roster_differences:
        yield link(url, "differences", since=lms.enrolment_changes)


def _list_present(lms: Lms) -> list[dict[str, Any]]:
    return [_describe(lms.config, person) for person in lms.people.values() if lms.takes_part(person.user_id)]


def _list_changes(lms: Lms, since: int) -> list[dict[str, Any]]:
    """List who has come or gone since a number that was given out before; who has gone is Deleted."""
    changed = [lms.people[user_id] for user_id, number in lms.enrolment_changed.items() if number > since]
    return [
        _describe(lms.config, person) | {"status": "Active" if lms.takes_part(person.user_id) else "Deleted"}
        for person in changed
    ]


def _describe(config: Config, person: Person) -> dict[str, Any]:
    facts = {
        "name": person.name,
        "given_name": person.first_name,
        "family_name": person.last_name,
        "email": person.email,
    }
    return {
        "status": "Active",
        "roles": [_ROLES[person.role]],
        "user_id": person.user_id,
        "lis_person_sourcedid": person.idnumber,
        **{name: value for name, value in facts.items() if name in config.shared_claims},
        "ext_user_username": person.username,
    }


def _describe_context() -> dict[str, str]:
    return {"id": COURSE_ID, "label": COURSE_LABEL, "title": COURSE_TITLE}


def _address(lms: Lms) -> str:
    return f"{lms.config.services}{request.path}"
