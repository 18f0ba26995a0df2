"""One question and one answer over HTTP: the little of it that is needed, with a bound on everything.

A general server waits for slow callers and answers many routes; here is one route, one form, a few kilobytes and a few
seconds. Whatever else comes is refused with the same few bytes, so that a refusal tells nothing.
"""

from __future__ import annotations

import asyncio
import re
import ssl

from codes.os_words import words_of_os_error
from codes.words import Words
from edge.site.errors import BadAnswerError, PeerRefusesError, PeerSilentError, StrangerError

PATH = "/site/1/facts"
TIMEOUT_S = 5.0
"""For the whole of one exchange, on either side."""
MOST_HEAD = 4_096
MOST_ASK = 64 * 1024
MOST_ANSWER = 1_000_000

_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]{1,8}) *(?=\r\n)", re.IGNORECASE)
_REQUEST = f"POST {PATH} HTTP/1.1\r\n".encode()
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[ \r]")
_FORBIDDEN = b"403"
REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def ask(host: str, port: int, frame: bytes, tls: ssl.SSLContext | None) -> bytes:
    """Return what the terminal at an address answers to `frame`.

    Raises:
        PeerSilentError: It cannot be reached, or is too slow.
        PeerRefusesError: It refuses to answer.
        BadAnswerError: It answers something else.
    """
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await _ask(host, port, frame, tls)
    except TimeoutError as exc:
        raise PeerSilentError(Words("超时未应答", "It does not answer in time")) from exc
    except ssl.SSLError as exc:
        words = Words(f"加密连接（TLS）无法建立：{exc.reason}", f"TLS cannot be set up: {exc.reason}")
        raise PeerSilentError(words) from exc
    except OSError as exc:
        why = words_of_os_error(exc)
        raise PeerSilentError(Words(f"无法连接：{why.zh}", f"It cannot be reached: {why.en}")) from exc
    except asyncio.IncompleteReadError as exc:
        raise PeerSilentError(Words("连接中断", "The connection broke off")) from exc
    except asyncio.LimitOverrunError as exc:
        raise BadAnswerError(Words("应答格式不对", "It answers in another form")) from exc


async def read_question(reader: asyncio.StreamReader) -> bytes:
    """Return the frame that somebody sends.

    Raises:
        StrangerError: It is no question in our form.
    """
    try:
        head = await reader.readuntil(_END)
        size = _length(head)
        if not head.startswith(_REQUEST) or size is None or size > MOST_ASK:
            raise StrangerError(Words("不是本店终端的询问", "Not a question of a terminal"))
        return await reader.readexactly(size)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as exc:
        raise StrangerError(Words("询问不完整或过长", "A question that breaks off or is too long")) from exc


def reply(frame: bytes) -> bytes:
    """Return the answer as it goes over the wire."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {len(frame)}\r\n"
    return head.encode() + b"Cache-Control: no-store\r\nConnection: close\r\n\r\n" + frame


async def _ask(host: str, port: int, frame: bytes, tls: ssl.SSLContext | None) -> bytes:
    reader, writer = await asyncio.open_connection(host, port, ssl=tls, limit=MOST_HEAD)
    try:
        authority = f"[{host}]" if ":" in host else host
        head = f"Host: {authority}:{port}\r\nContent-Type: application/octet-stream\r\nContent-Length: {len(frame)}\r\n"
        writer.write(_REQUEST + head.encode() + b"Connection: close\r\n\r\n" + frame)
        await writer.drain()
        answer = await reader.readuntil(_END)
        status, size = _STATUS.match(answer), _length(answer)
        if status is not None and status[1] == _FORBIDDEN:
            raise PeerRefusesError(
                Words("对方拒绝应答：本终端不在其名单中，或名单不一致", "It refuses: its list has us not, or otherwise")
            )
        if status is None or status[1] != b"200" or size is None or size > MOST_ANSWER:
            raise BadAnswerError(Words("应答格式不对", "It answers in another form"))
        return await reader.readexactly(size)
    finally:
        writer.transport.abort()


def _length(head: bytes) -> int | None:
    """Return the length that the head names; None if it names none, or several."""
    found = _LENGTH.findall(head)
    return int(found[0]) if len(found) == 1 else None
