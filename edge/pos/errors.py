"""What the proxy says to the POS where it does not pass a message on."""

from __future__ import annotations

from typing import ClassVar

from codes.errors import RejectedError, TransientError
from codes.words import Words
from edge.errors import EdgeError


class CodesShortError(EdgeError, RejectedError):
    """Lines of a sale have no codes, or codes lie about that belong to none."""

    code: ClassVar[str] = "pos.codes_short"
    next_step: ClassVar[Words] = Words(
        "请补扫或撤下后重发；拆零销售的，先在本机注明拆零数。",
        "Scan what is missing or take back what is extra; of a pack that is sold in part say so here. Send again.",
    )


class UnresolvedError(EdgeError, TransientError):
    """An earlier message about the same sale, or under the same number, is open: this one might be a second."""

    code: ClassVar[str] = "pos.unresolved"
    next_step: ClassVar[Words] = Words(
        "请稍候原样重发；不要另行结算。“yima pos open”列出未决报文。",
        "Send the same again in a moment; do not settle anew. `yima pos open` lists what is open.",
    )


class TillSettlesError(EdgeError, RejectedError):
    """The till has asked for a settlement of the same packs, has settled them, or has sold them."""

    code: ClassVar[str] = "pos.till_settles"
    next_step: ClassVar[Words] = Words(
        "请先看本机该单的结果：未成交的，再在收银软件中结算；确为另外的药品的，先扫码再发送。",
        "Look at the till how that sale stands. Settle here if nothing came of it. If these are other packs, scan "
        "them first and send again.",
    )


class SettledUnheardError(EdgeError, RejectedError):
    """The sale is settled by an earlier message of which the software has not fetched the answer."""

    code: ClassVar[str] = "pos.settled_unheard"
    next_step: ClassVar[Words] = Words(
        "请原样重发该报文，即得其应答；不再需要的，撤销该结算后再结。“yima pos open”列出此类报文。",
        "Send that message again as it was: it gets the answer. If it is not wanted, cancel that settlement first. "
        "`yima pos open` lists such messages.",
    )


class TakenBackError(EdgeError, RejectedError):
    """The message was not answered and has been taken back: nothing of it stands."""

    code: ClassVar[str] = "pos.taken_back"
    next_step: ClassVar[Words] = Words(
        "该报文没有生效；如需办理，请用新的报文 ID（msgid）重新发起。",
        "Nothing of it stands. Send it under a new number (msgid) if it is still wanted.",
    )


class PathRefusedError(EdgeError, RejectedError):
    """A path that climbs: it might lead past the address that the terminal passes messages on to."""

    code: ClassVar[str] = "pos.path_refused"
    next_step: ClassVar[Words] = Words(
        "在收银软件的接口地址里写完整路径，去掉“.”和“..”。",
        "Write the whole path into the software's interface address, without `.` and `..`.",
    )
