"""What to do about an alarm or a refused record, by its code."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from codes.words import Words
from server.ingest.opening import UNREADABLE, InvalidBatchError, MisaddressedError
from wire.errors import (
    CorruptMessageError,
    ForgedMessageError,
    InvalidEventError,
    NewerMessageError,
    OversizedMessageError,
    UnknownKeyError,
    UnsupportedVersionError,
)

_ERRORS: Final = (
    CorruptMessageError,
    ForgedMessageError,
    InvalidBatchError,
    InvalidEventError,
    MisaddressedError,
    NewerMessageError,
    OversizedMessageError,
    UnknownKeyError,
    UnsupportedVersionError,
)
_STORE_REBUILT: Final = Words(
    "请到现场确认：磁盘是否损坏、数据目录是否被复制或恢复；已收到的记录不受影响。",
    "Check on site whether its disk is damaged, or its data folder was copied or restored; what arrived is safe.",
)
_OWN: Final[Mapping[str, Words]] = {
    "chain.broken": Words(
        "请到现场核查该终端的数据库是否被改动；已收到的记录照常入账，可在此与终端逐条核对。",
        "Check on site whether the terminal's database was altered; what arrived counts and can be compared with it.",
    ),
    "chain.branch_missing": Words(
        "请到现场查明该终端为何没有补传（可运行 yima doctor）；收齐之前不要重装或清除它的数据。",
        "Find out on site why that terminal does not send them (run yima doctor there); erase nothing until it has.",
    ),
    "chain.fork": Words(
        "请确认该终端的数据库是否被复制或从备份恢复过，只保留一台使用；两条记录都已保存。",
        "Find out whether the terminal's database was copied or restored, and use only one; both records are kept.",
    ),
    "alarms.too_many": Words(
        "请到现场检查该终端：它损坏了，或有人冒用其名；必要时先吊销，处理后再批准。",
        "Look at that terminal on site: it is broken, or somebody uses its name; revoke it until it is mended.",
    ),
    "chain.too_many_lives": Words(
        "请到现场检查该终端的数据库为何反复重建；修好后请联系厂商转移其中的记录。",
        "Find out on site why its database begins anew again and again; then ask its vendor to move its records.",
    ),
    "chain.events_lost": Words(
        "请查明该终端丢失记录的原因（磁盘损坏、数据被删），并与门店核对这段时间的销售。",
        "Find out why that terminal lost records (a damaged disk, deleted data), and go through its sales on site.",
    ),
    "fleet.too_many_pending": Words(
        "请先批准或吊销待批准的终端；若大量终端来历不明，请检查消息代理的访问权限。",
        "Approve or revoke those that wait; if many are unknown to you, check who may reach the message broker.",
    ),
    "store.copied": _STORE_REBUILT,
    "store.damaged": _STORE_REBUILT,
    "store.forked": _STORE_REBUILT,
    "store.restored": Words(
        "请保持各终端开机联网，直到“待上传”和记录缺号清零；备份之后在控制台做的批准、吊销和目录导入请重做。",
        "Keep the terminals on and connected until no backlog and no gap is left; approve, revoke and import again "
        "what was decided at the console after that backup.",
    ),
    "terminal.clock_ahead": Words(
        "请校准该终端的时钟并打开时间同步；时间追上之前，它的记录在账中排在其他终端之后，其间经它之手的药品请人工核对。",
        "Set that terminal's clock right and switch time synchronisation on; until time has caught up, its records "
        "count as later than those of others: look at the packs that went through its hands meanwhile.",
    ),
    "terminal.clock_set_back": Words(
        "请核实是谁、为何拨回时钟，并在该终端打开时间同步；记录的先后不受影响。",
        "Ask who set the clock back and why, and switch time synchronisation on; the order of records does not suffer.",
    ),
    "terminal.key_changed": Words(
        "请联系药店：确为重装，则先吊销此终端，等它重新登记后核对指纹再批准；否则可能有人冒充。",
        "Ask the shop. If it was rebuilt, revoke the terminal, let it announce itself, compare, approve; if not, "
        "somebody may pose as it.",
    ),
    "terminal.network_pulled": Words(
        "请核实是谁断开了网线或无线网络，还是交换机停过电；断网期间的记录恢复后会补传。",
        "Ask who took the cable out or the wireless network down, or whether a switch lost its power; what was "
        "recorded meanwhile is sent afterwards.",
    ),
    "terminal.power_lost": Words(
        "请核实是停电、拔了电源，还是死机后被重启，并核对该时段的销售。若每晚直接关插线板，请先关机；常停电请加装不间断电源。",
        "Ask whether the mains failed, somebody pulled the plug or reset a box that hung; look at the sales of that "
        "time. Who switches off a power strip each evening shuts the box down first; frequent cuts need a UPS.",
    ),
    "terminal.scanner_swapped": Words(
        "请核实是否本店更换；若不是，请拔下来历不明的设备并到现场检查，它可能会篡改扫到的码。",
        "Ask whether the shop changed it. If not, have the unknown device unplugged and go and look: it may alter what "
        "is scanned.",
    ),
    UNREADABLE: Words(
        "请升级该终端，或联系厂商；原始内容已保存。", "Upgrade that terminal, or ask its vendor; the bytes are kept."
    ),
}
ADVICE: Final[Mapping[str, Words]] = MappingProxyType({kind.code: kind.next_step for kind in _ERRORS} | dict(_OWN))
"""The next step, for every code that the centre raises."""
