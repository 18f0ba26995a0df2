"""The software of a hospital, written from docs/fsi.md and the tables that `yima fsi tables` prints."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tests.blackbox.till import BEIJING, CARD, DOCTOR, GOODS, PERSON, Json, Till, check_figures, moment, money

CODES = {"XM01AEI008A001090199101": ("8600081", 2), "XA11GAN039A001400199103": ("8600391", 3)}
"""Prefix of the trace codes and number of packs of what has to be scanned where codes travel with the settlement."""
_FOUR = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")


def treat(till: Till, *, scans: bool) -> None:
    """Register, describe, charge, try, settle once, cancel, settle anew; then reconcile."""
    begun = datetime.now(BEIJING)
    till.sign_in()
    visit = till.ask("2201", {"data": _registration(begun)})["data"]
    mdtrt_id = visit["mdtrt_id"]
    till.ask("2203", _description(mdtrt_id, begun))
    lines = [_line(till, mdtrt_id, goods, begun) for goods in GOODS]
    cuts = till.ask("2204", {"feedetail": lines})["result"]
    total = sum((money(one["det_item_fee_sumamt"]) for one in lines), Decimal(0))
    assert total == sum(money(one["det_item_fee_sumamt"]) for one in cuts)

    asked = {**_settlement(mdtrt_id, total), "fulamt_ownpay_amt": "0", "overlmt_selfpay": "0"}
    trial = till.ask("2206", {"data": asked})
    check_figures(trial, {"drugdetail": lines}, till.custom)
    asked |= {name: str(trial["setlinfo"][name]) for name in _FOUR}
    business: Json = {"data": asked}
    if scans:
        business["drug_trac_info"] = _scanned(lines)
    settled = till.ask("2207", business)
    check_figures(settled, {"drugdetail": lines}, till.custom)
    again = till.ask("2207", business)
    assert again["setlinfo"]["setl_id"] == settled["setlinfo"]["setl_id"], "a batch settles once"

    named = {"setl_id": settled["setlinfo"]["setl_id"], "mdtrt_id": mdtrt_id, "psn_no": PERSON}
    undone = till.ask("2208", {"data": named})["setlinfo"]
    assert money(undone["medfee_sumamt"]) == -total
    anew = till.ask("2207", business)["setlinfo"]
    assert anew["setl_id"] != named["setl_id"]

    kept = [{**settled["setlinfo"], "refd_setl_flag": "0"}, {**anew, "refd_setl_flag": "0"}]
    books = [*kept, {**undone, "psn_no": PERSON, "refd_setl_flag": "1"}]
    assert till.compare(books, "11") == ("000000", [])


def _registration(at: datetime) -> Json:
    return {
        "psn_no": PERSON,
        "insutype": "310",
        "begntime": moment(at),
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": CARD,
        "ipt_otp_no": "OTP-1",
        "atddr_no": DOCTOR,
        "dr_name": "虚构医一",
        "dept_code": "A03",
        "dept_name": "内科",
        "caty": "A03",
    }


def _description(mdtrt_id: str, at: datetime) -> Json:
    diagnosis = {
        "diag_type": "1",
        "diag_srt_no": 1,
        "diag_code": "J06.900",
        "diag_name": "上呼吸道感染",
        "diag_dept": "内科",
        "dise_dor_no": DOCTOR,
        "dise_dor_name": "虚构医一",
        "diag_time": moment(at),
        "vali_flag": "1",
    }
    visit = {"mdtrt_id": mdtrt_id, "psn_no": PERSON, "med_type": "11", "begntime": moment(at)}
    return {"mdtrtinfo": visit, "diseinfo": [diagnosis]}


def _line(till: Till, mdtrt_id: str, goods: tuple[str, str, str], at: datetime) -> Json:
    return till.line(*goods, at) | {
        "mdtrt_id": mdtrt_id,
        "psn_no": PERSON,
        "chrg_bchno": "B1",
        "bilg_dept_codg": "A03",
        "bilg_dept_name": "内科",
        "hosp_appr_flag": "0",
    }


def _settlement(mdtrt_id: str, total: Decimal) -> Json:
    return {
        "psn_no": PERSON,
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": CARD,
        "med_type": "11",
        "medfee_sumamt": str(total),
        "psn_setlway": "01",
        "mdtrt_id": mdtrt_id,
        "chrg_bchno": "B1",
        "insutype": "310",
        "acct_used_flag": "1",
    }


def _scanned(lines: list[Json]) -> list[Json]:
    return [
        {
            "feedetl_sn": line["feedetl_sn"],
            "drug_trac_codg": f"{prefix}{number:013d}",
            "trdn_flag": "0",
            "min_prcunt_type": "1",
        }
        for line in lines
        for prefix, packs in [CODES.get(line["med_list_codg"], ("", 0))]
        for number in range(packs)
    ]
