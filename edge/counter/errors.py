"""What the counter refuses to do, and what the person at it can do instead."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words
from edge.errors import EdgeError


class NotSignedInError(EdgeError, RejectedError):
    """Nobody is signed in at this terminal."""

    code: ClassVar[str] = "counter.not_signed_in"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNAUTHORIZED
    next_step: ClassVar[Words] = Words("请先登录。", "Sign in first.")

    def __init__(self) -> None:
        super().__init__(Words("尚未登录", "Nobody is signed in"))


class ListNotOpenError(EdgeError, RejectedError):
    """There is no open list of the kind that was asked for."""

    code: ClassVar[str] = "counter.list_not_open"
    next_step: ClassVar[Words] = Words("请先扫描药盒。", "Scan a box first.")


class ListEmptyError(EdgeError, RejectedError):
    """The open list has nothing on it."""

    code: ClassVar[str] = "counter.list_empty"
    next_step: ClassVar[Words] = Words("请先扫描药盒。", "Scan a box first.")


class SettlingError(EdgeError, RejectedError):
    """The insurance was asked to settle the sale, and has not said what became of it."""

    code: ClassVar[str] = "counter.settling"
    next_step: ClassVar[Words] = Words(
        "请等待结算结果；结果未明之前不可修改、自费结算或取消该清单。",
        "Wait for the outcome. Until then the list is not changed, closed as self-pay, or cancelled.",
    )

    def __init__(self, sale: str) -> None:
        super().__init__(Words(f"销售 {sale} 正在医保结算", f"Sale {sale} is being settled with the insurance"))
        self.sale = sale


class InsuredError(EdgeError, RejectedError):
    """The insurance has settled the sale: the customer pays nothing but what that says."""

    code: ClassVar[str] = "counter.insured"
    next_step: ClassVar[Words] = Words(
        "请勿另收全款；金额见该单的结算结果。", "Do not take the whole price; the ticket says what is to be paid."
    )

    def __init__(self, sale: str) -> None:
        super().__init__(Words(f"销售 {sale} 已医保结算", f"Sale {sale} was settled with the insurance"))
        self.sale = sale


class RungUpElsewhereError(EdgeError, RejectedError):
    """The institution's own software rang the sale up: its money and its settlement are that software's."""

    code: ClassVar[str] = "counter.rung_up_by_pos"
    next_step: ClassVar[Words] = Words(
        "请在收银软件中办理退货或撤销，追溯状态随其报文更新；本机不退款，也不再结算。",
        "Take it back or cancel it in that software; its messages bring the packs up to date. Nothing is paid back or "
        "settled here.",
    )

    def __init__(self, sale: str, number: str, setl_id: str = "") -> None:
        zh, en = (f"，结算号 {setl_id}", f", settlement {setl_id}") if setl_id else ("", "")
        super().__init__(
            Words(
                f"销售 {sale} 由收银软件办理（单号 {number}{zh}）",
                f"Sale {sale} was rung up by the institution's own software, as {number}{en}",
            )
        )
        self.sale = sale


class HeldByPosError(EdgeError, RejectedError):
    """The institution's own software asks the insurance to settle packs of this list, or has had them settled."""

    code: ClassVar[str] = "counter.held_by_pos"
    next_step: ClassVar[Words] = Words(
        "请等待收银软件的结果，不要在本机再结算、收款、取消或撤下；久未查清的，用 yima pos open 查看。",
        "Wait for what its message comes to: settle, sell, cancel and take off nothing here. `yima pos open` shows "
        "what stays open for long.",
    )

    def __init__(self, sale: str, msgid: str, setl_id: str = "") -> None:
        zh, en = (f"，结算号 {setl_id}", f", settlement {setl_id}") if setl_id else ("", "")
        super().__init__(
            Words(
                f"销售 {sale} 中有药品由收银软件结算（报文 {msgid}{zh}）",
                f"The institution's own software settles packs of sale {sale} (message {msgid}{en})",
            )
        )
        self.sale = sale


class ListNotEmptyError(EdgeError, RejectedError):
    """The open list must be finished first."""

    code: ClassVar[str] = "counter.list_not_empty"
    next_step: ClassVar[Words] = Words("请先结算、入库或取消当前清单。", "Close or cancel the current list first.")


class PackNotOnListError(EdgeError, RejectedError):
    """The pack is not on the open list."""

    code: ClassVar[str] = "counter.pack_not_on_list"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    next_step: ClassVar[Words] = Words("请刷新清单后再试。", "Load the list again, then retry.")


class PackNotRemovedError(EdgeError, RejectedError):
    """The pack was not taken off the open list, so it cannot be put back."""

    code: ClassVar[str] = "counter.pack_not_removed"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    next_step: ClassVar[Words] = Words("请重新扫描这一盒。", "Scan the box again.")


class PackElsewhereError(EdgeError, RejectedError):
    """The pack is on another sale by now."""

    code: ClassVar[str] = "counter.pack_elsewhere"
    next_step: ClassVar[Words] = Words("请换一盒，或先处理该单。", "Take another box, or see to that sale first.")


class SaleUnknownError(EdgeError, RejectedError):
    """There is no sale of this number at this terminal."""

    code: ClassVar[str] = "counter.sale_unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    next_step: ClassVar[Words] = Words(
        "请核对小票上的单号；其他终端的销售请在该终端办理。",
        "Check the number on the receipt; sales of another terminal are returned there.",
    )


class SaleNotClosedError(EdgeError, RejectedError):
    """Only packs of a closed sale can come back."""

    code: ClassVar[str] = "counter.sale_not_closed"
    next_step: ClassVar[Words] = Words("未结算的请直接移除。", "If it is still open, take the pack off the list.")


class SoldAtSiteError(EdgeError, RejectedError):
    """Another terminal of this site made the sale: what was paid in cash it alone can take back."""

    code: ClassVar[str] = "counter.sold_at_site"
    next_step: ClassVar[Words] = Words(
        "医保结算的可在本机“售后”页扫药盒查找并退货；自费的请到售出的终端办理。",
        "Look an insured sale up by the box and take it back here; a sale for cash goes back to the terminal that "
        "sold it.",
    )


class PackReturnedBeforeError(EdgeError, RejectedError):
    """A pack of this sale came back already."""

    code: ClassVar[str] = "counter.pack_returned_before"
    next_step: ClassVar[Words] = Words(
        "无需再退；请核对实物是否为同一盒。", "Nothing more is to be recorded; check whether it is the same box."
    )


class PackRecalledError(EdgeError, RejectedError):
    """A pack was recalled: it does not come back into stock."""

    code: ClassVar[str] = "counter.pack_recalled"
    next_step: ClassVar[Words] = Words(
        "按召回流程处置：单独存放并通知供货方。", "Follow the recall: put it aside and tell the supplier."
    )


class PackExpiredError(EdgeError, RejectedError):
    """A pack has expired: it does not come back into stock."""

    code: ClassVar[str] = "counter.pack_expired"
    next_step: ClassVar[Words] = Words(
        "不可退回销售；请按过期药品单独存放并处置。", "It cannot be sold again; put it aside as an expired medicine."
    )


class ReturnTooLateError(EdgeError, RejectedError):
    """The limit for returns is over."""

    code: ClassVar[str] = "counter.return_too_late"
    next_step: ClassVar[Words] = Words(
        "不可在终端退货；质量问题请由负责人按质量投诉处理。",
        "It cannot be returned at the terminal; the person in charge handles it as a complaint about quality.",
    )


class PackNotSoldError(EdgeError, RejectedError):
    """A pack is not in this sale."""

    code: ClassVar[str] = "counter.pack_not_sold"
    next_step: ClassVar[Words] = Words("请核对实物与单号。", "Compare the box with the receipt.")


class PackNotSoldHereError(EdgeError, RejectedError):
    """No sale of this terminal has handed out the pack, or it came back since."""

    code: ClassVar[str] = "counter.pack_not_sold_here"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    next_step: ClassVar[Words] = Words(
        "请核对实物；其他终端售出的，医保结算的可在本机“售后”页扫药盒查找并退货，自费的请到该终端办理。",
        "Check the box. Of what another terminal sold an insured sale is looked up by the box and taken back here; a "
        "sale for cash goes back there.",
    )


class KeyReusedError(EdgeError, RejectedError):
    """One idempotency key was used for two different requests."""

    code: ClassVar[str] = "counter.key_reused"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    next_step: ClassVar[Words] = Words(
        "每个新请求请使用新的 Idempotency-Key。", "Use a new Idempotency-Key for each new request."
    )


class NotApartError(EdgeError, RejectedError):
    """The pack does not lie apart."""

    code: ClassVar[str] = "counter.not_apart"
    next_step: ClassVar[Words] = Words("请刷新隔离清单。", "Load the list of packs that lie apart again.")

    def __init__(self, code: str, terminal: str = "") -> None:
        words = Words(f"{code} 不在隔离中", f"{code} does not lie apart")
        if terminal:
            words = Words(
                f"{code} 在终端 {terminal} 隔离，请在该终端解除",
                f"{code} lies apart at {terminal}, and is released there",
            )
        super().__init__(words)
