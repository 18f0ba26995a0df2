"""Why a record of stock, sale or return is not taken. Of 3505 and 3506 it becomes `retRslt` 0, of others `infcode` -1.

Each names field, code and reason. Nothing of the record is kept: corrected, it may be sent again under a new msgid.
"""

from __future__ import annotations

from typing import ClassVar

from codes.words import Words
from server.fsi.refusals import Refusal


class StockRefusal(Refusal):
    """The record is not taken."""

    code: ClassVar[str] = "stock.refused"


class TraceCodeError(StockRefusal):
    """A trace code names no single small pack, or is named where it cannot be."""

    code: ClassVar[str] = "stock.trace_code"
    next_step: ClassVar[Words] = Words(
        "请重新扫描小盒上的药品追溯码，再用新的 msgid 上传。",
        "Scan the trace code on the small box again, then upload under a new msgid.",
    )


class CodesMissingError(StockRefusal):
    """An insured sale of coded packs comes without codes."""

    code: ClassVar[str] = "stock.codes_missing"
    next_step: ClassVar[Words] = Words(
        "请先扫码再上传；无码库商品请如实填写生产日期。",
        "Scan first, then upload; of packs in the no-code library state the true production date.",
    )


class CountError(StockRefusal):
    """The quantity does not do."""

    code: ClassVar[str] = "stock.count"


class RecordDiffersError(StockRefusal):
    """The record was uploaded before, with other contents."""

    code: ClassVar[str] = "stock.record_differs"
    next_step: ClassVar[Words] = Words(
        "如需更正，请先用 3507 删除原记录再重新上传；若是另一笔，请使用自己的单据号或时间。",
        "To correct it, delete it with 3507 and upload again; another one needs a number or time of its own.",
    )


class SettlementMismatchError(StockRefusal):
    """The settlement that the sale names does not cover it."""

    code: ClassVar[str] = "stock.settlement"
    next_step: ClassVar[Words] = Words(
        "请核对结算ID、人员、项目与数量；自费销售请填 mdtrt_setl_type=2 且不填 setl_id。",
        "Check settlement, person, item and quantity; a self-pay sale has mdtrt_setl_type 2 and no setl_id.",
    )


class NoSuchSaleError(StockRefusal):
    """The sale that is taken back is not there."""

    code: ClassVar[str] = "stock.no_such_sale"
    next_step: ClassVar[Words] = Words(
        "请先用 3505 上传该销售，或核对追溯码、结算ID与商品销售流水号。",
        "Upload the sale with 3505 first, or check codes, settlement and sale serial.",
    )


class ReturnedMoreError(StockRefusal):
    """More comes back than went out."""

    code: ClassVar[str] = "stock.returned_more"


class NothingToDeleteError(StockRefusal):
    """There is no record to delete, or it was deleted before."""

    code: ClassVar[str] = "stock.nothing_to_delete"
    next_step: ClassVar[Words] = Words(
        "请核对批次流水号与数据类型；已删除的记录不能再删。",
        "Check batch serial and kind; a record is deleted once.",
    )


class NotDeletableError(StockRefusal):
    """The record cannot be deleted by what the message says."""

    code: ClassVar[str] = "stock.not_deletable"
    next_step: ClassVar[Words] = Words(
        "请在 data 中加 rid（3508–3511 返回的数据唯一记录号）写明哪一条；有退货的销售，先删除退货。",
        "Add the rid that 3508 to 3511 tell to data, to say which; of a sale with a return, delete the return first.",
    )


class QueryError(StockRefusal):
    """The query does not do."""

    code: ClassVar[str] = "stock.query"
    next_step: ClassVar[Words] = Words("请核对查询条件。", "Check what is asked for.")
