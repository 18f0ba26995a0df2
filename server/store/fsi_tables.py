"""The tables of settlement: who may settle, who is insured, what was said, settled, stocked and reconciled.

Every amount is a whole number of its smallest unit, so that both databases keep and add it exactly (`amounts`): money
in fen (`_fen`), quantities in ten-thousandths (`_e4`), unit prices in millionths of a yuan (`_e6`), ratios in
ten-thousandths (`_e4`). Moments are microseconds as everywhere (`_us`). Days are Beijing's, written `2026-01-31`, which
sorts as it reads; a span holds its first and its last day, and no last day means until further notice. Tables of short
rows have no row id on SQLite; those that hold JSON or whole messages have one, since long rows make a slow B-tree.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

from server.store.schema import Serial, metadata

IS_ACTIVE = text("state = 'active'")
"""Written out, not bound: only so is it the condition of a partial index on both databases."""

IS_CANCELLING = text("state = 'cancelling'")

IS_OF_A_SETTLEMENT = text("setl_id IS NOT NULL")
IS_OF_A_PERSON = text("psn_no IS NOT NULL")

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

# -- what was said -----------------------------------------------------------------------------------------------------

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
