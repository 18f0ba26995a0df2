"""What a person should know of the way to the interface. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from codes.words import Words
from edge.health import NO_SETTLEMENT, InterfaceStatus, Lamp, LampState, LineHealth, Trouble

LONG: Final = timedelta(minutes=1)
"""An outcome is known within a minute of the line's being back; one that stays open longer needs a person."""
_NAMED: Final = 3

_READY: Final = Lamp(LampState.OK, "settlement.ready", Words("医保结算可用", "Insured settlement works"))
_UNTRIED: Final = Lamp(
    LampState.OFF, "settlement.untried", Words("医保结算已接入，尚未办理", "Settlement is set up and not tried yet")
)
_NO_LINE: Final = Lamp(
    LampState.DOWN,
    "settlement.no_line",
    Words("医保接口未连通，医保销售可挂单，自费销售照常", "The interface cannot be reached; sell self-paid, or hold"),
)
_NO_ANSWER: Final = Lamp(
    LampState.DOWN,
    "settlement.no_answer",
    Words("医保接口没有应答，医保销售可挂单，自费销售照常", "The interface does not answer; sell self-paid, or hold"),
)
_LAMPS: Final = {
    LineHealth.UP: _READY,
    LineHealth.UNTRIED: _UNTRIED,
    LineHealth.NO_LINE: _NO_LINE,
    LineHealth.NO_ANSWER: _NO_ANSWER,
}
_STUCK_STEP: Final = Words(
    "请在中心或医保经办机构按报文号（msgid）核对；查清前不要重新结算。",
    "Look them up at the centre or the insurer's bureau by msgid. Do not settle anew before.",
)
_LONG_STEP: Final = Words(
    "请检查网络与接口；恢复后会自动查清，查清前不要重新结算。",
    "Check the network and the interface; it is found out by itself once they are back. Do not settle anew before.",
)


def interface_troubles(status: InterfaceStatus | None, now: datetime) -> Iterator[Trouble]:
    """Yield what is wrong, if the terminal settles at all."""
    if status is None:
        return
    if status.problem is not None:
        yield status.problem
    if status.stuck:
        count, named = len(status.stuck), status.stuck[:_NAMED]
        words = Words(
            f"{count} 笔医保业务的结果无法自动查清：{'、'.join(named)}{'…' if count > _NAMED else ''}",
            f"{count} outcomes cannot be found out by itself: {', '.join(named)}{' …' if count > _NAMED else ''}",
        )
        yield Trouble("fsi.stuck", words, _STUCK_STEP)
    elif status.oldest_open_at is not None and now - status.oldest_open_at > LONG:
        minutes = int((now - status.oldest_open_at) / timedelta(minutes=1))
        words = Words(
            f"{status.open} 笔医保业务结果未知，最久 {minutes} 分钟",
            f"The outcome of {status.open} messages is not known, of the oldest for {minutes} minutes",
        )
        yield Trouble("fsi.open_long", words, _LONG_STEP)


def settlement_lamp(status: InterfaceStatus | None) -> Lamp:
    """Return how insured settlement is."""
    return NO_SETTLEMENT if status is None else _LAMPS[status.line]
