"""A recall or an expiry stays with the pack, and the fact behind a state need not be the holder's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the cells. Until now the holder was always whose fact it was, and no bar outlived a sale."""
    op.add_column(
        "ledger",
        sa.Column(
            "settled_institution",
            sa.Text(),
            nullable=True,
            comment="whose fact led to the state; a recall is not the holder's",
        ),
    )
    op.add_column(
        "ledger",
        sa.Column("barred", sa.Text(), nullable=True, comment="recalled or expired, even while the pack is sold"),
    )
    op.execute("UPDATE ledger SET barred = state WHERE state IN ('recalled', 'expired')")
    op.execute("UPDATE ledger SET settled_institution = holder WHERE settled_act IS NOT NULL")
