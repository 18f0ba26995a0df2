"""How the answers of a hospital's system are read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from drivers.holder import CertType, Holder
from edge.store.visit_steps import StepRow, Telling
from edge.visits import hospital
from edge.visits.hospital import Answered, Hospital, Outcome, Told
from rules.visit_flow import VisitStep
from tests.edge.scene import NOON, FakeClock

LI = Holder(CertType.VOUCHER, "t" * 40, "350203198001010011", "01", "李一")
ROW = StepRow("n1", "V1", VisitStep.CHECK_IN, "", "voucher", "p", NOON, "wang", Telling.DUE, None)
GBK = {"Content-Type": "application/json; charset=GBK"}


def tell(answer: httpx.Response) -> Answered:
    async def told() -> Answered:
        async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as client:
            return await Hospital("https://his/", "", terminal="t", client=client, clock=FakeClock()).tell(
                Told(ROW, LI)
            )

    return asyncio.run(told())


@pytest.mark.parametrize(
    ("content", "headers", "message"),
    [
        ('{"message": "三号诊室"}'.encode(), {}, "三号诊室"),
        ('\ufeff{"message": "三号诊室"}'.encode(), {}, "三号诊室"),
        ('{"message": "三号诊室"}'.encode("gbk"), GBK, "三号诊室"),
        (b"", {}, ""),
        (b"OK", {}, ""),
        (b'{"message": 3}', {}, ""),
        (b'{"message": "' + b"x" * 300 + b'"}', {}, "x" * 200),
        (b'{"message": "' + b"x" * 70_000 + b'"}', {}, ""),
    ],
)
def test_a_message_is_read_as_hospitals_write_it(content: bytes, headers: dict[str, str], message: str) -> None:
    answered = tell(httpx.Response(200, content=content, headers=headers))
    assert (answered.outcome, answered.message) == (Outcome.TAKEN, message)


@pytest.mark.parametrize("status", [400, 402, 409, 410, 422])
def test_its_own_refusal_needs_no_words(status: int) -> None:
    assert tell(httpx.Response(status)).outcome is Outcome.REFUSED


@pytest.mark.parametrize("status", [403, 404, 405, 407, 421])
def test_what_a_gateway_may_have_said_refuses_only_in_the_hospitals_words(status: int) -> None:
    assert tell(httpx.Response(status, html="<h1>nginx</h1>")).outcome is Outcome.LATER
    answered = tell(httpx.Response(status, json={"message": "没有这个挂号"}))
    assert (answered.outcome, answered.message) == (Outcome.REFUSED, "没有这个挂号")


@pytest.mark.parametrize("status", [301, 401, 408, 425, 429, 500, 503])
def test_everything_else_is_told_again_whatever_it_says(status: int) -> None:
    assert tell(httpx.Response(status, json={"message": "稍候"})).outcome is Outcome.LATER


def test_an_answer_that_comes_drop_by_drop_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hospital, "WITHIN_S", 0.05)

    async def drops() -> AsyncIterator[bytes]:
        for _ in range(200):
            await asyncio.sleep(0.01)
            yield b" "

    answered = tell(httpx.Response(200, content=drops()))
    assert (answered.outcome, answered.code) == (Outcome.LATER, "TimeoutError")
