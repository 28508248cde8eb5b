"""Connect the web services of an LMS, from which completions are read: add, change, test and remove it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.connecting import (
    HIDDEN,
    Owner,
    add_connection,
    change_connection,
    describe_settings,
    examine_connection,
    remove_connection,
)
from sidecar.connectors.base import settings_of
from sidecar.connectors.inspection import Found
from sidecar.connectors.registry import find_connector
from sidecar.core.access import Viewer
from sidecar.core.connections import Connection, list_of_platform
from sidecar.core.platform_lists import find_platform_of, find_platform_to_run
from sidecar.errors import NotFoundError, SidecarError
from sidecar.language import say_template
from sidecar.web.access import audience, current, sidecar
from sidecar.web.staff_menu import ADMINISTERS

MOODLE: Final = "moodle"
FOR_AN_LMS: Final = ("url", "token", "report_id")
"""The settings that the form asks for; the others are for the people of a municipality."""

blueprint = Blueprint("staff_web_services", __name__)


@dataclass(frozen=True)
class FoundLine:
    """What a test found, as the page shows it."""

    code: str
    outcome: str
    text: str


@blueprint.get("/staff/platforms/<platform_id>/web-services")
@audience(*ADMINISTERS)
def show(platform_id: str) -> str:
    """Show the connections to the web services of an LMS."""
    return _page(platform_id)


@blueprint.post("/staff/platforms/<platform_id>/web-services")
@audience(*ADMINISTERS)
def add(platform_id: str) -> Response | tuple[str, int]:
    """Connect the web services; the test comes after, by its own button."""
    values = {name: request.form.get(name, "").strip() for name in FOR_AN_LMS}
    _find_to_run(current().viewer, platform_id)
    try:
        add_connection(sidecar(), current().viewer, Owner(platform_id=platform_id), MOODLE, values)
    except SidecarError as problem:
        return _page(platform_id, problem=problem), 400
    return _back(platform_id)


@blueprint.post("/staff/platforms/<platform_id>/web-services/<connection_id>/change")
@audience(*ADMINISTERS)
def change(platform_id: str, connection_id: str) -> Response | tuple[str, int]:
    """Change the settings of a connection; a secret that is left empty stays as it is."""
    _require_own(current().viewer, platform_id, connection_id)
    secrets = {each.name for each in settings_of(find_connector(MOODLE)) if each.secret}
    said = {name: request.form.get(f"{connection_id}-{name}", "").strip() for name in FOR_AN_LMS}
    values = {name: value for name, value in said.items() if value or name not in secrets}
    try:
        change_connection(sidecar(), current().viewer, connection_id, values)
    except NotFoundError:
        raise
    except SidecarError as problem:
        return _page(platform_id, problem=problem, changing=connection_id), 400
    return _back(platform_id)


@blueprint.post("/staff/platforms/<platform_id>/web-services/<connection_id>/test")
@audience(*ADMINISTERS)
def test(platform_id: str, connection_id: str) -> str:
    """Test a connection, and show all that was found and what to do in the LMS."""
    _require_own(current().viewer, platform_id, connection_id)
    outcome = examine_connection(sidecar(), current().viewer, connection_id)
    return _page(platform_id, tested=connection_id, problem_of_test=outcome.problem, found=outcome.found)


@blueprint.get("/staff/platforms/<platform_id>/web-services/<connection_id>/change")
@blueprint.get("/staff/platforms/<platform_id>/web-services/<connection_id>/test")
@audience(*ADMINISTERS)
def come_back(platform_id: str, connection_id: str) -> Response:
    """Lead to the page of the connections whoever changed the language at the outcome of a form."""
    _require_own(current().viewer, platform_id, connection_id)
    return _back(platform_id)


@blueprint.post("/staff/platforms/<platform_id>/web-services/<connection_id>/remove")
@audience(*ADMINISTERS)
def remove(platform_id: str, connection_id: str) -> Response:
    """Take a connection out of use."""
    _require_own(current().viewer, platform_id, connection_id)
    remove_connection(sidecar(), current().viewer, connection_id)
    return _back(platform_id)


def _find_to_run(viewer: Viewer, platform_id: str) -> None:
    with sidecar().reading() as db:
        find_platform_to_run(db, viewer, platform_id)


def _require_own(viewer: Viewer, platform_id: str, connection_id: str) -> None:
    with sidecar().reading() as db:
        platform = find_platform_to_run(db, viewer, platform_id)
        if connection_id not in {each.id for each in list_of_platform(db, viewer, platform.id)}:
            raise NotFoundError(what="connection", key=connection_id)


def _back(platform_id: str) -> Response:
    return redirect(f"/staff/platforms/{platform_id}/web-services", 303)


def _page(
    platform_id: str,
    *,
    problem: SidecarError | None = None,
    changing: str = "",
    tested: str = "",
    problem_of_test: SidecarError | None = None,
    found: Sequence[Found] = (),
) -> str:
    viewer, lang = current().viewer, current().language
    with sidecar().reading() as db:
        platform = find_platform_of(db, viewer, platform_id)
        may_run = viewer.may_run_platform(platform.region_id)
        connections = list_of_platform(db, viewer, platform.id) if may_run else []
        return render_template(
            "staff/web_services.html",
            platform=platform,
            may_run=may_run,
            connections=[_line(each) for each in connections],
            fields=[each for each in settings_of(find_connector(MOODLE)) if each.name in FOR_AN_LMS],
            typed=request.form if problem else {},
            problem=problem,
            changing=changing,
            tested=tested,
            problem_of_test=problem_of_test,
            found=[FoundLine(each.code, each.outcome, say_template(each.template, each.facts, lang)) for each in found],
        )


def _line(connection: Connection) -> dict[str, object]:
    settings = describe_settings(sidecar(), connection)
    return {"row": connection, "settings": settings, "open": {k: v for k, v in settings.items() if v != HIDDEN}}
