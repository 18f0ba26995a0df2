"""What the scan of a known symbol tells about a scanner's settings. Pure.

A wrongly set scanner gives codes that look well. So a technician scans known symbols at set-up (`SHEET`), and this
finds the settings of the device that explain what came: each way a scanner can be set is played through the decoder
that the configuration chose, until one gives exactly the bytes that were read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

from codes.reading import Scan
from codes.words import Words
from drivers.scanner import input_event as keys
from drivers.scanner.decoder import split_aim
from drivers.scanner.framing import LineDecoder
from drivers.scanner.keystrokes import KeyDecoder
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.spec import AimId, GsKey, KeyboardSpec, ScannerSpec, SerialSpec
from drivers.scanner.strokes import GsTyping, type_code

CALIBRATION_CODE = b"0106901234567892" + b"17280131" + b'10aZ-Qy/W"m\x1d21Bx_9'
"""GS1 DataMatrix: two fields of variable length, both cases, and characters that move between layouts."""
CALIBRATION_SYMBOLOGY = "]d2"


@dataclass(frozen=True, slots=True)
class Symbol:
    """One symbol of the calibration sheet."""

    name: str
    """For programs."""
    words: Words
    """For people."""
    code: bytes
    symbology: str
    """The AIM identifier that a scanner sends with it."""


CALIBRATION_SYMBOL = Symbol(
    "gs1_datamatrix",
    Words("GS1 DataMatrix 二维码", "GS1 DataMatrix"),
    CALIBRATION_CODE,
    CALIBRATION_SYMBOLOGY,
)
SHEET = (
    Symbol("code128", Words("Code 128 一维码", "Code 128 bars"), b"86000110000000000017", "]C0"),
    CALIBRATION_SYMBOL,
    Symbol("qr", Words("QR 二维码", "QR code"), b"Yima QR 3", "]Q1"),
    Symbol("hibc_upper", Words("HIBC 码（大写）", "HIBC in upper case"), b"+A999B7KW4Z21/$QX-7Y/16D202801319", "]C0"),
    Symbol("hibc_lower", Words("HIBC 码（小写）", "HIBC in lower case"), b"+m888k4wq3y81/$za-9b/16d202902287", "]C0"),
)
"""In the order in which they are scanned. Trace code and labelers are invented: no such products exist."""
TRIAL = SHEET[:3]
"""The symbols that show by themselves what is wrong. Those in one case only tell something beside the others: read in
upper case, the lower one looks inverted."""

_GS = b"\x1d"
_KEY_S = 0.002
_STAND_INS = b"~|^#@{}$&*!%?"
"""Printable characters that scanners are set to send for the group separator, and that the code does not hold."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the calibration scan showed."""

    code: str
    """Stable, dotted."""
    words: Words
    setting: str = ""
    """What to write into the scanner's line in the configuration, if that puts it right."""


_Way = tuple[tuple[Finding, ...], Scan | None]
"""What is wrong with a scanner, and the scan that the terminal then gets."""


def examine(
    scan: Scan, spec: ScannerSpec, *, was_terminated: bool, symbol: Symbol = CALIBRATION_SYMBOL
) -> tuple[Finding, ...]:
    """Compare a scan of `symbol` with what it must be; nothing found means all is well."""
    findings = _explain(scan, spec, symbol)
    return findings if was_terminated else (*findings, _NO_SUFFIX)


def _explain(scan: Scan, spec: ScannerSpec, symbol: Symbol) -> tuple[Finding, ...]:
    """Return the findings of the first way to set a scanner that explains what came; the plainest come first."""
    ways = _ways_to_type(spec, symbol) if isinstance(spec, KeyboardSpec) else _ways_to_send(spec, symbol)
    for findings, outcome in ways:
        if outcome is not None and _is_alike(outcome, scan):
            return findings
    return (UNEXPLAINED,)


def _is_alike(one: Scan, other: Scan) -> bool:
    """Compare codes exactly and identifiers without case: some scanners turn the case of both, some of one."""
    return one.raw == other.raw and (one.symbology or "").lower() == (other.symbology or "").lower()


def _ways_to_send(spec: ScannerSpec, symbol: Symbol) -> Iterator[_Way]:
    separators: list[tuple[tuple[Finding, ...], bytes]] = [((), _GS), ((_GS_MISSING,), b"")]
    cases = _cases(is_turned_back=False)
    separators += [((_gs_replaced(chr(byte)),), bytes([byte])) for byte in _STAND_INS]
    for (gs_found, separator), (case_found, turn), aim_found in product(separators, cases, _AIM):
        sent = turn(_as_sent(symbol, has_aim=not aim_found)).replace(_GS, separator)
        yield (*gs_found, *case_found, *aim_found), _received(sent, spec)


def _ways_to_type(spec: KeyboardSpec, symbol: Symbol) -> Iterator[_Way]:
    cases = _cases(is_turned_back=spec.invert_case)
    names = sorted(LAYOUTS, key=lambda name: name != spec.layout)
    for name, gs, (case_found, turn), aim_found in product(names, GsTyping, cases, _AIM):
        found = () if name == spec.layout else (_wrong_layout(name, spec.layout),)
        sent = turn(_as_sent(symbol, has_aim=not aim_found))
        findings = (*found, *_gs_finding(gs, spec.gs), *case_found, *aim_found)
        yield findings, _typed(sent, name, gs, spec)


def _as_sent(symbol: Symbol, *, has_aim: bool) -> bytes:
    return (symbol.symbology.encode() if has_aim else b"") + symbol.code


def _received(sent: bytes, spec: ScannerSpec) -> Scan | None:
    """Return what the configured decoder makes of the bytes."""
    if not isinstance(spec, SerialSpec):
        symbology, raw = split_aim(sent, AimId.AUTO)
        return Scan(raw, symbology)
    line = LineDecoder(spec)
    line.feed(sent, 0.0)
    return next(iter(line.silence(spec.silence_s)), None)


def _typed(sent: bytes, layout: str, gs: GsTyping, spec: KeyboardSpec) -> Scan | None:
    """Return what the configured decoder makes of the bytes as typed by a scanner set to `layout` and `gs`."""
    keyboard = KeyDecoder(spec, LAYOUTS[spec.layout])
    records = b"".join(
        keys.pack(number * _KEY_S, keys.EV_KEY, key, value)
        for number, stroke in enumerate(type_code(sent, LAYOUTS[layout], gs))
        for key, value in stroke
    )
    return next(iter(keyboard.feed(records, 0.0) + keyboard.silence(0.0)), None)


def _gs_finding(typed: GsTyping, configured: GsKey) -> tuple[Finding, ...]:
    if typed is GsTyping.DROPPED or (typed is GsTyping.DOWN and configured is GsKey.DROPPED):
        return (_GS_MISSING,)
    if typed is GsTyping.F8:
        return () if configured is GsKey.F8 else (_GS_BY_F8,)
    return (_GS_BY_ARROW,) if typed is GsTyping.DOWN and configured is not GsKey.DOWN else ()


def _gs_replaced(character: str) -> Finding:
    return Finding(
        "scanner.selftest.gs_replaced",
        Words(
            f"扫码枪用“{character}”代替分隔符 GS。",
            f"The scanner sends {character!r} in place of the group separator.",
        ),
        f"gs={character}",
    )


def _wrong_layout(typed: str, configured: str) -> Finding:
    return Finding(
        "scanner.selftest.layout",
        Words(
            f"扫码枪的键盘布局是 {typed}，配置里写的是 {configured}。",
            f"The scanner types for keyboard layout {typed}, but the configuration says {configured}.",
        ),
        f"layout={typed}",
    )


_GS_MISSING = Finding(
    "scanner.selftest.gs_missing",
    Words(
        "扫码枪没有发送分隔符 GS，批号与序列号会粘连。请按说明书扫描“允许发送控制字符”的设置码。",
        "The scanner drops the group separator, so lot and serial run together. Scan the set-up code of its manual "
        "that allows control characters.",
    ),
)
_GS_BY_ARROW = Finding(
    "scanner.selftest.gs_by_arrow",
    Words("扫码枪用“向下”键表示分隔符 GS。", "The scanner types the group separator as the Down arrow."),
    "gs=down",
)
_GS_BY_F8 = Finding(
    "scanner.selftest.gs_by_f8",
    Words("扫码枪用 F8 键表示分隔符 GS。", "The scanner types the group separator as F8."),
    "gs=f8",
)
_CASE_INVERTED = Finding(
    "scanner.selftest.case_inverted",
    Words(
        "字母大小写颠倒：扫码枪跟随了主机的大写锁定（Caps Lock）。",
        "Upper and lower case are swapped: the scanner follows the host's Caps Lock light.",
    ),
    "invert_case=yes",
)
_CASE_NOT_INVERTED = Finding(
    "scanner.selftest.case_not_inverted",
    Words(
        "扫码枪没有颠倒大小写，但配置要求还原，结果反而颠倒了。",
        "The scanner does not swap upper and lower case, but the configuration turns them back.",
    ),
    "invert_case=no",
)
_CASE_FOLDED = Finding(
    "scanner.selftest.case_folded",
    Words(
        "字母大小写被统一，无法还原。请在扫码枪上关闭大小写转换。",
        "All letters came in one case, which cannot be undone. Turn case conversion off at the scanner.",
    ),
)
_NO_SUFFIX = Finding(
    "scanner.selftest.no_suffix",
    Words(
        "扫码后没有结束符，连续扫码可能粘连。请把扫码枪设置为发送回车（CR）。",
        "No suffix follows the code, so quick scans can be glued. Set the scanner to send CR.",
    ),
)
_NO_AIM = Finding(
    "scanner.selftest.no_aim",
    Words(
        "扫码枪没有发送码制标识（AIM ID）。建议开启，可避免误判码的种类。",
        "The scanner sends no symbology identifier (AIM ID). Turn it on: the kind of code need not be guessed then.",
    ),
)
UNEXPLAINED = Finding(
    "scanner.selftest.unexplained",
    Words(
        "收到的内容与校准页上的码不符，原因不明。请恢复扫码枪出厂设置，改为 USB 串口模式后重试。",
        "What came is not the code on the calibration sheet, for no reason we know. Reset the scanner, set it to USB "
        "COM mode and try again.",
    ),
)

_AIM: tuple[tuple[Finding, ...], ...] = ((), (_NO_AIM,))
"""The scanner sends the symbology identifier, or not."""
_Turn = Callable[[bytes], bytes]


def _cases(*, is_turned_back: bool) -> tuple[tuple[tuple[Finding, ...], _Turn], ...]:
    """List what a scanner may do to letters, first what is right: what the configuration turns back."""
    plain: tuple[Finding, ...] = (_CASE_NOT_INVERTED,) if is_turned_back else ()
    inverted: tuple[Finding, ...] = () if is_turned_back else (_CASE_INVERTED,)
    # A symbol without letters is explained by whatever comes first.
    unfolded: list[tuple[tuple[Finding, ...], _Turn]] = [(plain, bytes), (inverted, bytes.swapcase)]
    return (
        *sorted(unfolded, key=lambda way: len(way[0])),
        ((_CASE_FOLDED,), bytes.upper),
        ((_CASE_FOLDED,), bytes.lower),
    )
