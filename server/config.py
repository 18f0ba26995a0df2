"""The centre's configuration: one typed tree, unknown keys refused, secrets by file only.

Every option has a default that works on one machine and listens on loopback only; `config/server.example.toml` shows
all of them. The environment changes nothing: a stray variable must not move a database.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from codes.words import Words
from web.config_file import read_config
from web.config_sections import BrokerSection, Fault, ListeningSection, Section
from web.option import option
from web.tls import try_broker_files
from wire.link import LinkSettings

EXAMPLE = "config/server.example.toml"
SEALING_KEY = "sealing.key"
_COMES_BACK_WITHIN_S = 1.0
"""All terminals wait for the one centre: what they say before it is there is lost on the way, and said again late."""
_CONNECTIONS_OF_OTHERS = 2
"""Of those to PostgreSQL: for the ingest, and for console and API."""
_SQLITE = "sqlite:///"
_POSTGRESQL = "postgresql://"


class CentreConfig(Section):
    """What the centre is."""

    key_file: Annotated[
        Path,
        option(
            Words("签名密钥", "Key"),
            Words("签署回执的密钥，首次启动自动生成", "Ed25519 key that signs receipts; made at the first start"),
        ),
    ] = Path("var/centre.key")
    hold_s: Annotated[
        int,
        option(
            Words("等待间隔", "Hold"),
            Words("未批准的终端多久后重试", "How long a terminal that is not approved yet waits before it sends again"),
            unit="s",
            ge=1,
            le=3_600,
        ),
    ] = 30


class StoreConfig(Section):
    """Where facts are kept."""

    url: Annotated[
        str,
        option(
            Words("数据库", "Database"),
            Words(
                "单机用 sqlite:///路径，多机用 postgresql://用户@主机:端口/库名",
                "sqlite:///PATH for one machine, postgresql://USER@HOST:PORT/NAME beyond",
            ),
        ),
    ] = "sqlite:///var/centre.db"
    password_file: Annotated[
        Path | None,
        option(
            Words("数据库密码文件", "Password file"),
            Words(
                "内含 PostgreSQL 密码的文件，仅属主可读",
                "A file that holds the PostgreSQL password, readable by its owner only",
            ),
        ),
    ] = None
    connections: Annotated[
        int,
        option(
            Words("连接数", "Connections"),
            Words("与 PostgreSQL 的最大连接数", "Most connections held open to PostgreSQL"),
            ge=2,
            le=100,
        ),
    ] = 10

    def faults(self) -> Iterator[Fault]:
        """Yield an address that names no database, or that carries its password."""
        if not self.url.startswith((_SQLITE, _POSTGRESQL)):
            words = Words(f"应以 {_SQLITE} 或 {_POSTGRESQL} 开头", f"should begin with {_SQLITE} or {_POSTGRESQL}")
            yield Fault(("url",), words)
        elif self.url.startswith(_POSTGRESQL) and urlsplit(self.url).password is not None:
            words = Words(
                "地址中不能写密码，请放入单独的文件并填写 password_file",
                "holds a password; put it into a file of its own and name that in password_file",
            )
            yield Fault(("url",), words)

    def anchored(self, folder: Path) -> Self:
        """Return the section with every relative path taken from `folder`, that of an SQLite database too."""
        moved = super().anchored(folder)
        if not self.url.startswith(_SQLITE):
            return moved
        return moved.model_copy(update={"url": f"{_SQLITE}{folder / self.url.removeprefix(_SQLITE)}"})


class WebConfig(ListeningSection):
    """Console and API."""

    port: Annotated[
        int, option(Words("端口", "Port"), Words("控制台的端口", "Port of the console"), ge=1, le=65_535)
    ] = 8700
    session_hours: Annotated[
        int,
        option(
            Words("登录时长", "Session length"),
            Words("多久后须重新登录", "After this people sign in again"),
            unit="h",
            ge=1,
            le=72,
        ),
    ] = 12


class BrokerConfig(BrokerSection):
    """The MQTT broker that terminals talk through."""

    client_id: Annotated[
        str,
        option(
            Words("连接名", "Client id"),
            Words(
                "每个中心进程唯一，重名会互相挤下线",
                "Unique per centre process; two with the same name push each other out",
            ),
            min_length=1,
            max_length=64,
        ),
    ] = "yima-centre"
    shared_group: Annotated[
        str | None,
        option(
            Words("共享订阅组", "Shared group"),
            Words("多个中心进程分担时填写", "Name of the shared subscription if several processes share the work"),
        ),
    ] = None


class FsiConfig(Section):
    """The national interface: settlement and all that belongs to it."""

    is_enabled: Annotated[
        bool | None,
        option(
            Words("启用国家接口", "Enabled"),
            Words(
                "不填：仅当 [web] is_exposed = false 时启用",
                "Not given: enabled as long as [web] is_exposed is false",
            ),
        ),
    ] = None
    area: Annotated[
        str,
        option(
            Words("地区", "Area"),
            Words(
                "采用哪个地区的接口规范，见 config/areas/", "Whose form of the interface is spoken; see config/areas/"
            ),
        ),
    ] = "base"
    area_file: Annotated[
        Path | None,
        option(
            Words("地区文件", "Area file"),
            Words("自定义的地区文件，优先于 area", "An area file of one's own, instead of area"),
        ),
    ] = None
    is_test_area: Annotated[
        bool,
        option(
            Words("测试环境", "Test area"),
            Words("接受 signtype MOCK，即不核对参保人密码", "Takes signtype MOCK: nobody's password is compared"),
        ),
    ] = False
    benefits_folder: Annotated[
        Path | None,
        option(
            Words("待遇规则目录", "Benefits folder"),
            Words(
                "自有的待遇规则，代替随程序提供的 config/benefits/", "Rules of one's own, instead of config/benefits/"
            ),
        ),
    ] = None
    entitlements_folder: Annotated[
        Path | None,
        option(
            Words("购药规则目录", "Entitlements folder"),
            Words(
                "自有的处方药、实名、限购与双通道规则，代替随程序提供的 config/entitlements/",
                "Rules of one's own on what may be sold to whom, instead of config/entitlements/",
            ),
        ),
    ] = None
    district: Annotated[
        str,
        option(
            Words("医保区划", "District"),
            Words(
                "中心所在医保区划，六位数字，用于应答报文号", "Six digits; the centre's answers are numbered with it"
            ),
            pattern=r"^[0-9]{6}$",
        ),
    ] = "350200"
    keys_folder: Annotated[
        Path | None,
        option(
            Words("密钥目录", "Keys folder"),
            Words(
                "签名与加密密钥：platform/ 及每个机构编号一个子目录，其中每个文件一项",
                "Keys for signing and encryption: platform/ and one folder per institution code, a file for each key",
            ),
        ),
    ] = None
    sealing_key_file: Annotated[
        Path | None,
        option(
            Words("个人信息密钥", "Sealing key"),
            Words(
                "加密个人信息的密钥，首次启动自动生成；丢失后已存的个人信息无法再读。不填：签名密钥旁的 sealing.key",
                "Seals what is personal, made at the first start; without it nobody can read that any more. "
                "Not given: sealing.key beside centre.key_file",
            ),
        ),
    ] = None
    is_sign_in_demanded: Annotated[
        bool | None,
        option(
            Words("要求签到", "Sign-in demanded"),
            Words(
                "业务交易是否须先 9001 签到；不填则按地区文件",
                "Whether business needs a sign-in by 9001; not given: as the area has it",
            ),
        ),
    ] = None
    sign_in_hours: Annotated[
        int,
        option(
            Words("签到有效期", "Sign-in length"),
            Words("签到最长有效多久", "A sign-in lasts this long at most"),
            unit="h",
            ge=1,
            le=168,
        ),
    ] = 24
    sign_in_ends_with_day: Annotated[
        bool,
        option(
            Words("签到当日有效", "Sign-in ends with the day"),
            Words("签到在北京时间零点失效", "A sign-in ends at midnight in Beijing"),
        ),
    ] = True
    workers: Annotated[
        int,
        option(
            Words("并发数", "Workers"),
            Words(
                "HTTP 与 MQTT 各自同时办理的报文数；不超过 (store.connections - 2) / 2",
                "Messages worked on at once, by HTTP and by MQTT each; no more than (store.connections - 2) / 2",
            ),
            ge=1,
            le=32,
        ),
    ] = 4
    takes_unsealed: Annotated[
        bool,
        option(
            Words("接受未封装的 MQTT 报文", "Take unsealed requests"),
            Words(
                "仅当消息代理以证书和访问控制保证主题属于终端时才可打开",
                "Only where the broker proves by certificate and access list whose topic it is",
            ),
        ),
    ] = False


class ServerConfig(BaseModel):
    """The whole tree."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    centre: CentreConfig = CentreConfig()
    store: StoreConfig = StoreConfig()
    web: WebConfig = WebConfig()
    broker: BrokerConfig = BrokerConfig()
    fsi: FsiConfig = FsiConfig()

    @property
    def has_fsi(self) -> bool:
        """Whether the national interface is answered."""
        return not self.web.is_exposed if self.fsi.is_enabled is None else self.fsi.is_enabled

    @property
    def fsi_workers(self) -> int:
        """Messages of the interface worked on at once by each line, as far as there are connections for others too."""
        if not self.store.url.startswith(_POSTGRESQL):
            return self.fsi.workers
        return max(1, min(self.fsi.workers, (self.store.connections - _CONNECTIONS_OF_OTHERS) // 2))

    @property
    def sealing_key_file(self) -> Path:
        """Where the key is that seals what is personal."""
        return self.fsi.sealing_key_file or self.centre.key_file.with_name(SEALING_KEY)


def load_config(path: Path) -> ServerConfig:
    """Return the configuration in `path`, its paths made absolute.

    Raises:
        ConfigError: The file or an option in it cannot be used.
    """
    return read_config(path, ServerConfig, example=EXAMPLE)


def link_settings(broker: BrokerConfig) -> LinkSettings:
    """Return how the link reaches the broker.

    Raises:
        CertificateError: Authority, certificate or key cannot be used.
        SecretFileError: Password or key cannot be read, or others may read it.
    """
    try_broker_files(broker)
    return LinkSettings(
        client_id=broker.client_id,
        host=broker.host,
        port=broker.port,
        backoff_most_s=_COMES_BACK_WITHIN_S,
        ca_file=_text(broker.ca_file),
        certificate_file=_text(broker.certificate_file),
        key_file=_text(broker.key_file),
        username=broker.username,
        password=broker.load_password(),
    )


def _text(path: Path | None) -> str | None:
    return str(path) if path else None
