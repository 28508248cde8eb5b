"""Let who holds gatherings make, change and cancel them; everybody who sees people sees those that are for them."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import gathering_holding
from sidecar.core.access import Viewer
from sidecar.core.checklists import list_visible
from sidecar.core.gathering_holding import GatheringSeatsError, Meeting
from sidecar.core.gatherings import NOTE_CHARACTERS, Gathering, find_gathering, list_courses, list_gatherings
from sidecar.core.municipalities import find_municipality
from sidecar.core.regions import find_region, list_regions
from sidecar.errors import NotAllowedError, SidecarError
from sidecar.web.access import audience, current, sidecar
from sidecar.web.days import read_moment, write_moment
from sidecar.web.forms import submit
from sidecar.web.rendering import gettext as _
from sidecar.web.staff_menu import SEES_PEOPLE, SEES_REPORTS

HERE = "/staff/gatherings"
EVERYWHERE = "everywhere"
MOST_PAGES = 100_000

blueprint = Blueprint("staff_gatherings", __name__)


@blueprint.get(HERE)
@audience(*SEES_PEOPLE)
def show_all() -> str:
    """List the gatherings that the viewer's people may come to: to come, or past."""
    viewer, is_past = current().viewer, request.args.get("past") == "1"
    number = max(1, min(request.args.get("page", 1, type=int), MOST_PAGES))
    with sidecar().reading() as db:
        return render_template(
            "staff/gatherings.html",
            page=list_gatherings(db, viewer, sidecar().now(), is_past=is_past, number=number),
            is_past=is_past,
            may_make=viewer.is_one_of(*SEES_REPORTS),
            courses=list_courses(db, viewer),
        )


@blueprint.get(f"{HERE}/new")
@audience(*SEES_REPORTS)
def ask_for_new() -> str:
    """Show the form that makes a gathering, filled in from an earlier one where it is copied."""
    copied = request.args.get("copy", "")
    with sidecar().reading() as db:
        line = find_gathering(db, current().viewer, copied, sidecar().today()) if copied else None
        typed = _typed(line.gathering, line.course.key, _place_of(db, line.gathering)) if line else {}
    return _form(typed | {"starts": "", "ends": ""}, None)


@blueprint.post(f"{HERE}/new")
@audience(*SEES_REPORTS)
def add() -> Response | tuple[str, int]:
    """Make a gathering."""
    viewer, now, form = current().viewer, sidecar().now(), request.form
    made: list[str] = []

    def act(db: Session) -> None:
        place = _read_place(db, form.get("place_of", ""), viewer)
        made.append(gathering_holding.add_gathering(db, viewer, _read(form), now, **place).id)

    refused = submit(act, lambda problem: _form(form, problem))
    return refused or redirect(f"{HERE}/{made[0]}?done=made", 303)


@blueprint.get(f"{HERE}/<gathering_id>/change")
@audience(*SEES_REPORTS)
def ask_for_changes(gathering_id: str) -> str:
    """Show the form that changes a gathering."""
    with sidecar().reading() as db:
        line = find_gathering(db, current().viewer, gathering_id, sidecar().today())
        if not line.runs:
            raise NotAllowedError
        typed = _typed(line.gathering, line.course.key, "")
    return _form(typed, None, gathering_id)


@blueprint.post(f"{HERE}/<gathering_id>/change")
@audience(*SEES_REPORTS)
def change(gathering_id: str) -> Response | tuple[str, int]:
    """Change a gathering."""
    viewer, now, form = current().viewer, sidecar().now(), request.form
    refused = submit(
        lambda db: gathering_holding.change_gathering(db, viewer, gathering_id, _read(form), now),
        lambda problem: _form(form, problem, gathering_id),
    )
    return refused or redirect(f"{HERE}/{gathering_id}?done=changed", 303)


@blueprint.get(f"{HERE}/<gathering_id>/cancel")
@audience(*SEES_REPORTS)
def ask_to_cancel(gathering_id: str) -> str:
    """Ask whether a gathering shall be cancelled."""
    return _question(gathering_id)


@blueprint.post(f"{HERE}/<gathering_id>/cancel")
@audience(*SEES_REPORTS)
def cancel(gathering_id: str) -> Response | tuple[str, int]:
    """Cancel a gathering."""
    viewer, now = current().viewer, sidecar().now()
    refused = submit(
        lambda db: gathering_holding.cancel_gathering(db, viewer, gathering_id, now),
        lambda problem: _question(gathering_id, problem),
    )
    return refused or redirect(f"{HERE}/{gathering_id}?done=cancelled", 303)


def _form(typed: Mapping[str, str], problem: SidecarError | None, gathering_id: str = "") -> str:
    with sidecar().reading() as db:
        return render_template(
            "staff/gathering_form.html",
            typed=typed,
            problem=problem,
            gathering_id=gathering_id,
            courses=list_courses(db, current().viewer),
            places=_list_places(db),
            note_characters=NOTE_CHARACTERS,
        )


def _question(gathering_id: str, problem: SidecarError | None = None) -> str:
    with sidecar().reading() as db:
        line = find_gathering(db, current().viewer, gathering_id, sidecar().today())
        if not line.runs:
            raise NotAllowedError
        return render_template("staff/gathering_cancel.html", line=line, problem=problem)


def _typed(one: Gathering, course: str, place: str) -> dict[str, str]:
    """Return a gathering as the fields of the form have it."""
    return {
        "course": course,
        "place_of": place,
        "starts": write_moment(one.starts_at),
        "ends": write_moment(one.ends_at),
        "place": one.place or "",
        "meeting_url": one.meeting_url or "",
        "instructor": one.instructor or "",
        "seats": str(one.seats or ""),
        "note": one.note or "",
    }


def _read(form: Mapping[str, str]) -> Meeting:
    return Meeting(
        course=form.get("course", ""),
        starts_at=read_moment(form.get("starts", "")),
        ends_at=read_moment(form.get("ends", "")),
        place=form.get("place", ""),
        meeting_url=form.get("meeting_url", ""),
        instructor=form.get("instructor", ""),
        seats=_read_seats(form.get("seats", "").strip()),
        note=form.get("note", ""),
    )


def _read_seats(text: str) -> int | None:
    if text and not (text.isascii() and text.isdecimal() and len(text) < 6):
        raise GatheringSeatsError(most=gathering_holding.MOST_SEATS)
    return int(text) if text else None


def _list_places(db: Session) -> list[tuple[str, str]]:
    """Return for whom the visitor may hold gatherings: what the form sends, and its name."""
    viewer = current().viewer
    regions = [one for one in list_regions(db) if viewer.everything or one.id in viewer.regions]
    own = [one for one in list_visible(db, viewer) if viewer.sees_municipality(one.id)]
    places = [(f"region:{one.slug}", _("All of %(region)s") % {"region": one.name}) for one in regions]
    places += [(f"municipality:{one.slug}", one.name) for one in own]
    return [*places, (EVERYWHERE, _("All municipalities of this installation"))] if viewer.everything else places


def _place_of(db: Session, one: Gathering) -> str:
    regions = {each.id: f"region:{each.slug}" for each in list_regions(db)}
    own = {each.id: f"municipality:{each.slug}" for each in list_visible(db, current().viewer)}
    return regions.get(one.region_id or "") or own.get(one.municipality_id or "") or EVERYWHERE


def _read_place(db: Session, said: str, viewer: Viewer) -> dict[str, str]:
    """Return whose a gathering shall be, as `add_gathering` takes it."""
    kind, _colon, name = said.partition(":")
    if kind == "region":
        return {"region_id": find_region(db, name).id}
    if kind == "municipality":
        return {"municipality_id": find_municipality(db, name).id}
    if kind != EVERYWHERE or not viewer.everything:
        raise NotAllowedError
    return {}
