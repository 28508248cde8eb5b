"""Say how long courses are valid, and which of ours the courses of LMSs are."""

from __future__ import annotations

import click

from sidecar.cli.course_audience import course_audience
from sidecar.cli.output import json_option, show, show_line, show_one, with_sidecar
from sidecar.core import course_rules, lms_courses
from sidecar.core.access import operator_at_the_console
from sidecar.core.course_rules import CourseRule
from sidecar.core.staff_courses import find_course_of
from sidecar.core.validity import Rule
from sidecar.runtime import Sidecar

COLUMNS = ("id", "lms", "key", "title", "means", "told")
SHARING = {"yes": True, "no": False, "default": None}


@click.group()
def course() -> None:
    """Say how long courses are valid, and what the courses of LMSs mean."""


course.add_command(course_audience)


@course.command("validity")
@click.argument("key")
@click.option("--months", type=int, help="How many months a completion is valid, or each calendar window lasts.")
@click.option("--window", metavar="MM-DD", help="The day on which each calendar window begins; needs --months.")
@click.option("--none", "is_for_good", is_flag=True, help="A completion is valid for good.")
@click.option("--renewal-days", type=int, help="From how many days before the end a renewal counts.")
@click.option("--transferable", type=click.Choice(list(SHARING)), help="Whether it counts at a later employer.")
@click.option("--apply", "applies", is_flag=True, help="Let it hold for completions that are valid now, too.")
@json_option
@with_sidecar
def validity(
    sidecar: Sidecar,
    key: str,
    months: int | None,
    window: str | None,
    is_for_good: bool,
    renewal_days: int | None,
    transferable: str | None,
    applies: bool,
    as_json: bool,
) -> None:
    """Show, or with options change, how long the course KEY is valid and whether it counts at a later employer."""
    if is_for_good and (months is not None or window is not None):
        raise click.UsageError("--none goes with neither --months nor --window.")
    viewer = operator_at_the_console()
    with sidecar.transaction() as db:
        held = course_rules.rule_of(find_course_of(db, viewer, key))
        rule = (
            Rule(months, window, held.rule.renewal_days) if months is not None or window or is_for_good else held.rule
        )
        if renewal_days is not None:
            rule = Rule(rule.months, rule.window_from, renewal_days)
        sharing = held.is_transferable if transferable is None else SHARING[transferable]
        wanted = CourseRule(rule, sharing)
        if wanted != held or applies:
            course_rules.change(db, viewer, key, wanted, sidecar.now(), apply=applies)
        found = find_course_of(db, viewer, key)
        by_default = course_rules.is_transferable_by_default(db, found.id)
    told = {"course": key, "months": rule.months, "window": rule.window_from, "renewal_days": rule.renewal_days}
    transfers = by_default if sharing is None else sharing
    show_one(as_json, told | {"transferable": transfers, "by_default": sharing is None, "applied": applies})


@course.command("of-lms")
@click.option("--search", default="", help="A part of the title, or the LMS's own key.")
@click.option("--page", type=click.IntRange(min=1), default=1, show_default=True, help="Page of the list.")
@json_option
@with_sidecar
def list_page(sidecar: Sidecar, search: str, page: int, as_json: bool) -> None:
    """List the courses that LMSs tell completions of, a hundred a page."""
    with sidecar.reading() as db:
        found = lms_courses.list_lms_courses(db, operator_at_the_console(), search=search, number=page)
        rows = [
            [each.id, line.where, each.key, each.title, line.course.key if line.is_mapped else None, line.told]
            for line in found.lines
            for each in [line.lms_course]
        ]
    show(as_json, COLUMNS, rows)


@course.command("map")
@click.argument("lms_course_id", metavar="ID")
@click.option("--to", "key", default="", help="The key of a course of ours; without it, it stands for itself again.")
@json_option
@with_sidecar
def map_to(sidecar: Sidecar, lms_course_id: str, key: str, as_json: bool) -> None:
    """Let a course of an LMS (its ID as `course of-lms` tells) mean one of ours; a job moves what was completed."""
    with sidecar.transaction() as db:
        lms_courses.map_to(db, operator_at_the_console(), lms_course_id, key, sidecar.now())
    text = f"It means {key} now." if key else "It stands for itself now."
    show_line(as_json, {"id": lms_course_id, "course": key or None}, f"{text} What was completed moves along.")
