"""Answer for courses, enrolments, completions and grades."""

from typing import Any

from practice_lms.people import Person
from practice_lms.state import Lms
from practice_lms.web_services import shapes
from practice_lms.web_services.accounts import Account
from practice_lms.web_services.errors import (
    WsError,
    cannot_view_report,
    course_hidden,
    no_permission,
    no_record,
)
from practice_lms.web_services.form import many, text, whole
from practice_lms.web_services.training import Course, Done

_FIELDS_OF_ENROLLED = ("id", "fullname", "email", "department", "institution", "idnumber")


def list_courses(lms: Lms, account: Account, _form: dict[str, Any]) -> object:
    """List all courses, the front page among them."""
    if not account.may("moodle/course:view"):
        raise course_hidden(1)
    return [shapes.front_page(), *(shapes.course(one) for one in lms.training.courses.values())]


def courses_by_field(lms: Lms, _account: Account, form: dict[str, Any]) -> object:
    """List the courses whose field has a value."""
    wanted, value = text(form, "field", ""), text(form, "value", "")
    name = {"id": "id", "shortname": "shortname", "idnumber": "idnumber", "category": "categoryid"}.get(wanted, "")
    told = [shapes.found_course(one) for one in lms.training.courses.values()]
    return {"courses": [one for one in told if not name or str(one[name]) == value], "warnings": []}


def create_courses(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """Make courses."""
    if not account.may("moodle/course:create"):
        raise no_permission("Create courses")
    made = []
    for each in many(form, "courses"):
        short = text(each, "shortname")
        if any(one.short_name == short for one in lms.training.courses.values()):
            raise WsError("shortnametaken", f"Short name is already used for another course ({short})")
        course_id = max(lms.training.courses) + 1
        has_completion = bool(whole(each, "enablecompletion", 0))
        category, number = whole(each, "categoryid"), text(each, "idnumber", "")
        course = Course(
            course_id,
            short,
            text(each, "fullname"),
            has_completion,
            has_criteria=False,
            category=category,
            id_number=number,
            is_visible=bool(whole(each, "visible", 1)),
        )
        lms.training.add_course(course)
        made.append({"id": course_id, "shortname": short})
    return made


def list_enrolled(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """List who takes part in a course."""
    course = _course(lms, whole(form, "courseid"))
    if not account.may("moodle/course:view"):
        raise course_hidden(course.id)
    options = {each["name"]: each["value"] for each in many(form, "options")}
    user_ids = sorted(lms.training.enrolments[course.id], key=int)
    begin, size = int(options.get("limitfrom", 0)), int(options.get("limitnumber", 0))
    shown = user_ids[begin : begin + size] if size else user_ids[begin:]
    told = [shapes.user(lms, lms.people[user_id]) for user_id in shown]
    if "userfields" in options:
        return [{name: each[name] for name in _FIELDS_OF_ENROLLED if name in each} for each in told]
    return told


def courses_of(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """List the courses of a user; none where it may not be known."""
    user_id = str(whole(form, "userid"))
    if not account.may("moodle/course:viewparticipants") or user_id not in lms.people:
        return []
    mine = [one for one in lms.training.courses.values() if user_id in lms.training.enrolments[one.id]]
    return [shapes.course_of_user(lms.training, one, user_id) for one in mine]


def enrol(lms: Lms, account: Account, form: dict[str, Any]) -> None:
    """Enrol users by hand; there is no answer to it."""
    if not account.may("enrol/manual:enrol"):
        raise no_permission("Enrol users")
    for each in many(form, "enrolments"):
        course = _course(lms, whole(each, "courseid"))
        lms.training.enrol(_person(lms, whole(each, "userid")).user_id, course.id)


def course_status(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """Tell how far a user is in a course; when it was completed is not told."""
    course, user_id = _course(lms, whole(form, "courseid")), str(whole(form, "userid"))
    _refuse_status(lms, account, course, user_id)
    modules = lms.training.modules_of(course)
    criteria = [_criterion(lms, user_id, each) for each in modules]
    is_completed = lms.training.completed_at(user_id, course) is not None
    status = {"completed": is_completed, "aggregation": 1, "completions": criteria}
    return {"completionstatus": status, "warnings": []}


def _refuse_status(lms: Lms, account: Account, course: Course, user_id: str) -> None:
    if not account.may("report/completion:view") or not course.has_completion:
        raise cannot_view_report()
    if user_id == "1":
        raise WsError("guestsarenotallowed", "The guest user is not allowed to do this")
    if user_id not in lms.training.enrolments[course.id]:
        if user_id == str(account.user_id):
            raise WsError("notenroled", "You are not enrolled in this course")
        raise WsError("usernotenroled", "User is not enrolled in this course")
    if not course.has_criteria:
        raise WsError("nocriteriaset", "No completion criteria set for this course")


def _criterion(lms: Lms, user_id: str, module: int) -> dict[str, Any]:
    done = lms.training.done_of(user_id, module)
    link = f'<a href="{lms.config.issuer}/mod/page/view.php?id={module}">Aktivitet {module}</a>'
    return {
        "type": 4,
        "title": "Activity completion",
        "status": "Yes" if done else "No",
        "complete": done is not None,
        "timecompleted": done.at if done else None,
        "details": {
            "type": "Activity completion",
            "criteria": link,
            "requirement": "Marking yourself complete",
            "status": "",
        },
    }


def activity_statuses(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """Tell how far a user is in the activities of a course."""
    course, user_id = _course(lms, whole(form, "courseid")), str(whole(form, "userid"))
    if not account.may("report/completion:view"):
        raise cannot_view_report()
    modules = lms.training.modules_of(course) if course.has_completion else ()
    return {"statuses": [_activity(lms, user_id, each) for each in modules], "warnings": []}


def _activity(lms: Lms, user_id: str, module: int) -> dict[str, Any]:
    done = lms.training.done_of(user_id, module)
    return {
        "cmid": module,
        "modname": "page",
        "instance": module,
        "state": int(done is not None),
        "timecompleted": done.at if done else 0,
        "tracking": 1,
        "overrideby": done.by if done else None,
        "valueused": False,
        "hascompletion": True,
        "isautomatic": False,
        "istrackeduser": True,
        "uservisible": True,
        "details": [],
        "isoverallcomplete": done is not None,
    }


def override(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """Set an activity complete, or incomplete, for a user."""
    if not account.may("moodle/course:overridecompletion"):
        raise no_permission("Override activity completion status")
    module, state = whole(form, "cmid"), whole(form, "newstate")
    person = _person(lms, whole(form, "userid"))
    known = {each for one in lms.training.courses.values() for each in lms.training.modules_of(one)}
    if module not in known:
        raise no_record("course_modules")
    at = shapes.MADE_AT + 1
    lms.training.set_done(person.user_id, module, Done(at, account.user_id) if state else None)
    user_id = int(person.user_id)
    return {
        "cmid": module,
        "userid": user_id,
        "state": state,
        "timecompleted": at,
        "overrideby": account.user_id,
        "tracking": 1,
    }


def grade_items(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """List the grades of a user: those of the links for their course, else the course's own, which is empty."""
    course, person = _course(lms, whole(form, "courseid")), _person(lms, whole(form, "userid"))
    if not account.may("gradereport/user:view"):
        raise no_permission("View your own grades in grade reports")
    known = lms.training.modules_of(course)
    items = [
        (one, grade) for one in lms.line_items.values() if (grade := lms.grades.get((one.item_id, person.user_id)))
    ]
    listed = items if known and course.id == known[0] // 100 else []
    told = [
        _grade(int(item.item_id), item.label, "mod", grade.score, item.score_maximum, int(grade.at.timestamp()))
        for item, grade in listed
    ]
    return {
        "usergrades": [
            {
                "courseid": course.id,
                "courseidnumber": course.id_number,
                "userid": int(person.user_id),
                "userfullname": person.name,
                "useridnumber": person.idnumber,
                "maxdepth": 2,
                "gradeitems": [*told, _grade(2, None, "course", None, 0, None)],
            }
        ],
        "warnings": [],
    }


def _grade(
    item_id: int, name: str | None, kind: str, score: float | None, highest: float, at: int | None
) -> dict[str, Any]:
    none = dict.fromkeys(("itemnumber", "idnumber", "categoryid", "outcomeid", "scaleid"))
    flags = dict.fromkeys(("gradehiddenbydate", "gradeneedsupdate", "gradeishidden", "gradeislocked"), False)
    return {
        "id": item_id,
        "itemname": name,
        "itemtype": kind,
        "itemmodule": "lti" if name else None,
        "iteminstance": item_id,
        **none,
        "locked": False,
        "graderaw": score,
        "gradedatesubmitted": None,
        "gradedategraded": at,
        **flags,
        "gradeisoverridden": False,
        "gradeformatted": "-" if score is None else f"{score:.2f}",
        "grademin": 0,
        "grademax": highest,
        "rangeformatted": f"0&ndash;{highest}",
        "percentageformatted": "-",
        "feedback": "",
        "feedbackformat": 0,
    }


def _course(lms: Lms, course_id: int) -> Course:
    found = lms.training.courses.get(course_id)
    if found is None:
        raise no_record("course")
    return found


def _person(lms: Lms, user_id: int) -> Person:
    found = lms.people.get(str(user_id))
    if found is None:
        raise no_record("user")
    return found
