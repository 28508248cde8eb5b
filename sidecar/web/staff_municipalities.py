"""Show each municipality's checklist, and let operators set up and test its channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.connecting import add_connection, describe_settings, remove_connection, test_connection
from sidecar.connectors.base import MisconfiguredError, settings_of
from sidecar.connectors.registry import find_connector
from sidecar.core import retention
from sidecar.core.checklists import (
    Checklist,
    checklist,
    checklists,
    count_people,
    count_people_of,
    find_last_import,
    find_visible,
    list_visible,
)
from sidecar.core.retention import Periods
from sidecar.errors import InvalidInputError, NotFoundError, SidecarError
from sidecar.language import say
from sidecar.reports.channels import is_channel
from sidecar.web.access import audience, current, sidecar
from sidecar.web.staff_menu import SEES_PEOPLE, SEES_REPORTS

FOLDER = "folder"

blueprint = Blueprint("staff_municipalities", __name__)


@blueprint.get("/staff/municipalities")
@audience(*SEES_PEOPLE)
def show_all() -> str:
    """List the municipalities the viewer sees, with how far each has come."""
    with sidecar().reading() as db:
        viewer = current().viewer
        done = {each.municipality.id: each for each in checklists(db, viewer, is_channel)}
        return render_template(
            "staff/municipalities.html",
            municipalities=list_visible(db, viewer),
            done=done,
            people=count_people(db, viewer),
        )


@blueprint.get("/staff/municipalities/<slug>")
@audience(*SEES_REPORTS)
def show(slug: str) -> str:
    """Show the checklist of a municipality."""
    return _page(slug)


@blueprint.post("/staff/municipalities/<slug>/connections")
@audience("operator")
def connect(slug: str) -> Response | tuple[str, int]:
    """Set up a folder on this server as a channel; only operators may name one."""
    with sidecar().reading() as db:
        municipality = find_visible(db, current().viewer, slug)
    try:
        folder = request.form.get("folder", "").strip()
        if not folder.startswith("/"):
            raise MisconfiguredError(setting="folder")
        add_connection(sidecar(), current().viewer, municipality.id, FOLDER, {"folder": folder})
    except SidecarError as error:
        return _page(slug, problem=error), 400
    return redirect(f"/staff/municipalities/{slug}#channels", 303)


@blueprint.post("/staff/municipalities/<slug>/connections/<connection_id>/test")
@audience(*SEES_REPORTS)
def test(slug: str, connection_id: str) -> Response | tuple[str, int]:
    """Test a channel without sending a report; the outcome stands on the page."""
    _require_own(slug, connection_id)
    try:
        test_connection(sidecar(), current().viewer, connection_id)
    except NotFoundError:
        raise
    except SidecarError as error:
        return _page(slug, problem=error), 400
    return redirect(f"/staff/municipalities/{slug}#channels", 303)


@blueprint.post("/staff/municipalities/<slug>/connections/<connection_id>/remove")
@audience("operator")
def remove(slug: str, connection_id: str) -> Response:
    """Take a channel out of use."""
    _require_own(slug, connection_id)
    remove_connection(sidecar(), current().viewer, connection_id)
    return redirect(f"/staff/municipalities/{slug}#channels", 303)


@blueprint.post("/staff/municipalities/<slug>/keep")
@audience("rkk", "operator")
def keep(slug: str) -> Response | tuple[str, int]:
    """Set how long the municipality keeps things."""
    viewer, now = current().viewer, sidecar().now()
    try:
        with sidecar().transaction() as db:
            municipality = find_visible(db, viewer, slug)
            retention.keep(db, viewer, municipality.id, _read_periods(request.form), now=now)
    except InvalidInputError as error:
        return _page(slug, problem=error), 400
    return redirect(f"/staff/municipalities/{slug}#keep", 303)


def _read_periods(form: Mapping[str, str]) -> Periods:
    """Read the periods of a form; what is no number is as wrong as one out of bounds."""
    given = {one.name: form.get(one.name, "").strip() for one in fields(Periods)}
    return Periods(
        **{
            name: int(days) if days.isascii() and days.isdecimal() and len(days) < 6 else 0
            for name, days in given.items()
        }
    )


def _require_own(slug: str, connection_id: str) -> None:
    with sidecar().reading() as db:
        found = checklist(db, current().viewer, slug, is_channel)
    if connection_id not in {each.id for each in found.connections}:
        raise NotFoundError(what="connection", key=connection_id)


def _page(slug: str, problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        found = checklist(db, viewer, slug, is_channel)
        people = count_people_of(db, viewer, found.municipality.id)
        imported_at = find_last_import(db, found.municipality.id)
        periods = retention.periods_of(db, found.municipality.id)
    return render_template(
        "staff/municipality.html",
        list=found,
        people=people,
        imported_at=imported_at,
        channels=_channels(found, with_settings=viewer.everything),
        is_operator=viewer.everything,
        periods=periods,
        may_set_periods=viewer.is_one_of("rkk", "operator"),
        bounds=(retention.SHORTEST_DAYS, retention.LONGEST_DAYS),
        folder=settings_of(find_connector(FOLDER))[0],
        problem=say(problem, current().language) if problem else "",
    )


def _channels(found: Checklist, *, with_settings: bool) -> list[dict[str, object]]:
    """Return what the page shows of each channel; its settings only to operators."""
    return [
        {
            "row": each,
            "settings": describe_settings(sidecar(), each) if with_settings else {},
        }
        for each in found.connections
    ]
