"""Whatever the OpenAPI document allows, the terminal answers as the document says, and never with a fault of ours."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta
from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from edge.api import ApiParts, create_api
from edge.api.parts import COOKIE
from edge.config import EdgeConfig
from edge.core import Core, opened_core
from edge.counter.counter import Counter, Habits
from edge.health import TerminalStatus
from edge.operators.desk import OperatorDesk
from edge.operators.sign_in import SignIn
from edge.setup_desk import SetupDesk
from tests.edge.api.conftest import STATUS
from tests.edge.scene import TERMINAL, FakeClock
from web.live import LiveBus

HOST = {"host": "127.0.0.1"}
CHECKS = (not_a_server_error, response_schema_conformance, content_type_conformance)
TOKEN = "yima_contract"


@pytest.mark.slow
def test_every_answer_is_as_documented(tmp_path: Path) -> None:
    terminal = {"id": TERMINAL, "area": "350200", "institution": "P35020000001"}
    config = EdgeConfig(terminal=terminal, store={"folder": tmp_path / "store"})

    async def whole() -> set[tuple[str, int]]:
        async with opened_core(config, lambda _: None, FakeClock()) as core:
            app, desk = terminal_app(core)
            await core.in_store(lambda: desk.admit("yaoshi", TOKEN, None))
            return await asyncio.to_thread(ask_everything, app)

    answered = asyncio.run(whole())
    assert len({label for label, _ in answered}) >= 13
    assert {label for label, status in answered if status == 200} >= {"GET /api/v1/sale", "POST /api/v1/scans"}


def terminal_app(core: Core) -> tuple[FastAPI, OperatorDesk]:
    bus, clock = LiveBus(), FakeClock()
    counter = Counter(core.connection, core.outbox, bus, clock=clock, habits=Habits(), on_recorded=lambda: None)
    desk = OperatorDesk(
        core.connection,
        core.outbox,
        bus,
        clock=clock,
        random=secrets.token_bytes,
        session_length=timedelta(hours=12),
        on_recorded=lambda: None,
    )

    async def status() -> TerminalStatus:
        return STATUS

    parts = ApiParts(
        counter=counter,
        operators=desk,
        sign_in=SignIn(desk, core.in_store),
        outbox=core.outbox,
        in_store=core.in_store,
        read=core.read,
        status=status,
        setup=SetupDesk((), core.connection, core.in_store, bus, clock),
        bus=bus,
        clock=clock,
        session_s=3600,
    )
    return create_api(parts), desk


def ask_everything(app: FastAPI) -> set[tuple[str, int]]:
    headers = HOST | {"cookie": f"{COOKIE}={TOKEN}"}
    answered: set[tuple[str, int]] = set()
    # The live stream never ends, and signing out would end the morning.
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers=HOST).exclude(path="/api/v1/live")
    for found in schema.exclude(path="/api/v1/session", method="DELETE").get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=8,
            derandomize=True,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def answers(case: schemathesis.Case) -> None:
            answer = case.call(headers=headers)
            answered.add((f"{case.method} {case.path}", answer.status_code))
            case.validate_response(answer, checks=CHECKS)

        answers()
    return answered
