"""The first release: events, ledger, terminals, people, catalogue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "account",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, comment="wrong passwords in a row"),
        sa.Column("locked_until_us", sa.BigInteger(), nullable=True),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_account")),
    )
    op.create_table(
        "alarm",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="epoch, fingerprint or other object of the alarm"),
        sa.Column("zh", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.Column("first_us", sa.BigInteger(), nullable=False),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_alarm")),
        sa.UniqueConstraint("terminal", "code", "subject", name=op.f("uq_alarm_terminal_code_subject")),
    )
    op.create_table(
        "audit",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON"),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_audit")),
        comment="Each change with who made it",
    )
    op.create_table(
        "centre",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_centre")),
        comment="Facts about this store, such as its epoch",
    )
    op.create_table(
        "event",
        sa.Column("stream", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "hash", sa.LargeBinary(), nullable=False, comment="SM3 of the bytes; more than one for a number is a fork"
        ),
        sa.Column("id", sa.LargeBinary(), nullable=False, comment="UUIDv7, 16 bytes"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("frozen", sa.LargeBinary(), nullable=False, comment="the bytes as they came"),
        sa.PrimaryKeyConstraint("stream", "seq", "hash", name=op.f("pk_event")),
        comment="Events as they came. The id is within the bytes, so equal bytes at one place are the same event",
    )
    op.create_table(
        "evidence",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False, comment="id of the event that says so"),
        sa.Column("hlc", sa.BigInteger(), nullable=False),
        sa.Column("stream", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=True),
        sa.Column("units_per_pack", sa.BigInteger(), nullable=True),
        sa.Column("product", sa.Text(), nullable=True, comment="what the institution took the pack for"),
        sa.PrimaryKeyConstraint("code", "institution", "document", "act", "line", "source", name=op.f("pk_evidence")),
        comment="Who said what was done to a pack, scans apart",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("settled_act", sa.Text(), nullable=True),
        sa.Column("settled_document", sa.Text(), nullable=True),
        sa.Column("settled_line", sa.BigInteger(), nullable=True),
        sa.Column("rest", sa.BigInteger(), nullable=True),
        sa.Column("is_reserved", sa.Boolean(), nullable=False),
        sa.Column("scan_hlc", sa.BigInteger(), nullable=True, comment="the newest scan that set the pack aside"),
        sa.Column("scan_stream", sa.BigInteger(), nullable=True),
        sa.Column("scan_seq", sa.BigInteger(), nullable=True),
        sa.Column("scan_until_us", sa.BigInteger(), nullable=True),
        sa.Column("scan_institution", sa.Text(), nullable=True),
        sa.Column("scan_sale", sa.Text(), nullable=True),
        sa.Column("fact_hlc", sa.BigInteger(), nullable=True, comment="the newest piece of evidence"),
        sa.Column("fact_stream", sa.BigInteger(), nullable=True),
        sa.Column("fact_seq", sa.BigInteger(), nullable=True),
        sa.Column("conflict_count", sa.BigInteger(), nullable=False),
        sa.Column("conflicts", sa.Text(), nullable=True, comment="JSON list of the first ones"),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_ledger")),
        comment="One row per code: what its whole history comes to",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "product",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("insurance_class", sa.Text(), nullable=False),
        sa.Column("price", sa.Text(), nullable=False, comment="decimal yuan as text: SQLite has no decimals"),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("units_per_pack", sa.BigInteger(), nullable=False),
        sa.Column("is_device", sa.Boolean(), nullable=False),
        sa.Column("is_invented", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
    )
    op.create_table(
        "rejected_event",
        sa.Column("stream", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True, comment="null if the bytes name none"),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("zh", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("frozen", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "hash", name=op.f("pk_rejected_event")),
    )
    op.create_index(op.f("ix_rejected_event_stream_seq"), "rejected_event", ["stream", "seq"], unique=False)
    op.create_table(
        "sighting",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("hlc", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("stream", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("sale", sa.Text(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("code", "hlc", "source", name=op.f("pk_sighting")),
        comment="Scans of a code; many per pack, so they are kept apart from what changes its state",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stream",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("terminal", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("contiguous_to", sa.BigInteger(), nullable=False, comment="every number up to here is closed"),
        sa.Column("tip_seq", sa.BigInteger(), nullable=False, comment="the highest number seen"),
        sa.Column("tip_hash", sa.LargeBinary(), nullable=False, comment="SM3 of the event at the tip"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stream")),
        sa.UniqueConstraint("terminal", "epoch", name=op.f("uq_stream_terminal_epoch")),
        comment="One life of a terminal's store: a gapless numbered chain of events",
    )
    op.create_table(
        "terminal",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("trust", sa.Text(), nullable=False, comment="pending, approved or revoked"),
        sa.Column(
            "institution",
            sa.Text(),
            nullable=False,
            comment="whose facts it states; the registry decides, not the terminal",
        ),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("first_seen_us", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_us", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("session_us", sa.BigInteger(), nullable=False),
        sa.Column("presence", sa.Text(), nullable=False, comment="online, stopped or lost"),
        sa.Column("presence_us", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_us", sa.BigInteger(), nullable=False),
        sa.Column("health_us", sa.BigInteger(), nullable=True),
        sa.Column("pending", sa.BigInteger(), nullable=True),
        sa.Column("dead_letters", sa.BigInteger(), nullable=True),
        sa.Column("oldest_pending_us", sa.BigInteger(), nullable=True),
        sa.Column("devices", sa.Text(), nullable=True, comment="JSON list as reported"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terminal")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("last_used_us", sa.BigInteger(), nullable=True),
        sa.Column("revoked_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name=op.f("fk_api_token_account"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_token_digest")),
    )
    op.create_index(op.f("ix_api_token_account"), "api_token", ["account"], unique=False)
    op.create_table(
        "identifier",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["product"], ["product.id"], name=op.f("fk_identifier_product"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("system", "key", name=op.f("pk_identifier")),
    )
    op.create_index(op.f("ix_identifier_product"), "identifier", ["product"], unique=False)
    op.create_table(
        "session",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name=op.f("fk_session_account"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_account"), "session", ["account"], unique=False)
    op.create_index(op.f("ix_session_expires_us"), "session", ["expires_us"], unique=False)
