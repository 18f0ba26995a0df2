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


class PackNotSoldError(EdgeError, RejectedError):
    """A pack is not in this sale, or came back already."""

    code: ClassVar[str] = "counter.pack_not_sold"
    next_step: ClassVar[Words] = Words("请核对实物与单号。", "Compare the box with the receipt.")


class PackNotSoldHereError(EdgeError, RejectedError):
    """No sale of this terminal has handed out the pack, or it came back since."""

    code: ClassVar[str] = "counter.pack_not_sold_here"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    next_step: ClassVar[Words] = Words(
        "请核对实物；由其他终端售出的，请在该终端办理退货。",
        "Check the box; what another terminal sold is returned there.",
    )


class KeyReusedError(EdgeError, RejectedError):
    """One idempotency key was used for two different requests."""

    code: ClassVar[str] = "counter.key_reused"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    next_step: ClassVar[Words] = Words(
        "每个新请求请使用新的 Idempotency-Key。", "Use a new Idempotency-Key for each new request."
    )
