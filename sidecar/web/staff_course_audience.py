"""Let the RKK say who is expected to take a course, and show how many that is."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import course_audiences
from sidecar.core.course_audiences import WORD_CHARACTERS, Audience
from sidecar.core.municipalities import list_municipalities
from sidecar.core.regions import list_regions
from sidecar.core.staff_courses import find_course_of
from sidecar.errors import NotFoundError, SidecarError
from sidecar.web.access import audience, current, sidecar
from sidecar.web.days import read_day
from sidecar.web.forms import submit
from sidecar.web.rendering import gettext as _
from sidecar.web.staff_menu import ADMINISTERS

EVERYWHERE = "everywhere"

blueprint = Blueprint("staff_course_audience", __name__)


@blueprint.get("/staff/courses/<key>/audience")
@audience(*ADMINISTERS)
def show(key: str) -> str:
    """Show who is expected to take a course, how many that is today, and the form that adds to them."""
    return _page(key, {})


@blueprint.post("/staff/courses/<key>/audience")
@audience(*ADMINISTERS)
def add(key: str) -> Response | tuple[str, int]:
    """Expect somebody to take a course."""
    viewer, now, form = current().viewer, sidecar().now(), request.form
    refused = submit(
        lambda db: course_audiences.add(db, viewer, key, _read(form), now), lambda problem: _page(key, form, problem)
    )
    return refused or redirect(f"/staff/courses/{key}/audience?done=added", 303)


@blueprint.post("/staff/courses/<key>/audience/<audience_id>/end")
@audience(*ADMINISTERS)
def end(key: str, audience_id: str) -> Response | tuple[str, int]:
    """Let one hold for a last day."""
    viewer, now, form = current().viewer, sidecar().now(), request.form

    def act(db: Session) -> None:
        day = read_day(form.get("last_day", "")) or sidecar().today()
        course_audiences.end(db, viewer, key, audience_id, day, now)

    refused = submit(act, lambda problem: _page(key, {}, problem))
    return refused or redirect(f"/staff/courses/{key}/audience?done=ended", 303)


@blueprint.post("/staff/courses/<key>/audience/<audience_id>/remove")
@audience(*ADMINISTERS)
def remove(key: str, audience_id: str) -> Response:
    """Forget one that was entered by mistake."""
    with sidecar().transaction() as db:
        course_audiences.remove(db, current().viewer, key, audience_id, sidecar().now())
    return redirect(f"/staff/courses/{key}/audience?done=removed", 303)


def _page(key: str, typed: Mapping[str, str], problem: SidecarError | None = None) -> str:
    viewer, today = current().viewer, sidecar().today()
    with sidecar().reading() as db:
        course = find_course_of(db, viewer, key)
        lines = course_audiences.list_audiences(db, viewer, key)
        total, counts = course_audiences.count_named(db, viewer, key, today)
        places = _list_places(db)
    return render_template(
        "staff/course_audience.html",
        course=course,
        lines=lines,
        total=total,
        counts=counts,
        places=places,
        today=today,
        typed=typed,
        problem=problem,
        most_characters=WORD_CHARACTERS,
    )


def _list_places(db: Session) -> list[tuple[str, str]]:
    """Return the places for which the visitor decides: what the form sends, and its name."""
    viewer = current().viewer
    regions = [one for one in list_regions(db) if viewer.everything or one.id in viewer.regions]
    own = [one for one in list_municipalities(db) if viewer.everything or one.id in viewer.rkk_for]
    places = [(f"region:{one.slug}", _("All of %(region)s") % {"region": one.name}) for one in regions]
    places += [(f"municipality:{one.slug}", one.name) for one in own]
    return [*places, (EVERYWHERE, _("All municipalities of this installation"))] if viewer.everything else places


def _read(form: Mapping[str, str]) -> Audience:
    kind, _colon, name = form.get("place", "").partition(":")
    if kind not in ("municipality", "region", EVERYWHERE) or bool(name) == (kind == EVERYWHERE):
        raise NotFoundError(what="municipality", key=name)
    return Audience(
        starts_on=read_day(form.get("starts_on", "")) or sidecar().today(),
        ends_on=read_day(form.get("ends_on", "")),
        municipality=name if kind == "municipality" else "",
        region=name if kind == "region" else "",
        unit=form.get("unit", ""),
        word=form.get("word", ""),
    )
