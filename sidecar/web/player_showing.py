"""Show the player, to a learner or in a preview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g, render_template

from sidecar.core.commits import AttemptFinishedError, OutOfOrderError
from sidecar.language import say
from sidecar.web.access import current
from sidecar.web.player_page import list_contents
from sidecar.web.rendering import gettext as _


def show_player(data: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """Show the page; it may frame the course's own origin, and no other.

    Args:
        data: what its script needs.
        manifest: of the version that plays.
    """
    g.framed = data["contentOrigin"]
    contents = list_contents(manifest)
    facts = {"title": manifest["title"], "pages": data["playUrl"], "is_review": data["isReview"]}
    return render_template("player/player.html", data=data, contents=contents, **facts)


def saving_texts() -> dict[str, str]:
    """Return what the page's script may have to say about saving."""
    return {
        "saved": _("Saved"),
        "saving": _("Saving…"),
        "unsaved": _("Not saved yet"),
        "stay": _("The last things you did are not saved yet. Keep this page open; it tries again by itself."),
        **{error.code: say(error, current().language) for error in (OutOfOrderError(), AttemptFinishedError())},
    }
