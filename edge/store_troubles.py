"""What a person should know of a store that was damaged, or that the power left unfinished. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from codes.words import Words
from edge.health import Trouble
from edge.operators.accounts import FIRST_LOGIN
from edge.store.life import FormerStore
from edge.store.salvage import Mended
from edge.store.salvage_report import OPERATORS, joined, parts_of

SHOWN: Final = timedelta(days=7)
"""How long a damaged store stays an alarm that nobody acknowledges, and no less than the run that salvaged it."""

_ASK_VENDOR: Final = Words(
    "请检查本机硬盘；保留该目录并联系厂商；按 `salvage.txt` 核对缺失的记录；"
    "之后用 `yima outbox damaged --acknowledge` 确认，告警随即消除。",
    "Have the disk checked, keep the folder and tell the vendor; salvage.txt in it names what is missing. Acknowledge "
    "it afterwards with `yima outbox damaged --acknowledge`: that ends the alarm at once.",
)
# Run as a service, the terminal shows the password of an account that it made again to nobody.
_OPERATORS_LOST: Final = Words(
    f"操作员全部丢失时，只重建了 {FIRST_LOGIN}：在本机执行 "
    f"`sudo -u yima-edge yima edge operator password {FIRST_LOGIN} --config /etc/yima/edge.toml` 取得密码；"
    "只丢了一部分的，用 `operator list` 核对、用 `operator add` 补上。"
    "损坏前刚改的密码、刚停用的账号可能已恢复原状，请逐个核对，需要的重新修改或停用。",
    f"Where no operator was left, only {FIRST_LOGIN} was made again: "
    f"`sudo -u yima-edge yima edge operator password {FIRST_LOGIN} --config /etc/yima/edge.toml`, run on this machine, "
    "shows a password for it. See with `operator list` who is missing, and add them with `operator add`. Passwords and "
    "accounts changed last before the damage may be as before: check them, and change or disable them again.",
)
_CUT_OFF: Final = Trouble(
    "store.cut_off",
    Words("上次断电时有一笔操作没有写完", "The last entry was not finished when the power failed"),
    Words(
        "当时未显示“已记录”的，请重新扫描或重新办理。",
        "Scan again, or do again, what was not shown as recorded then.",
    ),
    is_alarm=False,
)
_STILL_WRONG: Final = Trouble(
    "store.still_wrong",
    Words(
        "数据库检查仍有异常，重建后也未消除；终端照常工作",
        "The check of the store still finds something wrong, which making it anew did not mend; the terminal goes on",
    ),
    Words(
        "请联系厂商，并提供 damaged 目录中的 `still_wrong.txt`；它所在的目录要保留。",
        "Tell the vendor, with `still_wrong.txt` from the folder `damaged`; keep the folder that it is in.",
    ),
)


def store_troubles(mended: Mended, former: Sequence[FormerStore], now: datetime) -> Iterator[Trouble]:
    """Yield what is to be told of the store."""
    for one in former:
        # A clock that was put right since the start may have called the salvage decades old.
        is_recent = one.folder == mended.folder or now - one.ended_at < SHOWN
        if one.why == "damaged" and one.seen_at is None and is_recent:
            yield _salvaged(one)
    if mended.is_still_wrong:
        yield _STILL_WRONG
    if mended.put_aside:
        yield _put_aside(mended.put_aside)
    if mended.parked:
        yield _parked(mended.parked)
    if mended.is_cut_off:
        yield _CUT_OFF


def _salvaged(one: FormerStore) -> Trouble:
    lost = sum(last - first + 1 for first, last in one.lost)
    parts = parts_of(one.incomplete)
    names = joined(parts)
    missing = Words(f"；没有完整读出：{names.zh}", f"; not read whole: {names.en}") if parts else Words("", "")
    step = _ASK_VENDOR
    if OPERATORS in parts:
        step = Words(f"{_OPERATORS_LOST.zh}{step.zh}", f"{_OPERATORS_LOST.en} {step.en}")
    return Trouble(
        "store.salvaged",
        Words(
            f"数据库曾损坏，已重建：保留 {one.kept} 条记录，缺失 {lost} 条{missing.zh}；原文件在 {one.folder}",
            f"The store was damaged and made anew: {one.kept} records kept, {lost} lost{missing.en}; the old files are "
            f"in {one.folder}",
        ),
        step,
    )


def _put_aside(folder: str) -> Trouble:
    return Trouble(
        "store.put_aside",
        Words(
            f"上次抢救中断后，原位置出现了另一个数据库，已移到 {folder}",
            f"Another store stood in the place of the one whose salvage was cut off; it is in {folder}",
        ),
        Words(
            "需要其中的记录时，用 `yima outbox export 文件 --folder 该目录` 导出，再用 `yima outbox adopt` 接收；"
            "否则保留该目录即可。",
            "If its records are needed, export them with `yima outbox export FILE --folder` and that folder, then "
            "adopt the file; else just keep the folder.",
        ),
        is_alarm=False,
    )


def _parked(count: int) -> Trouble:
    return Trouble(
        "store.row_damaged",
        Words(f"{count} 条待上传记录已损坏，未上传", f"{count} waiting records are damaged and will not be sent"),
        Words(
            "请检查本机硬盘，并联系厂商；其余记录照常上传。",
            "Have the disk checked and tell the vendor; all other records go on.",
        ),
    )
