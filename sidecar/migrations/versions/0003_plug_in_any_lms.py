"""Plug in any LMS."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "roster",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("platform_id", sa.String(length=32), nullable=False),
        sa.Column("deployment_id", sa.String(length=255), nullable=False),
        sa.Column("context_id", sa.String(length=255), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=True),
        sa.Column("memberships_url", sa.Text(), nullable=False),
        sa.Column("differences_url", sa.Text(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("whole_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["platform_id"], ["platform.id"], name=op.f("fk_roster_platform_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster")),
        sa.UniqueConstraint(
            "platform_id", "deployment_id", "context_id", name=op.f("uq_roster_platform_id_deployment_id_context_id")
        ),
    )
    with op.batch_alter_table("roster", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roster_tried_at"), ["tried_at"], unique=False)

    op.create_table(
        "deep_link_request",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("platform_id", sa.String(length=32), nullable=False),
        sa.Column("deployment_id", sa.String(length=255), nullable=False),
        sa.Column("identity_id", sa.String(length=32), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("return_url", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("context_id", sa.String(length=255), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_deep_link_request_identity_id")),
        sa.ForeignKeyConstraint(["platform_id"], ["platform.id"], name=op.f("fk_deep_link_request_platform_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deep_link_request")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_deep_link_request_secret_hash")),
    )
    with op.batch_alter_table("deep_link_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deep_link_request_asked_at"), ["asked_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_deep_link_request_identity_id"), ["identity_id"], unique=False)

    op.create_table(
        "platform_check",
        sa.Column("platform_id", sa.String(length=32), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_by", sa.String(length=32), nullable=True),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["checked_by"], ["identity.id"], name=op.f("fk_platform_check_checked_by")),
        sa.ForeignKeyConstraint(["platform_id"], ["platform.id"], name=op.f("fk_platform_check_platform_id")),
        sa.PrimaryKeyConstraint("platform_id", name=op.f("pk_platform_check")),
    )
    op.create_table(
        "platform_invitation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("region_id", sa.String(length=32), nullable=True),
        sa.Column("renews_id", sa.String(length=32), nullable=True),
        sa.Column("made_by", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("platform_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["identity.id"], name=op.f("fk_platform_invitation_made_by")),
        sa.ForeignKeyConstraint(["platform_id"], ["platform.id"], name=op.f("fk_platform_invitation_platform_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_platform_invitation_region_id")),
        sa.ForeignKeyConstraint(["renews_id"], ["platform.id"], name=op.f("fk_platform_invitation_renews_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_invitation")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_platform_invitation_secret_hash")),
    )
    op.create_table(
        "roster_member",
        sa.Column("roster_id", sa.String(length=32), nullable=False),
        sa.Column("identity_id", sa.String(length=32), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_roster_member_identity_id")),
        sa.ForeignKeyConstraint(["roster_id"], ["roster.id"], name=op.f("fk_roster_member_roster_id")),
        sa.PrimaryKeyConstraint("roster_id", "identity_id", name=op.f("pk_roster_member")),
    )
    with op.batch_alter_table("roster_member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roster_member_identity_id"), ["identity_id"], unique=False)

    op.create_table(
        "made_line_item",
        sa.Column("platform_id", sa.String(length=32), nullable=False),
        sa.Column("deployment_id", sa.String(length=255), nullable=False),
        sa.Column("resource_link_id", sa.String(length=255), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_made_line_item_course_id")),
        sa.ForeignKeyConstraint(["platform_id"], ["platform.id"], name=op.f("fk_made_line_item_platform_id")),
        sa.PrimaryKeyConstraint(
            "platform_id", "deployment_id", "resource_link_id", "course_id", name=op.f("pk_made_line_item")
        ),
    )
    op.create_table(
        "erased_subject",
        sa.Column("subject_hash", sa.String(length=64), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject_hash", name=op.f("pk_erased_subject")),
    )
    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_only_listed", sa.Boolean(), server_default="0", nullable=False))

    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index("ix_audit_entry_identity_id_at", ["identity_id", "at"], unique=False)
        batch_op.create_index("ix_audit_entry_action_at", ["action", "at"], unique=False)
        batch_op.create_index("ix_audit_entry_subject_at", ["subject", "at"], unique=False)

    with op.batch_alter_table("course", schema=None) as batch_op:
        batch_op.add_column(sa.Column("summary", sa.String(length=1000), nullable=True))

    with op.batch_alter_table("failed_launch", schema=None) as batch_op:
        batch_op.add_column(sa.Column("claims", sa.JSON(), nullable=True))

    with op.batch_alter_table("launch", schema=None) as batch_op:
        batch_op.add_column(sa.Column("lineitems_url", sa.Text(), nullable=True))
        batch_op.create_index("ix_launch_platform_id_launched_at", ["platform_id", "launched_at"], unique=False)

    with op.batch_alter_table("login_record", schema=None) as batch_op:
        batch_op.add_column(sa.Column("storage_target", sa.String(length=255), nullable=True))

    with op.batch_alter_table("platform", schema=None) as batch_op:
        batch_op.add_column(sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("is_pending", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("proposal", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("makes_line_items", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("product", sa.String(length=60), nullable=True))
        batch_op.add_column(sa.Column("frame_origins", sa.JSON(), server_default="[]", nullable=False))
    op.add_column(
        "platform",
        sa.Column(
            "region_id",
            sa.String(length=32),
            sa.ForeignKey("region.id", name=op.f("fk_platform_region_id")),
            nullable=True,
        ),
        inline_references=True,  # SQLite would make the table anew for a constraint of its own, and others refer to it
    )


def downgrade() -> None:
    """Undo this revision."""
    with op.batch_alter_table("platform", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_platform_region_id"), type_="foreignkey")
        batch_op.drop_column("frame_origins")
        batch_op.drop_column("product")
        batch_op.drop_column("makes_line_items")
        batch_op.drop_column("proposal")
        batch_op.drop_column("is_pending")
        batch_op.drop_column("region_id")
        batch_op.drop_column("removed_at")

    with op.batch_alter_table("login_record", schema=None) as batch_op:
        batch_op.drop_column("storage_target")

    with op.batch_alter_table("launch", schema=None) as batch_op:
        batch_op.drop_index("ix_launch_platform_id_launched_at")
        batch_op.drop_column("lineitems_url")

    with op.batch_alter_table("failed_launch", schema=None) as batch_op:
        batch_op.drop_column("claims")

    with op.batch_alter_table("course", schema=None) as batch_op:
        batch_op.drop_column("summary")

    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entry_subject_at")
        batch_op.drop_index("ix_audit_entry_action_at")
        batch_op.drop_index("ix_audit_entry_identity_id_at")

    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.drop_column("is_only_listed")

    op.drop_table("erased_subject")
    op.drop_table("made_line_item")
    with op.batch_alter_table("roster_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_roster_member_identity_id"))

    op.drop_table("roster_member")
    op.drop_table("platform_invitation")
    op.drop_table("platform_check")
    with op.batch_alter_table("deep_link_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deep_link_request_identity_id"))
        batch_op.drop_index(batch_op.f("ix_deep_link_request_asked_at"))

    op.drop_table("deep_link_request")
    with op.batch_alter_table("roster", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_roster_tried_at"))

    op.drop_table("roster")
