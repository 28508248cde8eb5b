"""Keep which LMS users were erased, as hashes, so that no roster brings back who has not come back by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache

from sqlalchemy import Executable, String, bindparam, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base
from sidecar.core.one_way import hash_secret
from sidecar.core.statements import run


class ErasedSubject(Base, kw_only=True):
    """The hash of an LMS user who was erased here; it goes when they launch again, and are somebody new."""

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


def _hash(platform_id: str, subject: str) -> str:
    return hash_secret(f"{platform_id} {subject}")
