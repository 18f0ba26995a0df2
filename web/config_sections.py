"""Tables that the configurations of terminal and centre are made of, and what both refuse in them.

What no single option can say by itself is a `Fault` of its section: an address that others can reach needs to be
meant, and needs TLS; a broker on another machine needs TLS.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict

from codes.words import Words
from web.option import option
from web.secret_file import load_secret, refuse_open_key

IDLE_S = 75
"""How long a line stays open without a request: a till that waits for its next customer must not meet a closed one."""
_WILDCARDS = frozenset({"0.0.0.0", "::"})


@dataclass(frozen=True, slots=True)
class Fault:
    """An option that does not fit the others."""

    option: tuple[str | int, ...]
    """Its name, below the table or tree that says so."""
    words: Words


class Section(BaseModel):
    """A table of a configuration file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def faults(self) -> Iterator[Fault]:
        """Yield what does not fit together."""
        yield from ()

    def anchored(self, folder: Path) -> Self:
        """Return the section with every relative path taken from `folder`."""
        paths = {name: folder / value for name, value in self if isinstance(value, Path)}
        return self.model_copy(update=paths)


class ListeningSection(Section):
    """Where screens and interface are answered."""

    host: Annotated[
        str,
        option(
            Words("监听地址", "Address"),
            Words("默认只监听本机；其他地址须同时打开 is_exposed", "This machine only, unless is_exposed is set"),
        ),
    ] = "127.0.0.1"
    is_exposed: Annotated[
        bool,
        option(
            Words("允许其他机器访问", "Expose"),
            Words(
                "其他机器可访问时必须打开；监听本机以外的地址时，还须配置 TLS 或声明反向代理",
                "Must be set if other machines can reach it; another address than loopback also needs TLS or a proxy",
            ),
        ),
    ] = False
    is_behind_proxy: Annotated[
        bool,
        option(
            Words("前有反向代理", "Behind a proxy"),
            Words(
                "前面已有做 TLS 的反向代理；须同时打开 is_exposed",
                "A reverse proxy stands in front and does TLS; needs is_exposed as well",
            ),
        ),
    ] = False
    certificate_file: Annotated[
        Path | None,
        option(
            Words("网站证书", "Certificate"),
            Words("自行做 TLS 时的证书链（PEM）", "Chain of certificates if it does TLS itself (PEM)"),
        ),
    ] = None
    key_file: Annotated[
        Path | None,
        option(
            Words("网站证书私钥", "Key"),
            Words(
                "该证书的私钥（PEM，不加密），仅属主及运行账户所在的组可读",
                "Private key of that certificate (PEM, not encrypted), readable by its owner and a group of ours only",
            ),
        ),
    ] = None
    allowed_hosts: Annotated[
        tuple[str, ...],
        option(
            Words("允许的主机名", "Allowed hosts"),
            Words(
                "除本机名称和监听地址外还接受的 Host；须同时打开 is_exposed",
                "Names besides loopback and the address itself under which browsers may ask; needs is_exposed as well",
            ),
        ),
    ] = ()

    @property
    def accepted_hosts(self) -> tuple[str, ...]:
        """Names besides loopback under which browsers may ask: those that are listed, and the address itself."""
        if self.host in _WILDCARDS:
            return self.allowed_hosts
        try:
            # As browsers write it.
            host = str(ipaddress.ip_address(self.host))
        except ValueError:
            host = self.host
        return (*self.allowed_hosts, host)

    def faults(self) -> Iterator[Fault]:
        """Yield what would let strangers in or send passwords in the clear."""
        yield from _pair(self.certificate_file, self.key_file)
        if is_loopback(self.host):
            yield from self._unmeant()
            return
        if not self.is_exposed:
            words = Words(
                f"{self.host} 不是本机地址；如确需对外开放，请设 is_exposed = true",
                f"{self.host} is not loopback; set is_exposed = true if that is what you want",
            )
            yield Fault(("host",), words)
        if self.certificate_file is None and not self.is_behind_proxy:
            words = Words(
                f"监听 {self.host} 须有 TLS：请填写 certificate_file 和 key_file，或前面已有反向代理时设 "
                "is_behind_proxy = true",
                f"{self.host} needs TLS: give certificate_file and key_file, or set is_behind_proxy = true if a proxy "
                "in front does it",
            )
            yield Fault(("host",), words)

    def _unmeant(self) -> Iterator[Fault]:
        """Yield what lets others come to a loopback address although nobody said that they may."""
        if self.is_exposed:
            return
        words = Words(
            "其他机器可经由代理或该主机名访问，须同时设 is_exposed = true（此后查看也须登录）",
            "means that other machines can reach it, so is_exposed = true is required (looking then needs a sign-in)",
        )
        if self.is_behind_proxy:
            yield Fault(("is_behind_proxy",), words)
        elif self.allowed_hosts:
            yield Fault(("allowed_hosts",), words)


class BrokerSection(Section):
    """How to reach the broker."""

    host: Annotated[
        str,
        option(Words("主机", "Host"), Words("消息代理的主机名或地址", "Name or address of the broker"), min_length=1),
    ] = "127.0.0.1"
    port: Annotated[
        int, option(Words("端口", "Port"), Words("消息代理的端口", "Port of the broker"), ge=1, le=65535)
    ] = 1883
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
            Words("本端证书", "Certificate"),
            Words("双向 TLS 的本端证书（PEM）", "Our own certificate for mutual TLS (PEM)"),
        ),
    ] = None
    key_file: Annotated[
        Path | None,
        option(
            Words("证书私钥", "Key"),
            Words("本端证书的私钥（PEM，不加密）", "Private key of that certificate (PEM, not encrypted)"),
        ),
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

    def faults(self) -> Iterator[Fault]:
        """Yield what would send records in the clear, or not at all."""
        yield from _pair(self.certificate_file, self.key_file)
        if not is_loopback(self.host) and self.ca_file is None:
            words = Words(
                "代理不在本机，必须填写 ca_file（TLS）", "is not on this machine, so ca_file (TLS) is required"
            )
            yield Fault(("host",), words)

    def load_password(self) -> str | None:
        """Return what the broker asks for, once nobody else can read it or our key.

        Raises:
            SecretFileError: Password or key cannot be read, or others may read it.
        """
        if self.key_file is not None:
            refuse_open_key(self.key_file)
        return None if self.password_file is None else load_secret(self.password_file)


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine, by name or address.

    >>> is_loopback("127.0.0.2"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("mq")
    (True, True, False, False)
    """
    return host == "localhost" or is_loopback_address(host)


def is_loopback_address(host: str) -> bool:
    """Tell whether `host` is a loopback address in numbers."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _pair(certificate: Path | None, key: Path | None) -> Iterator[Fault]:
    if (certificate is None) != (key is None):
        missing = "certificate_file" if certificate is None else "key_file"
        yield Fault((missing,), Words("证书与私钥须一并填写", "certificate and key go together"))
