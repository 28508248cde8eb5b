"""Show people what they have learnt: completed, what expires, who is told, who looked, and papers that prove it."""

from __future__ import annotations

from itertools import islice
from typing import Any

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from sidecar.core import erasure_requests
from sidecar.core.data_subjects import DataSubject, of_identity
from sidecar.core.own_crossings import list_crossed
from sidecar.core.own_learning import Learned, find_learning
from sidecar.core.own_paths import list_own_paths
from sidecar.core.people import Identity
from sidecar.core.people_lists import why_unplaced
from sidecar.core.personal_data import list_section
from sidecar.core.proofs import find_papers
from sidecar.web.access import audience, current, sidecar
from sidecar.web.my_data import ENTRIES_SHOWN, look_name, role_name
from sidecar.web.rendering import gettext as _

STAFF = "/staff/my-learning"

blueprint = Blueprint("my_learning", __name__)


@blueprint.get("/play/<launch_id>/learning")
@audience("launch")
def show_learner(launch_id: str) -> str:  # noqa: ARG001 (the cookie is looked up by it)
    """Show a learner what they have learnt."""
    return _page()


@blueprint.get("/play/<launch_id>/learning/proof")
@audience("launch")
def prove_all_of_learner(launch_id: str) -> str:  # noqa: ARG001
    """Show a learner's papers for all that they have completed, to print."""
    return _paper()


@blueprint.get("/play/<launch_id>/learning/proof/<completion_id>")
@audience("launch")
def prove_of_learner(launch_id: str, completion_id: str) -> str:  # noqa: ARG001
    """Show a learner's paper for one completion, to print."""
    return _paper(completion_id)


@blueprint.get(STAFF)
@audience("staff")
def show_staff() -> str:
    """Show who is signed in what they have learnt."""
    return _page()


@blueprint.get(f"{STAFF}/proof")
@audience("staff")
def prove_all_of_staff() -> str:
    """Show the papers of who is signed in, to print."""
    return _paper()


@blueprint.get(f"{STAFF}/proof/<completion_id>")
@audience("staff")
def prove_of_staff(completion_id: str) -> str:
    """Show one paper of who is signed in, to print."""
    return _paper(completion_id)


def own_place() -> dict[str, str]:
    """Return where the pages about oneself are: `path`, `me`, and `back` to the course where there is one."""
    launch = current().launch
    if launch is None:
        return {"path": STAFF, "me": "/staff/me", "back": ""}
    played = f"/play/{launch.id}"
    return {"path": f"{played}/learning", "me": f"{played}/me", "back": played if launch.course_id else ""}


def find_self(db: Session) -> DataSubject:
    """Return who asks, whole: nothing about them is kept from them."""
    return of_identity(db, current().identity_id)


def _page() -> str:
    today = sidecar().today()
    with sidecar().reading() as db:
        subject = find_self(db)
        learning = find_learning(db, subject, today)
        return render_template(
            "pages/my_learning.html",
            **own_place(),
            learning=learning,
            paths=list_own_paths(db, subject, today),
            crossed=list_crossed(db, subject),
            unplaced=_why_unplaced(db, subject),
            request_to_erase=erasure_requests.find_newest(db, subject),
            grades=_entries(db, subject, "grades"),
            seen_by=_entries(db, subject, "seen_by"),
            shown=ENTRIES_SHOWN,
            today=today,
            role_name=role_name,
            look_name=look_name,
            state_of=_state_of,
        )


def _paper(completion_id: str = "") -> str:
    with sidecar().reading() as db:
        papers = find_papers(db, find_self(db), sidecar().today(), completion_id)
    return render_template(
        "pages/proof.html",
        **own_place(),
        papers=papers,
        today=sidecar().today(),
        issuer=", ".join(["Læringsløp", *papers.offices, sidecar().settings.public_url]),
    )


def _why_unplaced(db: Session, subject: DataSubject) -> str:
    """Return why the account belongs to no employee: a reason of `Unplaced`, or `by-link`; "" where it does."""
    if subject.person_id is not None:
        return ""
    identity = db.get_one(Identity, current().identity_id)
    return why_unplaced(db, identity, sidecar().today()) if identity.platform_id else "by-link"


def _entries(db: Session, subject: DataSubject, name: str) -> list[dict[str, Any]]:
    return list(islice(list_section(db, subject, name), ENTRIES_SHOWN))


def _state_of(one: Learned) -> tuple[str, str]:
    """Return how a completion stands today, as a colour and in words."""
    today = sidecar().today()
    if not one.is_valid_on(today):
        return "danger", _("Expired")
    if one.is_renewable_on(today):
        return "warning", _("Expires soon")
    return "success", _("Valid")
