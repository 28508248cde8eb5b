"""Stand in for what the library asks of Open edX: who is there, who may what, what a unit is.

Its module `compat` is the one place where it asks; nothing of its judgement is replaced.
"""

from __future__ import annotations

import json
import uuid
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from lti_consumer.exceptions import LtiError
from lti_consumer.models import CourseAllowPIISharingInLTIFlag
from lti_consumer.plugin import compat
from opaque_keys.edx.keys import CourseKey

COURSE = "course-v1:Laeringslop+HMS+2026"
TEACHER, LEARNER = "tove", "kari"


def stand_in() -> None:
    """Answer in place of Open edX."""
    compat.load_enough_xblock = compat.load_block_as_user = load_block
    compat.get_user_from_external_user_id = find_user
    compat.get_course_by_id = lambda key: key
    compat.user_course_access = lambda course, user, *_, **__: user.is_authenticated
    compat.user_has_access = lambda user, *_, **__: user.is_authenticated
    compat.user_has_studio_write_access = lambda user, *_, **__: user.username == TEACHER
    compat.get_course_members = lambda key: {one.id: _as_member(one) for one in get_user_model().objects.all()}
    compat.merge_course_forum_roles = lambda key, members: members
    compat.batch_get_or_create_externalids = lambda users: {
        one.id: SimpleNamespace(external_user_id=external_id(one)) for one in users.prefetch_related(None)
    }


def make_people(count: int) -> None:
    """Enrol a teacher and learners in the course, which shares their names and addresses with tools."""
    names = [TEACHER, LEARNER, *(f"deltaker{number:03}" for number in range(3, count + 1))]
    user = get_user_model()
    user.objects.bulk_create(
        user(username=one, first_name=one.capitalize(), last_name="Øvre", email=f"{one}@example.org") for one in names
    )
    CourseAllowPIISharingInLTIFlag.objects.create(course_id=CourseKey.from_string(COURSE), enabled=True)


def load_block(location: Any) -> Any:  # noqa: ANN401 (a usage key: our types know nothing of the library)
    """Return what Open edX keeps of a unit; a grade that comes so far is written down."""

    def set_grade(user: Any, score: float, most: float, _comment: str | None) -> None:  # noqa: ANN401
        note(graded=user.username, unit=location.block_id, score=score, most=most)

    return SimpleNamespace(
        scope_ids=SimpleNamespace(usage_id=location),
        display_name=f"Unit {location.block_id}",
        weight=1.0,
        has_score=True,
        accept_grades_past_due=True,
        is_past_due=lambda: False,
        max_score=lambda: 1.0,
        set_user_module_score=set_grade,
    )


def external_id(user: Any) -> str:  # noqa: ANN401
    """Return what the tool knows a user by."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, user.username))


def find_user(wanted: str) -> Any:  # noqa: ANN401
    """Return whom the tool means.

    Raises:
        LtiError: nobody, in the words of Open edX.
    """
    found = next((one for one in get_user_model().objects.all() if external_id(one) == wanted), None)
    if found is None:
        raise LtiError("Invalid User")
    return found


def role_of(user: Any) -> str:  # noqa: ANN401
    """Return a user's role in the course."""
    return "instructor" if user.username == TEACHER else "student"


def _as_member(user: Any) -> dict[str, Any]:  # noqa: ANN401
    name = user.get_full_name()
    return {"id": user.id, "username": user.username, "name": name, "email": user.email, "roles": [role_of(user)]}


def note(**facts: object) -> None:
    """Add a line to what tests read."""
    with (settings.OUR_DATA / "heard.jsonl").open("a") as file:
        file.write(json.dumps(facts) + "\n")
