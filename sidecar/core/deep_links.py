"""Keep the choices of courses that an LMS asked a teacher to make (Deep Linking 2.0), while they are open."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ForeignKey, String, Text, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.one_way import hash_secret
from sidecar.core.platforms import Platform, is_active
from sidecar.core.sign_ins import NotSignedInError
from sidecar.errors import SidecarError

OPEN_FOR: Final = timedelta(hours=4)
KEPT: Final = timedelta(days=1)
"""How long after its end: a picker that is used late is told so."""

ANSWER_LASTS: Final = timedelta(minutes=4)
"""How long an answer is given out again, for a second press of the button; the token itself lives a minute more."""

SECRET_BYTES: Final = 32


class PickerExpiredError(SidecarError):
    """It is over four hours since your LMS asked for courses. Close this, and choose content in the LMS once more."""

    code = "picker-expired"


class PickerAnsweredError(SidecarError):
    """The courses have been sent to your LMS. If you don't see them there, choose content in the LMS once more."""

    code = "picker-answered"


class DeepLinkRequest(Base, kw_only=True):
    """A picker that is open in an LMS's dialog.

    `settings`: what the LMS takes: `targets`, `multiple`, `line_items` (None where it does not say), `links` to other
    sites. `data`: JSON that goes back as it came. `secret_hash`: of the cookie that it belongs to. `answer`: the signed
    token that was given to the browser, so that a second answer is the first one.

    Source: LTI Deep Linking 2.0 §4.4.1.
    """

    __tablename__ = "deep_link_request"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    platform_id: Mapped[Id] = mapped_column(ForeignKey("platform.id"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True, repr=False)
    return_url: Mapped[str] = mapped_column(Text, repr=False)
    data: Mapped[str | None] = mapped_column(Text, default=None, repr=False)
    settings: Mapped[JsonValue] = mapped_column(default_factory=dict)
    context_id: Mapped[str | None] = mapped_column(String(255), default=None)
    language: Mapped[str] = mapped_column(String(2), default="nb")
    asked_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None] = mapped_column(default=None)
    answer: Mapped[str | None] = mapped_column(Text, default=None, repr=False)


def new_secret() -> str:
    """Return the secret of a new picker, which only the browser keeps."""
    return secrets.token_urlsafe(SECRET_BYTES)


def find_picker(db: Session, picker_id: str, secret: str, now: datetime) -> DeepLinkRequest:
    """Return the picker that a cookie belongs to.

    Raises:
        NotSignedInError: it belongs to none, or the LMS may not use us any more.
        PickerExpiredError: it was opened too long ago.
    """
    picker = find_open_picker(db, picker_id, now)
    if not hmac.compare_digest(picker.secret_hash, hash_secret(secret)):
        raise NotSignedInError
    return picker


def find_open_picker(db: Session, picker_id: str, now: datetime) -> DeepLinkRequest:
    """Return a picker for whoever has shown otherwise that it is theirs.

    Raises:
        NotSignedInError, PickerExpiredError: as `find_picker`.
    """
    query = select(DeepLinkRequest).join(Platform, Platform.id == DeepLinkRequest.platform_id)
    picker = db.scalar(query.where(DeepLinkRequest.id == picker_id, is_active()))
    if picker is None:
        raise NotSignedInError
    if picker.expires_at <= now:
        raise PickerExpiredError
    return picker


def settle(db: Session, picker_id: str, token: str, now: datetime) -> str:
    """Answer a request; of two answers the first counts.

    Args:
        token: the signed answer.

    Returns:
        The token that the browser shall bring to the LMS: this one, or the first answer's.

    Raises:
        PickerAnsweredError: the first answer was given too long ago for the LMS to take it.
    """
    claim = update(DeepLinkRequest).where(DeepLinkRequest.id == picker_id, DeepLinkRequest.answered_at.is_(None))
    if db.scalar(claim.values(answered_at=now, answer=token).returning(DeepLinkRequest.id)) is not None:
        return token
    recent = DeepLinkRequest.id == picker_id, DeepLinkRequest.answered_at > now - ANSWER_LASTS
    answer = db.scalar(select(DeepLinkRequest.answer).where(*recent))
    if answer is None:
        raise PickerAnsweredError
    return answer
