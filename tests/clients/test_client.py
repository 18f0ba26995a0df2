"""The Python client against a terminal process: what it says, what it refuses, and answers that get lost."""

from __future__ import annotations

import ast
import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from tests.clients.standing import CODES, ROOT
from yima_client import RefusedError, Terminal, UnansweredError, UnreachableError, UnsafeAddressError
from yima_client.terminal import new_key

EAN = "6900000000014"
PACKAGE = ROOT / "clients" / "python" / "yima_client"
codes = iter(CODES)


@pytest.fixture
def terminal(counter, token) -> Iterator[Terminal]:
    with Terminal(counter.url, token=token) as terminal:
        yield terminal
        if terminal.sale().id is not None:
            terminal.cancel()


def test_a_sale_from_the_first_scan_to_the_return(terminal):
    first, second = next(codes), next(codes)
    scan = terminal.scan(first)
    assert (scan.verdict, scan.tone, scan.device, scan.price) == ("added", "ok", "pos:pos-1", Decimal("9.80"))
    assert scan.insurance_class == "甲"
    assert terminal.scan(second.encode()).quantity == 2
    assert terminal.scan(EAN).verdict == "wrong_code_type"
    assert terminal.remove(second).totals.boxes == 1
    assert terminal.put_back(second).totals.boxes == 2
    assert terminal.set_paying(scan.sale).is_paying
    closed = terminal.close_sale(scan.sale)
    assert (closed.sale, closed.totals.amount) == (scan.sale, Decimal("19.60"))
    assert closed.lines[0].codes == (first, second)
    assert terminal.close_sale(scan.sale) == closed, "the number of the sale is a key as well"
    assert terminal.find_sale(first).sale == closed.sale
    back = terminal.take_back(closed.sale, [first], "顾客退货")
    assert back.codes == (first,)
    assert terminal.scans(limit=1)[0].code == EAN
    assert terminal.who().operator == "wang"
    assert terminal.status()["operator"] == "wang"


def test_a_refusal_has_a_code_words_and_a_next_step(terminal):
    with pytest.raises(RefusedError) as caught:
        terminal.find_sale(CODES[-1])
    assert (caught.value.status, caught.value.code) == (404, "counter.pack_not_sold_here")
    assert caught.value.words.zh
    assert caught.value.next_step.en


def test_a_wrong_token_is_refused(counter):
    with Terminal(counter.url, token="yima_wrong") as stranger, pytest.raises(RefusedError) as caught:
        stranger.scan(CODES[-1])
    assert caught.value.code == "token.refused"


def test_a_token_that_may_only_look_changes_nothing(counter):
    with Terminal(counter.url, token=counter.token("board", "--scope", "read")) as board:
        assert board.sale().mode == "dispense"
        with pytest.raises(RefusedError, match=r"token\.scope"):
            board.scan(CODES[-1])


def test_what_happens_is_followed(counter, terminal, token):
    with Terminal(counter.url, token=token) as board:
        events = board.events()
        assert next(events).name == "ping"
        code = next(codes)
        terminal.scan(code)
        scan = next(event for event in events if event.name == "scan")
        assert scan.data["code"] == code
        events.close()
        terminal.scan(next(codes))
        again = board.events(after=scan.id)
        assert next(event.name for event in again if event.name != "ping") == "totals"
        again.close()


def whole(side: socket.socket) -> bytes:
    """Read a request or an answer with its body; nothing if the side has closed."""
    read = b""
    while chunk := side.recv(65536):
        read += chunk
        head, ended, body = read.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if ended and len(body) >= int(length[1] if length else 0):
            return read
    return b""


@contextmanager
def lossy(url: str, losses: int) -> Iterator[str]:
    """Stand between a client and the terminal; swallow so many answers whole, and close the line instead."""
    parts, left = urlsplit(url), iter(range(losses))
    listener = socket.create_server(("127.0.0.1", 0))

    def relay(near: socket.socket) -> None:
        with closing(near), closing(socket.create_connection((parts.hostname, parts.port))) as far:
            while asked := whole(near):
                far.sendall(asked)
                answer = whole(far)
                if next(left, None) is not None:
                    return
                near.sendall(answer)

    def serve() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=relay, args=(near,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("yima_client.line._FIRST_WAIT_S", 0.01)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("losses", [1, 3])
def test_a_request_whose_answer_is_lost_happens_once(counter, terminal, token, losses):
    before = terminal.scans()[-1].id
    with lossy(counter.url, losses) as url, Terminal(url, token=token) as pos:
        scan = pos.scan(next(codes))
        assert pos.close_sale(scan.sale).totals.boxes == 1
    assert [one.verdict for one in terminal.scans(after=before)] == ["added"]


@pytest.mark.usefixtures("impatient")
def test_an_answer_that_never_comes_can_be_asked_for_later_under_the_same_key(counter, terminal, token):
    code = next(codes)
    with lossy(counter.url, 5) as url, Terminal(url, token=token) as pos:
        with pytest.raises(UnansweredError) as caught:
            pos.scan(code)
        assert pos.scan(code, key=caught.value.key).verdict == "added"
    assert terminal.sale().totals.boxes == 1


@pytest.mark.usefixtures("impatient")
def test_what_is_not_safe_to_repeat_is_not_repeated(counter, terminal, token):
    code = next(codes)
    terminal.scan(code)
    with lossy(counter.url, 1) as url, Terminal(url, token=token) as pos:
        with pytest.raises(UnansweredError) as caught:
            pos.remove(code)
        assert caught.value.key is None
    assert terminal.sale().totals.boxes == 0


@pytest.mark.usefixtures("impatient")
def test_a_terminal_that_does_not_run_is_said_to_be_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Terminal(f"http://127.0.0.1:{port}") as nobody, pytest.raises(UnreachableError):
        nobody.sale()


@pytest.mark.parametrize("url", ["http://192.168.1.5:8620", "http://counter-1.shop.lan", "ftp://127.0.0.1"])
def test_a_token_never_goes_over_a_network_in_the_clear(url):
    with pytest.raises(UnsafeAddressError):
        Terminal(url, token="yima_secret")


def test_keys_are_new_for_each_request():
    assert len({new_key() for _ in range(100)}) == 100


def test_the_package_needs_nothing_but_the_standard_library():
    imported = {
        name.split(".")[0]
        for path in PACKAGE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert imported - {"yima_client"} <= sys.stdlib_module_names
