"""Keep the tokens by which other systems speak for a municipality: each with one scope, and an end."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import ColumnElement, ForeignKey, String, select, true, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit
from sidecar.core.access import Viewer
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.makers import has_lost_right
from sidecar.core.municipalities import Municipality
from sidecar.core.one_way import hash_secret
from sidecar.errors import InvalidInputError, NotFoundError, SidecarError

SCIM: Final = "scim"
CHANGES: Final = "changes"
SCOPES: Final = (SCIM, CHANGES)
PATHS: Final = {SCIM: "/scim/v2", CHANGES: "/api/v1/changes"}
"""What a token of each scope opens."""

PREFIX: Final = "sidecar"
"""What a token begins with, so that whoever finds one in a file knows what it opens."""

SECRET_BYTES: Final = 32
HINT_CHARACTERS: Final = 4
NAME_CHARACTERS: Final = 200
DAYS: Final = 365
MOST_DAYS: Final = 730
SEEN_EVERY: Final = timedelta(minutes=5)
"""How exactly the last use is known: to write it at every request would double the work."""

TokenState = Literal["valid", "expired", "revoked"]


class ApiTokenRefusedError(SidecarError):
    """The token is unknown, has expired or was taken back. Make a new one and give it to the system that sent this."""

    code = "api-token-refused"


class ApiToken(Base, kw_only=True):
    """A token: only its SHA-256 is kept, and its last characters, by which people tell tokens apart."""

    __tablename__ = "api_token"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"), index=True)
    scope: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True, repr=False)
    hint: Mapped[str] = mapped_column(String(8))
    made_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)

    def state_at(self, now: datetime) -> TokenState:
        """Return how it stands at a moment."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= now else "valid"


@dataclass(frozen=True)
class TokenLine:
    """A token as lists show it, with its municipality; `maker_may`: who made it may make tokens there still."""

    row: ApiToken
    state: TokenState
    municipality: Municipality
    maker_may: bool


def new_secret() -> str:
    """Make the part of a token that nobody can guess."""
    return secrets.token_urlsafe(SECRET_BYTES)


def new_token(scope: str, secret: str | None = None) -> str:
    """Make a token.

    Args:
        secret: of `new_secret`, where it was made before.
    """
    return f"{PREFIX}-{scope}-{secret or new_secret()}"


def add_token(
    db: Session,
    viewer: Viewer,
    municipality_id: str,
    *,
    scope: str,
    name: str,
    days: int,
    now: datetime,
    secret: str | None = None,
) -> tuple[ApiToken, str]:
    """Make a token for a municipality; return it with its secret, which is kept nowhere.

    Args:
        name: what it is for; staff see it.
        secret: one of `new_token` that was made before; None makes one.

    Raises:
        NotFoundError: the municipality is not the viewer's to look after.
        InvalidInputError: the scope is none of ours, the name is missing or too long, or the days are not 1 to 730.
    """
    if not may_make_for(viewer, municipality_id):
        raise NotFoundError(what="municipality", key=municipality_id)
    if scope not in SCOPES:
        raise InvalidInputError(field="scope", reason=", ".join(SCOPES))
    if not name.strip() or len(name.strip()) > NAME_CHARACTERS:
        raise InvalidInputError(field="name", reason=f"it must be 1 to {NAME_CHARACTERS} characters.")
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInputError(field="days", reason=f"it must be 1 to {MOST_DAYS}.")
    secret = secret or new_token(scope)
    token = ApiToken(
        municipality_id=municipality_id,
        scope=scope,
        name=name.strip(),
        token_hash=hash_secret(secret),
        hint=secret[-HINT_CHARACTERS:],
        made_by=viewer.identity_id,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    db.add(token)
    audit.record(db, "api_token.made", municipality_id, at=now, identity_id=viewer.identity_id, kind=scope)
    db.flush()
    return token, secret


def find_made_with(db: Session, viewer: Viewer, secret: str) -> ApiToken | None:
    """Return the token of a secret, however it stands, or None where it is not the viewer's to see."""
    return db.scalar(select(ApiToken).where(ApiToken.token_hash == hash_secret(secret), may_see_token(viewer)))


def find_token(db: Session, secret: str, *, scope: str, now: datetime) -> ApiToken:
    """Return the token that a request brought, if it opens this scope now.

    What is compared are hashes of long random secrets: how long it takes says nothing about any of them.

    Raises:
        ApiTokenRefusedError: it does not.
    """
    hashed = hash_secret(secret)
    token = db.scalar(select(ApiToken).where(ApiToken.token_hash == hashed))
    if token is None or not hmac.compare_digest(token.token_hash, hashed):
        raise ApiTokenRefusedError
    if token.scope != scope or token.state_at(now) != "valid":
        raise ApiTokenRefusedError
    return token


def is_seen_long_ago(token: ApiToken, now: datetime) -> bool:
    """Tell whether the last use of a token should be written down anew."""
    return token.last_used_at is None or now - token.last_used_at >= SEEN_EVERY


def note_use(db: Session, token_id: str, now: datetime) -> None:
    """Write down that a token was used."""
    db.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now))


def list_tokens(db: Session, viewer: Viewer, now: datetime, municipality_id: str | None = None) -> Sequence[TokenLine]:
    """Return the tokens that the viewer may see, the newest first.

    Args:
        municipality_id: of this municipality only.
    """
    is_left = has_lost_right(ApiToken.made_by, ApiToken.municipality_id, now)
    query = select(ApiToken, Municipality, is_left).join(Municipality, Municipality.id == ApiToken.municipality_id)
    if municipality_id is not None:
        query = query.where(ApiToken.municipality_id == municipality_id)
    rows = db.execute(query.where(may_see_token(viewer)).order_by(ApiToken.created_at.desc(), ApiToken.id))
    return [TokenLine(row, row.state_at(now), municipality, not left) for row, municipality, left in rows]


def find_visible(db: Session, viewer: Viewer, token_id: str) -> ApiToken:
    """Return a token that the viewer may see and take back.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    found = db.scalar(select(ApiToken).where(ApiToken.id == token_id, may_see_token(viewer)))
    if found is None:
        raise NotFoundError(what="token", key=token_id)
    return found


def revoke(db: Session, viewer: Viewer, token_id: str, now: datetime) -> ApiToken:
    """Take a token back; one that was taken back before stays as it is.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    token = find_visible(db, viewer, token_id)
    if token.revoked_at is None:
        token.revoked_at = now
        about = token.municipality_id
        audit.record(db, "api_token.revoked", about, at=now, identity_id=viewer.identity_id, kind=token.scope)
        db.flush()
    return token


def may_make_for(viewer: Viewer, municipality_id: str) -> bool:
    """Tell whether the viewer may give out tokens of a municipality: its RKK, and operators."""
    return viewer.everything or municipality_id in viewer.rkk_for


def may_see_token(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `ApiToken` that bounds a query to those of municipalities the viewer looks after."""
    return true() if viewer.everything else ApiToken.municipality_id.in_(viewer.rkk_for)
