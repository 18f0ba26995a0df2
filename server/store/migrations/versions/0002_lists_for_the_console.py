"""Indexes for what the console lists: codes in conflict, and alarms from the newest on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes."""
    in_conflict = sa.text("conflict_count > 0")
    op.create_index(
        op.f("ix_ledger_conflict"),
        "ledger",
        ["changed_us", "code"],
        unique=False,
        sqlite_where=in_conflict,
        postgresql_where=in_conflict,
    )
    op.create_index(op.f("ix_alarm_last_us_n"), "alarm", ["last_us", "n"], unique=False)
    op.create_index(op.f("ix_alarm_terminal_last_us_n"), "alarm", ["terminal", "last_us", "n"], unique=False)
