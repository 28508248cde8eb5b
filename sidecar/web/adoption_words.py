"""Say in the visitor's language how adopted learning paths stand, and where both sides changed the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.catalogue import BARRIER_RULES
from sidecar.core.path_contents import Content
from sidecar.core.path_merging import Conflict
from sidecar.sharing.adopted_facts import list_differences
from sidecar.sharing.bundle_manifest import Barriers, Facts
from sidecar.sharing.updating import Update
from sidecar.web import path_words
from sidecar.web.rendering import gettext as _

STATE_COLOURS = {
    "received": "info",
    "adopted": "success",
    "update": "warning",
    "postponed": "info",
    "refused": "neutral",
    "withdrawn": "warning",
    "kept": "success",
    "retired": "neutral",
}
OFFERED_COLOURS = {
    "offered": "info",
    "fetching": "info",
    "failed": "danger",
    "fetched": "success",
    "withdrawn": "neutral",
    "expired": "neutral",
}


def state_name(state: str) -> str:
    """Write how a received path stands."""
    return {
        "received": _("Not adopted yet"),
        "adopted": _("Adopted"),
        "update": _("A new version waits"),
        "postponed": _("Postponed"),
        "refused": _("Newest version refused"),
        "withdrawn": _("Withdrawn by its owner"),
        "kept": _("Kept as your own copy"),
        "retired": _("Retired"),
    }[state]


def offered_name(state: str) -> str:
    """Write how an offer stands."""
    return {
        "offered": _("Offered"),
        "fetching": _("Being fetched"),
        "failed": _("Could not be fetched"),
        "fetched": _("Received"),
        "withdrawn": _("Withdrawn by its owner"),
        "expired": _("The offer has ended"),
    }[state]


def course_kind(kind: str) -> str:
    """Write what kind a course of a bundle is."""
    return {
        "own": _("Course"),
        "lms": _("Course in the LMS, which each region has for itself"),
        "task": _("Task, signed off by the manager"),
        "gathering": _("Gathering"),
        "link": _("Link to another site"),
    }[kind]


def barriers(said: Barriers) -> str:
    """Write how much keeps people out of a course, as its origin says, with the criteria of WCAG that it is about."""
    found = {**said.static, **(said.browser or {})}
    criteria = {BARRIER_RULES[code].criterion for code in found if code in BARRIER_RULES}
    count = sum(said.static.values()) + sum((said.browser or {}).values())
    named, text = sorted(filter(None, criteria)), _("%(count)s found") % {"count": count}
    return f"{text} (WCAG {', '.join(named)})" if named else text


def facts_changed(before: Facts, after: Facts) -> list[str]:
    """Write what is known otherwise of a path than before."""
    names = {
        "subject": _("Subject"),
        "audience": _("For whom"),
        "owner": _("Who answers for the content"),
        "duration_minutes": _("Duration"),
        "review_by": _("To be looked at again by"),
        "statutory_basis": _("Statutory basis"),
        "is_transferable": _("Whether it counts at a later employer"),
        "validity_months": _("How long it is valid"),
    }
    return [names[one] for one in list_differences(before, after)]


@dataclass(frozen=True)
class Choice:
    """A conflict as the form shows it."""

    name: str
    text: str
    ours: str
    theirs: str


def choices(update: Update, titles: Mapping[str, str]) -> list[Choice]:
    """Return where both sides changed the same."""
    return [_choice(one, update, titles) for one in update.merged.conflicts]


def _choice(conflict: Conflict, update: Update, titles: Mapping[str, str]) -> Choice:
    values = (_value(conflict, one, update, titles) for one in (conflict.ours, conflict.theirs))
    ours, theirs = values
    return Choice(conflict.name, f"{_name(conflict, update.path.draft, titles)}: {_aspect(conflict)}", ours, theirs)


def _name(conflict: Conflict, content: Content, titles: Mapping[str, str]) -> str:
    if conflict.subject == "step":
        return titles.get(conflict.key, conflict.key)
    return path_words.part_name(content, conflict.key) if conflict.subject == "part" else content.title


def _aspect(conflict: Conflict) -> str:
    return {
        "title": _("title"),
        "summary": _("description"),
        "language": _("language"),
        "in_order": _("whether steps open in order"),
        "needs": _("how many steps are asked for"),
        "note": _("what is said of it"),
        "is_optional": _("whether it is optional"),
        "about": _("what it is about"),
        "place": _("the part in which it stands"),
        "there": _("whether it is there"),
        "order": _("the order"),
    }[conflict.aspect]


def _value(conflict: Conflict, value: object, update: Update, titles: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if conflict.aspect == "order" and isinstance(value, tuple):
        return ", ".join(_called(str(key), conflict, update, titles) for key in value)
    if conflict.aspect == "about" and isinstance(value, tuple):
        return " ".join(filter(None, map(str, value[1:])))
    if conflict.aspect == "place":
        return path_words.part_name(update.merged.content, str(value))
    return _("all that are not optional") if value is None else str(value) or "–"


def _called(key: str, conflict: Conflict, update: Update, titles: Mapping[str, str]) -> str:
    return titles.get(key, key) if conflict.subject == "part" else path_words.part_name(update.merged.content, key)
