"""A hospital at an office: doctors who practise there, and the messages of a visit and of a stay."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from server.store import institutions, practitioners
from server.store.database import Store
from server.store.institutions import Caller, CallerKind, Institution, InstitutionKind
from server.store.practitioners import Post, Practitioner, PractitionerKind
from server.store.standings import Standing, StandingSpan
from tests.server.fsi.counter import ALWAYS, CARD, LI, PLAIN, ZHAO, Counter, insure, list_goods
from tests.server.fsi.office import HOSPITAL, NOON, TOKEN, Office, span
from wire.fsi.checking import check_output
from wire.fsi.json_text import decode_json
from wire.fsi.tables import transaction
from wire.fsi.values import BEIJING

DOCTOR, OTHER_DOCTOR = "D350200000001", "D350200000002"
CLINIC = "H35020000003"
Json = dict[str, Any]


@dataclass
class Ward:
    """Treats people at one hospital."""

    counter: Counter
    code: str = HOSPITAL
    doctor: str = DOCTOR
    serials: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def office(self) -> Office:
        return self.counter.office

    def say(self, infno: str, business: object, **envelope: object) -> Json:
        """Send a message as this hospital; an answer that is no refusal is held against its table."""
        reply, answer = self.office.post(self.office.body(infno, business, fixmedins_code=self.code, **envelope))
        if str(answer["infcode"]) == "0":
            output = decode_json(reply.body)["output"]  # type: ignore[index,call-overload]
            faults = check_output(output, transaction(infno, self.office.area))
            assert not faults, [one.words.zh for one in faults]
        return answer

    def done(self, infno: str, business: object, **envelope: object) -> Json:
        """Send a message that is taken, and return its output."""
        answer = self.say(infno, business, **envelope)
        assert str(answer["infcode"]) == "0", answer["err_msg"]
        return answer["output"]  # type: ignore[no-any-return]

    def at(self, **before: float) -> str:
        """Return a time so long ago, as the interface writes it."""
        return (self.office.clock.now - timedelta(**before)).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")

    # -- outpatients -----------------------------------------------------------------------------------------------

    def registration(self, psn_no: str = LI, **said: object) -> Json:
        row = {
            "psn_no": psn_no,
            "insutype": kind_of(psn_no),
            "begntime": self.at(),
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": CARD[psn_no],
            "ipt_otp_no": f"OTP{next(self.serials)}",
            "atddr_no": self.doctor,
            "dr_name": "王医生",
            "dept_code": "A03",
            "dept_name": "内科",
            "caty": "A03",
        }
        return {"data": row | said}

    def register(self, psn_no: str = LI, **said: object) -> Json:
        """Register, and return `mdtrt_id`, `psn_no`, `ipt_otp_no`."""
        return self.done("2201", self.registration(psn_no, **said))["data"]  # type: ignore[no-any-return]

    def description(self, visit: Json, **said: object) -> Json:
        row = {
            "mdtrt_id": visit["mdtrt_id"],
            "psn_no": visit["psn_no"],
            "med_type": "11",
            "begntime": self.at(),
        }
        return {"mdtrtinfo": row | said, "diseinfo": [self.diagnosis()]}

    def diagnosis(self, **said: object) -> Json:
        row = {
            "diag_type": "1",
            "diag_srt_no": 1,
            "diag_code": "J06.900",
            "diag_name": "上呼吸道感染",
            "diag_dept": "内科",
            "dise_dor_no": self.doctor,
            "dise_dor_name": "王医生",
            "diag_time": self.at(),
            "vali_flag": "1",
        }
        return row | said

    def visit(self, psn_no: str = LI, **said: object) -> Json:
        """Register and describe."""
        visit = self.register(psn_no)
        self.done("2203", self.description(visit, **said))
        return visit

    def line(
        self, visit: Json, item: str = PLAIN, count: str = "1", price: str = "100.00", batch: str = "B1", **said: object
    ) -> Json:
        row = {
            "feedetl_sn": f"L{next(self.serials)}",
            "mdtrt_id": visit["mdtrt_id"],
            "psn_no": visit["psn_no"],
            "chrg_bchno": batch,
            "rx_circ_flag": "0",
            "fee_ocur_time": self.at(),
            "med_list_codg": item,
            "medins_list_codg": f"own-{item}",
            "det_item_fee_sumamt": str((Decimal(count) * Decimal(price)).quantize(Decimal("0.01"))),
            "cnt": count,
            "pric": price,
            "bilg_dept_codg": "A03",
            "bilg_dept_name": "内科",
            "bilg_dr_codg": self.doctor,
            "bilg_dr_name": "王医生",
            "hosp_appr_flag": "0",
        }
        return row | said

    def charge(self, *lines: Json) -> list[Json]:
        """Upload lines of an outpatient and return how they split."""
        return self.done("2204", {"feedetail": list(lines)})["result"]  # type: ignore[no-any-return]

    def asked(self, visit: Json, total: str, **said: object) -> Json:
        """Return the `data` of a settlement."""
        row = {
            "psn_no": visit["psn_no"],
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": CARD[visit["psn_no"]],
            "med_type": "11",
            "medfee_sumamt": total,
            "psn_setlway": "01",
            "mdtrt_id": visit["mdtrt_id"],
            "chrg_bchno": "B1",
            "insutype": kind_of(visit["psn_no"]),
            "acct_used_flag": "0",
            "fulamt_ownpay_amt": "0.00",
            "overlmt_selfpay": "0.00",
            "preselfpay_amt": "0.00",
            "inscp_scp_amt": total,
        }
        return row | said

    # -- stays -----------------------------------------------------------------------------------------------------

    def admission(self, psn_no: str = LI, **said: object) -> Json:
        row = {
            "psn_no": psn_no,
            "insutype": kind_of(psn_no),
            "begntime": self.at(days=5),
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": CARD[psn_no],
            "med_type": "21",
            "ipt_no": f"IPT{next(self.serials)}",
            "atddr_no": self.doctor,
            "chfpdr_name": "王医生",
            "adm_diag_dscr": "肺炎",
            "adm_dept_codg": "A03",
            "adm_dept_name": "内科",
            "adm_bed": "12",
            "dscg_maindiag_code": "J18.900",
            "dscg_maindiag_name": "肺炎",
        }
        return {"mdtrtinfo": row | said, "diseinfo": [self.diagnosis(psn_no=psn_no)]}

    def admit(self, psn_no: str = LI, **said: object) -> Json:
        """Admit, and return `mdtrt_id` and `psn_no`."""
        return self.done("2401", self.admission(psn_no, **said))["result"]  # type: ignore[no-any-return]

    def discharge(self, stay: Json, **said: object) -> Json:
        row = {
            "mdtrt_id": stay["mdtrt_id"],
            "psn_no": stay["psn_no"],
            "insutype": kind_of(stay["psn_no"]),
            "endtime": self.at(),
            "dscg_dept_codg": "A03",
            "dscg_dept_name": "内科",
            "dscg_way": "1",
        }
        return {"dscginfo": row | said, "diseinfo": [self.diagnosis(psn_no=stay["psn_no"])]}

    def bed(self, stay: Json, count: str = "1", price: str = "100.00", item: str = PLAIN, **said: object) -> Json:
        """Return a line of a stay."""
        row = self.line(stay, item, count, price)
        for name in ("chrg_bchno", "rx_circ_flag", "hosp_appr_flag"):
            del row[name]
        return row | {"med_type": "21", "tcmdrug_used_way": "1"} | said

    def enter(self, *lines: Json) -> list[Json]:
        """Upload lines of a stay and return how they split."""
        return self.done("2301", {"feedetail": list(lines)})["result"]  # type: ignore[no-any-return]

    def closing(self, stay: Json, total: str, **said: object) -> Json:
        """Return the input of a 2303 or 2304."""
        row = self.asked(stay, total, mid_setl_flag="0")
        del row["chrg_bchno"], row["med_type"]
        return {"data": row | said}

    def settle_stay(self, stay: Json, total: str, **said: object) -> Json:
        """Settle a stay and return `setlinfo`."""
        return self.done("2304", self.closing(stay, total, **said))["setlinfo"]  # type: ignore[no-any-return]


def of(visit: Json) -> Json:
    """Return the input that only names a visit."""
    return {"data": {name: visit[name] for name in ("mdtrt_id", "psn_no")}}


def kind_of(psn_no: str) -> str:
    return "390" if psn_no == ZHAO else "310"


def told(answer: Json) -> str:
    """Return what a refusal says to a person."""
    assert str(answer["infcode"]) != "0", "it was not refused"
    return f"{answer['err_msg']} {answer.get('warn_msg') or ''}"


def open_ward(store: Store, **office: object) -> Ward:
    """Furnish an office with two hospitals, people who are insured, and listed goods."""
    ward = Ward(Counter(Office(store, **office).furnish()))  # type: ignore[arg-type]
    insure(ward.office)
    list_goods(store)
    return staff(ward)


def staff(ward: Ward) -> Ward:
    """Put another hospital on record, let the token speak for both, and let a doctor practise at either."""
    with ward.office.store.writing() as connection:
        clinic = Institution(CLINIC, "示例医院二", InstitutionKind.HOSPITAL, "2", "350200", "1", False, NOON)
        institutions.put_institutions(connection, [clinic])
        for code in (HOSPITAL, CLINIC):
            institutions.bind_caller(connection, Caller(CallerKind.TOKEN, TOKEN, code, "admin", NOON))
        institutions.put_standings(connection, [span(CLINIC, Standing.ACTIVE, NOON - timedelta(days=400))])
        practitioners.put_practitioners(
            connection,
            [
                Practitioner(DOCTOR, "王医生", PractitionerKind.DOCTOR, "", NOON),
                Practitioner(OTHER_DOCTOR, "林医生", PractitionerKind.DOCTOR, "", NOON),
            ],
        )
        practitioners.put_posts(
            connection, [Post(DOCTOR, HOSPITAL, ALWAYS, None), Post(OTHER_DOCTOR, CLINIC, ALWAYS, None)]
        )
    return ward


def other_hospital(ward: Ward) -> Ward:
    """Return the other hospital of the same office."""
    return Ward(ward.counter, CLINIC, OTHER_DOCTOR, ward.serials)


def suspend_doctor(ward: Ward, code: str, since: datetime) -> None:
    """Let a doctor be suspended."""
    with ward.office.store.writing() as connection:
        practitioners.put_standings(
            connection, [StandingSpan(code, since, Standing.SUSPENDED, None, "检查", "admin", NOON)]
        )
