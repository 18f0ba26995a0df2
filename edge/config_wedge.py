"""The table of the way on: codes are handed to the software that waits for a scanner."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from codes.words import Words
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.strokes import EndKey, GsTyping
from edge.config_nodes import missing, relative_nodes
from web.config_sections import Fault, Section
from web.option import option


class WedgeKind(StrEnum):
    """The way on to the software that waits for a scanner."""

    NONE = "none"
    UINPUT = "uinput"
    HIDG = "hidg"
    SERIAL = "serial"
    PTY = "pty"


class WedgeEnd(StrEnum):
    """What is typed after a code."""

    NONE = "none"
    ENTER = "enter"
    KEYPAD_ENTER = "keypad_enter"
    TAB = "tab"

    @property
    def key(self) -> EndKey | None:
        """The key; None for none."""
        return None if self is WedgeEnd.NONE else EndKey(self.value)


class LineEnd(StrEnum):
    """What is sent after a code."""

    NONE = "none"
    CR = "cr"
    LF = "lf"
    CRLF = "crlf"
    TAB = "tab"

    @property
    def sent(self) -> bytes:
        """Its bytes."""
        return {"none": b"", "cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "tab": b"\t"}[self.value]


class WedgeSection(Section):
    """The way on: codes are handed to the POS as a scanner would."""

    kind: Annotated[
        WedgeKind,
        option(
            Words("类型", "Kind"),
            Words(
                "none 没有；uinput 本机键盘；hidg 对另一台电脑是 USB 键盘；serial 串口；pty 本机虚拟串口",
                "none; uinput: a keyboard on this machine; hidg: a USB keyboard towards another; serial: a port; pty: "
                "one made here",
            ),
        ),
    ] = WedgeKind.NONE
    path: Annotated[
        str,
        option(
            Words("设备", "Node"),
            Words(
                "设备节点；uinput、hidg 不填时为 /dev/uinput、/dev/hidg0；pty 为供对方软件打开的链接",
                "The node; /dev/uinput or /dev/hidg0 if empty; for pty, the link under which the software finds it",
            ),
        ),
    ] = ""
    layout: Annotated[
        str,
        option(Words("键盘布局", "Layout"), Words("接收方系统的键盘布局", "The layout of the receiving desktop")),
    ] = "us"
    end: Annotated[WedgeEnd, option(Words("结束键", "End key"), Words("码后面按的键", "The key after a code"))] = (
        WedgeEnd.ENTER
    )
    gs: Annotated[
        GsTyping,
        option(Words("分隔符", "Separator"), Words("GS1 分隔符怎样输入", "How a group separator is typed")),
    ] = GsTyping.DROPPED
    pace_ms: Annotated[
        float,
        option(
            Words("击键间隔", "Pace"),
            Words("两次击键之间；对方丢字时调大", "Between two keys; more where the receiver loses some"),
            unit="ms",
            ge=0,
            le=1_000,
        ),
    ] = 2.0
    suffix: Annotated[
        LineEnd,
        option(Words("后缀", "Suffix"), Words("串口方式：码后面发送什么", "Serial kinds: what is sent after a code")),
    ] = LineEnd.CR
    baud: Annotated[
        int,
        option(
            Words("波特率", "Speed"),
            Words("串口方式：与对方一致", "Serial: that of the receiver"),
            unit="baud",
            ge=300,
            le=4_000_000,
        ),
    ] = 9_600
    group: Annotated[
        str,
        option(
            Words("用户组", "Group"),
            Words("pty：还允许哪个用户组打开", "pty: whose group may open it besides this account"),
            max_length=32,
        ),
    ] = ""

    @property
    def node(self) -> str:
        """Where codes go out."""
        usual = {WedgeKind.UINPUT: "/dev/uinput", WedgeKind.HIDG: "/dev/hidg0"}
        return self.path or usual.get(self.kind, "")

    def faults(self) -> Iterator[Fault]:
        """Yield what this kind needs and does not have."""
        if self.kind in (WedgeKind.SERIAL, WedgeKind.PTY):
            yield from missing({"path": self.path})
        if self.layout not in LAYOUTS:
            listed = ", ".join(LAYOUTS)
            yield Fault(("layout",), Words(f"应为 {listed} 之一", f"should be one of {listed}"))
        yield from relative_nodes({"path": self.path})
