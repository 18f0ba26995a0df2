"""Numbers that will never come, the whole of the last health report, and one B-tree less for events on SQLite."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the cell, which begin empty, and put events into a table without row ids."""
    op.create_table(
        "lost_span",
        sa.Column("stream", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("first", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("told_us", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
        comment="Numbers that will never come, as the terminal itself said",
    )
    op.add_column(
        "terminal", sa.Column("health", sa.Text(), nullable=True, comment="JSON, the whole report as it came")
    )
    if op.get_bind().dialect.name == "sqlite":
        _drop_row_ids()


def _drop_row_ids() -> None:
    op.rename_table("event", "event_with_row_ids")
    op.create_table(
        "event",
        sa.Column("stream", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary(), primary_key=True),
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("frozen", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO event SELECT * FROM event_with_row_ids ORDER BY stream, seq, hash")
    op.drop_table("event_with_row_ids")
