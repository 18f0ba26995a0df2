"""Numbers that will never come, chains that broke, the whole last health report; one B-tree less on SQLite."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the cells, and put events into a table without row ids."""
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
    op.add_column(
        "stream",
        sa.Column(
            "is_broken",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="an event named another predecessor",
        ),
    )
    # Until now an alarm was all that knew it; and where a terminal had too many, nothing did.
    op.execute(
        "UPDATE stream SET is_broken = true WHERE EXISTS (SELECT 1 FROM alarm WHERE alarm.terminal = stream.terminal "
        "AND (alarm.code = 'chain.broken' AND alarm.subject = stream.epoch OR alarm.code = 'alarms.too_many'))"
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
