"""The list of a site: which terminals it has, where each is asked, and the key by which each is known.

The same file lies on every terminal; each finds itself in it. There is no joining by itself and no default key: who is
not listed is neither asked nor answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from codes.words import Words
from web.config_file import read_config
from web.config_sections import Fault, Section
from web.option import option
from wire.errors import KeyFileError
from wire.keys import PublicKey

EXAMPLE = "config/site.example.toml"
MOST_TERMINALS = 32
"""Each asks every other once a second; larger houses have a centre on their own network."""


class ListedTerminal(Section):
    """One terminal of the site."""

    id: Annotated[
        str,
        option(
            Words("终端编号", "Terminal id"),
            Words("与该终端 [terminal] id 一致", "As in [terminal] id there"),
            pattern=r"^[A-Za-z0-9_-]{1,40}$",
        ),
    ]
    address: Annotated[
        str,
        option(
            Words("地址", "Address"),
            Words("店内局域网上的“主机:端口”", "host:port on the site's own network"),
            max_length=300,
        ),
    ]
    public_key: Annotated[
        str,
        option(
            Words("公钥", "Public key"),
            Words(
                "64 位十六进制，见该终端 yima edge key", "64 hexadecimal digits, from `yima edge key` at that terminal"
            ),
            pattern=r"^[0-9a-fA-F]{64}$",
        ),
    ]


class SiteList(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[
        str,
        option(
            Words("店名", "Name"),
            Words("本店名称，各终端须一致", "Name of the site; the same on each terminal"),
            min_length=1,
            max_length=64,
        ),
    ]
    terminal: Annotated[
        tuple[ListedTerminal, ...],
        option(
            Words("终端", "Terminals"),
            Words("本店各终端，包括本机", "The terminals of the site, this one included"),
            min_length=1,
            max_length=MOST_TERMINALS,
        ),
    ]


@dataclass(frozen=True, slots=True)
class Peer:
    """Another terminal of the site."""

    terminal: str
    host: str
    port: int
    key: PublicKey

    def find_key(self, key_id: bytes) -> PublicKey | None:
        """Return its key if that is the one that is meant."""
        return self.key if key_id == self.key.key_id else None


@dataclass(frozen=True, slots=True)
class Site:
    """The site as one of its terminals sees it."""

    name: str
    terminal: str
    """Which terminal sees it."""
    peers: tuple[Peer, ...]
    """All others."""

    def ask_purpose(self, asker: str, asked: str) -> str:
        """Return what the signature of a question says that it is."""
        return f"yima/site/1/{self.name}/{asker}/{asked}/ask"

    def answer_purpose(self, asked: str, asker: str) -> str:
        """Return what the signature of an answer says that it is."""
        return f"yima/site/1/{self.name}/{asked}/{asker}/facts"


def load_site(path: Path, terminal: str, key: PublicKey) -> Site:
    """Return the site in the list at `path`, as `terminal` with its `key` sees it.

    Raises:
        ConfigError: The list cannot be read, something in it is wrong, or this terminal is not in it as it is.
    """
    listed = read_config(path, SiteList, example=EXAMPLE, more_faults=partial(_faults, own=terminal, key=key))
    others = (one for one in listed.terminal if one.id != terminal)
    return Site(listed.name, terminal, tuple(_peer(one) for one in others))


def _peer(one: ListedTerminal) -> Peer:
    host, port = _host_and_port(one.address)
    return Peer(one.id, host, port, PublicKey.from_hex(one.public_key))


def _host_and_port(address: str) -> tuple[str, int]:
    parts = urlsplit(f"//{address}")
    if not parts.hostname or not parts.port or parts.netloc != address or "@" in address:
        raise ValueError(address)
    return parts.hostname, parts.port


def _faults(listed: SiteList, own: str, key: PublicKey) -> Iterator[Fault]:
    terminals = listed.terminal
    yield from _twice("id", (one.id for one in terminals))
    yield from _twice("public_key", (one.public_key.lower() for one in terminals))
    for place, one in enumerate(terminals):
        try:
            _host_and_port(one.address)
        except ValueError:
            words = Words(f"“{one.address}”应为 主机:端口", f"{one.address!r} should be host:port")
            yield Fault(("terminal", place, "address"), words)
        try:
            PublicKey.from_hex(one.public_key)
        except KeyFileError as exc:
            yield Fault(("terminal", place, "public_key"), exc.words)
    mine = [one for one in terminals if one.id == own]
    if not mine:
        yield Fault(("terminal",), Words(f"名单中没有本终端 {own}", f"this terminal, {own}, is not in the list"))
    elif mine[0].public_key.lower() != key.raw.hex():
        words = Words(
            f"{own} 的公钥与本机不符；本机公钥为 {key.raw.hex()}",
            f"the key of {own} is not that of this terminal, which is {key.raw.hex()}",
        )
        yield Fault(("terminal", "public_key"), words)


def _twice(name: str, values: Iterable[str]) -> Iterator[Fault]:
    for value, times in Counter(values).items():
        if times > 1:
            words = Words(f"{value} 出现 {times} 次", f"{value} stands there {times} times")
            yield Fault(("terminal", name), words)
