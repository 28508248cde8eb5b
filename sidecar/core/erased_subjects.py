"""Keep which LMS users and employee numbers were erased, as hashes, so that no list of an LMS brings anybody back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy import Executable, String, bindparam, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base
from sidecar.core.one_way import hash_secret
from sidecar.core.statements import run

HASHES_A_QUERY: Final = 5_000


class ErasedSubject(Base, kw_only=True):
    """The hash of an LMS user who was erased here; it goes when they launch again, and are somebody new.

    Or of an employee number in a municipality, for good: see `sidecar.core.completion_matching`.
    """

    __tablename__ = "erased_subject"

    subject_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    erased_at: Mapped[datetime]


def remember(db: Session, platform_id: str, subject: str, now: datetime) -> None:
    """Let no roster make this user anew."""
    db.merge(ErasedSubject(subject_hash=_hash(platform_id, subject), erased_at=now))


def forget(db: Session, platform_id: str, subject: str) -> None:
    """Let rosters tell of this user again, who has come by themselves."""
    run(db, _forgetting(), subject_hash=_hash(platform_id, subject))


@cache
def _forgetting() -> Executable:
    return delete(ErasedSubject).where(ErasedSubject.subject_hash == bindparam("subject_hash"))


def list_erased(db: Session, platform_id: str, subjects: Iterable[str]) -> frozenset[str]:
    """Return those of a platform's users who were erased and have not come back."""
    hashes = {_hash(platform_id, subject): subject for subject in subjects}
    found = db.scalars(select(ErasedSubject.subject_hash).where(ErasedSubject.subject_hash.in_(hashes)))
    return frozenset(hashes[one] for one in found)


def when_erased(db: Session, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], datetime]:
    """Return when the employees were erased who had these employee numbers, each with its municipality's id."""
    hashes = {_hash(*pair): pair for pair in pairs}
    asked: Sequence[str] = list(hashes)
    found: dict[tuple[str, str], datetime] = {}
    for start in range(0, len(asked), HASHES_A_QUERY):
        for one, erased_at in run(db, _times(), hashes=asked[start : start + HASHES_A_QUERY]):
            found[hashes[one]] = erased_at
    return found


@cache
def _times() -> Executable:
    known = ErasedSubject.subject_hash.in_(bindparam("hashes", expanding=True))
    return select(ErasedSubject.subject_hash, ErasedSubject.erased_at).where(known)


def _hash(platform_id: str, subject: str) -> str:
    return hash_secret(f"{platform_id} {subject}")
