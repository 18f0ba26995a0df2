"""Numbers that will never come, and the whole of the last health report."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the cell; both begin empty."""
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
