"""From the configuration to the devices beside the till: each opened by its table, or None where there is none.

The module of a kind is imported when it is first used, so that a terminal without such a device needs nothing of it.
Nothing is opened or loaded here: a device is opened by its first use.
"""
# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from codes.words import Words
from drivers.errors import DeviceUnsupportedError
from edge.config_person import CardKind, CardSection, InstitutionSection, PinPadSection, VoucherKind, VoucherSection
from edge.config_wedge import WedgeKind, WedgeSection, WedgeText
from web.secret_file import load_secret

if TYPE_CHECKING:
    from drivers.card.port import CardReader
    from drivers.pinpad.port import PinPad
    from drivers.vendor.files import LibraryFiles
    from drivers.vendor.library import VendorLibrary
    from drivers.voucher.port import VoucherTerminal
    from drivers.wedge.port import Wedge

VOUCHER, CARD, PINPAD, WEDGE = "voucher", "card", "pinpad", "wedge"


class DeviceNotConfiguredError(DeviceUnsupportedError):
    """The configuration has no device of this kind."""

    code: ClassVar[str] = "device.none"
    next_step: ClassVar[Words] = Words(
        "请在配置文件中填写该设备，样例见 config/edge.example.toml；没有设备时可用 --simulated 试用。",
        "Describe it in the configuration, see config/edge.example.toml; --simulated tries it without a device.",
    )

    def __init__(self, device: str) -> None:
        super().__init__(
            device, Words(f"没有配置该设备：[{device}]。", f"The configuration has no such device: [{device}].")
        )


def voucher_terminal(section: VoucherSection, institution: InstitutionSection) -> VoucherTerminal | None:
    """Return the voucher terminal."""
    if section.kind is VoucherKind.NONE:
        return None
    from drivers.voucher.national import NationalSettings, NationalVoucherTerminal
    from drivers.voucher.simulated import twin_command

    settings = NationalSettings(
        url=section.url,
        institution=institution.code,
        reads_itself=section.reads_itself,
        person_s=section.person_s,
        show_s=section.show_s,
    )
    files = voucher_files(section)
    library = _library(VOUCHER, files, section.folder, () if section.folder is None else twin_command(section.folder))
    return NationalVoucherTerminal(settings, library, new_serial=lambda: uuid4().hex)


def card_reader(section: CardSection) -> CardReader | None:
    """Return the card reader.

    Raises:
        SecretFileError: A file that `start` names cannot be read, or others may read it.
    """
    if section.kind is CardKind.NONE:
        return None
    from drivers.card.heasec import HeaSecCardReader, HeaSecSettings
    from drivers.card.simulated import START, twin_command

    start = {
        name: load_secret(value) if isinstance(value, Path) else value for name, value in section.started_with.items()
    }
    if section.kind is CardKind.SIMULATED:
        start = {**START, **start}
    settings = HeaSecSettings(start, read_s=section.read_s, pin_s=section.pin_s)
    files = card_files(section)
    library = _library(CARD, files, section.folder, () if section.folder is None else twin_command(section.folder))
    return HeaSecCardReader(settings, library)


def pin_pad(section: PinPadSection) -> PinPad | None:
    """Return the PIN pad."""
    if not section.path:
        return None
    from drivers.pinpad.serial import SerialPinPad, SerialPinPadSettings

    return SerialPinPad(
        SerialPinPadSettings(
            section.path, section.baud, least=section.least, most=section.most, person_s=section.person_s
        )
    )


def way_out(section: WedgeSection) -> Wedge | None:
    """Return what hands codes on."""
    if section.kind is WedgeKind.NONE:
        return None
    if section.kind in (WedgeKind.UINPUT, WedgeKind.HIDG):
        from drivers.wedge.keyboards import make_gadget_wedge, make_uinput_wedge
        from drivers.wedge.typing import TypingSettings

        make_keyboard = make_uinput_wedge if section.kind is WedgeKind.UINPUT else make_gadget_wedge
        return make_keyboard(
            TypingSettings(
                section.node,
                layout=section.layout,
                end=section.end.key,
                gs=section.gs,
                pace_s=section.pace_ms / 1_000,
            )
        )
    from drivers.wedge.lines import LineSettings, make_pty_wedge, make_serial_wedge

    make_line = make_serial_wedge if section.kind is WedgeKind.SERIAL else make_pty_wedge
    # A frame that goes on as it came has its own end.
    suffix = b"" if section.types is WedgeText.RAW else section.suffix.sent
    return make_line(LineSettings(section.node, suffix=suffix, baud=section.baud, group=section.group))


def voucher_files(section: VoucherSection) -> LibraryFiles | None:
    """Return the vendor's files of a voucher terminal; None if it has none."""
    return _files(section.library, section.preload) if section.kind is VoucherKind.NATIONAL else None


def card_files(section: CardSection) -> LibraryFiles | None:
    """Return the vendor's files of a card reader; None if it has none."""
    return _files(section.library, section.preload) if section.kind is CardKind.HEASEC else None


def _files(library: Path | None, preload: tuple[str, ...]) -> LibraryFiles | None:
    from drivers.vendor.files import LibraryFiles

    return None if library is None else LibraryFiles(library, preload)


def _library(device: str, files: LibraryFiles | None, folder: Path | None, twin: tuple[str, ...]) -> VendorLibrary:
    from drivers.vendor.library import VendorLibrary

    if files is not None:
        return VendorLibrary(device, files.command, files=files)
    if folder is None:
        raise DeviceNotConfiguredError(device)
    return VendorLibrary(device, twin, folder=folder)
