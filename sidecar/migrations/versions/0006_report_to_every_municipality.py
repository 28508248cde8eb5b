"""Report to every municipality."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

DEFAULT = {
    "kind": "completions",
    "courses": [],
    "municipalities": [],
    "units": [],
    "positions": [],
    "period": "month",
    "columns": [
        "employee_number",
        "last_name",
        "first_name",
        "unit",
        "course",
        "course_version",
        "status",
        "completed_on",
        "score",
        "source",
    ],
    "per_person": True,
    "days": 60,
    "language": "",
    "formats": ["csv", "xlsx"],
    "schedule": "0 6 1 * *",
    "connectors": [],
}
"""What the plan of before said, as definitions say it."""


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "change_state",
        sa.Column("municipality_id", sa.String(length=32), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("floor_seq", sa.BigInteger(), nullable=False),
        sa.Column("pseudonym_key", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_change_state_municipality_id")),
        sa.PrimaryKeyConstraint("municipality_id", name=op.f("pk_change_state")),
    )
    op.create_table(
        "report_definition",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("brought_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_report_definition_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_definition")),
    )
    with op.batch_alter_table("report_definition", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_report_definition_region_id"), ["region_id"], unique=False)

    op.create_table(
        "report_due",
        sa.Column("definition_id", sa.String(length=32), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["definition_id"], ["report_definition.id"], name=op.f("fk_report_due_definition_id")),
        sa.PrimaryKeyConstraint("definition_id", "due_at", name=op.f("pk_report_due")),
    )
    op.create_table(
        "change_entry",
        sa.Column("municipality_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("change_type", sa.String(length=6), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("employment_id", sa.String(length=32), nullable=False),
        sa.Column("record", sa.JSON(), nullable=True),
        sa.Column("before_seq", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["employment_id"], ["employment.id"], name=op.f("fk_change_entry_employment_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_change_entry_municipality_id")),
        sa.PrimaryKeyConstraint("municipality_id", "seq", name=op.f("pk_change_entry")),
    )
    with op.batch_alter_table("change_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_change_entry_employment_id"), ["employment_id"], unique=False)
        batch_op.create_index(
            "ix_change_entry_municipality_id_before_seq", ["municipality_id", "before_seq"], unique=False
        )

    op.create_table(
        "contact",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("municipality_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=100), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("wants_mail", sa.Boolean(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["identity.id"], name=op.f("fk_contact_created_by")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_contact_municipality_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("municipality_id", "email", name=op.f("uq_contact_municipality_id_email")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_email"), ["email"], unique=False)

    op.create_table(
        "report_definition_version",
        sa.Column("definition_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["report_definition.id"], name=op.f("fk_report_definition_version_definition_id")
        ),
        sa.ForeignKeyConstraint(["made_by"], ["identity.id"], name=op.f("fk_report_definition_version_made_by")),
        sa.PrimaryKeyConstraint("definition_id", "number", name=op.f("pk_report_definition_version")),
    )
    with op.batch_alter_table("report_definition_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_report_definition_version_made_by"), ["made_by"], unique=False)

    op.create_table(
        "report_run",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("definition_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("region_id", sa.String(length=32), nullable=True),
        sa.Column("period", sa.String(length=40), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=32), nullable=True),
        sa.Column("chosen", sa.JSON(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("todo", sa.JSON(), nullable=True),
        sa.Column("municipalities_total", sa.Integer(), nullable=False),
        sa.Column("municipalities_done", sa.Integer(), nullable=False),
        sa.Column("without_channel", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("current", sa.String(length=32), nullable=True),
        sa.Column("errors", sa.JSON(), nullable=False),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["identity.id"], name=op.f("fk_report_run_asked_by")),
        sa.ForeignKeyConstraint(["definition_id"], ["report_definition.id"], name=op.f("fk_report_run_definition_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_report_run_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_run")),
    )
    with op.batch_alter_table("report_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_report_run_asked_by"), ["asked_by"], unique=False)
        batch_op.create_index("ix_report_run_definition_id_asked_at", ["definition_id", "asked_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_report_run_region_id"), ["region_id"], unique=False)

    op.create_table(
        "change_pull",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("municipality_id", sa.String(length=32), nullable=False),
        sa.Column("token_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_change_pull_municipality_id")),
        sa.ForeignKeyConstraint(["token_id"], ["api_token.id"], name=op.f("fk_change_pull_token_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_pull")),
    )
    with op.batch_alter_table("change_pull", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_change_pull_municipality_id"), ["municipality_id"], unique=False)

    op.create_table(
        "contact_code",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("contact_id", sa.String(length=32), nullable=True),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_contact_code_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_code")),
        sa.UniqueConstraint("address_hash", name=op.f("uq_contact_code_address_hash")),
    )
    with op.batch_alter_table("contact_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_code_asked_at"), ["asked_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_contact_code_browser_hash"), ["browser_hash"], unique=False)
        batch_op.create_index(batch_op.f("ix_contact_code_contact_id"), ["contact_id"], unique=False)

    op.create_table(
        "contact_mail",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("contact_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=60), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_contact_mail_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_mail")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_contact_mail_secret_hash")),
    )
    with op.batch_alter_table("contact_mail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_mail_contact_id"), ["contact_id"], unique=False)

    op.create_table(
        "contact_sign_in",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("contact_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_contact_sign_in_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_sign_in")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_contact_sign_in_secret_hash")),
    )
    with op.batch_alter_table("contact_sign_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_sign_in_contact_id"), ["contact_id"], unique=False)

    op.create_table(
        "course_audience",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("municipality_id", sa.String(length=32), nullable=True),
        sa.Column("region_id", sa.String(length=32), nullable=True),
        sa.Column("unit_id", sa.String(length=32), nullable=True),
        sa.Column("word", sa.String(length=100), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_course_audience_course_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_course_audience_municipality_id")
        ),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_course_audience_region_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_course_audience_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_audience")),
    )
    with op.batch_alter_table("course_audience", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_course_audience_course_id"), ["course_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_course_audience_municipality_id"), ["municipality_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_course_audience_region_id"), ["region_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_course_audience_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "delivery_receipt",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("delivery_id", sa.String(length=32), nullable=False),
        sa.Column("contact_id", sa.String(length=32), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_delivery_receipt_contact_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_delivery_receipt_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_receipt")),
    )
    with op.batch_alter_table("delivery_receipt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_receipt_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_delivery_receipt_delivery_id"), ["delivery_id"], unique=False)

    op.create_table(
        "row_error",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("delivery_id", sa.String(length=32), nullable=False),
        sa.Column("municipality_id", sa.String(length=32), nullable=False),
        sa.Column("contact_id", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["answered_by"], ["identity.id"], name=op.f("fk_row_error_answered_by")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_row_error_contact_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_row_error_delivery_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_row_error_municipality_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_row_error")),
    )
    with op.batch_alter_table("row_error", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_row_error_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_row_error_delivery_id"), ["delivery_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_row_error_municipality_id"), ["municipality_id"], unique=False)

    op.create_table(
        "change_known",
        sa.Column("employment_id", sa.String(length=32), nullable=False),
        sa.Column("completion_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["completion_id"], ["completion.id"], name=op.f("fk_change_known_completion_id")),
        sa.ForeignKeyConstraint(["employment_id"], ["employment.id"], name=op.f("fk_change_known_employment_id")),
        sa.PrimaryKeyConstraint("employment_id", "completion_id", name=op.f("pk_change_known")),
    )
    _carry_the_plan_over()
    op.drop_table("plan_run")
    op.drop_table("report_plan")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("definition_version", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("kept_rows", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("file_key", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("figures", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("progress", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("followed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("corrects_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("resend_reason", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("resends_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("send_key", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("may_be_twice", sa.Boolean(), server_default="0", nullable=False))
        batch_op.create_index(batch_op.f("ix_delivery_connection_id"), ["connection_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_delivery_corrects_id"), ["corrects_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_delivery_created_at"), ["created_at"], unique=False)
        batch_op.create_index("ix_delivery_municipality_id_created_at", ["municipality_id", "created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_delivery_period_end"), ["period_end"], unique=False)
        batch_op.create_index(batch_op.f("ix_delivery_resends_id"), ["resends_id"], unique=False)
        batch_op.create_index("ix_delivery_state_created_at", ["state", "created_at"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_delivery_corrects_id"),
            "delivery",
            ["corrects_id"],
            ["id"],
            deferrable=True,
            initially="DEFERRED",
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_delivery_resends_id"),
            "delivery",
            ["resends_id"],
            ["id"],
            deferrable=True,
            initially="DEFERRED",
        )

    with op.batch_alter_table("launch", schema=None) as batch_op:
        batch_op.create_index(
            "ix_launch_context_id_course_id", ["platform_id", "deployment_id", "context_id", "course_id"], unique=False
        )


def downgrade() -> None:
    """Say that there is no way back.

    Raises:
        NotImplementedError: kept files are encrypted by keys that the older release doesn't know; restore a backup.
    """
    raise NotImplementedError("restore a backup from before the upgrade")


def _carry_the_plan_over() -> None:
    """Let the plan that every installation had be the first definition, and no due time be run again."""
    plan, run = (
        sa.table("report_plan", *_columns("id", "day_of_month", "hour", "created_at", "paused_at")),
        sa.table("plan_run", *_columns("plan_id", "due_at", "started_at")),
    )
    definition = sa.table("report_definition", *_columns("id", "created_at", "retired_at"))
    version = sa.table(
        "report_definition_version",
        *_columns("definition_id", "number", "title", "made_at"),
        sa.column("spec", sa.JSON),
    )
    due = sa.table("report_due", *_columns("definition_id", "due_at", "taken_at"))
    bind = op.get_bind()
    found = bind.execute(sa.select(plan).where(plan.c.id == "monthly-completions")).one_or_none()
    if found is None:
        return
    spec = DEFAULT | {"schedule": f"0 {found.hour} {found.day_of_month} * *"}
    made = {"id": "completions", "created_at": found.created_at, "retired_at": found.paused_at}
    bind.execute(definition.insert().values(made))
    first = {"definition_id": "completions", "number": 1, "title": "", "made_at": found.created_at, "spec": spec}
    bind.execute(version.insert().values(first))
    runs = sa.select(sa.literal("completions"), run.c.due_at, run.c.started_at).where(run.c.plan_id == found.id)
    bind.execute(due.insert().from_select(["definition_id", "due_at", "taken_at"], runs))


def _columns(*names: str) -> list[sa.ColumnClause[object]]:
    return [sa.column(name) for name in names]
