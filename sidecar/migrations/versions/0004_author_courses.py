"""Author courses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "preview",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("identity_id", sa.String(length=32), nullable=True),
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("session", sa.String(length=64), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("last_part", sa.String(length=255), nullable=True),
        sa.Column("pieces", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_preview_identity_id")),
        sa.ForeignKeyConstraint(["version_id"], ["course_version.id"], name=op.f("fk_preview_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preview")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_preview_secret_hash")),
    )
    with op.batch_alter_table("preview", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_preview_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index("ix_preview_identity_id_created_at", ["identity_id", "created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_preview_version_id"), ["version_id"], unique=False)

    op.create_table(
        "course_link",
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("url_digest", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("page", sa.String(length=4000), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["version_id"], ["course_version.id"], name=op.f("fk_course_link_version_id")),
        sa.PrimaryKeyConstraint("version_id", "url_digest", name=op.f("pk_course_link")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.add_column(sa.Column("starts_over", sa.Boolean(), server_default="0", nullable=False))

    with op.batch_alter_table("course", schema=None) as batch_op:
        batch_op.add_column(sa.Column("subject", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("audience", sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column("licence", sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column("owner", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("duration_minutes", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("review_by", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("statutory_basis", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("course_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state", sa.String(length=10), server_default="published", nullable=False))
        batch_op.add_column(sa.Column("title", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("note", sa.String(length=1000), nullable=True))
        batch_op.add_column(sa.Column("reply", sa.String(length=1000), nullable=True))
        batch_op.add_column(sa.Column("changes", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("publishing", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("published_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("is_own_review", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("accessibility", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("links_checked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("links_count", sa.Integer(), nullable=True))

    # SQLite would make a table anew for a constraint of its own, and others refer to these two
    for table, column in (("course", "retired_by"), ("course_version", "sent_by"), ("course_version", "published_by")):
        identity = sa.ForeignKey("identity.id", name=op.f(f"fk_{table}_{column}"))
        op.add_column(table, sa.Column(column, sa.String(length=32), identity, nullable=True), inline_references=True)


def downgrade() -> None:
    """Undo this revision."""
    op.drop_table("preview")
    with op.batch_alter_table("course_version", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_course_version_published_by"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_course_version_sent_by"), type_="foreignkey")
        batch_op.drop_column("links_count")
        batch_op.drop_column("links_checked_at")
        batch_op.drop_column("accessibility")
        batch_op.drop_column("is_own_review")
        batch_op.drop_column("published_at")
        batch_op.drop_column("publishing")
        batch_op.drop_column("published_by")
        batch_op.drop_column("sent_at")
        batch_op.drop_column("sent_by")
        batch_op.drop_column("changes")
        batch_op.drop_column("reply")
        batch_op.drop_column("note")
        batch_op.drop_column("title")
        batch_op.drop_column("state")

    with op.batch_alter_table("course", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_course_retired_by"), type_="foreignkey")
        batch_op.drop_column("retired_by")
        batch_op.drop_column("retired_at")
        batch_op.drop_column("statutory_basis")
        batch_op.drop_column("review_by")
        batch_op.drop_column("duration_minutes")
        batch_op.drop_column("owner")
        batch_op.drop_column("licence")
        batch_op.drop_column("audience")
        batch_op.drop_column("subject")

    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_column("starts_over")

    op.drop_table("course_link")
