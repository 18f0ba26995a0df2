"""How a settlement stands at the centre now (5203): asked before anything is cancelled, of own sales too.

Another terminal, or a POS, may have cancelled it since; what is known here would then pay back what was paid back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words
from edge.errors import EdgeError
from edge.till.errors import OfflineError
from edge.till.messages import told_in
from edge.till.steps import Parts
from wire.fsi.asking import Answer, Nodes
from wire.fsi.record import Record
from wire.rpc import NotSentError, OutcomeUnknownError

SETTLEMENT = "5203"
_UNKNOWN = "settlement.unknown"
_IN_FORCE = "0"
"""`refd_setl_flag`: not given back."""


class NotToldError(EdgeError, RejectedError):
    """The centre does not tell what has to be known before anything is changed."""

    code: ClassVar[str] = "till.not_told"
    next_step: ClassVar[Words] = Words(
        "未做任何更改。请按中心提示处理后重试。", "Nothing was changed. Do what the centre says, and try again."
    )

    def __init__(self, answer: Answer) -> None:
        said = f"[{answer.code}] {answer.message}" if answer.code else answer.message
        super().__init__(Words(f"中心未告知该结算状态：{said}", f"The centre does not tell: {said}"))


class UnknownThereError(EdgeError, RejectedError):
    """The centre has no such settlement: it may have been set back to an older state."""

    code: ClassVar[str] = "till.unknown_there"
    next_step: ClassVar[Words] = Words(
        "未做任何更改。请向中心核实是否恢复过旧数据；确属丢失的，可在“售后”页重新上报该笔结算。",
        "Nothing was changed. Ask the centre whether it went back to a backup; if the settlement is lost there, tell "
        "it once more from the page of what comes after a sale.",
    )

    def __init__(self, sale: str, setl_id: str) -> None:
        super().__init__(
            Words(
                f"销售 {sale} 在本机已结算（{setl_id}），中心没有该结算",
                f"Sale {sale} is settled here ({setl_id}), and the centre has no such settlement",
            )
        )


class CancelledElsewhereError(EdgeError, RejectedError):
    """Somebody else has cancelled the settlement, and nothing is known of what stays."""

    code: ClassVar[str] = "till.cancelled_elsewhere"
    next_step: ClassVar[Words] = Words(
        "请勿再付款。请到办理撤销的终端或 POS 核对；若刚在另一终端退货，待其上传台账后重试。",
        "Pay nothing back. Check at the terminal or POS that cancelled it; if packs came back there just now, try "
        "again once that terminal has told the ledger.",
    )

    def __init__(self, sale: str) -> None:
        super().__init__(
            Words(
                f"销售 {sale} 的结算已由其他终端或 POS 撤销，中心尚无余下药品的结算",
                f"The settlement of {sale} was cancelled at another terminal or POS; none of what stays is known yet",
            )
        )
        self.sale = sale


@dataclass(frozen=True, slots=True)
class There:
    """A settlement as the centre tells it."""

    stands: bool
    """It was not given back."""
    made_by: str
    """`medins_setl_id`: the message that settled it, as far as the platform keeps it."""
    record: Record | None
    """`setlinfo`, if all of it fits its table."""


def ask_centre(parts: Parts, operator: str, infno: str, data: Mapping[str, object]) -> Answer:
    """Ask something that changes nothing.

    Raises:
        OfflineError: It cannot be asked.
    """
    who, nodes = parts.who(operator), {"data": dict(data)}
    asked: Nodes = nodes
    try:
        return parts.journal.read(who.sender, infno, asked, insured_district=who.sender.district, sign_no=who.sign_no)
    except (NotSentError, OutcomeUnknownError) as exc:
        raise OfflineError(exc.words) from exc


def look_there(parts: Parts, operator: str, sale: str, data: Mapping[str, str]) -> There:
    """Return how a settlement stands.

    Args:
        parts: What asks.
        operator: In whose name.
        sale: Whose settlement it is, to be named in a refusal.
        data: `setl_id`, `mdtrt_id`, `psn_no`.

    Raises:
        UnknownThereError: The centre has none.
        NotToldError: It refuses to tell.
        OfflineError: It cannot be asked.
    """
    answer = ask_centre(parts, operator, SETTLEMENT, data)
    if answer.is_success:
        told = next(iter(told_in(answer, "setlinfo")), None)
        if told is not None:
            flag, made_by = (str(told.get(name) or "").strip() for name in ("refd_setl_flag", "medins_setl_id"))
            record = None if answer.output is None else answer.output.one_or_none("setlinfo")
            return There(flag in {"", _IN_FORCE}, made_by, record)
    if answer.code == _UNKNOWN:
        raise UnknownThereError(sale, data.get("setl_id", ""))
    raise NotToldError(answer)
