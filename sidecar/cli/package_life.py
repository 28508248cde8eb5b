"""Publish and retire courses; each step first tells what it affects."""

from __future__ import annotations

from datetime import date, datetime

import click

from sidecar.cli.output import json_option, show_line, with_sidecar
from sidecar.core import course_life
from sidecar.core.access import operator_at_the_console
from sidecar.core.course_life import CHECKLIST, Publishing
from sidecar.core.courses import find_version
from sidecar.core.staff_courses import find_course_of
from sidecar.runtime import Sidecar

yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
start_over_option = click.option(
    "--start-over", is_flag=True, help="Who is under way in another version begins anew in this one."
)


@click.command()
@click.argument("key")
@click.argument("number", type=click.IntRange(min=1))
@click.option(
    "--review-by",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day by which it is to be looked at again; a year from now if none was ever said.",
)
@start_over_option
@yes_option
@json_option
@with_sidecar
def publish(
    sidecar: Sidecar, key: str, number: int, review_by: datetime | None, start_over: bool, yes: bool, as_json: bool
) -> None:
    """Let everybody who begins the course KEY from now on get its version NUMBER.

    You answer for its content: that accessibility, language, sources, pictures and the quiz have been looked at.
    """
    day: date | None = review_by.date() if review_by else None
    how = Publishing(ticked=CHECKLIST, starts_over=start_over, review_by=day)
    _ask(sidecar, key, number, start_over, yes)
    with sidecar.transaction() as db:
        restarted = course_life.publish(db, operator_at_the_console(), key, number, sidecar.now(), how)
    _tell(as_json, key, number, restarted)


@click.command()
@click.argument("key")
@click.argument("number", type=click.IntRange(min=1), required=False)
@start_over_option
@yes_option
@json_option
@with_sidecar
def rollback(sidecar: Sidecar, key: str, number: int | None, start_over: bool, yes: bool, as_json: bool) -> None:
    """Publish an earlier version of the course KEY again: version NUMBER, or the one that learners got before."""
    with sidecar.reading() as db:
        course = find_course_of(db, operator_at_the_console(), key)
        number = number or course_life.number_before(db, course)
    _ask(sidecar, key, number, start_over, yes)
    with sidecar.transaction() as db:
        restarted = course_life.go_back(
            db, operator_at_the_console(), key, number, sidecar.now(), starts_over=start_over
        )
    _tell(as_json, key, number, restarted)


@click.command()
@click.argument("key")
@click.option("--undo", is_flag=True, help="Let it be begun again.")
@yes_option
@json_option
@with_sidecar
def retire(sidecar: Sidecar, key: str, undo: bool, yes: bool, as_json: bool) -> None:
    """Let nobody begin the course KEY any more; who is in the middle of it may finish."""
    who = operator_at_the_console()
    if not undo and not yes:
        with sidecar.reading() as db:
            effect = course_life.effect_of(db, find_course_of(db, who, key))
        click.confirm(
            f"Retire {key}? Learners in the middle of it, who may finish: {effect.under_way}. "
            f"Activities of LMSs that have opened it: {effect.activities}.",
            abort=True,
            err=True,
        )
    with sidecar.transaction() as db:
        step = course_life.bring_back if undo else course_life.retire
        retired_at = step(db, who, key, sidecar.now()).retired_at
    facts = {"course": key, "retired_at": retired_at}
    show_line(as_json, facts, f"Brought {key} back." if undo else f"Retired {key}.")


def _ask(sidecar: Sidecar, key: str, number: int, start_over: bool, yes: bool) -> None:
    if yes:
        return
    with sidecar.reading() as db:
        course = find_course_of(db, operator_at_the_console(), key)
        effect = course_life.effect_of(db, course, find_version(db, course, number).id)
    then = "they start over" if start_over else "they finish the one they began"
    click.confirm(
        f"Publish version {number} of {key}? Learners in the middle of another version: {effect.elsewhere}; {then}.",
        abort=True,
        err=True,
    )


def _tell(as_json: bool, key: str, number: int, restarted: int) -> None:
    facts = {"course": key, "version": number, "starting_over": restarted}
    over = f" Learners who start over: {restarted}." if restarted else ""
    show_line(as_json, facts, f"Version {number} of {key} is what learners get from now on.{over}")
