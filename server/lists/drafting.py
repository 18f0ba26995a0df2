"""From a line of a list to what the store keeps of it, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Context, Decimal, InvalidOperation
from types import MappingProxyType
from typing import Final, TypeVar

from codes.words import Words
from server.lists.kinds import CODE, VERSION, Holds, ListKind
from server.lists.reading import RawLine
from server.people import list_cells as cells
from server.people.list_cells import CellError
from server.people.list_file import Fault
from server.store.insurance_catalogue import Item, PaysFirst, PriceLimit

Kept = Item | PriceLimit | PaysFirst
T = TypeVar("T")

ALWAYS: Final = date(1900, 1, 1)
"""Beginning of what a list says no beginning of."""
EVERYWHERE: Final = "100000"
"""The district that a row without one is given out with: the country."""
EVERYBODY: Final = "0"
"""The kind of people that a share for all is given out with."""

_CLASSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        name: value
        for value, names in (("01", "甲"), ("02", "乙"), ("03", "丙"))
        for name in (value, names, names + "类")
    }
    | {"1": "01", "2": "02", "3": "03", "自费": "03", "全自费": "03", "无": "", "0": ""}
)
_CHARGE_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {"101": "09", "102": "11", "103": "10", "104": "09", "105": "11", "301": "08"}
)
"""`med_chrgitm_type` by `list_type`, where a line says none."""
_LEVELS: Final = cells.one_of(
    {"1": "1", "2": "2", "3": "3", "一级": "1", "二级": "2", "三级": "3", "社区": "community", "药店": "pharmacy"}
    | {"community": "community", "pharmacy": "pharmacy", "": ""}
)
_OWN: Final = frozenset(
    {CODE, VERSION, "begndate", "enddate", "vali_flag", "updt_time", "list_type", "chrgitm_lv", "med_chrgitm_type"}
    | {"rx_flag"}
)
_LONGEST_CODE, _LONGEST_NAME = 50, 500
_MOST_PLACES_OF_A_PRICE, _MOST_PLACES_OF_A_SHARE = 6, 4
_MOST_DIGITS = 10
_EXACT: Final = Context(prec=60)


@dataclass(slots=True)
class Drafting:
    """What is the same for all lines of one import."""

    kind: ListKind
    version: int
    now: datetime
    faults: list[Fault] = field(default_factory=list)

    def drafted(self, line: RawLine) -> Kept | None:
        """Return what a line says, or None once its faults are noted."""
        if line.fault is not None:
            self.faults.append(Fault(self.kind.number, line.number, "", "lists.cells", line.fault))
            return None
        reading = _Cells(self, line)
        made: Kept
        match self.kind.holds:
            case Holds.ITEMS:
                made = self._item(reading)
            case Holds.PRICE_LIMITS:
                made = self._limit(reading)
            case Holds.SHARES:
                made = self._share(reading)
        return None if reading.is_faulty else made

    def _item(self, line: _Cells) -> Item:
        code, (first, last) = line.code(CODE), line.span()
        list_type = line.cells.get("list_type") or self.kind.list_type or self._type_by_code(code)
        charge_class = line.value("chrgitm_lv", cells.one_of(_CLASSES), "")
        if "chrgitm_lv" not in line.cells:
            charge_class = _CLASSES.get(line.cells.get("nat_hi_druglist_chrgitm_lv", ""), "")
        name = line.cells.get(self.kind.name_column) or line.cells.get("reg_name", "")
        if not 0 < len(name) <= _LONGEST_NAME:
            line.wrong(
                self.kind.name_column, "lists.name", Words("名称为空或过长", "there is no name, or it is too long")
            )
        return Item(
            list=self.kind.number,
            code=code,
            from_day=first,
            to_day=last,
            list_type=list_type,
            name=name,
            charge_class=charge_class,
            charge_kind=line.cells.get("med_chrgitm_type") or _CHARGE_KINDS.get(list_type, ""),
            is_negotiated=line.value("hi_nego_drug_flag", cells.flag, otherwise=False),
            is_prescription=line.value("rx_flag", cells.flag, otherwise=False),
            is_valid=line.value("vali_flag", cells.flag, otherwise=True),
            fields={name: cell for name, cell in line.cells.items() if name not in _OWN},
            version=self.version,
            updated_at=self.now,
        )

    def _limit(self, line: _Cells) -> PriceLimit:
        first, last = line.span()
        return PriceLimit(
            code=line.code("hilist_code"),
            level=line.value("level", _LEVELS, ""),
            district=line.district(),
            from_day=first,
            to_day=last,
            limit=line.amount("hilist_pric_uplmt_amt", _MOST_PLACES_OF_A_PRICE),
            limit_kind=line.cells.get("hilist_lmtpric_type", "101"),
            is_valid=line.value("vali_flag", cells.flag, otherwise=True),
            updated_at=self.now,
        )

    def _share(self, line: _Cells) -> PaysFirst:
        first, last = line.span()
        share = line.amount("selfpay_prop", _MOST_PLACES_OF_A_SHARE)
        if share > 1:
            line.wrong("selfpay_prop", "lists.share", Words("应为 0 到 1 的比例", "must be a share from 0 to 1"))
        people = line.cells.get("selfpay_prop_psn_type", EVERYBODY)
        return PaysFirst(
            code=line.code("hilist_code"),
            psn_type="" if people == EVERYBODY else people,
            district=line.district(),
            from_day=first,
            to_day=last,
            share=share,
            share_kind=line.cells.get("selfpay_prop_type", "101"),
            is_valid=line.value("vali_flag", cells.flag, otherwise=True),
            updated_at=self.now,
        )

    def _type_by_code(self, code: str) -> str:
        return {"X": "101", "Z": "102"}.get(code[:1], "") if self.kind.number == "1301" else ""


class _Cells:
    """The cells of one line, read one by one."""

    def __init__(self, drafting: Drafting, line: RawLine) -> None:
        self._drafting, self._number = drafting, line.number
        self.cells = line.cells
        self.is_faulty = False

    def wrong(self, column: str, code: str, words: Words) -> None:
        """Note a fault."""
        self.is_faulty = True
        self._drafting.faults.append(Fault(self._drafting.kind.number, self._number, column, code, words))

    def value(self, column: str, rule: Callable[[str], object], otherwise: T) -> T:
        """Return what a cell says by its rule, or what stands in its place."""
        cell = self.cells.get(column)
        if cell is None:
            return otherwise
        try:
            found = rule(cell)
        except CellError as exc:
            self.wrong(column, exc.code, exc.words)
            return otherwise
        assert isinstance(found, type(otherwise))  # noqa: S101 - the rule of the column gives nothing else
        return found

    def code(self, column: str) -> str:
        """Return the code of the item."""
        cell = self.cells.get(column, "")
        if not 0 < len(cell) <= _LONGEST_CODE or " " in cell:
            self.wrong(
                column,
                "lists.code",
                Words(
                    f"应为 1–{_LONGEST_CODE} 个字符，不含空格",
                    f"must have 1 to {_LONGEST_CODE} characters and no blank",
                ),
            )
        return cell

    def span(self) -> tuple[date, date | None]:
        """Return the days from which and to which the line holds."""
        first = self.value("begndate", cells.day, ALWAYS)
        last = self.value("enddate", cells.day, date.max)
        if last < first:
            self.wrong("enddate", "lists.span", Words("早于开始日期", "is before the first day"))
        return first, None if last == date.max else last

    def district(self) -> str:
        """Return where the line holds; nothing for everywhere."""
        found = self.value("insu_admdvs", cells.district, "")
        return "" if found == EVERYWHERE else found

    def amount(self, column: str, places: int) -> Decimal:
        """Return an amount, not negative, with so many decimals at most."""
        cell = self.cells.get(column, "")
        try:
            amount = Decimal(cell)
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount < 0 or amount.adjusted() >= _MOST_DIGITS or _places_of(amount) > places:
            words = Words(
                f"{cell!r} 应为不多于 {places} 位小数的数", f"{cell!r} must be a number of at most {places} decimals"
            )
            self.wrong(column, "lists.amount", words)
            return Decimal(0)
        return amount.quantize(Decimal(1).scaleb(-places), context=_EXACT)


def _places_of(amount: Decimal) -> int:
    return max(0, -int(amount.normalize(_EXACT).as_tuple().exponent))
