"""3505, 3505A and 3506: sales and their returns, pack by pack.

The answer has two levels: `infcode` 0 says that the message arrived, `retRslt` whether the sale was accepted.

* A sale that happened is a fact and is kept, also where it contradicts another: the ledger names the contradiction,
  and the answer tells it. A self-pay sale is accepted so (`retRslt` 1).
* Whether the fund pays is a matter of who came first. An insured sale of a pack that another settlement came with
  before is kept as a fact and refused for payment (`retRslt` 0, `stock.claimed`).
* What cannot be (a carton, another person's settlement, more than was settled) is refused and not kept.
* Of several rows (3505A) all are kept or none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from codes.words import Words
from rules.pack_life import SIZE_UNKNOWN, Act
from server.errors import StoreContentionError
from server.fsi import self_pay
from server.fsi.desk import Deeds, Desk, Output, writing
from server.fsi.sale_cover import Cover, check_quantity, cover_of
from server.fsi.stock_refusals import CountError, StockRefusal, TraceCodeError
from server.fsi.stock_repeats import refuse_other_contents
from server.fsi.stock_rows import (
    Kept,
    Row,
    count_of,
    identity,
    raw_rows,
    read_row,
    record_of,
    refuse_cartons,
    refused_code,
    standing_record,
)
from server.fsi.transactions import sale_anew
from server.fsi.transactions.sale_returns import take_back
from server.store import settlements, stock, stock_entry
from server.store.settlements import SettlementState
from server.store.stock import StockRecord
from server.store.stock_entry import RowOfSale
from server.trace import claims, telling
from server.trace.telling import Told
from wire.fsi.envelope import Request
from wire.fsi.record import Message, Record

SALE, RETURN = "3505", "3506"
_ACCEPTED, _REFUSED = "1", "0"
_CLAIMED = "stock.claimed"
_MOST_TOLD = 20
"""Sentences in one answer; the rest is counted."""
_MOST_BESIDE = 5


@dataclass(slots=True)
class Outcome:
    """What became of the rows of one message."""

    refused: list[tuple[str, Words]] = field(default_factory=list)
    """Codes and sentences; nothing of the message is kept."""
    unpaid: list[tuple[str, Words]] = field(default_factory=list)
    """The row is kept, and the fund does not pay it."""
    noted: list[tuple[str, Words]] = field(default_factory=list)
    """It is accepted; this should be known."""

    def as_output(self) -> Output:
        """Return the second level of the answer."""
        told = self.refused or [*self.unpaid, *self.noted]
        result = _REFUSED if self.refused or self.unpaid else _ACCEPTED
        sentences = [f"[{code}] {words.zh} / {words.en}" for code, words in told[:_MOST_TOLD]]
        if len(told) > _MOST_TOLD:
            sentences.append(f"另有 {len(told) - _MOST_TOLD} 处 / {len(told) - _MOST_TOLD} more")
        return {"result": {"retRslt": result, "msgRslt": "；".join(sentences)}}


_Take = Callable[[Desk, Row, Outcome], None]


def sell(desk: Desk, request: Request, message: Message) -> Output:
    """Keep one sale."""
    return _taken(desk, SALE, request, (message.one("selinfo"),), take_sale)


def sell_many(desk: Desk, request: Request, message: Message) -> Output:
    """Keep many sales, or none of them."""
    return _taken(desk, SALE, request, message.many("selinfoDetail"), take_sale)


def give_back(desk: Desk, request: Request, message: Message) -> Output:
    """Keep that packs of a sale came back."""
    return _taken(desk, RETURN, request, (message.one("selinfo"),), _take_return)


def _taken(desk: Desk, infno: str, request: Request, rows: Sequence[Record], take: _Take) -> Output:
    outcome = Outcome()
    savepoint = desk.connection.begin_nested()
    for said, raw in zip(rows, raw_rows(request, len(rows)), strict=True):
        try:
            take(desk, read_row(desk, infno, request, said, raw), outcome)
        except StockRefusal as refusal:
            next_step = refusal.next_step
            zh, en = refusal.words.zh.rstrip("。"), refusal.words.en.rstrip(".")
            outcome.refused.append((refusal.code, Words(f"{zh}。{next_step.zh}", f"{en}. {next_step.en}")))
    if outcome.refused:
        savepoint.rollback()
    else:
        savepoint.commit()
    return outcome.as_output()


def _take_return(desk: Desk, row: Row, outcome: Outcome) -> None:
    outcome.noted += [("stock.return", words) for words in take_back(desk, row)]


# -- one sale ----------------------------------------------------------------------------------------------------------


def take_sale(desk: Desk, row: Row, outcome: Outcome) -> None:
    """Keep one row of a sale, and say what should be known of it.

    Raises:
        StockRefusal: It is not kept.
    """
    documents = row.text("rtal_docno"), row.text("stoout_no")
    same = identity(row, *documents, packs=row.keys)
    standing, place = standing_record(desk.connection, same, is_void=lambda one: sale_anew.is_void(desk, row, one))
    if standing is None:
        standing = _new_sale(desk, row, place, outcome)
    else:
        _note_repeat(desk, row, standing, outcome)
    _note_contradictions(desk, row, standing, outcome)
    if row.packs and len(row.packs) < standing.count and not standing.is_split:
        outcome.noted.append(("stock.codes_fewer", _fewer(row, standing.count)))


def _new_sale(desk: Desk, row: Row, place: str, outcome: Outcome) -> StockRecord:
    refuse_cartons(row)
    count, is_split = count_of(row, "sel_retn_cnt", "销售/退货数量"), row.said.flag("trdn_flag")
    _check_count(row, count, is_split=is_split)
    cover = cover_of(desk, row)
    record = record_of(desk, row, place, _kept(row, count, cover, is_split=is_split))
    void = sale_anew.void_rows(desk, row, place)
    outcome.noted += _beside_others(desk, row, record, {one.id for one in void})
    outcome.noted += [("stock.told_anew", words) for words in sale_anew.take_over(desk, row, void, record)]
    if cover is None:
        outcome.noted += self_pay.notes_of(desk, row, record)
    else:
        if stock.load_stock_record(desk.connection, place) is not None:
            # Somebody else had the settlement locked until now.
            raise _just_now()
        check_quantity(desk, row, cover, count)
    return _entered(desk, row, record, cover, void)


def _note_repeat(desk: Desk, row: Row, standing: StockRecord, outcome: Outcome) -> None:
    """Say that a sale is known, whatever has become of its settlement since.

    Raises:
        RecordDiffersError: It comes with other contents.
    """
    hours = refuse_other_contents(desk, row, standing, moment="sel_retn_time")
    told = [Words("此前已上传，未重复记录", "it was uploaded before; kept once"), *hours]
    outcome.noted += [("stock.repeated", words) for words in told]
    settled = settlements.load_settlement(desk.connection, standing.setl_id) if standing.setl_id else None
    if settled is not None and settled.state is not SettlementState.ACTIVE:
        outcome.noted.append(
            (
                "stock.settlement_cancelled",
                Words(
                    f"{row.said.path}.setl_id（结算ID）：结算 {settled.setl_id} 已撤销，货已退回的请上传 3506",
                    f"{row.said.path}.setl_id: {settled.setl_id} was cancelled; if the goods came back, upload a 3506",
                ),
            )
        )


def _check_count(row: Row, count: Decimal, *, is_split: bool) -> None:
    path = f"{row.said.path}.sel_retn_cnt（销售/退货数量）"
    if is_split and len(row.packs) > 1:
        raise TraceCodeError(
            Words(
                f"{row.said.path}.drugtracinfo（药品追溯码信息）：拆零销售每行一个追溯码，多盒请分行上传各自的数量",
                f"{row.said.path}.drugtracinfo: a split sale names one pack; upload each pack with its own quantity",
            )
        )
    if is_split and row.packs and count != count.to_integral_value():
        raise CountError(
            Words(
                f"{path}：拆零销售按最小单位计数，应为整数",
                f"{row.said.path}.sel_retn_cnt: a split sale counts whole smallest units",
            )
        )
    if not is_split and len(row.packs) > count:
        raise CountError(
            Words(
                f"{path}：数量 {count.normalize():f}，追溯码却有 {len(row.packs)} 个",
                f"{row.said.path}.sel_retn_cnt: {count.normalize():f} packs, but {len(row.packs)} trace codes",
            )
        )


def _beside_others(desk: Desk, row: Row, record: StockRecord, void: Collection[str]) -> list[tuple[str, Words]]:
    """Let a pack be on one row of a sale only; return what else should be known of its other rows.

    Raises:
        TraceCodeError: It is on another one.
        StoreContentionError: This very row was entered just now: begin again, and it will be found.
    """
    found = stock_entry.find_rows_of_sale(desk.connection, record, row.keys, most=_MOST_BESIDE + len(void))
    others = [one for one in found if one.record not in void]
    for other in others:
        if other.record == record.id:
            raise _just_now()
        if other.code is not None and row.packs:
            pack = next(pack for pack in row.packs if pack.key == other.code)
            raise refused_code(row.place_of(pack), _on_another_row(record.document, other))
    beside = {other.record: other for other in others}
    return [("stock.beside", _beside(row, record.document, other)) for other in beside.values()]


def _just_now() -> StoreContentionError:
    return StoreContentionError(Words("该销售刚被上传", "The sale was uploaded just now"))


def _on_another_row(number: str, other: RowOfSale) -> Words:
    return Words(
        f"单据 {number} 的另一行（{other.name}，批次 {other.batch}）已有这个码",
        f"another row of {number} ({other.own_item}, {other.batch}) has this code",
    )


def _beside(row: Row, number: str, other: RowOfSale) -> Words:
    count = f"{other.quantity.normalize():f}"
    return Words(
        f"{row.said.path}：单据 {number} 已有同一商品同一批次的一行（数量 {count}，{other.record}），"
        "一行有码、一行无码，两行都已计入；若本次是为补码，请用 3507 删除原记录",
        f"{row.said.path}: {number} has a row of the same goods and batch ({count}, {other.record}); one "
        "of the two has codes, both count. If this one was to add the codes, delete the first with 3507",
    )


def _kept(row: Row, count: Decimal, cover: Cover | None, *, is_split: bool) -> Kept:
    settled = None if cover is None else cover.settlement
    return Kept(
        count=count,
        at=row.said.moment("sel_retn_time"),
        price=row.said.number_or("finl_trns_pric", None),
        document=row.text("rtal_docno"),
        is_split=is_split,
        setl_id=None if settled is None else settled.setl_id,
        is_insured=settled is not None,
        psn_no=(settled.psn_no if settled is not None else row.text("psn_no")) or None,
    )


def _entered(
    desk: Desk, row: Row, record: StockRecord, cover: Cover | None, void: Sequence[StockRecord]
) -> StockRecord:
    """Tell the ledger, which locks the packs, then see who is paid for them, and keep the record with that."""
    telling.tell(desk.connection, _told(row, record, cover, [one.document for one in void]), desk.now)
    against = _claims_against(desk, row.keys, record)
    shut_out = [key for key in row.keys if key in against]
    if shut_out:
        record = replace(record, fields={**record.fields, claims.UNPAID: shut_out})
    stock_entry.enter_record(desk.connection, record, row.keys)
    return record


def _told(row: Row, record: StockRecord, cover: Cover | None, before: Sequence[str]) -> Sequence[Told]:
    """Return what the sale says of its packs, each with the product that it was sold as.

    Told anew, it is one sale with what was told first, whatever its numbers were (`before`).
    """
    named = documents_of(record, cover.settlement.sale_number if cover is not None else "")
    documents = tuple(dict.fromkeys(name for name in (*named, *before) if name))
    told = []
    for pack in row.packs:
        product = row.known(pack).product
        size = product.units_per_pack if product is not None else SIZE_UNKNOWN
        told.append(
            Told(
                act=Act.SPLIT_DISPENSED if record.is_split else Act.DISPENSED,
                institution=row.institution,
                documents=documents,
                codes=(pack.key,),
                record=record.id,
                at=record.happened_at,
                units=int(record.count) if record.is_split else None,
                units_per_pack=size if record.is_split else None,
                product=product.id if product is not None else None,
            )
        )
    return told


def documents_of(sale: StockRecord, sale_number: str = "") -> tuple[str, ...]:
    """Return every number by which a sale is known, the receipt's first."""
    stockout = sale.fields.get("stoout_no")
    named = (sale.document, str(stockout or ""), sale_number, sale.setl_id or "")
    return tuple(dict.fromkeys(name for name in named if name))


def _note_contradictions(desk: Desk, row: Row, record: StockRecord, outcome: Outcome) -> None:
    told = Told(Act.DISPENSED, row.institution, (record.document,), row.keys, record.id, record.happened_at)
    notes, unpaid = telling.contradictions(desk.connection, told), claims.unpaid_of(record)
    taken = _claims_against(desk, unpaid, record) if unpaid else {}
    for pack in row.packs:
        place = row.place_of(pack)
        if pack.key in unpaid:
            outcome.unpaid.append((_CLAIMED, _claimed(place, taken.get(pack.key), row.institution)))
        elif pack.key in notes:
            note = notes[pack.key]
            outcome.noted.append(
                (
                    note.code,
                    Words(
                        f"{place.zh}：{note.zh}。本次销售已作为事实记录，台账标为冲突，请核对实物",
                        f"{place.en}: {note.en}. The sale is kept as a fact and stands as a conflict; check the pack",
                    ),
                )
            )


def _claims_against(desk: Desk, keys: Collection[str], sale: StockRecord) -> dict[str, claims.Claim]:
    if sale.setl_id is None:
        return {}
    return claims.claims_before(desk.connection, keys, sale.setl_id, split=keys if sale.is_split else ())


def _claimed(place: Words, taken: claims.Claim | None, institution: str) -> Words:
    # Whose sale it was is told to nobody but itself.
    whom = Words("另一机构的结算", "of another place")
    if taken is None:
        return Words(
            f"{place.zh}：上传时该码已随另一笔结算支付，本次未予支付；那笔结算现已撤销或退货，"
            "请用 3507 删除本记录后重新上传",
            f"{place.en}: when this came, it was paid with another settlement, which was undone since; delete this "
            "with 3507 and upload it again",
        )
    if taken.institution == institution:
        whom = Words(f"本机构结算 {taken.setl_id}", taken.setl_id)
    return Words(
        f"{place.zh}：该码已随{whom.zh}支付，本次不予支付；销售已作为事实记录，请核对实物，"
        "误扫的请用 3507 删除后以正确的码重新上传",
        f"{place.en}: it was paid with the settlement {whom.en}, so this one is not; the sale is kept as a fact. "
        "If another box was scanned by mistake, delete this with 3507 and upload the right code",
    )


def _fewer(row: Row, count: Decimal) -> Words:
    return Words(
        f"{row.said.path}：数量 {count.normalize():f}，追溯码 {len(row.packs)} 个，其余未扫码",
        f"{row.said.path}: {count.normalize():f} packs and {len(row.packs)} trace codes; the others were not scanned",
    )


TRANSACTIONS: Deeds = {
    "3505": writing(sell, is_always_open=True),
    "3505A": writing(sell_many, is_always_open=True),
    "3506": writing(give_back, is_always_open=True),
}
