"""The software of an institution, written from docs/fsi.md alone: messages and figures, and no code of ours."""

from __future__ import annotations

import base64
import itertools
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from io import BytesIO
from typing import Any

BEIJING = timezone(timedelta(hours=8))
PHARMACY, HOSPITAL = "P35020300001", "H35020300001"
DOCTOR, PHARMACIST, LICENCE = "D350203000001", "Y350203000001", "210350203000001"
Json = dict[str, Any]


@dataclass(frozen=True)
class Patient:
    """One of the samples' people, as 1101 tells them."""

    psn_no: str
    card: str
    name: str


EMPLOYEE = Patient("9900000001", "990101198503150113", "虚构甲")
RETIRED = Patient("9900000003", "990101195206080311", "虚构丙")
CIVIL_SERVANT = Patient("9900000004", "990101199011300431", "虚构丁")
FROM_ELSEWHERE = Patient("9900000012", "990101197109301249", "虚构丑")
"""Employed, like the first, in another district of the city."""
PEOPLE = (EMPLOYEE, RETIRED, CIVIL_SERVANT, FROM_ELSEWHERE)
Send = Callable[[str, str, bytes], Json]
"""Institution, the envelope without input as JSON, the input as it is to be signed: returns the answer."""

GOODS = (
    # item, own code, count, price: paid first in part; wholly in scope; outside the catalogue
    ("XM01AEI008A001090199101", "2", "16.80"),
    ("XA11GAN039A001400199103", "3", "3.20"),
    ("ZA14AAG0058015999202", "1", "100.00"),
)
MUCH = ("XA11GAN039A001400199103", "500", "3.20")
"""Above the deductible, so that the fund pays."""
ON_PRESCRIPTION = ("XJ01FAF005A001060199101", "2", "13.90")
"""Above its price limit of 12.50."""
SEVEN_FUNDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")
DIFFERENCES = (
    *("psn_no", "mdtrt_id", "setl_id", "msgid", "stmt_rslt", "refd_setl_flag", "memo"),
    *("medfee_sumamt", "fund_pay_sumamt", "acct_pay"),
)


class RefusedError(AssertionError):
    """The centre said no."""


@dataclass(frozen=True)
class Custom:
    """What differs by area, as the page's table of areas tells it."""

    version: str = "V1.0"
    fund_has_account: bool = False
    account_has_family: bool = False
    says_kind_of_record: bool = False
    """3202 wants `refd_setl_flag`: settlements and refunds are compared one after the other."""
    needs_password: frozenset[str] = frozenset()
    sale_extras: Mapping[str, str] = field(default_factory=dict)
    return_extras: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Till:
    """Speaks for one institution."""

    send: Send
    custom: Custom = field(default_factory=Custom)
    code: str = PHARMACY
    patient: Patient = EMPLOYEE
    series: int = 1
    """Makes the numbers of sales, receipts and packs differ from those of another till of the same institution."""
    books: list[Json] = field(default_factory=list)
    """What the institution has settled and cancelled today; its tills share it."""
    insured_in: str = "350203"
    """As 1101 told it last."""
    sign_no: str = ""
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    sent: int = 0
    """Messages."""

    # -- the frame -------------------------------------------------------------------------------------------------

    def frame(self, infno: str, insured_in: str | None = None) -> Json:
        """Return the envelope of a new message, without input; empty for one that is about nobody."""
        now = datetime.now(BEIJING)
        insured_in = self.insured_in if insured_in is None else insured_in
        return {
            "infno": infno,
            "msgid": f"{self.code}{now:%Y%m%d%H%M%S}{self.series}{next(self.numbers):03d}",
            "mdtrtarea_admvs": "350203",
            "insuplc_admdvs": insured_in,
            "recer_sys_code": "YBXT",
            "infver": self.custom.version,
            "opter_type": "1",
            "opter": "li01",
            "opter_name": "李",
            "inf_time": f"{now:%Y-%m-%d %H:%M:%S}",
            "fixmedins_code": self.code,
            "fixmedins_name": "虚构一心大药房",
            "sign_no": self.sign_no,
        }

    def post(self, frame: Json, business: Json) -> Json:
        """Send a message, new or again, and return the whole answer."""
        text = json.dumps(business, ensure_ascii=False, separators=(",", ":"))
        answer = self.send(self.code, json.dumps(frame, ensure_ascii=False), text.encode())
        assert answer["inf_refmsgid"], "every answer has its own number"
        self.sent += 1
        return answer

    def ask(self, infno: str, business: Json, insured_in: str | None = None) -> Json:
        """Send a message that succeeds, and return its output."""
        return done(self.post(self.frame(infno, insured_in), business))

    # -- the life of a sale ----------------------------------------------------------------------------------------

    def sign_in(self) -> None:
        business = {"signIn": {"opter_no": "li01", "mac": "00-11-22-33-44-55", "ip": "192.0.2.7"}}
        self.sign_no = self.ask("9001", business, "")["signinoutb"]["sign_no"]

    def person(self) -> Json:
        card, name = self.patient.card, self.patient.name
        asked = {"mdtrt_cert_type": "02", "mdtrt_cert_no": card, "psn_cert_type": "01", "certno": card}
        found = self.ask("1101", {"data": {**asked, "psn_name": name}}, "")
        assert found["baseinfo"]["psn_no"] == self.patient.psn_no
        assert found["baseinfo"]["psn_name"] == name
        self.insured_in = found["insuinfo"][0]["insuplc_admdvs"]
        return found

    def balance(self) -> Decimal:
        """Return what 1101 says is in the person's account."""
        return money(self.person()["insuinfo"][0]["balc"])

    def sale(self, *goods: tuple[str, str, str], number: str = "", at: datetime | None = None) -> Json:
        """Return the input of a 2101 or 2102."""
        lines = [self.line(item, count, price, at) for item, count, price in goods]
        extension: Json = {"phar_code": PHARMACIST}
        if number:
            extension["stoout_no"] = f"{number}-{self.series}"
        info = {
            "psn_no": self.patient.psn_no,
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": self.patient.card,
            "begntime": moment(at),
            "medfee_sumamt": str(sum(Decimal(one["det_item_fee_sumamt"]) for one in lines)),
            "insutype": "310",
            "acct_used_flag": "1",
            "med_type": "41",
            "expContent": json.dumps(extension),
        }
        return {"druginfo": info, "drugdetail": lines}

    def line(self, item: str, count: str, price: str, at: datetime | None = None) -> Json:
        return {
            "feedetl_sn": f"L{next(self.numbers)}",
            "rxno": "RX1" if item == ON_PRESCRIPTION[0] else "",
            "rx_circ_flag": "0",
            "fee_ocur_time": moment(at),
            "med_list_codg": item,
            "medins_list_codg": f"own-{item[:9]}",
            "det_item_fee_sumamt": str(Decimal(count) * Decimal(price)),
            "cnt": count,
            "pric": price,
            "bilg_dr_codg": DOCTOR,
            "bilg_dr_name": "虚构医一",
        }

    def sold(self, setl_id: str, code: str, **more: str) -> Json:
        """Return the input of a 3505 about one pack."""
        row = {
            **self._goods(code),
            "setl_id": setl_id,
            "mdtrt_setl_type": "1",
            "psn_no": self.patient.psn_no,
            "prsc_dr_name": "虚构医一",
            "phar_name": "虚构药一",
            "phar_prac_cert_no": LICENCE,
            "mdtrt_sn": "V1",
            "rtal_docno": f"R-{code[-6:]}",
            **self.custom.sale_extras,
            **more,
        }
        return {"selinfo": row}

    def called(self, setlinfo: Json) -> Json:
        """Return how a settlement is named to whoever is asked about it."""
        return {name: setlinfo[name] for name in ("setl_id", "mdtrt_id")} | {"psn_no": self.patient.psn_no}

    def sold_by_centre(self, code: str) -> int:
        """Return of how many sales of a pack 3513 tells."""
        said = {"fixmedins_code": self.code, "fixmedins_bchno": "B-1", "drug_trac_codg": code}
        rows = self.ask("3513", {"data": {**said, **_days("begndate", "enddate")}}, "")["output"]
        assert all(row["drugTracCodg"] == code for row in rows)
        return len(rows)

    def came_back(self, setl_id: str, code: str) -> Json:
        """Return the input of a 3506 about one pack."""
        return {
            "selinfo": {
                **self._goods(code),
                "setl_id": setl_id,
                "psn_no": self.patient.psn_no,
                **self.custom.return_extras,
            }
        }

    def _goods(self, code: str) -> Json:
        return {
            "med_list_codg": GOODS[0][0],
            "fixmedins_hilist_id": "own-8",
            "fixmedins_hilist_name": "布洛芬缓释胶囊",
            "fixmedins_bchno": "B-1",
            "manu_lotnum": "L1",
            "manu_date": "2026-01-01",
            "expy_end": "2028-01-01",
            "rx_flag": "0",
            "trdn_flag": "0",
            "sel_retn_cnt": 1,
            "sel_retn_time": moment(),
            "sel_retn_opter_name": "李",
            "drugtracinfo": [{"drug_trac_codg": code}],
        }

    # -- books -----------------------------------------------------------------------------------------------------

    def pack(self, number: int) -> str:
        """Return the code of one of the till's own packs."""
        return f"8600081{self.series:06d}{number:07d}"

    def book(self, setlinfo: Json, *, is_refund: bool = False) -> Json:
        """Put a settlement, or the cancellation of one, into the books as a statement lists it."""
        record = {**setlinfo, "psn_no": self.patient.psn_no, "refd_setl_flag": "1" if is_refund else "0"}
        self.books.append(record)
        return record

    def compare(self, records: Sequence[Json], clr_type: str = "41") -> tuple[str, list[dict[str, str]]]:
        """Reconcile sums (3201) and records (3202); return the result of the sums and the rows that differ."""
        account = str(sum((money(one["acct_pay"]) for one in records), Decimal(0)))
        span = {"setl_optins": "350200", **_days("stmt_begndate", "stmt_enddate")}
        whole = {**span, **_sums(records), "insutype": "310", "clr_type": clr_type, "acct_pay": account}
        verdict = self.ask("3201", {"data": whole}, "")["stmtinfo"]["stmt_rslt"]
        rows = []
        for kind in ("0", "1") if self.custom.says_kind_of_record else ("",):
            chosen = [one for one in records if one["refd_setl_flag"] == kind or not kind]
            number = self.upload("statement.zip", zipped("".join(map(_row, chosen))))
            asked = {**span, **_sums(chosen), "file_qury_no": number, "cash_payamt": "0", "clr_type": clr_type}
            made = self.ask("3202", {"data": {**asked, "refd_setl_flag": kind}}, "")["fileinfo"]
            rows += self.differences(made["file_qury_no"], made["filename"])
        return verdict, rows

    def upload(self, name: str, content: bytes) -> str:
        said = {"in": base64.b64encode(content).decode(), "filename": name, "fixmedins_code": self.code}
        number: str = self.ask("9101", {"fsUploadIn": said}, "")["file_qury_no"]
        return number

    def differences(self, number: str, name: str) -> list[dict[str, str]]:
        said = {"file_qury_no": number, "filename": name, "fixmedins_code": self.code}
        content = base64.b64decode(self.ask("9102", {"fsDownloadIn": said}, "")["in"])
        with zipfile.ZipFile(BytesIO(content)) as archive:
            text = archive.read(archive.namelist()[0]).decode()
        return [dict(zip(DIFFERENCES, line.split("\t"), strict=True)) for line in text.splitlines()]


def done(answer: Json) -> Json:
    """Return the output of an answer that says yes."""
    if str(answer["infcode"]) != "0":
        raise RefusedError(f"{answer['err_msg']} | {answer.get('warn_msg')}")
    output: Json = answer.get("output") or {}
    return output


def refused(answer: Json) -> str:
    """Return the code of an answer that says no."""
    assert str(answer["infcode"]) != "0"
    return str(answer["err_msg"]).partition("]")[0].removeprefix("[")


def accepted(output: Json) -> bool:
    """Tell the second level of a 3505 or 3506."""
    return str(output["result"]["retRslt"]) == "1"


def money(value: object) -> Decimal:
    return Decimal(str(value))


def moment(at: datetime | None = None) -> str:
    return f"{at or datetime.now(BEIJING):%Y-%m-%d %H:%M:%S}"


def _days(first: str, last: str) -> Json:
    """Return yesterday and today: midnight may come in between."""
    today = datetime.now(BEIJING).date()
    return {first: str(today - timedelta(days=1)), last: str(today)}


def zipped(text: str) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("statement.txt", text)
    return packed.getvalue()


def _row(record: Json) -> str:
    names = ("setl_id", "mdtrt_id", "psn_no", "medfee_sumamt", "fund_pay_sumamt", "acct_pay", "refd_setl_flag")
    return "\t".join(str(record[name]) for name in names) + "\n"


def _sums(records: Sequence[Json]) -> Json:
    names = ("medfee_sumamt", "fund_pay_sumamt")
    return {name: str(sum((money(one[name]) for one in records), Decimal(0))) for name in names} | {
        "fixmedins_setl_cnt": len(records)
    }


def check_figures(output: Json, business: Json, custom: Custom) -> None:
    """Check the identities I1 to I5 of the page."""
    info = {name: money(value) for name, value in output["setlinfo"].items() if _is_number(value)}
    lines = business["drugdetail"]
    fee, fund, account = info["medfee_sumamt"], info["fund_pay_sumamt"], info["acct_pay"]
    parts = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    assert fee == sum(info[name] for name in parts), "I1"
    in_fund = account if custom.fund_has_account else Decimal(0)
    assert fund == sum(info[name] for name in SEVEN_FUNDS) + in_fund, "I2"
    assert fee == fund - in_fund + info["psn_part_amt"] + info.get("hosp_part_amt", Decimal(0)), "I3"
    family = Decimal(0) if custom.account_has_family else info["acct_mulaid_pay"]
    assert info["psn_part_amt"] == account + family + info["psn_cash_pay"], "I4"
    assert fee == sum(Decimal(one["det_item_fee_sumamt"]) for one in lines), "I5"
    assert fund == sum(money(one["fund_payamt"]) for one in output["setldetail"]), "the funds one by one"
    for cut in output.get("detlcutinfo", []):
        names = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")
        assert money(cut["det_item_fee_sumamt"]) == sum(money(cut[name]) for name in names), "I1 of a line"
    assert output["setldetail"][0]["setl_proc_info"], "how it was reckoned"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal)
