"""What returns and 补刷 refuse to do, and what the person at the counter can do instead."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words
from edge.errors import EdgeError


class UnderWayError(EdgeError, RejectedError):
    """Something of this sale has begun and not ended."""

    code: ClassVar[str] = "till.under_way"
    next_step: ClassVar[Words] = Words(
        "请先在“未完成事项”中处理完该单的退货或补刷。",
        "First end what is open of this sale, in the list of open undertakings.",
    )

    def __init__(self, sale: str) -> None:
        super().__init__(Words(f"销售 {sale} 有未完成的退货或补刷", f"A return or settlement of {sale} is under way"))


class NotSettledError(EdgeError, RejectedError):
    """The sale has no settlement that stands."""

    code: ClassVar[str] = "till.not_settled"
    next_step: ClassVar[Words] = Words("请刷新后核对该单状态。", "Load the sale again and look how it stands.")

    def __init__(self, sale: str) -> None:
        super().__init__(Words(f"销售 {sale} 没有有效的医保结算", f"No settlement of {sale} stands"))


class ReturnLostError(EdgeError, RejectedError):
    """By what the centre says packs are with the customer that came back: it has lost that."""

    code: ClassVar[str] = "till.return_lost"
    next_step: ClassVar[Words] = Words(
        "未做任何更改，请勿付款。刚退回的请稍后重新查找该单；仍如此的，是中心恢复了旧数据："
        "请在办理退货的终端对该单“重新上报”，然后再办理。",
        "Nothing was changed; pay nothing. If they came back just now, look the sale up again in a moment; else the "
        "centre went back to a backup: at the terminal that took them back tell the sale again, and go on then.",
    )

    def __init__(self, sale: str, codes: Sequence[str], terminals: Sequence[str]) -> None:
        zh, en = "、".join(terminals) or "本机", ", ".join(terminals) or "this terminal"
        super().__init__(
            Words(
                f"销售 {sale} 的 {'、'.join(codes)} 已在 {zh} 退回，中心没有该次退货",
                f"{', '.join(codes)} of {sale} came back at {en}, and the centre does not know it",
            )
        )


class RestRefusedError(EdgeError, RejectedError):
    """What stays would not be settled, so nothing is cancelled."""

    code: ClassVar[str] = "till.rest_refused"
    next_step: ClassVar[Words] = Words(
        "未做任何更改。请按中心提示处理（如请参保人重新出示凭证）后再退；或整单退回。",
        "Nothing was changed. Do what the centre says, such as showing the credential again; or take all of it back.",
    )


class NotADayError(EdgeError, RejectedError):
    """The sale is not of today: its packs have left, so they come back as a return."""

    code: ClassVar[str] = "till.not_today"
    next_step: ClassVar[Words] = Words("请按退货办理。", "Take the packs back as a return.")

    def __init__(self, sale: str) -> None:
        super().__init__(Words(f"销售 {sale} 不是今天的", f"Sale {sale} is not of today"))


class NoChoiceError(EdgeError, RejectedError):
    """There is nothing to choose, or not this."""

    code: ClassVar[str] = "till.no_choice"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    next_step: ClassVar[Words] = Words("请刷新未完成事项。", "Load the open undertakings again.")

    def __init__(self, number: str) -> None:
        super().__init__(Words(f"事项 {number} 现在无需选择", f"Nothing is to be chosen in {number} now"))
