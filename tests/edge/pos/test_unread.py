"""An answer that went to the software and says nothing here: its settlement may stand, and is never taken back."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable

import httpx
import pytest

from edge.pos.ports import Stage
from edge.pos.upstream import Reply
from tests.edge.pos.around import DRUG, NINE, OK, ONE, OTHER, SHOP, Stand, message, purchase
from tests.edge.pos.test_listening import heard_of
from tests.edge.pos.test_proxy import KEYS, run

MSGID = f"{SHOP}202611231000000001"
PURCHASE = message("2102", purchase(("L1", DRUG, 1), ("L2", OTHER, 1)))
TOLD = json.dumps({**OK, "err_msg": "成功"}, ensure_ascii=False)
READ = {
    "gzip": (gzip.compress(TOLD.encode()), {"Content-Encoding": "gzip"}),
    "GBK": (TOLD.encode("gbk"), {"Content-Type": "application/json;charset=GBK"}),
}
UNREAD = {"br": (b"\x0b\x02\x80", {"Content-Encoding": "br"}), "a page": (b"<html>", {}), "nothing": (b"", {})}


def answering(body: bytes, headers: dict[str, str], status: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def answered(body: bytes, headers: dict[str, str]) -> Reply:
    return Reply(200, tuple((name.encode(), said.encode()) for name, said in headers.items()), body)


async def raw(stand: Stand, body: bytes) -> tuple[bytes, str]:
    request = stand.pos.build_request("POST", "http://pos/x", content=body)
    answer = await stand.pos.send(request, stream=True)
    return b"".join([chunk async for chunk in answer.aiter_raw()]), answer.headers.get("content-encoding", "")


@pytest.mark.parametrize("name", sorted(READ))
def test_a_packed_or_chinese_answer_is_understood_and_given_on_as_it_came(name: str) -> None:
    async def scene() -> None:
        stand = Stand(keeps_answers=False)
        stand.memory.scan(ONE, NINE)
        body, headers = READ[name]
        stand.interface.answer = answering(body, headers)
        assert await raw(stand, PURCHASE) == (body, headers.get("Content-Encoding", ""))
        assert stand.memory.questions == {}
        assert stand.memory.notes[-1].infcode == "0"
        assert {ref.setl_id for ref in stand.memory.taken} == {"S1"}
        await stand.resolver.look()
        assert len(stand.interface.bodies) == 1

    run(scene())


@pytest.mark.parametrize("name", sorted(UNREAD))
def test_what_cannot_be_read_is_never_taken_back_and_listed_for_a_person(name: str) -> None:
    async def scene() -> None:
        stand = Stand(keeps_answers=False)
        stand.memory.scan(ONE, NINE)
        body, headers = UNREAD[name]
        stand.interface.answer = answering(body, headers)
        assert (await raw(stand, PURCHASE))[0] == body
        (question,) = stand.memory.questions.values()
        assert question.is_unread
        assert await stand.resolver.look() == 1
        assert len(stand.interface.bodies) == 1
        assert (stand.resolver.stuck, stand.resolver.unread) == ({MSGID}, {MSGID})
        assert stand.memory.desks["1"] == [], "its packs are nobody else's"
        assert stand.memory.notes[-1].stage is Stage.ANSWERED
        assert stand.memory.notes[-1].remarks

    run(scene())


def test_where_answers_are_kept_it_is_asked_for_once_more_unpacked() -> None:
    async def scene() -> None:
        stand = Stand()
        stand.interface.answer = answering(*UNREAD["br"])
        await stand.post(PURCHASE, headers={"Accept-Encoding": "br"})
        stand.interface.answer = lambda _: httpx.Response(200, json=OK)
        assert await stand.resolver.look() == 0
        asked = stand.interface.requests
        assert [one.headers["accept-encoding"] for one in asked] == ["br", "identity"]
        assert asked[0].content == asked[1].content
        assert (await stand.post(PURCHASE)).json() == OK

    run(scene())


def test_a_reversal_is_understood_though_it_is_answered_packed() -> None:
    async def scene() -> None:
        stand = Stand(keeps_answers=False)
        stand.interface.answer = answering(b"<html>", {}, 502)
        await stand.post(PURCHASE, headers={"Accept-Encoding": "gzip, br"})
        done = json.dumps({"infcode": 0}).encode()
        stand.interface.answer = answering(gzip.compress(done), {"Content-Encoding": "gzip"})
        assert await stand.resolver.look() == 0
        assert stand.interface.requests[-1].headers["accept-encoding"] == "identity"

    run(scene())


def test_what_is_under_way_is_not_taken_back_however_long_it_takes() -> None:
    async def scene() -> None:
        stand = Stand(keeps_answers=False)
        has_come, may_answer = asyncio.Event(), asyncio.Event()

        async def slowly(_: httpx.Request) -> httpx.Response:
            has_come.set()
            await may_answer.wait()
            return httpx.Response(200, json=OK)

        stand.interface.answer_slowly = slowly
        asking = asyncio.create_task(stand.post(PURCHASE))
        await has_come.wait()
        for second in range(5):
            stand.seconds = float(second)
            assert await asyncio.wait_for(stand.resolver.look(), 1) == 1
        second_one = asyncio.create_task(stand.post(PURCHASE.replace(MSGID.encode(), MSGID[:-1].encode() + b"2")))
        may_answer.set()
        assert (await asking).json() == OK
        await second_one
        assert [json.loads(body)["infno"] for body in stand.interface.bodies] == ["2102", "2102"]
        assert stand.memory.questions == {}

    run(scene())


def test_what_was_hidden_here_is_given_back_in_clear_though_it_came_packed() -> None:
    async def scene() -> None:
        stand = Stand("guangdong", secrets=KEYS)
        body, headers = READ["gzip"]
        stand.interface.answer = answering(body, headers)
        answer = await stand.post(PURCHASE)
        assert "content-encoding" not in answer.headers
        assert answer.json() == json.loads(TOLD)

    run(scene())


@pytest.mark.parametrize("name", sorted(READ))
def test_listening_counts_what_came_packed_or_in_chinese_letters(name: str) -> None:
    body, headers = READ[name]
    heard = heard_of((PURCHASE, answered(body, headers)))
    assert (heard.unpaid.watched, heard.unread) == (1, {})


@pytest.mark.parametrize("name", sorted(UNREAD))
def test_listening_says_that_it_could_not_read_an_answer(name: str) -> None:
    body, headers = UNREAD[name]
    heard = heard_of((PURCHASE, answered(body, headers)))
    assert (heard.unpaid.watched, sum(heard.unread.values())) == (0, 1)
