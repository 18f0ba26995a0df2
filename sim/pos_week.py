"""A week at a pharmacy's POS: what it sends, what the interface answers, and which sales were spoilt and how.

The POS knows no trace codes of its own accord: it uploads what was scanned. Each kind of omission is planted into
sales drawn by chance; the book of what was planted is the truth against which a report is held. Amounts are drawn and
split in cents, so that the sums can be held exactly.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

SHOP = "P35020300001"
KINDS = (
    "unpaid.settlement_refused", "unpaid.not_uploaded", "unpaid.upload_refused", "unpaid.no_code",
    "unpaid.uploaded_without_codes", "unpaid.sold_before", "unpaid.other_drug", "unpaid.carton_code",
    "unpaid.fewer_codes",
)  # fmt: skip
"""What may be planted."""
DRUGS: Mapping[str, tuple[str, str]] = {
    "XJ01CAB001A001020199101": ("8600011", "8600013"),
    "XJ01DCD003A001040199103": ("8600031", "8600033"),
    "XM01AEI008A001090199101": ("8600081", "8600083"),
    "ZA03AAV0047014899201": ("8600471", "8600473"),
}
"""National codes, and how the codes of a pack and of a carton begin."""
_SLICE = "T000000123"
_DAYS = 7


@dataclass(frozen=True, slots=True)
class Passed:
    """One exchange, byte for byte."""

    at: datetime
    request: bytes
    answer: bytes
    scans: tuple[str, ...]
    """What lay scanned at the desk when the POS sent this."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One sale that will not be paid."""

    key: str
    """`setl_id`, or the msgid of a settlement that was refused."""
    kind: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Week:
    """What went by, and the truth about it."""

    passed: tuple[Passed, ...]
    planted: tuple[Planted, ...]
    sales: int


@dataclass(frozen=True, slots=True)
class _Line:
    item: str
    count: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sale:
    number: int
    at: datetime
    lines: tuple[_Line, ...]
    kind: str
    total: Decimal
    fund: Decimal
    account: Decimal

    @property
    def setl_id(self) -> str:
        return f"S{self.number:06d}"


class PosWeek:
    """Draws a week.

    Args:
        chance: What everything is drawn from.
        start: Midnight of the first day, with its time zone.
        sales_a_day: How many insured sales.
        share: How many of a hundred are spoilt.
        counts_account: Whether `fund_pay_sumamt` holds the personal account at this place.
    """

    def __init__(
        self, chance: Random, start: datetime, *, sales_a_day: int = 30, share: int = 20, counts_account: bool = False
    ) -> None:
        self._chance = chance
        self._start = start
        self._sales_a_day = sales_a_day
        self._share = share
        self._counts_account = counts_account
        self._serial = 0
        self._messages = 0
        self._sold: list[tuple[str, str]] = []

    def week(self) -> Week:
        """Return the week."""
        passed: list[Passed] = []
        planted: list[Planted] = []
        sales = 0
        for day in range(_DAYS):
            for place in range(self._sales_a_day):
                at = self._start + timedelta(days=day, hours=8, minutes=place * 12)
                sale = self._drawn(sales + 1, at, KINDS[sales % len(KINDS)])
                sales += 1
                first = len(passed)
                passed += self._exchanges(sale)
                if sale.kind:
                    is_refused = sale.kind == "unpaid.settlement_refused"
                    msgid = json.loads(passed[first + 1].request)["msgid"]
                    key = str(msgid) if is_refused else sale.setl_id
                    planted.append(Planted(key, sale.kind, sale.fund + sale.account))
            passed += self._noise(self._start + timedelta(days=day, hours=20))
        return Week(tuple(passed), tuple(planted), sales)

    def _drawn(self, number: int, at: datetime, kind: str) -> _Sale:
        items = self._chance.sample(sorted(DRUGS), self._chance.randint(1, 3))
        lines = [self._line(item, self._chance.randint(1, 3)) for item in items]
        total = Decimal(self._chance.randint(500, 90_000)) / 100
        fund = (total * self._chance.randint(10, 60) / 100).quantize(Decimal("0.01"))
        account = min(total - fund, Decimal(self._chance.randint(0, 5_000)) / 100)
        if self._chance.randrange(100) >= self._share:
            kind = ""
        sale = _Sale(number, at, tuple(lines), kind, total, fund, account)
        return self._spoilt(sale) if kind else self._sound(sale)

    def _line(self, item: str, count: int) -> _Line:
        return _Line(item, count, tuple(self._code(DRUGS[item][0]) for _ in range(count)))

    def _code(self, prefix: str) -> str:
        self._serial += 1
        return f"{prefix}{self._serial:013d}"

    def _sound(self, sale: _Sale) -> _Sale:
        self._sold += [(line.item, code) for line in sale.lines for code in line.codes]
        return sale

    def _spoilt(self, sale: _Sale) -> _Sale:
        """Spoil the last line of a sale, in its kind."""
        *others, line = sale.lines
        last = line.codes[-1]
        match sale.kind:
            case "unpaid.no_code" | "unpaid.uploaded_without_codes":
                codes: tuple[str, ...] = ()
            case "unpaid.fewer_codes":
                line = self._line(line.item, max(2, line.count))
                codes = line.codes[:-1]
            case "unpaid.carton_code":
                codes = (*line.codes[:-1], self._code(DRUGS[line.item][1]))
            case "unpaid.other_drug":
                other = next(item for item in sorted(DRUGS) if item != line.item)
                codes = (*line.codes[:-1], self._code(DRUGS[other][0]))
            case "unpaid.sold_before":
                before = [code for item, code in self._sold if item == line.item]
                if not before:
                    return self._sound(replace(sale, kind=""))
                codes = (*line.codes[:-1], self._chance.choice(before))
            case _:
                codes = (*line.codes[:-1], last)
        return replace(sale, lines=(*others, replace(line, codes=codes)))

    def _exchanges(self, sale: _Sale) -> Iterator[Passed]:
        scans = tuple(code for line in sale.lines for code in (line.codes or self._forgotten(sale, line)))
        yield self._trial(sale, scans)
        is_refused = sale.kind == "unpaid.settlement_refused"
        refusal = {"infcode": -1, "inf_refmsgid": "1", "err_msg": "[visit.no] 待遇已冻结", "output": None}
        settled = refusal if is_refused else self._figures(sale)
        yield self._passed(sale.at, "2102", self._purchase(sale), settled, scans)
        if is_refused:
            return
        spoilt = len(sale.lines) - 1
        for place, line in enumerate(sale.lines):
            kind = sale.kind if place == spoilt else ""
            if kind != "unpaid.not_uploaded":
                yield self._upload(sale, place, line, is_refused=kind == "unpaid.upload_refused")
        if self._chance.random() < 0.1 and not sale.kind:  # noqa: PLR2004 - a tenth is uploaded twice, as by a retry
            yield self._upload(sale, 0, sale.lines[0])

    def _forgotten(self, sale: _Sale, line: _Line) -> tuple[str, ...]:
        """Return what was scanned, though the POS uploads nothing."""
        if sale.kind != "unpaid.uploaded_without_codes":
            return ()
        return tuple(self._code(DRUGS[line.item][0]) for _ in range(line.count))

    def _trial(self, sale: _Sale, scans: Sequence[str]) -> Passed:
        return self._passed(sale.at - timedelta(seconds=20), "2101", self._purchase(sale), self._figures(sale), scans)

    def _purchase(self, sale: _Sale) -> dict[str, object]:
        at = sale.at.strftime("%Y-%m-%d %H:%M:%S")
        goods = [*((line.item, line.count) for line in sale.lines), (_SLICE, 10)]
        return {
            "druginfo": {
                "psn_no": f"3502{sale.number:08d}", "mdtrt_cert_type": "03", "mdtrt_cert_no": f"C{sale.number}",
                "begntime": at, "medfee_sumamt": float(sale.total), "insutype": "310", "acct_used_flag": "1",
                "med_type": "41",
            },
            "drugdetail": [
                {
                    "feedetl_sn": f"{sale.number}-{place}", "rx_circ_flag": "0", "fee_ocur_time": at,
                    "med_list_codg": item, "medins_list_codg": f"D{place}", "det_item_fee_sumamt": "10.00",
                    "cnt": count, "pric": 5,
                }
                for place, (item, count) in enumerate(goods, 1)
            ],
        }  # fmt: skip

    def _figures(self, sale: _Sale) -> dict[str, object]:
        fund = sale.fund + sale.account if self._counts_account else sale.fund
        told = {
            "setl_id": sale.setl_id, "mdtrt_id": f"V{sale.number}", "medfee_sumamt": f"{sale.total}",
            "fund_pay_sumamt": float(fund), "acct_pay": f"{sale.account}", "acct_mulaid_pay": 0,
        }  # fmt: skip
        return {"infcode": 0, "inf_refmsgid": "1", "err_msg": "", "output": {"setlinfo": told}}

    def _upload(self, sale: _Sale, place: int, line: _Line, *, is_refused: bool = False) -> Passed:
        at = (sale.at + timedelta(seconds=30 + place)).strftime("%Y-%m-%d %H:%M:%S")
        record: dict[str, object] = {
            "med_list_codg": line.item, "fixmedins_hilist_id": f"D{place}", "fixmedins_hilist_name": "药品",
            "fixmedins_bchno": f"B{sale.number}-{place}", "prsc_dr_name": "王", "phar_name": "李",
            "phar_prac_cert_no": "Y1", "setl_id": sale.setl_id, "mdtrt_sn": f"M{sale.number}", "manu_lotnum": "L1",
            "manu_date": "2026-01-01", "rx_flag": "0", "trdn_flag": "0", "rtal_docno": f"R{sale.number}",
            "sel_retn_cnt": line.count, "sel_retn_time": at, "sel_retn_opter_name": "李", "mdtrt_setl_type": "1",
            "drugtracinfo": [{"drug_trac_codg": code} for code in line.codes],
        }  # fmt: skip
        said = {"retRslt": "0", "msgRslt": "批号不符"} if is_refused else {"retRslt": "1"}
        answer = {"infcode": 0, "inf_refmsgid": "1", "err_msg": "", "output": {"result": said}}
        return self._passed(sale.at + timedelta(seconds=30 + place), "3505", {"selinfo": record}, answer, ())

    def _noise(self, at: datetime) -> Iterator[Passed]:
        """What a POS sends besides: a look-up, something no table knows, something that is no message."""
        yield self._passed(at, "1101", {"data": {"mdtrt_cert_type": "03"}}, {"infcode": 0, "output": {}}, ())
        yield self._passed(at, "8888", {"x": [1.50, "é"]}, {"infcode": "-1", "err_msg": "?"}, ())
        yield Passed(at, b"<ping/>\r\n", b"\x00pong", ())

    def _passed(self, at: datetime, infno: str, given: object, answer: object, scans: Sequence[str]) -> Passed:
        self._messages += 1
        message = {
            "infno": infno, "msgid": f"{SHOP}{at:%Y%m%d%H%M%S}{self._messages % 10_000:04d}",
            "mdtrtarea_admvs": "350203", "insuplc_admdvs": "350200", "recer_sys_code": "YBXT", "infver": "V1.0",
            "opter_type": "1", "opter": "li01", "opter_name": "李", "inf_time": f"{at:%Y-%m-%d %H:%M:%S}",
            "fixmedins_code": SHOP, "fixmedins_name": "虚构大药房",
            "input": json.dumps(given) if self._chance.random() < 0.1 else given,  # noqa: PLR2004 - some write it so
        }  # fmt: skip
        indent = self._chance.choice([None, 1, 4])
        text = json.dumps(message, ensure_ascii=self._chance.random() < 0.5, indent=indent)  # noqa: PLR2004 - either
        return Passed(at, text.encode(), json.dumps(answer, ensure_ascii=False, indent=indent).encode(), tuple(scans))
