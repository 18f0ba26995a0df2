"""Why a sale is not settled, or a settlement not undone. Each names what stands in the way, and the figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words
from server.errors import ServerError


class SettlementError(ServerError, RejectedError):
    """The settlement was refused; nothing of it was kept."""

    code: ClassVar[str] = "settlement.refused"
    next_step: ClassVar[Words] = Words(
        "请按提示更正后，用新的 msgid 重新发送。", "Correct what is named, then send it again under a new msgid."
    )


class SumDiffersError(SettlementError):
    """The lines do not add up to the total, or a line is not its quantity times its price."""

    code: ClassVar[str] = "settlement.sum_differs"


class NoLinesError(SettlementError):
    """There is nothing to settle."""

    code: ClassVar[str] = "settlement.no_lines"


class LineRepeatedError(SettlementError):
    """Two lines of one sale have the same serial."""

    code: ClassVar[str] = "settlement.line_repeated"


class LineNotPositiveError(SettlementError):
    """A line of a sale gives something back."""

    code: ClassVar[str] = "settlement.line_not_positive"


class LineEmptyError(SettlementError):
    """A line of a visit has no quantity: it neither charges nor takes back."""

    code: ClassVar[str] = "settlement.line_empty"
    next_step: ClassVar[Words] = Words(
        "请删去该明细，或填写实际数量（退费为负数）后重发。",
        "Leave the line out, or state its quantity (below zero to take back), and send the others again.",
    )


class CategoryError(SettlementError):
    """The category may not be stated of such a sale, or goes by a disease that is not named."""

    code: ClassVar[str] = "settlement.med_type"


class NotCoveredError(SettlementError):
    """The rules have nothing that pays for a stay of that insurance and category."""

    code: ClassVar[str] = "settlement.not_covered"
    next_step: ClassVar[Words] = Words(
        "请核对险种与医疗类别；参保地确无此待遇的，请告知参保人按自费处理，或联系参保地经办机构。",
        "Check insurance and category; if the place of insurance pays for no such stay, tell the person, or ask its "
        "office.",
    )


class NotYetError(SettlementError):
    """The sale begins on a day that has not come yet."""

    code: ClassVar[str] = "settlement.begins_later"


class TooLateError(SettlementError):
    """The sale was longer ago than the rules of its day let pass until it is settled."""

    code: ClassVar[str] = "settlement.too_late"
    next_step: ClassVar[Words] = Words(
        "请核对 begntime 与 fee_ocur_time；确已超过时限的，请参保人持票据到经办机构手工报销。",
        "Check begntime and fee_ocur_time; if it is so long ago, the person may claim the money back at the office.",
    )


class FeeDayError(SettlementError):
    """A fee of a pharmacy's sale arose on another day than the sale."""

    code: ClassVar[str] = "settlement.fee_day"
    next_step: ClassVar[Words] = Words(
        "请将 fee_ocur_time 与 begntime 填为售药当时；不同日的销售请分开结算。",
        "Let fee_ocur_time and begntime be when it was sold; sales of several days are settled each for itself.",
    )


class SaleDiffersError(SettlementError):
    """The sale is settled already, with other contents."""

    code: ClassVar[str] = "settlement.sale_differs"

    def __init__(self, setl_id: str, differences: Sequence[Words]) -> None:
        # The answer has room for two hundred characters: the id is told once of the refusal, and in both next steps.
        super().__init__(
            Words(
                f"该笔销售已结算（setl_id {setl_id}），内容不同：" + "；".join(one.zh for one in differences),
                "It is settled already, with other contents: " + "; ".join(one.en for one in differences),
            ),
            next_step=Words(
                f"同一笔销售只能结算一次：内容无误请沿用原结算 {setl_id}；确需更改请先撤销原结算；"
                "若是另一笔销售，请使用新的单据号（单据号不可按日、按月重新编起）。",
                f"A sale is settled once: keep the settlement {setl_id}, or cancel it first if it was wrong; another "
                "sale needs a number of its own (numbers must not begin anew each day or month).",
            ),
        )


class PersonError(SettlementError):
    """Nobody is insured by that number, or not by this kind of insurance on that day."""

    code: ClassVar[str] = "settlement.person"
    next_step: ClassVar[Words] = Words(
        "请用 1101 重新查询参保信息；确有疑问请联系参保地经办机构。",
        "Ask with 1101 again; if it is wrong, the office at the place of insurance can correct it.",
    )


class CredentialError(SettlementError):
    """The credential does not belong to the person."""

    code: ClassVar[str] = "settlement.credential"
    next_step: ClassVar[Words] = Words(
        "请重新读卡或扫码，并用 1101 取得人员编号。", "Read the credential again and take the number from 1101."
    )


class UnknownSettlementError(SettlementError):
    """There is no such settlement, for this institution and person."""

    code: ClassVar[str] = "settlement.unknown"
    next_step: ClassVar[Words] = Words(
        "请核对结算ID、就诊ID与人员编号；结果不明的结算可原样重发（msgid 不变）或用 2601 冲正。",
        "Check settlement, visit and person; what has no answer may be sent again unchanged, or reversed with 2601.",
    )


class NotCancellableError(SettlementError):
    """The settlement cannot be cancelled as asked."""

    code: ClassVar[str] = "settlement.not_cancellable"


class ReversalError(SettlementError):
    """The message cannot be reversed as asked."""

    code: ClassVar[str] = "reversal.refused"


class StatementFileError(SettlementError):
    """The uploaded statement cannot be read."""

    code: ClassVar[str] = "reconciliation.file"
    next_step: ClassVar[Words] = Words(
        "请按约定生成：压缩包内一个 UTF-8 文本，制表符分隔七列，空值写 null，再用 9101 上传。",
        "Make it as agreed: one UTF-8 text in a zip, seven columns separated by tabs, null for empty; upload by 9101.",
    )
