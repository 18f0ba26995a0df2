"""The tables of the insurance's lists and of entitlements: catalogues, limits, approvals, prescriptions.

Units, moments and days as in `settlement_tables`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text

from server.store.schema import metadata

# -- the catalogue of insurance ----------------------------------------------------------------------------------------

catalogue_version = Table(
    "catalogue_version",
    metadata,
    Column("list", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("made_us", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("changed", BigInteger, nullable=False, comment="rows that it added or changed"),
    sqlite_with_rowid=False,
)

insurance_item = Table(
    "insurance_item",
    metadata,
    Column("list", Text, primary_key=True, comment="the transaction that downloads it: 1301, 1307"),
    Column("code", Text, primary_key=True),
    Column("from_day", Text, primary_key=True),
    Column("to_day", Text),
    Column(
        "list_type", Text, nullable=False, comment="101 western drug, 102 patent medicine, 201 service, 301 material"
    ),
    Column("name", Text, nullable=False),
    Column("charge_class", Text, nullable=False, comment="chrgitm_lv: 01, 02, 03; empty for diseases and the like"),
    Column("charge_kind", Text, nullable=False, comment="med_chrgitm_type"),
    Column("is_negotiated", Boolean, nullable=False),
    Column("is_prescription", Boolean, nullable=False),
    Column("is_valid", Boolean, nullable=False),
    Column("fields", Text, nullable=False, comment="JSON: the other columns"),
    Column("version", BigInteger, nullable=False, comment="that last changed this row"),
    Column("updated_us", BigInteger, nullable=False),
    Index(None, "code"),
    Index(None, "list", "version"),
    Index(None, "updated_us", "code"),
)

price_limit = Table(
    "price_limit",
    metadata,
    Column("code", Text, primary_key=True),
    Column("level", Text, primary_key=True, comment="of the institution; empty for every one"),
    Column("district", Text, primary_key=True, comment="empty for everywhere"),
    Column("from_day", Text, primary_key=True),
    Column("to_day", Text),
    Column("limit_e6", BigInteger, nullable=False),
    Column("limit_kind", Text, nullable=False, comment="hilist_lmtpric_type"),
    Column("is_valid", Boolean, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("above", Text, nullable=False, comment="overlmt_dspo_way"),
    Index(None, "updated_us", "code"),
    sqlite_with_rowid=False,
    comment="Highest prices that insurance reckons with, 1318",
)

pays_first = Table(
    "pays_first",
    metadata,
    Column("code", Text, primary_key=True),
    Column("psn_type", Text, primary_key=True, comment="selfpay_prop_psn_type; empty for everybody"),
    Column("district", Text, primary_key=True, comment="empty for everywhere"),
    Column("from_day", Text, primary_key=True),
    Column("to_day", Text),
    Column("share_e4", BigInteger, nullable=False),
    Column("share_kind", Text, nullable=False, comment="selfpay_prop_type"),
    Column("is_valid", Boolean, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Index(None, "updated_us", "code"),
    sqlite_with_rowid=False,
    comment="Shares that the person pays first, 1319",
)

list_match = Table(
    "list_match",
    metadata,
    Column("med_list_codg", Text, primary_key=True),
    Column("hilist_code", Text, primary_key=True),
    Column("district", Text, primary_key=True, comment="empty for everywhere"),
    Column("from_day", Text, primary_key=True),
    Column("to_day", Text),
    Column("list_type", Text, nullable=False),
    Column("is_valid", Boolean, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Index(None, "updated_us", "med_list_codg"),
    sqlite_with_rowid=False,
    comment="Which item of the insurance list an item of the medical list is, 1316",
)

institution_match = Table(
    "institution_match",
    metadata,
    Column("institution", Text, primary_key=True),
    Column("own_item", Text, primary_key=True, comment="fixmedins_hilist_id"),
    Column("list_type", Text, primary_key=True),
    Column("item", Text, primary_key=True, comment="med_list_codg; empty where there is none"),
    Column("from_day", Text, primary_key=True),
    Column("to_day", Text),
    Column("name", Text, nullable=False),
    Column("is_valid", Boolean, nullable=False, comment="false once a 3302 took it back"),
    Column("fields", Text, nullable=False, comment="JSON: all that was sent of it"),
    Column("updated_us", BigInteger, nullable=False),
    Index(None, "updated_us", "institution", "own_item"),
    comment="Which item an institution's own item is, 3301 and 3302",
)

# -- entitlements ------------------------------------------------------------------------------------------------------

drug_approval = Table(
    "drug_approval",
    metadata,
    Column("id", Text, primary_key=True),
    Column("psn_no", Text, nullable=False),
    Column("item", Text, nullable=False, comment="med_list_codg"),
    Column("doctor", Text, nullable=False, comment="the responsible one"),
    Column("pharmacy", Text, nullable=False, comment="the one that was named"),
    Column("from_day", Text, nullable=False),
    Column("to_day", Text),
    Column("state", Text, nullable=False, comment="granted or withdrawn"),
    Column("detail", Text, nullable=False, comment="JSON object of text"),
    Column("changed_us", BigInteger, nullable=False),
    Index(None, "psn_no", "item"),
    sqlite_with_rowid=False,
    comment="Dual-channel approvals",
)

e_prescription = Table(
    "e_prescription",
    metadata,
    Column("number", Text, primary_key=True, comment="hi_rxno"),
    Column("psn_no", Text, nullable=False),
    Column("doctor", Text, nullable=False),
    Column("institution", Text, nullable=False, comment="that issued it"),
    Column("state", Text, nullable=False, comment="uploaded, signed, issued, reviewed, refused, used or withdrawn"),
    Column("issued_us", BigInteger, nullable=False),
    Column("valid_to_us", BigInteger, nullable=False),
    Column("reviewed_by", Text, comment="pharmacist"),
    Column("reviewed_us", BigInteger),
    Column("fields", Text, nullable=False, comment="JSON: all that was sent of it"),
    Column("changed_us", BigInteger, nullable=False),
    Index(None, "psn_no", "issued_us"),
)

e_prescription_line = Table(
    "e_prescription_line",
    metadata,
    Column("number", Text, ForeignKey("e_prescription.number"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("item", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("count_e4", BigInteger, nullable=False),
    Column("dispensed_e4", BigInteger, nullable=False),
    Column("unit", Text, nullable=False),
    Column("fields", Text, nullable=False, comment="JSON: all that was sent of it"),
)

e_prescription_use = Table(
    "e_prescription_use",
    metadata,
    Column("used_by", Text, primary_key=True, comment="setl_id, or the document of a sale that nobody insures"),
    Column("institution", Text, primary_key=True, comment="that dispensed"),
    Column("number", Text, ForeignKey("e_prescription.number"), primary_key=True, index=True),
    Column("n", Integer, primary_key=True, autoincrement=False, comment="line of the prescription"),
    Column("count_e4", BigInteger, nullable=False),
    Column("used_us", BigInteger, nullable=False),
    Column("given_back_us", BigInteger, comment="null while the use stands"),
    sqlite_with_rowid=False,
    comment="What was dispensed on which prescription, by whom",
)
