"""The port is taken first, and refused in words if somebody has it."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from edge.app import _address
from edge.config import ApiSection
from edge.web_server import PortTakenError, WebServer, take_port


def test_port_zero_lets_the_system_choose() -> None:
    with take_port("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert _address(listener) == f"http://127.0.0.1:{port}/"
        with pytest.raises(PortTakenError) as caught:
            take_port("127.0.0.1", port)
        assert str(port) in caught.value.words.zh
        assert caught.value.words.zh.endswith("：端口已被占用")
        assert caught.value.words.en.endswith(": the port is taken")


def test_address_of_another_machine_is_refused() -> None:
    with pytest.raises(PortTakenError, match="本机没有这个地址"):
        take_port("192.0.2.1", 0)


def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(PortTakenError, match="找不到该主机名的地址"):
        take_port("nowhere.invalid", 0)


def test_loopback_of_the_newer_protocol_is_written_in_brackets() -> None:
    try:
        listener = take_port("::1", 0)
    except PortTakenError:
        pytest.skip("this machine has no IPv6")
    with listener:
        assert _address(listener).startswith("http://[::1]:")


def test_a_line_stays_open_while_a_pos_waits_for_its_next_customer() -> None:
    # Common clients let go of an idle line after five seconds: a server that does the same cuts requests off.
    assert WebServer(FastAPI(), ApiSection()).config.timeout_keep_alive == 75
