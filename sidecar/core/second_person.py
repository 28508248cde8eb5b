"""Say whether a second account is a second human being: what one person enters, another confirms.

Two accounts of one person, or of one e-mail address, are one. An account of which neither a person nor an address is
known may be anybody's, so it is taken for nobody's.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.evidence import Evidence
from sidecar.core.people import Identity, Person


def is_second_person(db: Session, viewer: Viewer, found: Evidence) -> bool:
    """Tell whether the viewer is known to be somebody else than who entered it and whom it is about.

    The command line stands for nobody: it does not confirm what it entered itself.
    """
    if found.entered_by == viewer.identity_id:
        return False
    both = viewer.identity_id, found.entered_by
    known = {each: _who(db, each) for each in both if each}
    if not all(known.values()):
        return False
    mine, theirs = (known.get(each or "", frozenset()) for each in both)
    about = db.get(Person, found.person_id) if found.person_id else None
    return mine.isdisjoint(theirs) and mine.isdisjoint(_of_person(about))


def list_own_people(db: Session, viewer: Viewer) -> frozenset[str]:
    """Return the ids of the people who are the viewer: their account's person, and whoever has their address."""
    known = _who(db, viewer.identity_id) if viewer.identity_id else frozenset[str]()
    named = {each.partition(":")[2] for each in known if each.startswith("email:")}
    same = select(Person.id).where(func.lower(func.trim(Person.email)).in_(named), Person.erased_at.is_(None))
    return frozenset(db.scalars(same)) | {each.partition(":")[2] for each in known if each.startswith("person:")}


def _who(db: Session, identity_id: str) -> frozenset[str]:
    """Return by what an account's human being is known: the same for two accounts of one person."""
    identity = db.get_one(Identity, identity_id)
    person = db.get(Person, identity.person_id) if identity.person_id else None
    return _of_person(person) | _addresses(identity.email)


def _of_person(person: Person | None) -> frozenset[str]:
    if person is None:
        return frozenset()
    return frozenset({f"person:{person.merged_into_id or person.id}"}) | _addresses(person.email)


def _addresses(email: str | None) -> frozenset[str]:
    address = (email or "").strip().casefold()
    return frozenset({f"email:{address}"} if address else ())
