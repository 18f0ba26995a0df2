"""What a configuration says about one scanner, as typed values. `drivers.scanner.spec_line` parses them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from codes.userinfo import without_userinfo

HAND_PACE_S = 0.030
"""Median seconds per key above which a hand is typing: people need more than 30 ms, scanners less than 10."""


class ScannerKind(StrEnum):
    """The ways a scanner can be attached."""

    SERIAL = "serial"
    """A serial port: RS-232, or USB-COM (CDC-ACM)."""
    KEYBOARD = "keyboard"
    """A HID keyboard, read from its evdev node."""
    POS = "pos"
    """HID-POS (usage page 0x8C), read from hidraw."""
    CAMERA = "camera"
    """A camera whose frames are searched for codes."""


class MatchBy(StrEnum):
    """How the device node is found."""

    PATH = "path"
    """It is the path."""
    USB_SERIAL = "usb-serial"
    """By the serial number in the USB descriptor: follows the device from socket to socket."""
    USB_PATH = "usb-path"
    """By the USB socket: for devices that report no serial number."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a device is. A node name such as ttyUSB0 is no identity: it changes when devices are plugged in again."""

    by: MatchBy
    value: str

    def __str__(self) -> str:
        return self.value if self.by is MatchBy.PATH else f"{self.by}={self.value}"


class Suffix(StrEnum):
    """What the device sends after each code."""

    AUTO = "auto"
    """CR or LF until the device has shown what it sends; then that."""
    CR = "cr"
    LF = "lf"
    CRLF = "crlf"
    TAB = "tab"
    ETX = "etx"
    NONE = "none"
    """Nothing: a scan ends when the line falls silent."""


class AimId(StrEnum):
    """Whether the text begins with a symbology identifier such as `]d2`."""

    AUTO = "auto"
    """It does where the first three characters look like one."""
    ON = "on"
    """The device is set to send it: the first three characters are always taken."""
    OFF = "off"
    """Never: a leading `]` belongs to the code."""


class KeySuffix(StrEnum):
    """The key that ends a code."""

    ENTER = "enter"
    """Enter, on the main block or the keypad."""
    TAB = "tab"
    ANY = "any"
    """Either."""


class GsKey(StrEnum):
    """How a keyboard scanner shows the group separator, beyond Alt+029 and Ctrl+], which mean nothing else."""

    STANDARD = "standard"
    """By Alt+029 or Ctrl+] only. A Down arrow is a key we cannot read, and marks the scan."""
    DOWN = "down"
    """By the Down arrow."""
    F8 = "f8"
    """By the function key F8."""
    DROPPED = "dropped"
    """Not at all; arrows are ignored. Lot and serial may merge: the self-test says so."""


class ReportLayout(StrEnum):
    """Where a HID-POS report holds what."""

    AUTO = "auto"
    """`aim` where the bytes fit it, else `plain`."""
    AIM = "aim"
    """Report id, length, three characters of AIM id, data (Honeywell, Access-IS, Zebra)."""
    PLAIN = "plain"
    """Report id, length, data (Newland, ID Tech)."""
    BARE = "bare"
    """Length, data, with no report id (Symbol in simple COM emulation)."""


@dataclass(frozen=True, slots=True)
class SerialSpec:
    """A scanner on a serial port."""

    kind: ClassVar[ScannerKind] = ScannerKind.SERIAL
    address: Address
    name: str = ""
    """What people call it; the address if empty."""
    baud: int = 9600
    frame: str = "8N1"
    """Data bits, parity, stop bits."""
    suffix: Suffix = Suffix.AUTO
    aim: AimId = AimId.AUTO
    gs: str = ""
    """A printable character that the device sends in place of the group separator, if any."""
    silence_s: float = 0.25
    """Silence after which the characters so far are a scan. Four times as long once the device's suffix is known."""

    @property
    def device(self) -> str:
        return _device(self.kind, self.name, self.address)


@dataclass(frozen=True, slots=True)
class KeyboardSpec:
    """A scanner that types."""

    kind: ClassVar[ScannerKind] = ScannerKind.KEYBOARD
    address: Address
    name: str = ""
    """What people call it; the address if empty."""
    layout: str = "us"
    """The keyboard layout that the *scanner* is set to (`drivers.scanner.layouts`)."""
    suffix: KeySuffix = KeySuffix.ANY
    gs: GsKey = GsKey.STANDARD
    gs_stand_in: str = ""
    """A printable character that the device types in place of the group separator, if any."""
    aim: AimId = AimId.AUTO
    invert_case: bool = False
    """The scanner swaps upper and lower case, as some do when the host's Caps Lock light is on."""
    hand_pace_s: float = HAND_PACE_S
    """Median seconds per key above which the scan is flagged as typed by hand."""
    silence_s: float = 0.25
    """Silence after which the characters so far are a scan, if they came at the pace of a scanner. Four times as long
    once the device's suffix is known."""

    @property
    def device(self) -> str:
        return _device(self.kind, self.name, self.address)


@dataclass(frozen=True, slots=True)
class PosSpec:
    """A scanner that sends HID-POS reports."""

    kind: ClassVar[ScannerKind] = ScannerKind.POS
    address: Address
    name: str = ""
    """What people call it; the address if empty."""
    reports: ReportLayout = ReportLayout.AUTO

    @property
    def device(self) -> str:
        return _device(self.kind, self.name, self.address)


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """A camera. Zero leaves a choice to the camera."""

    kind: ClassVar[ScannerKind] = ScannerKind.CAMERA
    source: str
    """A number, a path or a URL; a URL may hold a password, so `device` is what may be shown."""
    name: str = ""
    """What people call it; the source if empty."""
    width: int = 0
    height: int = 0
    fps: int = 0
    budget_ms: int = 120
    """Time for one frame."""
    expect: int | None = None
    """How many codes a scene holds, where that is known."""
    absent_s: float = 2.0
    """Out of view for so long, a code may count again."""

    @property
    def device(self) -> str:
        return f"{self.kind}:{self.name or without_userinfo(self.source)}"


ScannerSpec = SerialSpec | KeyboardSpec | PosSpec | CameraSpec


def _device(kind: ScannerKind, name: str, address: Address) -> str:
    return f"{kind}:{name or address}"
