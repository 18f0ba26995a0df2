"""Every table of the centre, for both databases. Alembic's migrations make them; a test compares the two.

Times are whole microseconds since 1970, UTC (`_us`), because bulk statements by-pass type conversion. Tables that are
read by key alone have no row id on SQLite, so that each costs one B-tree. The tables of the ledger are keyed by code,
so that they can be spread over machines by it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

import server.store.fsi_tables
import server.store.insurance_tables
import server.store.register_tables
import server.store.settlement_tables  # noqa: F401 - their tables belong to the same store
from server.store.schema import Serial, metadata

HAS_CONFLICT = text("conflict_count > 0")
"""Written out, not bound: a planner uses the index of those rows only where it sees their condition."""

HAS_HOUR = text("what = 'course' AND number > 0")

centre = Table(
    "centre",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="Facts about this store, such as its epoch",
)

terminal = Table(
    "terminal",
    metadata,
    Column("id", Text, primary_key=True),
    Column("area", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("trust", Text, nullable=False, comment="pending, approved or revoked"),
    Column(
        "institution", Text, nullable=False, comment="whose facts it states; the registry decides, not the terminal"
    ),
    Column("label", Text, nullable=False),
    Column("first_seen_us", BigInteger, nullable=False),
    Column("decided_by", Text),
    Column("decided_us", BigInteger),
    Column("version", Text, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("session", Text, nullable=False),
    Column("session_us", BigInteger, nullable=False),
    Column("presence", Text, nullable=False, comment="online, stopped or lost"),
    Column("presence_us", BigInteger, nullable=False),
    Column("last_seen_us", BigInteger, nullable=False),
    Column("health_us", BigInteger),
    Column("pending", BigInteger),
    Column("dead_letters", BigInteger),
    Column("oldest_pending_us", BigInteger),
    Column("devices", Text, comment="JSON list as reported"),
    Column("health", Text, comment="JSON, the whole report as it came"),
)

stream = Table(
    "stream",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("terminal", Text, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("contiguous_to", BigInteger, nullable=False, comment="every number up to here is closed"),
    Column("tip_seq", BigInteger, nullable=False, comment="the highest number seen"),
    Column("tip_hash", LargeBinary, nullable=False, comment="SM3 of the event at the tip"),
    Column("is_broken", Boolean, nullable=False, server_default=false(), comment="an event named another predecessor"),
    UniqueConstraint("terminal", "epoch"),
    comment="One life of a terminal's store: a gapless numbered chain of events",
)

lost_span = Table(
    "lost_span",
    metadata,
    Column("stream", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, primary_key=True, autoincrement=False),
    Column("told_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="Numbers that will never come, as the terminal itself said",
)

event = Table(
    "event",
    metadata,
    Column("stream", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, primary_key=True, comment="SM3 of the bytes; more than one for a number is a fork"),
    Column("id", LargeBinary, nullable=False, comment="UUIDv7, 16 bytes"),
    Column("kind", Text, nullable=False),
    Column("received_us", BigInteger, nullable=False),
    Column("frozen", LargeBinary, nullable=False, comment="the bytes as they came"),
    sqlite_with_rowid=False,
    comment="Events as they came. The id is within the bytes, so equal bytes at one place are the same event",
)

rejected_event = Table(
    "rejected_event",
    metadata,
    Column("stream", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, primary_key=True),
    Column("seq", BigInteger, comment="null if the bytes name none"),
    Column("event_id", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("zh", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("received_us", BigInteger, nullable=False),
    Column("frozen", LargeBinary, nullable=False),
    Index(None, "stream", "seq"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("code", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("holder", Text),
    Column("settled_act", Text),
    Column("settled_document", Text),
    Column("settled_line", BigInteger),
    Column("rest", BigInteger),
    Column("is_reserved", Boolean, nullable=False),
    Column("scan_hlc", BigInteger, comment="the newest scan that set the pack aside"),
    Column("scan_stream", BigInteger),
    Column("scan_seq", BigInteger),
    Column("scan_until_us", BigInteger),
    Column("scan_institution", Text),
    Column("scan_sale", Text),
    Column("fact_hlc", BigInteger, comment="the newest piece of evidence"),
    Column("fact_stream", BigInteger),
    Column("fact_seq", BigInteger),
    Column("conflict_count", BigInteger, nullable=False),
    Column("conflicts", Text, comment="JSON list of the first ones"),
    Column("changed_us", BigInteger, nullable=False),
    Column("settled_institution", Text, comment="whose fact led to the state; a recall is not the holder's"),
    Column("barred", Text, comment="recalled or expired, even while the pack is sold"),
    # Of the few codes in conflict only: what most rows would pay for, nobody would read.
    Index("ix_ledger_conflict", "changed_us", "code", sqlite_where=HAS_CONFLICT, postgresql_where=HAS_CONFLICT),
    sqlite_with_rowid=False,
    comment="One row per code: what its whole history comes to",
)

evidence = Table(
    "evidence",
    metadata,
    Column("code", Text, primary_key=True),
    Column("institution", Text, primary_key=True),
    Column("document", Text, primary_key=True),
    Column("act", Text, primary_key=True),
    Column("line", BigInteger, primary_key=True, autoincrement=False),
    Column("source", LargeBinary, primary_key=True, comment="id of the event that says so"),
    Column("hlc", BigInteger, nullable=False),
    Column("stream", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("units", BigInteger),
    Column("units_per_pack", BigInteger),
    Column("product", Text, comment="what the institution took the pack for"),
    sqlite_with_rowid=False,
    comment="Who said what was done to a pack, scans apart",
)

sighting = Table(
    "sighting",
    metadata,
    Column("code", Text, primary_key=True),
    Column("hlc", BigInteger, primary_key=True, autoincrement=False),
    Column("source", LargeBinary, primary_key=True),
    Column("stream", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("institution", Text, nullable=False),
    Column("sale", Text, nullable=False),
    Column("until_us", BigInteger),
    sqlite_with_rowid=False,
    comment="Scans of a code; many per pack, so they are kept apart from what changes its state",
)

alarm = Table(
    "alarm",
    metadata,
    Column("n", Serial, primary_key=True),
    Column("terminal", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("subject", Text, nullable=False, comment="epoch, fingerprint or other object of the alarm"),
    Column("zh", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("first_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),
    Column("times", BigInteger, nullable=False),
    UniqueConstraint("terminal", "code", "subject"),
    Index(None, "last_us", "n"),
    Index(None, "terminal", "last_us", "n"),
)

visit_step = Table(
    "visit_step",
    metadata,
    Column("day", Text, nullable=False, comment="of the step, in Beijing"),
    # What was done of one visit lies together: it is looked at whenever something is added to it.
    Column("institution", Text, primary_key=True, comment="of the terminal, by the registry"),
    Column("visit", Text, primary_key=True, comment="the hospital's number of it"),
    Column("source", LargeBinary, primary_key=True, comment="id of the event that says so"),
    Column("step", Text, nullable=False, comment="businessType"),
    Column("item", Text, nullable=False),
    Column("shown", Text, nullable=False, comment="voucher, face, card or id"),
    Column("is_done", Boolean, nullable=False, comment="false: the hospital's system refused it"),
    Column("at_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="Steps of visits by one voucher or card, as terminals tell of them; nothing of the person",
)

tally = Table(
    "tally",
    metadata,
    Column("what", Text, primary_key=True, comment="course, refusal, wait or shown"),
    Column("month", Text, primary_key=True, comment="as 2026-01"),
    Column("institution", Text, primary_key=True),
    Column("name", Text, primary_key=True, comment="what was done or shown"),
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="seconds, or an hour since 1970"),
    Column("times", BigInteger, nullable=False),
    Index("ix_tally_hours", "number", sqlite_where=HAS_HOUR, postgresql_where=HAS_HOUR),
    sqlite_with_rowid=False,
    comment="How often what pages show happened, but for what stands in tally_change",
)

tally_change = Table(
    "tally_change",
    metadata,
    Column("n", Serial, primary_key=True),
    Column("what", Text, nullable=False),
    Column("month", Text, nullable=False),
    Column("institution", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("times", BigInteger, nullable=False, comment="negative where something counts no more"),
    comment="By how much a tally moves: added to by everybody, so that nobody waits for a row; emptied now and then",
)

account = Table(
    "account",
    metadata,
    Column("name", Text, primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("failures", Integer, nullable=False, comment="wrong passwords in a row"),
    Column("locked_until_us", BigInteger),
    Column("created_us", BigInteger, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False, index=True),
)

api_token = Table(
    "api_token",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("label", Text, nullable=False),
    Column("account", Text, ForeignKey("account.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("last_used_us", BigInteger),
    Column("revoked_us", BigInteger),
)

audit = Table(
    "audit",
    metadata,
    Column("n", Serial, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False, comment="JSON"),
    comment="Each change with who made it",
)

product = Table(
    "product",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("spec", Text, nullable=False),
    Column("maker", Text, nullable=False),
    Column("insurance_class", Text, nullable=False),
    Column("price", Text, nullable=False, comment="decimal yuan as text: SQLite has no decimals"),
    Column("unit", Text, nullable=False),
    Column("units_per_pack", BigInteger, nullable=False),
    Column("is_device", Boolean, nullable=False),
    Column("is_invented", Boolean, nullable=False),
    Column("is_prescription", Boolean, comment="null: the catalogue does not say"),
    Column("is_real_name", Boolean, comment="null: the catalogue does not say"),
)

identifier = Table(
    "identifier",
    metadata,
    Column("system", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("product", Text, ForeignKey("product.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("level", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
)
