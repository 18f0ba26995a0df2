"""What should be known of a sale that nobody insures: remarks on it, by the rules of entitlement of its day.

It happened, so it is kept and accepted whatever it lacks: nobody is refused afterwards. Remarks stand in the answer.

What somebody had before counts where both sales name person and certificate and the two belong together, as the
register has it: whoever names a person without proof uses nobody's quantity up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from codes.words import Words
from rules.entitlements.errors import NoEntitlementRulesError
from rules.entitlements.judging import judge
from rules.entitlements.purchase import Bought, Drug, Earlier, Prescribed, Purchase
from rules.entitlements.rule_set import RuleSet
from server.fsi.desk import Desk
from server.fsi.stock_rows import Row, personal_place
from server.people.practice import PracticeError, check_licence
from server.store import entitlements, insurance_catalogue, insured, stock
from server.store.institutions import InstitutionKind
from server.store.insurance_catalogue import Item
from server.store.insured import Person
from server.store.stock import StockQuery, StockRecord
from server.store.stock_entry import OF_RECORD
from wire.fsi.values import BEIJING

_SALE, _RETURN = "3505", "3506"
_IDENTITY_CARD: Final = "01"
_SHOWN: Final = "02"
"""Somebody whose certificate is stated showed it: an identity card among the kinds that rules name."""
_MOST_BESIDE: Final = 1_000
_CLOCKS_DIFFER: Final = timedelta(hours=1)
_LONG_AGO: Final = timedelta(days=90)
"""Whoever was without a line, or moves in with another program, uploads weeks later; a clock set back is years off."""

Note = tuple[str, Words]
"""A code, and what is remarkable."""


@dataclass(frozen=True, slots=True)
class _Buyer:
    """Who is named, with a certificate that is theirs."""

    psn_no: str
    digest: bytes


def notes_of(desk: Desk, row: Row, record: StockRecord) -> Sequence[Note]:
    """Return what is remarkable about a sale that nobody insures: its time, and at a pharmacy what the rules say."""
    return (*_time_notes(desk, row, record), *_notes_of_rules(desk, row, record))


def _time_notes(desk: Desk, row: Row, record: StockRecord) -> Iterator[Note]:
    """Remark a clock that is wrong: by its day the sale is judged, and by it stands in the ledger."""
    at, path = record.happened_at.astimezone(BEIJING), f"{row.said.path}.sel_retn_time"
    if at > desk.now + _CLOCKS_DIFFER:
        zh, en = "晚于中心时间", "is after the centre's clock"
    elif at < desk.now - _LONG_AGO:
        zh, en = f"早于 {_LONG_AGO.days} 天前", f"is more than {_LONG_AGO.days} days ago"
    else:
        return
    yield (
        "stock.time",
        Words(
            f"{path}（销售/退货时间）：{at:%Y-%m-%d %H:%M:%S} {zh}，请核对时钟",
            f"{path}: {at:%Y-%m-%d %H:%M:%S} {en}; check the clock",
        ),
    )


def _notes_of_rules(desk: Desk, row: Row, record: StockRecord) -> Sequence[Note]:
    book = desk.parts.rules
    if book is None or not record.item or desk.institution.kind is not InstitutionKind.PHARMACY:
        return ()
    try:
        rules = book.on(_day(record.happened_at))
    except NoEntitlementRulesError:
        # Of a time before the first rules.
        return ()
    return tuple(_notes(desk, row, record, rules))


def _notes(desk: Desk, row: Row, record: StockRecord, rules: RuleSet) -> Iterator[Note]:
    path, day = row.said.path, _day(record.happened_at)
    item = insurance_catalogue.load_items_on(desk.connection, [record.item], day).get(record.item)
    drug = _drug(record, item)
    if drug.is_prescription and not record.is_prescription:
        yield (
            "stock.prescription_drug",
            Words(
                f"{path}.rx_flag（处方药标志）：{record.item} 在目录中是处方药，应为 1",
                f"{path}.rx_flag: by the list {record.item} is a prescription drug, so it should be 1",
            ),
        )
    is_reviewed = True
    if drug.is_prescription:
        try:
            check_licence(desk.connection, row.text("phar_prac_cert_no"), record.institution, record.happened_at)
        except PracticeError as error:
            is_reviewed = False
            yield (
                "stock.pharmacist",
                Words(
                    f"{path}.phar_prac_cert_no（药师执业资格证号）：{error.words.zh}",
                    f"{path}.phar_prac_cert_no: {error.words.en}",
                ),
            )
    if record.is_split:
        # Its quantity counts smallest units, which no limit of packs is about.
        return
    yield from _lacks(desk, row, _bought(path, record, drug, is_reviewed=is_reviewed), record, rules)


def _lacks(desk: Desk, row: Row, bought: Bought, record: StockRecord, rules: RuleSet) -> Iterator[Note]:
    day, kind = _day(record.happened_at), desk.institution.kind.value
    others = _standing(desk, StockQuery(record.institution, (_SALE,), document=record.document))
    beside = [one for one in others if one.id != record.id and not one.is_insured and not one.is_split]
    listed = insurance_catalogue.load_items_on(desk.connection, {one.item for one in beside}, day)
    lines = [_bought(one.id, one, _drug(one, listed.get(one.item)), is_reviewed=True) for one in beside]
    buyer, days = _buyer(desk, row), rules.remembers(kind, [bought.drug])
    seen = {record.id, *(one.id for one in others)}
    earlier = _earlier(desk, buyer, day, days, seen) if buyer is not None and days else ()
    certificate = _SHOWN if row.text("certno") else ""
    for lack in judge(rules, Purchase(day, kind, certificate, (*lines, bought), earlier)):
        # A licence that is not known was told already, in words for this field.
        if lack.serial == bought.serial and lack.code != "entitlement.pharmacist_missing":
            yield lack.code, Words(f"{row.said.path}：{lack.words.zh}", f"{row.said.path}: {lack.words.en}")


def _earlier(desk: Desk, buyer: _Buyer, day: date, days: int, seen: Collection[str]) -> tuple[Earlier, ...]:
    """Return what somebody had in the last days, the whole day of the sale included, insured or not."""
    midnight = datetime.combine(day, time(), BEIJING)
    begins, ends = midnight - timedelta(days=days), midnight + timedelta(days=1)
    sold = stock.find_sold_to(desk.connection, buyer.psn_no, begins=begins, ends=ends)
    had = [one for one in sold if one.id not in seen and _is_theirs(desk, one, buyer)]
    charged = entitlements.load_charged(desk.connection, buyer.psn_no, begins=begins, ends=ends)
    items = {one.item for one in had} | {one.item for one in charged}
    listed = insurance_catalogue.load_items_on(desk.connection, items, day)
    return (
        *(Earlier(_drug(one, listed.get(one.item)), _day(one.happened_at), _kept(desk, one)) for one in had),
        *(Earlier(_charged(one.item, listed.get(one.item)), _day(one.at), one.count) for one in charged),
    )


def _bought(serial: str, record: StockRecord, drug: Drug, *, is_reviewed: bool) -> Bought:
    prescribed = Prescribed.ON_PAPER if str(record.fields.get("rxno") or "") else Prescribed.NOT
    return Bought(serial, drug, record.count, None, prescribed, has_doctor=True, is_reviewed=is_reviewed)


def _drug(record: StockRecord, item: Item | None) -> Drug:
    if item is None:
        return Drug(record.item, record.name, record.is_prescription)
    return Drug(item.code, item.name, record.is_prescription or item.is_prescription, item.is_negotiated)


def _charged(code: str, item: Item | None) -> Drug:
    return Drug(code, item.name, item.is_prescription, item.is_negotiated) if item else Drug(code)


def _buyer(desk: Desk, row: Row) -> _Buyer | None:
    """Return whom the row names with a certificate that is theirs."""
    psn_no, number = row.text("psn_no"), row.text("certno")
    if not psn_no or not number:
        return None
    digest = desk.parts.sealer.digest(row.text("psn_cert_type") or _IDENTITY_CARD, number)
    person: Person | None = insured.load_person(desk.connection, psn_no)
    return _Buyer(psn_no, digest) if person is not None and person.cert_digest == digest else None


def _is_theirs(desk: Desk, record: StockRecord, buyer: _Buyer) -> bool:
    """Tell whether an earlier record was proved by the same certificate."""
    if record.is_insured or record.is_split or record.personal_sealed is None:
        return False
    personal = desk.parts.sealer.open_fields(record.personal_sealed, personal_place(record.id))
    kind = str(record.fields.get("psn_cert_type") or _IDENTITY_CARD)
    return desk.parts.sealer.digest(kind, personal.get("certno", "")) == buyer.digest


def _kept(desk: Desk, sale: StockRecord) -> Decimal:
    """Return how much of a sale was not brought back."""
    returns = _standing(desk, StockQuery(sale.institution, (_RETURN,), document=sale.document))
    return sale.count - sum((one.count for one in returns if one.fields.get(OF_RECORD) == sale.id), Decimal(0))


def _standing(desk: Desk, query: StockQuery) -> list[StockRecord]:
    return list(stock.find_stock_records(desk.connection, query, limit=_MOST_BESIDE))


def _day(at: datetime) -> date:
    return at.astimezone(BEIJING).date()
