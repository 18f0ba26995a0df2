"""The one collection of tables, and the kinds of columns and conditions they share."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, MetaData, text

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

Serial = BigInteger().with_variant(Integer, "sqlite")
"""A number that the database gives out; SQLite counts only plain INTEGER keys."""

IS_OF_A_SETTLEMENT = text("setl_id IS NOT NULL")
"""Written out, not bound: only so is it the condition of a partial index on both databases."""
