"""The tables of who takes part in settlement: institutions, practitioners, insured persons and their accounts.

Units, moments and days as in `settlement_tables`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from server.store.schema import IS_OF_A_SETTLEMENT, Serial, metadata

# -- who may settle ----------------------------------------------------------------------------------------------------

institution = Table(
    "institution",
    metadata,
    Column("code", Text, primary_key=True, comment="fixmedins_code"),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="pharmacy or hospital"),
    Column("level", Text, nullable=False, comment="1, 2, 3, community or pharmacy"),
    Column("district", Text, nullable=False, comment="six digits"),
    Column("uscc", Text, nullable=False, comment="unified social credit code; empty if not known"),
    Column("is_dual_channel", Boolean, nullable=False, comment="may sell approved negotiated drugs at hospital ratio"),
    Column("changed_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

institution_standing = Table(
    "institution_standing",
    metadata,
    Column("subject", Text, ForeignKey("institution.code"), primary_key=True),
    Column("from_us", BigInteger, primary_key=True, autoincrement=False),
    Column("standing", Text, primary_key=True, comment="active, suspended or ended"),
    Column("to_us", BigInteger, comment="the first moment after it; null until further notice"),
    Column("reason", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="Spans; of those that cover a moment the one that began last counts",
)

practitioner = Table(
    "practitioner",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="doctor or pharmacist"),
    Column("licence", Text, nullable=False, index=True, comment="phar_prac_cert_no; empty if not known"),
    Column("changed_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="Doctors and pharmacists",
)

practitioner_post = Table(
    "practitioner_post",
    metadata,
    Column("practitioner", Text, ForeignKey("practitioner.code"), primary_key=True),
    Column("institution", Text, primary_key=True, index=True),
    Column("from_day", Text, primary_key=True),
    Column("to_day", Text),
    sqlite_with_rowid=False,
    comment="Where somebody practises; more than one place at a time is possible",
)

practitioner_standing = Table(
    "practitioner_standing",
    metadata,
    Column("subject", Text, ForeignKey("practitioner.code"), primary_key=True),
    Column("from_us", BigInteger, primary_key=True, autoincrement=False),
    Column("standing", Text, primary_key=True, comment="active, suspended or ended"),
    Column("to_us", BigInteger, comment="the first moment after it; null until further notice"),
    Column("reason", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

institution_caller = Table(
    "institution_caller",
    metadata,
    Column("kind", Text, primary_key=True, comment="token or terminal"),
    Column("caller", Text, primary_key=True, comment="id of the API token, or name of the terminal"),
    Column("institution", Text, ForeignKey("institution.code"), primary_key=True, index=True),
    Column("bound_by", Text, nullable=False),
    Column("bound_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="Who speaks for which institution",
)

# -- who is insured ----------------------------------------------------------------------------------------------------

insured = Table(
    "insured",
    metadata,
    Column("psn_no", Text, primary_key=True),
    Column("cert_type", Text, nullable=False),
    Column("cert_digest", LargeBinary, nullable=False, index=True, comment="keyed hash of the certificate number"),
    Column("certno_sealed", LargeBinary, nullable=False),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("sex", Text, nullable=False, comment="gend"),
    Column("ethnic", Text, nullable=False, comment="naty; empty if not known"),
    Column("birth_day", Text, comment="brdy"),
    Column("changed_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

insured_credential = Table(
    "insured_credential",
    metadata,
    Column(
        "kind", Text, primary_key=True, comment="mdtrt_cert_type: 01 voucher token, 02 identity card, 03 social card"
    ),
    Column("digest", LargeBinary, primary_key=True, comment="keyed hash of its number"),
    Column("psn_no", Text, ForeignKey("insured.psn_no"), nullable=False, index=True),
    Column("card_digest", LargeBinary, comment="keyed hash of the chip's id, card_sn"),
    Column("password_digest", Text, comment="as an account's, where an area checks it"),
    Column("from_us", BigInteger, nullable=False),
    Column("to_us", BigInteger, comment="the first moment at which it is no longer valid"),
    sqlite_with_rowid=False,
)

insured_insurance = Table(
    "insured_insurance",
    metadata,
    Column("psn_no", Text, ForeignKey("insured.psn_no"), primary_key=True),
    Column("insutype", Text, primary_key=True, comment="310 employee, 390 resident"),
    Column("from_day", Text, primary_key=True),
    Column("to_day", Text),
    Column("psn_type", Text, nullable=False),
    Column("district", Text, nullable=False, comment="insuplc_admdvs"),
    Column("is_civil_servant", Boolean, nullable=False),
    Column("state", Text, nullable=False, comment="psn_insu_stas: 1 insured, 2 paused, 4 ended"),
    Column("employer", Text, nullable=False),
    sqlite_with_rowid=False,
)

insured_fact = Table(
    "insured_fact",
    metadata,
    Column("psn_no", Text, ForeignKey("insured.psn_no"), primary_key=True),
    Column(
        "kind", Text, primary_key=True, comment="assistance, chronic, two_disease, referral, out_of_area, enterprise"
    ),
    Column("code", Text, primary_key=True, comment="which: identity, disease, district or institution"),
    Column("from_day", Text, primary_key=True),
    Column("to_day", Text),
    Column("detail", Text, nullable=False, comment="JSON object of text"),
    sqlite_with_rowid=False,
    comment="What holds of a person for a time",
)

family_binding = Table(
    "family_binding",
    metadata,
    Column("receiver", Text, ForeignKey("insured.psn_no"), primary_key=True),
    Column("giver", Text, ForeignKey("insured.psn_no"), primary_key=True),
    Column("from_day", Text, primary_key=True),
    Column("to_day", Text),
    Column("rank", Integer, nullable=False, comment="whose account is used first"),
    Column("limit_fen", BigInteger, comment="of a calendar year; null for none"),
    Index(None, "giver"),
    sqlite_with_rowid=False,
    comment="Whose personal account may pay for whom",
)

medical_account = Table(
    "medical_account",
    metadata,
    Column("psn_no", Text, ForeignKey("insured.psn_no"), primary_key=True),
    Column("balance_fen", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("told_fen", BigInteger, comment="what an office told last; null if none did"),
    Column("told_us", BigInteger, comment="as of when; null if that was not told"),
    sqlite_with_rowid=False,
    comment="A personal account: the sum of its movements",
)

account_movement = Table(
    "account_movement",
    metadata,
    Column("n", Serial, primary_key=True),
    Column("psn_no", Text, ForeignKey("medical_account.psn_no"), nullable=False, comment="whose account"),
    Column("setl_id", Text, comment="null where money came in"),
    Column("amount_fen", BigInteger, nullable=False, comment="negative when spent"),
    Column("used_by", Text, nullable=False, comment="for whom; another person is mutual aid"),
    Column("reason", Text, nullable=False, comment="balance, settlement or reversal"),
    Column("year", Integer, nullable=False, comment="whose limits it counts towards: that of the settlement"),
    Column("moved_us", BigInteger, nullable=False),
    Index(None, "psn_no", "moved_us"),
    Index(
        "ix_account_movement_setl_id", "setl_id", sqlite_where=IS_OF_A_SETTLEMENT, postgresql_where=IS_OF_A_SETTLEMENT
    ),
)
