"""The software of a hospital, written from docs/fsi.md and the tables that `yima fsi tables` prints."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tests.blackbox.journeys import Day
from tests.blackbox.till import (
    BEIJING,
    CIVIL_SERVANT,
    DOCTOR,
    GOODS,
    MUCH,
    Json,
    Till,
    check_figures,
    moment,
    money,
    refused,
)

CODES = {"XM01AEI008A001090199101": ("8600081", 2), "XA11GAN039A001400199103": ("8600391", 3)}
"""Prefix of the codes and how many are scanned of what must be scanned where codes travel with the settlement."""
_FOUR = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")


DEDUCTIBLE, RATIO = Decimal(300), Decimal("0.55")
"""Of an employee's outpatient year, at a hospital of the third level."""
STAY_DEDUCTIBLE, STAY_RATIO = Decimal(800), Decimal("0.84")
"""Of the first stay of the year there, above the deductible."""
SUBSIDY = Decimal("0.50")
"""Of what a civil servant's stay leaves above the deductible."""
FEN = Decimal("0.01")


def treat(till: Till, *, scans: bool) -> Day:
    """Register, describe, charge, try, settle once, cancel, settle anew; then reconcile."""
    begun = datetime.now(BEIJING)
    till.sign_in()
    till.person()
    visit = till.ask("2201", {"data": _registration(till, begun)})["data"]
    mdtrt_id = visit["mdtrt_id"]
    till.ask("2203", _description(till, mdtrt_id, begun))
    lines = [_line(till, mdtrt_id, goods, begun) for goods in (*GOODS, MUCH)]
    cuts = till.ask("2204", {"feedetail": lines})["result"]
    total = sum((money(one["det_item_fee_sumamt"]) for one in lines), Decimal(0))
    assert total == sum(money(one["det_item_fee_sumamt"]) for one in cuts)

    asked = {**_settlement(till, mdtrt_id, total), "chrg_bchno": "B1", "med_type": "11"}
    trial = till.ask("2206", {"data": asked})
    asked |= {name: str(trial["setlinfo"][name]) for name in _FOUR}
    business: Json = {"data": asked}
    if scans:
        assert refused(till.post(till.frame("2207"), business)) == "visit.trace_codes"
        business["drug_trac_info"] = _scanned(lines)
    return _settle_cancel_settle(till, ("2207", "2208", "11"), business, lines, (DEDUCTIBLE, RATIO))


def look_after(till: Till) -> Day:
    """Admit, charge, discharge, try, settle once, cancel, settle anew; then reconcile."""
    begun = datetime.now(BEIJING) - timedelta(days=2)
    till.sign_in()
    till.person()
    stay = till.ask("2401", _admission(till, begun))["result"]
    mdtrt_id = stay["mdtrt_id"]
    goods = (*GOODS, (MUCH[0], "2000", MUCH[2]))
    lines = [_line(till, mdtrt_id, one, begun) | {"med_type": "21", "tcmdrug_used_way": "1"} for one in goods]
    for one in lines:
        del one["chrg_bchno"], one["rx_circ_flag"], one["hosp_appr_flag"]
    till.ask("2301", {"feedetail": lines[:2]})
    till.ask("2301", {"feedetail": lines[1:]})
    total = sum((money(one["det_item_fee_sumamt"]) for one in lines), Decimal(0))

    asked = {**_settlement(till, mdtrt_id, total), "mid_setl_flag": "0"}
    assert refused(till.post(till.frame("2304"), {"data": asked})) == "visit.state", "not discharged"
    till.ask("2402", _discharge(till, mdtrt_id, begun + timedelta(days=1)))
    trial = till.ask("2303", {"data": asked})
    asked |= {name: str(trial["setlinfo"][name]) for name in _FOUR}
    return _settle_cancel_settle(till, ("2304", "2305", "21"), {"data": asked}, lines, (STAY_DEDUCTIBLE, STAY_RATIO))


def _settle_cancel_settle(
    till: Till, names: tuple[str, str, str], business: Json, lines: list[Json], rule: tuple[Decimal, Decimal]
) -> Day:
    settle, cancel, clr_type = names
    settled = till.ask(settle, business)
    check_figures(settled, {"drugdetail": lines}, till.custom)
    info, (deductible, ratio) = settled["setlinfo"], rule
    fund = ((money(info["inscp_scp_amt"]) - deductible) * ratio).quantize(FEN, ROUND_HALF_UP)
    assert (money(info["act_pay_dedc"]), money(info["hifp_pay"])) == (deductible, fund)
    if till.patient == CIVIL_SERVANT:
        left = money(info["inscp_scp_amt"]) - deductible - fund
        assert money(info["cvlserv_pay"]) == (left * SUBSIDY).quantize(FEN, ROUND_HALF_UP)
    again = till.ask(settle, business)
    assert again["setlinfo"]["setl_id"] == info["setl_id"], "settled once"

    undone = till.ask(cancel, {"data": till.called(info)})["setlinfo"]
    assert money(undone["medfee_sumamt"]) == -money(info["medfee_sumamt"])
    anew = till.ask(settle, business)["setlinfo"]
    assert anew["setl_id"] != info["setl_id"]
    assert money(anew["hifp_pay"]) == money(info["hifp_pay"]), "the year was given back"

    books = [till.book(info), till.book(undone, is_refund=True), till.book(anew)]
    assert till.compare(books, clr_type) == ("000000", [])
    return Day.of(till, 2, anew)


def _registration(till: Till, at: datetime) -> Json:
    return {
        "psn_no": till.patient.psn_no,
        "insutype": "310",
        "begntime": moment(at),
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": till.patient.card,
        "ipt_otp_no": "OTP-1",
        "atddr_no": DOCTOR,
        "dr_name": "虚构医一",
        "dept_code": "A03",
        "dept_name": "内科",
        "caty": "A03",
    }


def _admission(till: Till, at: datetime) -> Json:
    stay = {
        "psn_no": till.patient.psn_no,
        "insutype": "310",
        "begntime": moment(at),
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": till.patient.card,
        "med_type": "21",
        "ipt_no": "IPT-1",
        "atddr_no": DOCTOR,
        "chfpdr_name": "虚构医一",
        "adm_diag_dscr": "肺炎",
        "adm_dept_codg": "A03",
        "adm_dept_name": "内科",
        "adm_bed": "12",
        "dscg_maindiag_code": "J18.900",
        "dscg_maindiag_name": "肺炎",
    }
    return {"mdtrtinfo": stay, "diseinfo": [_diagnosis(at) | {"psn_no": till.patient.psn_no}]}


def _discharge(till: Till, mdtrt_id: str, at: datetime) -> Json:
    told = {
        "mdtrt_id": mdtrt_id,
        "psn_no": till.patient.psn_no,
        "insutype": "310",
        "endtime": moment(at),
        "dscg_dept_codg": "A03",
        "dscg_dept_name": "内科",
        "dscg_way": "1",
    }
    diagnosis = _diagnosis(at) | {"psn_no": till.patient.psn_no, "diag_code": "J18.900", "diag_name": "肺炎"}
    return {"dscginfo": told, "diseinfo": [diagnosis]}


def _description(till: Till, mdtrt_id: str, at: datetime) -> Json:
    visit = {"mdtrt_id": mdtrt_id, "psn_no": till.patient.psn_no, "med_type": "11", "begntime": moment(at)}
    return {"mdtrtinfo": visit, "diseinfo": [_diagnosis(at)]}


def _diagnosis(at: datetime) -> Json:
    return {
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


def _line(till: Till, mdtrt_id: str, goods: tuple[str, str, str], at: datetime) -> Json:
    return till.line(*goods, at) | {
        "mdtrt_id": mdtrt_id,
        "psn_no": till.patient.psn_no,
        "chrg_bchno": "B1",
        "bilg_dept_codg": "A03",
        "bilg_dept_name": "内科",
        "hosp_appr_flag": "0",
    }


def _settlement(till: Till, mdtrt_id: str, total: Decimal) -> Json:
    return {
        "psn_no": till.patient.psn_no,
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": till.patient.card,
        "medfee_sumamt": str(total),
        "psn_setlway": "01",
        "mdtrt_id": mdtrt_id,
        "insutype": "310",
        "acct_used_flag": "1",
        **dict.fromkeys(_FOUR, "0"),
    }


def _scanned(lines: list[Json]) -> list[Json]:
    return [
        {
            "feedetl_sn": line["feedetl_sn"],
            "drug_trac_codg": f"{prefix}{100 * row + number:013d}",
            "trdn_flag": "0",
            "min_prcunt_type": "1",
        }
        for row, line in enumerate(lines)
        for prefix, packs in [CODES.get(line["med_list_codg"], ("", 0))]
        for number in range(packs)
    ]
