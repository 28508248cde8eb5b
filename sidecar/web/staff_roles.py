"""Show who holds which role, and let operators and RKKs give and take them; an operator makes sign-in links too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import granting
from sidecar.core.access import Viewer
from sidecar.core.checklists import list_visible
from sidecar.core.granting import RKK_GIVES, GrantLine
from sidecar.core.granting_bounds import GrantTooLongError, GrantToOneselfError
from sidecar.core.identity_lists import MOST_FOUND, IdentityLine, find_identity, search_identities
from sidecar.core.left_behind import end_chosen, find_left_behind
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import end_of, last_day
from sidecar.core.platform_choices import regions_to_choose
from sidecar.core.sign_ins import LINK_MINUTES
from sidecar.core.staff import NEEDS, ROLES, TAKES, LastOperatorError, Scope
from sidecar.errors import NotAllowedError, SidecarError
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.days import DayUnreadableError, read_day
from sidecar.web.my_data import role_name
from sidecar.web.staff_menu import ADMINISTERS

NAME_CHARACTERS: Final = 200
SUBJECT_CHARACTERS: Final = 255
ROLE_CHARACTERS: Final = 20
MOST_PAGES: Final = 100_000

blueprint = Blueprint("staff_roles", __name__)


class ScopeIncompleteError(SidecarError):
    """Something is missing: a contact needs a municipality, a manager a municipality and a unit, an RKK a region."""

    code = "scope-incomplete"


class DayPastError(SidecarError):
    """The last day is past already. Choose a later one, or none."""

    code = "day-past"


class NobodyNamedError(SidecarError):
    """Say who: search for them, or give their id in the LMS, or a name."""

    code = "nobody-named"


_MISTYPED: Final = (ScopeIncompleteError, DayUnreadableError, DayPastError)


@dataclass(frozen=True)
class Who:
    """Whom a role shall be given to: somebody known, an LMS's user, or a newcomer who signs in by links.

    Attributes:
        line: the known one; None for the others.
    """

    identity_id: str = ""
    platform: str = ""
    subject: str = ""
    name: str = ""
    line: IdentityLine | None = None


@blueprint.get("/staff/roles")
@audience(*ADMINISTERS)
def show() -> str:
    """List who holds which role, where, until when, and who gave it."""
    viewer, role = current().viewer, request.args.get("role", "")[:ROLE_CHARACTERS]
    number = max(1, min(request.args.get("page", 1, type=int), MOST_PAGES))
    with sidecar().reading() as db:
        found = granting.page_grants(db, viewer, sidecar().now(), role=role, number=number)
        page = render_template(
            "staff/roles.html",
            page=found,
            role=role,
            roles=ROLES,
            role_name=role_name,
            last_day=last_day,
            seen=viewer,
        )
    _note_grants(found.lines)
    return page


@blueprint.get("/staff/roles/new")
@audience(*ADMINISTERS)
def ask_who() -> str:
    """Ask whom a role shall be given to."""
    return _who_page()


@blueprint.post("/staff/roles/new")
@audience(*ADMINISTERS)
def ask_what() -> str | tuple[str, int]:
    """Search for somebody, or ask which role who was chosen shall have; nothing is changed yet."""
    words = request.form.get("search", "").strip()[:NAME_CHARACTERS]
    if "search" in request.form:
        return _who_page(words=words)
    try:
        return _role_page()
    except NobodyNamedError as error:
        return _who_page(problem=error), 400


@blueprint.post("/staff/roles")
@audience(*ADMINISTERS)
def give() -> Response | tuple[str, int]:
    """Give a role."""
    here, viewer = sidecar(), current().viewer
    try:
        role, scope, until = _read_role(request.form)
        with here.transaction() as db:
            who = _named(db, viewer)
            granting.give(db, viewer, who, role, scope, now=here.now(), ends_at=end_of(until) if until else None)
    except (*_MISTYPED, granting.NameTakenError, GrantToOneselfError, GrantTooLongError) as error:
        return _role_page(error), 400
    return redirect("/staff/roles", 303)


@blueprint.get("/staff/roles/<grant_id>/revoke")
@audience(*ADMINISTERS)
def ask(grant_id: str) -> str:
    """Say what revoking a role does, and ask."""
    return _confirmation(grant_id)


@blueprint.post("/staff/roles/<grant_id>/revoke")
@audience(*ADMINISTERS)
def revoke(grant_id: str) -> Response | tuple[str, int]:
    """Take a role back, and with it what was chosen of that which its holder made."""
    here, viewer = sidecar(), current().viewer
    try:
        with here.transaction() as db:
            given = granting.take_back(db, viewer, grant_id, now=here.now())
            left = find_left_behind(db, viewer, given, here.now(), here.today())
            end_chosen(db, viewer, left, request.form.getlist("end"), here.now(), here.today())
    except LastOperatorError as error:
        return _confirmation(grant_id, error), 400
    return redirect("/staff/roles", 303)


@blueprint.post("/staff/roles/<grant_id>/link")
@audience("operator")
def make_link(grant_id: str) -> str:
    """Make a sign-in link for who holds a role and signs in by links only; it is shown this once."""
    here, viewer = sidecar(), current().viewer
    with here.transaction() as db:
        line = granting.find_grant(db, viewer, grant_id, here.now())
        address = request.form.get("address", "")
        secret = granting.make_link(db, viewer, line.grant.identity_id, here.now(), address)
    url = f"{here.settings.public_url}/sign-in#{secret}"
    page = render_template("staff/role_link.html", line=line, url=url, minutes=LINK_MINUTES)
    _note_grants([line])
    return page


def _note_grants(lines: Sequence[GrantLine]) -> None:
    looks.note_others("roles", (each for line in lines for each in (line.holder, line.given_by) if each))


def _who_page(*, words: str = "", problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        found = search_identities(db, viewer, words) if words else []
        page = render_template(
            "staff/role_who.html",
            found=found,
            words=words,
            most=MOST_FOUND,
            platforms=granting.list_platforms(db, viewer),
            problem=problem,
        )
    looks.note_others("roles", found)
    return page


def _role_page(problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        who = _chosen(db, viewer, request.form)
        page = render_template(
            "staff/role_new.html",
            who=who,
            typed=request.form,
            roles=[role for role in ROLES if viewer.everything or role in RKK_GIVES],
            role_name=role_name,
            municipalities=_own_municipalities(db, viewer),
            regions=regions_to_choose(db, viewer) if viewer.everything else [],
            units=granting.list_units(db, viewer),
            tomorrow=sidecar().today() + timedelta(days=1),
            problem=problem,
        )
    looks.note_others("roles", [who.line] if who.line else [])
    return page


def _own_municipalities(db: Session, viewer: Viewer) -> list[Municipality]:
    return [one for one in list_visible(db, viewer) if viewer.everything or one.id in viewer.rkk_for]


def _chosen(db: Session, viewer: Viewer, form: MultiDict[str, str]) -> Who:
    """Read who was chosen.

    Raises:
        NobodyNamedError: nobody was.
        NotFoundError: they are not the viewer's to see.
    """
    identity_id, platform = form.get("identity", ""), form.get("platform", "")
    subject = form.get("subject", "").strip()[:SUBJECT_CHARACTERS]
    name = " ".join(form.get("name", "").split())[:NAME_CHARACTERS]
    if identity_id:
        return Who(identity_id=identity_id, line=find_identity(db, viewer, identity_id))
    if platform and subject:
        return Who(platform=platform, subject=subject)
    if name:
        return Who(name=name)
    raise NobodyNamedError


def _named(db: Session, viewer: Viewer) -> str:
    """Return the id of who was chosen; a newcomer is made now."""
    who, now = _chosen(db, viewer, request.form), sidecar().now()
    if who.identity_id:
        return who.identity_id
    if who.platform:
        return granting.name_user(db, viewer, who.platform, who.subject, now)
    return granting.name_newcomer(db, who.name, now)


def _read_role(form: MultiDict[str, str]) -> tuple[str, Scope, date | None]:
    """Read the role, of the scope what the role takes, and the last day.

    Raises:
        ScopeIncompleteError: a part of the scope is missing.
        DayUnreadableError: the last day is none.
        DayPastError: it is past.
    """
    role = form.get("role", "")
    if role not in ROLES:
        raise NotAllowedError
    given = {part: form.get(part, "").strip()[:NAME_CHARACTERS] or None for part in TAKES[role]}
    if any(given[part] is None for part in NEEDS[role]):
        raise ScopeIncompleteError
    until = read_day(form.get("until", ""))
    if until is not None and until < sidecar().today():
        raise DayPastError
    return role, Scope(**given), until


def _confirmation(grant_id: str, problem: SidecarError | None = None) -> str:
    with sidecar().reading() as db:
        line = granting.find_grant(db, current().viewer, grant_id, sidecar().now())
        if not line.may_revoke:
            raise NotAllowedError
        held = granting.list_grants(db, current().viewer, sidecar().now(), identity_id=line.grant.identity_id)
        page = render_template(
            "staff/role_revoke.html",
            line=line,
            others=[one for one in held if one.grant.id != grant_id],
            left=find_left_behind(db, current().viewer, line.grant, sidecar().now(), sidecar().today()),
            role_name=role_name,
            last_day=last_day,
            problem=problem,
        )
    _note_grants([line])
    return page
