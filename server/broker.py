"""The embedded broker: one process, loopback only, memory only.

It exists so that a demo, a test or one pharmacy needs no other software. It has no access control and keeps nothing
through a restart; neither matters, because every message is signed and every row is kept by its sender until the
centre's receipt. It refuses to listen anywhere but on loopback; a site with more than one box runs mosquitto.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from codes.errors import YimaError
from codes.words import Words
from web.config_sections import is_loopback_address

MAX_PAYLOAD_BYTES = 4 * 1024 * 1024

_TEMPLATE = """\
id = 0

[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10

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
        "请检查端口是否被占用（ss -ltnp），或改用其他端口。", "Check who holds the port (ss -ltnp), or choose another."
    )


class ExposedBrokerError(BrokerError):
    """The embedded broker was told to listen beyond loopback."""

    code: ClassVar[str] = "broker.exposed"
    next_step: ClassVar[Words] = Words(
        "多机部署请使用 mosquitto（证书与访问控制）。",
        "For more than one box use mosquitto, with certificates and access control.",
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
    return _TEMPLATE.format(listen=listen, max_payload=MAX_PAYLOAD_BYTES)


def run_broker(host: str, port: int, *, on_ready: Callable[[], None] = lambda: None) -> None:
    """Run the broker in this process until it is ended; `on_ready` is called once the port is known to be free.

    Raises:
        BrokerError: The extra is not installed, the address is not loopback, or the port is taken.
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
    with tempfile.TemporaryDirectory(prefix="yima-broker-") as folder:
        file = Path(folder) / "broker.toml"
        file.write_text(settings, encoding="utf-8")
        broker = IotCoreBroker(config_path=str(file))
        try:
            broker.check_ports()
        except OSError as exc:
            raise BrokerError(Words(f"{host}:{port} 已被占用", f"{host}:{port} is taken")) from exc
        on_ready()
        broker.run_forever()
