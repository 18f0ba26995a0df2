"""The proxy between the institution's software and the interface: can it pass on, sign, and be reached?"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from cli.checks.finding import Finding, fault, fault_of, fine, notice
from codes.errors import YimaError
from codes.os_words import words_of_os_error
from codes.words import Words
from edge.config import EdgeConfig
from edge.config_pos import PosMode
from edge.fsi_opening import area_of, keys_of
from web.tls import tls_files

_REACH_S = 3.0
_PORTS = {"http": 80, "https": 443}
_NEXT_UPSTREAM = Words(
    "请核对 [pos] url 与网络；收银软件在此期间会得到“未发出”。",
    "Check [pos] url and the network; meanwhile the POS is told that nothing was sent.",
)
_NEXT_PORT = Words(
    "终端运行时收银软件应能访问此端口；请看终端日志中的 pos.listening。",
    "While the terminal runs the POS should reach this port; look for pos.listening in its log.",
)
_NEXT_NUMBERS = Words(
    "请填写 [fsi] desk；对方不保留应答时，查清未知结果要用它编制冲正报文号。",
    "Set [fsi] desk: where the upstream keeps no answers, taking a message back needs a number of our own.",
)


def check_pos(config: EdgeConfig, *, is_running: bool) -> Iterator[Finding]:
    """Look at the proxy, if there is one.

    Args:
        config: The configuration.
        is_running: Whether the terminal runs, so that its port has to answer.
    """
    section = config.pos
    if section.mode is PosMode.NONE:
        return
    try:
        area = area_of(config.fsi)
        keys_of(config.fsi)
        tls_files(section)
    except YimaError as exc:
        yield fault_of(exc)
        return
    yield fine("pos.mode", f"代理：{section.mode}，地区 {area.title.zh}", f"Proxy: {section.mode}, {area.title.en}")
    place = urlsplit(section.url)
    if (why := _not_reached(place.hostname or "", place.port or _PORTS.get(place.scheme, 0))) is None:
        yield fine("pos.upstream", f"可以连接 {place.netloc}", f"{place.netloc} can be reached")
    else:
        words = Words(f"无法连接 {place.netloc}：{why.zh}", f"{place.netloc} cannot be reached: {why.en}")
        yield fault("pos.upstream", words, _NEXT_UPSTREAM)
    if is_running and (why := _not_reached(section.host, section.port)) is not None:
        words = Words(f"代理端口 {section.port} 没有应答：{why.zh}", f"Port {section.port} does not answer: {why.en}")
        yield fault("pos.port", words, _NEXT_PORT)
    if section.mode is PosMode.PROXY and not section.keeps_answers and config.fsi.desk is None:
        words = Words("没有台号，无法冲正未知结果", "Without a desk number nothing can be taken back")
        yield notice("pos.no_numbers", words, _NEXT_NUMBERS)


def _not_reached(host: str, port: int) -> Words | None:
    try:
        socket.create_connection((host, port), timeout=_REACH_S).close()
    except OSError as exc:
        return words_of_os_error(exc)
    return None
