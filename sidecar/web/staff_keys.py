"""Show operators our own signing keys, and let them rotate and revoke."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar import tool
from sidecar.core import grades, platforms, signing_keys
from sidecar.core.signing_keys import OVERLAP, STAYS_PUBLISHED, SigningKey
from sidecar.errors import SidecarError
from sidecar.web.access import audience, current, sidecar

REASON_CHARACTERS: Final = 200

blueprint = Blueprint("staff_keys", __name__)


class ReasonMissingError(SidecarError):
    """Say why, in a few words. It stands in the audit trail."""

    code = "reason-missing"


@blueprint.get("/staff/keys")
@audience("operator")
def show() -> str:
    """List the keys, with what each state means and when the next rotation is due."""
    return _page()


@blueprint.post("/staff/keys/rotate")
@audience("operator")
def rotate() -> Response | tuple[str, int]:
    """Let the next key sign; where that is too soon, say so and offer to hurry with a reason."""
    in_a_hurry = "hurry" in request.form
    try:
        hurry = _reason() if in_a_hurry else ""
        tool.rotate_keys(sidecar(), hurry=hurry, by=current().identity_id)
    except (tool.KeyTooYoungError, ReasonMissingError) as error:
        return _page(error), 400
    return redirect("/staff/keys", 303)


@blueprint.get("/staff/keys/<kid>/revoke")
@audience("operator")
def ask(kid: str) -> str:
    """Say what revoking a key affects, and ask why."""
    return _confirmation(kid)


@blueprint.post("/staff/keys/<kid>/revoke")
@audience("operator")
def revoke(kid: str) -> Response | tuple[str, int]:
    """Publish a key no longer."""
    try:
        tool.revoke_key(sidecar(), kid, reason=_reason(), by=current().identity_id)
    except ReasonMissingError as error:
        return _confirmation(kid, error), 400
    return redirect("/staff/keys", 303)


def _reason() -> str:
    reason = " ".join(request.form.get("reason", "").split())[:REASON_CHARACTERS]
    if not reason:
        raise ReasonMissingError
    return reason


def _page(problem: SidecarError | None = None) -> str:
    here = sidecar()
    with here.reading() as db:
        keys = signing_keys.list_keys(db)
        following = signing_keys.next_key(db)
        return render_template(
            "staff/keys.html",
            keys=keys,
            state_of=_state_of,
            age_of=_age_of,
            gone_at=_gone_at,
            due=tool.rotation_due(here),
            key_days=here.settings.key_days,
            ready_at=following.created_at + OVERLAP if following else None,
            is_young=following is not None and here.now() < following.created_at + OVERLAP,
            overlap_days=OVERLAP.days,
            published_days=STAYS_PUBLISHED.days,
            problem=problem,
            limit=REASON_CHARACTERS,
        )


def _confirmation(kid: str, problem: SidecarError | None = None) -> str:
    with sidecar().reading() as db:
        key = signing_keys.find_key(db, kid)
        following = signing_keys.next_key(db)
        return render_template(
            "staff/key_revoke.html",
            key=key,
            state=_state_of(key),
            is_young=following is not None and sidecar().now() < following.created_at + OVERLAP,
            platforms=platforms.count_active(db),
            grades=grades.count_waiting(db),
            problem=problem,
            limit=REASON_CHARACTERS,
        )


def _state_of(key: SigningKey) -> str:
    """Return a key's state as people see it: one that is revoked, or published no more, is told apart."""
    if key.revoked_at is not None:
        return "revoked"
    gone_at = _gone_at(key)
    return "gone" if gone_at and gone_at <= sidecar().now() else key.state


def _age_of(key: SigningKey) -> timedelta:
    return sidecar().now() - key.created_at


def _gone_at(key: SigningKey) -> datetime | None:
    return key.retired_at + STAYS_PUBLISHED if key.retired_at else None
