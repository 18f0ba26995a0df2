"""The way to the broker, step by step: name, connection, TLS, login. The terminal's own session is left alone."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cli.checks.finding import Finding, fault, fault_of, finding_of, fine, notice
from codes.errors import YimaError
from codes.words import Words
from edge.carrier import link_settings
from edge.config import EdgeConfig
from edge.link_trouble import CANNOT_CONNECT
from wire.link import LinkSettings
from wire.link_loss import Cause, LinkLoss, loss_by_error, loss_by_reason

PATIENCE_S = 5.0
_LOOP_S = 0.2


def check_line(config: EdgeConfig) -> Iterator[Finding]:
    """Try to reach the broker as the terminal does, under another client id."""
    if not config.link.is_enabled:
        words = Words("联网已关闭，记录只保存在本机", "The line is switched off; records stay on this machine")
        yield notice(
            "line.switched_off", words, Words("如需联网，设 [link] is_enabled = true。", "Set [link] is_enabled.")
        )
        return
    if config.centre.public_key is None:
        words = Words("没有配置中心公钥，记录不会上传", "No public key of the centre is configured; nothing is sent")
        step = Words(
            "请填写 [centre] public_key（见中心控制台）。", "Enter [centre] public_key from the centre's console."
        )
        yield fault("link.no_centre_key", words, step)
    try:
        # The terminal's own id would push the terminal off the line.
        settings = link_settings(f"{config.terminal.id}-doctor", config.link)
    except YimaError as exc:
        yield fault_of(exc)
        return
    loss = _try_name(settings) or _try_connection(settings)
    if loss is None:
        yield fine("line.reached", f"能连到 {_place(settings)}", f"{_place(settings)} can be reached")
        loss = try_login(settings)
    if loss is None:
        yield fine("line.login", "消息代理允许登录", "The broker lets us in")
        return
    trouble = finding_of(CANNOT_CONNECT[loss.cause])
    words = Words(
        f"{trouble.words.zh}（{_place(settings)}）", f"{trouble.words.en} ({_place(settings)}: {loss.detail})"
    )
    yield Finding(trouble.code, trouble.level, words, trouble.next_step)


def try_login(settings: LinkSettings) -> LinkLoss | None:
    """Open a session and close it again; return why it could not be opened."""
    answer: list[LinkLoss | None] = []

    def on_connect(
        client: Client, _userdata: object, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        answer.append(loss_by_reason(reason) if reason.is_failure else None)
        client.disconnect()

    client = Client(CallbackAPIVersion.VERSION2, client_id=settings.client_id, protocol=MQTTProtocolVersion.MQTTv5)
    client.connect_timeout = PATIENCE_S
    client.on_connect = on_connect
    if settings.username is not None:
        client.username_pw_set(settings.username, settings.password)
    try:
        if settings.ca_file is not None:
            client.tls_set(settings.ca_file, settings.certificate_file, settings.key_file)
        client.connect(settings.host, settings.port, keepalive=10, clean_start=True)
    except (OSError, ValueError) as exc:
        return loss_by_error(exc)
    ends = time.monotonic() + PATIENCE_S
    while not answer and time.monotonic() < ends:
        if client.loop(timeout=_LOOP_S) is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            break
    client.disconnect()
    return answer[0] if answer else LinkLoss(Cause.CLOSED, f"no session within {PATIENCE_S:g} s")


def _try_name(settings: LinkSettings) -> LinkLoss | None:
    try:
        socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        return loss_by_error(exc) if isinstance(exc, OSError) else LinkLoss(Cause.NAME, str(exc))
    return None


def _try_connection(settings: LinkSettings) -> LinkLoss | None:
    try:
        with socket.create_connection((settings.host, settings.port), timeout=PATIENCE_S) as plain:
            if settings.ca_file is not None:
                context = ssl.create_default_context(cafile=settings.ca_file)
                if settings.certificate_file is not None:
                    context.load_cert_chain(settings.certificate_file, settings.key_file)
                context.wrap_socket(plain, server_hostname=settings.host).close()
    except (OSError, ValueError) as exc:
        return loss_by_error(exc)
    return None


def _place(settings: LinkSettings) -> str:
    return f"{settings.host}:{settings.port}"
