"""Say in the visitor's language how learning paths stand, and what changed in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from babel import Locale

from sidecar.core.courses import Course
from sidecar.core.path_changes import Change, list_changes
from sidecar.core.path_contents import LANGUAGES, Content
from sidecar.core.path_people import Standing
from sidecar.web.rendering import gettext as _
from sidecar.web.rendering import locale, ngettext

STATUS_COLOURS = {"draft": "neutral", "published": "success", "changed": "info", "retired": "neutral"}
STANDING_COLOURS = {"not-begun": "neutral", "under-way": "info", "finished": "success"}


def status_name(status: str) -> str:
    """Write how a path stands."""
    return {
        "draft": _("Draft"),
        "published": _("Published"),
        "changed": _("Published, with changes that are not"),
        "retired": _("Retired"),
    }[status]


def standings() -> list[tuple[Standing, str]]:
    """Return how somebody can stand on a path."""
    return [("not-begun", _("Not begun")), ("under-way", _("Under way")), ("finished", _("Finished"))]


def languages() -> list[tuple[str, str]]:
    """Return the languages of paths to choose from, (code, name)."""
    names = Locale.parse(locale()).languages
    return [(code, str(names.get(code, code)) if code else _("Not known")) for code in LANGUAGES]


def validity(course: Course) -> str:
    """Write how long a finished path is valid."""
    months = course.validity_months
    if months is None:
        return _("For good")
    text = ngettext("%(num)s month", "%(num)s months", months) % {"num": months}
    return _("To the end of a calendar window of %(months)s") % {"months": text} if course.validity_window else text


def part_name(content: Content, key: str) -> str:
    """Write what a part is called; its number where it has no title."""
    for number, part in enumerate(content.parts, 1):
        if part.key == key:
            return part.title or _("Part %(number)s") % {"number": number}
    return key


def changes(before: Content, after: Content, titles: Mapping[str, str]) -> list[str]:
    """Write what makes the second content of the first, a sentence each.

    Args:
        titles: what the steps of both are called, by key.
    """
    return [_say(one, before, after, titles) for one in list_changes(before, after)]


def _say(change: Change, before: Content, after: Content, titles: Mapping[str, str]) -> str:
    if change.subject == "path":
        return _say_of_path(change)
    if change.subject == "part":
        content = before if change.aspect == "removed" else after
        return _say_of_part(change, part_name(content, change.key))
    return _say_of_step(change, titles.get(change.key) or change.name or change.key, partial(part_name, after))


def _say_of_path(change: Change) -> str:
    before, after = str(change.before or ""), str(change.after or "")
    if change.aspect == "title":
        return _("The title is “%(after)s” now; it was “%(before)s”.") % {"after": after, "before": before}
    if change.aspect == "language":
        return _("The language is %(language)s now.") % {"language": dict(languages()).get(after, after)}
    if change.aspect == "in_order":
        return _("Steps open in order now.") if change.after else _("Steps may be taken in any order now.")
    if not after:
        return _("The description was taken away.")
    return _("The description is now: “%(text)s”.") % {"text": after}


def _say_of_part(change: Change, name: str) -> str:
    if change.aspect == "needs" and isinstance(change.after, int):
        return ngettext(
            "In the part “%(part)s”, %(num)s step is asked for now.",
            "In the part “%(part)s”, %(num)s steps are asked for now.",
            change.after,
        ) % {"part": name, "num": change.after}
    return {
        "added": _("The part “%(part)s” was added."),
        "removed": _("The part “%(part)s” was removed."),
        "moved": _("The part “%(part)s” was moved."),
        "title": _("The part “%(before)s” is called “%(part)s” now.")
        if change.before
        else _("A part is called “%(part)s” now."),
        "needs": _("In the part “%(part)s”, all steps that are not optional are asked for now."),
    }[change.aspect] % {"part": name, "before": change.before}


def _say_of_step(change: Change, name: str, name_part: Callable[[str], str]) -> str:
    if change.aspect == "moved" and change.before != change.after:
        return _("The step “%(step)s” was moved to the part “%(part)s”.") % {
            "step": name,
            "part": name_part(str(change.after)),
        }
    if change.aspect == "is_optional" and change.after:
        return _("The step “%(step)s” is optional now.") % {"step": name}
    return {
        "added": _("The step “%(step)s” was added."),
        "removed": _("The step “%(step)s” was removed."),
        "moved": _("The step “%(step)s” was moved."),
        "title": _("The step “%(before)s” is called “%(step)s” now.")
        if change.before
        else _("A step is called “%(step)s” now."),
        "kind": _("The step “%(step)s” is of another kind now."),
        "course": _("The step “%(step)s” is about another course now."),
        "url": _("The step “%(step)s” leads to another address now."),
        "note": _("What is said of the step “%(step)s” has changed."),
        "is_optional": _("The step “%(step)s” is not optional any more."),
    }[change.aspect] % {"step": name, "before": change.before}
