"""The tables of the devices that tell who a person is: voucher terminal, card reader and PIN pad.

A terminal without them has none: `kind = "none"`. Which library, node or service each needs is said when it is missing
here, not when a person stands before the device.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from codes.words import Words
from edge.config_nodes import missing, relative_nodes
from web.config_sections import Fault, Section
from web.option import option

_SECRET = re.compile(r"(?i)pass|pwd|secret|token|key$|_sk$|密码|密钥")


_NO_VALUE = Words('应为文字、整数或 { file = "文件" }', 'should be text, a whole number or { file = "…" }')
_IN_THE_OPEN = Words(
    '密码和密钥不写在配置里：请写成 { file = "文件" }', 'a secret is no option: write { file = "…" } instead'
)


class VoucherKind(StrEnum):
    """What reads a 医保码."""

    NONE = "none"
    NATIONAL = "national"
    SIMULATED = "simulated"


class CardKind(StrEnum):
    """What reads a card."""

    NONE = "none"
    HEASEC = "heasec"
    SIMULATED = "simulated"


class InstitutionSection(Section):
    """The designated institution, as voucher terminals and the interface are told of it."""

    code: Annotated[
        str,
        option(
            Words("机构编码", "Code"),
            Words(
                "医保定点机构编码（orgId），使用医保码或读卡设备时必填",
                "Code of the designated institution (orgId); required with a voucher terminal or card reader",
            ),
            max_length=40,
        ),
    ] = ""
    name: Annotated[
        str,
        option(
            Words("机构名称", "Name"),
            Words(
                "医保登记的名称，在医保码终端上显示；使用医保码或读卡设备时必填",
                "As registered, shown on the voucher terminal; required with a voucher terminal or card reader",
            ),
            max_length=64,
        ),
    ] = ""
    district: Annotated[
        str | None,
        option(
            Words("医保区划", "Insurer's district"),
            Words(
                "就医地医保区划，六位；不填则用 [terminal] area",
                "The district of the institution's insurer, six digits; [terminal] area without it",
            ),
            pattern=r"^[0-9]{6}$",
        ),
    ] = None


class VoucherSection(Section):
    """The terminal that people hold their 医保码 or their face to."""

    kind: Annotated[
        VoucherKind,
        option(
            Words("类型", "Kind"),
            Words(
                "none 没有；national 国家医保电子凭证动态库；simulated 模拟",
                "none; national: the national voucher library; simulated",
            ),
        ),
    ] = VoucherKind.NONE
    library: Annotated[
        Path | None,
        option(
            Words("动态库", "Library"),
            Words(
                "厂商提供的 NationECCode 动态库（Linux 版 .so）", "The maker's NationECCode library (.so, for Linux)"
            ),
        ),
    ] = None
    preload: Annotated[
        tuple[str, ...],
        option(
            Words("先加载", "Load first"),
            Words(
                "该动态库依赖、而系统找不到的库；只写文件名时先在同一目录下找",
                "Libraries that it needs and the system does not find; by name alone, looked for beside it first",
            ),
        ),
    ] = ()
    folder: Annotated[
        Path | None,
        option(Words("模拟目录", "Folder of the twin"), Words("simulated 时必填", "Required for simulated")),
    ] = None
    url: Annotated[
        str,
        option(
            Words("中台地址", "Service"),
            Words(
                "电子凭证解码服务（中台）的地址，由当地医保部门提供",
                "Address of the decoding service, as the local bureau gives it",
            ),
            max_length=400,
        ),
    ] = ""
    reads_itself: Annotated[
        bool,
        option(
            Words("终端自带扫码", "It reads itself"),
            Words(
                "终端自带扫码窗时为 true；由本机的扫码设备读码时为 false",
                "True where the terminal has a reader of its own; false where a scanner at this machine reads the code",
            ),
        ),
    ] = False
    office: Annotated[
        str,
        option(
            Words("科室编号", "Department"),
            Words("药店填柜台编号", "Its number; a counter's for a pharmacy"),
            min_length=1,
            max_length=20,
        ),
    ] = "1"
    office_name: Annotated[
        str,
        option(
            Words("科室名称", "Department's name"),
            Words("药店填柜台名称", "A counter's for a pharmacy"),
            min_length=1,
            max_length=30,
        ),
    ] = "柜台"
    person_s: Annotated[
        float,
        option(
            Words("等待患者", "Wait for a person"),
            Words("出示医保码或刷脸最多等多久", "How long a person gets to show a code or a face"),
            unit="s",
            ge=5,
            le=600,
        ),
    ] = 60.0
    show_s: Annotated[
        float,
        option(
            Words("显示结果", "Show the result"),
            Words("核验刷脸结果、显示结算结果最多等多久", "How long checking a face and showing a result may take"),
            unit="s",
            ge=1,
            le=120,
        ),
    ] = 10.0

    def faults(self) -> Iterator[Fault]:
        """Yield what this kind needs and does not have."""
        if self.kind is VoucherKind.NATIONAL:
            yield from missing({"library": self.library, "url": self.url})
        if self.kind is VoucherKind.SIMULATED:
            yield from missing({"folder": self.folder})

    def anchored(self, folder: Path) -> Self:
        """Return the section with every relative path taken from `folder`."""
        return super().anchored(folder).model_copy(update={"preload": _anchored(self.preload, folder)})


class CardSection(Section):
    """The reader of social-security cards and identity cards."""

    kind: Annotated[
        CardKind,
        option(
            Words("类型", "Kind"),
            Words(
                "none 没有；heasec 医保读卡动态库（HeaSecReadInfo）；simulated 模拟",
                "none; heasec: the card library of the interface (HeaSecReadInfo); simulated",
            ),
        ),
    ] = CardKind.NONE
    library: Annotated[
        Path | None,
        option(
            Words("动态库", "Library"),
            Words(
                "厂商提供的 HeaSecReadInfo 动态库（Linux 版 .so）",
                "The maker's HeaSecReadInfo library (.so, for Linux)",
            ),
        ),
    ] = None
    preload: Annotated[
        tuple[str, ...],
        option(
            Words("先加载", "Load first"),
            Words(
                "该动态库依赖、而系统找不到的库，如读卡器厂商的 libdcrf32.so；只写文件名时先在同一目录下找",
                "Libraries that it needs and the system does not find, such as libdcrf32.so of the reader's maker; by "
                "name alone, looked for beside it first",
            ),
        ),
    ] = ()
    folder: Annotated[
        Path | None,
        option(Words("模拟目录", "Folder of the twin"), Words("simulated 时必填", "Required for simulated")),
    ] = None
    start: Annotated[
        Mapping[str, object],
        option(
            Words("初始化参数", "Start"),
            Words(
                'Init 的各项，名称按本省手册；密码、密钥写成 { file = "文件" }，文件权限 600',
                'The keys of Init, as the province\'s manual names them; a secret is written { file = "…" }, mode 600',
            ),
        ),
    ] = {}
    read_s: Annotated[
        float,
        option(
            Words("读卡时限", "Reading"),
            Words("初始化或读一张卡最多等多久", "How long setting up or reading a card may take"),
            unit="s",
            ge=1,
            le=120,
        ),
    ] = 15.0
    pin_s: Annotated[
        float,
        option(
            Words("输密码时限", "Typing a PIN"),
            Words("在读卡器上输入密码最多等多久", "How long a person gets to type the PIN at the reader"),
            unit="s",
            ge=5,
            le=600,
        ),
    ] = 60.0

    def faults(self) -> Iterator[Fault]:
        """Yield what this kind needs and does not have, and secrets that stand in the open."""
        if self.kind is CardKind.HEASEC:
            yield from missing({"library": self.library, "start": self.start})
        if self.kind is CardKind.SIMULATED:
            yield from missing({"folder": self.folder})
        for name, value in self.start.items():
            if _value_of(value) is None:
                yield Fault(("start", name), _NO_VALUE)
            elif isinstance(value, str) and value and _SECRET.search(name):
                yield Fault(("start", name), _IN_THE_OPEN)

    def anchored(self, folder: Path) -> Self:
        """Return the section with every relative path taken from `folder`."""
        values = ((name, _value_of(value)) for name, value in self.start.items())
        start = {name: {"file": str(folder / one)} if isinstance(one, Path) else one for name, one in values}
        more = {"preload": _anchored(self.preload, folder), "start": start}
        return super().anchored(folder).model_copy(update=more)

    @property
    def started_with(self) -> Mapping[str, str | int | Path]:
        """What `Init` is told; a path is of a file that holds what nobody else may read."""
        values = {name: _value_of(value) for name, value in self.start.items()}
        return {name: value for name, value in values.items() if value is not None}


class PinPadSection(Section):
    """The pad on a serial line that a person types a PIN at."""

    path: Annotated[
        str,
        option(
            Words("串口", "Port"),
            Words(
                "密码键盘的串口，如 /dev/serial/by-id/…；不填为没有",
                "Its serial port, such as /dev/serial/by-id/…; none if empty",
            ),
        ),
    ] = ""
    baud: Annotated[
        int,
        option(
            Words("波特率", "Speed"), Words("按密码键盘说明书", "As its manual says"), unit="baud", ge=300, le=4_000_000
        ),
    ] = 9_600
    least: Annotated[
        int, option(Words("最少位数", "Least"), Words("密码最少几位", "Fewest digits of a PIN"), ge=1, le=20)
    ] = 6
    most: Annotated[
        int, option(Words("最多位数", "Most"), Words("密码最多几位", "Most digits of a PIN"), ge=1, le=20)
    ] = 8
    person_s: Annotated[
        float,
        option(
            Words("输密码时限", "Typing a PIN"),
            Words("输入密码最多等多久", "How long a person gets to type it"),
            unit="s",
            ge=5,
            le=600,
        ),
    ] = 60.0

    def faults(self) -> Iterator[Fault]:
        """Yield lengths that no PIN can have."""
        if self.least > self.most:
            yield Fault(("least",), Words("不能大于 most", "may not be more than most"))
        yield from relative_nodes({"path": self.path})


def institution_faults(institution: InstitutionSection, voucher: VoucherSection, card: CardSection) -> Iterator[Fault]:
    """Yield what is not known of the institution although a device tells it on."""
    if voucher.kind is VoucherKind.NONE and card.kind is CardKind.NONE:
        return
    words = Words("使用医保码或读卡设备时须填写", "is required with a voucher terminal or a card reader")
    for name, value in (("code", institution.code), ("name", institution.name)):
        if not value:
            yield Fault(("institution", name), words)


def _anchored(libraries: Iterable[str], folder: Path) -> tuple[str, ...]:
    return tuple(str(folder / one) if "/" in one else one for one in libraries)


def _value_of(given: object) -> str | int | Path | None:
    """Return what an option of `start` says; None if it says nothing that `Init` could be told."""
    if isinstance(given, bool):
        return None
    if isinstance(given, str | int):
        return given
    if isinstance(given, Mapping) and given.keys() == {"file"} and isinstance(given["file"], str) and given["file"]:
        return Path(given["file"])
    return None
