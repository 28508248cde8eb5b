"""Know people and what they finished."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from sidecar.core.db import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "hash_key",
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_hash_key")),
    )
    op.create_table(
        "person_identifier",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=320), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_identifier_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_identifier")),
        sa.UniqueConstraint(
            "kind", "scope", "value", "person_id", name=op.f("uq_person_identifier_kind_scope_value_person_id")
        ),
    )
    with op.batch_alter_table("person_identifier", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_identifier_person_id"), ["person_id"], unique=False)

    op.create_table(
        "unit",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("municipality_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_unit_municipality_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("municipality_id", "key", name=op.f("uq_unit_municipality_id_key")),
    )
    op.create_table(
        "unit_place",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("unit_id", sa.String(length=32), nullable=False),
        sa.Column("parent_id", sa.String(length=32), nullable=True),
        sa.Column("placed_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name=op.f("fk_unit_place_parent_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_place_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_place")),
    )
    with op.batch_alter_table("unit_place", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_place_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_unit_place_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "source",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("municipality_id", sa.String(length=32), nullable=True),
        sa.Column("interval_minutes", sa.Integer(), nullable=False),
        sa.Column("quarantine_percent", sa.Integer(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=True),
        sa.Column("file_digest", sa.String(length=64), nullable=True),
        sa.Column("cursor", sa.JSON(), nullable=True),
        sa.Column("verdict", sa.JSON(), nullable=True),
        sa.Column("recent_changes", sa.JSON(), nullable=True),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_full_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_source_connection_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_source_municipality_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
    )
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_source_connection_id"), ["connection_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_source_municipality_id"), ["municipality_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_source_next_run_at"), ["next_run_at"], unique=False)

    op.create_table(
        "position",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("employment_id", sa.String(length=32), nullable=False),
        sa.Column("unit_id", sa.String(length=32), nullable=True),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("percentage", sa.Double(), nullable=True),
        sa.Column("is_main", sa.Boolean(), nullable=False),
        sa.Column("is_manager", sa.Boolean(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["employment_id"], ["employment.id"], name=op.f("fk_position_employment_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_position_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position")),
    )
    with op.batch_alter_table("position", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_position_employment_id"), ["employment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_position_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "scim_resource",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("municipality_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=320), nullable=False),
        sa.Column("external_id", sa.String(length=320), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("employment_id", sa.String(length=32), nullable=True),
        sa.Column("employee_number", sa.String(length=100), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["employment_id"], ["employment.id"], name=op.f("fk_scim_resource_employment_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_scim_resource_municipality_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scim_resource")),
        sa.UniqueConstraint("municipality_id", "kind", "name", name=op.f("uq_scim_resource_municipality_id_kind_name")),
    )
    with op.batch_alter_table("scim_resource", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scim_resource_employment_id"), ["employment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_scim_resource_external_id"), ["external_id"], unique=False)
        batch_op.create_index(
            "ix_scim_resource_municipality_id_employee_number", ["municipality_id", "employee_number"], unique=False
        )

    op.create_table(
        "scim_member",
        sa.Column("group_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["scim_resource.id"], name=op.f("fk_scim_member_group_id")),
        sa.ForeignKeyConstraint(["user_id"], ["scim_resource.id"], name=op.f("fk_scim_member_user_id")),
        sa.PrimaryKeyConstraint("group_id", "user_id", name=op.f("pk_scim_member")),
    )
    with op.batch_alter_table("scim_member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scim_member_user_id"), ["user_id"], unique=False)

    op.create_table(
        "api_token",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("municipality_id", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=8), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["identity.id"], name=op.f("fk_api_token_made_by")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_api_token_municipality_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_token_municipality_id"), ["municipality_id"], unique=False)

    op.create_table(
        "erasure_request",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("identity_id", sa.String(length=32), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("answered_by", sa.String(length=32), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["answered_by"], ["identity.id"], name=op.f("fk_erasure_request_answered_by")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_erasure_request_identity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_request")),
    )
    with op.batch_alter_table("erasure_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_erasure_request_identity_id"), ["identity_id"], unique=False)

    op.create_table(
        "matching_rule",
        sa.Column("rule", sa.String(length=30), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("changed_by", sa.String(length=32), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["identity.id"], name=op.f("fk_matching_rule_changed_by")),
        sa.PrimaryKeyConstraint("rule", name=op.f("pk_matching_rule")),
    )
    op.create_table(
        "person_match",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("other_id", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.String(length=30), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("moved", sa.JSON(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["decided_by"], ["identity.id"], name=op.f("fk_person_match_decided_by")),
        sa.ForeignKeyConstraint(["other_id"], ["person.id"], name=op.f("fk_person_match_other_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_match_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_match")),
        sa.UniqueConstraint("person_id", "other_id", name=op.f("uq_person_match_person_id_other_id")),
    )
    with op.batch_alter_table("person_match", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_match_other_id"), ["other_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_match_state"), ["state"], unique=False)

    op.create_table(
        "sync_run",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("source_id", sa.String(length=32), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("asked_by", sa.String(length=32), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("checkpoint", sa.JSON(), nullable=True),
        sa.Column("remarks", sa.JSON(), nullable=True),
        sa.Column("error_code", sa.String(length=60), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("decided_by", sa.String(length=32), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["identity.id"], name=op.f("fk_sync_run_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["identity.id"], name=op.f("fk_sync_run_decided_by")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_sync_run_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_run")),
    )
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.create_index("ix_sync_run_source_id_asked_at", ["source_id", "asked_at"], unique=False)
        batch_op.create_index(
            "uq_sync_run_source_id_live",
            ["source_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('waiting', 'running')"),
            postgresql_where=sa.text("state IN ('waiting', 'running')"),
        )

    op.create_table(
        "lms_course",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("source_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("own_course_id", sa.String(length=32), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("mapped_by", sa.String(length=32), nullable=True),
        sa.Column("mapped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_lms_course_course_id")),
        sa.ForeignKeyConstraint(["mapped_by"], ["identity.id"], name=op.f("fk_lms_course_mapped_by")),
        sa.ForeignKeyConstraint(["own_course_id"], ["course.id"], name=op.f("fk_lms_course_own_course_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_lms_course_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_course")),
        sa.UniqueConstraint("source_id", "key", name=op.f("uq_lms_course_source_id_key")),
    )
    op.create_table(
        "course_rule_run",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("asked_by", sa.String(length=32), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("people_total", sa.Integer(), nullable=False),
        sa.Column("people_done", sa.Integer(), nullable=False),
        sa.Column("last_person_id", sa.String(length=32), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["identity.id"], name=op.f("fk_course_rule_run_asked_by")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_course_rule_run_course_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_rule_run")),
    )
    with op.batch_alter_table("course_rule_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_course_rule_run_course_id"), ["course_id"], unique=False)

    op.create_table(
        "sharing_consent",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("municipality_id", sa.String(length=32), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("identity_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_sharing_consent_course_id")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_sharing_consent_identity_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_sharing_consent_municipality_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sharing_consent_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sharing_consent")),
        sa.UniqueConstraint(
            "person_id",
            "municipality_id",
            "course_id",
            name=op.f("uq_sharing_consent_person_id_municipality_id_course_id"),
        ),
    )
    op.create_table(
        "sync_change",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("employment_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["employment_id"], ["employment.id"], name=op.f("fk_sync_change_employment_id")),
        sa.ForeignKeyConstraint(["run_id"], ["sync_run.id"], name=op.f("fk_sync_change_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_change")),
    )
    with op.batch_alter_table("sync_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sync_change_employment_id"), ["employment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sync_change_run_id"), ["run_id"], unique=False)

    op.create_table(
        "evidence",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("identity_id", sa.String(length=32), nullable=True),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("version_id", sa.String(length=32), nullable=True),
        sa.Column("attempt_id", sa.String(length=32), nullable=True),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("source_id", sa.String(length=32), nullable=True),
        sa.Column("source_key", sa.String(length=600), nullable=True),
        sa.Column("holder", sa.String(length=320), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("completion_id", sa.String(length=32), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("file_digest", sa.String(length=64), nullable=True),
        sa.Column("file_name", sa.String(length=255), nullable=True),
        sa.Column("entered_by", sa.String(length=32), nullable=True),
        sa.Column("decided_by", sa.String(length=32), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("municipality_id", sa.String(length=32), nullable=True),
        sa.Column("basis", sa.String(length=20), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("seen_in", sa.String(length=32), nullable=True),
        sa.Column("lms_course_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_evidence_attempt_id")),
        sa.ForeignKeyConstraint(["completion_id"], ["completion.id"], name=op.f("fk_evidence_completion_id")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_evidence_course_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["identity.id"], name=op.f("fk_evidence_decided_by")),
        sa.ForeignKeyConstraint(["entered_by"], ["identity.id"], name=op.f("fk_evidence_entered_by")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_evidence_identity_id")),
        sa.ForeignKeyConstraint(["lms_course_id"], ["lms_course.id"], name=op.f("fk_evidence_lms_course_id")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_evidence_municipality_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_evidence_person_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_evidence_source_id")),
        sa.ForeignKeyConstraint(["version_id"], ["course_version.id"], name=op.f("fk_evidence_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint("attempt_id", name=op.f("uq_evidence_attempt_id")),
        sa.UniqueConstraint("source_id", "source_key", name=op.f("uq_evidence_source_id_source_key")),
    )
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_evidence_completion_id"), ["completion_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_evidence_holder"), ["holder"], unique=False)
        batch_op.create_index(batch_op.f("ix_evidence_identity_id"), ["identity_id"], unique=False)
        batch_op.create_index("ix_evidence_lms_course_id_course_id", ["lms_course_id", "course_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_evidence_municipality_id"), ["municipality_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_evidence_person_id"), ["person_id"], unique=False)

    op.execute(
        "INSERT INTO evidence (id, person_id, identity_id, course_id, version_id, attempt_id, origin, score, "
        "completed_at, recorded_at, state) SELECT completion.id, identity.person_id, completion.identity_id, "
        "completion.course_id, completion.version_id, completion.attempt_id, completion.source, completion.score, "
        "completion.completed_at, completion.recorded_at, 'valid' FROM completion "
        "JOIN identity ON identity.id = completion.identity_id"
    )
    with op.batch_alter_table("grade", schema=None) as batch_op:
        batch_op.add_column(sa.Column("evidence_id", sa.String(length=32), nullable=True))
    op.execute("UPDATE grade SET evidence_id = completion_id")
    with op.batch_alter_table("grade", schema=None) as batch_op:
        batch_op.alter_column("evidence_id", existing_type=sa.String(length=32), nullable=False)
        batch_op.drop_constraint(batch_op.f("fk_grade_completion_id"), type_="foreignkey")
        batch_op.create_foreign_key(batch_op.f("fk_grade_evidence_id"), "evidence", ["evidence_id"], ["id"])
        batch_op.drop_column("completion_id")

    with op.batch_alter_table("completion", schema=None) as batch_op:
        batch_op.add_column(sa.Column("person_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("origin", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("completed_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("valid_until", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("validity_months", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("validity_window", sa.String(length=5), nullable=True))
        batch_op.add_column(sa.Column("renewal_days", sa.Integer(), server_default="90", nullable=False))
        batch_op.add_column(sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    _reckon_completions(op.get_bind())
    with op.batch_alter_table("completion", schema=None) as batch_op:
        batch_op.alter_column("person_id", existing_type=sa.String(length=32), nullable=False)
        batch_op.alter_column("origin", existing_type=sa.String(length=20), nullable=False)
        batch_op.alter_column("completed_on", existing_type=sa.Date(), nullable=False)
        batch_op.alter_column("version_id", existing_type=sa.VARCHAR(length=32), nullable=True)
        batch_op.alter_column("identity_id", existing_type=sa.VARCHAR(length=32), nullable=True)
        batch_op.drop_index(batch_op.f("ix_completion_identity_id"))
        batch_op.drop_constraint(batch_op.f("uq_completion_attempt_id"), type_="unique")
        batch_op.create_index(batch_op.f("ix_completion_completed_on"), ["completed_on"], unique=False)
        batch_op.create_index("ix_completion_course_id_person_id", ["course_id", "person_id"], unique=False)
        batch_op.create_index("ix_completion_person_id_course_id", ["person_id", "course_id"], unique=False)
        batch_op.drop_constraint(batch_op.f("fk_completion_attempt_id"), type_="foreignkey")
        batch_op.create_foreign_key(batch_op.f("fk_completion_person_id"), "person", ["person_id"], ["id"])
        batch_op.drop_column("source")
        batch_op.drop_column("attempt_id")

    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.add_column(sa.Column("platform_id", sa.String(length=32), nullable=True))
        batch_op.alter_column("municipality_id", existing_type=sa.VARCHAR(length=32), nullable=True)
        batch_op.create_index(batch_op.f("ix_connection_platform_id"), ["platform_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_connection_platform_id"), "platform", ["platform_id"], ["id"])

    with op.batch_alter_table("course", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=10), server_default="own", nullable=False))
        batch_op.add_column(sa.Column("validity_months", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("validity_window", sa.String(length=5), nullable=True))
        batch_op.add_column(sa.Column("renewal_days", sa.Integer(), server_default="90", nullable=False))
        batch_op.add_column(sa.Column("is_transferable", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("is_statutory", sa.Boolean(), server_default="0", nullable=False))
    _mark_statutory(op.get_bind())

    with op.batch_alter_table("employment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unit_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("started_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("percentage", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("manager_number", sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column("source_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("source_digest", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("added_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_employment_source_id"), ["source_id"], unique=False)
        batch_op.create_index("ix_employment_unit_id", ["unit_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_employment_source_id"), "source", ["source_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_employment_unit_id"), "unit", ["unit_id"], ["id"])

    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(sa.Column("merged_into_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("folded_name", sa.String(length=400), server_default="", nullable=False))
        batch_op.create_foreign_key(
            batch_op.f("fk_person_merged_into_id"),
            "person",
            ["merged_into_id"],
            ["id"],
            deferrable=True,
            initially="DEFERRED",
        )
        batch_op.create_index(batch_op.f("ix_person_folded_name"), ["folded_name"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_merged_into_id"), ["merged_into_id"], unique=False)
    _fold_names(op.get_bind())
    _widen_sizes()


def _widen_sizes() -> None:
    """Let packages and their files be larger than 2 GiB on PostgreSQL; an integer of SQLite holds any size."""
    if op.get_bind().dialect.name == "postgresql":
        for table in ("course_version", "package_file"):
            op.alter_column(
                table, "size_bytes", existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=False
            )


def _fold_names(connection: sa.Connection) -> None:
    """Fold the names of everybody who has a first and a last name, some thousand at a time."""
    after, folded = "", sa.update(_PERSON).where(_PERSON.c.id == sa.bindparam("key"))
    while rows := connection.execute(
        sa.select(_PERSON).where(_PERSON.c.id > after).order_by(_PERSON.c.id).limit(5_000)
    ).all():
        after = rows[-1].id
        named = [row for row in rows if row.first_name and row.last_name]
        values = [{"key": one.id, "name": f"{one.first_name} {one.last_name}".casefold()[:400]} for one in named]
        if values:
            connection.execute(folded.values(folded_name=sa.bindparam("name")), values)


def _mark_statutory(connection: sa.Connection) -> None:
    """Mark the courses of which somebody has named a statutory basis."""
    courses = connection.execute(sa.select(_COURSE.c.id, _COURSE.c.statutory_basis)).all()
    statutory = [{"key": row.id} for row in courses if row.statutory_basis and any(row.statutory_basis.values())]
    if statutory:
        marked = sa.update(_COURSE).where(_COURSE.c.id == sa.bindparam("key")).values(is_statutory=True)
        connection.execute(marked, statutory)


def _reckon_completions(connection: sa.Connection) -> None:
    """Make of each person's completions of a course one, the first, with the best score; what lies in none goes."""
    told = {
        row.completion_id: row.person_id
        for row in connection.execute(
            sa.text(
                "SELECT DISTINCT item.completion_id, employment.person_id FROM delivery_item AS item "
                "JOIN employment ON employment.id = item.employment_id"
            )
        )
    }
    rows = connection.execute(
        sa.select(_EVIDENCE).order_by(_EVIDENCE.c.person_id, _EVIDENCE.c.course_id, _EVIDENCE.c.completed_at)
    ).all()
    kept: dict[tuple[str, str], str] = {}
    for row in rows:
        holder = row.person_id or told.get(row.id)
        if holder is None:
            connection.execute(sa.delete(_COMPLETION).where(_COMPLETION.c.id == row.id))
        elif row.person_id is None or (row.person_id, row.course_id) not in kept:
            withdrawn = None if row.person_id else row.recorded_at
            day = row.completed_at.astimezone(_OSLO).date()
            own = {"person_id": holder, "origin": row.origin, "completed_on": day, "withdrawn_at": withdrawn}
            connection.execute(sa.update(_COMPLETION).where(_COMPLETION.c.id == row.id).values(own))
            if row.person_id:
                kept[row.person_id, row.course_id] = row.id
        else:
            _join(connection, row, kept[row.person_id, row.course_id])
    for (person_id, course_id), completion_id in kept.items():
        mine = _EVIDENCE.c.person_id == person_id, _EVIDENCE.c.course_id == course_id
        connection.execute(sa.update(_EVIDENCE).where(*mine).values(completion_id=completion_id))


def _join(connection: sa.Connection, row: sa.Row[tuple[object, ...]], kept_id: str) -> None:
    """Let a completion go into the first one: its score, and what was delivered of it."""
    better = sa.or_(_COMPLETION.c.score.is_(None), _COMPLETION.c.score < row.score)
    if row.score is not None:
        connection.execute(sa.update(_COMPLETION).where(_COMPLETION.c.id == kept_id, better).values(score=row.score))
    names = {"kept": kept_id, "joined": row.id}
    connection.execute(
        sa.text(
            "INSERT INTO delivery_item (delivery_id, completion_id, employment_id) "
            "SELECT delivery_id, CAST(:kept AS VARCHAR(32)), employment_id FROM delivery_item AS item "
            "WHERE completion_id = :joined AND NOT EXISTS (SELECT 1 FROM delivery_item AS other WHERE "
            "other.delivery_id = item.delivery_id AND other.employment_id = item.employment_id "
            "AND other.completion_id = :kept)"
        ),
        names,
    )
    connection.execute(sa.text("DELETE FROM delivery_item WHERE completion_id = :joined"), names)
    connection.execute(sa.text("DELETE FROM completion WHERE id = :joined"), names)


_OSLO = ZoneInfo("Europe/Oslo")
_COURSE = sa.table(
    "course",
    sa.column("id", sa.String),
    sa.column("statutory_basis", sa.JSON),
    sa.column("is_statutory", sa.Boolean),
)
_PERSON = sa.table(
    "person",
    sa.column("id", sa.String),
    sa.column("first_name", sa.String),
    sa.column("last_name", sa.String),
    sa.column("folded_name", sa.String),
)
_EVIDENCE = sa.table(
    "evidence",
    sa.column("id", sa.String),
    sa.column("person_id", sa.String),
    sa.column("course_id", sa.String),
    sa.column("origin", sa.String),
    sa.column("score", sa.Float),
    sa.column("completed_at", UtcDateTime),
    sa.column("recorded_at", UtcDateTime),
    sa.column("completion_id", sa.String),
)
_COMPLETION = sa.table(
    "completion",
    sa.column("id", sa.String),
    sa.column("person_id", sa.String),
    sa.column("origin", sa.String),
    sa.column("completed_on", sa.Date),
    sa.column("score", sa.Float),
    sa.column("withdrawn_at", UtcDateTime),
)


def downgrade() -> None:
    """Say that there is no way back.

    Raises:
        NotImplementedError: which evidence was a completion of its own is not known any more; restore a backup.
    """
    raise NotImplementedError("restore a backup from before the upgrade")
