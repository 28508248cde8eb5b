"""Find a person as a data subject: employments and identities, bounded by what the viewer may see of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.municipalities import find_municipality
from sidecar.core.people import Employment, Identity, Person
from sidecar.errors import NotFoundError


@dataclass(frozen=True)
class DataSubject:
    """A person, or an identity that is placed with none.

    Attributes:
        employment_ids: those the viewer may see; all where `is_whole`.
        identity_ids: those that came to a visible employment; all where `is_whole`.
        all_identity_ids: what they completed is every employer's to know.
        municipality_ids: of the visible employments.
        merged_ids: of those who turned out to be this person.
    """

    person_id: str | None
    employment_ids: tuple[str, ...]
    identity_ids: tuple[str, ...]
    all_identity_ids: tuple[str, ...]
    municipality_ids: tuple[str, ...]
    is_whole: bool
    merged_ids: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The id that the access log and the register of erasures know them by."""
        return self.person_id or self.identity_ids[0]

    @property
    def seen_as(self) -> tuple[str, ...]:
        """The ids under which they may stand in the access log: now, before they were one, or not placed."""
        return (*self.person_ids, *self.all_identity_ids)

    @property
    def person_ids(self) -> tuple[str, ...]:
        """Their own id as a person, and those of who was merged into them; none for an identity that is not placed."""
        return (*filter(None, [self.person_id]), *self.merged_ids)


def of_employment(db: Session, viewer: Viewer, employment_id: str) -> DataSubject:
    """Return the person of an employment as far as the viewer may see them.

    Raises:
        NotFoundError: there is none, or it is not theirs to see.
    """
    query = select(Employment.person_id).where(Employment.id == employment_id, may_see_employment(viewer))
    person_id = db.scalar(query)
    if person_id is None:
        raise NotFoundError(what="person", key=employment_id)
    return _of_person(db, viewer, person_id)


def of_key(db: Session, viewer: Viewer, key: str) -> DataSubject:
    """Return a person by what an operator may know of them.

    Args:
        key: the id of a person or an identity, or a municipality's key, a slash and the employee number.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    municipality, slash, number = key.partition("/")
    if slash:
        here = Employment.municipality_id == find_municipality(db, municipality).id
        query = select(Employment.id).where(here, Employment.employee_number == number)
        return of_employment(db, viewer, db.scalar(query) or key)
    if db.get(Person, key) is not None:
        return _of_person(db, viewer, key)
    identity = db.get(Identity, key)
    if identity is None or not viewer.everything:
        raise NotFoundError(what="person", key=key)
    return of_identity(db, identity.id)


def of_identity(db: Session, identity_id: str) -> DataSubject:
    """Return who an identity is, whole: for the person themself, whom nothing about them is kept from."""
    identity = db.get_one(Identity, identity_id)
    if identity.person_id is None:
        alone = (identity.id,)
        return DataSubject(None, (), alone, alone, (), is_whole=True)
    return _of_person(db, Viewer(everything=True), identity.person_id)


def _of_person(db: Session, viewer: Viewer, key: str) -> DataSubject:
    """Return a person as far as the viewer may see them; who was merged is whom they were merged into."""
    person_id = db.scalar(select(Person.merged_into_id).where(Person.id == key)) or key
    of_person = select(Employment).where(Employment.person_id == person_id).order_by(Employment.id)
    seen = db.scalars(of_person.where(may_see_employment(viewer))).all()
    if not (seen or viewer.everything):
        raise NotFoundError(what="person", key=person_id)
    is_whole = viewer.everything or len(seen) == len(db.scalars(of_person).all())
    identities = db.scalars(select(Identity).where(Identity.person_id == person_id).order_by(Identity.id)).all()
    return DataSubject(
        person_id=person_id,
        employment_ids=_ids(seen),
        identity_ids=_ids([one for one in identities if is_whole or one.employment_id in _ids(seen)]),
        all_identity_ids=_ids(identities),
        municipality_ids=tuple(sorted({one.municipality_id for one in seen})),
        is_whole=is_whole,
        merged_ids=tuple(db.scalars(select(Person.id).where(Person.merged_into_id == person_id).order_by(Person.id))),
    )


def _ids(rows: Sequence[Employment] | Sequence[Identity]) -> tuple[str, ...]:
    return tuple(row.id for row in rows)
