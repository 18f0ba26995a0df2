"""The configuration of a terminal: one typed tree, unknown keys refused, secrets by file only.

Every option has a title, a description, a default and, where it is a quantity, a unit; the example file is checked
against this tree. Reading a file, and saying what is wrong with it, is the task of `web.config_file`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import structlog
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from codes.words import Words
from drivers.errors import DeviceSpecError
from drivers.scanner import parse_spec
from edge.config_fsi import FsiSection, fsi_faults
from edge.config_person import CardSection, InstitutionSection, PinPadSection, VoucherSection, institution_faults
from edge.config_pos import PosSection
from edge.config_site import SiteSection
from edge.config_till import TillSection
from edge.config_visits import VisitsSection, visits_faults
from edge.config_wedge import WedgeSection
from rules.scan_judgement import Mode
from web.config_environment import Overrides
from web.config_file import read_config
from web.config_sections import BrokerSection, Fault, ListeningSection, Section
from web.option import option

EXAMPLE = "config/edge.example.toml"
_PREFIX = "YIMA_EDGE_"
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class TerminalSection(Section):
    """Which terminal this is."""

    id: Annotated[
        str,
        option(
            Words("终端编号", "Terminal id"),
            Words("本终端在中心的唯一编号，启用后不要更改", "Unique at the centre; do not change it once in use"),
            pattern=r"^[A-Za-z0-9_-]{1,40}$",
        ),
    ]
    area: Annotated[
        str,
        option(
            Words("行政区划", "Area"),
            Words("六位行政区划代码，如厦门 350200", "Six digits of GB/T 2260, such as 350200 for Xiamen"),
            pattern=r"^[0-9]{6}$",
        ),
    ]
    institution: Annotated[
        str,
        option(
            Words("机构编码", "Institution"),
            Words("医保定点机构编码", "Code of the designated institution"),
            min_length=1,
            max_length=64,
        ),
    ]
    label: Annotated[
        str,
        option(
            Words("名称", "Label"),
            Words("大家对这台终端的叫法，如“一号柜台”", "What people call it, such as “counter 1”"),
            max_length=64,
        ),
    ] = ""


class StoreSection(Section):
    """Where the terminal keeps what it must not lose."""

    folder: Annotated[
        Path,
        option(
            Words("数据目录", "Data folder"),
            Words(
                "数据库与密钥所在目录，须为本机磁盘，不可为网络盘",
                "Holds the database and the key; on a local disk, never a network share",
            ),
        ),
    ] = Path("var/edge")
    quota_mb: Annotated[
        int,
        option(
            Words("存储上限", "Quota"),
            Words(
                "数据库最多占用多少；用满后不受理新业务，未上传的记录不会被清理",
                "How large the database may grow; when it is full no new business is taken, and nothing unsent goes",
            ),
            unit="MB",
            ge=64,
            le=1_000_000,
        ),
    ] = 2_048


class CentreSection(Section):
    """Whom the terminal believes."""

    public_key: Annotated[
        str | None,
        option(
            Words("中心公钥", "Centre's public key"),
            Words(
                "64 位十六进制，见中心控制台；不填则不采信任何回执，记录只保存在本机",
                "64 hexadecimal digits from the centre's console; without it no receipt is believed and records stay "
                "on this machine",
            ),
            pattern=r"^[0-9a-fA-F]{64}$",
        ),
    ] = None


class LinkSection(BrokerSection):
    """How to reach the broker, and whether."""

    is_enabled: Annotated[
        bool, option(Words("联网", "Connect"), Words("是否连接中心", "Whether to connect to the centre at all"))
    ] = True
    keepalive_s: Annotated[
        int,
        option(
            Words("保活间隔", "Keep-alive"),
            Words("心跳间隔；断线约在其 1.5 倍时间内被发现", "A dead line is noticed within 1.5 times this"),
            unit="s",
            ge=5,
            le=600,
        ),
    ] = 20
    backoff_most_s: Annotated[
        float,
        option(
            Words("重连上限", "Longest wait"),
            Words("两次重连之间的最长等待", "Longest wait between two attempts to connect"),
            unit="s",
            gt=0,
            le=600,
        ),
    ] = 30.0


class ApiSection(ListeningSection):
    """The screens and the local interface."""

    port: Annotated[
        int,
        option(
            Words("端口", "Port"),
            Words("0 表示由系统选择", "0 lets the system choose"),
            ge=0,
            le=65535,
        ),
    ] = 8620
    session_hours: Annotated[
        int,
        option(
            Words("登录时长", "Session length"),
            Words("多久后须重新登录", "After this the operator signs in again"),
            unit="h",
            ge=1,
            le=24,
        ),
    ] = 12


class CounterSection(Section):
    """How the counter behaves."""

    mode: Annotated[
        Mode,
        option(
            Words("初始模式", "First mode"),
            Words("首次启动时：dispense 售药，receive 入库", "On the very first start: dispense or receive"),
        ),
    ] = Mode.DISPENSE
    reservation_min: Annotated[
        int,
        option(
            Words("占用时长", "Reservation"),
            Words("扫码后为本次销售保留该盒多久", "How long a scanned pack is set aside for its sale"),
            unit="min",
            ge=1,
            le=24 * 60,
        ),
    ] = 30
    double_scan_s: Annotated[
        float,
        option(
            Words("重复扫码", "Double scan"),
            Words(
                "同一盒在此时间内再次扫到视为手抖，只轻声提示；0 为一律按重复提示",
                "The same box again within this time is a trembling hand and told quietly; never if 0",
            ),
            unit="s",
            ge=0,
            le=60,
        ),
    ] = 3.0
    return_days: Annotated[
        int,
        option(
            Words("退货期限", "Limit for returns"),
            Words(
                "售出后多少天内可在终端退货；0 为不限",
                "Days after the sale within which a box may come back; 0: no limit",
            ),
            unit="d",
            ge=0,
            le=3650,
        ),
    ] = 10
    silent_after_scans: Annotated[
        int,
        option(
            Words("静默提示", "Notice of silence"),
            Words(
                "其他设备扫码多少次后，提示某台扫码枪从未有内容；0 为不提示",
                "After so many scans by other devices, say that nothing ever came from a scanner; never if 0",
            ),
            ge=0,
            le=100_000,
        ),
    ] = 30


class CatalogueSection(Section):
    """The local matching library."""

    file: Annotated[
        Path | None,
        option(
            Words("目录文件", "File"),
            Words(
                "启动时若有变化则导入的 CSV（UTF-8 或 GB18030）",
                "CSV that is imported at start if it has changed (UTF-8 or GB18030)",
            ),
        ),
    ] = None


class LogSection(Section):
    """The log."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        option(Words("级别", "Level"), Words("低于该级别的不记录", "Anything below is left out")),
    ] = "info"


class EdgeConfig(BaseSettings):
    """Everything that can be set at a terminal. The environment (`YIMA_EDGE_API__PORT=8700`) overrides the file."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=_PREFIX, env_nested_delimiter="__", env_nested_max_split=1
    )

    terminal: TerminalSection
    store: StoreSection = StoreSection()
    centre: CentreSection = CentreSection()
    link: LinkSection = LinkSection()
    api: ApiSection = ApiSection()
    counter: CounterSection = CounterSection()
    catalogue: CatalogueSection = CatalogueSection()
    site: SiteSection = SiteSection()
    institution: InstitutionSection = InstitutionSection()
    fsi: FsiSection = FsiSection()
    voucher: VoucherSection = VoucherSection()
    card: CardSection = CardSection()
    pinpad: PinPadSection = PinPadSection()
    till: TillSection = TillSection()
    wedge: WedgeSection = WedgeSection()
    pos: PosSection = PosSection()
    visits: VisitsSection = VisitsSection()
    log: LogSection = LogSection()
    scanners: Annotated[
        tuple[str, ...],
        option(
            Words("扫码设备", "Scanners"),
            Words("每项一个设备，如 serial:/dev/ttyACM0,9600", "One device each, such as serial:/dev/ttyACM0,9600"),
        ),
    ] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment over the file, and nothing else."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def load_config(path: Path) -> EdgeConfig:
    """Return the configuration in the file at `path`.

    Raises:
        ConfigError: The file or an option in it cannot be used.
    """
    return read_config(path, EdgeConfig, example=EXAMPLE, more_faults=_faults, overrides=_overrides())


def warn_of_unknown_variables() -> None:
    """Log each variable of the environment that looks like one of ours and sets nothing."""
    for name, close in _overrides().unknown():
        _logger.warning("config.unknown_variable", variable=name, nearest=close)


def _overrides() -> Overrides:
    return Overrides(_PREFIX, EdgeConfig, os.environ)


def _faults(config: EdgeConfig) -> Iterator[Fault]:
    yield from institution_faults(config.institution, config.voucher, config.card)
    yield from fsi_faults(
        config.fsi,
        config.institution,
        terminal=config.terminal.institution,
        centre=config.centre,
        link=config.link,
    )
    yield from visits_faults(config.visits)
    for index, spec in enumerate(config.scanners):
        try:
            parse_spec(spec)
        except DeviceSpecError as exc:
            yield Fault(("scanners", index), exc.words)
