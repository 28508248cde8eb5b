"""Show what comes in by itself, how it went, what it would change, and let the RKK run, change and decide."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core.checklists import find_visible
from sidecar.core.lms_evidence import list_missing
from sidecar.core.people_sources import COMPLETIONS
from sidecar.core.platform_choices import municipalities_to_choose
from sidecar.core.quarantine import NothingRejectedError, is_turned_down, list_changes
from sidecar.core.sources import (
    find_held_run,
    find_source,
    find_source_to_keep,
    list_free_connections,
    list_runs,
    list_sources,
    may_keep,
)
from sidecar.errors import NotFoundError, SidecarError
from sidecar.sync import sources
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.source_words import STATE_COLOURS, counts_in_words, meaning_name, remark_in_words, state_name
from sidecar.web.staff_menu import ADMINISTERS, SEES_REPORTS

MOST_PAGES = 100_000
WORDS = {
    "state_name": state_name,
    "state_colours": STATE_COLOURS,
    "in_words": counts_in_words,
    "remark": remark_in_words,
    "meaning_name": meaning_name,
}
"""What the templates say things by."""

blueprint = Blueprint("staff_sources", __name__)


class SourceFormError(SidecarError):
    """Nothing was changed. Choose a connection or a municipality; at least 15 minutes, or 0; 0 to 100 percent."""

    code = "source-form"


@blueprint.get("/staff/sources")
@audience(*SEES_REPORTS)
def show_all() -> str:
    """List the sources, of one municipality where the address names it, with how the last run of each went."""
    viewer, slug = current().viewer, request.args.get("municipality", "")
    with sidecar().reading() as db:
        chosen = find_visible(db, viewer, slug) if slug else None
        lines = list_sources(db, viewer, chosen.id if chosen else None)
        return render_template("staff/sources.html", lines=lines, chosen=chosen, **WORDS)


@blueprint.get("/staff/sources/new")
@audience(*ADMINISTERS)
def ask_for_new() -> str:
    """Show the form that adds a source, for the municipality that the address names."""
    return _new()


@blueprint.post("/staff/sources/new")
@audience(*ADMINISTERS)
def add() -> Response | tuple[str, int]:
    """Add a source over a connection, or one that files are uploaded for."""
    try:
        source_id = _add()
    except NotFoundError:
        raise
    except SidecarError as problem:
        return _new(problem), 400
    return redirect(f"/staff/sources/{source_id}", 303)


def _add() -> str:
    form, viewer = request.form, current().viewer
    if form.get("connection"):
        return sources.add_source(sidecar(), viewer, form["connection"]).id
    if not form.get("municipality"):
        raise SourceFormError
    return sources.add_upload(sidecar(), viewer, form["municipality"]).id


def _new(problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        owners = {one.id: one.name for one in municipalities_to_choose(db, viewer)}
        free = [one for one in list_free_connections(db, viewer) if sources.can_tell(one[0].connector)]
        chosen = request.values.get("municipality", "")
        told = {"connections": free, "owners": owners, "chosen": chosen}
        return render_template("staff/source_new.html", problem=problem, **told)


@blueprint.get("/staff/sources/<source_id>")
@audience(*SEES_REPORTS)
def show(source_id: str) -> str:
    """Show a source with its last runs, and how far one under way has come."""
    return _page(source_id)


def _page(source_id: str, problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        line = find_source(db, viewer, source_id)
        return render_template(
            "staff/source.html",
            line=line,
            runs=list_runs(db, source_id),
            held=find_held_run(db, source_id),
            is_turned_down=is_turned_down(line.source),
            may_keep=may_keep(viewer, line),
            takes_files=sources.takes_uploads(line.connection.connector),
            has_pace=sources.has_pace(line.connection.connector),
            has_columns=sources.has_columns(line.connection.connector),
            problem=problem,
            **WORDS,
        )


@blueprint.post("/staff/sources/<source_id>/run")
@audience(*ADMINISTERS)
def run(source_id: str) -> Response:
    """Run a source now."""
    sources.run_now(sidecar(), current().viewer, source_id, full="full" in request.form)
    return redirect(f"/staff/sources/{source_id}", 303)


@blueprint.post("/staff/sources/<source_id>/pause")
@audience(*ADMINISTERS)
def pause(source_id: str) -> Response:
    """Let a source run by hand only."""
    sources.pause(sidecar(), current().viewer, source_id)
    return redirect(f"/staff/sources/{source_id}", 303)


@blueprint.post("/staff/sources/<source_id>/resume")
@audience(*ADMINISTERS)
def resume(source_id: str) -> Response:
    """Let a source run by itself again."""
    sources.resume(sidecar(), current().viewer, source_id)
    return redirect(f"/staff/sources/{source_id}", 303)


@blueprint.post("/staff/sources/<source_id>/configure")
@audience(*ADMINISTERS)
def configure(source_id: str) -> Response | tuple[str, int]:
    """Change how often a source runs, and from which share on somebody is asked."""
    form = request.form
    every, percent = form.get("every", type=int), form.get("quarantine", type=int)
    if percent is None or (every is None and form.get("every")):
        return _page(source_id, SourceFormError()), 400
    try:
        sources.configure(sidecar(), current().viewer, source_id, interval_minutes=every, quarantine_percent=percent)
    except (sources.PaceError, sources.TellsByItselfError) as problem:
        return _page(source_id, problem), 400
    return redirect(f"/staff/sources/{source_id}", 303)


@blueprint.get("/staff/sources/<source_id>/remove")
@audience(*ADMINISTERS)
def ask_to_remove(source_id: str) -> str:
    """Ask whether a source shall be removed."""
    with sidecar().reading() as db:
        line = find_source_to_keep(db, current().viewer, source_id)
        return render_template("staff/source_remove.html", line=line)


@blueprint.post("/staff/sources/<source_id>/remove")
@audience(*ADMINISTERS)
def remove(source_id: str) -> Response:
    """Take a source out of use."""
    sources.remove(sidecar(), current().viewer, source_id)
    return redirect("/staff/sources", 303)


@blueprint.get("/staff/sources/<source_id>/changes")
@audience(*SEES_REPORTS)
def show_changes(source_id: str) -> str | Response:
    """List what a run in quarantine would do to whom, of the people the viewer may see; of completions, by course."""
    viewer = current().viewer
    number = max(1, min(request.args.get("page", 1, type=int), MOST_PAGES))
    with sidecar().reading() as db:
        line = find_source(db, viewer, source_id)
        held = find_held_run(db, source_id)
        if held is None:
            return redirect(f"/staff/sources/{source_id}", 303)
        if line.source.kind == COMPLETIONS:
            missing = list_missing(db, source_id, held.id, number=number)
            told = {"line": line, "held": held, "page": missing, "may_keep": may_keep(viewer, line)}
            return render_template("staff/source_withdrawals.html", **told, **WORDS)
        found = list_changes(db, viewer, held.id, number=number)
        page = render_template(
            "staff/source_changes.html", line=line, held=held, page=found, may_keep=may_keep(viewer, line), **WORDS
        )
    looks.note("source-changes", line.source.municipality_id or "", [one.person_id for one in found.lines])
    return page


@blueprint.post("/staff/sources/<source_id>/runs/<run_id>/approve")
@audience(*ADMINISTERS)
def approve(source_id: str, run_id: str) -> Response:
    """Let what a run would change be taken in."""
    sources.decide(sidecar(), current().viewer, run_id, is_approved=True)
    return redirect(f"/staff/sources/{source_id}", 303)


@blueprint.post("/staff/sources/<source_id>/reconsider")
@audience(*ADMINISTERS)
def reconsider(source_id: str) -> Response | tuple[str, int]:
    """Take back that what a source tells was rejected."""
    try:
        sources.reconsider(sidecar(), current().viewer, source_id)
    except (NothingRejectedError, sources.DecideFirstError) as problem:
        return _page(source_id, problem), 400
    return redirect(f"/staff/sources/{source_id}", 303)


@blueprint.post("/staff/sources/<source_id>/runs/<run_id>/reject")
@audience(*ADMINISTERS)
def reject(source_id: str, run_id: str) -> Response:
    """Turn down what a run would change."""
    sources.decide(sidecar(), current().viewer, run_id, is_approved=False)
    return redirect(f"/staff/sources/{source_id}", 303)
