"""The tables of visits, settlements, and the stock, purchases and sales beside them, and of their reconciliation.

Every amount is a whole number of its smallest unit, so that both databases keep and add it exactly (`amounts`): money
in fen (`_fen`), quantities in ten-thousandths (`_e4`), unit prices in millionths of a yuan (`_e6`), ratios in
ten-thousandths (`_e4`). Moments are microseconds as everywhere (`_us`). Days are Beijing's, written `2026-01-31`, which
sorts as it reads; a span holds its first and its last day, and no last day means until further notice. Tables of short
rows have no row id on SQLite; those that hold JSON or whole messages have one, since long rows make a slow B-tree.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

from server.store.schema import IS_OF_A_SETTLEMENT, metadata

IS_ACTIVE = text("state = 'active'")
"""Written out for the same reason as `IS_OF_A_SETTLEMENT`."""
IS_CANCELLING = text("state = 'cancelling'")
IS_OF_A_PERSON = text("psn_no IS NOT NULL")

# -- visits ------------------------------------------------------------------------------------------------------------

visit = Table(
    "visit",
    metadata,
    Column("mdtrt_id", Text, primary_key=True),
    Column("institution", Text, nullable=False),
    Column("psn_no", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="pharmacy, outpatient or inpatient"),
    Column("state", Text, nullable=False, comment="open, discharged, settled or cancelled"),
    Column("insutype", Text, nullable=False),
    Column("med_type", Text, nullable=False),
    Column("number", Text, nullable=False, comment="the institution's own: ipt_otp_no, ipt_no"),
    Column("begins_us", BigInteger, nullable=False),
    Column("ends_us", BigInteger),
    Column("district", Text, nullable=False, comment="of treatment"),
    Column("insured_district", Text, nullable=False),
    Column("doctor", Text, nullable=False),
    Column("dise_codg", Text, nullable=False),
    Column("dise_name", Text, nullable=False),
    Column("fields", Text, nullable=False, comment="JSON: all that was sent of it"),
    Column("made_by", Text, nullable=False, comment="msgid"),
    Column("made_us", BigInteger, nullable=False),
    Index(None, "psn_no", "begins_us"),
    Index(None, "institution", "number"),
)

visit_diagnosis = Table(
    "visit_diagnosis",
    metadata,
    Column("mdtrt_id", Text, ForeignKey("visit.mdtrt_id"), primary_key=True),
    Column("moment", Text, primary_key=True, comment="visit, admission or discharge"),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("diag_type", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("is_main", Boolean, nullable=False),
    Column("doctor", Text, nullable=False),
    Column("fields", Text, nullable=False, comment="JSON: all that was sent of it"),
)

fee_line = Table(
    "fee_line",
    metadata,
    Column("mdtrt_id", Text, ForeignKey("visit.mdtrt_id"), primary_key=True),
    Column("feedetl_sn", Text, primary_key=True),
    Column("psn_no", Text, nullable=False),
    Column("batch", Text, nullable=False, comment="chrg_bchno; empty if none was given"),
    Column("item", Text, nullable=False, comment="med_list_codg"),
    Column("own_item", Text, nullable=False, comment="medins_list_codg"),
    Column("charged_us", BigInteger, nullable=False, comment="fee_ocur_time"),
    Column("count_e4", BigInteger, nullable=False),
    Column("price_e6", BigInteger, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("charge_class", Text, nullable=False, comment="chrgitm_lv"),
    Column("charge_kind", Text, nullable=False, comment="med_chrgitm_type"),
    Column("price_limit_e6", BigInteger),
    Column("pays_first_e4", BigInteger, nullable=False, comment="selfpay_prop"),
    Column("over_limit_fen", BigInteger, nullable=False),
    Column("outside_fen", BigInteger, nullable=False),
    Column("first_fen", BigInteger, nullable=False, comment="preselfpay_amt"),
    Column("in_scope_fen", BigInteger, nullable=False),
    Column("doctor", Text, nullable=False),
    Column("rxno", Text, nullable=False),
    Column("setl_id", Text, comment="of the settlement that stands"),
    Column("fields", Text, nullable=False, comment="JSON: all that was sent of it"),
    Index(None, "psn_no", "item", "charged_us"),
)

# -- settlements -------------------------------------------------------------------------------------------------------

settlement = Table(
    "settlement",
    metadata,
    Column("setl_id", Text, primary_key=True),
    Column("state", Text, nullable=False, comment="active, cancelled, cancelling or reversed"),
    Column("cancels", Text, comment="the settlement that this one is the negative of"),
    Column("sale_key", Text, nullable=False),
    Column("sale_number", Text, nullable=False, comment="chrg_bchno or stoout_no; empty if none was given"),
    Column("msgid", Text, nullable=False, comment="medins_setl_id"),
    Column("mdtrt_id", Text, ForeignKey("visit.mdtrt_id"), nullable=False, index=True),
    Column("institution", Text, nullable=False),
    Column("psn_no", Text, nullable=False),
    Column("insutype", Text, nullable=False),
    Column("psn_type", Text, nullable=False),
    Column("is_civil_servant", Boolean, nullable=False),
    Column("med_type", Text, nullable=False),
    Column("credential_kind", Text, nullable=False, comment="mdtrt_cert_type"),
    Column("district", Text, nullable=False, comment="of treatment"),
    Column("insured_district", Text, nullable=False),
    Column("clr_type", Text, nullable=False),
    Column("clr_way", Text, nullable=False),
    Column("clr_optins", Text, nullable=False),
    Column("uses_account", Boolean, nullable=False),
    Column("invono", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("operator_name", Text, nullable=False),
    Column("begins_us", BigInteger, nullable=False),
    Column("ends_us", BigInteger, nullable=False),
    Column("settled_us", BigInteger, nullable=False),
    Column("day", Text, nullable=False, comment="of settling, in Beijing"),
    Column("year", Integer, nullable=False, comment="whose totals it counts towards"),
    Column("medfee_sumamt_fen", BigInteger, nullable=False),
    Column("fulamt_ownpay_amt_fen", BigInteger, nullable=False),
    Column("overlmt_selfpay_fen", BigInteger, nullable=False),
    Column("preselfpay_amt_fen", BigInteger, nullable=False),
    Column("inscp_scp_amt_fen", BigInteger, nullable=False),
    Column("act_pay_dedc_fen", BigInteger, nullable=False),
    Column("hifp_pay_fen", BigInteger, nullable=False),
    Column("cvlserv_pay_fen", BigInteger, nullable=False),
    Column("hifes_pay_fen", BigInteger, nullable=False),
    Column("hifmi_pay_fen", BigInteger, nullable=False),
    Column("hifob_pay_fen", BigInteger, nullable=False),
    Column("maf_pay_fen", BigInteger, nullable=False),
    Column("oth_pay_fen", BigInteger, nullable=False),
    Column("fund_pay_sumamt_fen", BigInteger, nullable=False, comment="without the personal account"),
    Column("psn_part_amt_fen", BigInteger, nullable=False),
    Column("acct_pay_fen", BigInteger, nullable=False),
    Column("acct_mulaid_pay_fen", BigInteger, nullable=False),
    Column("psn_cash_pay_fen", BigInteger, nullable=False),
    Column("hosp_part_amt_fen", BigInteger, nullable=False),
    Column("balc_fen", BigInteger, nullable=False, comment="of the account afterwards"),
    Column("pool_prop_selfpay_e4", BigInteger, nullable=False),
    Column("process_info", Text, nullable=False, comment="setl_proc_info"),
    Column("steps", Text, nullable=False, comment="JSON"),
    Column("rules", Text, nullable=False, comment="JSON: ids and versions"),
    Column("funds", Text, nullable=False, comment="JSON: setldetail"),
    Column("n", BigInteger, nullable=False, comment="counts what was made of a person's, negatives too, in order"),
    Column("struck_n", BigInteger, comment="of a negative that was struck out: its place in the same order"),
    Index("uq_settlement_sale_key_active", "sale_key", unique=True, sqlite_where=IS_ACTIVE, postgresql_where=IS_ACTIVE),
    Index("uq_settlement_cancels", "cancels", unique=True, sqlite_where=IS_CANCELLING, postgresql_where=IS_CANCELLING),
    Index("uq_settlement_psn_no_n", "psn_no", "n", unique=True),
    Index(None, "psn_no", "settled_us"),
    # Messages are looked for with and without their institution.
    Index(None, "msgid", "institution"),
    Index(None, "institution", "settled_us"),
    Index(None, "settled_us", "setl_id"),
    Index(None, "day"),
)

settlement_line = Table(
    "settlement_line",
    metadata,
    Column("setl_id", Text, ForeignKey("settlement.setl_id"), primary_key=True),
    Column("feedetl_sn", Text, primary_key=True),
    Column("item", Text, nullable=False),
    Column("own_item", Text, nullable=False),
    Column("count_e4", BigInteger, nullable=False),
    Column("price_e6", BigInteger, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("charge_class", Text, nullable=False),
    Column("charge_kind", Text, nullable=False),
    Column("price_limit_e6", BigInteger),
    Column("pays_first_e4", BigInteger, nullable=False),
    Column("is_negotiated", Boolean, nullable=False),
    Column("over_limit_fen", BigInteger, nullable=False),
    Column("outside_fen", BigInteger, nullable=False),
    Column("first_fen", BigInteger, nullable=False),
    Column("in_scope_fen", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="How a settlement split its lines, as the rules of its day had it",
)

settlement_code = Table(
    "settlement_code",
    metadata,
    Column("code", Text, primary_key=True, comment="trace code"),
    Column("setl_id", Text, ForeignKey("settlement.setl_id"), primary_key=True, index=True),
    Column("feedetl_sn", Text, primary_key=True),
    Column("is_split", Boolean, nullable=False, comment="trdn_flag"),
    Column("smallest_unit", Text, nullable=False, comment="min_prcunt_type"),
    sqlite_with_rowid=False,
    comment="Trace codes that came with a settlement",
)

settlement_increment = Table(
    "settlement_increment",
    metadata,
    Column("setl_id", Text, ForeignKey("settlement.setl_id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("psn_no", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Index(None, "psn_no", "year", "key"),
    sqlite_with_rowid=False,
    comment="By how much each settlement moves a person's totals of the year",
)

year_opening = Table(
    "year_opening",
    metadata,
    Column("psn_no", Text, ForeignKey("insured.psn_no"), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("amount_fen", BigInteger, nullable=False),
    Column("told_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="What a person's year had come to before this centre settled for them",
)

# -- stock, purchase and sale ------------------------------------------------------------------------------------------

stock_record = Table(
    "stock_record",
    metadata,
    Column("id", Text, primary_key=True),
    Column("infno", Text, nullable=False, comment="3501 to 3506"),
    Column("institution", Text, nullable=False),
    Column("batch", Text, nullable=False, comment="fixmedins_bchno"),
    Column("item", Text, nullable=False, comment="med_list_codg; empty if none was given"),
    Column("own_item", Text, nullable=False, comment="fixmedins_hilist_id"),
    Column("name", Text, nullable=False),
    Column("count_e4", BigInteger, nullable=False),
    Column("price_e6", BigInteger),
    Column("happened_us", BigInteger, nullable=False, comment="of the act, as the institution says"),
    Column("change_kind", Text, nullable=False, comment="inv_chg_type of a 3502"),
    Column("lot", Text, nullable=False),
    Column("expires_day", Text),
    Column("is_prescription", Boolean, nullable=False),
    Column("is_split", Boolean, nullable=False),
    Column("document", Text, nullable=False, comment="rtal_docno of a sale, medins_prod_sel_no of a return"),
    Column("visit_number", Text, nullable=False, comment="mdtrt_sn"),
    Column("setl_id", Text),
    Column("psn_no", Text),
    Column("is_insured", Boolean, nullable=False, comment="a sale that an insurance settlement pays"),
    Column("fields", Text, nullable=False, comment="JSON: all that was sent of it but what is personal"),
    Column("personal_sealed", LargeBinary, comment="names and certificate numbers, sealed JSON"),
    Column("msgid", Text, nullable=False),
    Column("received_us", BigInteger, nullable=False),
    Column("deleted_us", BigInteger, comment="by a 3507"),
    Index(None, "institution", "infno", "happened_us"),
    Index(None, "institution", "batch"),
    Index(None, "institution", "document"),
    Index(None, "setl_id", sqlite_where=IS_OF_A_SETTLEMENT, postgresql_where=IS_OF_A_SETTLEMENT),
    Index(None, "psn_no", "happened_us", sqlite_where=IS_OF_A_PERSON, postgresql_where=IS_OF_A_PERSON),
)

stock_code = Table(
    "stock_code",
    metadata,
    Column("record", Text, ForeignKey("stock_record.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False, comment="its place: a code may stand there twice"),
    Column("code", Text, nullable=False, index=True),
    sqlite_with_rowid=False,
)

# -- reconciliation ----------------------------------------------------------------------------------------------------

reconciliation = Table(
    "reconciliation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("infno", Text, nullable=False, comment="3201 or 3202"),
    Column("institution", Text, nullable=False),
    Column("insutype", Text, nullable=False),
    Column("clr_type", Text, nullable=False),
    Column("clr_optins", Text, nullable=False, comment="the office; empty for all"),
    Column("from_day", Text, nullable=False),
    Column("to_day", Text, nullable=False),
    Column("result", Text, nullable=False, comment="stmt_rslt"),
    Column("medfee_fen", BigInteger, nullable=False, comment="as the institution says"),
    Column("fund_fen", BigInteger, nullable=False),
    Column("account_fen", BigInteger, nullable=False),
    Column("settlements", BigInteger, nullable=False),
    Column("our_medfee_fen", BigInteger, nullable=False),
    Column("our_fund_fen", BigInteger, nullable=False),
    Column("our_account_fen", BigInteger, nullable=False),
    Column("our_settlements", BigInteger, nullable=False),
    Column("file", Text, comment="file_qury_no of the differences"),
    Column("msgid", Text, nullable=False),
    Column("compared_us", BigInteger, nullable=False),
    Index(None, "institution", "compared_us"),
    sqlite_with_rowid=False,
    comment="Each comparison of an institution's books with ours",
)

reconciliation_difference = Table(
    "reconciliation_difference",
    metadata,
    Column("run", Text, ForeignKey("reconciliation.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("result", Text, nullable=False, comment="stmt_rslt"),
    Column("setl_id", Text, nullable=False),
    Column("mdtrt_id", Text, nullable=False),
    Column("psn_no", Text, nullable=False),
    Column("msgid", Text, nullable=False),
    Column("is_refund", Boolean, nullable=False, comment="refd_setl_flag"),
    Column("memo", Text, nullable=False),
    Column("medfee_fen", BigInteger, comment="as the institution says; null if it has none"),
    Column("fund_fen", BigInteger),
    Column("account_fen", BigInteger),
    Column("our_medfee_fen", BigInteger, comment="null if we have none"),
    Column("our_fund_fen", BigInteger),
    Column("our_account_fen", BigInteger),
    sqlite_with_rowid=False,
)
