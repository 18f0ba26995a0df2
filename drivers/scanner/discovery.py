"""Finding scanners: the node of a configured device, and a list of what is plugged in.

A node name (ttyUSB0, event7, hidraw2) says only in which order devices were found. Identity is the serial number in
the USB descriptor, or the socket the device is plugged into; the kernel tells both in sysfs. Links such as
/dev/serial/by-id/… are paths like any other and need nothing from here.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drivers.errors import DeviceAmbiguousError, DeviceMissingError, DriverError
from drivers.scanner.input_event import KEY_ENTER
from drivers.scanner.spec import Address, CameraSpec, MatchBy, ScannerKind, ScannerSpec

DEV, SYSFS = Path("/dev"), Path("/sys")

_POS_USAGE_PAGE = b"\x05\x8c"
"""How the report descriptor of a HID-POS interface begins: usage page, bar code scanner."""
_CLASSES = (
    (ScannerKind.SERIAL, "class/tty", "tty*"),
    (ScannerKind.KEYBOARD, "class/input", "event*"),
    (ScannerKind.POS, "class/hidraw", "hidraw*"),
)
"""Where sysfs lists each kind."""
_ROOT_HUB = re.compile(r"usb\d+")
_LEAST_STRANGE_PAGE = 0x80
"""Usage pages below are those of common things: mice, keyboards, headsets, lights."""
_DIGIT_KEYS = range(2, 12)
_KEYBOARD_KEYS = (1 << KEY_ENTER) | sum(1 << key for key in _DIGIT_KEYS)
"""Keys that tell a keyboard from a power button: the digits and Enter."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A USB device that is plugged in and could be a scanner."""

    kind: ScannerKind
    node: str
    """Its node at this moment."""
    label: str = ""
    """Maker and product, as the device tells them."""
    usb_serial: str = ""
    """The serial number in its USB descriptor, if it has one."""
    usb_path: str = ""
    """The USB socket it is plugged into, such as 1.2."""
    usb_id: str = ""
    """Vendor and product in its USB descriptor, such as 0c2e:0b61."""
    usb_socket: str = ""
    """The socket with the controller it belongs to: unlike `usb_path`, no other socket of the machine is called so."""

    @property
    def suggestion(self) -> str:
        """The line for the configuration that finds this device again."""
        if self.usb_serial:
            return f"{self.kind}:{MatchBy.USB_SERIAL}={self.usb_serial}"
        return f"{self.kind}:{MatchBy.USB_PATH}={self.usb_path}"


def find_node(kind: ScannerKind, address: Address, device: str, *, dev: Path = DEV, sysfs: Path = SYSFS) -> str:
    """Return the path to open for a configured device, at this moment.

    Raises:
        DeviceMissingError: No device fits.
        DeviceAmbiguousError: Several fit, for example two scanners of a maker that gives all the same serial number.
    """
    if address.by is MatchBy.PATH:
        return address.value
    found = tuple(attached.node for attached in list_attached(dev=dev, sysfs=sysfs) if fits(attached, kind, address))
    if not found:
        raise DeviceMissingError(device, str(address))
    if len(found) > 1:
        raise DeviceAmbiguousError(device, found)
    return found[0]


def list_attached(*, dev: Path = DEV, sysfs: Path = SYSFS) -> tuple[Attached, ...]:
    """List the serial ports, keyboards and HID-POS interfaces that are plugged in by USB."""
    nodes = {ScannerKind.KEYBOARD: dev / "input"}
    found = (_attached(kind, sysfs / folder, pattern, nodes.get(kind, dev)) for kind, folder, pattern in _CLASSES)
    return tuple(itertools.chain.from_iterable(found))


def list_strange_hid(*, dev: Path = DEV, sysfs: Path = SYSFS) -> Iterator[tuple[str, str, int]]:
    """Yield node, label and usage page of USB HID devices that are neither keyboard nor HID-POS nor a common thing.

    One that also has a serial port, keyboard or HID-POS interface is none of them, nor is a mouse or a headset, even if
    one of its interfaces is its maker's own.
    """
    known = {
        _usb_device(entry)
        for kind, folder, pattern in _CLASSES
        for entry in (sysfs / folder).glob(pattern)
        if _is_of_kind(kind, entry)
    }
    entries = sorted((sysfs / "class/hidraw").glob("hidraw*"))
    pages = {entry: _usage_page(_bytes(entry / "device/report_descriptor")) for entry in entries}
    common = {_usb_device(entry) for entry, page in pages.items() if page < _LEAST_STRANGE_PAGE}
    for entry, page in pages.items():
        usb = _usb_device(entry)
        if usb is not None and usb not in known | common:
            yield str(dev / entry.name), _label(usb), page


def _usage_page(descriptor: bytes) -> int:
    """Return the usage page with which a report descriptor begins; 0 if it begins otherwise."""
    length = {0x05: 1, 0x06: 2}.get(descriptor[0], 0) if descriptor else 0
    return int.from_bytes(descriptor[1 : 1 + length], "little")


def occupant_of(path: str, *, sysfs: Path = SYSFS) -> str:
    """Say which USB device stands behind a node at this moment; nothing where it is none, or the system does not say.

    Two devices of one model that have no serial number cannot be told apart, and are called the same.
    """
    name = Path(path).resolve().name
    entries = (sysfs / "class" / kind / name for kind in ("tty", "input", "hidraw"))
    entry = next((entry for entry in entries if entry.exists()), None)
    usb = None if entry is None else _usb_device(entry)
    return "" if usb is None else " ".join(filter(None, (_label(usb), _fact(usb / "serial"))))


def fits(attached: Attached, kind: ScannerKind, address: Address) -> bool:
    """Tell whether this is the device of that kind and identity."""
    identity = attached.usb_serial if address.by is MatchBy.USB_SERIAL else attached.usb_path
    return attached.kind is kind and identity == address.value


def is_same_scanner(one: ScannerSpec, other: ScannerSpec, *, dev: Path = DEV, sysfs: Path = SYSFS) -> bool:
    """Tell whether two lines mean the same device at this moment, however each of them finds and names it."""
    if isinstance(one, CameraSpec) or isinstance(other, CameraSpec):
        return isinstance(one, CameraSpec) and isinstance(other, CameraSpec) and one.source == other.source
    if one.kind is not other.kind:
        return False
    if one.address == other.address:
        return True
    try:
        nodes = {
            Path(find_node(spec.kind, spec.address, spec.device, dev=dev, sysfs=sysfs)).resolve()
            for spec in (one, other)
        }
    except DriverError:
        # What is not plugged in, or not to be told from another, is not known to be the same.
        return False
    return len(nodes) == 1


def _attached(kind: ScannerKind, folder: Path, pattern: str, nodes: Path) -> Iterator[Attached]:
    for entry in sorted(folder.glob(pattern)):
        usb = _usb_device(entry)
        if usb is None or not _is_of_kind(kind, entry):
            continue
        yield Attached(
            kind,
            str(nodes / entry.name),
            _label(usb),
            _fact(usb / "serial"),
            _fact(usb / "devpath"),
            _usb_id(usb),
            _socket(usb),
        )


def _usb_device(entry: Path) -> Path | None:
    """Return the USB device that a class entry of sysfs belongs to."""
    return next((parent for parent in entry.resolve().parents if (parent / "idVendor").exists()), None)


def _label(usb: Path) -> str:
    """Return maker and product, as the device tells them; its numbers where it tells nothing."""
    told = " ".join(filter(None, (_fact(usb / "manufacturer"), _fact(usb / "product"))))
    return told or f"USB {_usb_id(usb)}"


def _usb_id(usb: Path) -> str:
    return f"{_fact(usb / 'idVendor')}:{_fact(usb / 'idProduct')}"


def _socket(usb: Path) -> str:
    """Name the socket by its controller, its root hub there, and the way from there; empty while it goes away.

    The number of a bus changes from start to start. A controller has a root hub for USB 2 and one for USB 3, which
    count their sockets alike; of the version only its first digit is the same to every kernel.
    """
    root = next((parent for parent in usb.parents if _ROOT_HUB.fullmatch(parent.name)), None)
    if root is None:
        return ""
    version, way = _fact(root / "version").partition(".")[0], _fact(usb / "devpath")
    return f"{root.parent.name}/USB{version}/{way}" if version and way else ""


def _is_of_kind(kind: ScannerKind, entry: Path) -> bool:
    if kind is ScannerKind.KEYBOARD:
        return _key_bits(_fact(entry / "device/capabilities/key")) & _KEYBOARD_KEYS == _KEYBOARD_KEYS
    if kind is ScannerKind.POS:
        return _bytes(entry / "device/report_descriptor").startswith(_POS_USAGE_PAGE)
    return True


def _key_bits(words: str) -> int:
    """Read a bitmap of sysfs: words of 64 bits in hexadecimal, the highest first."""
    bits = 0
    for word in words.split():
        bits = bits << 64 | int(word, 16)
    return bits


def _fact(path: Path) -> str:
    return _bytes(path).decode("utf-8", "replace").strip()


def _bytes(path: Path) -> bytes:
    """Read an attribute; it may be missing, or its device unplugged while we look."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
