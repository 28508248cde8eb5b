"""Know the practice LMS that serves this request, and the person who is logged in."""

from flask import abort, current_app, session

from practice_lms.people import Person
from practice_lms.state import Lms

EXTENSION = "practice_lms"


def current_lms() -> Lms:
    """Return the LMS of the application that serves this request."""
    lms = current_app.extensions[EXTENSION]
    if not isinstance(lms, Lms):
        raise TypeError(EXTENSION)
    return lms


def current_person() -> Person | None:
    """Return who is logged in, if anyone is."""
    return current_lms().people.get(session.get("user_id", ""))


def require_person() -> Person:
    """Return who is logged in, or answer 403."""
    person = current_person()
    if person is None:
        abort(403)
    return person


def require_teacher() -> Person:
    """Return who is logged in and may change the course, or answer 403."""
    person = require_person()
    if person.role == "learner":
        abort(403)
    return person
