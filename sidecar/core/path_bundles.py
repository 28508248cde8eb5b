"""Keep what a version of a learning path was when it was first shared: its bundle is the same ever after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ForeignKey, String, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.courses import SIZE
from sidecar.core.db import Base, Key
from sidecar.core.statements import insert_if_new


class PathBundle(Base, kw_only=True):
    """What a version of a path holds in its bundle; `digest`: of `bundle.json`, which lies in the storage under it."""

    __tablename__ = "path_bundle"

    version_id: Mapped[Key] = mapped_column(ForeignKey("learning_path_version.id"))
    digest: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]


class PathBundlePart(Base, kw_only=True):
    """A content that a bundle takes, `bundle.json` among them; its bytes lie in the storage under their SHA-256."""

    __tablename__ = "path_bundle_part"

    version_id: Mapped[Key] = mapped_column(ForeignKey("path_bundle.version_id"))
    digest: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    size_bytes: Mapped[int] = mapped_column(SIZE)


def find_bundle(db: Session, version_id: str) -> PathBundle | None:
    """Return the bundle of a version of a path; None where it was never shared."""
    return db.get(PathBundle, version_id)


def add_bundle(db: Session, version_id: str, digest: str, parts: Mapping[str, int], now: datetime) -> str:
    """Keep a bundle for good; return its digest: of two at the same time the first one's.

    Args:
        parts: the size in bytes of all that it takes, `bundle.json` too, by SHA-256.
    """
    if insert_if_new(db, PathBundle(version_id=version_id, digest=digest, made_at=now), unique=("version_id",)):
        rows = [{"version_id": version_id, "digest": one, "size_bytes": size} for one, size in parts.items()]
        db.execute(insert(PathBundlePart), rows)
    return db.scalars(select(PathBundle.digest).where(PathBundle.version_id == version_id)).one()
