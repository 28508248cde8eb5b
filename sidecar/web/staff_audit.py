"""Show the audit trail: who did what when; filtered, page by page, and as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request

from sidecar.core import access_log, audit
from sidecar.core.audit_actions import ACTIONS, ACTORS, FACTS, text_of
from sidecar.core.audit_export import write_trail
from sidecar.core.audit_lists import COMMAND_LINE, CONTACT, LMS, Line, Wanted, list_actors, list_entries
from sidecar.core.audit_subjects import names_of
from sidecar.core.retention import AUDIT_KEPT
from sidecar.errors import SidecarError
from sidecar.language import translator
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.days import DayUnreadableError, read_day
from sidecar.web.my_data import role_name, send_pieces
from sidecar.web.rendering import translated
from sidecar.web.staff_menu import ADMINISTERS

CSV_TYPE: Final = "text/csv; charset=utf-8"
CHARACTERS: Final = 64

blueprint = Blueprint("staff_audit", __name__)


@blueprint.get("/staff/audit")
@audience(*ADMINISTERS)
def show() -> str | tuple[str, int]:
    """List what was done, the newest first."""
    try:
        return _page(_read(request.args))
    except DayUnreadableError as error:
        return _page(Wanted(), error), 400


@blueprint.post("/staff/audit/export")
@audience(*ADMINISTERS)
def export() -> Response:
    """Send what the filter shows as CSV; that it was exported stands in the trail from then on."""
    here, viewer, wanted = sidecar(), current().viewer, _read(request.form)
    seen: set[str] = set()
    response = send_pieces(_trail(wanted, seen), "audit-trail.csv", CSV_TYPE)
    with here.transaction() as db:
        access_log.record(db, viewer, "audit", seen - _own(), municipality_id="", now=here.now())
        audit.record(db, "audit.exported", "audit", at=here.now(), identity_id=viewer.identity_id, **wanted.facts())
    return response


def _trail(wanted: Wanted, seen: set[str]) -> Iterator[str]:
    with sidecar().reading() as db:
        yield from write_trail(db, current().viewer, wanted, translator(current().language), seen)


def _read(form: Mapping[str, str]) -> Wanted:
    """Read the filter.

    Raises:
        DayUnreadableError: a day of the period is none.
    """
    return Wanted(
        since=read_day(form.get("since", "")),
        until=read_day(form.get("until", "")),
        actor=form.get("actor", "")[:CHARACTERS],
        action=form.get("action", "")[:CHARACTERS],
        subject=form.get("subject", "")[:CHARACTERS],
    )


def _told(wanted: Wanted) -> dict[str, str]:
    """Return the filter as form fields, without what is empty."""
    return {name: str(value) for name, value in vars(wanted).items() if value}


def _page(wanted: Wanted, problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        page = list_entries(db, viewer, wanted, cursor=request.args.get("before", ""))
        text = render_template(
            "staff/audit.html",
            page=page,
            wanted=wanted,
            told=_told(wanted),
            actors=list_actors(db, viewer),
            about=names_of(db, viewer, [wanted.subject]).get(wanted.subject),
            others=(COMMAND_LINE, LMS, CONTACT),
            older=_address(wanted, before=page.older),
            newest=_address(wanted),
            about_all=lambda line: _address(Wanted(subject=line.entry.subject)),
            actions=sorted(((name, translated(text)) for name, text in ACTIONS.items()), key=lambda each: each[1]),
            action_text=lambda name: translated(text_of(name)),
            actor_text=lambda actor: translated(ACTORS[actor]),
            fact_lines=_fact_lines,
            seen=viewer,
            kept_years=AUDIT_KEPT.days // 365,
            problem=problem,
        )
    looks.note("audit", "", {each for line in page.lines for each in line.seen_as} - _own())
    return text


def _own() -> set[str]:
    """Return the ids under which who is signed in stands in the access log."""
    own = current().identity
    return {own.id, own.person_id or ""} if own else set()


def _address(wanted: Wanted, **more: str) -> str:
    said = _told(wanted) | {name: value for name, value in more.items() if value}
    return "/staff/audit" + (f"?{urlencode(said)}" if said else "")


def _fact_lines(line: Line) -> list[tuple[str, str]]:
    """Return the facts with their names, as people say them."""
    return [
        (translated(FACTS.get(name, name)), role_name(str(value)) if name == "role" else str(value))
        for name, value in line.facts.items()
    ]
