"""The configuration of a terminal: one typed tree, unknown keys refused, secrets by file only.

Every option has a title, a description, a default and, where it is a quantity, a unit; the example file is checked
against this tree. Reading a file, and saying what is wrong with it, is the task of `edge.config_file`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from codes.words import Words
from edge.option import option
from rules.scan_judgement import Mode


class Section(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class LinkSection(Section):
    """How to reach the broker."""

    is_enabled: Annotated[
        bool, option(Words("联网", "Connect"), Words("是否连接中心", "Whether to connect to the centre at all"))
    ] = True
    host: Annotated[
        str,
        option(
            Words("主机", "Host"),
            Words("消息代理的主机名或地址", "Name or address of the broker"),
            min_length=1,
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int, option(Words("端口", "Port"), Words("消息代理的端口", "Port of the broker"), ge=1, le=65535)
    ] = 1883
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
    ca_file: Annotated[
        Path | None,
        option(
            Words("CA 证书", "CA certificate"),
            Words(
                "消息代理的 CA（PEM）；代理不在本机时必填",
                "Authority of the broker (PEM); required unless the broker is on this machine",
            ),
        ),
    ] = None
    certificate_file: Annotated[
        Path | None,
        option(
            Words("终端证书", "Certificate"),
            Words("双向 TLS 的终端证书（PEM）", "The terminal's certificate for mutual TLS (PEM)"),
        ),
    ] = None
    key_file: Annotated[
        Path | None,
        option(Words("证书私钥", "Key"), Words("终端证书的私钥（PEM）", "Private key of that certificate (PEM)")),
    ] = None
    username: Annotated[
        str | None,
        option(Words("用户名", "User name"), Words("消息代理要求时填写", "If the broker asks for one")),
    ] = None
    password_file: Annotated[
        Path | None,
        option(
            Words("密码文件", "Password file"),
            Words("内含密码的文件，仅属主可读", "A file that holds the password, readable by its owner only"),
        ),
    ] = None


class ApiSection(Section):
    """The screens and the local interface."""

    host: Annotated[
        str,
        option(
            Words("监听地址", "Address"),
            Words("默认只监听本机", "This machine only, unless `is_exposed` is set"),
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        option(
            Words("端口", "Port"),
            Words("0 表示由系统选择", "0 lets the system choose"),
            ge=0,
            le=65535,
        ),
    ] = 8620
    is_exposed: Annotated[
        bool,
        option(
            Words("允许局域网访问", "Expose"),
            Words(
                "监听本机以外的地址前必须打开，并应在前面加 TLS 代理",
                "Must be set before another address than loopback is used; put a TLS proxy in front",
            ),
        ),
    ] = False
    allowed_hosts: Annotated[
        tuple[str, ...],
        option(
            Words("允许的主机名", "Allowed hosts"),
            Words("除本机名称外还接受的 Host", "Names besides loopback under which browsers may ask"),
        ),
    ] = ()
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
        extra="forbid", frozen=True, env_prefix="YIMA_EDGE_", env_nested_delimiter="__", env_nested_max_split=1
    )

    terminal: TerminalSection
    store: StoreSection = StoreSection()
    centre: CentreSection = CentreSection()
    link: LinkSection = LinkSection()
    api: ApiSection = ApiSection()
    counter: CounterSection = CounterSection()
    catalogue: CatalogueSection = CatalogueSection()
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
