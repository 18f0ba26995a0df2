"""The tables of what was said over the national interface: messages, sign-ins, look-ups, files.

Units, moments and days as in `settlement_tables`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from server.store.schema import IS_OF_A_SETTLEMENT, Serial, metadata

fsi_message = Table(
    "fsi_message",
    metadata,
    Column("institution", Text, primary_key=True),
    Column("msgid", Text, primary_key=True),
    Column("infno", Text, nullable=False),
    Column("state", Text, nullable=False, comment="answered, refused or reversed"),
    Column("caller", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, comment="SM3 of the body; empty if a reversal came instead of it"),
    Column("body", LargeBinary, nullable=False, comment="as received, sealed"),
    Column("answer", LargeBinary, nullable=False, comment="as sent, sealed"),
    Column("signed_text", LargeBinary, comment="exactly what the signature covers, sealed; null if it is the body"),
    Column("key_id", Text, nullable=False, comment="of the signature; empty without one"),
    Column("refmsgid", Text, nullable=False),
    Column("psn_no", Text),
    Column("mdtrt_id", Text, comment="of the visit that it made or changed"),
    Column("setl_id", Text, comment="of the settlement that it made"),
    Column("reversed_by", Text, comment="msgid of the 2601"),
    Column("received_us", BigInteger, nullable=False),
    Column("answered_us", BigInteger, nullable=False),
    Index(None, "received_us"),
    Index(None, "setl_id", sqlite_where=IS_OF_A_SETTLEMENT, postgresql_where=IS_OF_A_SETTLEMENT),
    comment="Messages of the national interface and their answers; the same message gets the same answer",
)

fsi_sign_in = Table(
    "fsi_sign_in",
    metadata,
    Column("sign_no", Text, primary_key=True),
    Column("institution", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("mac", Text, nullable=False),
    Column("ip", Text, nullable=False),
    Column("began_us", BigInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Column("ended_us", BigInteger),
    Index(None, "institution", "operator"),
    sqlite_with_rowid=False,
)

fsi_nonce = Table(
    "fsi_nonce",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("nonce", Text, primary_key=True),
    Column("until_us", BigInteger, nullable=False, index=True),
    Column("content", LargeBinary, nullable=False, comment="SM3 of the bytes that it came with"),
    sqlite_with_rowid=False,
    comment="Signatures that were used, until they would be too old anyway",
)

person_lookup = Table(
    "person_lookup",
    metadata,
    Column("n", Serial, primary_key=True),
    Column("asked_us", BigInteger, nullable=False),
    Column("institution", Text, nullable=False),
    Column("operator", Text, nullable=False, comment="opter"),
    Column("caller", Text, nullable=False, comment="token, key or terminal"),
    Column("infno", Text, nullable=False),
    Column("msgid", Text, nullable=False),
    Column("psn_no", Text, nullable=False, comment="empty if nobody was found"),
    Column("code", Text, nullable=False, comment="of the refusal; empty if it was answered"),
    Index("ix_person_lookup_psn_no", "psn_no", "n"),
    Index("ix_person_lookup_institution", "institution", "n"),
    comment="Who asked about whom by what changes nothing; the rest stands in fsi_message",
)

fsi_file = Table(
    "fsi_file",
    metadata,
    Column("number", Text, primary_key=True, comment="file_qury_no"),
    Column("institution", Text, nullable=False, comment="whose; empty for everybody's"),
    Column("filename", Text, nullable=False),
    Column("purpose", Text, nullable=False, comment="upload, catalogue or differences"),
    Column("digest", LargeBinary, nullable=False, comment="SM3 of the content"),
    Column("content", LargeBinary, nullable=False),
    Column("made_us", BigInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False, index=True),
    comment="Files of 9101 and 9102",
)
