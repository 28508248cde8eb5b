"""Admit or refuse every request: who asks, and for whom an endpoint is."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeVar

from flask import Flask, Response, abort, current_app, g, request
from sqlalchemy.orm import Session
from structlog.contextvars import bind_contextvars
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from sidecar.core import api_tokens, contact_sign_ins, deep_links, previews, sign_ins
from sidecar.core.access import Viewer, viewer_of
from sidecar.core.api_tokens import ApiToken
from sidecar.core.contact_sign_ins import SignedInContact
from sidecar.core.deep_links import DeepLinkRequest
from sidecar.core.launches import Launch
from sidecar.core.people import Identity
from sidecar.core.previews import Preview
from sidecar.core.staff import ROLES
from sidecar.errors import NotAllowedError
from sidecar.language import choose
from sidecar.runtime import Sidecar
from sidecar.web import callers, limits
from sidecar.web.cookies import give_cookie, take_cookie_back
from sidecar.web.headers import frame_ancestors

LANGUAGE_COOKIE = "sidecar-language"
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"
CARRIED_FIELD = "launch_secret"
SAFE = ("GET", "HEAD", "OPTIONS")
KIB = 1024
BODY_BYTES = 256 * KIB
FORM_MEMORY_BYTES = 8 * KIB * KIB
TOKEN_AGE_S = 1800
TOKENS = {"attempt": "attempt", "preview-token": "preview"}
"""Audience of a bearer token → the claim that names its attempt or preview."""

API_SCOPES = {"scim": api_tokens.SCIM, "changes": api_tokens.CHANGES}
"""Audience of other systems → the scope that their token must have."""

CONTACT = "reports"
"""Audience of the contacts of municipalities, who have no account; staff may hold the role "contact" instead."""

PLACES = {"public", "platform", "launch", "picker", "preview", "staff", CONTACT, *callers.KINDS}
AUDIENCES = frozenset({*PLACES, *TOKENS, *API_SCOPES, *ROLES})
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Visitor:
    """Who asks.

    Attributes:
        viewer: what they may see; nobody's people when not signed in.
        identity: None when not signed in.
        language: nb, nn or en.
        csrf_token: what every form must send back; "" when not signed in.
        launch: the launch a page of the audience `launch` belongs to.
        claims: of the bearer token of the audience `attempt`: `attempt` and `launch`; of `preview-token`: `preview`.
        sign_in: what the cookie stands for; None when not signed in.
        picker: the picker a page of the audience `picker` belongs to.
        preview: the preview a page of the audience `preview` belongs to.
        token: by which another system speaks for a municipality, of an audience of `API_SCOPES`.
        contact: whose reports a page of the audience `reports` shows.
        carried: the secret of a launch whose browser keeps no cookie: each form of its pages sends it; "" otherwise.
    """

    viewer: Viewer = field(default_factory=Viewer)
    identity: Identity | None = None
    language: str = "nb"
    csrf_token: str = ""
    launch: Launch | None = None
    claims: Mapping[str, str] = field(default_factory=dict)
    sign_in: sign_ins.SignIn | None = None
    picker: DeepLinkRequest | None = None
    preview: Preview | None = None
    token: ApiToken | None = None
    contact: SignedInContact | None = None
    carried: str = field(default="", repr=False)

    @property
    def identity_id(self) -> str:
        """The id of the signed-in identity.

        Raises:
            NotSignedInError: nobody is.
        """
        if self.identity is None:
            raise sign_ins.NotSignedInError
        return self.identity.id


def audience(*who: str, body_bytes: int | None = BODY_BYTES) -> Callable[[View], View]:
    """Say at its registration for whom an endpoint is.

    Args:
        who: `public`; `platform` (cross-site by design: LTI login and launch); `launch` (the cookie of the launch
            in the path's `launch_id`); `picker`, `preview` (likewise, of its `picker_id`, `preview_id`); `attempt`,
            `preview-token` (a bearer token for its `attempt_id`, `preview_id`); `reports` (a contact's cookie); `scim`
            (another system's token with that scope, of one municipality); `exchange`, `invited` (another region);
            `staff` (any granted role); or granted roles, one of which is enough.
        body_bytes: the largest request body it takes; None is as large as a package may be.
    """
    unknown = set(who) - AUDIENCES
    if unknown or not who:
        raise ValueError(f"not an audience: {sorted(unknown)}")

    def mark(view: View) -> View:
        view.audience = frozenset(who)  # type: ignore[attr-defined]  # read by admit and the access table's test
        view.body_bytes = body_bytes  # type: ignore[attr-defined]
        return view

    return mark


def sidecar() -> Sidecar:
    """Return the Sidecar of the current application."""
    found: Sidecar = current_app.extensions["sidecar"]
    return found


def current() -> Visitor:
    """Return who asks."""
    visitor: Visitor = g.get("visitor") or Visitor()
    return visitor


def launch_cookie(launch_id: str) -> str:
    """Return the name of the cookie of a launch."""
    return own_cookie(f"play-{launch_id[:8]}")


def picker_cookie(picker_id: str) -> str:
    """Return the name of the cookie of a picker."""
    return own_cookie(f"pick-{picker_id[:8]}")


def contact_cookie() -> str:
    """Return the name of the cookie of a contact's sign-in."""
    return own_cookie("sidecar-reports")


def preview_cookie(preview_id: str) -> str:
    """Return the name of the cookie of a preview."""
    return own_cookie(f"preview-{preview_id[:8]}")


def is_preview_cookie(name: str) -> bool:
    """Tell whether a cookie has the name of a preview's."""
    return re.fullmatch(re.escape(own_cookie("preview-")) + "[0-9a-f]{8}", name) is not None


def refuse_undeclared(app: Flask) -> None:
    """Fail at the start where an endpoint doesn't say for whom it is."""
    undeclared = [name for name, view in app.view_functions.items() if not hasattr(view, "audience")]
    if undeclared:
        raise RuntimeError(f"endpoints without an audience: {undeclared}")


def admit() -> None:
    """Find out who asks, then let the request in or refuse it (runs before every request)."""
    view = current_app.view_functions.get(request.endpoint or "")
    who: frozenset[str] = getattr(view, "audience", frozenset({"public"}))
    body_bytes: int | None = getattr(view, "body_bytes", BODY_BYTES)
    request.max_content_length = sidecar().settings.package_bytes if body_bytes is None else body_bytes
    request.max_form_memory_size = min(request.max_content_length, FORM_MEMORY_BYTES)
    g.visitor = Visitor(language=_language(None, None))
    if request.endpoint == "assets.static_file":
        return
    g.ancestors = frame_ancestors(sidecar())
    callers.identify(sidecar(), who)
    g.visitor = _identify(who)
    _name_launch(g.visitor)
    if request.method not in SAFE:
        _refuse_forged(who)


def _name_launch(visitor: Visitor) -> None:
    """Let every line of the log about this request say to which launch it belongs."""
    launch_id = visitor.launch.id if visitor.launch else visitor.claims.get("launch")
    if launch_id:
        bind_contextvars(launch=launch_id)


def csrf_token(secret: str) -> str:
    """Return the token that forms of a sign-in must send back."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def staff_cookie() -> str:
    """Return the name of the cookie of a staff sign-in."""
    return own_cookie("sidecar-staff")


def own_cookie(name: str) -> str:
    """Return the full name of a cookie that says who somebody is; its path must be "/".

    Under https its prefix keeps other hosts of our domain, packages' hosts among them, from planting one here.
    Source: RFC 6265bis §4.1.3.2.
    """
    return f"__Host-{name}" if sidecar().settings.public_url.startswith("https:") else name


def sign_in_response(response: Response, secret: str, *, embedded: bool) -> Response:
    """Set the cookie of a staff sign-in on a response.

    Args:
        secret: from `core.sign_ins.start`.
        embedded: staff pages opened inside an LMS's frame: the cookie must be sent there, and only below that
            LMS (Partitioned); one from a link is for our own tab and goes nowhere else (Lax).
    """
    give_cookie(response, staff_cookie(), secret, lasts=timedelta(hours=sign_ins.STAFF_HOURS), embedded=embedded)
    return response


def sign_out_response(response: Response) -> Response:
    """Take the cookie of a staff sign-in back, in a frame and in a tab."""
    for embedded in (False, True):
        take_cookie_back(response, staff_cookie(), embedded=embedded)
    return response


def bearer_token() -> str:
    """Return the bearer token of the header, or of the JSON body where a beacon can't send headers."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip()
    try:
        body = request.get_json(force=True, silent=True)
    except RecursionError:
        return ""
    found = body.get("token") if isinstance(body, dict) else None
    return found if isinstance(found, str) else ""


def _identify(who: frozenset[str]) -> Visitor:
    if who & {"platform", *callers.KINDS}:
        return current()
    for kind, claim in TOKENS.items():
        if who == {kind}:
            return _visitor_of_token(claim)
    for audience_of_system, scope in API_SCOPES.items():
        if who == {audience_of_system}:
            return _visitor_of_system(scope)
    with sidecar().reading() as db:
        if who == {"launch"}:
            return _visitor_of_launch(db, str((request.view_args or {}).get("launch_id", "")))
        if who == {"picker"}:
            return _visitor_of_picker(db, str((request.view_args or {}).get("picker_id", "")))
        if who == {"preview"}:
            return _visitor_of_preview(db, str((request.view_args or {}).get("preview_id", "")))
        if who == {CONTACT}:
            return _visitor_of_contact(db)
        visitor = _visitor_of_staff(db, required="public" not in who)
    _require_role(who, visitor.viewer)
    return visitor


def _visitor_of_token(claim: str) -> Visitor:
    secrets, now = sidecar().secrets, sidecar().now()
    claims = secrets.read_token(bearer_token(), now, max_age_s=TOKEN_AGE_S)
    if claims.get(claim) != (request.view_args or {}).get(f"{claim}_id"):
        raise NotAllowedError
    return Visitor(language=_language(None, None), claims=claims)


def _visitor_of_system(scope: str) -> Visitor:
    """Return which system asks; who tries tokens is soon not listened to any more."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    try:
        with sidecar().reading() as db:
            sent = secret.strip() if kind.lower() == "bearer" else ""
            token = api_tokens.find_token(db, sent, scope=scope, now=sidecar().now())
            db.expunge_all()
    except api_tokens.ApiTokenRefusedError:
        limits.refuse_beyond_of_address(limits.FAILED_TOKENS)
        raise
    return Visitor(language=_language(None, None), token=token)


def _visitor_of_launch(db: Session, launch_id: str) -> Visitor:
    kept, carried = _kept_or_carried(launch_cookie(launch_id))
    sign_in = sign_ins.find(db, kept or carried, sidecar().now())
    if sign_in.launch_id != launch_id:
        raise sign_ins.NotSignedInError
    return replace(_visitor(db, sign_in, kept or carried), carried=carried)


def _kept_or_carried(cookie: str) -> tuple[str, str]:
    """Return the secret of a cookie, and that of the form which stands for it where the browser keeps none."""
    kept = request.cookies.get(cookie, "")
    return kept, "" if kept else request.form.get(CARRIED_FIELD, "")


def _visitor_of_picker(db: Session, picker_id: str) -> Visitor:
    """Return who chooses courses for an LMS; whatever else they may do here, the picker gives them no people."""
    kept, carried = _kept_or_carried(picker_cookie(picker_id))
    picker = deep_links.find_picker(db, picker_id, kept or carried, sidecar().now())
    db.expunge_all()
    language = choose([request.cookies.get(LANGUAGE_COOKIE), picker.language])
    return Visitor(language=language, csrf_token=csrf_token(kept or carried), picker=picker, carried=carried)


def _visitor_of_preview(db: Session, preview_id: str) -> Visitor:
    """Return who plays a preview; it is good for its own pages alone.

    Raises:
        PreviewEndedError: also for a browser that has another one: the cookie of one that ended is taken back then.
        NotSignedInError: the browser has none at all.
    """
    secret = request.cookies.get(preview_cookie(preview_id), "")
    if not secret and any(map(is_preview_cookie, request.cookies)):
        raise previews.PreviewEndedError
    preview = previews.find(db, preview_id, secret, sidecar().now())
    db.expunge_all()
    language = choose([request.cookies.get(LANGUAGE_COOKIE), preview.language])
    return Visitor(language=language, csrf_token=csrf_token(secret), preview=preview)


def _visitor_of_contact(db: Session) -> Visitor:
    """Return which contact asks; they see the reports of their municipalities, whatever else this browser may."""
    secret = request.cookies.get(contact_cookie(), "")
    contact = contact_sign_ins.find(db, secret, sidecar().now(), sidecar().today())
    language = choose([request.cookies.get(LANGUAGE_COOKIE), contact.language])
    return Visitor(viewer=contact.viewer, language=language, csrf_token=csrf_token(secret), contact=contact)


def _visitor_of_staff(db: Session, *, required: bool) -> Visitor:
    secret = request.cookies.get(staff_cookie(), "")
    try:
        sign_in = sign_ins.find(db, secret, sidecar().now())
    except sign_ins.NotSignedInError:
        if required:
            raise
        return Visitor(language=_language(None, None))
    if sign_in.launch_id is not None:
        raise NotAllowedError
    return _visitor(db, sign_in, secret)


def _visitor(db: Session, sign_in: sign_ins.SignIn, secret: str) -> Visitor:
    identity = db.get_one(Identity, sign_in.identity_id)
    launch = db.get(Launch, sign_in.launch_id) if sign_in.launch_id else None
    viewer = viewer_of(db, identity.id, now=sidecar().now(), today=sidecar().today())
    visitor = Visitor(
        viewer=viewer,
        identity=identity,
        language=_language(identity, launch),
        csrf_token=csrf_token(secret),
        launch=launch,
        sign_in=sign_in,
    )
    db.expunge_all()
    return visitor


def _require_role(who: frozenset[str], viewer: Viewer) -> None:
    wanted = frozenset(ROLES) if "staff" in who else who
    if "public" not in who and not viewer.is_one_of(*wanted):
        raise NotAllowedError


def _language(identity: Identity | None, launch: Launch | None) -> str:
    chosen = [request.cookies.get(LANGUAGE_COOKIE), identity.language if identity else None]
    wishes = _read_languages(request.headers.get("Accept-Language", ""))
    return choose([*chosen, launch.language if launch else None, *wishes])


@lru_cache(maxsize=500)
def _read_languages(header: str) -> tuple[str, ...]:
    """Return the languages that a browser asks for, the strongest wish first; browsers say few different things."""
    return tuple(parse_accept_header(header, LanguageAccept).values())


def _refuse_forged(who: frozenset[str]) -> None:
    """Refuse a request that another site's page made this browser send; what leads nowhere does nothing anyway."""
    if who & {"platform", *callers.KINDS, *TOKENS, *API_SCOPES} or request.endpoint is None:
        return
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    own = sidecar().settings.public_url
    if (site or "same-origin") != "same-origin" or (origin or own) != own or not (origin or site):
        abort(403)
    if "public" in who:
        return
    sent = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
    if not hmac.compare_digest(sent.encode(), current().csrf_token.encode()):
        abort(403)
