"""Decide who is one and the same person; see and undo what was decided; order the rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import match_lists
from sidecar.core.access import Viewer
from sidecar.core.match_lists import MatchLine, MatchPage
from sidecar.core.matching_rules import Rule, list_rules, set_rule
from sidecar.core.person_matches import PersonMatch
from sidecar.errors import NotFoundError, SidecarError
from sidecar.language import N_
from sidecar.web.access import audience, current, sidecar
from sidecar.web.staff_menu import ADMINISTERS

MOST_PAGES: Final = 100_000
RULE_NAMES: Final = {
    "placing": N_("ID number from the LMS"),
    "national-id": N_("National identity number"),
    "email": N_("Work e-mail"),
    "name": N_("Name"),
    "by-hand": N_("Said by an operator"),
}
EXPLAINED: Final = {
    "placing": N_(
        "Places an LMS account with the one employee whose number the LMS sends. It always comes first, and is set up "
        "with the LMS."
    ),
    "national-id": N_(
        "Two employees whose HR systems tell the same number. Only a keyed hash of it is kept. Where neither first nor "
        "last name is the same, it asks instead of joining."
    ),
    "email": N_(
        "The same address in two municipalities. An address that more than three people have, such as a shared "
        "mailbox, counts for nobody. Where the names differ, it asks instead of joining."
    ),
    "name": N_(
        "The same first and last name in two municipalities. Many people share a name, so it only ever asks, and a "
        "name that more than three people have counts for nobody."
    ),
}
ACTION_NAMES: Final = {"join": N_("Join at once"), "ask": N_("Ask"), "off": N_("Off")}

blueprint = Blueprint("staff_matching", __name__)
Act = Callable[[Session, Viewer, str, datetime], PersonMatch]


@blueprint.get("/staff/matching")
@audience(*ADMINISTERS)
def show() -> str:
    """List who may be one person and waits for a decision."""
    with sidecar().reading() as db:
        page = match_lists.page_waiting(db, current().viewer, _number())
        text = _render("staff/matching.html", page=page, lines=page.lines)
    return _seen(text, page.lines)


@blueprint.get("/staff/matching/decided")
@audience(*ADMINISTERS)
def show_decided() -> str:
    """List what was decided, by somebody or by a rule."""
    with sidecar().reading() as db:
        page: MatchPage = match_lists.page_decided(db, current().viewer, _number())
        text = _render("staff/matching_decided.html", page=page, lines=page.lines)
    return _seen(text, page.lines)


@blueprint.get("/staff/matching/<match_id>")
@audience(*ADMINISTERS)
def show_one(match_id: str) -> str:
    """Show two people side by side, and ask for the decision."""
    return _one(match_id)


@blueprint.post("/staff/matching/<match_id>/same")
@audience(*ADMINISTERS)
def say_same(match_id: str) -> Response | tuple[str, int]:
    """Make the two one person."""
    return _decide(match_lists.say_same, match_id, "/staff/matching/decided")


@blueprint.post("/staff/matching/<match_id>/different")
@audience(*ADMINISTERS)
def say_different(match_id: str) -> Response | tuple[str, int]:
    """Never ask about the two again."""
    return _decide(match_lists.say_different, match_id, "/staff/matching/decided")


@blueprint.post("/staff/matching/<match_id>/again")
@audience(*ADMINISTERS)
def ask_again(match_id: str) -> Response | tuple[str, int]:
    """Let two who were said to be different wait for a decision again."""
    return _decide(match_lists.ask_again, match_id, "/staff/matching")


@blueprint.post("/staff/matching/<match_id>/apart")
@audience(*ADMINISTERS)
def take_apart(match_id: str) -> Response | tuple[str, int]:
    """Make two people of one again."""
    return _decide(match_lists.take_apart, match_id, "/staff/matching/decided")


@blueprint.get("/staff/matching/rules")
@audience(*ADMINISTERS)
def show_rules() -> str:
    """Show the rules in their order, and what each does."""
    with sidecar().reading() as db:
        return _render("staff/matching_rules.html", rules=list_rules(db), may_change=current().viewer.everything)


@blueprint.post("/staff/matching/rules/<rule>")
@audience("operator")
def change_rule(rule: str) -> Response:
    """Change what a rule does, or move it up or down by one."""
    form, viewer = request.form, current().viewer
    with sidecar().transaction() as db:
        place = _place_after(list_rules(db), rule, form.get("move", ""))
        set_rule(db, viewer, rule, action=form.get("action") or None, place=place, now=sidecar().now())
    return redirect(f"/staff/matching/rules#{rule}", 303)


def _place_after(rules: Sequence[Rule], name: str, move: str) -> int | None:
    """Return the place of a rule that is moved up or down by one, from 1; None where it stays."""
    names = [one.name for one in rules]
    if name not in names:
        raise NotFoundError(what="matching rule", key=name[:80])
    place = names.index(name) + 1 + {"up": -1, "down": 1}.get(move, 0)
    return place if move and 1 <= place <= len(names) else None


def _number() -> int:
    return max(1, min(request.args.get("page", 1, type=int), MOST_PAGES))


def _one(match_id: str, problem: SidecarError | None = None) -> str:
    with sidecar().reading() as db:
        line = match_lists.find_match(db, current().viewer, match_id)
        text = _render("staff/matching_one.html", line=line, problem=problem)
    return _seen(text, [line])


def _decide(act: Act, match_id: str, then: str) -> Response | tuple[str, int]:
    try:
        with sidecar().transaction() as db:
            act(db, current().viewer, match_id, sidecar().now())
    except NotFoundError:
        raise
    except SidecarError as error:
        return _one(match_id, error), 409
    return redirect(f"{then}#match-{match_id}", 303)


def _render(template: str, **values: object) -> str:
    words = {"rule_names": RULE_NAMES, "action_names": ACTION_NAMES, "explained": EXPLAINED}
    return render_template(template, **words, **values)


def _seen(page: str, lines: Sequence[MatchLine]) -> str:
    """Return a page once the access log says whom it shows."""
    with sidecar().transaction() as db:
        match_lists.note_look(db, current().viewer, lines, sidecar().now())
    return page
