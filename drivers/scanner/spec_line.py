"""How a scanner is written in a configuration: one line, parsed here into a typed value. Pure.

    serial:/dev/ttyACM0                          a serial port at 9600 8N1
    serial:/dev/ttyUSB0,115200,8N1;suffix=crlf   with its settings
    serial:usb-serial=19351B0A4C;name=left       by the serial number that the device reports
    keyboard:usb-path=1.2;layout=de;gs=down      by the USB socket it is plugged into
    pos:/dev/hidraw2
    camera:rtsp://10.0.0.9/ch1;name=ward         a camera by number, path or URL

Settings follow the address, separated by `;`. A setting that the kind does not know is refused, never ignored.
What a refusal quotes is without the password that a camera's address may hold.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from codes.userinfo import without_userinfo
from codes.words import Words
from drivers.errors import DeviceSpecError
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.spec import (
    HAND_PACE_S,
    Address,
    AimId,
    CameraSpec,
    GsKey,
    KeyboardSpec,
    KeySuffix,
    MatchBy,
    PosSpec,
    ReportLayout,
    ScannerKind,
    ScannerSpec,
    SerialSpec,
    Suffix,
)

_Choice = TypeVar("_Choice", bound=StrEnum)


def parse_spec(text: str) -> ScannerSpec:
    """Parse one scanner of a configuration.

    Examples:
        >>> parse_spec("serial:/dev/ttyACM0,115200;suffix=cr").baud
        115200
        >>> parse_spec("keyboard:usb-path=1.2;name=left").device
        'keyboard:left'

    Raises:
        DeviceSpecError: The kind, the address or a setting is not one we know; the message names it.
    """
    kind, colon, rest = text.strip().partition(":")
    parse = _PARSERS.get(kind)
    if not colon or parse is None:
        known = ", ".join(_PARSERS)
        raise _refused(text, f"设备类型应为 {known} 之一", f"the kind must be one of {known}")
    where, *settings = (part.strip() for part in rest.split(";"))
    if not where:
        raise _refused(text, "缺少设备地址", "the address is missing")
    return parse(where, _Settings(text, settings))


def with_settings(line: str, settings: Mapping[str, str]) -> str:
    """Return a line with these settings in the place of what it said about them; an empty one is taken away.

    Examples:
        >>> with_settings("keyboard:/dev/x;layout=us;name=left", {"layout": "de", "gs": "down"})
        'keyboard:/dev/x;layout=de;name=left;gs=down'
        >>> with_settings("serial:/dev/x;gs=~", {"gs": ""})
        'serial:/dev/x'
    """
    address, *before = line.split(";")
    chosen = {**dict(setting.partition("=")[::2] for setting in before), **settings}
    return ";".join([address, *(f"{key}={value}" for key, value in chosen.items() if value)])


class _Settings:
    """The `key=value` parts of one line, taken one by one; what is left at the end is unknown."""

    def __init__(self, text: str, parts: list[str]) -> None:
        self._text = text
        self._left: dict[str, str] = {}
        for part in filter(None, parts):
            key, equals, value = part.partition("=")
            if not equals or key in self._left:
                shown = _piece(part)
                raise _refused(text, f"参数“{shown}”有误或重复", f"setting {shown!r} is malformed or given twice")
            self._left[key] = value

    def text(self, key: str, default: str = "") -> str:
        return self._left.pop(key, default)

    def choice(self, key: str, default: _Choice) -> _Choice:
        kinds = type(default)
        return kinds(self.one_of(key, default.value, [member.value for member in kinds]))

    def one_of(self, key: str, default: str, known: Collection[str]) -> str:
        value = self._left.pop(key, default)
        if value not in known:
            listed = ", ".join(known)
            raise _refused(self._text, f"{key} 应为 {listed} 之一", f"{key} must be one of {listed}")
        return value

    def seconds(self, key: str, default_s: float) -> float:
        """Take a setting given in milliseconds."""
        return self._whole(key, "（毫秒）", " of milliseconds") / 1000 if key in self._left else default_s

    def count(self, key: str, default: int) -> int:
        return self._whole(key) if key in self._left else default

    def _whole(self, key: str, unit_zh: str = "", unit_en: str = "") -> int:
        value = self._left.pop(key)
        if not value.isascii() or not value.isdecimal() or int(value) == 0:
            raise _refused(self._text, f"{key} 应为正整数{unit_zh}", f"{key} must be a positive whole number{unit_en}")
        return int(value)

    def refuse_rest(self) -> None:
        if self._left:
            unknown = ", ".join(_piece(key, value) for key, value in self._left.items())
            raise _refused(self._text, f"不支持的参数：{unknown}", f"unknown setting: {unknown}")

    def refused(self, zh: str, en: str) -> DeviceSpecError:
        return _refused(self._text, zh, en)


def _parse_serial(where: str, settings: _Settings) -> SerialSpec:
    place, _, line = where.partition(",")
    baud, _, frame = line.partition(",")
    if line and (not baud.isdecimal() or int(baud) == 0):
        raise settings.refused(
            f"波特率“{_piece(baud)}”不是正整数", f"the speed {_piece(baud)!r} is not a positive number"
        )
    frame = (frame or "8N1").upper()
    if len(frame) != len("8N1") or frame[0] not in "78" or frame[1] not in "NEO" or frame[2] not in "12":
        raise settings.refused(f"帧格式“{_piece(frame)}”应类似 8N1", f"the frame {_piece(frame)!r} must look like 8N1")
    gs = settings.text("gs")
    if gs and not _is_stand_in(gs):
        raise settings.refused("gs 应为一个可打印的 ASCII 字符", "gs must be one printable ASCII character")
    spec = SerialSpec(
        address=_address(place, settings),
        name=settings.text("name"),
        baud=int(baud or 9600),
        frame=frame,
        suffix=settings.choice("suffix", Suffix.AUTO),
        aim=settings.choice("aim", AimId.AUTO),
        gs=gs,
        silence_s=settings.seconds("silence_ms", 0.25),
    )
    settings.refuse_rest()
    return spec


def _is_stand_in(gs: str) -> bool:
    return len(gs) == 1 and gs.isascii() and gs.isprintable()


def _parse_keyboard(where: str, settings: _Settings) -> KeyboardSpec:
    gs, stand_in = settings.text("gs"), ""
    if gs and _is_stand_in(gs):
        gs, stand_in = "", gs
    if gs and gs not in set(GsKey):
        known = ", ".join(GsKey)
        raise settings.refused(
            f"gs 应为 {known} 之一，或一个可打印的 ASCII 字符",
            f"gs must be one of {known}, or one printable ASCII character",
        )
    spec = KeyboardSpec(
        address=_address(where, settings),
        name=settings.text("name"),
        layout=settings.one_of("layout", "us", LAYOUTS),
        suffix=settings.choice("suffix", KeySuffix.ANY),
        gs=GsKey(gs or GsKey.STANDARD),
        gs_stand_in=stand_in,
        aim=settings.choice("aim", AimId.AUTO),
        invert_case=settings.choice("invert_case", _YesNo.NO) is _YesNo.YES,
        hand_pace_s=settings.seconds("hand_pace_ms", HAND_PACE_S),
        silence_s=settings.seconds("silence_ms", 0.25),
    )
    settings.refuse_rest()
    return spec


def _parse_pos(where: str, settings: _Settings) -> PosSpec:
    spec = PosSpec(
        address=_address(where, settings),
        name=settings.text("name"),
        reports=settings.choice("reports", ReportLayout.AUTO),
    )
    settings.refuse_rest()
    return spec


def _parse_camera(where: str, settings: _Settings) -> CameraSpec:
    spec = CameraSpec(
        source=where,
        name=settings.text("name"),
        width=settings.count("width", 0),
        height=settings.count("height", 0),
        fps=settings.count("fps", 0),
        budget_ms=settings.count("budget_ms", 120),
        expect=settings.count("expect", 0) or None,
        absent_s=settings.seconds("absent_ms", 2.0),
    )
    settings.refuse_rest()
    return spec


class _YesNo(StrEnum):
    YES = "yes"
    NO = "no"


_PARSERS: Mapping[str, Callable[[str, _Settings], ScannerSpec]] = MappingProxyType(
    {
        ScannerKind.SERIAL: _parse_serial,
        ScannerKind.KEYBOARD: _parse_keyboard,
        ScannerKind.POS: _parse_pos,
        ScannerKind.CAMERA: _parse_camera,
    }
)


def _address(where: str, settings: _Settings) -> Address:
    key, equals, value = where.partition("=")
    if equals and key in {MatchBy.USB_SERIAL, MatchBy.USB_PATH}:
        if not value:
            raise settings.refused(f"{key}= 后面缺少内容", f"{key}= is followed by nothing")
        return Address(MatchBy(key), value)
    if not where.startswith("/"):
        shown = _piece(where)
        raise settings.refused(
            f"地址“{shown}”应为绝对路径，或 usb-serial=、usb-path=",
            f"the address {shown!r} must be an absolute path, usb-serial= or usb-path=",
        )
    return Address(MatchBy.PATH, where)


def _piece(text: str, value: str = "") -> str:
    """Return a piece of the line as a message may quote it: one with an `@` may be the end of a torn address."""
    return "…" if "@" in text + value else text


def _refused(text: str, zh: str, en: str) -> DeviceSpecError:
    shown = without_userinfo(text)
    return DeviceSpecError(
        shown, Words(f"看不懂扫码设备“{shown}”：{zh}。", f"Scanner {shown!r} cannot be understood: {en}.")
    )
