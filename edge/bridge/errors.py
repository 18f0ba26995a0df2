"""What can go wrong with handing on, beyond what can go wrong with the way out (`drivers.wedge.errors`)."""

from __future__ import annotations

from typing import ClassVar

from codes.words import Words
from edge.errors import EdgeError


class BridgeFailedError(EdgeError):
    """Handing a scan on failed in a way that nobody thought of."""

    code: ClassVar[str] = "bridge.failed"
    next_step: ClassVar[Words] = Words(
        "请在收银软件中手工录入；再次出现请把日志发给厂商。",
        "Enter it at the POS by hand; send the log to the vendor if it recurs.",
    )

    def __init__(self) -> None:
        super().__init__(Words("转交程序出错", "Something failed inside the bridge"))


class BridgeLateError(EdgeError):
    """A scan waited too long to be handed on."""

    code: ClassVar[str] = "bridge.late"
    next_step: ClassVar[Words] = Words(
        "请在收银软件中手工录入；收银软件接收慢时请稍停再扫。",
        "Enter it at the POS by hand; scan more slowly where the POS is slow.",
    )

    def __init__(self) -> None:
        super().__init__(Words("等待过久，未输入以免进错单", "It waited too long and might reach the wrong sale"))
