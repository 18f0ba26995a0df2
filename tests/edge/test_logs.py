"""The log is one JSON object a line, whoever writes it, and says little of codes."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from edge.logs import configure_logs, short


@pytest.fixture
def restored() -> Iterator[None]:
    handlers, level = logging.getLogger().handlers, logging.getLogger().level
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    logging.getLogger().handlers, logging.getLogger().level = handlers, level


@pytest.mark.usefixtures("restored")
def test_own_and_foreign_lines_have_one_form() -> None:
    stream = io.StringIO()
    configure_logs("info", stream)
    structlog.get_logger("edge.x").info("scan.recorded", code=short("83857930000879766660"), name="阿莫西林")
    structlog.get_logger("edge.x").debug("left.out")
    logging.getLogger("paho").warning("a foreign %s", "line", extra={"reason": "x"})
    logging.getLogger("uvicorn.error").info("left out too")
    structlog.get_logger("edge.x").error("device.crashed", exc_info=ValueError("why"))
    own, foreign, crash = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (own["event"], own["level"], own["code"], own["name"]) == ("scan.recorded", "info", "8385793…20", "阿莫西林")
    assert own["timestamp"].endswith("Z")
    assert (foreign["event"], foreign["level"], foreign["reason"]) == ("a foreign line", "warning", "x")
    assert "ValueError: why" in crash["exception"]
