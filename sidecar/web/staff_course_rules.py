"""Let staff say how long a course is valid and whether it counts at a later employer, and map courses of LMSs."""

from __future__ import annotations

from collections.abc import Mapping

from babel import dates
from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import course_rules, lms_courses
from sidecar.core.course_rules import CourseRule, RuleUnusableError
from sidecar.core.courses import OWN
from sidecar.core.staff_courses import find_course_of, list_courses_of, may_change_rule
from sidecar.core.validity import LONGEST_MONTHS, LONGEST_RENEWAL_DAYS, Rule
from sidecar.errors import SidecarError
from sidecar.web.access import audience, current, sidecar
from sidecar.web.forms import submit
from sidecar.web.rendering import gettext as _
from sidecar.web.rendering import locale
from sidecar.web.staff_menu import ADMINISTERS, SEES_COURSES

SEARCH_LIMIT = 200
MOST_PAGES = 100_000
KINDS = ("none", "months", "window")
LONGEST_NUMBER = 6
MONTHS = [f"{number:02}" for number in range(1, 13)]
DAYS = [f"{number:02}" for number in range(1, 29)]
"""Which every month of every year has."""

SHARING = {"default": None, "yes": True, "no": False}

blueprint = Blueprint("staff_course_rules", __name__)


@blueprint.get("/staff/courses/<key>/validity")
@audience(*SEES_COURSES)
def ask(key: str) -> str:
    """Show how long a course is valid and whom it counts for, and the form that changes it."""
    with sidecar().reading() as db:
        held = course_rules.rule_of(find_course_of(db, current().viewer, key))
    return _form(key, _as_typed(held))


@blueprint.post("/staff/courses/<key>/validity")
@audience(*ADMINISTERS)
def change(key: str) -> Response | tuple[str, int]:
    """Change it; where it was asked for, a job lets it hold for current completions too."""
    viewer, now, form = current().viewer, sidecar().now(), request.form
    if problems := _problems_of(form):
        return _form(key, form, problems=problems), 400
    refused = submit(
        lambda db: course_rules.change(db, viewer, key, _read(form), now, apply="apply" in form),
        lambda problem: _form(key, form, problem),
    )
    return refused or redirect(f"/staff/courses/{key}/validity?done=saved", 303)


def _as_typed(held: CourseRule) -> dict[str, str]:
    rule = held.rule
    kind = "none" if rule.months is None else "window" if rule.window_from else "months"
    sharing = next(name for name, value in SHARING.items() if value is held.is_transferable)
    month, day = rule.window_from.split("-") if rule.window_from else ("", "")
    return {
        "kind": kind,
        "months": str(rule.months or ""),
        "window_month": month,
        "window_day": day,
        "renewal_days": str(rule.renewal_days),
        "sharing": sharing,
    }


def _problems_of(form: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with each field that counts for what was chosen."""
    kind, problems = form.get("kind", ""), {}
    if kind not in KINDS or form.get("sharing", "") not in SHARING:
        return {}  # no such choice is offered: `_read` refuses it
    if kind != "none" and not _is_number(form.get("months", ""), 1, LONGEST_MONTHS):
        problems["months"] = _("Write how many months: 1 to %(most)s.") % {"most": LONGEST_MONTHS}
    if kind == "window" and _window(form) is None:
        problems["window"] = _("Choose the month and the day.")
    if kind == "months" and not _is_number(form.get("renewal_days", ""), 0, LONGEST_RENEWAL_DAYS):
        problems["renewal_days"] = _("Write how many days: 0 to %(most)s.") % {"most": LONGEST_RENEWAL_DAYS}
    return problems


def _is_number(text: str, least: int, most: int) -> bool:
    said = text.strip()
    return said.isascii() and said.isdigit() and len(said) < LONGEST_NUMBER and least <= int(said) <= most


def _window(form: Mapping[str, str]) -> str | None:
    """Return the first day of the windows as MM-DD; None where none was chosen."""
    month, day = form.get("window_month", ""), form.get("window_day", "")
    return f"{month}-{day}" if month in MONTHS and day in DAYS else None


def _read(form: Mapping[str, str]) -> CourseRule:
    """Return what was typed, in which `_problems_of` found nothing."""
    kind, sharing = form.get("kind", ""), form.get("sharing", "")
    if kind not in KINDS or sharing not in SHARING:
        raise RuleUnusableError(months=LONGEST_MONTHS, days=LONGEST_RENEWAL_DAYS)
    if kind == "none":
        return CourseRule(Rule(), SHARING[sharing])
    window = _window(form) if kind == "window" else None
    days = int(form["renewal_days"]) if kind == "months" else Rule().renewal_days
    return CourseRule(Rule(int(form["months"]), window, days), SHARING[sharing])


def _form(
    key: str, typed: Mapping[str, str], problem: SidecarError | None = None, problems: Mapping[str, str] | None = None
) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        course = find_course_of(db, viewer, key)
        return render_template(
            "staff/course_validity.html",
            course=course,
            typed=typed,
            problem=problem,
            problems=problems or {},
            months=list(zip(MONTHS, dates.get_month_names("wide", locale=locale()).values(), strict=True)),
            days=DAYS,
            may_change=may_change_rule(db, viewer, course),
            is_statutory=course_rules.is_transferable_by_default(db, course.id),
            current_count=course_rules.count_current(db, viewer, key, sidecar().today()),
            run=course_rules.last_run(db, course.id),
        )


@blueprint.get("/staff/lms-courses")
@audience(*ADMINISTERS)
def show_lms_courses() -> str:
    """List the courses that LMSs tell completions of, and what each means here."""
    words = request.args.get("q", "")[:SEARCH_LIMIT].strip()
    number = max(1, min(request.args.get("page", 1, type=int), MOST_PAGES))
    with sidecar().reading() as db:
        page = lms_courses.list_lms_courses(db, current().viewer, search=words, number=number)
        return render_template("staff/lms_courses.html", page=page, words=words)


@blueprint.get("/staff/lms-courses/<lms_course_id>")
@audience(*ADMINISTERS)
def show_lms_course(lms_course_id: str) -> str:
    """Show a course of an LMS, and let it mean one of ours."""
    return _lms_course(lms_course_id)


@blueprint.post("/staff/lms-courses/<lms_course_id>")
@audience(*ADMINISTERS)
def map_lms_course(lms_course_id: str) -> Response | tuple[str, int]:
    """Let a course of an LMS mean one of ours, or stand for itself again."""
    viewer, now, wanted = current().viewer, sidecar().now(), request.form.get("course", "").strip()
    refused = submit(
        lambda db: lms_courses.map_to(db, viewer, lms_course_id, wanted, now),
        lambda problem: _lms_course(lms_course_id, problem),
    )
    return refused or redirect(f"/staff/lms-courses/{lms_course_id}", 303)


def _lms_course(lms_course_id: str, problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        line = lms_courses.find_lms_course(db, viewer, lms_course_id)
        ours = [each.course for each in list_courses_of(db, viewer) if each.course.kind == OWN]
        return render_template("staff/lms_course.html", line=line, courses=ours, problem=problem)
