"""The guide's receiver of steps of visits runs as it stands, and the terminal's own caller is understood by it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import httpx
import pytest

from edge.config import EdgeConfig
from edge.store.visit_steps import StepRow, Telling
from edge.visits.hospital import Answered, Hospital, Outcome, Told
from rules.visit_flow import VisitStep
from tests.clients.test_integrators import TERMINAL, blocks
from tests.conftest import free_port, wait_until
from tests.edge.scene import NOON, FakeClock
from tests.edge.visits.test_desk import LI

TOKEN = "secret"
SECTION = "## Steps of visits: the call to the HIS"


@pytest.fixture(scope="module")
def receiver() -> Iterator[str]:
    """Where the guide's receiver listens."""
    (example,) = blocks(SECTION, "python")
    port = free_port()
    known = {**os.environ, "HIS_TOKEN": TOKEN, "HIS_PORT": str(port)}
    with subprocess.Popen([sys.executable, "-c", example], env=known, stderr=subprocess.DEVNULL) as running:
        url = f"http://127.0.0.1:{port}/steps"
        wait_until(lambda: _answers(url), timeout_s=30)
        yield url
        running.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.post(url, json={}).status_code == httpx.codes.UNAUTHORIZED
    except httpx.TransportError:
        return False


def tell(url: str, visit: str, token: str = TOKEN, number: str = "n1") -> Answered:
    async def told() -> Answered:
        async with httpx.AsyncClient(trust_env=False) as client:
            hospital = Hospital(url, token, terminal="hall-1", client=client, clock=FakeClock())
            row = StepRow(number, visit, VisitStep.CHECK_IN, "", "voucher", "p", NOON, "wang", Telling.DUE, None)
            return await hospital.tell(Told(row, LI))

    return asyncio.run(told())


def test_the_receiver_takes_refuses_and_knows_a_step_again(receiver: str) -> None:
    taken, again = (tell(receiver, visit) for visit in ("M1", "X1"))
    assert (taken.outcome, taken.message) == (Outcome.TAKEN, "请到 3 号诊室 / room 3")
    assert again.outcome is Outcome.TAKEN, "the same key has the same answer"
    refused = tell(receiver, "X1", number="n2")
    assert (refused.outcome, refused.code, refused.message) == (
        Outcome.REFUSED,
        "HTTP 409",
        "没有这个挂号 / no such registration",
    )
    assert tell(receiver, "M1", token="wrong", number="n3").outcome is Outcome.LATER


def test_the_configuration_shown_is_one() -> None:
    (shown,) = blocks(SECTION, "toml")
    config = EdgeConfig(terminal=TERMINAL, **tomllib.loads(shown))
    assert (config.visits.is_enabled, config.visits.url) == (True, "http://127.0.0.1:8700/steps")
