"""Find who has signed in, bounded by what the viewer may see: to give them a role, or to ask what they may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer, may_see_employment, sees_all_spoken_for
from sidecar.core.erasures import ERASED
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.platforms import Platform
from sidecar.core.staff import LOCAL_PREFIX, Grant
from sidecar.errors import NotFoundError

MOST_FOUND = 25
"""How many a search shows; who finds more types more of the name."""


@dataclass(frozen=True)
class IdentityLine:
    """Somebody who can sign in, with what tells two of the same name apart.

    Attributes:
        name: as the LMS or the people file says, else the LMS's id of them; "" once erased.
        platform: the LMS they come from; None for who signs in by links only.
        works_at: municipality and unit of each employment that the viewer may see.
    """

    identity: Identity
    name: str
    platform: str | None
    works_at: Sequence[tuple[str, str]]

    @property
    def is_link_only(self) -> bool:
        """Tell whether they sign in by links alone."""
        return self.identity.platform_id is None

    @property
    def is_erased(self) -> bool:
        """Tell whether nothing is left of them but an id."""
        return not self.name

    @property
    def seen_as(self) -> str:
        """The id under which a look at them stands in the access log."""
        return self.identity.person_id or self.identity.id


def may_see_grant(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Grant`: roles in the municipalities and regions whose RKK the viewer is."""
    if viewer.everything:
        return true()
    return or_(Grant.municipality_id.in_(viewer.rkk_for), Grant.region_id.in_(viewer.regions))


def may_see_identity(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Identity`.

    Oneself; who is placed where the viewer sees them; who waits to be placed on an LMS all of whose municipalities the
    viewer sees; and who holds, or held, a role that the viewer may see.
    """
    if viewer.everything:
        return true()
    works = select(Employment.person_id).where(may_see_employment(viewer), Employment.erased_at.is_(None))
    return or_(
        Identity.id == viewer.identity_id,
        Identity.person_id.in_(works),
        and_(Identity.person_id.is_(None), sees_all_spoken_for(viewer, Identity.platform_id)),
        Identity.id.in_(select(Grant.identity_id).where(may_see_grant(viewer))),
    )


def search_identities(db: Session, viewer: Viewer, words: str) -> Sequence[IdentityLine]:
    """Return those the viewer may see whose name, e-mail or LMS id matches, by name; at most `MOST_FOUND`.

    Args:
        words: parts of a name, each of which must be there; or the whole e-mail address or id.
    """
    wanted = and_(true(), *(_matches(word) for word in words.split()[:10]))
    query = _lines(viewer).where(wanted, Identity.subject.not_like(f"{ERASED}-%"))
    order = func.lower(func.coalesce(Identity.name, Person.last_name, Identity.subject)), Identity.id
    return _read(db, viewer, query.order_by(*order).limit(MOST_FOUND))


def find_identity(db: Session, viewer: Viewer, identity_id: str) -> IdentityLine:
    """Return one.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    found = list_identities(db, viewer, [identity_id])
    if identity_id not in found:
        raise NotFoundError(what="identity", key=identity_id)
    return found[identity_id]


def find_subject(db: Session, viewer: Viewer, platform: str, subject: str) -> IdentityLine:
    """Return who an LMS calls by this id.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    found = _read(db, viewer, _lines(viewer).where(Platform.name == platform, Identity.subject == subject))
    if not found:
        raise NotFoundError(what="identity", key=f"{platform} {subject}")
    return found[0]


def list_identities(db: Session, viewer: Viewer, identity_ids: Iterable[str]) -> dict[str, IdentityLine]:
    """Return those of these that the viewer may see, by id."""
    found = _read(db, viewer, _lines(viewer).where(Identity.id.in_(set(identity_ids))))
    return {line.identity.id: line for line in found}


def _lines(viewer: Viewer) -> Select[Identity, str, str, str]:
    return (
        select(Identity, Platform.name, Person.first_name, Person.last_name)
        .outerjoin(Platform, Identity.platform_id == Platform.id)
        .outerjoin(Person, Identity.person_id == Person.id)
        .where(may_see_identity(viewer))
    )


def _read(db: Session, viewer: Viewer, query: Select[Identity, str, str, str]) -> Sequence[IdentityLine]:
    rows = db.execute(query).all()
    work = _employments(db, viewer, {identity.person_id for identity, *_ in rows if identity.person_id})
    return [
        IdentityLine(one, _name(one, first, last), platform, work.get(one.person_id or "", ()))
        for one, platform, first, last in rows
    ]


def _name(identity: Identity, first: str | None, last: str | None) -> str:
    if identity.name is None and identity.subject.startswith(f"{ERASED}-"):
        return ""
    return identity.name or f"{first or ''} {last or ''}".strip() or identity.subject.removeprefix(LOCAL_PREFIX)


def _employments(db: Session, viewer: Viewer, person_ids: set[str]) -> dict[str, list[tuple[str, str]]]:
    query = (
        select(Employment.person_id, Municipality.name, Employment.unit)
        .join(Municipality, Employment.municipality_id == Municipality.id)
        .where(Employment.person_id.in_(person_ids), may_see_employment(viewer), Employment.erased_at.is_(None))
        .order_by(Municipality.name, Employment.unit)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for person_id, municipality, unit in db.execute(query):
        found.setdefault(person_id, []).append((municipality, unit))
    return found


def _matches(word: str) -> ColumnElement[bool]:
    """Return the condition that a word fits; SQLite knows small and capital letters of A to Z only."""
    in_people_file = Person.first_name + " " + Person.last_name
    spelt = {word, word.lower(), word.capitalize()}
    return or_(
        *(func.lower(name).contains(word.lower(), autoescape=True) for name in (Identity.name, in_people_file)),
        *(name.contains(one, autoescape=True) for one in spelt for name in (Identity.name, in_people_file)),
        func.lower(Identity.email) == word.lower(),
        Identity.subject == word,
    )
