"""Say why somebody can, or can't, see something."""

from __future__ import annotations

from datetime import date

import click
from sqlalchemy.orm import Session

from sidecar.cli.output import json_option, show_one, with_sidecar
from sidecar.core import access_log
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.identity_lists import IdentityLine, find_identity, find_subject
from sidecar.core.sight import explain, find_seen, find_sought
from sidecar.core.sight_of_completions import explain_completions
from sidecar.core.sight_reasons import Answer, Reason
from sidecar.language import say_template
from sidecar.runtime import Sidecar


@click.command()
@click.option("--identity", "identity_id", help="Id of who it is about, as `sidecar staff list` shows it.")
@click.option("--platform", help="Name of the LMS they sign in from; with --subject.")
@click.option("--subject", help="Their id in that LMS.")
@click.option("--municipality", help="May they see the people of this one? Organisation number or slug.")
@click.option("--person", help="May they see this employee? An id, or MUNICIPALITY/EMPLOYEE-NUMBER.")
@click.option("--course", help="May they see and change this course? Its key.")
@click.option("--report", help="May they see the reports of this municipality, or this delivery? Key or id.")
@click.option("--counts-at", help="Does what they completed count at this municipality? With --course, that one alone.")
@json_option
@with_sidecar
def why(
    sidecar: Sidecar,
    identity_id: str | None,
    platform: str | None,
    subject: str | None,
    municipality: str | None,
    person: str | None,
    course: str | None,
    report: str | None,
    counts_at: str | None,
    as_json: bool,
) -> None:
    """Say why somebody can, or can't, see something, and what to do about it."""
    asked = {
        name: value
        for name, value in (
            ("municipality", municipality),
            ("employee", person),
            ("course", course),
            ("reports_of", report),
        )
        if value
    }
    if not counts_at and len(asked) != 1:
        raise click.UsageError("Ask about one: --municipality, --person, --course, --report, or --counts-at.")
    with sidecar.reading() as db:
        who = _find(db, operator_at_the_console(), identity_id, platform, subject)
        answer = _answer(sidecar, db, who, asked, counts_at)
    with sidecar.transaction() as db:
        seen = [] if who.is_erased else [who.seen_as]
        access_log.record(db, operator_at_the_console(), "why", seen, municipality_id="", now=sidecar.now())
    _show(as_json, who, answer)


def _find(
    db: Session, viewer: Viewer, identity_id: str | None, platform: str | None, subject: str | None
) -> IdentityLine:
    if identity_id:
        return find_identity(db, viewer, identity_id)
    if platform and subject:
        return find_subject(db, viewer, platform, subject)
    raise click.UsageError("Say who: --identity ID, or --platform NAME --subject SUB.")


def _answer(sidecar: Sidecar, db: Session, who: IdentityLine, asked: dict[str, str], counts_at: str | None) -> Answer:
    viewer, today = operator_at_the_console(), sidecar.today()
    if counts_at:
        course = find_sought(db, viewer, course=asked["course"]).course if "course" in asked else None
        return explain_completions(db, who, find_seen(db, viewer, counts_at), course, today=today)
    return explain(db, viewer, who, find_sought(db, viewer, **asked), now=sidecar.now(), today=today)


def _show(as_json: bool, who: IdentityLine, answer: Answer) -> None:
    if as_json:
        reasons: list[object] = [
            {"code": one.code, "does": one.kind, "facts": dict(one.facts), "text": _say(one)} for one in answer.reasons
        ]
    else:
        reasons = [_say(one) for one in answer.reasons]
    show_one(as_json, {"who": who.name or None, "identity": who.identity.id, "answer": answer.verdict, "why": reasons})


def _say(reason: Reason) -> str:
    facts = {name: value.isoformat() if isinstance(value, date) else value for name, value in reason.facts.items()}
    return say_template(reason.template, facts, "en")
