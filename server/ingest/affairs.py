"""What an event says of the terminal itself: an alarm for a person, numbers that will never come. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from codes.words import Words
from server.store.alarms import Alarm, AlarmKey
from wire.events import Event, EventsLost, Fact, Span, StoreRebuilt, TamperSeen

_REBUILT: dict[str, Words] = {
    "damaged": Words(
        "终端的数据库曾损坏，已另存并逐行抢救",
        "The terminal's store was damaged; it was set aside and salvaged row by row",
    ),
    "copied": Words(
        "终端的数据库是复制或恢复来的，已另起新纪元",
        "The terminal's store was copied or restored; it began a new epoch",
    ),
    "forked": Words(
        "同一编号有两条不同的记录，终端已另起新纪元，两支都保留",
        "Numbers stood for two different events; the terminal began a new epoch, both branches are kept",
    ),
}
_TAMPERED: dict[str, Words] = {
    "clock_set_back": Words("终端的时钟被拨回", "The clock of the terminal was set back"),
    "network_pulled": Words(
        "终端的网络连接曾全部断开（网口、起始时间）",
        "Every network connection of the terminal was cut (interfaces, since when)",
    ),
    "power_lost": Words(
        "终端所在的机器曾未经关机就停止，可能是断电（此前最后记录 -> 重新启动）",
        "The terminal's box ended without being shut down, its power may have been cut (last known to run -> started"
        " again)",
    ),
    "scanner_swapped": Words(
        "终端扫码枪的 USB 口换了设备（原设备 -> 现设备）",
        "Another device is in the USB socket of a scanner (before -> now)",
    ),
}
_OTHER_TAMPERING = Words("终端报告了异常变动", "The terminal reports that something was tampered with")


OF_ITSELF = (TamperSeen, StoreRebuilt, EventsLost)
"""Facts about the terminal itself: few among many about packs."""


class Lost(NamedTuple):
    """Numbers of one life of the terminal's store that will never come."""

    epoch: str
    spans: list[Span]


def lost_in(fact: Fact) -> Lost | None:
    """Return the numbers that `fact` says are lost, if it does."""
    if isinstance(fact, EventsLost) and fact.spans:
        return Lost(fact.epoch, fact.spans)
    if isinstance(fact, StoreRebuilt) and fact.former is not None and fact.lost:
        return Lost(fact.former, fact.lost)
    return None


def alarms_of(event: Event) -> list[Alarm]:
    """Return what a person should know of an event about the terminal itself; nothing for business."""
    fact = event.fact
    if isinstance(fact, TamperSeen):
        words = _TAMPERED.get(fact.what, _OTHER_TAMPERING)
        said = Words(f"{words.zh}：{fact.detail}", f"{words.en}: {fact.detail}")
        return [Alarm(AlarmKey(event.terminal, f"terminal.{fact.what}", event.epoch), said)]
    found = []
    if isinstance(fact, StoreRebuilt):
        words = _REBUILT[fact.why]
        said = Words(f"{words.zh}，保留记录 {fact.kept} 条", f"{words.en}; {fact.kept} events are kept")
        found.append(Alarm(AlarmKey(event.terminal, f"store.{fact.why}", event.epoch), said))
    return found


def alarm_of_loss(terminal: str, epoch: str, numbers: int, spans: Sequence[Span]) -> Alarm:
    """Return the alarm for numbers that the centre does not have and that will never come."""
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    words = Words(
        f"终端确认有 {numbers} 条记录已丢失（第 {first} 至 {last} 号之间），不会再上传",
        f"The terminal says that {numbers} events are lost (between numbers {first} and {last}) and will never come",
    )
    return Alarm(AlarmKey(terminal, "chain.events_lost", epoch), words)
