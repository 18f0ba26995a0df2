"""The centre's configuration: one typed tree from one TOML file, unknown keys refused.

Every option has a default that works on one machine and listens on loopback only. Relative paths are taken from the
folder of the file. Secrets stand in files of their own. `config/server.example.toml` shows all of it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from codes.errors import ConfigError
from codes.words import Words
from server.errors import ServerError
from wire.link import LinkSettings


class ConfigInvalidError(ServerError, ConfigError):
    """The file cannot be read, or an option in it cannot be used."""

    code: ClassVar[str] = "config.invalid"
    next_step: ClassVar[Words] = Words(
        "请对照 config/server.example.toml 修改配置后重新启动。",
        "Correct it (config/server.example.toml explains every option) and start again.",
    )


Port = Annotated[int, Field(ge=1, le=65_535)]
_COMES_BACK_WITHIN_S = 3.0
"""All terminals wait for the one centre, so it tries the broker more often than they do."""
_STORE_SCHEMES = ("sqlite:///", "postgresql://")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _known_scheme(url: str) -> str:
    if not url.startswith(_STORE_SCHEMES):
        raise ValueError("begins with sqlite:/// or postgresql://")
    return url


class StoreConfig(_Section):
    """Where facts are kept."""

    url: Annotated[str, AfterValidator(_known_scheme)] = "sqlite:///var/centre.db"
    """`sqlite:///PATH` for one machine, `postgresql://USER@HOST:PORT/NAME` beyond."""
    password_file: Path | None = None
    """File with the PostgreSQL password on its first line."""
    connections: Annotated[int, Field(ge=2, le=100)] = 10
    """Most connections held open to PostgreSQL."""


class WebConfig(_Section):
    """Console and API."""

    host: str = "127.0.0.1"
    """Address to listen on. Anything but loopback belongs behind a TLS proxy."""
    port: Port = 8700
    allowed_hosts: tuple[str, ...] = ()
    """Names besides localhost under which people reach it, for example the proxy's."""
    session_hours: Annotated[int, Field(ge=1, le=72)] = 12
    """How long a sign-in lasts."""


class BrokerConfig(_Section):
    """The MQTT broker that terminals talk through."""

    host: str = "127.0.0.1"
    port: Port = 1883
    client_id: Annotated[str, Field(min_length=1, max_length=64)] = "yima-centre"
    """Unique per centre process; two with the same name push each other out."""
    shared_group: str | None = None
    """Name of the shared subscription if several centre processes share the work."""
    ca_file: Path | None = None
    """Authority of the broker's certificate; without it the line is plain and must be loopback."""
    certificate_file: Path | None = None
    key_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None


class CentreConfig(_Section):
    """What the centre is."""

    key_file: Path = Path("var/centre.key")
    """Ed25519 key that signs receipts; made at the first start."""
    hold_s: Annotated[int, Field(ge=1, le=3_600)] = 30
    """How long a terminal that is not approved yet waits before it sends again."""


class ServerConfig(BaseSettings):
    """The whole tree."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    centre: CentreConfig = CentreConfig()
    store: StoreConfig = StoreConfig()
    web: WebConfig = WebConfig()
    broker: BrokerConfig = BrokerConfig()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings fixes the signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take the file and nothing else: a stray environment variable must not move a database."""
        return (init_settings,)


def load_config(path: Path) -> ServerConfig:
    """Return the configuration in `path`, its paths made absolute.

    Raises:
        ConfigError: The file is missing, no TOML, or has a key or value that does not fit.
    """
    try:
        written = TomlConfigSettingsSource(ServerConfig, path)() if path.is_file() else None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ConfigInvalidError(Words(f"无法读取配置 {path}：{exc}", f"Cannot read {path}: {exc}")) from exc
    if written is None:
        raise ConfigInvalidError(Words(f"找不到配置文件 {path}", f"There is no configuration file {path}"))
    try:
        config = ServerConfig(**written)
    except ValidationError as exc:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in exc.errors())
        raise ConfigInvalidError(Words(f"配置 {path} 有误：{faults}", f"{path} is wrong: {faults}")) from exc
    return _absolute(config, path.resolve().parent)


def link_settings(broker: BrokerConfig) -> LinkSettings:
    """Return how the link reaches the broker.

    Raises:
        ConfigError: The password file cannot be read.
    """
    return LinkSettings(
        client_id=broker.client_id,
        host=broker.host,
        port=broker.port,
        backoff_most_s=_COMES_BACK_WITHIN_S,
        ca_file=_text(broker.ca_file),
        certificate_file=_text(broker.certificate_file),
        key_file=_text(broker.key_file),
        username=broker.username,
        password=read_secret(broker.password_file) if broker.password_file else None,
    )


def read_secret(path: Path) -> str:
    """Return the first line of a secret file.

    Raises:
        ConfigError: The file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigInvalidError(Words(f"无法读取密码文件 {path}：{exc}", f"Cannot read {path}: {exc}")) from exc


def _text(path: Path | None) -> str | None:
    return str(path) if path else None


def _absolute(config: ServerConfig, base: Path) -> ServerConfig:
    """Take relative paths from the folder of the file, so that the current folder does not matter."""

    def moved(section: _Section, *names: str) -> dict[str, Path]:
        paths = {name: getattr(section, name) for name in names}
        return {name: base / path for name, path in paths.items() if path is not None}

    store = config.store
    url = store.url
    if url.startswith("sqlite:///"):
        url = f"sqlite:///{base / url.removeprefix('sqlite:///')}"
    broker_files = ("ca_file", "certificate_file", "key_file", "password_file")
    return config.model_copy(
        update={
            "centre": config.centre.model_copy(update=moved(config.centre, "key_file")),
            "store": store.model_copy(update={"url": url, **moved(store, "password_file")}),
            "broker": config.broker.model_copy(update=moved(config.broker, *broker_files)),
        }
    )
