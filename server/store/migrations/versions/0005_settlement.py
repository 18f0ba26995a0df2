"""Settlement: institutions, insured people, messages, visits, settlements, stock, lists, reconciliation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table, and let products say what they want."""
    for name in ("is_prescription", "is_real_name"):
        op.add_column(
            "product", sa.Column(name, sa.Boolean(), nullable=True, comment="null: the catalogue does not say")
        )
    op.create_table(
        "catalogue_version",
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_us", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False, comment="rows that it added or changed"),
        sa.PrimaryKeyConstraint("list", "version", name=op.f("pk_catalogue_version")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "drug_approval",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("psn_no", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False, comment="med_list_codg"),
        sa.Column("doctor", sa.Text(), nullable=False, comment="the responsible one"),
        sa.Column("pharmacy", sa.Text(), nullable=False, comment="the one that was named"),
        sa.Column("from_day", sa.Text(), nullable=False),
        sa.Column("to_day", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False, comment="granted or withdrawn"),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON object of text"),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drug_approval")),
        comment="Dual-channel approvals",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_drug_approval_psn_no_item"), "drug_approval", ["psn_no", "item"], unique=False)
    op.create_table(
        "e_prescription",
        sa.Column("number", sa.Text(), nullable=False, comment="hi_rxno"),
        sa.Column("psn_no", sa.Text(), nullable=False),
        sa.Column("doctor", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False, comment="that issued it"),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="uploaded, signed, issued, reviewed, refused, used or withdrawn"
        ),
        sa.Column("issued_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_to_us", sa.BigInteger(), nullable=False),
        sa.Column("reviewed_by", sa.Text(), nullable=True, comment="pharmacist"),
        sa.Column("reviewed_us", sa.BigInteger(), nullable=True),
        sa.Column("fields", sa.Text(), nullable=False, comment="JSON: all that was sent of it"),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_e_prescription")),
    )
    op.create_index(op.f("ix_e_prescription_psn_no_issued_us"), "e_prescription", ["psn_no", "issued_us"], unique=False)
    op.create_table(
        "fsi_file",
        sa.Column("number", sa.Text(), nullable=False, comment="file_qury_no"),
        sa.Column("institution", sa.Text(), nullable=False, comment="whose; empty for everybody's"),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False, comment="upload, catalogue or differences"),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SM3 of the content"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_fsi_file")),
        comment="Files of 9101 and 9102",
    )
    op.create_index(op.f("ix_fsi_file_until_us"), "fsi_file", ["until_us"], unique=False)
    op.create_table(
        "fsi_message",
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("msgid", sa.Text(), nullable=False),
        sa.Column("infno", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="answered, refused or reversed"),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=False,
            comment="SM3 of the body; empty if a reversal came instead of it",
        ),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="as received, sealed"),
        sa.Column("answer", sa.LargeBinary(), nullable=False, comment="as sent, sealed"),
        sa.Column(
            "signed_text",
            sa.LargeBinary(),
            nullable=True,
            comment="exactly what the signature covers, sealed; null if it is the body",
        ),
        sa.Column("key_id", sa.Text(), nullable=False, comment="of the signature; empty without one"),
        sa.Column("refmsgid", sa.Text(), nullable=False),
        sa.Column("psn_no", sa.Text(), nullable=True),
        sa.Column("mdtrt_id", sa.Text(), nullable=True, comment="of the visit that it made or changed"),
        sa.Column("setl_id", sa.Text(), nullable=True, comment="of the settlement that it made"),
        sa.Column("reversed_by", sa.Text(), nullable=True, comment="msgid of the 2601"),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("answered_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("institution", "msgid", name=op.f("pk_fsi_message")),
        comment="Messages of the national interface and their answers; the same message gets the same answer",
    )
    op.create_index(op.f("ix_fsi_message_received_us"), "fsi_message", ["received_us"], unique=False)
    op.create_index(
        op.f("ix_fsi_message_setl_id"),
        "fsi_message",
        ["setl_id"],
        unique=False,
        sqlite_where=sa.text("setl_id IS NOT NULL"),
        postgresql_where=sa.text("setl_id IS NOT NULL"),
    )
    op.create_table(
        "fsi_nonce",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False, comment="SM3 of the bytes that it came with"),
        sa.PrimaryKeyConstraint("key_id", "nonce", name=op.f("pk_fsi_nonce")),
        comment="Signatures that were used, until they would be too old anyway",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_fsi_nonce_until_us"), "fsi_nonce", ["until_us"], unique=False)
    op.create_table(
        "fsi_sign_in",
        sa.Column("sign_no", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("mac", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("began_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("sign_no", name=op.f("pk_fsi_sign_in")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_fsi_sign_in_institution_operator"), "fsi_sign_in", ["institution", "operator"], unique=False
    )
    op.create_table(
        "institution",
        sa.Column("code", sa.Text(), nullable=False, comment="fixmedins_code"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="pharmacy or hospital"),
        sa.Column("level", sa.Text(), nullable=False, comment="1, 2, 3, community or pharmacy"),
        sa.Column("district", sa.Text(), nullable=False, comment="six digits"),
        sa.Column("uscc", sa.Text(), nullable=False, comment="unified social credit code; empty if not known"),
        sa.Column(
            "is_dual_channel",
            sa.Boolean(),
            nullable=False,
            comment="may sell approved negotiated drugs at hospital ratio",
        ),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_institution")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "institution_match",
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("own_item", sa.Text(), nullable=False, comment="fixmedins_hilist_id"),
        sa.Column("list_type", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False, comment="med_list_codg; empty where there is none"),
        sa.Column("from_day", sa.Text(), nullable=False),
        sa.Column("to_day", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_valid", sa.Boolean(), nullable=False, comment="false once a 3302 took it back"),
        sa.Column("fields", sa.Text(), nullable=False, comment="JSON: all that was sent of it"),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "institution", "own_item", "list_type", "item", "from_day", name=op.f("pk_institution_match")
        ),
        comment="Which item an institution's own item is, 3301 and 3302",
    )
    op.create_index(
        op.f("ix_institution_match_updated_us_institution_own_item"),
        "institution_match",
        ["updated_us", "institution", "own_item"],
        unique=False,
    )
    op.create_table(
        "insurance_item",
        sa.Column("list", sa.Text(), nullable=False, comment="the transaction that downloads it: 1301, 1307"),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("from_day", sa.Text(), nullable=False),
        sa.Column("to_day", sa.Text(), nullable=True),
        sa.Column(
            "list_type",
            sa.Text(),
            nullable=False,
            comment="101 western drug, 102 patent medicine, 201 service, 301 material",
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "charge_class", sa.Text(), nullable=False, comment="chrgitm_lv: 01, 02, 03; empty for diseases and the like"
        ),
        sa.Column("charge_kind", sa.Text(), nullable=False, comment="med_chrgitm_type"),
        sa.Column("is_negotiated", sa.Boolean(), nullable=False),
        sa.Column("is_prescription", sa.Boolean(), nullable=False),
        sa.Column("is_valid", sa.Boolean(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False, comment="JSON: the other columns"),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="that last changed this row"),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("list", "code", "from_day", name=op.f("pk_insurance_item")),
    )
    op.create_index(op.f("ix_insurance_item_code"), "insurance_item", ["code"], unique=False)
    op.create_index(op.f("ix_insurance_item_list_version"), "insurance_item", ["list", "version"], unique=False)
    op.create_index(op.f("ix_insurance_item_updated_us_code"), "insurance_item", ["updated_us", "code"], unique=False)
    op.create_table(
        "insured",
        sa.Column("psn_no", sa.Text(), nullable=False),
        sa.Column("cert_type", sa.Text(), nullable=False),
        sa.Column("cert_digest", sa.LargeBinary(), nullable=False, comment="keyed hash of the certificate number"),
        sa.Column("certno_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=False, comment="gend"),
        sa.Column("ethnic", sa.Text(), nullable=False, comment="naty; empty if not known"),
        sa.Column("birth_day", sa.Text(), nullable=True, comment="brdy"),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("psn_no", name=op.f("pk_insured")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_insured_cert_digest"), "insured", ["cert_digest"], unique=False)
    op.create_table(
        "list_match",
        sa.Column("med_list_codg", sa.Text(), nullable=False),
        sa.Column("hilist_code", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False, comment="empty for everywhere"),
        sa.Column("from_day", sa.Text(), nullable=False),
        sa.Column("to_day", sa.Text(), nullable=True),
        sa.Column("list_type", sa.Text(), nullable=False),
        sa.Column("is_valid", sa.Boolean(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("med_list_codg", "hilist_code", "district", "from_day", name=op.f("pk_list_match")),
        comment="Which item of the insurance list an item of the medical list is, 1316",
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_list_match_updated_us_med_list_codg"), "list_match", ["updated_us", "med_list_codg"], unique=False
    )
    op.create_table(
        "pays_first",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("psn_type", sa.Text(), nullable=False, comment="selfpay_prop_psn_type; empty for everybody"),
        sa.Column("district", sa.Text(), nullable=False, comment="empty for everywhere"),
        sa.Column("from_day", sa.Text(), nullable=False),
        sa.Column("to_day", sa.Text(), nullable=True),
        sa.Column("share_e4", sa.BigInteger(), nullable=False),
        sa.Column("share_kind", sa.Text(), nullable=False, comment="selfpay_prop_type"),
        sa.Column("is_valid", sa.Boolean(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code", "psn_type", "district", "from_day", name=op.f("pk_pays_first")),
        comment="Shares that the person pays first, 1319",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_pays_first_updated_us_code"), "pays_first", ["updated_us", "code"], unique=False)
    op.create_table(
        "person_lookup",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked_us", sa.BigInteger(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False, comment="opter"),
        sa.Column("caller", sa.Text(), nullable=False, comment="token, key or terminal"),
        sa.Column("infno", sa.Text(), nullable=False),
        sa.Column("msgid", sa.Text(), nullable=False),
        sa.Column("psn_no", sa.Text(), nullable=False, comment="empty if nobody was found"),
        sa.Column("code", sa.Text(), nullable=False, comment="of the refusal; empty if it was answered"),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_person_lookup")),
        comment="Who asked about whom by what changes nothing; the rest stands in fsi_message",
    )
    op.create_index("ix_person_lookup_institution", "person_lookup", ["institution", "n"], unique=False)
    op.create_index("ix_person_lookup_psn_no", "person_lookup", ["psn_no", "n"], unique=False)
    op.create_table(
        "practitioner",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="doctor or pharmacist"),
        sa.Column("licence", sa.Text(), nullable=False, comment="phar_prac_cert_no; empty if not known"),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_practitioner")),
        comment="Doctors and pharmacists",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_practitioner_licence"), "practitioner", ["licence"], unique=False)
    op.create_table(
        "price_limit",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False, comment="of the institution; empty for every one"),
        sa.Column("district", sa.Text(), nullable=False, comment="empty for everywhere"),
        sa.Column("from_day", sa.Text(), nullable=False),
        sa.Column("to_day", sa.Text(), nullable=True),
        sa.Column("limit_e6", sa.BigInteger(), nullable=False),
        sa.Column("limit_kind", sa.Text(), nullable=False, comment="hilist_lmtpric_type"),
        sa.Column("is_valid", sa.Boolean(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("above", sa.Text(), nullable=False, comment="overlmt_dspo_way"),
        sa.PrimaryKeyConstraint("code", "level", "district", "from_day", name=op.f("pk_price_limit")),
        comment="Highest prices that insurance reckons with, 1318",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_price_limit_updated_us_code"), "price_limit", ["updated_us", "code"], unique=False)
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("infno", sa.Text(), nullable=False, comment="3201 or 3202"),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("insutype", sa.Text(), nullable=False),
        sa.Column("clr_type", sa.Text(), nullable=False),
        sa.Column("clr_optins", sa.Text(), nullable=False, comment="the office; empty for all"),
        sa.Column("from_day", sa.Text(), nullable=False),
        sa.Column("to_day", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False, comment="stmt_rslt"),
        sa.Column("medfee_fen", sa.BigInteger(), nullable=False, comment="as the institution says"),
        sa.Column("fund_fen", sa.BigInteger(), nullable=False),
        sa.Column("account_fen", sa.BigInteger(), nullable=False),
        sa.Column("settlements", sa.BigInteger(), nullable=False),
        sa.Column("our_medfee_fen", sa.BigInteger(), nullable=False),
        sa.Column("our_fund_fen", sa.BigInteger(), nullable=False),
        sa.Column("our_account_fen", sa.BigInteger(), nullable=False),
        sa.Column("our_settlements", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.Text(), nullable=True, comment="file_qury_no of the differences"),
        sa.Column("msgid", sa.Text(), nullable=False),
        sa.Column("compared_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation")),
        comment="Each comparison of an institution's books with ours",
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_reconciliation_institution_compared_us"),
        "reconciliation",
        ["institution", "compared_us"],
        unique=False,
    )
    op.create_table(
        "stock_record",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("infno", sa.Text(), nullable=False, comment="3501 to 3506"),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False, comment="fixmedins_bchno"),
        sa.Column("item", sa.Text(), nullable=False, comment="med_list_codg; empty if none was given"),
        sa.Column("own_item", sa.Text(), nullable=False, comment="fixmedins_hilist_id"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("count_e4", sa.BigInteger(), nullable=False),
        sa.Column("price_e6", sa.BigInteger(), nullable=True),
        sa.Column("happened_us", sa.BigInteger(), nullable=False, comment="of the act, as the institution says"),
        sa.Column("change_kind", sa.Text(), nullable=False, comment="inv_chg_type of a 3502"),
        sa.Column("lot", sa.Text(), nullable=False),
        sa.Column("expires_day", sa.Text(), nullable=True),
        sa.Column("is_prescription", sa.Boolean(), nullable=False),
        sa.Column("is_split", sa.Boolean(), nullable=False),
        sa.Column(
            "document", sa.Text(), nullable=False, comment="rtal_docno of a sale, medins_prod_sel_no of a return"
        ),
        sa.Column("visit_number", sa.Text(), nullable=False, comment="mdtrt_sn"),
        sa.Column("setl_id", sa.Text(), nullable=True),
        sa.Column("psn_no", sa.Text(), nullable=True),
        sa.Column("is_insured", sa.Boolean(), nullable=False, comment="a sale that an insurance settlement pays"),
        sa.Column("fields", sa.Text(), nullable=False, comment="JSON: all that was sent of it but what is personal"),
        sa.Column(
            "personal_sealed", sa.LargeBinary(), nullable=True, comment="names and certificate numbers, sealed JSON"
        ),
        sa.Column("msgid", sa.Text(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("deleted_us", sa.BigInteger(), nullable=True, comment="by a 3507"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_record")),
    )
    op.create_index(op.f("ix_stock_record_institution_batch"), "stock_record", ["institution", "batch"], unique=False)
    op.create_index(
        op.f("ix_stock_record_institution_document"), "stock_record", ["institution", "document"], unique=False
    )
    op.create_index(
        op.f("ix_stock_record_institution_infno_happened_us"),
        "stock_record",
        ["institution", "infno", "happened_us"],
        unique=False,
    )
    op.create_index(
        op.f("ix_stock_record_psn_no_happened_us"),
        "stock_record",
        ["psn_no", "happened_us"],
        unique=False,
        sqlite_where=sa.text("psn_no IS NOT NULL"),
        postgresql_where=sa.text("psn_no IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_stock_record_setl_id"),
        "stock_record",
        ["setl_id"],
        unique=False,
        sqlite_where=sa.text("setl_id IS NOT NULL"),
        postgresql_where=sa.text("setl_id IS NOT NULL"),
    )
    op.create_table(
        "visit",
        sa.Column("mdtrt_id", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("psn_no", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="pharmacy, outpatient or inpatient"),
        sa.Column("state", sa.Text(), nullable=False, comment="open, discharged, settled or cancelled"),
        sa.Column("insutype", sa.Text(), nullable=False),
        sa.Column("med_type", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="the institution's own: ipt_otp_no, ipt_no"),
        sa.Column("begins_us", sa.BigInteger(), nullable=False),
        sa.Column("ends_us", sa.BigInteger(), nullable=True),
        sa.Column("district", sa.Text(), nullable=False, comment="of treatment"),
        sa.Column("insured_district", sa.Text(), nullable=False),
        sa.Column("doctor", sa.Text(), nullable=False),
        sa.Column("dise_codg", sa.Text(), nullable=False),
        sa.Column("dise_name", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False, comment="JSON: all that was sent of it"),
        sa.Column("made_by", sa.Text(), nullable=False, comment="msgid"),
        sa.Column("made_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mdtrt_id", name=op.f("pk_visit")),
    )
    op.create_index(op.f("ix_visit_institution_number"), "visit", ["institution", "number"], unique=False)
    op.create_index(op.f("ix_visit_psn_no_begins_us"), "visit", ["psn_no", "begins_us"], unique=False)
    op.create_table(
        "e_prescription_line",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("count_e4", sa.BigInteger(), nullable=False),
        sa.Column("dispensed_e4", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False, comment="JSON: all that was sent of it"),
        sa.ForeignKeyConstraint(["number"], ["e_prescription.number"], name=op.f("fk_e_prescription_line_number")),
        sa.PrimaryKeyConstraint("number", "n", name=op.f("pk_e_prescription_line")),
    )
    op.create_table(
        "e_prescription_use",
        sa.Column(
            "used_by", sa.Text(), nullable=False, comment="setl_id, or the document of a sale that nobody insures"
        ),
        sa.Column("institution", sa.Text(), nullable=False, comment="that dispensed"),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False, comment="line of the prescription"),
        sa.Column("count_e4", sa.BigInteger(), nullable=False),
        sa.Column("used_us", sa.BigInteger(), nullable=False),
        sa.Column("given_back_us", sa.BigInteger(), nullable=True, comment="null while the use stands"),
        sa.ForeignKeyConstraint(["number"], ["e_prescription.number"], name=op.f("fk_e_prescription_use_number")),
        sa.PrimaryKeyConstraint("used_by", "institution", "number", "n", name=op.f("pk_e_prescription_use")),
        comment="What was dispensed on which prescription, by whom",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_e_prescription_use_number"), "e_prescription_use", ["number"], unique=False)
    op.create_table(
        "family_binding",
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("from_day", sa.Text(), nullable=False),
        sa.Column("to_day", sa.Text(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False, comment="whose account is used first"),
        sa.Column("limit_fen", sa.BigInteger(), nullable=True, comment="of a calendar year; null for none"),
        sa.ForeignKeyConstraint(["giver"], ["insured.psn_no"], name=op.f("fk_family_binding_giver")),
        sa.ForeignKeyConstraint(["receiver"], ["insured.psn_no"], name=op.f("fk_family_binding_receiver")),
        sa.PrimaryKeyConstraint("receiver", "giver", "from_day", name=op.f("pk_family_binding")),
        comment="Whose personal account may pay for whom",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_family_binding_giver"), "family_binding", ["giver"], unique=False)
    op.create_table(
        "fee_line",
        sa.Column("mdtrt_id", sa.Text(), nullable=False),
        sa.Column("feedetl_sn", sa.Text(), nullable=False),
        sa.Column("psn_no", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False, comment="chrg_bchno; empty if none was given"),
        sa.Column("item", sa.Text(), nullable=False, comment="med_list_codg"),
        sa.Column("own_item", sa.Text(), nullable=False, comment="medins_list_codg"),
        sa.Column("charged_us", sa.BigInteger(), nullable=False, comment="fee_ocur_time"),
        sa.Column("count_e4", sa.BigInteger(), nullable=False),
        sa.Column("price_e6", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("charge_class", sa.Text(), nullable=False, comment="chrgitm_lv"),
        sa.Column("charge_kind", sa.Text(), nullable=False, comment="med_chrgitm_type"),
        sa.Column("price_limit_e6", sa.BigInteger(), nullable=True),
        sa.Column("pays_first_e4", sa.BigInteger(), nullable=False, comment="selfpay_prop"),
        sa.Column("over_limit_fen", sa.BigInteger(), nullable=False),
        sa.Column("outside_fen", sa.BigInteger(), nullable=False),
        sa.Column("first_fen", sa.BigInteger(), nullable=False, comment="preselfpay_amt"),
        sa.Column("in_scope_fen", sa.BigInteger(), nullable=False),
        sa.Column("doctor", sa.Text(), nullable=False),
        sa.Column("rxno", sa.Text(), nullable=False),
        sa.Column("setl_id", sa.Text(), nullable=True, comment="of the settlement that stands"),
        sa.Column("fields", sa.Text(), nullable=False, comment="JSON: all that was sent of it"),
        sa.ForeignKeyConstraint(["mdtrt_id"], ["visit.mdtrt_id"], name=op.f("fk_fee_line_mdtrt_id")),
        sa.PrimaryKeyConstraint("mdtrt_id", "feedetl_sn", name=op.f("pk_fee_line")),
    )
    op.create_index(
        op.f("ix_fee_line_psn_no_item_charged_us"), "fee_line", ["psn_no", "item", "charged_us"], unique=False
    )
    op.create_table(
        "institution_caller",
        sa.Column("kind", sa.Text(), nullable=False, comment="token or terminal"),
        sa.Column("caller", sa.Text(), nullable=False, comment="id of the API token, or name of the terminal"),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("bound_by", sa.Text(), nullable=False),
        sa.Column("bound_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["institution"], ["institution.code"], name=op.f("fk_institution_caller_institution")),
        sa.PrimaryKeyConstraint("kind", "caller", "institution", name=op.f("pk_institution_caller")),
        comment="Who speaks for which institution",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_institution_caller_institution"), "institution_caller", ["institution"], unique=False)
    op.create_table(
        "institution_standing",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("standing", sa.Text(), nullable=False, comment="active, suspended or ended"),
        sa.Column(
            "to_us", sa.BigInteger(), nullable=True, comment="the first moment after it; null until further notice"
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["subject"], ["institution.code"], name=op.f("fk_institution_standing_subject")),
        sa.PrimaryKeyConstraint("subject", "from_us", "standing", name=op.f("pk_institution_standing")),
        comment="Spans; of those that cover a moment the one that began last counts",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "insured_credential",
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="mdtrt_cert_type: 01 voucher token, 02 identity card, 03 social card",
        ),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="keyed hash of its number"),
        sa.Column("psn_no", sa.Text(), nullable=False),
        sa.Column("card_digest", sa.LargeBinary(), nullable=True, comment="keyed hash of the chip's id, card_sn"),
        sa.Column("password_digest", sa.Text(), nullable=True, comment="as an account's, where an area checks it"),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("to_us", sa.BigInteger(), nullable=True, comment="the first moment at which it is no longer valid"),
        sa.ForeignKeyConstraint(["psn_no"], ["insured.psn_no"], name=op.f("fk_insured_credential_psn_no")),
        sa.PrimaryKeyConstraint("kind", "digest", name=op.f("pk_insured_credential")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_insured_credential_psn_no"), "insured_credential", ["psn_no"], unique=False)
    op.create_table(
        "insured_fact",
        sa.Column("psn_no", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="assistance, chronic, two_disease, referral, out_of_area, enterprise",
        ),
        sa.Column("code", sa.Text(), nullable=False, comment="which: identity, disease, district or institution"),
        sa.Column("from_day", sa.Text(), nullable=False),
        sa.Column("to_day", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON object of text"),
        sa.ForeignKeyConstraint(["psn_no"], ["insured.psn_no"], name=op.f("fk_insured_fact_psn_no")),
        sa.PrimaryKeyConstraint("psn_no", "kind", "code", "from_day", name=op.f("pk_insured_fact")),
        comment="What holds of a person for a time",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "insured_insurance",
        sa.Column("psn_no", sa.Text(), nullable=False),
        sa.Column("insutype", sa.Text(), nullable=False, comment="310 employee, 390 resident"),
        sa.Column("from_day", sa.Text(), nullable=False),
        sa.Column("to_day", sa.Text(), nullable=True),
        sa.Column("psn_type", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False, comment="insuplc_admdvs"),
        sa.Column("is_civil_servant", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="psn_insu_stas: 1 insured, 2 paused, 4 ended"),
        sa.Column("employer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["psn_no"], ["insured.psn_no"], name=op.f("fk_insured_insurance_psn_no")),
        sa.PrimaryKeyConstraint("psn_no", "insutype", "from_day", name=op.f("pk_insured_insurance")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "medical_account",
        sa.Column("psn_no", sa.Text(), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.Column("told_fen", sa.BigInteger(), nullable=True, comment="what an office told last; null if none did"),
        sa.Column("told_us", sa.BigInteger(), nullable=True, comment="as of when; null if that was not told"),
        sa.ForeignKeyConstraint(["psn_no"], ["insured.psn_no"], name=op.f("fk_medical_account_psn_no")),
        sa.PrimaryKeyConstraint("psn_no", name=op.f("pk_medical_account")),
        comment="A personal account: the sum of its movements",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "practitioner_post",
        sa.Column("practitioner", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("from_day", sa.Text(), nullable=False),
        sa.Column("to_day", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["practitioner"], ["practitioner.code"], name=op.f("fk_practitioner_post_practitioner")
        ),
        sa.PrimaryKeyConstraint("practitioner", "institution", "from_day", name=op.f("pk_practitioner_post")),
        comment="Where somebody practises; more than one place at a time is possible",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_practitioner_post_institution"), "practitioner_post", ["institution"], unique=False)
    op.create_table(
        "practitioner_standing",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("standing", sa.Text(), nullable=False, comment="active, suspended or ended"),
        sa.Column(
            "to_us", sa.BigInteger(), nullable=True, comment="the first moment after it; null until further notice"
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["subject"], ["practitioner.code"], name=op.f("fk_practitioner_standing_subject")),
        sa.PrimaryKeyConstraint("subject", "from_us", "standing", name=op.f("pk_practitioner_standing")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reconciliation_difference",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("result", sa.Text(), nullable=False, comment="stmt_rslt"),
        sa.Column("setl_id", sa.Text(), nullable=False),
        sa.Column("mdtrt_id", sa.Text(), nullable=False),
        sa.Column("psn_no", sa.Text(), nullable=False),
        sa.Column("msgid", sa.Text(), nullable=False),
        sa.Column("is_refund", sa.Boolean(), nullable=False, comment="refd_setl_flag"),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.Column("medfee_fen", sa.BigInteger(), nullable=True, comment="as the institution says; null if it has none"),
        sa.Column("fund_fen", sa.BigInteger(), nullable=True),
        sa.Column("account_fen", sa.BigInteger(), nullable=True),
        sa.Column("our_medfee_fen", sa.BigInteger(), nullable=True, comment="null if we have none"),
        sa.Column("our_fund_fen", sa.BigInteger(), nullable=True),
        sa.Column("our_account_fen", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["reconciliation.id"], name=op.f("fk_reconciliation_difference_run")),
        sa.PrimaryKeyConstraint("run", "n", name=op.f("pk_reconciliation_difference")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "settlement",
        sa.Column("setl_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="active, cancelled, cancelling or reversed"),
        sa.Column("cancels", sa.Text(), nullable=True, comment="the settlement that this one is the negative of"),
        sa.Column("sale_key", sa.Text(), nullable=False),
        sa.Column("sale_number", sa.Text(), nullable=False, comment="chrg_bchno or stoout_no; empty if none was given"),
        sa.Column("msgid", sa.Text(), nullable=False, comment="medins_setl_id"),
        sa.Column("mdtrt_id", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("psn_no", sa.Text(), nullable=False),
        sa.Column("insutype", sa.Text(), nullable=False),
        sa.Column("psn_type", sa.Text(), nullable=False),
        sa.Column("is_civil_servant", sa.Boolean(), nullable=False),
        sa.Column("med_type", sa.Text(), nullable=False),
        sa.Column("credential_kind", sa.Text(), nullable=False, comment="mdtrt_cert_type"),
        sa.Column("district", sa.Text(), nullable=False, comment="of treatment"),
        sa.Column("insured_district", sa.Text(), nullable=False),
        sa.Column("clr_type", sa.Text(), nullable=False),
        sa.Column("clr_way", sa.Text(), nullable=False),
        sa.Column("clr_optins", sa.Text(), nullable=False),
        sa.Column("uses_account", sa.Boolean(), nullable=False),
        sa.Column("invono", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("operator_name", sa.Text(), nullable=False),
        sa.Column("begins_us", sa.BigInteger(), nullable=False),
        sa.Column("ends_us", sa.BigInteger(), nullable=False),
        sa.Column("settled_us", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False, comment="of settling, in Beijing"),
        sa.Column("year", sa.Integer(), nullable=False, comment="whose totals it counts towards"),
        sa.Column("medfee_sumamt_fen", sa.BigInteger(), nullable=False),
        sa.Column("fulamt_ownpay_amt_fen", sa.BigInteger(), nullable=False),
        sa.Column("overlmt_selfpay_fen", sa.BigInteger(), nullable=False),
        sa.Column("preselfpay_amt_fen", sa.BigInteger(), nullable=False),
        sa.Column("inscp_scp_amt_fen", sa.BigInteger(), nullable=False),
        sa.Column("act_pay_dedc_fen", sa.BigInteger(), nullable=False),
        sa.Column("hifp_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("cvlserv_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("hifes_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("hifmi_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("hifob_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("maf_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("oth_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("fund_pay_sumamt_fen", sa.BigInteger(), nullable=False, comment="without the personal account"),
        sa.Column("psn_part_amt_fen", sa.BigInteger(), nullable=False),
        sa.Column("acct_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("acct_mulaid_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("psn_cash_pay_fen", sa.BigInteger(), nullable=False),
        sa.Column("hosp_part_amt_fen", sa.BigInteger(), nullable=False),
        sa.Column("balc_fen", sa.BigInteger(), nullable=False, comment="of the account afterwards"),
        sa.Column("pool_prop_selfpay_e4", sa.BigInteger(), nullable=False),
        sa.Column("process_info", sa.Text(), nullable=False, comment="setl_proc_info"),
        sa.Column("steps", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("rules", sa.Text(), nullable=False, comment="JSON: ids and versions"),
        sa.Column("funds", sa.Text(), nullable=False, comment="JSON: setldetail"),
        sa.Column(
            "n",
            sa.BigInteger(),
            nullable=False,
            comment="counts what was made of a person's, negatives too, in order",
        ),
        sa.Column(
            "struck_n",
            sa.BigInteger(),
            nullable=True,
            comment="of a negative that was struck out: its place in the same order",
        ),
        sa.ForeignKeyConstraint(["mdtrt_id"], ["visit.mdtrt_id"], name=op.f("fk_settlement_mdtrt_id")),
        sa.PrimaryKeyConstraint("setl_id", name=op.f("pk_settlement")),
    )
    op.create_index(op.f("ix_settlement_day"), "settlement", ["day"], unique=False)
    op.create_index(
        op.f("ix_settlement_institution_settled_us"), "settlement", ["institution", "settled_us"], unique=False
    )
    op.create_index(op.f("ix_settlement_mdtrt_id"), "settlement", ["mdtrt_id"], unique=False)
    op.create_index(op.f("ix_settlement_msgid_institution"), "settlement", ["msgid", "institution"], unique=False)
    op.create_index(op.f("ix_settlement_psn_no_settled_us"), "settlement", ["psn_no", "settled_us"], unique=False)
    op.create_index(op.f("ix_settlement_settled_us_setl_id"), "settlement", ["settled_us", "setl_id"], unique=False)
    op.create_index(
        "uq_settlement_cancels",
        "settlement",
        ["cancels"],
        unique=True,
        sqlite_where=sa.text("state = 'cancelling'"),
        postgresql_where=sa.text("state = 'cancelling'"),
    )
    op.create_index("uq_settlement_psn_no_n", "settlement", ["psn_no", "n"], unique=True)
    op.create_index(
        "uq_settlement_sale_key_active",
        "settlement",
        ["sale_key"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "stock_code",
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column(
            "n", sa.Integer(), autoincrement=False, nullable=False, comment="its place: a code may stand there twice"
        ),
        sa.Column("code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["record"], ["stock_record.id"], name=op.f("fk_stock_code_record")),
        sa.PrimaryKeyConstraint("record", "n", name=op.f("pk_stock_code")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_stock_code_code"), "stock_code", ["code"], unique=False)
    op.create_table(
        "visit_diagnosis",
        sa.Column("mdtrt_id", sa.Text(), nullable=False),
        sa.Column("moment", sa.Text(), nullable=False, comment="visit, admission or discharge"),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("diag_type", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_main", sa.Boolean(), nullable=False),
        sa.Column("doctor", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False, comment="JSON: all that was sent of it"),
        sa.ForeignKeyConstraint(["mdtrt_id"], ["visit.mdtrt_id"], name=op.f("fk_visit_diagnosis_mdtrt_id")),
        sa.PrimaryKeyConstraint("mdtrt_id", "moment", "n", name=op.f("pk_visit_diagnosis")),
    )
    op.create_table(
        "year_opening",
        sa.Column("psn_no", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("told_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["psn_no"], ["insured.psn_no"], name=op.f("fk_year_opening_psn_no")),
        sa.PrimaryKeyConstraint("psn_no", "year", "key", name=op.f("pk_year_opening")),
        comment="What a person's year had come to before this centre settled for them",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "visit_step",
        sa.Column("day", sa.Text(), nullable=False, comment="of the step, in Beijing"),
        sa.Column("institution", sa.Text(), nullable=False, comment="of the terminal, by the registry"),
        sa.Column("visit", sa.Text(), nullable=False, comment="the hospital's number of it"),
        sa.Column("source", sa.LargeBinary(), nullable=False, comment="id of the event that says so"),
        sa.Column("step", sa.Text(), nullable=False, comment="businessType"),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False, comment="voucher, face, card or id"),
        sa.Column("is_done", sa.Boolean(), nullable=False, comment="false: the hospital's system refused it"),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("institution", "visit", "source", name=op.f("pk_visit_step")),
        comment="Steps of visits by one voucher or card, as terminals tell of them; nothing of the person",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tally",
        sa.Column("what", sa.Text(), nullable=False, comment="course, refusal, wait or shown"),
        sa.Column("month", sa.Text(), nullable=False, comment="as 2026-01"),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="what was done or shown"),
        sa.Column(
            "number", sa.BigInteger(), autoincrement=False, nullable=False, comment="seconds, or an hour since 1970"
        ),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what", "month", "institution", "name", "number", name=op.f("pk_tally")),
        comment="How often what pages show happened, but for what stands in tally_change",
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_tally_hours",
        "tally",
        ["number"],
        unique=False,
        sqlite_where=sa.text("what = 'course' AND number > 0"),
        postgresql_where=sa.text("what = 'course' AND number > 0"),
    )
    op.create_table(
        "tally_change",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False, comment="negative where something counts no more"),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_tally_change")),
        comment="By how much a tally moves: added to by everybody, so that nobody waits for a row; emptied now and then",
    )
    op.create_table(
        "account_movement",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("psn_no", sa.Text(), nullable=False, comment="whose account"),
        sa.Column("setl_id", sa.Text(), nullable=True, comment="null where money came in"),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False, comment="negative when spent"),
        sa.Column("used_by", sa.Text(), nullable=False, comment="for whom; another person is mutual aid"),
        sa.Column("reason", sa.Text(), nullable=False, comment="balance, settlement or reversal"),
        sa.Column(
            "year", sa.Integer(), nullable=False, comment="whose limits it counts towards: that of the settlement"
        ),
        sa.Column("moved_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["psn_no"], ["medical_account.psn_no"], name=op.f("fk_account_movement_psn_no")),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_account_movement")),
    )
    op.create_index(
        op.f("ix_account_movement_psn_no_moved_us"), "account_movement", ["psn_no", "moved_us"], unique=False
    )
    op.create_index(
        "ix_account_movement_setl_id",
        "account_movement",
        ["setl_id"],
        unique=False,
        sqlite_where=sa.text("setl_id IS NOT NULL"),
        postgresql_where=sa.text("setl_id IS NOT NULL"),
    )
    op.create_table(
        "settlement_code",
        sa.Column("code", sa.Text(), nullable=False, comment="trace code"),
        sa.Column("setl_id", sa.Text(), nullable=False),
        sa.Column("feedetl_sn", sa.Text(), nullable=False),
        sa.Column("is_split", sa.Boolean(), nullable=False, comment="trdn_flag"),
        sa.Column("smallest_unit", sa.Text(), nullable=False, comment="min_prcunt_type"),
        sa.ForeignKeyConstraint(["setl_id"], ["settlement.setl_id"], name=op.f("fk_settlement_code_setl_id")),
        sa.PrimaryKeyConstraint("code", "setl_id", "feedetl_sn", name=op.f("pk_settlement_code")),
        comment="Trace codes that came with a settlement",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_settlement_code_setl_id"), "settlement_code", ["setl_id"], unique=False)
    op.create_table(
        "settlement_increment",
        sa.Column("setl_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("psn_no", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["setl_id"], ["settlement.setl_id"], name=op.f("fk_settlement_increment_setl_id")),
        sa.PrimaryKeyConstraint("setl_id", "key", name=op.f("pk_settlement_increment")),
        comment="By how much each settlement moves a person's totals of the year",
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_settlement_increment_psn_no_year_key"), "settlement_increment", ["psn_no", "year", "key"], unique=False
    )
    op.create_table(
        "settlement_line",
        sa.Column("setl_id", sa.Text(), nullable=False),
        sa.Column("feedetl_sn", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("own_item", sa.Text(), nullable=False),
        sa.Column("count_e4", sa.BigInteger(), nullable=False),
        sa.Column("price_e6", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("charge_class", sa.Text(), nullable=False),
        sa.Column("charge_kind", sa.Text(), nullable=False),
        sa.Column("price_limit_e6", sa.BigInteger(), nullable=True),
        sa.Column("pays_first_e4", sa.BigInteger(), nullable=False),
        sa.Column("is_negotiated", sa.Boolean(), nullable=False),
        sa.Column("over_limit_fen", sa.BigInteger(), nullable=False),
        sa.Column("outside_fen", sa.BigInteger(), nullable=False),
        sa.Column("first_fen", sa.BigInteger(), nullable=False),
        sa.Column("in_scope_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["setl_id"], ["settlement.setl_id"], name=op.f("fk_settlement_line_setl_id")),
        sa.PrimaryKeyConstraint("setl_id", "feedetl_sn", name=op.f("pk_settlement_line")),
        comment="How a settlement split its lines, as the rules of its day had it",
        sqlite_with_rowid=False,
    )
