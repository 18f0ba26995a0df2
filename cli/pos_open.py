"""What is open between the institution's software and the interface, as a person reads it: what, since when, what next.

Every block ends with a next step. Fields bear the names that people know them by, the interface's own behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType

from cli.listing import Block
from codes.words import Words
from edge.pos.owing import INFNO
from edge.store.pos_codes import OwedRow
from edge.store.pos_questions import QuestionRow, QuestionState
from wire.fsi.areas import Area
from wire.fsi.table_files import table_names
from wire.fsi.tables import transaction

_STATES: Mapping[QuestionState, tuple[Words, Words]] = MappingProxyType(
    {
        QuestionState.OPEN: (
            Words("结果未知", "not known"),
            Words(
                "在收银软件原样重发；仍查不清的，在中心核对后 yima pos close {msgid}",
                "send the very same again; if it stays, ask the centre, then yima pos close {msgid}",
            ),
        ),
        QuestionState.ANSWERED: (
            Words("已查清，收银软件尚未再问", "known, the POS has not asked again"),
            Words("在收银软件原样重发，即得原应答", "send the very same again: it gets the answer"),
        ),
        QuestionState.REVERSED: (
            Words("已冲正，未成立；收银软件尚未再问", "taken back, nothing stands; the POS has not asked again"),
            Words("仍需结算的，用新的 msgid 重新发起", "if it is still wanted, settle it under a new msgid"),
        ),
    }
)
_WAITING = "waiting"
_LOOK_UP = Words(
    "在收银软件和中心核对该单是否成立，再 yima pos close {msgid}",
    "look in the POS and at the centre whether it stands, then yima pos close {msgid}",
)
_UNREAD = Words("已应答，应答在收银软件；本机读不懂", "answered; the POS has the answer, it cannot be read here")
_DOUBTFUL = Words("结果未知；本机数据曾损坏或复制", "not known; the store was damaged or copied")
_OWED: Mapping[str, tuple[Words, Words]] = MappingProxyType(
    {
        _WAITING: (
            Words("未上传", "not sent"),
            Words(
                "收银软件 10 分钟内不传的，本机自行补传（须启用 [fsi]）",
                "goes by itself if the POS has not told it in 10 minutes (with [fsi] enabled)",
            ),
        ),
        "sent": (
            Words("已发出，待结果", "sent, outcome awaited"),
            Words("等待；查不清的见 yima edge status", "wait; what cannot be found out stands in yima edge status"),
        ),
        "refused": (
            Words("被拒", "refused"),
            Words("按原因更正后，在收银软件上传 3505", "correct what it says and upload the 3505 from the POS"),
        ),
    }
)
_LOT = Words(
    "登记批号：yima edge batch import，或本机批号页", "register the lot: yima edge batch import, or the terminal's page"
)
_PHARMACIST = Words("在配置 [till] pharmacists 填写药师", "name the pharmacist in [till] pharmacists")
_DRUG = Words("把该药品导入目录：yima edge catalogue import", "import the drug: yima edge catalogue import")
_BY_POS = Words("在收银软件上传 3505", "upload the 3505 from the POS")
_REMEDIES: Mapping[str, Words] = MappingProxyType(
    {
        **dict.fromkeys(("fixmedins_bchno", "manu_lotnum", "manu_date"), _LOT),
        **dict.fromkeys(("phar_name", "phar_prac_cert_no"), _PHARMACIST),
        **dict.fromkeys(("fixmedins_hilist_id", "fixmedins_hilist_name"), _DRUG),
    }
)


def question_block(row: QuestionRow, area: Area, at: str) -> Block:
    """Return one message without a known outcome, or of which the software has not heard."""
    state, step = _STATES[row.state]
    if row.state is QuestionState.OPEN and (row.is_unread or row.is_doubtful):
        state, step = _UNREAD if row.is_unread else _DOUBTFUL, _LOOK_UP
    return (
        ("交易 / transaction", _name_of(row.infno, area)),
        ("报文 / message", row.msgid),
        ("时间 / at", at),
        ("状态 / state", _both(state)),
        ("下一步 / next", _both(step).replace("{msgid}", row.msgid)),
    )


def owed_blocks(rows: Sequence[OwedRow], area: Area, times: Mapping[OwedRow, str]) -> Iterator[Block]:
    """Yield codes that no 3505 has told: those of one line together."""
    for _, group in groupby(rows, key=lambda row: (row.setl_id, row.serial, row.item, row.state, row.lacks)):
        line = list(group)
        first = line[0]
        state, step = _OWED.get(first.state, (Words(first.state, first.state), _BY_POS))
        fields = [name for name in first.lacks.split() if _is_field(first, name)]
        steps = dict.fromkeys(_REMEDIES.get(name, _BY_POS) for name in fields) or [step]
        yield (
            ("追溯码 / codes", "  ".join(row.code for row in line)),
            ("药品 / drug", f"{first.item}（明细 / line {first.serial}）"),
            ("结算 / settlement", f"{first.setl_id}  {times[first]}"),
            ("3505", _both(state)),
            *_lacks_of(first, fields, area),
            *(("下一步 / next", _both(one)) for one in steps),
        )


def _lacks_of(row: OwedRow, fields: Iterable[str], area: Area) -> Iterator[tuple[str, str]]:
    labels = {one.name: one.label for node in transaction(INFNO, area).input for one in node.fields}
    named = [f"{_both(labels[name])} ({name})" if name in labels else name for name in fields]
    if named:
        yield "缺 / lacks", "，".join(named)
    if reasons := [name for name in row.lacks.split() if not _is_field(row, name)]:
        yield "原因 / reason", "，".join(reasons)


def _is_field(row: OwedRow, name: str) -> bool:
    """Tell a field that nobody here knows from the code of a refusal."""
    return row.state == _WAITING and "." not in name


def _name_of(infno: str, area: Area) -> str:
    return f"{infno}  {_both(transaction(infno, area).name)}" if infno in table_names() else infno


def _both(words: Words) -> str:
    return f"{words.zh} / {words.en}"
