"""Find what somebody made for municipalities that goes on when they lose the role they made it by, and end it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from sidecar.core import api_tokens, contact_sign_ins, contacts
from sidecar.core.access import Viewer
from sidecar.core.api_tokens import ApiToken, may_see_token
from sidecar.core.contacts import Contact, may_see_contact
from sidecar.core.makers import has_lost_right
from sidecar.core.municipalities import Municipality
from sidecar.core.staff import Grant


@dataclass(frozen=True)
class LeftBehind:
    """What goes on, each with its municipality: tokens that hold, and contacts that have not ended."""

    tokens: Sequence[tuple[ApiToken, Municipality]]
    contacts: Sequence[tuple[Contact, Municipality]]


def find_left_behind(db: Session, viewer: Viewer, grant: Grant, now: datetime, today: date) -> LeftBehind:
    """Return what the holder of a role made, and could not make without it, as far as the viewer looks after it.

    Args:
        today: the day in Europe/Oslo.
    """
    tokens = (
        select(ApiToken, Municipality)
        .join(Municipality, Municipality.id == ApiToken.municipality_id)
        .where(ApiToken.made_by == grant.identity_id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > now)
        .where(may_see_token(viewer))
        .where(has_lost_right(ApiToken.made_by, ApiToken.municipality_id, now, without=grant.id))
    )
    added = (
        select(Contact, Municipality)
        .join(Municipality, Municipality.id == Contact.municipality_id)
        .where(Contact.created_by == grant.identity_id, or_(Contact.ends_on.is_(None), Contact.ends_on >= today))
        .where(may_see_contact(viewer))
        .where(has_lost_right(Contact.created_by, Contact.municipality_id, now, without=grant.id))
    )
    return LeftBehind(
        tokens=[(one, of) for one, of in db.execute(tokens.order_by(Municipality.name, ApiToken.name, ApiToken.id))],
        contacts=[(one, of) for one, of in db.execute(added.order_by(Municipality.name, Contact.name, Contact.id))],
    )


def end_chosen(db: Session, viewer: Viewer, left: LeftBehind, ids: Collection[str], now: datetime, today: date) -> None:
    """Take back those of the tokens, and end those of the contacts, that were chosen; what else was chosen is ignored.

    Args:
        ids: of tokens and contacts.
        today: the day in Europe/Oslo.
    """
    for token, _ in left.tokens:
        if token.id in ids:
            api_tokens.revoke(db, viewer, token.id, now)
    for contact, _ in left.contacts:
        if contact.id in ids:
            contacts.end_contact(db, viewer, contact.id, now, today)
            contact_sign_ins.end_all(db, contact.id, now)
