"""Say in the visitor's language what kind of course one is, where courses of several kinds stand together."""

from __future__ import annotations

from sidecar.core.courses import GATHERING, LINK, PATH, TASK
from sidecar.web.rendering import gettext as _


def shown_title(title: str, kind: str) -> str:
    """Return what a list calls a course; a learning path, and the steps that belong to one, are told apart.

    Args:
        kind: as `sidecar.core.courses.Course` has it.
    """
    name = {
        PATH: _("learning path"),
        TASK: _("task"),
        GATHERING: _("gathering"),
        LINK: _("link"),
    }.get(kind)
    return f"{title} ({name})" if name else title
