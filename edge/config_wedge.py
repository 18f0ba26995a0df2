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


class WedgeText(StrEnum):
    """What is handed on for a pack."""

    BARCODE = "barcode"
    """The barcode of its product, as the POS knows it."""
    CODE = "code"
    """The code that was scanned."""
    OWN = "own"
    """The product's number in the catalogue."""
    RAW = "raw"
    """Everything, byte for byte as the scanner sent it."""


class Fallback(StrEnum):
    """What is handed on where there is nothing better."""

    NOTHING = "nothing"
    CODE = "code"
    """The code that was scanned."""


_KEYBOARDS = frozenset({WedgeKind.UINPUT, WedgeKind.HIDG})


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
    types: Annotated[
        WedgeText,
        option(
            Words("转交内容", "Hands on"),
            Words(
                "barcode 商品条码；code 扫到的码；own 商品目录中的产品编号；raw 扫码枪的原始字节（仅串口方式）",
                "barcode: the product's barcode; code: what was scanned; own: the product's number in the catalogue; "
                "raw: every byte as the scanner sent it (serial kinds only)",
            ),
        ),
    ] = WedgeText.BARCODE
    unknown: Annotated[
        Fallback,
        option(
            Words("未知商品", "Unknown product"),
            Words(
                "查不到商品或条码的盒子：nothing 不输入并提示，code 输入扫到的码",
                "For a pack without a known product or barcode: nothing, and a notice; or the code itself",
            ),
        ),
    ] = Fallback.NOTHING
    others: Annotated[
        Fallback,
        option(
            Words("其他码", "Other codes"),
            Words(
                "不是追溯码的码（商品条码、会员码、付款码）：code 原样输入，nothing 不输入",
                "What is no trace code (retail barcodes, members' cards, payment codes): code as it is, or nothing",
            ),
        ),
    ] = Fallback.CODE
    passes_refused: Annotated[
        bool,
        option(
            Words("拒收的也转交", "Refused ones too"),
            Words(
                "重复、已售、整箱等终端未收的扫码是否也转交；raw 方式一律转交",
                "Whether repeats and packs that the counter refused go on as well; raw passes everything",
            ),
        ),
    ] = False
    passes_credentials: Annotated[
        bool,
        option(
            Words("转交医保码", "Credentials too"),
            Words(
                "仅 raw 方式：收银软件自行读取医保码、身份证号时打开；本机不保存、不记录",
                "Raw only: for a POS that reads insurance codes and identity numbers itself; nothing is kept here",
            ),
        ),
    ] = False
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
        if self.types is WedgeText.RAW and self.kind in _KEYBOARDS:
            yield Fault(("types",), Words("raw 只用于 serial 和 pty", "raw is for the kinds serial and pty only"))
        if self.passes_credentials and self.types is not WedgeText.RAW:
            words = Words('只能与 types = "raw" 一起使用', 'goes with types = "raw" only')
            yield Fault(("passes_credentials",), words)
        yield from relative_nodes({"path": self.path})
