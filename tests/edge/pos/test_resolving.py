"""What nobody knows is found out: by the same bytes, by 2601, or it is listed for a person."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from dataclasses import replace
from itertools import pairwise

import httpx
import pytest

from edge.pos.ports import Question
from tests.edge.pos.around import DRUG, NINE, OK, ONE, OTHER, SHOP, Stand, message, purchase, sold
from tests.edge.pos.test_proxy import KEYS, hidden

PURCHASE = message("2102", purchase(("L1", DRUG, 1), ("L2", OTHER, 1)))
AGREED = {"infcode": 0, "inf_refmsgid": "1", "err_msg": "", "output": None}


def run(work: Awaitable[object]) -> None:
    asyncio.run(work)  # type: ignore[arg-type]


def silent(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("", request=request)


def refused(code: str) -> httpx.Response:
    return httpx.Response(200, json={"infcode": -1, "err_msg": f"[{code}] no", "output": None})


async def lose(stand: Stand, body: bytes = PURCHASE, headers: dict[str, str] | None = None) -> Question:
    """Send a message whose answer never comes."""
    stand.memory.scan(ONE, NINE)
    stand.interface.answer = silent
    await stand.post(body, headers=headers or {})
    stand.interface.requests.clear()
    (question,) = stand.memory.questions.values()
    return question


@pytest.mark.parametrize(
    ("answer", "left", "scans"),
    [
        (httpx.Response(200, json=OK), 0, []),
        (refused("settlement.balance"), 0, [ONE, NINE]),
        (refused("fsi.msgid_reversed"), 0, [ONE, NINE]),
        (refused("fsi.busy"), 1, []),
        (refused("fsi.internal"), 1, []),
        (httpx.Response(502, content=b"<html>"), 1, []),
    ],
    ids=["done", "not done", "reversed", "busy", "maybe", "no answer of the interface"],
)
def test_an_answer_to_the_same_bytes_tells_what_it_tells(answer: httpx.Response, left: int, scans: list[str]) -> None:
    async def scene() -> None:
        stand = Stand()
        question = await lose(stand)
        stand.interface.answer = lambda _: answer
        assert await stand.resolver.look() == left
        assert stand.interface.bodies == [question.body]
        assert sorted(one.code for one in stand.memory.desks["1"]) == sorted(scans)

    run(scene())


def test_where_no_answers_are_kept_the_message_is_taken_back_and_its_codes_are_free() -> None:
    async def scene() -> None:
        stand = Stand(keeps_answers=False)
        await lose(stand)
        stand.interface.answer = lambda _: httpx.Response(200, json=AGREED)
        assert await stand.resolver.look() == 0
        (sent,) = stand.interface.bodies
        said = json.loads(sent)
        assert (said["infno"], said["fixmedins_code"], said["opter"]) == ("2601", SHOP, "li01")
        assert said["input"]["data"]["oinfno"] == "2102"
        assert sorted(one.code for one in stand.memory.desks["1"]) == [ONE, NINE]
        told = (await stand.post(PURCHASE)).json()
        assert told["err_msg"].startswith("[pos.taken_back]")
        assert len(stand.interface.bodies) == 1

    run(scene())


ANEW = PURCHASE.replace(b"000000001", b"000000002")
CANCEL = message("2103", {"data": {"setl_id": "S1", "psn_no": "P1", "mdtrt_id": "V1"}})
TAKE_BACK = message("2601", {"data": {"psn_no": "P1", "omsgid": json.loads(PURCHASE)["msgid"], "oinfno": "2102"}})


@pytest.mark.parametrize(("body", "lets"), [(PURCHASE, True), (CANCEL, True), (TAKE_BACK, True), (None, False)])
def test_a_sale_that_was_found_to_be_settled_is_not_settled_anew_unheard(body: bytes | None, *, lets: bool) -> None:
    """Whoever heard that the first stands, or took it back, may settle again; whoever did not hears of it first."""

    async def scene() -> None:
        stand = Stand()
        await lose(stand)
        stand.interface.answer = lambda _: httpx.Response(200, json=OK)
        assert await stand.resolver.look() == 0
        if body is not None:
            await stand.post(body)
        sent = len(stand.interface.bodies)
        answer = (await stand.post(ANEW)).json()
        assert len(stand.interface.bodies) - sent == int(lets)
        assert answer["err_msg"].startswith("[pos.settled_unheard]") is not lets

    run(scene())


def test_a_sale_that_was_found_not_to_be_settled_may_be_settled_anew() -> None:
    async def scene() -> None:
        stand = Stand()
        await lose(stand)
        stand.interface.answer = lambda _: refused("settlement.balance")
        assert await stand.resolver.look() == 0
        stand.interface.answer = lambda _: httpx.Response(200, json=OK)
        assert (await stand.post(ANEW)).json() == OK

    run(scene())


def test_a_repeat_that_is_refused_as_one_is_followed_by_2601() -> None:
    async def scene() -> None:
        stand = Stand()
        await lose(stand)
        duplicate = httpx.Response(200, json={"infcode": -1, "err_msg": "报文ID重复", "output": None})
        answers = iter([duplicate, httpx.Response(200, json=AGREED)])
        stand.interface.answer = lambda _: next(answers)
        assert await stand.resolver.look() == 0
        assert [json.loads(body)["infno"] for body in stand.interface.bodies] == ["2102", "2601"]

    run(scene())


def test_what_can_neither_be_repeated_nor_taken_back_is_stuck_and_not_asked_for_all_the_time() -> None:
    async def scene() -> None:
        stand = Stand("base", keeps_answers=False)
        upload = message("3505", sold(DRUG, 1))
        question = await lose(stand, upload)
        assert await stand.resolver.look() == 1
        assert stand.resolver.stuck == {question.msgid}
        assert stand.interface.requests == []
        stand.interface.answer = lambda _: httpx.Response(200, json=OK)
        assert (await stand.post(upload)).json() == OK, "the POS may ask itself"
        assert await stand.resolver.look() == 0
        assert stand.resolver.stuck == frozenset()

    run(scene())


def test_nothing_of_a_damaged_store_is_taken_back() -> None:
    async def scene() -> None:
        stand = Stand(keeps_answers=False)
        question = await lose(stand)
        stand.memory.questions[SHOP, question.msgid] = replace(question, is_doubtful=True)
        assert await stand.resolver.look() == 1
        assert stand.interface.requests == []

    run(scene())


def test_without_the_key_nothing_is_taken_back_and_with_it_the_reversal_is_signed() -> None:
    async def scene() -> None:
        for secrets, left in ((None, 1), (KEYS, 0)):
            stand = Stand("guangdong", keeps_answers=False, **({} if secrets is None else {"secrets": secrets}))
            await lose(stand, headers={"x-tif-signature": "ab", "x-tif-nonce": "n"})
            stand.interface.answer = lambda _: httpx.Response(200, json=AGREED)
            assert await stand.resolver.look() == left
            if secrets is not None:
                (sent,) = stand.interface.requests
                assert sent.headers["x-tif-signature"] not in {"", "ab"}

    run(scene())


def test_what_was_signed_here_is_signed_anew_when_it_is_asked_again() -> None:
    async def scene() -> None:
        stand = Stand("jilin", secrets=KEYS)
        stand.memory.scan(ONE)
        _, body, headers = hidden()
        stand.interface.answer = silent
        await stand.post(body, headers=headers)
        first = stand.interface.requests[-1]
        stand.interface.answer = lambda _: httpx.Response(200, json=OK)
        await stand.resolver.look()
        assert stand.interface.requests[-1].headers.keys() == first.headers.keys()
        assert stand.memory.questions == {}

    run(scene())


def test_a_question_is_tried_more_and_more_rarely_yet_within_the_minute() -> None:
    async def scene() -> None:
        stand = Stand()
        await lose(stand)
        tried = []
        for second in range(300):
            stand.seconds = float(second)
            before = len(stand.interface.requests)
            await stand.resolver.look()
            if len(stand.interface.requests) > before:
                tried.append(second)
        pauses = [later - sooner for sooner, later in pairwise(tried)]
        assert pauses == sorted(pauses)
        assert pauses[0] <= 2
        assert max(pauses) <= 31

    run(scene())
