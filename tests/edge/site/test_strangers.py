"""Who is not on the list, forges, replays or talks nonsense gets nothing, is told of once, and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from codes.errors import YimaError
from edge.site import exchange, listener, messages
from edge.site.errors import CannotListenError, RepeatedAskError
from edge.site.exchange import MOST_ANSWER, MOST_ASK, PATH, REFUSAL, ask, reply
from edge.site.messages import Answer, Ask, SaidFact
from edge.site.site_list import Peer, Site
from edge.store.site_sales import PackFact
from edge.troubles import site_troubles
from tests.edge.scene import TRACE_1
from tests.edge.site.neighbours import Neighbour, new_key, write_list
from wire.envelope import open_sealed, seal
from wire.keys import SigningKey

NONCE = "n" * 32
SITE = "南门店"
Play = Callable[[bytes], Awaitable[bytes]]


def question(asker: str, asked: str, key: SigningKey, *, site: str = SITE, nonce: str = NONCE) -> bytes:
    purpose = Site(site, asker, ()).ask_purpose(asker, asked)
    return seal(messages.encode(Ask(1, nonce, {})), purpose, key)


def answered(asked: str, asker: str, key: SigningKey, nonce: str, *, is_all: bool = True) -> bytes:
    fact = SaidFact(TRACE_1, "a-lie", 1, True)
    body = messages.encode(Answer(1, nonce, {}, is_all, [fact]))
    return seal(body, Site(SITE, asked, ()).answer_purpose(asked, asker), key)


async def said(port: int, raw: bytes) -> bytes:
    """Send bytes as they are; return everything that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        writer.write_eof()
        async with asyncio.timeout(30):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()


def posted(frame: bytes, path: str = PATH, *, more: str = "") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(frame)}\r\n{more}\r\n".encode() + frame


def told(logged: list[dict[str, Any]]) -> list[str]:
    return [line["code"] for line in logged if line["event"] == "site.caller_refused"]


def test_only_the_right_question_of_a_listed_terminal_is_answered(
    two: list[Neighbour], logged: list[dict[str, Any]]
) -> None:
    first, second = two
    first.sell(TRACE_1)
    right = question(second.name, first.name, second.key)
    wrong = {
        "unlisted key": question(second.name, first.name, new_key()),
        "other recipient": question(second.name, "counter-9", second.key),
        "other asker": question("counter-9", first.name, second.key),
        "our own name": question(first.name, first.name, first.key),
        "other site": question(second.name, first.name, second.key, site="北门店"),
        "altered": right[:-1] + bytes([right[-1] ^ 1]),
        "cut": right[:-1],
        "garbage": b"\x00" * 200,
        "nothing": b"",
    }

    async def scene() -> None:
        async with first.listening():
            for why, frame in wrong.items():
                assert await said(first.port, posted(frame)) == REFUSAL, why
                assert await said(first.port, posted(frame)) == REFUSAL, why
            answer = await ask("127.0.0.1", first.port, right, None)
            purpose = Site(SITE, first.name, ()).answer_purpose(first.name, second.name)
            body = open_sealed(answer, purpose, Peer(first.name, "", 1, first.key.public).find_key).body
            assert [fact.code for fact in messages.decode(body, Answer).facts] == [TRACE_1]
            assert await said(first.port, posted(right)) == REFUSAL, "a recorded question is not answered again"

    asyncio.run(scene())
    assert sorted(told(logged)) == [
        "site.refused.site.repeated_ask",
        "site.refused.wire.corrupt",
        "site.refused.wire.forged",
        "site.stranger",
    ]


def test_whatever_is_no_question_is_refused_with_the_same_bytes(two: list[Neighbour]) -> None:
    first, second = two
    right = question(second.name, first.name, second.key)
    wrong = [
        posted(right, "/"),
        posted(right, PATH + "/"),
        posted(right, "/api/v1/status"),
        posted(right).replace(b"POST", b"GET", 1),
        posted(right).replace(b"Content-Length", b"Content-Size"),
        posted(right, more="Content-Length: 5\r\n"),
        posted(right).replace(b"HTTP/1.1", b"HTTP/9.9"),
        f"POST {PATH} HTTP/1.1\r\nContent-Length: {MOST_ASK + 1}\r\n\r\n".encode(),
        f"POST {PATH} HTTP/1.1\r\nContent-Length: -1\r\n\r\n".encode(),
        f"POST {PATH} HTTP/1.1\r\nContent-Length: 10\r\n\r\nshort".encode(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\r\n\r\n",
        b"A" * 100_000,
    ]

    async def scene() -> None:
        async with first.listening():
            answers = [await said(first.port, raw) for raw in wrong]
            # What is still unread when it is refused may take the refusal with it.
            assert set(answers) <= {REFUSAL, b""}
            assert answers.count(REFUSAL) >= 6
            assert (await said(first.port, posted(right))).startswith(b"HTTP/1.1 200 OK\r\n")

    asyncio.run(scene())


def test_slow_and_many_callers_keep_nobody_from_asking(
    two: list[Neighbour], logged: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    monkeypatch.setattr(listener, "TIMEOUT_S", 0.2)

    async def scene() -> None:
        async with first.listening():
            slow = [await asyncio.open_connection("127.0.0.1", first.port) for _ in range(listener.MOST_OF_ONE + 3)]
            for _, writer in slow:
                writer.write(b"POST /site")
            for reader, writer in slow:
                async with asyncio.timeout(30):
                    assert await rest_of(reader) == b""
                writer.transport.abort()
            assert await second.asker(first.name).listen() == 1.0

    asyncio.run(scene())
    assert {"site.too_many_callers", "site.slow_caller"} <= set(told(logged))
    assert len(told(logged)) == len(set(told(logged)))


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def impostor(port: int, play: Play, scene: Callable[[], Awaitable[None]]) -> None:
    """Answer at a port whatever `play` makes of the question."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await play(await exchange.read_question(reader)))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(converse, "127.0.0.1", port):
        await scene()


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("forged", "site.forged_answer"),
        ("altered", "site.forged_answer"),
        ("for another", "site.forged_answer"),
        ("replayed", "site.old_answer"),
        ("a question", "site.forged_answer"),
        ("no progress", "site.bad_answer"),
        ("garbage", "site.bad_answer"),
        ("not http", "site.bad_answer"),
        ("too large", "site.bad_answer"),
        ("cut", "site.unreachable"),
        ("another page", "site.bad_answer"),
        ("refusal", "site.refused"),
    ],
)
def test_answer_that_is_not_to_be_believed_changes_nothing_and_is_told_once(
    two: list[Neighbour], logged: list[dict[str, Any]], kind: str, problem: str
) -> None:
    first, second = two
    asker = second.asker(first.name)

    async def play(frame: bytes) -> bytes:
        purpose = Site(SITE, second.name, ()).ask_purpose(second.name, first.name)
        body = open_sealed(frame, purpose, Peer(second.name, "", 1, second.key.public).find_key).body
        nonce = messages.decode(body, Ask).nonce
        good = answered(first.name, second.name, first.key, nonce)
        return {
            "forged": reply(answered(first.name, second.name, new_key(), nonce)),
            "altered": reply(good[:-1] + bytes([good[-1] ^ 1])),
            "for another": reply(answered(first.name, "counter-3", first.key, nonce)),
            "replayed": reply(answered(first.name, second.name, first.key, NONCE)),
            "a question": reply(question(first.name, second.name, first.key)),
            "no progress": reply(answered(first.name, second.name, first.key, nonce, is_all=False)),
            "garbage": reply(b"\x00" * 500),
            "not http": b"220 mail.example ESMTP\r\n\r\n",
            "too large": f"HTTP/1.1 200 OK\r\nContent-Length: {MOST_ANSWER + 1}\r\n\r\n".encode(),
            "cut": reply(good)[:-5],
            "another page": b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
            "refusal": REFUSAL,
        }[kind]

    async def scene() -> None:
        assert [await asker.listen(), await asker.listen()] == [2.0, 4.0]

    asyncio.run(impostor(first.port, play, scene))
    assert second.table() == []
    assert asker.status().problem == problem
    is_impostor = problem in {"site.forged_answer", "site.old_answer"}
    said_now = [trouble.code for trouble in site_troubles(second.sharing.status(), is_open=False)]
    assert said_now == ([problem] if is_impostor else [])
    assert [line["code"] for line in logged if line["event"] == "site.not_heard"] == [problem]


def test_a_terminal_speaks_for_itself_only(two: list[Neighbour]) -> None:
    """What a listed terminal says is put down to it, whatever it says: there is no field for a name."""
    first, second = two
    assert "terminal" not in SaidFact.__struct_fields__ + Answer.__struct_fields__ + Ask.__struct_fields__
    second.asker(first.name)._store([PackFact(TRACE_1, f"{second.name}-1", 1, True)])
    assert [row[1] for row in second.table()] == [first.name]


def test_two_terminals_that_took_each_others_list_do_not_speak(two: list[Neighbour], tmp_path: Path) -> None:
    first, second = two
    second.join(write_list(tmp_path / "other.toml", two, name="北门店"))

    async def scene() -> None:
        async with first.listening():
            await second.asker(first.name).listen()

    asyncio.run(scene())
    assert second.asker(first.name).status().problem == "site.refused"


def test_only_so_many_questions_are_remembered(two: list[Neighbour], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.site.answering.MOST_REMEMBERED", 2)
    first, second = two
    assert first.sharing.listener is not None
    answer = first.sharing.listener._answer

    async def scene() -> None:
        asked = [question(second.name, first.name, second.key, nonce=f"{number:032d}") for number in range(3)]
        for frame in asked:
            await answer(frame)
        with pytest.raises(RepeatedAskError):
            await answer(asked[1])
        await answer(asked[0])

    asyncio.run(scene())


def test_an_address_that_cannot_be_used_is_told_and_stops_nothing_else(two: list[Neighbour]) -> None:
    first, second = two
    assert first.sharing.listener is not None

    async def scene() -> None:
        async with second.listening():
            assert second.sharing.listener is not None
            with pytest.raises(CannotListenError) as caught:
                await second.sharing.listener.run()
            assert isinstance(caught.value, YimaError)
            trouble = second.sharing.status().problem
            assert trouble is not None
            assert (trouble.code, trouble.is_alarm) == ("site.cannot_listen", False)
            assert await first.asker(second.name).listen() == 1.0

    asyncio.run(scene())
