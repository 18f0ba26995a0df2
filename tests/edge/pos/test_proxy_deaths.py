"""The proxy is killed at each of its steps: never two settlements, never a lost one, and nothing stays unknown."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from edge.pos.proxy import Proxy
from edge.pos_opening import OpenedPos
from tests.conftest import accepts, free_port, wait_until
from tests.edge.pos.around import DRUG, NINE, ONE, OTHER, SHOP, message, purchase
from tests.edge.pos.gateway import Gateway, opened
from tests.edge.pos.terminal import post, proxying
from wire.events import Dispensed

PURCHASE = message("2102", purchase(("L1", DRUG, 1), ("L2", OTHER, 1)))
CANCEL = message("2103", {"data": {"setl_id": "S000000", "psn_no": "P1", "mdtrt_id": "V1"}})
MSGID = f"{SHOP}202611231000000001"
MOST_STEPS = 10
Steps = dict[str, int]


def run_until_killed(folder: Path, ports: tuple[int, int], pos: dict[str, object], die_after: int, ready: int) -> None:
    """Run a terminal that kills itself after so many commits of its first message; after none, before the first."""
    steps: Steps = {}
    exchange: Callable[..., Any] = Proxy._exchange
    commits: Callable[..., Any] = OpenedPos._commits

    async def counting(self: Proxy, *given: object) -> object:
        steps.setdefault("done", 0)
        return await exchange(self, *given)

    async def dying(self: OpenedPos, work: Callable[[Connection], object]) -> object:
        if "done" in steps and steps["done"] >= die_after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = await commits(self, work)
        if "done" in steps:
            steps["done"] += 1
        return result

    Proxy._exchange = counting  # type: ignore[method-assign, assignment]
    OpenedPos._commits = dying  # type: ignore[method-assign, assignment]
    port, far = ports
    with proxying(folder, f"http://127.0.0.1:{far}", fsi={"area": "hubei"}, pos=pos, port=port) as terminal:
        terminal.scan(NINE, ONE)
        os.write(ready, b"ready")
        signal.pause()


def die(folder: Path, known: Gateway, body: bytes, pos: dict[str, object], die_after: int) -> bool:
    """Send a message through a terminal that dies; tell whether the POS had an answer before that."""
    port, far = free_port(), free_port()
    reading, writing = os.pipe()
    arguments = (folder, (port, far), pos, die_after, writing)
    process = multiprocessing.get_context("fork").Process(target=run_until_killed, args=arguments)
    process.start()
    os.close(writing)
    try:
        assert os.read(reading, 5) == b"ready"
        known.pid = process.pid or 0
        with opened(known, far):
            try:
                status, answer = post(port, body)
            except (http.client.HTTPException, OSError):
                return False
            return status == 200 and json.loads(answer)["infcode"] == 0
    finally:
        os.close(reading)
        process.kill()
        process.join(10)
        assert not accepts(port)


def recover(folder: Path, known: Gateway, body: bytes, pos: dict[str, object]) -> dict[str, Any]:
    """Start again; whatever was open is known soon, though the POS says nothing. Then it repeats its message."""
    far = free_port()
    upstream = f"http://127.0.0.1:{far}"
    with opened(known, far), proxying(folder, upstream, fsi={"area": "hubei"}, pos=pos) as terminal:
        wait_until(lambda: not terminal.rows("SELECT 1 FROM pos_question WHERE state = 'open'"), timeout_s=20)
        answer: dict[str, Any] = json.loads(terminal.post(body)[1])
        assert json.loads(terminal.post(body)[1]) == answer, "and again"
        assert terminal.rows("SELECT 1 FROM pos_question WHERE state = 'open'") == []
        sold = [pack.code for fact in terminal.facts() if isinstance(fact, Dispensed) for pack in fact.packs]
        answer["sold"], answer["listed"] = sorted(sold), sorted(terminal.listed())
    return answer


def check(known: Gateway, answer: dict[str, Any], *, had_answer: bool) -> None:
    assert len(known.settled) <= 1, "never two"
    if answer["infcode"] == 0:
        assert answer["output"]["setlinfo"] == known.settled[MSGID], "never a lost one"
        assert (answer["sold"], answer["listed"]) == (sorted([ONE, NINE]), [])
    else:
        assert answer["err_msg"].startswith("[pos.taken_back]")
        assert not known.settled
        assert not had_answer
        assert (answer["sold"], answer["listed"]) == ([], sorted([ONE, NINE]))


@pytest.mark.slow
@pytest.mark.parametrize("die_after", range(MOST_STEPS + 1))
def test_killed_at_a_step_of_a_settlement(tmp_path: Path, die_after: int) -> None:
    known = Gateway()
    had_answer = die(tmp_path / "s", known, PURCHASE, {}, die_after)
    answer = recover(tmp_path / "s", known, PURCHASE, {})
    assert answer["infcode"] == 0
    check(known, answer, had_answer=had_answer)
    assert len({body for body in known.bodies if b'"2102"' in body}) == 1, "the very same bytes"


@pytest.mark.slow
@pytest.mark.parametrize("die_after", [4, 6, 9])
def test_killed_where_the_other_side_keeps_no_answers(tmp_path: Path, die_after: int) -> None:
    known, pos = Gateway(keeps_answers=False), {"keeps_answers": False}
    had_answer = die(tmp_path / "s", known, PURCHASE, pos, die_after)
    check(known, recover(tmp_path / "s", known, PURCHASE, pos), had_answer=had_answer)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before it is done", "before the answer", "within the answer"])
@pytest.mark.parametrize("keeps", [True, False])
def test_killed_while_the_other_side_is_at_it(tmp_path: Path, when: str, keeps: bool) -> None:
    known, pos = Gateway(keeps_answers=keeps), {"keeps_answers": keeps}

    def kill(_: object) -> None:
        if known.pid:
            os.kill(known.pid, signal.SIGKILL)
            known.pid = 0

    if when == "before it is done":
        known.before_doing = kill
    elif when == "before the answer":
        known.after_doing = kill
    else:
        known.within_answer = kill
    had_answer = die(tmp_path / "s", known, PURCHASE, pos, 99)
    assert not had_answer
    check(known, recover(tmp_path / "s", known, PURCHASE, pos), had_answer=had_answer)


@pytest.mark.slow
@pytest.mark.parametrize("die_after", [6])
def test_killed_at_a_step_of_a_cancellation(tmp_path: Path, die_after: int) -> None:
    known = Gateway()
    die(tmp_path / "s", known, CANCEL, {}, die_after)
    answer = recover(tmp_path / "s", known, CANCEL, {})
    assert answer["infcode"] == 0
    assert list(known.answered) == [MSGID]
