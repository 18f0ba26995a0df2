"""Why a message of the national interface is refused. Each refusal becomes `infcode` -1 with its code and words.

Whoever handles a transaction raises a `Refusal` (or another `RejectedError`, such as those of `server.settlement`):
then nothing of the business is kept. A refused message may be sent again unchanged and is tried anew.
"""

from __future__ import annotations

from typing import ClassVar

from codes.errors import RejectedError, TransientError
from codes.words import Words
from server.errors import ServerError
from wire.fsi.faults import Fault

_NEW_MSGID = Words(
    "请按提示更正后，用新的 msgid 重新发送。", "Correct what is named, then send it again under a new msgid."
)


class Refusal(ServerError, RejectedError):  # noqa: N818 - the trade's word, and what it is
    """The message cannot be answered as it asks."""

    code: ClassVar[str] = "fsi.refused"
    next_step: ClassVar[Words] = _NEW_MSGID


class InvalidInputError(Refusal):
    """Fields of the input do not do."""

    code: ClassVar[str] = "fsi.input"
    next_step: ClassVar[Words] = Words(
        "请按所列字段修改报文后重发。", "Correct the fields that are named and send the message again."
    )

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(faults[0].words)
        self.faults = faults
        """Everything that is wrong; at least one."""


class NotHandledError(Refusal):
    """The interface has this transaction, and this centre does not handle it."""

    code: ClassVar[str] = "fsi.not_implemented"
    next_step: ClassVar[Words] = Words(
        "本中心不办理该交易，重发无用；已支持的交易见 docs/fsi.md。",
        "This centre does not handle it, and sending it again will not help; docs/fsi.md lists what it does.",
    )


class MsgidReusedError(Refusal):
    """The same msgid came with another body."""

    code: ClassVar[str] = "fsi.msgid_reused"
    next_step: ClassVar[Words] = Words(
        "同一 msgid 只能以相同内容重发（签名、签到号、发送时间与操作员姓名可以不同）；内容不同的报文请用新的 msgid。",
        "A msgid may be repeated with the same content only (signature, sign_no, inf_time and the operator's name may "
        "differ); give another message a msgid of its own.",
    )


class MsgidClosedError(Refusal):
    """A reversal closed this msgid."""

    code: ClassVar[str] = "fsi.msgid_reversed"
    next_step: ClassVar[Words] = Words(
        "该报文已被 2601 冲正；如需办理，请用新的 msgid 重新发起。",
        "A 2601 has reversed this message; begin anew under a new msgid.",
    )


class NotYourInstitutionError(Refusal):
    """The caller does not speak for the institution that the message names."""

    code: ClassVar[str] = "fsi.not_your_institution"
    next_step: ClassVar[Words] = Words(
        "请核对 fixmedins_code；确属本机构的，请管理员在中心为该令牌、密钥或终端登记此机构。",
        "Check fixmedins_code; if it is yours, have the administrator bind this token, key or terminal to it.",
    )


class SignInNeededError(Refusal):
    """The transaction needs a sign-in that is in force and belongs to the operator."""

    code: ClassVar[str] = "fsi.sign_in_needed"
    next_step: ClassVar[Words] = Words(
        "请先用 9001 签到，把返回的 sign_no 填入报文头再发送。",
        "Sign in with 9001 and put the sign_no that it returns into the envelope.",
    )


class UnprovedError(Refusal):
    """Nothing proves who calls."""

    code: ClassVar[str] = "fsi.unproved"
    next_step: ClassVar[Words] = Words(
        "请在请求头 Authorization 中使用管理员发放的令牌（Bearer），或按本地区规范签名。",
        "Send a token from the administrator in the header Authorization (Bearer), or sign as this area wants it.",
    )


class ReplayedError(UnprovedError):
    """The nonce was used before, so that this may be somebody else's copy of the message."""

    code: ClassVar[str] = "fsi.replayed"
    next_step: ClassVar[Words] = Words(
        "请每次请求都生成新的随机数；重发同一报文时也要重新签名。",
        "Take a new nonce for every request, also when the same message is sent again.",
    )


class PasswordWrongError(Refusal):
    """The person's password is not the one on record, or none is."""

    code: ClassVar[str] = "fsi.password_wrong"
    next_step: ClassVar[Words] = Words(
        "请参保人重新输入密码；忘记密码请到经办机构重置。",
        "Have the person type it again; the office can set a new one.",
    )


class PasswordLockedError(Refusal):
    """Too many wrong passwords for one credential."""

    code: ClassVar[str] = "fsi.password_locked"
    next_step: ClassVar[Words] = Words("请稍后再试，或换用其他凭证。", "Wait, or use another credential.")


class PersonUnknownError(Refusal):
    """Nobody is insured here by that credential or certificate."""

    code: ClassVar[str] = "fsi.person_unknown"
    next_step: ClassVar[Words] = Words(
        "请重新读卡或扫码核对；确有疑问请联系参保地经办机构。",
        "Read the credential again; if it is right, the office at the place of insurance can tell.",
    )


class BusyError(ServerError, TransientError):
    """More is waiting than can be answered soon; nothing was done."""

    code: ClassVar[str] = "fsi.busy"
    next_step: ClassVar[Words] = Words("请稍候用同一报文重发。", "Send the same message again in a moment.")
    retry_after_s: ClassVar[int] = 2


class FaultError(ServerError):
    """A fault of ours; nothing was done."""

    code: ClassVar[str] = "fsi.internal"
    next_step: ClassVar[Words] = Words(
        "请用同一报文重发一次；仍失败请把 msgid 与时间告知管理员。",
        "Send the same message once more; if it fails again, tell the administrator msgid and time.",
    )

    def __init__(self) -> None:
        super().__init__(Words("中心内部错误，本次未办理", "The centre failed; nothing was done"))
