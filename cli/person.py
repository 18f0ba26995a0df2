"""`yima person`: try the devices that tell who a person is, one at a time, and show what was read, masked.

Nothing is kept: no number, no token and no PIN leaves this command, in either form of its output.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from cli.advice import DEFAULT_CONFIG
from cli.group import command_group
from cli.listing import show_blocks
from codes.words import Words
from drivers.card.port import CardReader
from drivers.holder import CertType, Holder, Sex, masked_number
from drivers.pinpad.port import PinPad
from drivers.voucher.port import Asking, Use, VoucherTerminal
from edge.config import load_config
from edge.config_person import CardKind, CardSection, InstitutionSection, PinPadSection, VoucherKind, VoucherSection
from edge.counter_devices import CARD, PINPAD, VOUCHER, DeviceNotConfiguredError, card_reader, pin_pad, voucher_terminal

person_app = command_group("试用医保码终端、读卡器和密码键盘 / Try voucher terminal, card reader and PIN pad")

Config = Annotated[Path, typer.Option("--config", help="配置文件 / Configuration file")]
Simulated = Annotated[
    Path | None,
    typer.Option(
        "--simulated",
        help="不用设备，用此目录里的模拟 / No device: the twin that is played in this folder",
        metavar="FOLDER",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")]
UseOption = Annotated[
    Use, typer.Option("--use", help="用码业务类型 / What the code is used for (businessType)", show_choices=False)
]
Operator = Annotated[str, typer.Option(help="操作员编号 / The operator's number")]

_T = TypeVar("_T")
_OPERATOR_NAME = "试机"
_CERT_TYPES = {
    CertType.VOUCHER: Words("医保电子凭证", "voucher"),
    CertType.ID_CARD: Words("身份证", "identity card"),
    CertType.INSURANCE_CARD: Words("社会保障卡", "insurance card"),
}
_SEXES = {
    Sex.MALE: Words("男", "male"),
    Sex.FEMALE: Words("女", "female"),
    Sex.UNKNOWN: Words("未知", "unknown"),
    Sex.UNSTATED: Words("未说明", "not stated"),
}
_SHOW_CODE = Words("请出示医保码…", "Please show the 医保码 …")
_SHOW_FACE = Words("请面对医保终端刷脸…", "Please look into the terminal's camera …")
_LAY_CARD = Words("正在读社会保障卡，请放好卡片…", "Reading the insurance card, please lay it on the reader …")
_LAY_ID_CARD = Words("正在读身份证，请放好证件…", "Reading the identity card, please lay it on the reader …")
_TYPE_PIN = Words("请在密码键盘上输入密码…", "Please type the PIN at the pad …")
_TYPE_AT_READER = Words("请在读卡器上输入密码…", "Please type the PIN at the reader …")


@person_app.command("voucher")
def try_voucher(
    config: Config = DEFAULT_CONFIG,
    simulated: Simulated = None,
    use: UseOption = Use.PHARMACY_PURCHASE,
    operator: Operator = "1",
    as_json: AsJson = False,
) -> None:
    """读一次医保码 / Read one 医保码.

    只显示隐去号码后的结果，不保存 / What was read is shown masked, and not kept.
    退出码：0 已读到，130 已取消，2 未读到 / Exit code: 0 read, 130 cancelled, 2 not read.
    """
    terminal, section = _voucher(config, simulated)
    asking = Asking(use, operator, _OPERATOR_NAME, section.office, section.office_name)
    _tell(_SHOW_CODE)
    _show(terminal.device, _held(terminal, lambda: terminal.read_code(asking)), is_json=as_json)


@person_app.command("face")
def try_face(
    config: Config = DEFAULT_CONFIG,
    simulated: Simulated = None,
    use: UseOption = Use.PHARMACY_PURCHASE,
    operator: Operator = "1",
    as_json: AsJson = False,
) -> None:
    """刷一次脸 / Verify one face.

    只显示隐去号码后的结果，不保存 / What was read is shown masked, and not kept.
    退出码：0 已通过，130 已取消，2 未通过 / Exit code: 0 verified, 130 cancelled, 2 not verified.
    """
    terminal, section = _voucher(config, simulated)
    asking = Asking(use, operator, _OPERATOR_NAME, section.office, section.office_name)
    _tell(_SHOW_FACE)
    _show(terminal.device, _held(terminal, lambda: terminal.verify_face(asking)), is_json=as_json)


@person_app.command("card")
def try_card(config: Config = DEFAULT_CONFIG, simulated: Simulated = None, as_json: AsJson = False) -> None:
    """读一次社会保障卡 / Read one insurance card.

    只显示隐去号码后的结果，不保存 / What was read is shown masked, and not kept.
    退出码：0 已读到，130 已取消，2 未读到 / Exit code: 0 read, 130 cancelled, 2 not read.
    """
    reader = _card(config, simulated)
    _tell(_LAY_CARD)
    _show(reader.device, _held(reader, reader.read_insurance_card), is_json=as_json)


@person_app.command("id")
def try_id_card(config: Config = DEFAULT_CONFIG, simulated: Simulated = None, as_json: AsJson = False) -> None:
    """读一次身份证 / Read one identity card.

    只显示隐去号码后的结果，不保存 / What was read is shown masked, and not kept.
    退出码：0 已读到，130 已取消，2 未读到 / Exit code: 0 read, 130 cancelled, 2 not read.
    """
    reader = _card(config, simulated)
    _tell(_LAY_ID_CARD)
    _show(reader.device, _held(reader, reader.read_id_card), is_json=as_json)


@person_app.command("pin")
def try_pin(
    config: Config = DEFAULT_CONFIG,
    simulated: Simulated = None,
    at_reader: Annotated[
        bool,
        typer.Option("--reader", help="在读卡器上输入，由卡核对 / Typed at the card reader and checked by the card"),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """输一次密码 / Have one PIN typed.

    密码不显示、不保存；--reader 时输错会减少卡片的剩余次数
    / The PIN is not shown and not kept. With --reader a wrong one counts against the card.
    退出码：0 已输入，130 已取消，2 未输入 / Exit code: 0 typed, 130 cancelled, 2 not typed.
    """
    if at_reader:
        reader = _card(config, simulated)
        _tell(_TYPE_AT_READER)
        _held(reader, reader.check_pin)
        _show_pin(reader.device, is_json=as_json)
        return
    pad = _pad(config, simulated)
    _tell(_TYPE_PIN)
    asyncio.run(_asked(pad))
    _show_pin(pad.device, is_json=as_json)


def _voucher(config: Path, simulated: Path | None) -> tuple[VoucherTerminal, VoucherSection]:
    if simulated is not None:
        section, institution = VoucherSection(kind=VoucherKind.SIMULATED, folder=simulated), _NOBODY
    else:
        settings = load_config(config)
        section, institution = settings.voucher, settings.institution
    terminal = voucher_terminal(section, institution)
    if terminal is None:
        raise DeviceNotConfiguredError(VOUCHER)
    # Before a person is asked for anything.
    terminal.look()
    return terminal, section


def _card(config: Path, simulated: Path | None) -> CardReader:
    reader = card_reader(
        load_config(config).card if simulated is None else CardSection(kind=CardKind.SIMULATED, folder=simulated)
    )
    if reader is None:
        raise DeviceNotConfiguredError(CARD)
    reader.look()
    return reader


def _pad(config: Path, simulated: Path | None) -> PinPad:
    pad = pin_pad(
        load_config(config).pinpad if simulated is None else PinPadSection(path=str((simulated / "pinpad").absolute()))
    )
    if pad is None:
        raise DeviceNotConfiguredError(PINPAD)
    return pad


_NOBODY = InstitutionSection(code="H00000000000", name="模拟机构")


def _held(device: CardReader | VoucherTerminal, verb: Callable[[], Awaitable[_T]]) -> _T:
    """Use a device once and let it go, also when a person breaks off."""

    async def run() -> _T:
        try:
            return await verb()
        finally:
            await device.close()

    return asyncio.run(run())


async def _asked(pad: PinPad) -> None:
    # What was typed ends here.
    await pad.ask()


def _tell(words: Words) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def _show(device: str, holder: Holder, *, is_json: bool) -> None:
    kind, sex = _CERT_TYPES[holder.cert_type], _SEXES[holder.sex]
    # A token is of no use to anybody here; a card's number is looked at on the card.
    number = "" if holder.cert_type is CertType.VOUCHER else masked_number(holder.cert_number)
    if is_json:
        record = {
            "device": device,
            "cert_type": holder.cert_type.value,
            "cert_number": number or None,
            "name": holder.shown_name,
            "id_kind": holder.id_kind,
            "id_number": masked_number(holder.id_number),
            "district": holder.district or None,
            "sex": holder.sex.value,
        }
        typer.echo(json.dumps(record, ensure_ascii=False))
        return
    block = [
        ("设备 / device", device),
        ("凭证 / credential", str(kind)),
        ("姓名 / name", holder.shown_name),
        ("证件号码 / number", masked_number(holder.id_number)),
        ("性别 / sex", str(sex)),
    ]
    if number:
        block.append(("卡号 / card", number))
    if holder.district:
        block.append(("参保区划 / insured in", holder.district))
    show_blocks([block])


def _show_pin(device: str, *, is_json: bool) -> None:
    if is_json:
        typer.echo(json.dumps({"device": device, "is_typed": True}))
    else:
        typer.echo("已输入密码（不显示、不保存） / A PIN was typed; it is not shown and not kept")
