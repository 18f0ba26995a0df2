"""The embedded broker: one process, loopback only, memory only.

It exists so that a demo, a test or one pharmacy needs no other software. It has no access control and keeps nothing
through a restart; neither matters, because every message is signed and every row is kept by its sender until the
centre's receipt. It refuses to listen anywhere but on loopback; a site with more than one box runs mosquitto.

Its native code keeps some hundred bytes of every QoS 1 message for ever, so the process begins anew, in place, when it
has grown beyond a bound: terminals and centre come back within seconds, and what was on the way is sent again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar, NoReturn

import structlog

from codes.errors import YimaError
from codes.os_words import words_of_os_error
from codes.words import Words
from web.config_sections import is_loopback_address
from web.sd_notify import Service, feed_watchdog

MAX_PAYLOAD_BYTES = 4 * 1024 * 1024
LOG_PIECE_BYTES = 1024 * 1024
LOG_PIECES = 4
"""It keeps so many pieces of each subscription's messages, read or not, before it drops the oldest: all of its memory
that grows with their size. A message that is dropped unread is sent again, as nothing was received for it."""
MOST_MEMORY_MB = 256
"""Resident memory at which it begins anew: some two million messages after a start at about 20 MB."""
FULL_LIFE_S = 3600.0
"""It never begins anew sooner: where more memory is in use at once, that would only cut every line again and again."""

_CLIENT_ID = b"yima-watchdog"
_CONNECT_REST = b"\x00\x04MQTT\x05\x02\x00\x0a\x00" + len(_CLIENT_ID).to_bytes(2) + _CLIENT_ID
_CONNECT = bytes([0x10, len(_CONNECT_REST)]) + _CONNECT_REST
"""MQTT 5: a new session, 10 s keep-alive, no properties."""
_CONNACK = b"\x20"
_DISCONNECT = b"\xe0\x00"
_STARTS_WITHIN_S = 0.1
_LOOKS_EVERY_S = 10.0
_STATM = Path("/proc/self/statm")
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_TEMPLATE = """\
id = 0

[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 200
max_segment_size = {log_piece}
max_segment_count = {log_pieces}

[v5.1]
name = "v5-loopback"
listen = "{listen}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 10000
max_payload_size = {max_payload}
max_inflight_count = 500
dynamic_filters = true
"""


class BrokerError(YimaError):
    """The embedded broker cannot run."""

    code: ClassVar[str] = "broker.error"
    next_step: ClassVar[Words] = Words(
        "请在一码的源代码目录执行 `make -B setup`，装齐全部组件后重试。",
        "Run `make -B setup` in the folder of Yima's source, which installs every part, and try again.",
    )


class ExposedBrokerError(BrokerError):
    """The embedded broker was told to listen beyond loopback."""

    code: ClassVar[str] = "broker.exposed"
    next_step: ClassVar[Words] = Words(
        "多机部署请使用 mosquitto（证书与访问控制）。",
        "For more than one box use mosquitto, with certificates and access control.",
    )


class BrokerPortTakenError(BrokerError):
    """The embedded broker cannot have its port."""

    code: ClassVar[str] = "broker.port_taken"
    next_step: ClassVar[Words] = Words(
        "请检查端口是否被占用（ss -ltnp），或改用其他端口。", "Check who holds the port (ss -ltnp), or choose another."
    )


def broker_settings(host: str, port: int) -> str:
    """Return the broker's configuration text.

    Raises:
        ExposedBrokerError: If `host` is not a loopback address.
    """
    if not is_loopback_address(host):
        raise ExposedBrokerError(
            Words(
                f"内置消息代理只能监听本机回环地址，不能监听 {host}",
                f"The embedded broker listens on loopback only, not on {host}",
            )
        )
    listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return _TEMPLATE.format(
        listen=listen, max_payload=MAX_PAYLOAD_BYTES, log_piece=LOG_PIECE_BYTES, log_pieces=LOG_PIECES
    )


def run_broker(host: str, port: int, *, on_ready: Callable[[], None] = lambda: None) -> None:
    """Run the broker in this process until it is ended; `on_ready` is called once the port is known to be free.

    Raises:
        BrokerPortTakenError: The port is taken.
        BrokerError: The extra is not installed, or the address is not loopback.
    """
    try:
        from iotcore import IotCoreBroker  # noqa: PLC0415 - an extra; the message below says how to get it
    except ModuleNotFoundError as exc:
        raise BrokerError(
            Words("未安装内置消息代理，请安装 yima[server]", "The embedded broker is missing; install yima[server]")
        ) from exc
    # It logs every routed packet as an error span.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    settings = broker_settings(host, port)
    # It is read here and never again, and nothing runs after a signal: the folder goes before the broker runs.
    with tempfile.TemporaryDirectory(prefix="yima-broker-") as folder:
        file = Path(folder) / "broker.toml"
        file.write_text(settings, encoding="utf-8")
        broker = IotCoreBroker(config_path=str(file))
    try:
        broker.check_ports()
    except OSError as exc:
        why = words_of_os_error(_numbered(exc))
        raise BrokerPortTakenError(
            Words(f"无法监听 {host}:{port}：{why.zh}", f"Cannot listen on {host}:{port}: {why.en}")
        ) from exc
    on_ready()
    broker.run_forever()


def begin_anew_when_grown(
    most_memory_mb: int, *, full_life_s: float = FULL_LIFE_S, looks_every_s: float = _LOOKS_EVERY_S
) -> NoReturn:
    """Watch the memory of this process and replace it by a fresh one, of the same number, when it has grown too much.

    For a thread of its own. Every connection ends with the old program, and the port is free for the new one.
    """
    time.sleep(full_life_s)
    grown = _wait_until_grown(most_memory_mb * 1_000_000, looks_every_s)
    _logger.warning("broker.begins_anew", rss_mb=grown // 1_000_000, most_mb=most_memory_mb)
    try:
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - the same program with the same words, and no shell
    except OSError as exc:
        # The program was replaced under it, by an upgrade say: let the service manager start what is there now.
        _logger.error("broker.cannot_begin_anew", reason=str(exc))
        os._exit(1)


def _wait_until_grown(most_bytes: int, looks_every_s: float) -> int:
    """Look at the memory again and again, and return how much it is once it is too much."""
    is_blind = False
    while True:
        try:
            found = resident_bytes()
        except OSError as exc:
            # Every descriptor is in use, say: that passes, and nobody else watches.
            if not is_blind:
                _logger.warning("broker.memory_not_read", reason=str(exc))
            is_blind = True
        else:
            is_blind = False
            if found >= most_bytes:
                return found
        time.sleep(looks_every_s)


def resident_bytes() -> int:
    """Return how much memory of this process is in RAM."""
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def watch_broker(service: Service, host: str, port: int) -> None:
    """Tell the service manager once the broker of this process takes sessions, and then as long as it does."""
    while not await takes_sessions(host, port):  # noqa: ASYNC110 - native code, which tells nobody when it is ready
        await asyncio.sleep(_STARTS_WITHIN_S)
    service.ready(f"{host}:{port}")
    await feed_watchdog(service, {"sessions": partial(takes_sessions, host, port)})


async def takes_sessions(host: str, port: int) -> bool:
    """Tell whether a broker answers there. That a connection is taken says nothing: the kernel does that for it."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    try:
        writer.write(_CONNECT)
        answer = await reader.read(1)
        writer.write(_DISCONNECT)
    except OSError:
        return False
    finally:
        writer.close()
    return answer == _CONNACK


def _numbered(error: OSError) -> OSError:
    """Return an error of the broker with the system's number, which it gives in its text only."""
    found = re.search(r"\(os error (\d+)\)", str(error))
    return OSError(int(found[1]), str(error)) if found else error
