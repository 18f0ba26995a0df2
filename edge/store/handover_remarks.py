"""What a person should know of a store that was read after its box died, or while it was in a bad state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codes.words import Words
from edge.store.fsi_messages import OpenMessage
from edge.store.pos_questions import QuestionRow
from edge.store.salvage import DAMAGED
from edge.store.salvage_proof import Place
from wire.events import Span

_MOST_SHOWN = 8

KEEP_DISK = Words(
    "请保留原盘。先用 ddrescue 之类的工具复制整盘，再对副本执行，也许能多读出一些。",
    "Keep the disk. Copy all of it with a tool such as ddrescue and run this on the copy: it may give more.",
)
_KEEP_FOLDER = Words("请保留该目录，供厂商查看。", "Keep the folder for the vendor.")


@dataclass(frozen=True, slots=True)
class Remark:
    """Something a person should know of the store that was read."""

    code: str
    words: Words
    next_step: Words


def unfinished(source: Path) -> Remark:
    """Say that a salvage was cut off, and which file was read."""
    return Remark(
        "store.salvage_unfinished",
        Words(f"上次抢救未完成，记录取自 {source}", f"The salvage of this store was cut off; {source} was read"),
        Words(
            "坏机器：直接导出，盘上无需任何操作。还要用的机器：启动终端，会自动接着抢救。",
            "A dead box: export, nothing need be done on its disk. A box in use: start the terminal, it goes on.",
        ),
    )


def kept_before(folder: Path, source: Path) -> Iterator[Remark]:
    """Yield what is to be said of stores that were damaged before."""
    place = folder / DAMAGED
    others = [one for one in place.iterdir() if one.is_dir() and one != source.parent] if place.is_dir() else []
    if others:
        words = Words(
            f"{place} 中有 {len(others)} 份以前损坏的数据库，能读出的记录已在现有数据库中",
            f"{place} holds {len(others)} stores that were damaged before; what could be read is in the present one",
        )
        yield Remark("store.damaged_kept", words, _KEEP_FOLDER)


def damaged(why: str) -> Remark:
    """Say that the store is damaged."""
    why = " ".join(why.split())
    return Remark(
        "store.damaged",
        Words(f"数据库已损坏（{why}），只读出了能读的记录", f"The store is damaged ({why}); what can be read was read"),
        Words(
            "坏机器：请保留原盘。还要用的机器：启动终端，会自动抢救，不要删除任何文件。",
            "A dead box: keep its disk. A box in use: start the terminal, it salvages by itself; delete nothing.",
        ),
    )


def not_given(unreadable: Mapping[str, Sequence[int]]) -> Iterator[Remark]:
    """Yield which pages of which file the disk does not give."""
    for name, pages in unreadable.items():
        shown = _shown([str(page) for page in pages])
        words = Words(
            f"磁盘读不出 {name} 的 {len(pages)} 页：{shown}",
            f"The disk does not give {len(pages)} pages of {name}: {shown}",
        )
        yield Remark("disk.unreadable", words, KEEP_DISK)


def missing(lost: Mapping[str, Sequence[Span]]) -> Iterator[Remark]:
    """Yield which numbers of which life are not there."""
    for epoch, spans in lost.items():
        count = sum(last - first + 1 for first, last in spans)
        shown = _shown([str(first) if first == last else f"{first}-{last}" for first, last in spans])
        words = Words(
            f"缺少 {count} 条记录，编号 {shown}（纪元 {epoch or '?'}）",
            f"{count} records are missing: numbers {shown} of epoch {epoch or '?'}",
        )
        yield Remark("store.lost_numbers", words, KEEP_DISK)


def spoiled(wrong: Sequence[Place]) -> Remark:
    """Say which waiting events are not what was written."""
    shown = _shown([str(seq) for _, seq in wrong])
    return Remark(
        "store.row_damaged",
        Words(f"{len(wrong)} 条待上传记录已损坏：{shown}", f"{len(wrong)} waiting records are damaged: {shown}"),
        KEEP_DISK,
    )


def unanswered(messages: Sequence[OpenMessage]) -> Iterator[Remark]:
    """Yield which messages to the national interface have no known outcome: no export takes them along."""
    if messages:
        count = len(messages)
        shown = _shown([f"{one.infno} {one.msgid}" for one in messages])
        yield Remark(
            "fsi.unanswered",
            Words(
                f"{count} 条医保接口报文结果未知：{shown}",
                f"{count} messages to the national interface have no known outcome: {shown}",
            ),
            Words(
                "请凭报文 ID 在中心查询（5203）或冲正（2601），查清之前不要重新结算。",
                "Ask the centre by msgid (5203) or take them back (2601); do not settle those sales anew before that.",
            ),
        )


def unanswered_of_pos(questions: Sequence[QuestionRow]) -> Iterator[Remark]:
    """Yield which messages of the institution's own software have no known outcome: no export takes them along."""
    if questions:
        count = len(questions)
        shown = _shown([f"{one.infno} {one.msgid}" for one in questions])
        yield Remark(
            "pos.unanswered",
            Words(
                f"收银软件经本机发出的 {count} 条报文结果未知：{shown}",
                f"{count} messages that the POS sent through this box have no known outcome: {shown}",
            ),
            Words(
                "请在收银软件中原样重发，或凭报文 ID 在中心查询，查清之前不要重新结算。",
                "Let the POS send them again as they are, or ask the centre by msgid; settle none anew before that.",
            ),
        )


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_SHOWN]) + (" …" if len(names) > _MOST_SHOWN else "")
