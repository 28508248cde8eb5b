"""Make ready for production."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "access_log",
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("viewer_id", sa.String(length=32), nullable=False),
        sa.Column("municipality_id", sa.String(length=32), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "subject_id", "day", "viewer_id", "municipality_id", "what", name=op.f("pk_access_log")
        ),
    )
    with op.batch_alter_table("access_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_log_day"), ["day"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_log_viewer_id"), ["viewer_id"], unique=False)

    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("municipality_id", sa.String(length=32), nullable=True),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_notice_municipality_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index(
            "uq_notice_code_subject_open",
            ["code", "subject"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "retention_periods",
        sa.Column("municipality_id", sa.String(length=32), nullable=False),
        sa.Column("attempts_days", sa.Integer(), nullable=True),
        sa.Column("report_files_days", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_retention_periods_municipality_id")
        ),
        sa.PrimaryKeyConstraint("municipality_id", name=op.f("pk_retention_periods")),
    )
    op.create_table(
        "mail",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("notice_id", sa.String(length=32), nullable=False),
        sa.Column("phase", sa.String(length=10), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("error_code", sa.String(length=60), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_mail_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        sa.UniqueConstraint("notice_id", "phase", "address", name=op.f("uq_mail_notice_id_phase_address")),
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["erased_by"], ["identity.id"], name=op.f("fk_erasure_erased_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.UniqueConstraint("subject_id", name=op.f("uq_erasure_subject_id")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.add_column(sa.Column("trimmed_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("files_removed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("rewritten_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("delivery_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_item_employment_id"), ["employment_id"], unique=False)

    with op.batch_alter_table("employment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("municipality", schema=None) as batch_op:
        batch_op.add_column(sa.Column("most_bytes", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("most_packages", sa.Integer(), nullable=True))

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("request_id", sa.String(length=32), nullable=True))

    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.add_column(sa.Column("platform_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_sign_in_launch_id"), ["launch_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_sign_in_platform_id"), "platform", ["platform_id"], ["id"])

    with op.batch_alter_table("signing_key", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Undo this revision."""
    with op.batch_alter_table("signing_key", schema=None) as batch_op:
        batch_op.drop_column("revoked_at")

    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_sign_in_platform_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_sign_in_launch_id"))
        batch_op.drop_column("last_seen_at")
        batch_op.drop_column("platform_id")

    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_column("erased_at")

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_column("request_id")

    with op.batch_alter_table("municipality", schema=None) as batch_op:
        batch_op.drop_column("most_packages")
        batch_op.drop_column("most_bytes")

    with op.batch_alter_table("employment", schema=None) as batch_op:
        batch_op.drop_column("erased_at")

    with op.batch_alter_table("delivery_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_item_employment_id"))

    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_column("rewritten_at")
        batch_op.drop_column("files_removed_at")

    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_column("trimmed_at")

    op.drop_table("erasure")
    op.drop_table("mail")
    op.drop_table("retention_periods")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_notice_code_subject_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.drop_table("notice")
    op.drop_table("heartbeat")
    with op.batch_alter_table("access_log", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_access_log_viewer_id"))
        batch_op.drop_index(batch_op.f("ix_access_log_day"))

    op.drop_table("access_log")
