"""Share learning paths."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "exchange_state",
        sa.Column("region_id", sa.String(length=32), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_exchange_state_region_id")),
        sa.PrimaryKeyConstraint("region_id", name=op.f("pk_exchange_state")),
    )
    op.create_table(
        "received_path",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=400), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("region_name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_received_path_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_path")),
        sa.UniqueConstraint("region_id", "origin", name=op.f("uq_received_path_region_id_origin")),
    )
    op.create_table(
        "region_key",
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("region_id", sa.String(length=32), nullable=False),
        sa.Column("public", sa.JSON(), nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=False),
        sa.Column("vouching", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_region_key_region_id")),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_region_key")),
    )
    with op.batch_alter_table("region_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_region_key_region_id"), ["region_id"], unique=False)
        batch_op.create_index(
            "uq_region_key_region_id_signs",
            ["region_id"],
            unique=True,
            sqlite_where=sa.text("retired_at IS NULL"),
            postgresql_where=sa.text("retired_at IS NULL"),
        )

    op.create_table(
        "received_path_version",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("path_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("licence", sa.String(length=100), nullable=False),
        sa.Column("size_bytes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["path_id"], ["received_path.id"], name=op.f("fk_received_path_version_path_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_path_version")),
        sa.UniqueConstraint("path_id", "number", name=op.f("uq_received_path_version_path_id_number")),
    )
    with op.batch_alter_table("received_path_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_received_path_version_kid"), ["kid"], unique=False)

    op.create_table(
        "received_part",
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["received_path_version.id"], name=op.f("fk_received_part_version_id")),
        sa.PrimaryKeyConstraint("version_id", "digest", name=op.f("pk_received_part")),
    )
    with op.batch_alter_table("received_part", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_received_part_digest"), ["digest"], unique=False)

    op.create_table(
        "named_employer",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("org_number", sa.String(length=9), nullable=False),
        sa.Column("employee_ref", sa.String(length=100), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("identity_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_named_employer_identity_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_named_employer_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_named_employer")),
        sa.UniqueConstraint("person_id", "org_number", name=op.f("uq_named_employer_person_id_org_number")),
    )
    with op.batch_alter_table("named_employer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_named_employer_org_number"), ["org_number"], unique=False)

    op.create_table(
        "peer",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("known_by", sa.String(length=20), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(length=32), nullable=True),
        sa.Column("card_stamp", sa.String(length=64), nullable=False),
        sa.Column("feed_after", sa.Integer(), nullable=False),
        sa.Column("feed_etag", sa.String(length=100), nullable=False),
        sa.Column("pulled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_pull_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], ["identity.id"], name=op.f("fk_peer_added_by")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_peer_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_peer")),
        sa.UniqueConstraint("region_id", "address", name=op.f("uq_peer_region_id_address")),
    )
    with op.batch_alter_table("peer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_peer_added_by"), ["added_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_peer_next_pull_at"), ["next_pull_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_peer_region_id"), ["region_id"], unique=False)

    op.create_table(
        "ring",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["identity.id"], name=op.f("fk_ring_created_by")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_ring_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ring")),
        sa.UniqueConstraint("region_id", "name", name=op.f("uq_ring_region_id_name")),
    )
    with op.batch_alter_table("ring", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ring_created_by"), ["created_by"], unique=False)

    op.create_table(
        "adopted_course",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_adopted_course_course_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_adopted_course_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adopted_course")),
        sa.UniqueConstraint("region_id", "address", "key", name=op.f("uq_adopted_course_region_id_address_key")),
    )
    with op.batch_alter_table("adopted_course", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_adopted_course_course_id"), ["course_id"], unique=False)

    op.create_table(
        "course_origin",
        sa.Column("region_id", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=400), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_course_origin_course_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_course_origin_region_id")),
        sa.PrimaryKeyConstraint("region_id", "origin", name=op.f("pk_course_origin")),
    )
    with op.batch_alter_table("course_origin", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_course_origin_course_id"), ["course_id"], unique=False)

    op.create_table(
        "exchange_agreement",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=32), nullable=False),
        sa.Column("peer_id", sa.String(length=32), nullable=False),
        sa.Column("org_number", sa.String(length=9), nullable=False),
        sa.Column("employer", sa.String(length=200), nullable=False),
        sa.Column("to", sa.String(length=4), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("said", sa.String(length=2000), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=32), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=32), nullable=True),
        sa.Column("compared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["ended_by"], ["identity.id"], name=op.f("fk_exchange_agreement_ended_by")),
        sa.ForeignKeyConstraint(["peer_id"], ["peer.id"], name=op.f("fk_exchange_agreement_peer_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["identity.id"], name=op.f("fk_exchange_agreement_recorded_by")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_exchange_agreement_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_agreement")),
    )
    with op.batch_alter_table("exchange_agreement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_exchange_agreement_peer_id"), ["peer_id"], unique=False)
        batch_op.create_index("ix_exchange_agreement_region_id_org_number", ["region_id", "org_number"], unique=False)

    op.create_table(
        "gathering",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=32), nullable=True),
        sa.Column("municipality_id", sa.String(length=32), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("meeting_url", sa.String(length=2000), nullable=True),
        sa.Column("instructor", sa.String(length=200), nullable=True),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_gathering_course_id")),
        sa.ForeignKeyConstraint(["made_by"], ["identity.id"], name=op.f("fk_gathering_made_by")),
        sa.ForeignKeyConstraint(["municipality_id"], ["municipality.id"], name=op.f("fk_gathering_municipality_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_gathering_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gathering")),
    )
    with op.batch_alter_table("gathering", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gathering_course_id"), ["course_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_gathering_made_by"), ["made_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_gathering_municipality_id"), ["municipality_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_gathering_region_id"), ["region_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_gathering_starts_at"), ["starts_at"], unique=False)

    op.create_table(
        "learning_path",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=32), nullable=True),
        sa.Column("draft", sa.JSON(), nullable=False),
        sa.Column("draft_number", sa.Integer(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drafted_by", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_learning_path_course_id")),
        sa.ForeignKeyConstraint(["drafted_by"], ["identity.id"], name=op.f("fk_learning_path_drafted_by")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_learning_path_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_path")),
        sa.UniqueConstraint("course_id", name=op.f("uq_learning_path_course_id")),
    )
    with op.batch_alter_table("learning_path", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_learning_path_drafted_by"), ["drafted_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_learning_path_region_id"), ["region_id"], unique=False)

    op.create_table(
        "offered_path",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=32), nullable=False),
        sa.Column("peer_id", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=400), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("manifest_digest", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("summary", sa.String(length=1000), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("licence", sa.String(length=100), nullable=False),
        sa.Column("statutory_basis", sa.JSON(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("parts_count", sa.Integer(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wanted_by", sa.String(length=32), nullable=True),
        sa.Column("fetched_version", sa.Integer(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["peer_id"], ["peer.id"], name=op.f("fk_offered_path_peer_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_offered_path_region_id")),
        sa.ForeignKeyConstraint(["wanted_by"], ["identity.id"], name=op.f("fk_offered_path_wanted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offered_path")),
        sa.UniqueConstraint("peer_id", "origin", name=op.f("uq_offered_path_peer_id_origin")),
    )
    with op.batch_alter_table("offered_path", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_offered_path_origin"), ["origin"], unique=False)
        batch_op.create_index(batch_op.f("ix_offered_path_region_id"), ["region_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_offered_path_wanted_by"), ["wanted_by"], unique=False)

    op.create_table(
        "peer_invitation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=32), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("peer_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["identity.id"], name=op.f("fk_peer_invitation_made_by")),
        sa.ForeignKeyConstraint(["peer_id"], ["peer.id"], name=op.f("fk_peer_invitation_peer_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_peer_invitation_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_peer_invitation")),
    )
    with op.batch_alter_table("peer_invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_peer_invitation_made_by"), ["made_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_peer_invitation_region_id"), ["region_id"], unique=False)

    op.create_table(
        "peer_key",
        sa.Column("peer_id", sa.String(length=32), nullable=False),
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("public", sa.JSON(), nullable=False),
        sa.Column("vouched_by", sa.String(length=64), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["peer_id"], ["peer.id"], name=op.f("fk_peer_key_peer_id")),
        sa.PrimaryKeyConstraint("peer_id", "kid", name=op.f("pk_peer_key")),
    )
    op.create_table(
        "peer_revocation",
        sa.Column("peer_id", sa.String(length=32), nullable=False),
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["peer_id"], ["peer.id"], name=op.f("fk_peer_revocation_peer_id")),
        sa.PrimaryKeyConstraint("peer_id", "kid", name=op.f("pk_peer_revocation")),
    )
    op.create_table(
        "ring_member",
        sa.Column("ring_id", sa.String(length=32), nullable=False),
        sa.Column("peer_id", sa.String(length=32), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["peer_id"], ["peer.id"], name=op.f("fk_ring_member_peer_id")),
        sa.ForeignKeyConstraint(["ring_id"], ["ring.id"], name=op.f("fk_ring_member_ring_id")),
        sa.PrimaryKeyConstraint("ring_id", "peer_id", name=op.f("pk_ring_member")),
    )
    op.create_table(
        "seen_request",
        sa.Column("peer_id", sa.String(length=32), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["peer_id"], ["peer.id"], name=op.f("fk_seen_request_peer_id")),
        sa.PrimaryKeyConstraint("peer_id", "request_id", name=op.f("pk_seen_request")),
    )
    with op.batch_alter_table("seen_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seen_request_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "sign_off_request",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("identity_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_sign_off_request_course_id")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_sign_off_request_identity_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_off_request_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_off_request")),
        sa.UniqueConstraint("person_id", "course_id", name=op.f("uq_sign_off_request_person_id_course_id")),
    )
    with op.batch_alter_table("sign_off_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_off_request_course_id"), ["course_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_off_request_identity_id"), ["identity_id"], unique=False)

    op.create_table(
        "adoption",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("path_id", sa.String(length=32), nullable=False),
        sa.Column("received_id", sa.String(length=32), nullable=False),
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("base", sa.JSON(), nullable=False),
        sa.Column("provenance", sa.JSON(), nullable=False),
        sa.Column("licence", sa.String(length=100), nullable=False),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("postponed_until", sa.Date(), nullable=True),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reports_use", sa.Boolean(), nullable=False),
        sa.Column("use_told", sa.String(length=7), nullable=False),
        sa.ForeignKeyConstraint(["path_id"], ["learning_path.id"], name=op.f("fk_adoption_path_id")),
        sa.ForeignKeyConstraint(["received_id"], ["received_path.id"], name=op.f("fk_adoption_received_id")),
        sa.ForeignKeyConstraint(["version_id"], ["received_path_version.id"], name=op.f("fk_adoption_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adoption")),
        sa.UniqueConstraint("path_id", name=op.f("uq_adoption_path_id")),
        sa.UniqueConstraint("received_id", name=op.f("uq_adoption_received_id")),
    )
    with op.batch_alter_table("adoption", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_adoption_version_id"), ["version_id"], unique=False)

    op.create_table(
        "learning_path_version",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("path_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(length=32), nullable=True),
        sa.Column("looked_through", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["path_id"], ["learning_path.id"], name=op.f("fk_learning_path_version_path_id")),
        sa.ForeignKeyConstraint(["published_by"], ["identity.id"], name=op.f("fk_learning_path_version_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_path_version")),
        sa.UniqueConstraint("path_id", "number", name=op.f("uq_learning_path_version_path_id_number")),
    )
    with op.batch_alter_table("learning_path_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_learning_path_version_published_by"), ["published_by"], unique=False)

    op.create_table(
        "path_use",
        sa.Column("path_id", sa.String(length=32), nullable=False),
        sa.Column("peer_id", sa.String(length=32), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("begun", sa.String(length=10), nullable=False),
        sa.Column("finished", sa.String(length=10), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["path_id"], ["learning_path.id"], name=op.f("fk_path_use_path_id")),
        sa.ForeignKeyConstraint(["peer_id"], ["peer.id"], name=op.f("fk_path_use_peer_id")),
        sa.PrimaryKeyConstraint("path_id", "peer_id", name=op.f("pk_path_use")),
    )
    op.create_table(
        "crossing_sent",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("peer_id", sa.String(length=32), nullable=False),
        sa.Column("org_number", sa.String(length=9), nullable=False),
        sa.Column("completion_id", sa.String(length=32), nullable=True),
        sa.Column("employee_ref", sa.String(length=100), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("record", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["completion_id"], ["completion.id"], name=op.f("fk_crossing_sent_completion_id")),
        sa.ForeignKeyConstraint(["peer_id"], ["peer.id"], name=op.f("fk_crossing_sent_peer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crossing_sent")),
    )
    with op.batch_alter_table("crossing_sent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_crossing_sent_answered_at"), ["answered_at"], unique=False)
        batch_op.create_index("ix_crossing_sent_peer_id_org_number_id", ["peer_id", "org_number", "id"], unique=False)
        batch_op.create_index(
            "uq_crossing_sent_of_employee", ["completion_id", "peer_id", "org_number", "employee_ref"], unique=True
        )

    op.create_table(
        "learning_path_step",
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_learning_path_step_course_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["learning_path_version.id"], name=op.f("fk_learning_path_step_version_id")
        ),
        sa.PrimaryKeyConstraint("version_id", "key", name=op.f("pk_learning_path_step")),
    )
    with op.batch_alter_table("learning_path_step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_learning_path_step_course_id"), ["course_id"], unique=False)

    op.create_table(
        "path_bundle",
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["learning_path_version.id"], name=op.f("fk_path_bundle_version_id")),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_path_bundle")),
    )
    op.create_table(
        "path_offer",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("region_id", sa.String(length=32), nullable=False),
        sa.Column("path_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("audience", sa.String(length=10), nullable=False),
        sa.Column("ring_id", sa.String(length=32), nullable=True),
        sa.Column("version_id", sa.String(length=32), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entry", sa.JSON(), nullable=True),
        sa.Column("manifest_digest", sa.String(length=64), nullable=True),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("kid", sa.String(length=64), nullable=True),
        sa.Column("was_for_all", sa.Boolean(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offered_by", sa.String(length=32), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["offered_by"], ["identity.id"], name=op.f("fk_path_offer_offered_by")),
        sa.ForeignKeyConstraint(["path_id"], ["learning_path.id"], name=op.f("fk_path_offer_path_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_path_offer_region_id")),
        sa.ForeignKeyConstraint(["ring_id"], ["ring.id"], name=op.f("fk_path_offer_ring_id")),
        sa.ForeignKeyConstraint(["version_id"], ["learning_path_version.id"], name=op.f("fk_path_offer_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_path_offer")),
        sa.UniqueConstraint("region_id", "path_id", name=op.f("uq_path_offer_region_id_path_id")),
    )
    with op.batch_alter_table("path_offer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_path_offer_offered_by"), ["offered_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_path_offer_path_id"), ["path_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_path_offer_ring_id"), ["ring_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_path_offer_seq"), ["seq"], unique=False)
        batch_op.create_index(batch_op.f("ix_path_offer_version_id"), ["version_id"], unique=False)

    op.create_table(
        "crossing_received",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("peer_id", sa.String(length=32), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("municipality_id", sa.String(length=32), nullable=True),
        sa.Column("employee_ref", sa.String(length=100), nullable=True),
        sa.Column("completed_on", sa.Date(), nullable=True),
        sa.Column("document", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("evidence_id", sa.String(length=32), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waits_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=32), nullable=True),
        sa.Column("tells", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["decided_by"], ["identity.id"], name=op.f("fk_crossing_received_decided_by")),
        sa.ForeignKeyConstraint(["evidence_id"], ["evidence.id"], name=op.f("fk_crossing_received_evidence_id")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_crossing_received_municipality_id")
        ),
        sa.ForeignKeyConstraint(["peer_id"], ["peer.id"], name=op.f("fk_crossing_received_peer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crossing_received")),
        sa.UniqueConstraint("peer_id", "record_id", name=op.f("uq_crossing_received_peer_id_record_id")),
    )
    with op.batch_alter_table("crossing_received", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_crossing_received_evidence_id"), ["evidence_id"], unique=False)
        batch_op.create_index(
            "ix_crossing_received_municipality_id_employee_ref", ["municipality_id", "employee_ref"], unique=False
        )
        batch_op.create_index("ix_crossing_received_state_waits_until", ["state", "waits_until"], unique=False)
        batch_op.create_index(batch_op.f("ix_crossing_received_tells"), ["tells"], unique=False)

    op.create_table(
        "gathering_attendance",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("gathering_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("signed_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=32), nullable=True),
        sa.Column("evidence_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["changed_by"], ["identity.id"], name=op.f("fk_gathering_attendance_changed_by")),
        sa.ForeignKeyConstraint(["evidence_id"], ["evidence.id"], name=op.f("fk_gathering_attendance_evidence_id")),
        sa.ForeignKeyConstraint(["gathering_id"], ["gathering.id"], name=op.f("fk_gathering_attendance_gathering_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_gathering_attendance_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gathering_attendance")),
        sa.UniqueConstraint("gathering_id", "person_id", name=op.f("uq_gathering_attendance_gathering_id_person_id")),
    )
    with op.batch_alter_table("gathering_attendance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gathering_attendance_changed_by"), ["changed_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_gathering_attendance_evidence_id"), ["evidence_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_gathering_attendance_person_id"), ["person_id"], unique=False)

    op.create_table(
        "offer_reader",
        sa.Column("offer_id", sa.String(length=32), nullable=False),
        sa.Column("peer_id", sa.String(length=32), nullable=False),
        sa.Column("has_ended", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["path_offer.id"], name=op.f("fk_offer_reader_offer_id")),
        sa.ForeignKeyConstraint(["peer_id"], ["peer.id"], name=op.f("fk_offer_reader_peer_id")),
        sa.PrimaryKeyConstraint("offer_id", "peer_id", name=op.f("pk_offer_reader")),
    )
    op.create_table(
        "path_bundle_part",
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["path_bundle.version_id"], name=op.f("fk_path_bundle_part_version_id")
        ),
        sa.PrimaryKeyConstraint("version_id", "digest", name=op.f("pk_path_bundle_part")),
    )
    with op.batch_alter_table("path_bundle_part", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_path_bundle_part_digest"), ["digest"], unique=False)

    with op.batch_alter_table("employment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_employment_municipality_id"))
        batch_op.create_index("ix_employment_municipality_id_ended_on", ["municipality_id", "ended_on"], unique=False)


def downgrade() -> None:
    """Undo this revision."""
    with op.batch_alter_table("employment", schema=None) as batch_op:
        batch_op.drop_index("ix_employment_municipality_id_ended_on")
        batch_op.create_index(batch_op.f("ix_employment_municipality_id"), ["municipality_id"], unique=False)

    with op.batch_alter_table("path_bundle_part", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_path_bundle_part_digest"))

    op.drop_table("path_bundle_part")
    op.drop_table("offer_reader")
    with op.batch_alter_table("gathering_attendance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gathering_attendance_person_id"))
        batch_op.drop_index(batch_op.f("ix_gathering_attendance_evidence_id"))
        batch_op.drop_index(batch_op.f("ix_gathering_attendance_changed_by"))

    op.drop_table("gathering_attendance")
    with op.batch_alter_table("crossing_received", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_crossing_received_tells"))
        batch_op.drop_index("ix_crossing_received_state_waits_until")
        batch_op.drop_index("ix_crossing_received_municipality_id_employee_ref")
        batch_op.drop_index(batch_op.f("ix_crossing_received_evidence_id"))

    op.drop_table("crossing_received")
    with op.batch_alter_table("path_offer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_path_offer_version_id"))
        batch_op.drop_index(batch_op.f("ix_path_offer_seq"))
        batch_op.drop_index(batch_op.f("ix_path_offer_ring_id"))
        batch_op.drop_index(batch_op.f("ix_path_offer_path_id"))
        batch_op.drop_index(batch_op.f("ix_path_offer_offered_by"))

    op.drop_table("path_offer")
    op.drop_table("path_bundle")
    with op.batch_alter_table("learning_path_step", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_learning_path_step_course_id"))

    op.drop_table("learning_path_step")
    with op.batch_alter_table("crossing_sent", schema=None) as batch_op:
        batch_op.drop_index("uq_crossing_sent_of_employee")
        batch_op.drop_index("ix_crossing_sent_peer_id_org_number_id")
        batch_op.drop_index(batch_op.f("ix_crossing_sent_answered_at"))

    op.drop_table("crossing_sent")
    op.drop_table("path_use")
    with op.batch_alter_table("learning_path_version", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_learning_path_version_published_by"))

    op.drop_table("learning_path_version")
    with op.batch_alter_table("adoption", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_adoption_version_id"))

    op.drop_table("adoption")
    with op.batch_alter_table("sign_off_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_off_request_identity_id"))
        batch_op.drop_index(batch_op.f("ix_sign_off_request_course_id"))

    op.drop_table("sign_off_request")
    with op.batch_alter_table("seen_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_seen_request_expires_at"))

    op.drop_table("seen_request")
    op.drop_table("ring_member")
    op.drop_table("peer_revocation")
    op.drop_table("peer_key")
    with op.batch_alter_table("peer_invitation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_peer_invitation_region_id"))
        batch_op.drop_index(batch_op.f("ix_peer_invitation_made_by"))

    op.drop_table("peer_invitation")
    with op.batch_alter_table("offered_path", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_offered_path_wanted_by"))
        batch_op.drop_index(batch_op.f("ix_offered_path_region_id"))
        batch_op.drop_index(batch_op.f("ix_offered_path_origin"))

    op.drop_table("offered_path")
    with op.batch_alter_table("learning_path", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_learning_path_region_id"))
        batch_op.drop_index(batch_op.f("ix_learning_path_drafted_by"))

    op.drop_table("learning_path")
    with op.batch_alter_table("gathering", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gathering_starts_at"))
        batch_op.drop_index(batch_op.f("ix_gathering_region_id"))
        batch_op.drop_index(batch_op.f("ix_gathering_municipality_id"))
        batch_op.drop_index(batch_op.f("ix_gathering_made_by"))
        batch_op.drop_index(batch_op.f("ix_gathering_course_id"))

    op.drop_table("gathering")
    with op.batch_alter_table("exchange_agreement", schema=None) as batch_op:
        batch_op.drop_index("ix_exchange_agreement_region_id_org_number")
        batch_op.drop_index(batch_op.f("ix_exchange_agreement_peer_id"))

    op.drop_table("exchange_agreement")
    with op.batch_alter_table("course_origin", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_course_origin_course_id"))

    op.drop_table("course_origin")
    with op.batch_alter_table("adopted_course", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_adopted_course_course_id"))

    op.drop_table("adopted_course")
    with op.batch_alter_table("ring", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ring_created_by"))

    op.drop_table("ring")
    with op.batch_alter_table("peer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_peer_region_id"))
        batch_op.drop_index(batch_op.f("ix_peer_next_pull_at"))
        batch_op.drop_index(batch_op.f("ix_peer_added_by"))

    op.drop_table("peer")
    with op.batch_alter_table("named_employer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_named_employer_org_number"))

    op.drop_table("named_employer")
    with op.batch_alter_table("received_part", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_received_part_digest"))

    op.drop_table("received_part")
    with op.batch_alter_table("received_path_version", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_received_path_version_kid"))

    op.drop_table("received_path_version")
    with op.batch_alter_table("region_key", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_region_key_region_id_signs",
            sqlite_where=sa.text("retired_at IS NULL"),
            postgresql_where=sa.text("retired_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_region_key_region_id"))

    op.drop_table("region_key")
    op.drop_table("received_path")
    op.drop_table("exchange_state")
