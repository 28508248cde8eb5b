"""List the reports that are defined; make, preview, change, retire them, and bring them back."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import report_runs
from sidecar.core.courses import Course
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import Period
from sidecar.core.platform_choices import regions_to_choose
from sidecar.core.report_definitions import (
    Line,
    find_line,
    list_lines,
    list_versions,
    looked_after,
)
from sidecar.core.report_schedules import next_times
from sidecar.core.report_specs import BASIC, Defined, Spec, read_spec
from sidecar.core.staff_courses import looks_after
from sidecar.errors import NotAllowedError, NotFoundError, SidecarError
from sidecar.reports import defining, previewing
from sidecar.reports.formats.cell_texts import plain_texts
from sidecar.web import looks, report_form, report_words
from sidecar.web.access import audience, current, sidecar
from sidecar.web.course_words import shown_title
from sidecar.web.rendering import gettext as _
from sidecar.web.staff_menu import ADMINISTERS

NEXT_RUNS = 3

blueprint = Blueprint("staff_report_definitions", __name__)


@blueprint.get("/staff/reports")
@audience(*ADMINISTERS)
def show_all() -> str:
    """List the reports, with when each ran last and will run next."""
    viewer = current().viewer
    with sidecar().reading() as db:
        lines = list_lines(db, viewer)
        runs = report_runs.last_runs(db, viewer)
        coming = {one.definition.id: _next(one, 1) for one in lines}
        return render_template(
            "staff/report_definitions.html", lines=lines, runs=runs, coming=coming, words=report_words
        )


def _next(line: Line, count: int) -> list[Any]:
    if line.definition.retired_at:
        return []
    return next_times(line.defined.spec.schedule, sidecar().now(), count)


@blueprint.get("/staff/reports/<definition_id>")
@audience(*ADMINISTERS)
def show(definition_id: str) -> str:
    """Show a report: what it asks for, its coming and last runs, and what changed from version to version."""
    viewer = current().viewer
    with sidecar().reading() as db:
        line = find_line(db, viewer, definition_id)
        names = _names(db)
        return render_template(
            "staff/report_definition.html",
            line=line,
            asked=report_words.spec_in_words(line.defined.spec, names),
            coming=_next(line, NEXT_RUNS),
            runs=report_runs.list_runs(db, viewer, definition_id),
            versions=_versions(db, definition_id, names),
            words=report_words,
        )


def _versions(db: Session, definition_id: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the versions, the newest first, each with what it changed of the one before: label, before, after."""
    found = list_versions(db, definition_id)
    said = [[(_("Name"), one.title), *report_words.spec_in_words(read_spec(one.spec), names)] for one in found]
    changes = [
        [(label, before, after) for (label, after), (_label, before) in zip(new, old, strict=True) if before != after]
        for new, old in pairwise(said)
    ]
    return [
        {"number": one.number, "made_at": one.made_at, "changes": changed}
        for one, changed in zip(found, [*changes, []], strict=True)
    ]


def _names(db: Session) -> dict[str, str]:
    owners = db.execute(select(Municipality.slug, Municipality.name)).all()
    titles = db.execute(select(Course.key, Course.title, Course.kind))
    return {key: shown_title(title, kind) for key, title, kind in titles} | {row[0]: row[1] for row in owners}


@blueprint.get("/staff/reports/new")
@audience(*ADMINISTERS)
def ask_for_new() -> str:
    """Show the empty form of a report."""
    return _editor(report_form.of_spec("", Spec()))


@blueprint.post("/staff/reports/new")
@audience(*ADMINISTERS)
def define() -> Response | tuple[str, int] | str:
    """Preview a new report, or save it."""
    return _preview_or_save(None)


@blueprint.get("/staff/reports/<definition_id>/edit")
@audience(*ADMINISTERS)
def ask_for_change(definition_id: str) -> str:
    """Show the form of a report as it is now."""
    with sidecar().reading() as db:
        defined = _to_change(db, definition_id)
    return _editor(report_form.of_spec(defined.title, defined.spec), defined)


@blueprint.post("/staff/reports/<definition_id>/edit")
@audience(*ADMINISTERS)
def change(definition_id: str) -> Response | tuple[str, int] | str:
    """Preview the changes of a report, or save them as its next version."""
    with sidecar().reading() as db:
        defined = _to_change(db, definition_id)
    return _preview_or_save(defined)


def _to_change(db: Session, definition_id: str) -> Defined:
    line = find_line(db, current().viewer, definition_id)
    if not line.may_change:
        raise NotAllowedError
    return line.defined


def _preview_or_save(defined: Defined | None) -> Response | tuple[str, int] | str:
    typed, form = report_form.of_form(request.form), request.form
    try:
        spec = report_form.spec_of(typed)
        if form.get("act") == "save":
            return redirect(f"/staff/reports/{_save(defined, typed.title, spec)}", 303)
        told, shown, seen = _look(defined, typed.title, spec)
    except (NotFoundError, NotAllowedError):
        raise
    except SidecarError as problem:
        return _editor(typed, defined, problem=problem), 400
    page = _editor(typed, defined, **told)
    if shown is not None:
        looks.note("report-preview", shown.id, seen)
    return page


def _save(defined: Defined | None, title: str, spec: Spec) -> str:
    here, viewer = sidecar(), current().viewer
    if defined is None:
        return defining.define(here, viewer, title, spec, request.form.get("region") or None).id
    based_on = request.form.get("based_on", type=int) or 0
    return defining.change(here, viewer, defined.id, title, spec, based_on=based_on).id


def _look(
    defined: Defined | None, title: str, spec: Spec
) -> tuple[dict[str, Any], Municipality | None, tuple[str, ...]]:
    """Return what the preview shows, and of whom."""
    here, viewer = sidecar(), current().viewer
    with here.reading() as db:
        region_id = _owner(db, defined)
        defining.check(db, title, spec, region_id, here, definition_id=defined.id if defined else "")
        told: dict[str, Any] = {"coming": next_times(spec.schedule, here.now(), NEXT_RUNS), "is_previewed": True}
        try:
            defining.refuse_nobody(db, spec, region_id, here)
        except defining.NobodyInItError as warning:
            told["warning"] = warning
        draft = Defined(defined.id if defined else "", title, 0, spec)
        offered = previewing.to_look_at(db, here, viewer, draft)
        chosen = request.form.get("look_at", "")
        owner = next((one for one in offered if one.slug == chosen), offered[0] if offered else None)
        if owner is None:
            return told, None, ()
        period = previewing.next_period(db, here, draft, owner.id)
        db.expunge_all()
    found = previewing.preview(here, viewer, owner, draft, period)
    texts = plain_texts(found.document.columns, found.document.language)
    rows = [[say(cell) for say, cell in zip(texts, one.cells, strict=True)] for one in found.lines]
    told |= {"found": found, "owner": owner, "rows": rows}
    return told, owner, tuple(found.person_ids)


def _owner(db: Session, defined: Defined | None) -> str | None:
    if defined is not None:
        return _region_of(db, defined.id)
    chosen = request.form.get("region") or None
    return defining.owner_of(db, current().viewer, chosen)


def _region_of(db: Session, definition_id: str) -> str | None:
    return find_line(db, current().viewer, definition_id).definition.region_id


def _editor(typed: report_form.Typed, defined: Defined | None = None, **told: Any) -> str:  # noqa: ANN401
    viewer, today = current().viewer, sidecar().today()
    with sidecar().reading() as db:
        region_id = _region_of(db, defined.id) if defined else min(viewer.regions, default=None)
        region_id = region_id if defined or not viewer.everything else None
        theirs = select(Course.key, Course.title, Course.kind).where(looks_after(viewer)).order_by(Course.title)
        return render_template(
            "staff/report_editor.html",
            typed=typed,
            defined=defined,
            owners=[(one.slug, one.name) for one in looked_after(db, region_id, Period(today, today))],
            courses=[(key, shown_title(title, kind)) for key, title, kind in db.execute(theirs)],
            regions=[("", "–"), *((one.id, one.name) for one in regions_to_choose(db, viewer))],
            channels=defining.channel_names(),
            chosen_region=request.form.get("region", ""),
            typed_from=request.form.get("based_on", ""),
            needs_title=defined is None or defined.id != BASIC.id,
            words=report_words,
            **told,
        )


@blueprint.get("/staff/reports/<definition_id>/retire")
@audience(*ADMINISTERS)
def ask_to_retire(definition_id: str) -> str:
    """Ask whether a report shall be retired."""
    with sidecar().reading() as db:
        defined = _to_change(db, definition_id)
    return render_template("staff/report_retire.html", defined=defined, words=report_words)


@blueprint.post("/staff/reports/<definition_id>/retire")
@audience(*ADMINISTERS)
def retire(definition_id: str) -> Response:
    """Take a report out of use."""
    defining.retire(sidecar(), current().viewer, definition_id)
    return redirect(f"/staff/reports/{definition_id}", 303)


@blueprint.get("/staff/reports/<definition_id>/bring-back")
@audience(*ADMINISTERS)
def ask_to_bring_back(definition_id: str) -> str:
    """Ask whether a report shall come into use again."""
    with sidecar().reading() as db:
        defined = _to_change(db, definition_id)
    return render_template("staff/report_bring_back.html", defined=defined, words=report_words)


@blueprint.post("/staff/reports/<definition_id>/bring-back")
@audience(*ADMINISTERS)
def bring_back(definition_id: str) -> Response:
    """Take a report into use again."""
    defining.bring_back(sidecar(), current().viewer, definition_id)
    return redirect(f"/staff/reports/{definition_id}", 303)
